"""The function as the lifecycle hook of a deployment: it answers by VERIFY_ALARMS whether a rollout may go on."""

import json

from support.model import call
from support.programs import Sandbox
from support.waiting import eventually

SERVICE = {"cluster": "shop_cluster_dev", "service": "shop_service_api_dev"}
PATIENT = 0.2  # seconds between looks that ECS's quota of requests allows for ever
SPEED = ("--speed", "60")


def ends(sandbox: Sandbox, status: str) -> None:
    def now() -> str:
        return call(sandbox, "ListServiceDeployments", **SERVICE)["serviceDeployments"][0]["status"]

    eventually(lambda: now() == status, status, PATIENT)


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
