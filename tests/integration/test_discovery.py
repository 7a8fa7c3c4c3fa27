"""DISCOVERY: a cluster, and no maps."""

import json

import pytest

from support.model import call
from support.programs import Function, Sandbox, cli, function_environment
from support.servers import HttpStub, Response

ACCOUNT = "123456789012"
REGISTRY = f"{ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com"
CLUSTER = "prod"
SECRET = f"arn:aws:secretsmanager:us-east-1:{ACCOUNT}:secret:shop/db-AbCdEf"


def event(source: str, kind: str, detail: dict, time: str = "2026-11-29T12:00:00Z") -> dict:
    return {
        "version": "0",
        "id": f"{source}-{abs(hash(json.dumps(detail))):x}-{time}",
        "source": source,
        "detail-type": kind,
        "account": ACCOUNT,
        "region": "us-east-1",
        "time": time,
        "resources": [],
        "detail": detail,
    }


def pushed(repository: str, time: str = "2026-11-29T12:00:00Z") -> dict:
    detail = {"action-type": "PUSH", "result": "SUCCESS", "repository-name": repository, "image-tag": "v2"}
    return event("aws.ecr", "ECR Image Action", detail, time)


def rotated() -> dict:
    detail = {
        "eventSource": "secretsmanager.amazonaws.com",
        "eventName": "RotationSucceeded",
        "requestParameters": None,
        "responseElements": None,
        "additionalEventData": {"SecretId": SECRET},
    }
    return event("aws.secretsmanager", "AWS Service Event via CloudTrail", detail)


class Cluster(HttpStub):
    """ECS with services s000, s001, .. of one container each; s000 gets a secret, s001 a parameter, s002 a file."""

    def __init__(self, services: int) -> None:
        self.names = [f"s{number:03}" for number in range(services)]
        self.tags: dict[str, list[dict]] = {}
        self.unreadable: set[str] = set()
        self.calls: list[str] = []
        self.updates: list[dict] = []
        super().__init__()

    def handle(self, request):
        operation = request.header("X-Amz-Target").split(".")[-1]
        with self._lock:
            self.calls.append(operation)
        return getattr(self, operation)(request.json())

    def arn(self, name: str) -> str:
        return f"arn:aws:ecs:us-east-1:{ACCOUNT}:task-definition/{name}-tasks:7"

    def ListServices(self, request):
        begin = int(request.get("nextToken", 0))
        end = min(begin + request["maxResults"], len(self.names))
        arns = [f"arn:aws:ecs:us-east-1:{ACCOUNT}:service/{CLUSTER}/{name}" for name in self.names[begin:end]]
        more = {"nextToken": str(end)} if end < len(self.names) else {}
        return Response(body={"serviceArns": arns, **more})

    def DescribeServices(self, request):
        services = []
        for name in request["services"]:
            primary = {"id": "ecs-svc/1", "status": "PRIMARY", "taskDefinition": self.arn(name), "rolloutState": "COMPLETED", "createdAt": 1.0}
            service = {"serviceName": name, "status": "ACTIVE", "taskDefinition": self.arn(name), "deployments": [primary]}
            if "TAGS" in request.get("include", []):
                service["tags"] = self.tags.get(name, [])
            services.append(service)
        return Response(body={"services": services, "failures": []})

    def DescribeTaskDefinition(self, request):
        name = request["taskDefinition"].split("/")[-1].split("-tasks")[0]
        if name in self.unreadable:
            return Response(400, {"__type": "AccessDeniedException", "message": "User is not authorized"})
        container = {"name": "app", "image": f"{REGISTRY}/shop/{name}:v1", "environment": [{"name": "X", "value": "y" * 4000}]}
        if name == "s000":
            container["secrets"] = [{"name": "DB", "valueFrom": f"{SECRET}:password::"}]
        if name == "s001":
            container["secrets"] = [{"name": "KEY", "valueFrom": "/shared/key"}]
        if name == "s002":
            container["environmentFiles"] = [{"type": "s3", "value": "arn:aws:s3:::shop-env/all.env"}]
        definition = {"taskDefinitionArn": self.arn(name), "family": f"{name}-tasks", "status": "ACTIVE", "containerDefinitions": [container]}
        return Response(body={"taskDefinition": definition, "tags": []})

    def ListTaskDefinitions(self, request):
        return Response(body={"taskDefinitionArns": [self.arn(request["familyPrefix"].split("-tasks")[0])]})

    def ListServiceDeployments(self, request):
        return Response(body={"serviceDeployments": []})

    def UpdateService(self, request):
        with self._lock:
            self.updates.append(request)
        primary = {"id": "ecs-svc/2", "status": "PRIMARY", "taskDefinition": request["taskDefinition"]}
        return Response(body={"service": {"serviceName": request["service"], "deployments": [primary]}})


def no_maps(url: str, **extra: str | None) -> dict[str, str]:
    return function_environment(url, DISCOVERY="true", ECS_CLUSTER_NAME=CLUSTER, SERVICE_CONFIG=None, **extra)


@pytest.fixture
def cluster():
    with Cluster(23) as stub:
        yield stub


def deployed(outcome) -> list[str]:
    return [one["service"] for one in outcome.body.get("deployments", [])]


def test_each_kind_of_change_finds_its_services_without_a_map(cluster):
    changed = event("aws.ssm", "Parameter Store Change", {"operation": "Update", "name": "/shared/key", "type": "String"})
    created = event("aws.s3", "Object Created", {"bucket": {"name": "shop-env"}, "object": {"key": "all.env"}})
    with Function(no_maps(cluster.url)) as function:
        assert deployed(function.invoke(pushed("shop/s007"))) == ["s007"]
        assert deployed(function.invoke(rotated())) == ["s000"]
        assert deployed(function.invoke(changed)) == ["s001"]
        assert deployed(function.invoke(created)) == ["s002"]
        assert deployed(function.invoke({"service": "s022"})) == ["s022"]
    assert [update["service"] for update in cluster.updates] == ["s007", "s000", "s001", "s002", "s022"]
    assert {update["cluster"] for update in cluster.updates} == {CLUSTER}
    # All of it from one look.
    assert cluster.calls.count("ListServices") == 1
    # Each revision once: the messages say what the deployed one names by what discovery has read.
    assert cluster.calls.count("DescribeTaskDefinition") == 23


def test_an_event_of_another_service_that_is_new_is_looked_for_at_once_and_a_storm_of_others_is_none(cluster):
    with Function(no_maps(cluster.url)) as function:
        assert function.invoke(pushed("elsewhere/x")).body["status"] == "ignored"
        cluster.names.append("s023")
        assert deployed(function.invoke(pushed("shop/s023", "2126-11-29T12:00:00Z"))) == ["s023"]
        reads = cluster.calls.count("DescribeTaskDefinition")
        for number in range(40):
            outcome = function.invoke(pushed(f"elsewhere/{number}", "2126-11-29T12:00:00Z"))
            assert outcome.body["status"] == "ignored", outcome.text
            assert f"no service of the cluster {CLUSTER} uses the repository elsewhere/{number}" in outcome.body["detail"]
    assert reads == 24, "each once"
    assert cluster.calls.count("DescribeTaskDefinition") == reads
    assert cluster.calls.count("ListServices") <= 5


def test_tags_say_the_exceptions_and_a_bad_one_is_told_and_holds_nobody_else(cluster):
    cluster.tags = {
        "s003": [{"key": "ci_lambda:auto-deploy", "value": "false"}],
        "s004": [{"key": "ci_lambda:repositories", "value": "shop/s003"}],
        "s005": [{"key": "ci_lambda:auto-deploy", "value": "perhaps"}],
    }
    with Function(no_maps(cluster.url)) as function:
        outcome = function.invoke(pushed("shop/s003"))
        log = function.log()
    assert deployed(outcome) == ["s004"]
    texts = [line["message"] for line in log if line["level"] == "warn"]
    assert any("service s005" in text and "ci_lambda:auto-deploy" in text and "perhaps" in text for text in texts), texts
    passed = [line for line in log if line["message"] == "service passed by"]
    assert [line["fields"]["reason"] for line in passed] == ["automatic deployments of s003 are off (its tag ci_lambda:auto-deploy)"]


def test_what_cannot_be_read_of_one_service_is_told_and_the_rest_goes_on(cluster):
    cluster.unreadable = {"s003"}
    with Function(no_maps(cluster.url)) as function:
        assert deployed(function.invoke(pushed("shop/s004"))) == ["s004"]
        log = json.dumps(function.log())
    assert f"service s003 of the cluster {CLUSTER}: what s003-tasks:7 uses is not known" in log


def test_an_event_that_nobody_could_place_comes_again(cluster):
    cluster.ListServices = lambda request: Response(400, {"__type": "ThrottlingException", "message": "Rate exceeded"})
    with Function(no_maps(cluster.url)) as function:
        outcome = function.invoke(pushed("shop/s004"))
        del cluster.ListServices
    assert outcome.kind == "error" and outcome.body["errorType"] == "Function.DiscoveryFailed", outcome.text
    assert f"the services of the cluster {CLUSTER} could not be read" in outcome.body["errorMessage"]


def test_without_it_nothing_is_asked(cluster):
    with Function(function_environment(cluster.url)) as function:
        assert function.invoke(pushed("shop/s004")).body["status"] == "ignored"
        assert function.invoke(rotated()).body["status"] == "ignored"
    assert cluster.calls == []


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox("--speed", "600") as sandbox:
        yield sandbox


def of_the_sandbox(sandbox: Sandbox) -> dict[str, str]:
    # Neither project nor repositories are named as the patterns would have it.
    extra = {"PROJECT_NAME": "mine", "ECS_CLUSTER_NAME": "shop_cluster_dev", "DISCOVERY": "true", "SERVICE_CONFIG": None}
    return function_environment(sandbox.url, **extra)


def test_the_sandboxs_shop_needs_no_maps(sandbox):
    with Function(of_the_sandbox(sandbox)) as function:
        outcome = function.invoke(pushed("shop_service_api"))
        service = call(sandbox, "DescribeServices", cluster="shop_cluster_dev", services=["shop_service_api_dev"])["services"][0]
        call(sandbox, "TagResource", resourceArn=service["serviceArn"], tags=[{"key": "ci_lambda:auto-deploy", "value": "false"}])
    with Function(of_the_sandbox(sandbox)) as function:
        held = function.invoke(pushed("shop_service_api", "2126-11-29T12:00:00Z"))
    assert deployed(outcome) == ["shop_service_api_dev"], outcome.text
    assert "its tag ci_lambda:auto-deploy" in held.body["detail"], held.text


def test_services_and_plan_say_what_finds_whom_and_why(cluster, tmp_path):
    environment = no_maps(cluster.url)
    services = cli("services", "s000", "s007", "--json", environment=environment)
    assert services.code == 0, services.err
    first, second = services.json()
    assert {"kind": "secret", "what": "shop/db-AbCdEf", "from": "s000-tasks:7"} in first["facts"]
    assert {"kind": "image", "what": "shop/s007", "from": "s007-tasks:7"} in second["facts"]
    text = cli("services", "s000", environment=environment).out
    assert text.startswith("s000  s000 in prod, runs s000-tasks:7\n")

    file = tmp_path / "event.json"
    file.write_text(json.dumps(pushed("shop/s007")))
    live = cli("plan", "--live", "--json", str(file), environment=environment)
    assert live.json()["decision"] == "deploy", live.err
    assert [one["service"] for one in live.json()["services"]] == ["s007"]
    assert "shop/s007" in cli("plan", "--live", str(file), environment=environment).out
    offline = cli("plan", str(file), environment=environment)
    assert "--live" in offline.err
    assert cluster.updates == []


def test_people_see_what_was_discovered(sandbox):
    status = cli("status", "--json", environment=of_the_sandbox(sandbox))
    assert status.code == 0, status.err
    assert "shop_service_api_dev" in status.out
    wrong = cli("deploy", "shop_service_apo_dev", "--dry-run", environment=of_the_sandbox(sandbox))
    assert wrong.code == 1
    assert 'did you mean "shop_service_api_dev"?' in wrong.err
