"""The queue between EventBridge and the function: what both installations make of it, and that it is the same."""

import json
import re

import pytest

from support.events import manual
from support.iam import allows
from support.paths import TERRAFORM_MODULE
from support.projects import BY_RULE, QUEUED, WATCHING
from support.stack import ACCOUNT, REGION, Stack, client
from support.template import template

NAME = "shop_ci_lambda_dev"
SQS_ARN = f"arn:aws:sqs:{REGION}:{ACCOUNT}:{NAME}"
ON = {"EnableQueue": "true"}
NO_RULE_FOR_CHANGES = {"enable_ecr_monitoring": False, "enable_ssm_monitoring": False, "enable_manual_deploy": False}


def rule_arn(kind: str) -> str:
    return f"arn:aws:events:{REGION}:{ACCOUNT}:rule/{NAME}-{kind}"


def no_plain_http(queue: str) -> dict:
    return {
        "Sid": "NoPlainHttp",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "sqs:*",
        "Resource": queue,
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }


def queue_of(stack: Stack) -> dict:
    """What Terraform's output `queue` says, of a stack."""
    queue, dead_letter = stack.queue_attributes("QueueUrl"), stack.queue_attributes("QueueDeadLetterUrl")
    (mapping,) = stack.mappings
    policies = stack.properties("AWS::SQS::QueuePolicy")
    allowed, *_ = policies["EventQueuePolicy"]["PolicyDocument"]["Statement"]
    senders = allowed["Condition"]["ArnEquals"]["aws:SourceArn"]
    concurrency = mapping.get("ScalingConfig", {}).get("MaximumConcurrency")
    return {
        "name": queue["QueueArn"].rsplit(":", 1)[1],
        "arn": queue["QueueArn"],
        "rules": [sender.rsplit("-", 1)[1] for sender in senders],
        "window_seconds": int(mapping["MaximumBatchingWindowInSeconds"]),
        "batch_size": int(mapping["BatchSize"]),
        "max_concurrency": int(concurrency) if concurrency else None,
        "max_receive_count": json.loads(queue["RedrivePolicy"])["maxReceiveCount"],
        "visibility_timeout_seconds": int(queue["VisibilityTimeout"]),
        "retention_seconds": int(queue["MessageRetentionPeriod"]),
        "policy": policies["EventQueuePolicy"]["PolicyDocument"],
        "dead_letter": {
            "name": dead_letter["QueueArn"].rsplit(":", 1)[1],
            "arn": dead_letter["QueueArn"],
            "retention_seconds": int(dead_letter["MessageRetentionPeriod"]),
            "policy": policies["EventQueueFailedPolicy"]["PolicyDocument"],
        },
    }


def parsed(queue: dict) -> dict:
    """Terraform's output, with its policies as objects."""
    dead_letter = queue["dead_letter"] | {"policy": json.loads(queue["dead_letter"]["policy"])}
    return queue | {"policy": json.loads(queue["policy"]), "dead_letter": dead_letter}


# --- off, as it is at first ---


def test_nobody_gets_a_queue_who_did_not_ask_for_one(terraform, aws):
    assert terraform.render(**BY_RULE.variables).queue is None

    stack = Stack(**BY_RULE.parameters)
    queues = client("sqs").list_queues()["QueueUrls"]
    assert [url.rsplit("/", 1)[1] for url in queues] == [f"{NAME}-failed"]
    assert stack.mappings == []
    assert not {"QueueUrl", "QueueDeadLetterUrl"} & set(stack.outputs)
    assert set(stack.properties("AWS::CloudWatch::Alarm")) == {"ErrorsAlarm", "FailedEventsAlarm"}


def test_a_queue_that_no_rule_would_send_into_is_not_made(terraform, aws):
    assert terraform.render(enable_queue=True, **NO_RULE_FOR_CHANGES).queue is None

    stack = Stack(**ON, EnableEcrMonitoring="false", EnableSsmMonitoring="false", EnableManualDeploy="false")
    assert stack.mappings == []
    assert "TakeEventsOutOfTheQueue" not in json.dumps(stack.policy)


def test_the_defaults_of_both_are_the_same(terraform, aws):
    variables, parameters = (QUEUED["queued"].variables, QUEUED["queued"].parameters)
    assert set(variables) - set(BY_RULE.variables) == {"enable_queue"}, "no other setting is given"
    assert set(parameters) - set(BY_RULE.parameters) == {"EnableQueue"}

    queue = terraform.render(**variables).queue
    assert (queue["window_seconds"], queue["batch_size"], queue["max_concurrency"]) == (5, 1000, None)
    assert queue["max_receive_count"] == 5
    assert template()["Parameters"]["EnableQueue"]["Default"] == "false"


# --- on: the same in both ---


@pytest.mark.parametrize("name", QUEUED)
def test_both_make_the_same_queue(name, terraform, aws):
    queue = parsed(terraform.render(**QUEUED[name].variables).queue)
    assert queue == queue_of(Stack(**QUEUED[name].parameters))


@pytest.mark.parametrize("name", QUEUED)
def test_the_queue_changes_nothing_about_what_the_rules_let_through(name, terraform, aws):
    off_in_terraform = QUEUED[name].variables | {"enable_queue": False}
    patterns = terraform.render(**off_in_terraform).patterns

    assert terraform.render(**QUEUED[name].variables).patterns == patterns
    assert Stack(**QUEUED[name].parameters).patterns == patterns


@pytest.mark.parametrize("name", QUEUED)
def test_an_event_is_hidden_for_six_times_the_functions_time_and_the_window(name, aws):
    stack = Stack(**QUEUED[name].parameters)
    (mapping,) = stack.mappings
    visibility = int(stack.queue_attributes("QueueUrl")["VisibilityTimeout"])
    assert visibility == 6 * stack.function["Timeout"] + int(mapping["MaximumBatchingWindowInSeconds"])


def test_the_templates_table_of_visibilities_is_right_and_whole():
    table = template()["Mappings"]["QueueVisibility"]
    windows = template()["Parameters"]["QueueWindowSeconds"]["AllowedValues"]
    (assertion,) = template()["Rules"]["QueueVisibilityIsKnown"]["Assertions"]
    timeouts, _ = assertion["Assert"]["Fn::Contains"]

    assert list(table) == windows
    for window, by_timeout in table.items():
        assert by_timeout == {f"Of{timeout}": 6 * int(timeout) + int(window) for timeout in timeouts}


def test_changes_and_requests_go_through_the_queue_and_all_else_comes_straight(aws):
    stack = Stack(**QUEUED["queued-and-waiting"].parameters)

    ends = {kind: stack.targets(kind)[0]["Arn"] for kind in stack.rules}
    queue, function = stack.queue_attributes("QueueUrl")["QueueArn"], stack.outputs["FunctionArn"]
    assert ends == {
        "ecr": queue,
        "ssm": queue,
        "s3": queue,
        "manual": queue,
        "ecs": function,
        "sweep": function,
    }
    for kind in stack.rules:
        (target,) = stack.targets(kind)
        assert target["DeadLetterConfig"]["Arn"] == stack.outputs["DeadLetterQueueArn"]


def test_a_rule_that_sends_into_the_queue_may_not_call_the_function(aws):
    stack = Stack(**QUEUED["queued-and-waiting"].parameters)
    callers = {statement["Condition"]["ArnLike"]["AWS:SourceArn"] for statement in stack.invoke_permissions}
    assert callers == {rule_arn("ecs"), rule_arn("sweep")}


def test_exactly_the_rules_that_there_are_may_send_and_nobody_by_plain_http(terraform):
    policy = json.loads(terraform.render(enable_queue=True, enable_ssm_monitoring=False).queue["policy"])
    assert policy["Statement"] == [
        {
            "Sid": "EventsOfTheRules",
            "Effect": "Allow",
            "Principal": {"Service": "events.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": f"{SQS_ARN}-events",
            "Condition": {"ArnEquals": {"aws:SourceArn": [rule_arn("ecr"), rule_arn("manual")]}},
        },
        {
            "Sid": "NobodyByHand",
            "Effect": "Deny",
            "Principal": "*",
            "Action": "sqs:SendMessage",
            "Resource": f"{SQS_ARN}-events",
            "Condition": {"BoolIfExists": {"aws:PrincipalIsAWSService": "false"}},
        },
        no_plain_http(f"{SQS_ARN}-events"),
    ]


ROLE = f"arn:aws:iam::{ACCOUNT}:role"
EVENTBRIDGE = {"Service": "events.amazonaws.com"}


def of_service(rule: str) -> dict:
    source = f"arn:aws:events:{REGION}:{ACCOUNT}:rule/{rule}"
    return {"principal": EVENTBRIDGE, "aws__PrincipalIsAWSService": "true", "aws__SourceArn": source}


def by_hand(role: str) -> dict:
    """Somebody whose own policies allow to send to every queue."""
    return {"also": True, "aws__PrincipalIsAWSService": "false", "aws__PrincipalArn": f"{ROLE}/{role}"}


SENDERS = {
    "a rule of ours": (of_service(f"{NAME}-ecr"), {"events", "failed"}),
    "the rule for ECS, whose events do not go through the queue": (of_service(f"{NAME}-ecs"), {"failed"}),
    "a rule of somebody else": (of_service("another"), set()),
    "another service": ({"principal": {"Service": "s3.amazonaws.com"}, "aws__PrincipalIsAWSService": "true"}, set()),
    "the function, which says what it could not do": (by_hand(NAME), {"failed"}),
    "an administrator": (by_hand("admin"), set()),
    "somebody whom nobody knows": ({}, set()),
    "who is on call, by hand or by a redrive": (by_hand("on-call"), {"events", "failed", "events-failed"}),
}


@pytest.fixture(params=["terraform", "cloudformation"])
def queue_policies(request):
    """Inputs -> queue -> its policy, as one of the two makes it; somebody may be named as operator of the queues."""
    if request.param == "terraform":
        terraform = request.getfixturevalue("terraform")

        def by_terraform(operators: list[str]) -> dict[str, dict]:
            documents = terraform.render(enable_queue=True, queue_operator_arns=operators)
            queue = parsed(documents.queue)
            return {
                "events": queue["policy"],
                "failed": documents.dead_letter_policy,
                "events-failed": queue["dead_letter"]["policy"],
            }

        return by_terraform
    request.getfixturevalue("aws")

    def by_cloudformation(operators: list[str]) -> dict[str, dict]:
        policies = Stack(**ON, QueueOperatorArns=",".join(operators)).properties("AWS::SQS::QueuePolicy")
        names = {"events": "EventQueue", "failed": "FailedEvents", "events-failed": "EventQueueFailed"}
        return {queue: policies[f"{name}Policy"]["PolicyDocument"] for queue, name in names.items()}

    return by_cloudformation


def test_events_cannot_be_forged_by_whoever_may_send_to_every_queue(queue_policies):
    policies = queue_policies([f"{ROLE}/on-call"])
    for who, (sender, wanted) in SENDERS.items():
        answers = {
            queue: allows(policy, "sqs:SendMessage", f"{SQS_ARN}-{queue}", **sender)
            for queue, policy in policies.items()
        }
        assert {queue for queue, allowed in answers.items() if allowed} == wanted, who


def test_without_a_named_operator_nobody_sends_by_hand(queue_policies):
    for queue, policy in queue_policies([]).items():
        assert not allows(policy, "sqs:SendMessage", f"{SQS_ARN}-{queue}", **by_hand("on-call"))
        # To look and to delete, which the dead-letter advice needs, is everybody's own permission as ever.
        for action in ("sqs:ReceiveMessage", "sqs:DeleteMessage"):
            assert allows(policy, action, f"{SQS_ARN}-{queue}", **by_hand("on-call"))


def test_no_queue_takes_plain_http(aws):
    stack = Stack(**ON)
    policies = {name: one["PolicyDocument"] for name, one in stack.properties("AWS::SQS::QueuePolicy").items()}
    assert set(policies) == {"FailedEventsPolicy", "EventQueuePolicy", "EventQueueFailedPolicy"}
    for policy, queue in (("FailedEvents", "failed"), ("EventQueue", "events"), ("EventQueueFailed", "events-failed")):
        assert policies[f"{policy}Policy"]["Statement"][-1] == no_plain_http(f"{SQS_ARN}-{queue}")


def test_the_role_may_take_events_out_of_its_own_queue_and_no_more(terraform):
    without, with_queue = (terraform.render(enable_queue=on).policy["Statement"] for on in (False, True))
    (added,) = [statement for statement in with_queue if statement not in without]
    assert added == {
        "Sid": "TakeEventsOutOfTheQueue",
        "Effect": "Allow",
        "Action": ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"],
        "Resource": [f"{SQS_ARN}-events"],
    }
    assert [statement for statement in without if statement not in with_queue] == []


def test_only_the_failed_events_of_a_batch_come_back(aws):
    (mapping,) = Stack(**ON).mappings
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert mapping["EventSourceArn"] == f"{SQS_ARN}-events"
    assert mapping["State"] == "Enabled"


def test_what_fails_too_often_is_kept_longer_than_the_queue_keeps_it(aws):
    stack = Stack(**ON)
    queue, dead_letter = stack.queue_attributes("QueueUrl"), stack.queue_attributes("QueueDeadLetterUrl")

    assert json.loads(queue["RedrivePolicy"]) == {
        "deadLetterTargetArn": dead_letter["QueueArn"],
        "maxReceiveCount": 5,
    }
    # The time in the first queue counts, too.
    assert int(dead_letter["MessageRetentionPeriod"]) > int(queue["MessageRetentionPeriod"])
    for attributes in (queue, dead_letter):
        assert attributes["SqsManagedSseEnabled"] == "true"


def test_no_queue_makes_the_queue_for_failed_events_its_own(aws):
    queues = Stack(**ON).properties("AWS::SQS::Queue")
    assert queues["FailedEvents"]["RedriveAllowPolicy"] == {"redrivePermission": "denyAll"}
    in_terraform = resource("main.tf", "aws_sqs_queue", "failed")
    assert ' redrive_allow_policy = jsonencode({ redrivePermission = "denyAll" })\n' in in_terraform


def test_the_dead_letter_queue_serves_this_queue_alone(aws):
    """moto takes no redrive-allow policy: this is what it would have been given."""
    queues = Stack(**ON).properties("AWS::SQS::Queue")
    assert queues["EventQueueFailed"]["RedriveAllowPolicy"] == {
        "redrivePermission": "byQueue",
        "sourceQueueArns": [f"{SQS_ARN}-events"],
    }


@pytest.mark.parametrize("name", QUEUED)
def test_events_that_wait_and_events_that_were_given_up_raise_alarms(name, aws):
    """moto makes no alarms: this is what CloudWatch would have been given."""
    stack = Stack(**QUEUED[name].parameters, AlarmTopicArns="arn:aws:sns:us-east-1:123456789012:alarms")
    alarms = stack.properties("AWS::CloudWatch::Alarm")

    waiting, failed = alarms["EventsWaitingAlarm"], alarms["EventsFailedAlarm"]
    assert waiting["MetricName"] == "ApproximateAgeOfOldestMessage"
    assert waiting["Dimensions"] == [{"Name": "QueueName", "Value": f"{NAME}-events"}]
    # From the third attempt on the metric passes over an event: the second must be enough.
    assert waiting["Threshold"] == int(stack.queue_attributes("QueueUrl")["VisibilityTimeout"])
    assert failed["MetricName"] == "ApproximateNumberOfMessagesVisible"
    assert failed["Dimensions"] == [{"Name": "QueueName", "Value": f"{NAME}-events-failed"}]
    assert failed["Threshold"] == 1
    for alarm in (waiting, failed):
        assert alarm["AlarmActions"] == alarm["OKActions"] == ["arn:aws:sns:us-east-1:123456789012:alarms"]


def test_an_event_lies_in_the_queue_as_it_is(aws):
    """moto's EventBridge delivers a request, by the rule that the stack has made."""
    stack = Stack(**ON)
    request = manual("action.deploy", project="shop", env="dev")
    entry = {"Source": request["source"], "DetailType": "DEPLOY", "Detail": json.dumps(request["detail"])}
    assert client("events").put_events(Entries=[entry])["FailedEntryCount"] == 0

    (message,) = client("sqs").receive_message(QueueUrl=stack.outputs["QueueUrl"])["Messages"]
    event = json.loads(message["Body"])
    assert (event["source"], event["detail"]) == (request["source"], request["detail"])


# --- Terraform's resources, which need a provider: that they are made of what has been looked at above ---


def resource(file: str, kind: str, name: str) -> str:
    text = (TERRAFORM_MODULE / file).read_text()
    found = re.search(rf'^resource "{kind}" "{name}" \{{\n(.*?)^\}}', text, re.MULTILINE | re.DOTALL)
    assert found, f"{file} has no {kind}.{name}"
    return re.sub(r" +", " ", found[1])


IN_TERRAFORM = {
    ("queue.tf", "aws_sqs_queue", "events"): [
        "name = local.queue.name",
        "sqs_managed_sse_enabled = true",
        "visibility_timeout_seconds = local.queue.visibility_timeout_seconds",
        "message_retention_seconds = local.queue.retention_seconds",
        "deadLetterTargetArn = aws_sqs_queue.events_failed[0].arn",
        "maxReceiveCount = local.queue.max_receive_count",
    ],
    ("queue.tf", "aws_sqs_queue_policy", "events"): [
        "queue_url = aws_sqs_queue.events[0].url",
        "policy = local.queue.policy",
    ],
    ("queue.tf", "aws_sqs_queue", "events_failed"): [
        "name = local.queue.dead_letter.name",
        "sqs_managed_sse_enabled = true",
        "message_retention_seconds = local.queue.dead_letter.retention_seconds",
        'redrivePermission = "byQueue"',
        "sourceQueueArns = [local.queue.arn]",
    ],
    ("queue.tf", "aws_sqs_queue_policy", "events_failed"): [
        "queue_url = aws_sqs_queue.events_failed[0].url",
        "policy = local.queue.dead_letter.policy",
    ],
    ("queue.tf", "aws_lambda_event_source_mapping", "events"): [
        "event_source_arn = aws_sqs_queue.events[0].arn",
        "function_name = aws_lambda_function.function.arn",
        "batch_size = local.queue.batch_size",
        "maximum_batching_window_in_seconds = local.queue.window_seconds",
        'function_response_types = ["ReportBatchItemFailures"]',
        "for_each = local.queue.max_concurrency == null ? [] : [local.queue.max_concurrency]",
        "maximum_concurrency = scaling_config.value",
    ],
    ("alarms.tf", "aws_cloudwatch_metric_alarm", "events_waiting"): [
        'metric_name = "ApproximateAgeOfOldestMessage"',
        "dimensions = { QueueName = local.queue.name }",
        "threshold = local.queue.visibility_timeout_seconds",
        'comparison_operator = "GreaterThanThreshold"',
    ],
    ("alarms.tf", "aws_cloudwatch_metric_alarm", "events_failed"): [
        'metric_name = "ApproximateNumberOfMessagesVisible"',
        "dimensions = { QueueName = local.queue.dead_letter.name }",
        "threshold = 1",
    ],
}


@pytest.mark.parametrize("which", IN_TERRAFORM, ids=lambda which: ".".join(which[1:]))
def test_terraform_makes_its_resources_of_it(which):
    body = resource(*which)
    assert "count = local.queue_wanted ? 1 : 0\n" in body
    for line in IN_TERRAFORM[which]:
        assert f" {line}\n" in body, f"{line} is missing in {'.'.join(which)}"


def test_terraform_sends_the_same_rules_into_the_queue():
    target = resource("events.tf", "aws_cloudwatch_event_target", "function")
    arn = " arn = contains(local.queued_rules, each.key) ? local.queue.arn : aws_lambda_function.function.arn\n"
    assert arn in target
    assert " depends_on = [aws_sqs_queue_policy.events]\n" in target
    permission = resource("events.tf", "aws_lambda_permission", "events")
    assert "rule if !contains(local.queued_rules, kind) }" in permission


def test_terraform_gives_the_other_queue_its_policy_as_well():
    assert " policy = local.dead_letter_policy\n" in resource("main.tf", "aws_sqs_queue_policy", "failed")


# --- what one may ask for ---


@pytest.mark.parametrize("concurrency", ["", "2", "9", "10", "99", "100", "999", "1000"])
def test_the_template_takes_every_concurrency_that_lambda_takes(concurrency):
    assert re.fullmatch(template()["Parameters"]["QueueMaxConcurrency"]["AllowedPattern"], concurrency)


@pytest.mark.parametrize("concurrency", ["0", "1", "01", "1001", "1200", "two"])
def test_the_template_refuses_a_concurrency_that_lambda_refuses(concurrency):
    assert not re.fullmatch(template()["Parameters"]["QueueMaxConcurrency"]["AllowedPattern"], concurrency)


def test_a_reservation_that_the_queue_fits_into_is_taken(terraform):
    queue = terraform.render(enable_queue=True, reserved_concurrency=4, queue_max_concurrency=4).queue
    assert queue["max_concurrency"] == 4
    assert terraform.render(enable_queue=True, queue_max_concurrency=4).queue["max_concurrency"] == 4


def test_waiting_costs_the_next_attempt_of_a_failed_event_an_hour_and_a_half(terraform):
    """As the guide says."""
    waiting = WATCHING["waiting"].variables
    assert terraform.render(enable_queue=True).queue["visibility_timeout_seconds"] == 12 * 60 + 5
    assert terraform.render(enable_queue=True, **waiting).queue["visibility_timeout_seconds"] == 90 * 60 + 5
