"""The CloudFormation template: linted, and made into a stack by moto."""

import json
import pathlib
import re
import subprocess
import sys

import pytest

from support.iam import allows
from support.paths import ROOT, TEMPLATE
from support.stack import Stack, client
from support.projects import EVERYTHING_ON
from support.template import refusals, resources, template

ALL_KINDS = {"ecr", "ssm", "s3", "ecs", "manual"}


def test_cfn_lint_has_nothing_to_say():
    program = pathlib.Path(sys.executable).with_name("cfn-lint")
    command = [str(program), "--include-checks", "I", "--", str(TEMPLATE)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=500)
    assert done.returncode == 0 and not done.stdout, done.stdout + done.stderr


def test_it_is_short_enough_and_the_guide_gives_it_by_a_bucket_where_it_must():
    assert TEMPLATE.stat().st_size <= 1_000_000
    (command,) = re.findall(r"aws cloudformation deploy (?:.*\\\n)*.*", (ROOT / "docs" / "installation.md").read_text())
    # Longer ones than 51,200 bytes are taken out of a bucket alone.
    assert TEMPLATE.stat().st_size <= 51200 or "--s3-bucket" in command


def test_every_parameter_is_explained_and_in_a_group():
    parameters = template()["Parameters"]
    groups = template()["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]
    grouped = [name for group in groups for name in group["Parameters"]]
    assert sorted(grouped) == sorted(parameters)
    assert all(parameter.get("Description") for parameter in parameters.values())


def test_the_stack_has_the_function_its_log_its_queue_and_a_rule_for_each_kind(aws):
    stack = Stack(S3Buckets="shop-env")

    assert stack.function["FunctionName"] == "shop_ci_lambda_dev"
    assert stack.function["Runtime"] == "provided.al2023"
    assert stack.function["Handler"] == "bootstrap"
    assert stack.function["Timeout"] == 120
    assert stack.function["Role"].endswith(":role/shop_ci_lambda_dev")
    (log,) = client("logs").describe_log_groups()["logGroups"]
    assert (log["logGroupName"], log["retentionInDays"]) == ("/aws/lambda/shop_ci_lambda_dev", 30)
    queue = client("sqs").get_queue_attributes(QueueUrl=stack.outputs["DeadLetterQueueUrl"], AttributeNames=["All"])
    assert queue["Attributes"]["SqsManagedSseEnabled"] == "true"
    assert set(stack.rules) == ALL_KINDS


def test_every_rule_ends_at_the_function_which_it_alone_may_call(aws):
    stack = Stack(S3Buckets="shop-env")

    for kind in ALL_KINDS:
        (target,) = stack.targets(kind)
        assert target["Arn"] == stack.outputs["FunctionArn"]
        assert target["DeadLetterConfig"]["Arn"] == stack.outputs["DeadLetterQueueArn"]
    callers = {statement["Condition"]["ArnLike"]["AWS:SourceArn"] for statement in stack.invoke_permissions}
    assert callers == {rule["Arn"] for rule in stack.rules.values()}


@pytest.mark.parametrize(
    ("switch", "kind"),
    [
        ("EnableEcrMonitoring", "ecr"),
        ("EnableSsmMonitoring", "ssm"),
        ("EnableS3Monitoring", "s3"),
        ("EnableManualDeploy", "manual"),
    ],
)
def test_what_is_switched_off_gets_no_rule_and_no_permission(switch, kind, aws):
    stack = Stack(S3Buckets="shop-env", **{switch: "false"})

    assert set(stack.rules) == ALL_KINDS - {kind}
    assert len(stack.invoke_permissions) == len(ALL_KINDS) - 1


def test_with_everything_on_there_is_a_rule_for_the_sweep_as_well(aws):
    stack = Stack(**EVERYTHING_ON.parameters)

    assert set(stack.rules) == ALL_KINDS | {"sweep"}
    assert stack.schedules == {"sweep": "rate(1 minute)"}
    assert stack.function["Timeout"] == 900
    (target,) = stack.targets("sweep")
    assert target["Arn"] == stack.outputs["FunctionArn"]
    assert target["DeadLetterConfig"]["Arn"] == stack.outputs["DeadLetterQueueArn"]
    callers = {statement["Condition"]["ArnLike"]["AWS:SourceArn"] for statement in stack.invoke_permissions}
    assert callers == {rule["Arn"] for rule in stack.rules.values()}


@pytest.mark.parametrize(
    ("parameters", "interval", "schedules"),
    [
        ({}, "0", {}),
        ({"SweepIntervalSeconds": "0"}, "0", {}),
        ({"SweepIntervalSeconds": "60"}, "60", {"sweep": "rate(1 minute)"}),
        ({"SweepIntervalSeconds": "86400"}, "86400", {"sweep": "rate(1440 minutes)"}),
    ],
)
def test_the_function_knows_of_a_sweep_exactly_when_one_is_scheduled(parameters, interval, schedules, aws):
    stack = Stack(**parameters)
    assert stack.schedules == schedules
    assert stack.environment["SWEEP_INTERVAL_SECONDS"] == interval


def test_events_reach_the_function_as_they_are():
    """The sweep needs the time of its event, all others the detail."""
    for rule in resources("AWS::Events::Rule").values():
        for target in rule["Targets"]:
            assert set(target) == {"Id", "Arn", "RetryPolicy", "DeadLetterConfig"}


def test_every_interval_of_the_sweep_has_its_schedule():
    intervals = template()["Parameters"]["SweepIntervalSeconds"]["AllowedValues"]
    schedules = template()["Mappings"]["SweepSchedules"]

    assert list(schedules) == intervals
    assert intervals[0] == "0"
    del schedules["0"]  # what stands there is not used: there is no rule then
    for interval, schedule in schedules.items():
        minutes, seconds = divmod(int(interval), 60)
        assert seconds == 0 and 1 <= minutes <= 1440
        # EventBridge is strict about the plural.
        assert schedule == {"Rate": f"rate({minutes} {'minute' if minutes == 1 else 'minutes'})"}


@pytest.mark.parametrize(
    ("parameters", "wanted"),
    [
        ({}, ""),
        ({"WaitForDeployment": "true"}, "TimeoutSeconds=900"),
        ({"WaitForDeployment": "true", "TimeoutSeconds": "899"}, "TimeoutSeconds=900"),
        ({"WaitForDeployment": "true", "TimeoutSeconds": "900"}, ""),
        ({"RollbackOnFailure": "true", "SweepIntervalSeconds": "60"}, ""),
        ({"EnableQueue": "true"}, ""),
        ({"EnableQueue": "true", "TimeoutSeconds": "300"}, ""),
        ({"EnableQueue": "true", "TimeoutSeconds": "150"}, "TimeoutSeconds=120, 300 or 900"),
        ({"TimeoutSeconds": "150"}, ""),
        ({"EnableQueue": "true", "QueueWindowSeconds": "0"}, "QueueWindowSeconds=1"),
        ({"EnableQueue": "true", "QueueWindowSeconds": "0", "QueueBatchSize": "11"}, "QueueBatchSize=10"),
        ({"EnableQueue": "true", "QueueWindowSeconds": "0", "QueueBatchSize": "10"}, ""),
        ({"EnableQueue": "true", "ReservedConcurrency": "4"}, "QueueMaxConcurrency"),
        ({"EnableQueue": "true", "ReservedConcurrency": "4", "QueueMaxConcurrency": "2"}, ""),
        ({"ReservedConcurrency": "4"}, ""),
        ({"ClusterNamePattern": "{project}-{env}"}, "EcsClusterName"),
        ({"ClusterNamePattern": "{project}-{env}", "EcsClusterName": "shop-dev"}, ""),
        ({"EcsServiceMap": "{}"}, "TaskFamilies"),
        ({"EcsServiceMap": "{}", "TaskFamilies": "a,b"}, ""),
        ({"TaskFamilyPattern": "{name}-{env}"}, "TaskFamilies"),
        ({"TaskFamilyPattern": "{name}-{env}", "TaskFamilies": "*-dev"}, ""),
    ],
)
def test_what_belongs_together_is_asked_for(parameters, wanted):
    said = refusals(**parameters)
    assert len(said) == (1 if wanted else 0)
    assert wanted in "".join(said)


ECS_ARN = "arn:aws:ecs:us-east-1:123456789012"


@pytest.mark.parametrize(
    ("parameters", "ours", "foreign"),
    [
        ({}, "shop_service_api_dev", "shop_service_api_prod"),
        ({"TaskFamilies": "front-door-tasks"}, "front-door-tasks", "shop_service_api_dev"),
        ({"TaskFamilies": "core,front-door-tasks"}, "core", "core-of-others"),
        ({"TaskFamilies": "core,front-door-tasks"}, "front-door-tasks", "door-tasks"),
        ({"TaskFamilies": "*-dev"}, "api-dev", "api-prod"),
    ],
)
def test_services_and_copies_are_bound_to_the_families_of_the_project(parameters, ours, foreign, aws):
    policy = Stack(RollbackOnFailure="true", **parameters).policy

    def may(action: str, resource: str, **context) -> bool:
        return allows(policy, action, resource, aws__PrincipalAccount="123456789012", **context)

    def may_run(task_definition: str) -> bool:
        service = f"{ECS_ARN}:service/shop_cluster_dev/x"
        cluster = f"{ECS_ARN}:cluster/shop_cluster_dev"
        return may("ecs:UpdateService", service, ecs__cluster=cluster, ecs__task_definition=task_definition)

    def may_register(family: str) -> bool:
        return may("ecs:RegisterTaskDefinition", f"{ECS_ARN}:task-definition/{family}:1")

    assert may_run(f"{ECS_ARN}:task-definition/{ours}:42")
    assert may_run(f"{ECS_ARN}:task-definition/{ours}-rollback:3")
    assert not may_run(f"{ECS_ARN}:task-definition/{foreign}:42")
    assert not may_run(f"arn:aws:ecs:us-east-1:210987654321:task-definition/{ours}:42")
    assert may_register(f"{ours}-rollback")
    assert not may_register(ours) and not may_register(f"{foreign}-rollback")


@pytest.mark.parametrize("roles", ["*", "arn:aws:iam::123456789012:role/*", "shop-task"])
def test_it_refuses_any_role(roles):
    """CloudFormation compares each entry of the list."""
    assert not re.fullmatch(template()["Parameters"]["TaskRoleArns"]["AllowedPattern"], roles)


def test_it_takes_a_role_with_a_path_and_none():
    for role in ("arn:aws:iam::123456789012:role/team/shop-task", "arn:aws-cn:iam::123456789012:role/shop-task", ""):
        assert re.fullmatch(template()["Parameters"]["TaskRoleArns"]["AllowedPattern"], role)


@pytest.mark.parametrize("families", ["*", "**", "a,*", "a, b", "a,"])
def test_it_refuses_families_that_are_all_there_are(families):
    assert not re.fullmatch(template()["Parameters"]["TaskFamilies"]["AllowedPattern"], families)


def test_the_function_gets_its_network_layers_and_boundary(aws):
    layer = "arn:aws:lambda:us-east-1:123456789012:layer:authorities:3"
    boundary = "arn:aws:iam::123456789012:policy/boundary"
    network = {"VpcSubnetIds": "subnet-1", "VpcSecurityGroupIds": "sg-1,sg-2"}
    stack = Stack(Layers=layer, PermissionsBoundaryArn=boundary, **network)

    (function,) = stack.properties("AWS::Lambda::Function").values()
    assert function["Layers"] == [layer]
    assert function["VpcConfig"] == {"SubnetIds": ["subnet-1"], "SecurityGroupIds": ["sg-1", "sg-2"]}
    (role,) = stack.properties("AWS::IAM::Role").values()
    assert role["PermissionsBoundary"] == boundary
    assert "ec2:CreateNetworkInterface" in json.dumps(stack.policy)


def test_without_a_network_none_is_asked_for(aws):
    stack = Stack()
    (function,) = stack.properties("AWS::Lambda::Function").values()
    assert function.get("VpcConfig") is None and function.get("Layers") is None
    assert "ec2:" not in json.dumps(stack.policy)


def test_without_buckets_no_file_is_watched(aws):
    assert "s3" not in Stack().rules


def test_without_keys_all_files_of_the_buckets_are_watched(aws):
    detail = Stack(S3Buckets="a,b").patterns["s3"]["detail"]
    assert detail["bucket"] == {"name": ["a", "b"]}
    assert not detail.get("object")


def test_without_roles_none_may_be_passed(aws):
    policy = json.dumps(Stack(TaskRoleArns="").policy)
    assert "iam:PassRole" not in policy


# moto makes no alarms, queue policies and invoke configurations out of templates: these are looked at as they are
# written.


def test_failed_events_go_to_the_queue_with_their_error():
    (configuration,) = resources("AWS::Lambda::EventInvokeConfig").values()
    assert configuration["DestinationConfig"] == {"OnFailure": {"Destination": {"Fn::GetAtt": ["FailedEvents", "Arn"]}}}
    assert configuration["MaximumRetryAttempts"] == {"Ref": "RetryAttempts"}
    assert configuration["MaximumEventAgeInSeconds"] == {"Ref": "MaxEventAgeSeconds"}


def test_errors_and_failed_events_raise_alarms():
    alarms = {name: resources("AWS::CloudWatch::Alarm")[name] for name in ("ErrorsAlarm", "FailedEventsAlarm")}
    metrics = [alarm["MetricName"] for alarm in alarms.values()]
    assert metrics == ["Errors", "ApproximateNumberOfMessagesVisible"]
    for alarm in alarms.values():
        assert alarm["AlarmActions"]["Fn::If"][1] == {"Ref": "AlarmTopicArns"}
        assert (alarm["Threshold"], alarm["ComparisonOperator"]) == (1, "GreaterThanOrEqualToThreshold")


# --- a configuration document, and secrets that are kept elsewhere ---

REFERENCES = {
    "ssm:/shop/dev/ci_lambda": (
        "ssm:GetParameter",
        "arn:aws:ssm:us-east-1:123456789012:parameter/shop/dev/ci_lambda",
    ),
    "s3://shop-config/dev/ci_lambda.json": ("s3:GetObject", "arn:aws:s3:::shop-config/dev/ci_lambda.json"),
    "secretsmanager:shop/ci_lambda": (
        "secretsmanager:GetSecretValue",
        "arn:aws:secretsmanager:us-east-1:123456789012:secret:shop/ci_lambda-??????",
    ),
    "secretsmanager:arn:aws:secretsmanager:us-east-1:123456789012:secret:shop/ci_lambda-AbCdEf": (
        "secretsmanager:GetSecretValue",
        "arn:aws:secretsmanager:us-east-1:123456789012:secret:shop/ci_lambda-AbCdEf",
    ),
}
KEY = "arn:aws:kms:us-east-1:123456789012:key/1"


def statements(stack: Stack) -> dict[str, dict]:
    return {statement["Sid"]: statement for statement in stack.policy["Statement"]}


READING = {"ReadTheConfiguration", "DecryptTheConfiguration", "ReadTheWebhook", "DecryptTheWebhook"}


@pytest.mark.parametrize("reference", REFERENCES)
def test_the_role_may_read_the_document_and_nothing_beside_it(reference, aws):
    stack = Stack(ConfigReference=reference)
    action, resource = REFERENCES[reference]
    assert stack.environment["CI_LAMBDA_CONFIG"] == reference
    assert READING & set(statements(stack)) == {"ReadTheConfiguration"}
    read = statements(stack)["ReadTheConfiguration"]
    assert (read["Action"], read["Resource"]) == ([action], [resource])


@pytest.mark.parametrize("reference", ["", "file:/opt/ci_lambda.json"])
def test_what_is_no_reference_to_aws_asks_for_no_permission(reference, aws):
    assert not READING & set(statements(Stack(ConfigReference=reference, ConfigKmsKeyArn=KEY)))


CONTEXTS = {
    "ssm:/shop/dev/ci_lambda": "PARAMETER_ARN",
    "s3://shop-config/dev/ci_lambda.json": "aws:s3:arn",
    "secretsmanager:shop/ci_lambda": "SecretARN",
}


@pytest.mark.parametrize("reference", CONTEXTS)
def test_with_a_key_only_the_document_is_decrypted(reference, aws):
    policy = Stack(ConfigReference=reference, ConfigKmsKeyArn=KEY).policy
    arn = REFERENCES[reference][1].replace("??????", "AbCdEf")

    def may_decrypt(what: str) -> bool:
        return allows(policy, "kms:Decrypt", KEY, **{f"kms:EncryptionContext:{CONTEXTS[reference]}": what})

    assert may_decrypt(arn)
    assert not may_decrypt(arn + "2")
    assert not allows(policy, "kms:Decrypt", KEY)
    # S3 names the bucket where that has a bucket key.
    assert may_decrypt("arn:aws:s3:::shop-config") == reference.startswith("s3:")


def test_with_a_document_a_parameter_at_its_default_leaves_its_setting_to_it(aws):
    said = {"LogLevel": "debug", "DryRun": "true", "CoalesceSeconds": "5", "EcsClusterName": "live"}
    environment = Stack(ConfigReference="ssm:/shop/dev/ci_lambda", **said).environment
    assert {name: value for name, value in environment.items() if value not in ("", "None")} == {
        "CI_LAMBDA_CONFIG": "ssm:/shop/dev/ci_lambda",
        "PROJECT_NAME": "shop",
        "PROJECT_ENV": "dev",
        "LOG_LEVEL": "debug",
        "DRY_RUN": "true",
        "COALESCE_SECONDS": "5",
        "ECS_CLUSTER_NAME": "live",
        # The function knows what the template's own rule does.
        "SWEEP_INTERVAL_SECONDS": "0",
    }


@pytest.mark.parametrize(
    ("webhook", "resource"),
    [
        ("secretsmanager:shop/slack", "arn:aws:secretsmanager:us-east-1:123456789012:secret:shop/slack-??????"),
        ("ssm:/shop/dev/slack", "arn:aws:ssm:us-east-1:123456789012:parameter/shop/dev/slack"),
    ],
)
def test_both_let_the_function_read_the_webhook_and_nothing_beside_it(webhook, resource, terraform, aws):
    stack = Stack(SlackWebhookUrl=webhook, SlackWebhookKmsKeyArn=KEY)
    assert stack.environment["SLACK_WEBHOOK_URL"] == webhook
    assert READING & set(statements(stack)) == {"ReadTheWebhook", "DecryptTheWebhook"}
    assert statements(stack)["ReadTheWebhook"]["Resource"] == [resource]
    documents = terraform.render(slack_webhook_url=webhook, slack_webhook_kms_key_arn=KEY)
    assert stack.policy == documents.policy


def test_a_webhook_that_is_given_itself_asks_for_no_permission(aws):
    stack = Stack(SlackWebhookUrl="https://hooks.example.com/services/very/secret", SlackWebhookKmsKeyArn=KEY)
    assert not READING & set(statements(stack))


@pytest.mark.parametrize(
    ("parameter", "value", "taken"),
    [
        *(("ConfigReference", reference, True) for reference in ["", *REFERENCES, "file:/opt/ci_lambda.json"]),
        *(
            ("ConfigReference", reference, False)
            for reference in ["ssm:*", "ssm:/shop/*", "s3://bucket", "s3://b/*", "secretsmanager:*", "/shop", "{}"]
        ),
        ("SlackWebhookUrl", "https://hooks.example.com/a/b", True),
        ("SlackWebhookUrl", "secretsmanager:shop/slack", True),
        ("SlackWebhookUrl", "ssm:/shop/dev/slack", True),
        ("SlackWebhookUrl", "http://hooks.example.com/a/b", False),
        ("SlackWebhookUrl", "secretsmanager:*", False),
        ("SlackWebhookUrl", "ssm:/shop/*", False),
    ],
)
def test_a_reference_names_one_thing(parameter, value, taken):
    assert bool(re.fullmatch(template()["Parameters"][parameter]["AllowedPattern"], value)) == taken
