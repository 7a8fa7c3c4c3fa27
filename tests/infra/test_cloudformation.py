"""The CloudFormation template: linted, and made into a stack by moto."""

import json
import pathlib
import subprocess
import sys

import pytest

from support.paths import TEMPLATE
from support.stack import Stack, client
from support.projects import EVERYTHING_ON
from support.template import refusals, resources, template

ALL_KINDS = {"ecr", "ssm", "s3", "ecs", "manual"}


def test_cfn_lint_has_nothing_to_say():
    program = pathlib.Path(sys.executable).with_name("cfn-lint")
    command = [str(program), "--include-checks", "I", "--", str(TEMPLATE)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0 and not done.stdout, done.stdout + done.stderr


def test_it_is_short_enough_to_be_given_without_a_bucket():
    assert TEMPLATE.stat().st_size <= 51200


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
    ],
)
def test_what_belongs_together_is_asked_for(parameters, wanted):
    said = refusals(**parameters)
    assert len(said) == (1 if wanted else 0)
    assert wanted in "".join(said)


def test_copies_may_be_registered_only_in_the_families_of_the_project(aws):
    def families(**parameters) -> list[str]:
        stack = Stack(RollbackOnFailure="true", **parameters)
        (keep,) = (one for one in stack.policy["Statement"] if one["Sid"] == "KeepWhatToGoBackTo")
        stack.delete()
        return keep["Resource"]

    family = "arn:aws:ecs:us-east-1:123456789012:task-definition/"
    assert families() == [family + "shop_service*_dev-rollback:*"]
    # The names are in JSON, or in a pattern, where CloudFormation cannot read them.
    assert families(EcsServiceMap='{"api":{"service_name":"a","task_family":"f"}}') == [family + "*-rollback:*"]
    assert families(TaskFamilyPattern="{name}") == [family + "*-rollback:*"]


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


def test_only_its_own_rules_may_put_events_into_the_queue():
    policy = resources("AWS::SQS::QueuePolicy")["FailedEventsPolicy"]
    statement, no_plain_http = policy["PolicyDocument"]["Statement"]
    assert (no_plain_http["Sid"], no_plain_http["Effect"]) == ("NoPlainHttp", "Deny")
    sources = json.dumps(statement["Condition"]["ArnEquals"]["aws:SourceArn"])
    assert statement["Principal"] == {"Service": "events.amazonaws.com"}
    assert statement["Action"] == "sqs:SendMessage"
    for rule in resources("AWS::Events::Rule"):
        assert f'"{rule}"' in sources


def test_errors_and_failed_events_raise_alarms():
    alarms = {name: resources("AWS::CloudWatch::Alarm")[name] for name in ("ErrorsAlarm", "FailedEventsAlarm")}
    metrics = [alarm["MetricName"] for alarm in alarms.values()]
    assert metrics == ["Errors", "ApproximateNumberOfMessagesVisible"]
    for alarm in alarms.values():
        assert alarm["AlarmActions"]["Fn::If"][1] == {"Ref": "AlarmTopicArns"}
        assert (alarm["Threshold"], alarm["ComparisonOperator"]) == (1, "GreaterThanOrEqualToThreshold")
