"""Services that CodeDeploy deploys, through the real programs and the sandbox. botocore's model judges every request of ours
and every answer of the sandbox.
"""

import json
import urllib.error
import urllib.request

import pytest
from botocore.validate import ParamValidator

from support.clients import sandbox_client
from support.model import call, call_code_deploy, problems_of_answer, service_model
from support.programs import Function, Sandbox, cli, function_environment
from support.servers import HttpStub, Response
from support.waiting import eventually

LEGACY = "shop_service_legacy_dev"
CLUSTER = "shop_cluster_dev"
APPLICATION = f"AppECS-{CLUSTER}-{LEGACY}"
GROUP = f"DgpECS-{CLUSTER}-{LEGACY}"
OURS = {"applicationName": APPLICATION, "deploymentGroupName": GROUP}
FAST = ("--speed", "600")


def definition(revision: int) -> str:
    return f"arn:aws:ecs:us-east-1:123456789012:task-definition/{LEGACY}:{revision}"


def add_legacy(sandbox: Sandbox, **settings) -> None:
    status, _, body = sandbox.post("/sandbox/code-deploy", json.dumps(settings).encode())
    assert status == 200, body


def service(sandbox: Sandbox) -> dict:
    return call(sandbox, "DescribeServices", cluster=CLUSTER, services=[LEGACY])["services"][0]


def serves(sandbox: Sandbox) -> str:
    (one,) = [one["taskDefinition"] for one in service(sandbox)["taskSets"] if one["status"] == "PRIMARY"]
    return one


def deployments(sandbox: Sandbox) -> list[dict]:
    """The newest first."""
    ids = call_code_deploy(sandbox, "ListDeployments", **OURS)["deployments"]
    return [call_code_deploy(sandbox, "GetDeployment", deploymentId=one)["deploymentInfo"] for one in ids]


class Judge(HttpStub):
    """Hands calls on to the sandbox, and lets botocore's model judge those of CodeDeploy, both ways."""

    def __init__(self, url: str) -> None:
        self.sandbox_url = url
        self.problems: list[str] = []
        self.seen: set[str] = set()
        super().__init__()

    def handle(self, request):
        target = request.header("X-Amz-Target") or ""
        headers = {name: value for name, value in request.headers.items() if name.lower() not in ("host", "content-length")}
        forwarded = urllib.request.Request(self.sandbox_url + request.path, data=request.body, headers=headers, method="POST")
        try:
            with urllib.request.urlopen(forwarded, timeout=30) as answer:
                response = Response(answer.status, answer.read(), {"Content-Type": "application/x-amz-json-1.1"})
        except urllib.error.HTTPError as error:
            response = Response(error.code, error.read(), {"Content-Type": "application/x-amz-json-1.1"})
        prefix, _, operation = target.partition(".")
        if prefix == "CodeDeploy_20141006":
            self.judge(operation, json.loads(request.body), response)
        return response

    def judge(self, operation: str, request: dict, response) -> None:
        self.seen.add(operation)
        shape = service_model("codedeploy").operation_model(operation).input_shape
        report = ParamValidator().validate(request, shape).generate_report()
        unknown = sorted(set(request) - set(shape.members))
        self.problems += [f"{operation}: {report}"] if report else []
        self.problems += [f"{operation} does not take {unknown}"] if unknown else []
        if response.status == 200:
            self.problems += problems_of_answer("codedeploy", operation, json.loads(response.payload()))


def settings(url: str, **extra) -> dict[str, str]:
    return function_environment(
        url,
        AWS_ENDPOINT_URL_CODEDEPLOY=url,
        CODE_DEPLOY="true",
        AUTO_DEPLOY_MAP='{"legacy":true}',
        **extra,
    )


DEPLOY = {"service": "legacy", "reason": "a test wants it"}


# --- the sandbox ------------------------------------------------------------------------------------------------------


def test_the_sandbox_answers_as_the_model_has_it():
    with Sandbox(*FAST) as sandbox:
        add_legacy(sandbox, configuration="CodeDeployDefault.ECSCanary10Percent5Minutes", auto_rollback="on")
        assert call_code_deploy(sandbox, "ListApplications")["applications"] == [APPLICATION]
        call_code_deploy(sandbox, "BatchGetApplications", applicationNames=[APPLICATION])
        call_code_deploy(sandbox, "ListDeploymentGroups", applicationName=APPLICATION)
        call_code_deploy(sandbox, "BatchGetDeploymentGroups", applicationName=APPLICATION, deploymentGroupNames=[GROUP])
        group = call_code_deploy(sandbox, "GetDeploymentGroup", **OURS)["deploymentGroupInfo"]
        assert group["ecsServices"] == [{"serviceName": LEGACY, "clusterName": CLUSTER}]
        call_code_deploy(sandbox, "GetDeploymentConfig", deploymentConfigName="CodeDeployDefault.ECSLinear10PercentEvery3Minutes")
        shown = service(sandbox)
        assert shown["deploymentController"] == {"type": "CODE_DEPLOY"} and shown["deployments"] == []
        ecs = sandbox_client("ecs", sandbox.url)
        with pytest.raises(ecs.exceptions.InvalidParameterException, match="Use AWS CodeDeploy"):
            ecs.update_service(cluster=CLUSTER, service=LEGACY, forceNewDeployment=True)

        client = sandbox_client("codedeploy", sandbox.url)
        spec = group["targetRevision"]["appSpecContent"]["content"].replace(definition(9), definition(42))
        revision = {"revisionType": "AppSpecContent", "appSpecContent": {"content": spec}}
        with pytest.raises(client.exceptions.InvalidFileExistsBehaviorException):
            client.create_deployment(**OURS, revision=revision, fileExistsBehavior="OVERWRITE")
        first = client.create_deployment(**OURS, revision=revision)["deploymentId"]
        with pytest.raises(client.exceptions.DeploymentLimitExceededException, match=first):
            client.create_deployment(**OURS, revision=revision)
        target = call_code_deploy(sandbox, "GetDeploymentTarget", deploymentId=first, targetId=f"{CLUSTER}:{LEGACY}")
        assert target["deploymentTarget"]["ecsTarget"]["lifecycleEvents"]
        call_code_deploy(sandbox, "StopDeployment", deploymentId=first, autoRollbackEnabled=True)
        eventually(lambda: len(deployments(sandbox)) == 3, "the rollback", 0.2)
        eventually(lambda: deployments(sandbox)[0]["status"] == "Succeeded", "the end of the rollback", 0.2)
        back, stopped, _ = deployments(sandbox)
        assert back["creator"] == "codeDeployRollback"
        assert stopped["status"] == "Stopped" and stopped["errorInformation"]["code"] == "MANUAL_STOP"
        assert stopped["rollbackInfo"]["rollbackDeploymentId"] == back["deploymentId"]
        assert serves(sandbox) == definition(9)
        with pytest.raises(client.exceptions.DeploymentAlreadyCompletedException):
            client.stop_deployment(deploymentId=first)
        with pytest.raises(client.exceptions.DeploymentDoesNotExistException):
            client.get_deployment(deploymentId="d-NOTHERE")


# --- the function -----------------------------------------------------------------------------------------------------


def test_a_deployment_is_begun_watched_and_judged_by_botocores_model():
    with Sandbox("--speed", "60") as sandbox:  # slow enough to be seen on its way
        add_legacy(sandbox, configuration="CodeDeployDefault.ECSCanary10Percent5Minutes", termination_wait_minutes=5)
        with Judge(sandbox.url) as judge:
            environment = settings(judge.url, WAIT_FOR_DEPLOYMENT="true", ROLLBACK_ON_FAILURE="true")
            with Function(environment) as function:
                answer = function.invoke(DEPLOY).body
        (done,) = answer["deployments"]
        assert done["status"] == "completed", answer
        newest = deployments(sandbox)[0]
        assert done["deployment_id"] == newest["deploymentId"]
        assert newest["description"] == "a test wants it"
        assert newest["autoRollbackConfiguration"] == {"enabled": True, "events": ["DEPLOYMENT_FAILURE"]}
        assert "shop_legacy_smoke_test" in newest["revision"]["appSpecContent"]["content"], "hooks stay"
        assert serves(sandbox) == definition(42)
        assert judge.problems == []
        assert {"CreateDeployment", "GetDeployment", "GetDeploymentGroup", "GetDeploymentTarget", "ListDeployments"} <= judge.seen


def test_the_group_is_found_by_looking_at_all_or_is_named():
    with Sandbox(*FAST) as sandbox:
        add_legacy(sandbox)
        with Judge(sandbox.url) as judge:
            with Function(settings(judge.url, CODE_DEPLOY_GROUPS=f"legacy={APPLICATION}/{GROUP}", DRY_RUN="true")) as function:
                assert function.invoke(DEPLOY).body["status"] == "dry_run"
            assert "ListApplications" not in judge.seen
            with Function(settings(judge.url, CODE_DEPLOY_GROUPS="legacy=Wrong/Group", DRY_RUN="true")) as function:
                refused = function.invoke(DEPLOY)
            assert "Wrong/Group" in refused.text
        assert judge.problems == []
        assert len(deployments(sandbox)) == 1


def test_one_that_fails_is_rolled_back_by_codedeploy_and_the_news_say_so():
    with Sandbox(*FAST, CODE_DEPLOY="true", ROLLBACK_ON_FAILURE="true", AUTO_DEPLOY_MAP='{"legacy":true}') as sandbox:
        add_legacy(sandbox, auto_rollback="on")
        sandbox.post("/sandbox/scenario", f"{LEGACY}=crash-on-start".encode())
        _, answer = sandbox.invoke(json.dumps(DEPLOY).encode())
        assert answer["status"] == "deployed", answer
        eventually(lambda: deployments(sandbox)[0]["status"] == "Succeeded", "the rollback", 0.2)
        assert serves(sandbox) == definition(9)
        eventually(lambda: "rolled back: legacy" in json.dumps(sandbox.get("/sandbox/slack")), "the news", 0.2)
        assert len(deployments(sandbox)) == 3, "never a rollback of a rollback"


# --- people -----------------------------------------------------------------------------------------------------------


def test_people_check_deploy_and_roll_it_back_like_any_other():
    with Sandbox(*FAST) as sandbox:
        add_legacy(sandbox, termination_wait_minutes=1)
        environment = settings(sandbox.url)

        def run(*arguments: str):
            return cli(*arguments, environment=environment)

        done = run("deploy", "legacy", "--wait")
        assert done.code == 0, done.out + done.err
        assert "legacy: completed" in done.out
        shown = run("status", "legacy")
        assert f"steady  2/2    {LEGACY}:42" in shown.out, shown.out + shown.err
        back = run("rollback", "legacy", "--wait")
        assert back.code == 0, back.out + back.err
        assert serves(sandbox).endswith(f"{LEGACY}-rollback:1")
        copy = call(sandbox, "DescribeTaskDefinition", taskDefinition=serves(sandbox), include=["TAGS"])
        assert {"key": "ci_lambda:stands-for", "value": f"{LEGACY}:9"} in copy["tags"]
