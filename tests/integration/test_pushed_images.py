"""ECR_DEPLOY_MODE=revision: a push becomes a revision that differs in nothing but the image.

The task definition that is copied has every member that botocore's model of ECS knows, and some that it does not. It is
made from the model, so what a newer botocore knows is covered, too.
"""

import copy
import json

import pytest
from botocore.validate import ParamValidator

from support.model import call, ecs_model
from support.programs import Function, Sandbox, function_environment
from support.pushes import push_event
from support.servers import HttpStub, Response

REGISTRY = "123456789012.dkr.ecr.us-east-1.amazonaws.com"
REPOSITORY = "shop_service_api"
FAMILY = "shop_service_api_dev"
OLD = "sha256:" + "0" * 64
ONLY_IN_ANSWERS = {
    "taskDefinitionArn",
    "revision",
    "status",
    "requiresAttributes",
    "compatibilities",
    "registeredAt",
    "registeredBy",
    "deregisteredAt",
    "deleteRequestedAt",
}


def digest(digit: str) -> str:
    return "sha256:" + digit * 64


def pushed(tag: str, digit: str, time: str, event_id: str = "1") -> dict:
    return push_event(REPOSITORY, tag, digest(digit), time, event_id)


def everything(shape, depth: int = 0):
    """A value with every member that the model knows."""
    if shape.type_name == "structure":
        return {name: everything(member, depth + 1) for name, member in shape.members.items()}
    if shape.type_name == "list":
        return [everything(shape.member, depth + 1), everything(shape.member, depth + 1)]
    if shape.type_name == "map":
        return {"a key": everything(shape.value, depth + 1)}
    if shape.type_name == "string":
        return shape.metadata.get("enum", ["a text, with \"quotes\" and \u00fc"])[0]
    return {"boolean": True, "integer": 7, "long": 9_007_199_254_740_993, "double": 0.1, "timestamp": 1.5e9}[shape.type_name]


def definition_with_everything() -> dict:
    definition = everything(ecs_model().shape_for("TaskDefinition"))
    definition.update(
        family=FAMILY,
        revision=42,
        status="ACTIVE",
        taskDefinitionArn=f"arn:aws:ecs:us-east-1:123456789012:task-definition/{FAMILY}:42",
        cpu="256",  # a text here, and a number in a container
        aMemberOfNextYear={"with": [1, 2.5, None, {"more": ""}]},
    )
    app, sidecar = definition["containerDefinitions"]
    app.update(name="app", image=f"{REGISTRY}/{REPOSITORY}:v1", cpu=128, anotherOfNextYear=[[]])
    app["environment"] = [{"name": "EMPTY", "value": ""}, {"name": "PASSWORD", "value": "s3cr3t-in-clear"}]
    sidecar.update(name="log", image="public.ecr.aws/aws-observability/aws-for-fluent-bit:stable")
    return definition


class OneService(HttpStub):
    """ECS with one service and one family; keeps what it is sent as it is."""

    def __init__(self) -> None:
        self.revisions = {42: (definition_with_everything(), [{"key": "team", "value": "shop"}, {"key": "aws:x", "value": "y"}])}
        self.registered: list[dict] = []
        self.updates: list[dict] = []
        super().__init__()

    def handle(self, request):
        operation = request.header("X-Amz-Target").split(".")[-1]
        return Response(body=getattr(self, operation)(request.json()))

    def arn(self, number: int) -> str:
        return f"arn:aws:ecs:us-east-1:123456789012:task-definition/{FAMILY}:{number}"

    def ListTaskDefinitions(self, request):
        return {"taskDefinitionArns": [self.arn(number) for number in sorted(self.revisions, reverse=True)]}

    def DescribeServices(self, request):
        primary = {"id": "ecs-svc/1", "status": "PRIMARY", "taskDefinition": self.arn(42), "rolloutState": "COMPLETED", "createdAt": 1.0}
        return {"services": [{"serviceName": FAMILY, "status": "ACTIVE", "deployments": [primary]}], "failures": []}

    def ListServiceDeployments(self, request):
        return {"serviceDeployments": []}

    def DescribeTaskDefinition(self, request):
        definition, tags = self.revisions[int(request["taskDefinition"].split(":")[-1])]
        return {"taskDefinition": definition, "tags": tags}

    def RegisterTaskDefinition(self, request):
        self.registered.append(request)
        number = max(self.revisions) + 1
        definition = {**request, "taskDefinitionArn": self.arn(number), "revision": number, "status": "ACTIVE"}
        self.revisions[number] = (definition, definition.pop("tags", []))
        return {"taskDefinition": definition}

    def UpdateService(self, request):
        self.updates.append(request)
        primary = {"id": "ecs-svc/2", "status": "PRIMARY", "taskDefinition": request["taskDefinition"]}
        return {"service": {"serviceName": FAMILY, "deployments": [primary]}}


@pytest.fixture
def ecs():
    with OneService() as stub:
        yield stub


def test_nothing_is_lost_and_nothing_invented_but_the_image(ecs):
    before, _ = copy.deepcopy(ecs.revisions[42])
    with Function(function_environment(ecs.url, ECR_DEPLOY_MODE="revision")) as function:
        outcome = function.invoke(pushed("v2", "a", "2026-11-29T12:00:00Z"))
        log = json.dumps(function.log())

    assert outcome.body["status"] == "deployed", outcome.text
    assert [update["taskDefinition"] for update in ecs.updates] == [ecs.arn(43)]
    (request,) = ecs.registered
    expected = {key: value for key, value in before.items() if key not in ONLY_IN_ANSWERS}
    expected["containerDefinitions"][0]["image"] = f"{REGISTRY}/{REPOSITORY}:v2@{digest('a')}"
    tags = {tag["key"]: tag["value"] for tag in request.pop("tags")}
    assert request == expected
    assert tags["team"] == "shop" and "aws:x" not in tags
    assert tags["ci_lambda:image"] == f"{REPOSITORY}:v2@{digest('a')}"
    assert "s3cr3t-in-clear" not in log


def test_members_that_nobody_knows_survive_however_many_there_are(ecs):
    before, tags = ecs.revisions[42]
    before["aMemberOfNextYear"] = [{f"member{i}": {"deep": [i, [[str(i)]], None]}} for i in range(300)]
    with Function(function_environment(ecs.url, ECR_DEPLOY_MODE="revision")) as function:
        assert function.invoke(pushed("v2", "a", "2026-11-29T12:00:00Z")).body["status"] == "deployed"
    assert ecs.registered[0]["aMemberOfNextYear"] == before["aMemberOfNextYear"]


def test_what_is_registered_is_what_botocore_would_send(ecs):
    with Function(function_environment(ecs.url, ECR_DEPLOY_MODE="revision")) as function:
        function.invoke(pushed("v2", "a", "2026-11-29T12:00:00Z"))

    (request,) = ecs.registered
    shape = ecs_model().operation_model("RegisterTaskDefinition").input_shape
    assert set(shape.members) - set(request) == set(), "a member of the model was lost"
    problems = ParamValidator().validate(request, shape)
    unknown = problems.generate_report()
    for of_next_year in ("aMemberOfNextYear", "anotherOfNextYear"):
        unknown = "\n".join(line for line in unknown.splitlines() if of_next_year not in line)
    assert unknown.strip() == ""


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox("--speed", "1000", ECR_DEPLOY_MODE="revision") as sandbox:
        yield sandbox


def newest(sandbox: Sandbox) -> tuple[dict, dict]:
    answer = call(sandbox, "DescribeTaskDefinition", taskDefinition=FAMILY, include=["TAGS"])
    return answer["taskDefinition"], {tag["key"]: tag["value"] for tag in answer["tags"]}


def test_of_two_pushes_the_newer_one_runs_whatever_order_they_come_in(sandbox):
    first = newest(sandbox)[0]
    _, late = sandbox.invoke(json.dumps(pushed("v8", "b", "2026-11-29T12:00:08Z", "8")).encode())
    _, early = sandbox.invoke(json.dumps(pushed("v7", "a", "2026-11-29T12:00:07Z", "7")).encode())
    _, again = sandbox.invoke(json.dumps(pushed("v8", "b", "2026-11-29T12:00:08Z", "9")).encode())

    definition, tags = newest(sandbox)
    assert late["status"] == "deployed", late
    assert early["status"] == "ignored" and f"{REPOSITORY}:v7 was pushed before" in early["detail"], early
    assert again["status"] == "ignored", again
    assert definition["revision"] == first["revision"] + 1, "one push is one revision"
    assert definition["containerDefinitions"][0]["image"].endswith(f"/{REPOSITORY}:v8@{digest('b')}")
    service = call(sandbox, "DescribeServices", cluster="shop_cluster_dev", services=[FAMILY])["services"][0]
    assert service["taskDefinition"] == definition["taskDefinitionArn"]
    assert tags["ci_lambda:reason"] == f"image {REPOSITORY}:v8 was pushed"


def test_a_task_definition_that_grows_too_large_is_named_with_ecss_words_and_nothing_is_half_done(sandbox):
    definition = newest(sandbox)[0]
    members = {key: value for key, value in definition.items() if key not in ONLY_IN_ANSWERS}
    app = members["containerDefinitions"][0]
    app["image"] = f"{REGISTRY}/{REPOSITORY}:v1"
    app["environment"] = [{"name": "PADDING", "value": ""}]
    # As large as it may be, until the digest makes it larger.
    app["environment"][0]["value"] = "x" * (65_536 - len(json.dumps({k: v for k, v in members.items() if k != "family"}, separators=(",", ":"))))
    large = call(sandbox, "RegisterTaskDefinition", **members)["taskDefinition"]["taskDefinitionArn"]

    def primary() -> str:
        service = call(sandbox, "DescribeServices", cluster="shop_cluster_dev", services=[FAMILY])["services"][0]
        return next(one["id"] for one in service["deployments"] if one["status"] == "PRIMARY")

    before = primary()
    with Function(function_environment(sandbox.url, ECR_DEPLOY_MODE="revision")) as function:
        outcome = function.invoke(pushed("v10", "d", "2026-11-29T13:00:00Z"))

    assert outcome.kind == "error"
    assert f"a copy of {large.split('/')[-1]} with {REGISTRY}/{REPOSITORY}:v10@{digest('d')} could not be registered" in outcome.text
    assert "Max allowed length is '65536' bytes" in outcome.text
    assert primary() == before
    assert newest(sandbox)[0]["taskDefinitionArn"] == large
    call(sandbox, "DeregisterTaskDefinition", taskDefinition=large)


def test_a_dry_run_shows_the_image_and_registers_nothing(sandbox):
    before = newest(sandbox)[0]["revision"]
    with Function(function_environment(sandbox.url, ECR_DEPLOY_MODE="revision", DRY_RUN="true")) as function:
        outcome = function.invoke(pushed("v9", "c", "2026-11-29T12:00:30Z"))

    assert outcome.body["deployments"][0]["status"] == "dry_run", outcome.text
    assert f"/{REPOSITORY}:v9@{digest('c')}" in outcome.body["deployments"][0]["reason"]
    assert newest(sandbox)[0]["revision"] == before
