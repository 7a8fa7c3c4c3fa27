"""Which tags of pushed images deploy: the built programs, from a push to ECS's calls."""

import json

import pytest

from support.kinds import event_json, s3_configuration
from support.programs import Function, cli, function_environment
from support.servers import EcsStub

FILTER = {"default": ["v*", "!*-rc*"], "worker": [">=2.0 <3", "/hotfix-[0-9]{1,3}/"]}
SETTINGS = {
    "SERVICE_CONFIG": s3_configuration(),
    "ECR_REPO_MAP": '{"shop/app":["api","worker"]}',
    "ECR_TAG_FILTER": json.dumps(FILTER),
}


@pytest.fixture
def ecs():
    with EcsStub() as stub:
        yield stub


def push(tag: str, **detail: str) -> dict:
    event = event_json("ecr-push")
    event["detail"] |= {"repository-name": "shop/app", "image-tag": tag} | detail
    return event


def refused(tag: str, service: str) -> str:
    return f"shop/app:{tag} is not a tag that deploys {service} (ECR_TAG_FILTER: {', '.join(FILTER.get(service, FILTER['default']))})"


# Tag -> the services that roll.
OUTCOMES = {
    "v2.1.0": ["api", "worker"],
    "v1.9.0": ["api"],
    "2.1.0": ["worker"],
    "hotfix-17": ["worker"],
    "v2.1.0-rc.1": [],
    "pr-17": [],
}


@pytest.mark.parametrize("tag", OUTCOMES)
def test_a_push_rolls_the_services_whose_filter_takes_its_tag(tag, ecs):
    with Function(function_environment(ecs.url, **SETTINGS)) as function:
        body = function.invoke(push(tag)).body

    rolling = OUTCOMES[tag]
    assert body["status"] == ("deployed" if rolling else "ignored")
    assert sorted(one["service"] for one in body["deployments"]) == rolling
    assert sorted(ecs.updated_services()) == [f"shop_service_{service}_dev" for service in rolling]
    if not rolling:
        assert body["detail"] == f"{refused(tag, 'api')}; {refused(tag, 'worker')}"
        assert ecs.requests() == []


@pytest.mark.parametrize("tag", OUTCOMES)
def test_plan_shows_who_is_passed_by_and_why(tag):
    environment = function_environment("http://127.0.0.1:1", **SETTINGS)
    done = cli("plan", "-", "--json", environment=environment, stdin=json.dumps(push(tag)))

    plan = done.json()
    assert sorted(one["service"] for one in plan["deployments"]) == OUTCOMES[tag]
    assert plan["passed_by"] == [
        {"service": service, "reason": refused(tag, service)}
        for service in ("api", "worker")
        if service not in OUTCOMES[tag]
    ]


def test_a_person_deploys_whatever_the_filter_says(ecs):
    with Function(function_environment(ecs.url, **SETTINGS | {"ECR_TAG_FILTER": "no-such-tag"})) as function:
        assert function.invoke(b'{"service":"api"}').body["status"] == "deployed"
        assert function.invoke(push("v2.1.0")).body["status"] == "ignored"
    assert ecs.updated_services() == ["shop_service_api_dev"]


NO_IMAGES = {
    "a signature": (push("sha256-" + "a" * 64 + ".sig"), "signature or attestation"),
    "a list of what refers to an image": (push("sha256-" + "a" * 64), "signature or attestation"),
    "a build cache": (push("buildcache"), "build cache"),
    "a cache by its type": (
        push("main", **{"artifact-media-type": "application/vnd.buildkit.cacheconfig.v0"}),
        "is no image but application/vnd.buildkit.cacheconfig.v0",
    ),
}


@pytest.mark.parametrize("what", NO_IMAGES)
def test_what_is_no_image_deploys_nothing_without_any_filter(what, ecs):
    event, word = NO_IMAGES[what]
    done = cli(
        "invoke", "-", environment=function_environment(ecs.url, **SETTINGS | {"ECR_TAG_FILTER": "*"}), stdin=json.dumps(event)
    )
    assert done.json()["status"] == "ignored"
    assert word in done.json()["detail"]
    assert ecs.requests() == []


def test_a_filter_that_does_not_parse_is_told_with_its_place_and_starts_nothing():
    bad = {"ECR_TAG_FILTER": '{"default":[">=2.y"],"api":["v[1]"]}'}
    done = cli("config", environment=function_environment("http://127.0.0.1:1", **SETTINGS | bad))
    assert done.code == 2
    assert 'ECR_TAG_FILTER: "api"[0]: "v[1]": tags have no "["; "default"[0]: ">=2.y": "2.y" is no version' in done.err

    document = {"project": "shop", "environment": "dev", "defaults": {"tags": ["v*", "/(a/"]}}
    done = cli("config", environment={"CI_LAMBDA_CONFIG": json.dumps(document)})
    assert done.code == 2
    assert '/defaults/tags/1: is "/(a/": a "(" has no ")"; expected a glob such as `v*`' in done.err


def test_config_shows_the_filter_and_moves_it_into_a_document():
    environment = function_environment("http://127.0.0.1:1", **SETTINGS)
    table = cli("config", environment=environment).out
    assert "v*, !*-rc*; 1 service has its own" in table
    assert '"tags":[">=2.0 <3","/hotfix-[0-9]{1,3}/"]' in table

    document = json.loads(cli("config", "--from-env", environment=environment).out)
    assert document["defaults"] == {"tags": FILTER["default"]}
    assert document["services"]["worker"]["tags"] == FILTER["worker"]
    said = cli("config", "--json", environment={"CI_LAMBDA_CONFIG": json.dumps(document)}).json()
    assert said["defaults"]["tags"] == FILTER["default"]
    assert said["services"]["worker"]["tags"] == FILTER["worker"]
