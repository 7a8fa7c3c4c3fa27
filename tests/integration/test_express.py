"""Express Mode services: a push to one, through the real programs and the sandbox, whose calls botocore's model judges."""

import json
import urllib.error
import urllib.request

import pytest

from support.clients import sandbox_client
from support.model import call, ecs_model
from support.programs import Function, Sandbox, cli, function_environment
from support.pushes import answer_to_push, push_event, start_push
from support.servers import HttpStub, Response
from support.waiting import eventually

WEB = "shop_service_web_dev"
CLUSTER = "shop_cluster_dev"
ARN = f"arn:aws:ecs:us-east-1:123456789012:service/{CLUSTER}/{WEB}"
REPOSITORY = "123456789012.dkr.ecr.us-east-1.amazonaws.com/shop_service_web"
FAST = ("--speed", "600")


def service(sandbox: Sandbox) -> dict:
    return call(sandbox, "DescribeServices", cluster=CLUSTER, services=[WEB])["services"][0]


def runs(sandbox: Sandbox) -> dict:
    """The configuration of the PRIMARY deployment, without what every service revision has of its own."""
    number = service(sandbox)["deployments"][0]["id"].split("/")[-1]
    described = call(sandbox, "DescribeExpressGatewayService", serviceArn=ARN)["service"]
    (one,) = [one for one in described["activeConfigurations"] if one["serviceRevisionArn"].endswith(f"/{number}")]
    return {name: one[name] for name in one if name not in ("serviceRevisionArn", "taskDefinitionArn", "createdAt")}


def calls(sandbox: Sandbox, operation: str) -> list[dict]:
    return [one["request"] for one in sandbox.get("/sandbox/ecs/calls") if one["operation"] == operation]


def push(sandbox: Sandbox, image: str) -> tuple[str, dict]:
    """The digest of what was pushed, and what the function answered to the event of its index."""
    digest = start_push(sandbox, image)
    return digest, answer_to_push(sandbox, digest)


def pushed(tag: str, digest: str, time: str) -> bytes:
    event = push_event("shop_service_web", tag, digest, time, end_of_id=time[-3:-1])
    return json.dumps(event).encode()


def everything(shape):
    """A value with every member that the model knows."""
    if shape.type_name == "structure":
        return {name: everything(member) for name, member in shape.members.items()}
    if shape.type_name == "list":
        return [everything(shape.member), everything(shape.member)]
    return 8083 if shape.type_name == "integer" else 'a text, with "quotes" and ü'


# --- the sandbox ------------------------------------------------------------------------------------------------------


def test_the_sandbox_has_an_express_service_as_the_model_has_it():
    with Sandbox(*FAST) as sandbox:
        assert service(sandbox)["resourceManagementType"] == "ECS"
        described = call(sandbox, "DescribeExpressGatewayService", serviceArn=ARN, include=["TAGS"])["service"]
        (configuration,) = described["activeConfigurations"]
        assert configuration["primaryContainer"]["image"] == f"{REPOSITORY}:v1.9"
        updated = call(sandbox, "UpdateExpressGatewayService", serviceArn=ARN, cpu="512", primaryContainer={"image": "nginx"})
        assert updated["service"]["targetConfiguration"]["cpu"] == "512"
        revision = service(sandbox)["currentServiceRevisions"][0]["arn"]
        call(sandbox, "DescribeServiceRevisions", serviceRevisionArns=[revision])
        ecs = sandbox_client("ecs", sandbox.url)
        with pytest.raises(ecs.exceptions.InvalidParameterException, match="Use UpdateExpressGatewayService"):
            ecs.update_service(cluster=CLUSTER, service=WEB, forceNewDeployment=True)
        with pytest.raises(ecs.exceptions.ServiceNotFoundException):
            ecs.update_express_gateway_service(serviceArn=ARN + "x")
        with pytest.raises(ecs.exceptions.ResourceNotFoundException):
            ecs.describe_express_gateway_service(serviceArn=ARN + "x")


# --- a push -----------------------------------------------------------------------------------------------------------


def test_a_push_is_what_runs_and_nothing_else_of_the_service_changes():
    with Sandbox(*FAST, ECR_DEPLOY_MODE="revision", WAIT_FOR_DEPLOYMENT="true") as sandbox:
        container = everything(ecs_model().shape_for("ExpressGatewayContainer"))
        sandbox_client("ecs", sandbox.url).update_express_gateway_service(
            serviceArn=ARN, primaryContainer={**container, "image": f"{REPOSITORY}:v1.9"}
        )
        eventually(lambda: service(sandbox)["deployments"][0]["rolloutState"] == "COMPLETED", "the first rollout", 0.2)
        before = runs(sandbox)

        digest, answer = push(sandbox, "web:v1.43")
        (deployment,) = answer["deployments"]
        assert deployment["status"] == "completed", answer
        assert deployment["images"] == [{"container": "Main", "image": f"{REPOSITORY}:v1.43@{digest}", "digest": digest}]
        after = runs(sandbox)
        assert after["primaryContainer"].pop("image") == f"{REPOSITORY}:v1.43@{digest}"
        del before["primaryContainer"]["image"]
        assert after == before
        assert calls(sandbox, "UpdateService") == [] and calls(sandbox, "RegisterTaskDefinition") == []
        (ours,) = calls(sandbox, "UpdateExpressGatewayService")[1:]
        assert sorted(ours) == ["primaryContainer", "serviceArn"], "what is not sent stays"

        # The same digest again, by its own event and by another tag.
        now = "2036-11-29T12:00:01Z"
        for tag in ("v1.43", "stable"):
            _, again = sandbox.invoke(pushed(tag, digest, now))
            assert again["deployments"][0]["status"] == "ignored", again
        assert len(calls(sandbox, "UpdateExpressGatewayService")) == 2

        # An older push that comes late.
        old, _ = push(sandbox, "web:v1.44")
        eventually(lambda: service(sandbox)["deployments"][0]["rolloutState"] == "COMPLETED", "the next rollout", 0.2)
        _, late = sandbox.invoke(pushed("v1.42", "sha256:" + "4" * 64, "2026-01-01T12:00:02Z"))
        assert "was pushed before" in late["deployments"][0]["outcome"], late
        assert runs(sandbox)["primaryContainer"]["image"] == f"{REPOSITORY}:v1.44@{old}"


def test_what_ecs_takes_back_does_not_come_again_by_a_retag():
    with Sandbox(*FAST, ECR_DEPLOY_MODE="revision", WAIT_FOR_DEPLOYMENT="true", ROLLBACK_ON_FAILURE="true") as sandbox:
        good = runs(sandbox)
        sandbox.post("/sandbox/scenario", b"web=crash-on-start")
        digest, answer = push(sandbox, "web:v1.43")
        assert answer["deployments"][0]["status"] == "rolled_back", answer
        eventually(lambda: len(service(sandbox)["deployments"]) == 1, "the rollback", 0.2)
        assert runs(sandbox) == good
        _, again = sandbox.invoke(pushed("stable", digest, "2036-11-29T12:00:01Z"))
        assert again["deployments"][0]["status"] == "ignored", again
        assert "was rolled back: push a newer image" in again["deployments"][0]["outcome"]
        sandbox.post("/sandbox/scenario", b"web=healthy")
        newer, answer = push(sandbox, "web:v1.44")
        assert answer["deployments"][0]["status"] == "completed", answer
        assert runs(sandbox)["primaryContainer"]["image"] == f"{REPOSITORY}:v1.44@{newer}"
        assert calls(sandbox, "UpdateService") == []


def test_without_a_map_it_is_found_and_redeployed_for_what_its_container_uses():
    with Sandbox(*FAST, DISCOVERY="true", CI_LAMBDA_CONFIG="{}") as sandbox:
        _, answer = push(sandbox, "web:v1.9")
        assert [one["service"] for one in answer["deployments"]] == ["web"]
        assert answer["deployments"][0]["status"] == "deployed", answer
        event = {
            "version": "0",
            "id": "1",
            "source": "aws.ssm",
            "detail-type": "Parameter Store Change",
            "account": "123456789012",
            "region": "us-east-1",
            "time": "2036-11-29T12:00:00Z",
            "resources": [],
            "detail": {"operation": "Update", "name": "/dev/shop/web/token", "type": "SecureString"},
        }
        _, changed = sandbox.invoke(json.dumps(event).encode())
        assert [one["status"] for one in changed["deployments"]] == ["deployed"], changed
        assert len(calls(sandbox, "UpdateExpressGatewayService")) == 2
        assert {json.dumps(one["primaryContainer"]) for one in calls(sandbox, "UpdateExpressGatewayService")} == {
            json.dumps(runs(sandbox)["primaryContainer"])
        }


class Lossy(HttpStub):
    """Hands ECS's calls on to the sandbox, and loses the answers to updates."""

    def __init__(self, url: str) -> None:
        self.sandbox_url = url
        super().__init__()

    def handle(self, request):
        headers = {name: value for name, value in request.headers.items() if name.lower() not in ("host", "content-length")}
        forwarded = urllib.request.Request(self.sandbox_url + request.path, data=request.body, headers=headers, method="POST")
        try:
            with urllib.request.urlopen(forwarded, timeout=30) as answer:
                response = Response(answer.status, answer.read(), {"Content-Type": "application/x-amz-json-1.1"})
        except urllib.error.HTTPError as error:
            response = Response(error.code, error.read(), {"Content-Type": "application/x-amz-json-1.1"})
        return None if request.header("X-Amz-Target").endswith("UpdateExpressGatewayService") else response


def test_a_lost_answer_is_found_again_and_nothing_is_sent_twice():
    with Sandbox(*FAST, ENABLE_ECR_MONITORING="false") as sandbox:
        status, _, body = sandbox.post("/sandbox/push", b"web:v1.43")
        assert status == 200, body
        digest = json.loads(body)["digest"]
        lossy = Lossy(sandbox.url)
        try:
            with Function(function_environment(lossy.url, ECR_DEPLOY_MODE="revision")) as function:
                answer = function.invoke(pushed("v1.43", digest, "2026-11-30T00:00:00Z")).body
        finally:
            lossy.close()
        assert answer["deployments"][0]["status"] == "deployed", answer
        assert len(calls(sandbox, "UpdateExpressGatewayService")) == 1
        assert runs(sandbox)["primaryContainer"]["image"] == f"{REPOSITORY}:v1.43@{digest}"
        written = service(sandbox)["deployments"][0]["taskDefinition"]
        tags = call(sandbox, "DescribeTaskDefinition", taskDefinition=written, include=["TAGS"])["tags"]
        assert "ci_lambda:pushed-at/Main" in [tag["key"] for tag in tags]


# --- people -----------------------------------------------------------------------------------------------------------


def test_people_deploy_compare_and_check_it_like_any_other():
    with Sandbox(*FAST) as sandbox:
        environment = function_environment(sandbox.url, AWS_ENDPOINT_URL_ECR=sandbox.url, DISCOVERY="true")

        def run(*arguments: str):
            return cli(*arguments, environment=environment)

        table = run("services")
        assert table.code == 0, table.err
        assert "Express Mode service" in table.out
        checked = run("check")
        assert "an Express service" in checked.out, checked.out + checked.err
        difference = run("diff", "web", "--image-tag", "v1.42")
        assert "v1.9" in difference.out and "v1.42" in difference.out, difference.out + difference.err
        assert calls(sandbox, "UpdateExpressGatewayService") == []
        done = run("deploy", "web", "--image-tag", "v1.42", "--wait")
        assert done.code == 0, done.out + done.err
        assert "web: completed" in done.out
        assert runs(sandbox)["primaryContainer"]["image"].startswith(f"{REPOSITORY}:v1.42@sha256:")
        refused = run("deploy", "web", "--task-definition", f"{CLUSTER}-{WEB}:1")
        assert refused.code == 1 and "name the image instead" in refused.err + refused.out
        back = run("rollback", "web")
        assert f"ci_lambda deploy web --image {REPOSITORY}@sha256:" in back.err + back.out, back.out + back.err
        assert calls(sandbox, "UpdateService") == [] and calls(sandbox, "RegisterTaskDefinition") == []
