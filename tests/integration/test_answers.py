"""A rollout that waits is answered: by `ci_lambda continue` and `stop`, by events, and by the function as a hook."""

import json

from botocore.validate import ParamValidator

from support.model import call, service_model
from support.programs import Sandbox, cli, function_environment
from support.waiting import eventually

SERVICE = {"cluster": "shop_cluster_dev", "service": "shop_service_api_dev"}
PATIENT = 0.2  # seconds between looks that ECS's quota of requests allows for ever
SPEED = ("--speed", "60")


def record(sandbox: Sandbox) -> dict:
    brief = call(sandbox, "ListServiceDeployments", **SERVICE)["serviceDeployments"][0]
    arns = [brief["serviceDeploymentArn"]]
    return call(sandbox, "DescribeServiceDeployments", serviceDeploymentArns=arns)["serviceDeployments"][0]


def waits(sandbox: Sandbox) -> bool:
    return any(hook["status"] == "AWAITING_ACTION" for hook in record(sandbox).get("lifecycleHookDetails", []))


def ends(sandbox: Sandbox, status: str) -> None:
    eventually(lambda: record(sandbox)["status"] == status, status, PATIENT)


def run(sandbox: Sandbox, *arguments: str):
    return cli(*arguments, environment=function_environment(sandbox.url, LOG_LEVEL="info"))


def deploy_and_wait(sandbox: Sandbox) -> None:
    sandbox.invoke(b'{"service":"api"}')
    eventually(lambda: waits(sandbox), "the hook", PATIENT)


def requests_of(sandbox: Sandbox, operation: str) -> list[dict]:
    return [one["request"] for one in sandbox.get("/sandbox/ecs/calls") if one["operation"] == operation]


def test_a_person_lets_it_go_on_and_is_told_when_nothing_waits():
    with Sandbox(*SPEED, "--scenario", "api=pause") as sandbox:
        early = run(sandbox, "continue", "api")
        assert early.returncode == 1
        assert "is over: nothing waits for an answer" in early.stderr or "keeps no record" in early.stderr
        deploy_and_wait(sandbox)
        assert "waits for a person at POST_TEST_TRAFFIC_SHIFT until" in run(sandbox, "status", "api").stdout
        dry = run(sandbox, "continue", "api", "--dry-run")
        assert dry.stdout.strip() == "api: shop_service_api_dev:42 would go on at POST_TEST_TRAFFIC_SHIFT"
        assert waits(sandbox)
        done = run(sandbox, "continue", "api", "--reason", "looks good")
        assert (done.returncode, done.stdout.strip()) == (0, "api: shop_service_api_dev:42 goes on at POST_TEST_TRAFFIC_SHIFT")
        again = run(sandbox, "continue", "api")
        assert again.returncode == 1 and "does not wait for a person" in again.stderr
        (request,) = requests_of(sandbox, "ContinueServiceDeployment")
        shape = service_model("ecs").operation_model("ContinueServiceDeployment").input_shape
        assert ParamValidator().validate(request, shape).generate_report() == ""
        assert request["action"] == "CONTINUE"
        ends(sandbox, "SUCCESSFUL")
        told = json.dumps(sandbox.get("/sandbox/slack"))
        assert "ci_lambda continue api" in told


def test_a_person_stops_it_and_says_that_it_goes_back():
    with Sandbox(*SPEED, "--scenario", "api=pause") as sandbox:
        deploy_and_wait(sandbox)
        refused = run(sandbox, "stop", "api")
        assert refused.returncode == 1 and "only by bringing back what ran before" in refused.stderr
        assert run(sandbox, "stop", "api", "--rollback", "--reason", "500s").returncode == 0
        ends(sandbox, "ROLLBACK_SUCCESSFUL")
        over = run(sandbox, "stop", "api", "--rollback")
        assert over.returncode == 1


def test_events_do_the_same():
    with Sandbox(*SPEED, "--scenario", "api=pause") as sandbox:
        _, nothing = sandbox.invoke(b'{"service":"api","action":"continue"}')
        assert nothing["status"] == "ignored"
        deploy_and_wait(sandbox)
        _, went_on = sandbox.invoke(b'{"service":"api","action":"continue","reason":"looks good"}')
        assert went_on["status"] == "continued", went_on
        ends(sandbox, "SUCCESSFUL")


def answers_to_hooks(sandbox: Sandbox) -> list[dict]:
    done = sandbox.get("/sandbox/invocations")
    return [one["answer"] for one in done if "executionId" in json.dumps(one["event"]) and one.get("answer")]


def test_the_function_as_a_hook_lets_go_on_what_nothing_is_to_be_looked_at_for():
    with Sandbox(*SPEED, "--scenario", "api=hook") as sandbox:
        sandbox.invoke(b'{"service":"api"}')
        ends(sandbox, "SUCCESSFUL")
        assert answers_to_hooks(sandbox) == [{"hookStatus": "SUCCEEDED"}]


def test_the_function_as_a_hook_stops_a_rollout_whose_alarm_goes_off():
    settings = {"VERIFY_ALARMS": "shop-5xx", "VERIFY_SECONDS": "300"}
    with Sandbox(*SPEED, "--scenario", "api=hook", **settings) as sandbox:
        sandbox.invoke(b'{"service":"api"}')
        eventually(lambda: len(answers_to_hooks(sandbox)) > 1, "two looks", PATIENT)
        first, second = answers_to_hooks(sandbox)[:2]
        assert first["hookStatus"] == second["hookStatus"] == "IN_PROGRESS"
        assert 0 < first["callBackDelay"] <= 30
        assert first["hookDetails"] == second["hookDetails"], "it is still since the first look"
        assert sandbox.post("/sandbox/alarm", b"shop-5xx=ALARM")[0] == 200
        ends(sandbox, "ROLLBACK_SUCCESSFUL")
        assert answers_to_hooks(sandbox)[-1] == {"hookStatus": "FAILED"}
