"""The real function in several deployment targets: two regions, one of them in another account, in `ci_lambda sandbox`."""

import json

import pytest

from support.programs import Sandbox
from support.waiting import eventually

OTHER = "222222222222"
TARGETS = f"eu=eu-west-1,us=us-east-1@{OTHER}"
OFTEN = 0.2  # seconds


@pytest.fixture
def sandbox():
    with Sandbox("--targets", TARGETS, "--speed", "100", MAX_DEPLOYMENT_RETRIES="1") as sandbox:
        yield sandbox


def scenario(sandbox: Sandbox, text: str) -> None:
    status, _, body = sandbox.post("/sandbox/scenario", text.encode())
    assert status == 200, body


def rollouts(sandbox: Sandbox) -> list[tuple[str, str]]:
    """Where the function has begun one, and of which service."""
    return [
        (call["target"], call["request"]["service"])
        for call in sandbox.get("/sandbox/ecs/calls")
        if call["operation"] == "UpdateService" and call["status"] == 200 and call["invocation"]
    ]


def test_a_request_rolls_both_and_one_answer_and_one_message_name_them(sandbox):
    headers, answer = sandbox.invoke(b'{"service":"api"}')

    assert "X-Amz-Function-Error" not in headers, answer
    assert answer["status"] == "deployed"
    assert {(one["target"], one["region"]) for one in answer["deployments"]} == {("eu", "eu-west-1"), ("us", "us-east-1")}
    assert sorted(rollouts(sandbox)) == [("eu", "shop_service_api_dev"), ("us", "shop_service_api_dev")]
    calls = [call for call in sandbox.get("/sandbox/ecs/calls") if call["operation"] == "UpdateService"]
    accounts = {call["target"]: call["response"]["service"]["serviceArn"].split(":")[4] for call in calls}
    assert accounts == {"eu": "123456789012", "us": OTHER}
    (first, *_) = [json.dumps(one["message"]) for one in sandbox.get("/sandbox/slack")]
    assert "api in eu" in first and "api in us" in first


def test_a_request_may_name_one(sandbox):
    _, answer = sandbox.invoke(b'{"service":"worker","targets":["us"]}')
    assert [one["target"] for one in answer["deployments"]] == ["us"]
    assert rollouts(sandbox) == [("us", "shop_service_worker_dev")]


def test_a_push_rolls_both_with_the_images_of_their_own_registries(sandbox):
    status, _, body = sandbox.post("/sandbox/push", b"api:v1.43")
    assert status == 200, body

    def both():
        begun = rollouts(sandbox)
        return begun if {target for target, _ in begun} == {"eu", "us"} else None

    begun = eventually(both, "rollouts in both targets", every=OFTEN)
    assert {service for _, service in begun} == {"shop_service_api_dev"}


def test_a_region_that_is_down_is_named_and_the_other_one_rolls(sandbox):
    scenario(sandbox, "us=region-down")
    headers, answer = sandbox.invoke(b'{"service":"api"}')

    assert headers["X-Amz-Function-Error"] == "Unhandled", answer
    assert "us: " in answer["errorMessage"] and "eu: " not in answer["errorMessage"], answer
    assert rollouts(sandbox) == [("eu", "shop_service_api_dev")]
    told = json.dumps([one["message"] for one in sandbox.get("/sandbox/slack")])
    assert "api in us" in told

    scenario(sandbox, "us=healthy")
    headers, answer = sandbox.invoke(b'{"service":"worker"}')
    assert "X-Amz-Function-Error" not in headers, answer
    assert {target for target, service in rollouts(sandbox) if "worker" in service} == {"eu", "us"}


def test_a_role_that_is_denied_is_named_and_the_other_one_rolls(sandbox):
    scenario(sandbox, "us=role-denied")
    _, answer = sandbox.invoke(b'{"service":"api"}')
    assert f"arn:aws:iam::{OTHER}:role/ci_lambda_us" in answer["errorMessage"], answer
    assert rollouts(sandbox) == [("eu", "shop_service_api_dev")]


def test_a_throttled_region_holds_nobody_up(sandbox):
    scenario(sandbox, "us=region-throttled")
    _, answer = sandbox.invoke(b'{"service":"api"}')
    assert ("eu", "shop_service_api_dev") in rollouts(sandbox)
    calls = sandbox.get("/sandbox/ecs/calls")
    assert {call["target"] for call in calls if call["status"] == 400} == {"us"}
    assert {call["response"]["__type"] for call in calls if call["status"] == 400} == {"ThrottlingException"}
    # A call a second and the tries that are allowed here may not be enough for it; then it is named.
    if "errorMessage" in answer:
        assert answer["errorMessage"].startswith("us: ") and "ThrottlingException" in answer["errorMessage"]


def test_two_regions_of_one_account():
    with Sandbox("--regions", "eu-west-1,us-east-1", "--speed", "100") as sandbox:
        _, answer = sandbox.invoke(b'{"service":"api"}')
        assert {one["target"] for one in answer["deployments"]} == {"eu-west-1", "us-east-1"}
        sandbox.post("/sandbox/push", b"worker:v1.43")

        def both():
            return {target for target, service in rollouts(sandbox) if "worker" in service} == {"eu-west-1", "us-east-1"}

        eventually(both, "rollouts in both regions", every=OFTEN)
