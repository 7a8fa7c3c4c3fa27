"""The CloudFormation template: linted, and made into a stack by moto."""

import json
import pathlib
import subprocess
import sys

import pytest

from support.paths import TEMPLATE
from support.stack import Stack, client
from support.template import resources, template

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
    (policy,) = resources("AWS::SQS::QueuePolicy").values()
    (statement,) = policy["PolicyDocument"]["Statement"]
    sources = json.dumps(statement["Condition"]["ArnEquals"]["aws:SourceArn"])
    assert statement["Principal"] == {"Service": "events.amazonaws.com"}
    assert statement["Action"] == "sqs:SendMessage"
    for rule in resources("AWS::Events::Rule"):
        assert f'"{rule}"' in sources


def test_errors_and_failed_events_raise_alarms():
    alarms = {one["MetricName"]: one for one in resources("AWS::CloudWatch::Alarm").values()}
    assert set(alarms) == {"Errors", "ApproximateNumberOfMessagesVisible"}
    for alarm in alarms.values():
        assert alarm["AlarmActions"]["Fn::If"][1] == {"Ref": "AlarmTopicArns"}
        assert (alarm["Threshold"], alarm["ComparisonOperator"]) == (1, "GreaterThanOrEqualToThreshold")
