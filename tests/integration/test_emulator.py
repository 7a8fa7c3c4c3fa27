"""The real `bootstrap` in AWS's own Lambda Runtime Interface Emulator, with moto as ECS."""

import json
import os

import pytest

from support.kinds import KINDS, Kind, ecs_service, near_misses, s3_configuration
from support.moto_ecs import REVISIONS
from support.programs import Emulator, function_environment
from support.servers import SlackStub

pytestmark = pytest.mark.skipif(
    not os.access(os.environ.get("CI_LAMBDA_RIE", ""), os.X_OK),
    reason="the Lambda Runtime Interface Emulator is not here; ./dev test fetches it",
)


@pytest.fixture(scope="module")
def slack():
    with SlackStub() as stub:
        yield stub


@pytest.fixture(scope="module")
def emulator(moto_url, slack):
    environment = function_environment(
        moto_url,
        SERVICE_CONFIG=s3_configuration(),
        ENABLE_SLACK_NOTIFICATIONS="true",
        SLACK_WEBHOOK_URL=slack.webhook,
        EVENT_ACCOUNTS="123456789012",  # the emulator has another account, 012345678912
    )
    with Emulator(environment) as emulator:
        yield emulator


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_each_kind_ends_in_the_right_deployments(kind: Kind, emulator, moto, slack):
    slack.messages.clear()

    answer = emulator.invoke(kind.event)

    assert answer["status"] == kind.status, answer
    newest = {ecs_service(id): f"{ecs_service(id)}:{REVISIONS[ecs_service(id)]}" for id in kind.services}
    assert moto.deployed() == newest
    assert len(slack.messages) == 1


def test_another_projects_image_is_ignored(emulator, moto):
    event, _ = near_misses()["image-of-another-project"]

    answer = emulator.invoke(json.dumps(event).encode())

    assert answer["status"] == "ignored"
    assert moto.deployed() == {}


def test_a_bad_event_is_an_error_of_the_right_type(emulator, moto):
    answer = emulator.invoke(b'{"source":"action.deploy","detail-type":"DEPLOY","detail":{"reason":"no service"}}')

    assert answer["errorType"] == "Function.InvalidEvent"
    assert "service" in answer["errorMessage"]
    assert moto.deployed() == {}


def test_a_bad_configuration_is_told_as_an_init_error(moto_url):
    with Emulator(function_environment(moto_url, PROJECT_NAME=None, MAX_DEPLOYMENT_RETRIES="many")) as emulator:
        answer = emulator.invoke(b'{"service":"api"}')

    assert "PROJECT_NAME" in answer["errorMessage"]
    assert "MAX_DEPLOYMENT_RETRIES" in answer["errorMessage"]
