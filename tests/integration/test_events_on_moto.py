"""One event of each kind, through the real `bootstrap`, to moto's ECS."""

import datetime

import pytest

from support.kinds import KINDS, Kind, ecs_service, event_json, near_misses, s3_configuration
from support.moto_ecs import CLUSTER, REVISIONS, UP_TO_DATE
from support.programs import Function, function_environment
from support.servers import SlackStub


@pytest.fixture
def slack():
    with SlackStub() as stub:
        yield stub


@pytest.fixture
def function(moto, slack):
    environment = function_environment(
        moto.url,
        SERVICE_CONFIG=s3_configuration(),
        ENABLE_SLACK_NOTIFICATIONS="true",
        SLACK_WEBHOOK_URL=slack.webhook,
    )
    with Function(environment) as function:
        yield function


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_each_kind_ends_in_the_right_deployments(kind: Kind, function, moto, slack):
    outcome = function.invoke(kind.event)

    assert outcome.kind == "response", outcome.text
    assert outcome.body["status"] == kind.status, outcome.text
    assert outcome.body["detail"], "the answer gives no reason"
    assert sorted(one["service"] for one in outcome.body["deployments"]) == sorted(kind.services)
    newest = {ecs_service(id): f"{ecs_service(id)}:{REVISIONS[ecs_service(id)]}" for id in kind.services}
    assert moto.deployed() == newest
    assert len(slack.messages) == 1


def test_the_answer_says_what_ecs_said(function, moto):
    deployment = function.invoke(b'{"service":"api"}').body["deployments"][0]

    service = moto.ecs.describe_services(cluster="shop_cluster_dev", services=["shop_service_api_dev"])["services"][0]
    assert deployment["service"] == "api"
    assert deployment["status"] == "deployed"
    assert deployment["cluster"] == "shop_cluster_dev"
    assert deployment["ecs_service"] == "shop_service_api_dev"
    assert deployment["deployment_id"] == service["deployments"][0]["id"]
    assert deployment["attempts"] == 1
    assert not deployment.get("error")


def test_revision_42_wins_over_9_although_moto_lists_the_oldest_first(function, moto):
    listed = moto.ecs.list_task_definitions(familyPrefix="shop_service_api_dev", sort="DESC")["taskDefinitionArns"]
    assert listed[0].endswith(":1"), "moto has learned to sort: this test proves less than it says"

    function.invoke(b'{"service":"api"}')

    assert moto.deployed() == {"shop_service_api_dev": "shop_service_api_dev:42"}


def parameter_of_billing(changed_at: datetime.datetime) -> dict:
    event = event_json("ssm-update")
    event["time"] = changed_at.astimezone(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    event["detail"]["name"] = "/dev/shop/billing/LOG_LEVEL"
    return event


def billing(moto) -> dict:
    described = moto.ecs.describe_services(cluster=CLUSTER, services=[UP_TO_DATE])
    return described["services"][0]["deployments"][0]


def test_what_rolls_since_the_change_with_the_newest_revision_is_recognised(function, moto):
    rolling = billing(moto)

    outcome = function.invoke(parameter_of_billing(rolling["createdAt"] - datetime.timedelta(minutes=1)))

    assert outcome.body["status"] == "ignored", outcome.text
    assert "already roll" in outcome.body["detail"], outcome.text
    assert rolling["id"] in outcome.body["detail"], outcome.text
    assert moto.deployed() == {}


def test_what_rolled_before_the_change_is_deployed_again_though_no_revision_is_newer(function, moto):
    outcome = function.invoke(parameter_of_billing(billing(moto)["createdAt"] + datetime.timedelta(minutes=1)))

    assert outcome.body["status"] == "deployed", outcome.text
    assert moto.deployed() == {UP_TO_DATE: f"{UP_TO_DATE}:{REVISIONS[UP_TO_DATE]}"}


def test_a_deregistered_revision_is_not_chosen(function, moto):
    moto.ecs.deregister_task_definition(taskDefinition="shop_service_mail_dev:11")

    function.invoke(b'{"service":"mail"}')

    assert moto.deployed() == {"shop_service_mail_dev": "shop_service_mail_dev:10"}


def test_the_backend_has_many_names_and_one_service(function, moto):
    for name in ("", "backend"):
        moto.reset()
        function.invoke({"service": name})
        assert moto.deployed() == {"shop_service_dev": "shop_service_dev:10"}


def test_a_manual_event_may_ask_for_a_revision(function, moto):
    event = event_json("manual")
    event["detail"].update(service="worker", task_definition="shop_service_worker_dev:11")

    outcome = function.invoke(event)

    assert outcome.kind == "response", outcome.text
    assert moto.deployed() == {"shop_service_worker_dev": "shop_service_worker_dev:11"}


@pytest.mark.parametrize("name", near_misses())
def test_a_near_miss_is_ignored_with_a_reason_and_deploys_nothing(name, function, moto, slack):
    event, word = near_misses()[name]

    outcome = function.invoke(event)

    assert outcome.kind == "response", outcome.text
    assert outcome.body["status"] == "ignored", outcome.text
    assert word in outcome.body["detail"], outcome.text
    assert outcome.body["deployments"] == []
    assert moto.deployed() == {}
    assert slack.messages == []


def test_a_service_that_moto_does_not_know_fails_by_name(function, moto):
    outcome = function.invoke(b'{"service":"nosuch"}')

    assert outcome.kind == "error"
    assert outcome.error_type == "Function.DeploymentFailed"
    assert "nosuch" in outcome.body["errorMessage"]
    assert moto.deployed() == {}


def test_a_dry_run_changes_nothing_and_says_what_it_would_do(moto):
    with Function(function_environment(moto.url, DRY_RUN="true")) as function:
        outcome = function.invoke(b'{"service":"api"}')

    assert outcome.body["status"] == "dry_run", outcome.text
    assert outcome.body["deployments"][0]["task_definition"].endswith("shop_service_api_dev:42")
    assert moto.deployed() == {}
