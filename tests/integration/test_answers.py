"""What people say to a rollout that is under way: `continue` and `stop`, and the same as events."""

import json
import re

import pytest
from botocore.validate import ParamValidator

from support.model import call, ecs_model
from support.programs import Function, Sandbox, cli, function_environment
from support.waiting import eventually

CLUSTER = "shop_cluster_dev"
API = "shop_service_api_dev"
WITHIN_THE_QUOTA = 0.2  # seconds between looks that ECS's quota of requests allows for ever


@pytest.fixture
def waiting():
    """The api's rollout waits for a person."""
    with Sandbox("--speed", "60", "--scenario", "api=pause") as sandbox:
        assert run(sandbox, "deploy", "api").code == 0
        eventually(lambda: "AWAITING_ACTION" in hooks(sandbox), "the hook", WITHIN_THE_QUOTA)
        yield sandbox


def run(sandbox: Sandbox, *arguments: str):
    return cli(*arguments, environment=function_environment(sandbox.url, LOG_LEVEL="info"))


def record(sandbox: Sandbox) -> dict:
    newest = call(sandbox, "ListServiceDeployments", cluster=CLUSTER, service=API)["serviceDeployments"][0]
    arns = [newest["serviceDeploymentArn"]]
    return call(sandbox, "DescribeServiceDeployments", serviceDeploymentArns=arns)["serviceDeployments"][0]


def hooks(sandbox: Sandbox) -> list[str]:
    return [hook["status"] for hook in record(sandbox).get("lifecycleHookDetails", [])]


def sent(sandbox: Sandbox, operation: str) -> list[dict]:
    """The requests of that operation, each of them as botocore's model has it."""
    requests = [one["request"] for one in sandbox.get("/sandbox/ecs/calls") if one["operation"] == operation]
    shape = ecs_model().operation_model(operation).input_shape
    for request in requests:
        report = ParamValidator().validate(request, shape)
        assert not report.has_errors(), report.generate_report()
        assert set(request) <= set(shape.members)
    return requests


def ended(sandbox: Sandbox, status: str) -> bool:
    return eventually(lambda: record(sandbox)["status"] == status, status, WITHIN_THE_QUOTA)


def test_continue_lets_go_on_what_waits_and_names_the_deployment_and_the_hook(waiting):
    arn, hook = record(waiting)["serviceDeploymentArn"], record(waiting)["lifecycleHookDetails"][0]["hookId"]
    done = run(waiting, "continue", "api", "--reason", "looks good")
    assert done.code == 0, done.err
    assert re.search(rf"api: {API}:42 goes on at POST_TEST_TRAFFIC_SHIFT", done.out)
    # An action that is left out would be an approval, too: nothing is left to that.
    assert sent(waiting, "ContinueServiceDeployment") == [
        {"serviceDeploymentArn": arn, "hookId": hook, "action": "CONTINUE"}
    ]
    ended(waiting, "SUCCESSFUL")
    again = run(waiting, "continue", "api")
    assert again.code == 1
    assert "is over: nothing waits for an answer" in again.err
    assert len(sent(waiting, "ContinueServiceDeployment")) == 1


def test_a_dry_run_answers_nothing(waiting):
    for arguments in (("continue", "api"), ("stop", "api", "--rollback")):
        done = run(waiting, *arguments, "--dry-run")
        assert done.code == 0, done.err
        assert "would" in done.out
    assert hooks(waiting) == ["AWAITING_ACTION"]
    assert sent(waiting, "ContinueServiceDeployment") == sent(waiting, "StopServiceDeployment") == []


def test_stop_brings_back_what_ran_and_says_that_there_is_no_other_end(waiting):
    refused = run(waiting, "stop", "api")
    assert refused.code == 1
    assert "can end a rollout only by bringing back what ran before" in refused.err
    assert sent(waiting, "StopServiceDeployment") == []
    arn = record(waiting)["serviceDeploymentArn"]
    done = run(waiting, "stop", "api", "--rollback", "--reason", "500s")
    assert done.code == 0, done.err
    assert sent(waiting, "StopServiceDeployment") == [{"serviceDeploymentArn": arn, "stopType": "ROLLBACK"}]
    ended(waiting, "ROLLBACK_SUCCESSFUL")


def test_events_answer_as_the_command_line_does(waiting):
    with Function(function_environment(waiting.url, LOG_LEVEL="info")) as function:
        event = {"service": "api", "action": "continue", "reason": "looks good"}
        answer = function.invoke(event).body
        assert answer["status"] == "continued", answer
        ended(waiting, "SUCCESSFUL")
        late = function.invoke({"service": "api", "action": "stop", "rollback": True})
        assert late.body["status"] == "ignored", "what has completed is for a rollback"
    assert len(sent(waiting, "ContinueServiceDeployment")) == 1
    assert sent(waiting, "StopServiceDeployment") == []


def test_slack_is_told_until_when_it_waits_and_what_to_type(waiting):
    def told() -> list[str]:
        texts = [json.dumps(one) for one in waiting.get("/sandbox/slack")]
        return [text for text in texts if "ci_lambda continue api" in text]

    (message,) = eventually(told, "the message")
    assert "POST_TEST_TRAFFIC_SHIFT, until " in message and "ci_lambda stop api --rollback" in message
