"""Strategies of ECS: configured, asked for once, refused beforehand; botocore's model judges what UpdateService is sent."""

import json

import pytest
from botocore.validate import ParamValidator

from support.model import call, ecs_model
from support.programs import Function, Sandbox, cli, function_environment

API = "shop_service_api_dev"
WORKER = "shop_service_worker_dev"
FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:gate"
ROLE = "arn:aws:iam::123456789012:role/hooks"
WHOLE = {
    "type": "canary",
    "percent": 12.5,
    "step_minutes": 3,
    "bake_minutes": 7,
    "alarms": ["shop-5xx"],
    "hooks": [
        {"type": "pause", "stages": ["POST_TEST_TRAFFIC_SHIFT"], "timeout_minutes": 30, "on_timeout": "continue"},
        {"type": "lambda", "stages": ["PRODUCTION_TRAFFIC_SHIFT"], "function": FUNCTION, "role": ROLE},
    ],
}
ROLLING = {"type": "rolling", "early_success": {"healthy_percent": 100, "cleanup": "deferred"}, "alarms": []}


@pytest.fixture
def sandbox():
    with Sandbox("--speed", "600") as sandbox:
        yield sandbox


def run(sandbox: Sandbox, *arguments: str, **settings: str):
    return cli(*arguments, environment=function_environment(sandbox.url, LOG_LEVEL="info", **settings))


def configuration(sandbox: Sandbox, service: str = API) -> dict:
    described = call(sandbox, "DescribeServices", cluster="shop_cluster_dev", services=[service])
    return described["services"][0]["deploymentConfiguration"]


def updates(sandbox: Sandbox) -> list[dict]:
    calls = [one["request"] for one in sandbox.get("/sandbox/ecs/calls") if one["operation"] == "UpdateService"]
    for request in calls:
        report = ParamValidator().validate(request, ecs_model().operation_model("UpdateService").input_shape)
        assert not report.has_errors(), report.generate_report()
        known = ecs_model().shape_for("DeploymentConfiguration").members
        assert set(request.get("deploymentConfiguration", {})) <= set(known)
    return calls


@pytest.mark.parametrize("strategy", [WHOLE, {"type": "linear", "percent": 20}, {"type": "blue_green"}, ROLLING], ids=lambda one: one["type"])
def test_the_configured_strategy_goes_with_the_deployment_and_only_once(sandbox, strategy):
    for _ in range(2):
        done = run(sandbox, "deploy", "api", DEPLOYMENT_STRATEGY=json.dumps(strategy))
        assert done.code == 0, done.err
    first, second = updates(sandbox)
    assert configuration(sandbox)["strategy"] == strategy["type"].upper()
    # Of a pause DescribeServices shows the stages alone, so hooks are sent whole each time; nothing else is.
    assert set(second.get("deploymentConfiguration", {})) == ({"lifecycleHooks"} if "hooks" in strategy else set())
    if strategy is WHOLE:
        assert first["deploymentConfiguration"] == {
            "strategy": "CANARY",
            "bakeTimeInMinutes": 7,
            "canaryConfiguration": {"canaryPercent": 12.5, "canaryBakeTimeInMinutes": 3},
            "alarms": {"alarmNames": ["shop-5xx"], "enable": True, "rollback": True},
            "lifecycleHooks": [
                {
                    "targetType": "PAUSE",
                    "lifecycleStages": ["POST_TEST_TRAFFIC_SHIFT"],
                    "timeoutConfiguration": {"timeoutInMinutes": 30, "action": "CONTINUE"},
                },
                {
                    "targetType": "AWS_LAMBDA",
                    "lifecycleStages": ["PRODUCTION_TRAFFIC_SHIFT"],
                    "hookTargetArn": FUNCTION,
                    "roleArn": ROLE,
                },
            ],
        }


def test_without_one_nothing_is_sent(sandbox):
    assert run(sandbox, "deploy", "api").code == 0
    assert "deploymentConfiguration" not in updates(sandbox)[0]


def test_a_service_that_cannot_have_it_is_told_before_anything_is_sent(sandbox):
    done = run(sandbox, "deploy", "worker", "--strategy", "canary")
    assert done.code == 1
    assert "loadBalancers[0] has no advancedConfiguration" in done.out + done.err
    assert updates(sandbox) == []
    checked = run(sandbox, "check", DEPLOYMENT_STRATEGY="canary")
    assert checked.code == 1
    (line,) = [one for one in checked.out.splitlines() if "no deployment of it will start" in one and "worker" in one]
    assert line.startswith("BAD") and "alternateTargetGroupArn" in line
    assert "service api: no deployment" not in checked.out


def test_one_rollout_by_another_strategy_is_brought_back_by_the_next(sandbox):
    once = run(sandbox, "deploy", "api", "--strategy", "canary:10%:1m:1m", "--wait", DEPLOYMENT_STRATEGY="rolling")
    assert once.code == 0, once.err
    assert "until the next one brings back what is configured, rolling" in once.out + once.err
    assert configuration(sandbox)["strategy"] == "CANARY"
    assert run(sandbox, "deploy", "api", DEPLOYMENT_STRATEGY="rolling").code == 0
    assert configuration(sandbox)["strategy"] == "ROLLING"
    assert updates(sandbox)[-1]["deploymentConfiguration"] == {"strategy": "ROLLING", "bakeTimeInMinutes": 0}


def test_a_dry_run_names_what_would_change(sandbox):
    done = run(sandbox, "deploy", "api", "--strategy", "linear", "--dry-run")
    assert done.code == 0
    assert "would change: linear in steps of 10 % of the traffic every 6 min" in done.out + done.err
    assert updates(sandbox) == [] and configuration(sandbox)["strategy"] == "ROLLING"


def test_a_request_may_ask_for_one(sandbox):
    with Function(function_environment(sandbox.url)) as function:
        canary = {"type": "canary", "percent": 10, "bake_minutes": 1}
        answer = function.invoke({"service": "api", "strategy": canary})
        assert answer.body["status"] == "deployed"
        assert updates(sandbox)[0]["deploymentConfiguration"]["strategy"] == "CANARY"
