"""A task before a deployment: run by the real function against the sandbox, its requests judged by botocore's model."""

import json
import re

import pytest
from botocore.validate import ParamValidator

from support.clients import sandbox_client
from support.model import call, service_model
from support.programs import Function, Sandbox, cli, function_environment
from support.waiting import eventually

CLUSTER = "shop_cluster_dev"
API = "shop_service_api_dev"
PATIENT = 0.2
MIGRATE = {"services": {"api": {"before": {"task": "migrate", "command": ["./migrate", "up"]}}}}
REQUEST = {"service": "api", "project": "shop", "env": "dev"}


def environment(sandbox: Sandbox, **more: str) -> dict:
    return function_environment(
        sandbox.url,
        CI_LAMBDA_CONFIG=json.dumps(MIGRATE),
        AWS_ENDPOINT_URL_CLOUDWATCH_LOGS=sandbox.url,
        FAILURE_LOG_LINES="20",
        **more,
    )


def set_tasks(sandbox: Sandbox, text: str) -> None:
    assert sandbox.post("/sandbox/tasks", text.encode())[0] == 200


def calls(sandbox: Sandbox, operation: str) -> list[dict]:
    return [one for one in sandbox.get("/sandbox/ecs/calls") if one["operation"] == operation]


def runs(sandbox: Sandbox) -> str:
    service = call(sandbox, "DescribeServices", cluster=CLUSTER, services=[API])["services"][0]
    return service["taskDefinition"].split(":")[-1]


def test_the_task_runs_and_the_service_follows_and_the_request_is_botocores():
    with Sandbox("--speed", "60") as sandbox:
        with Function(environment(sandbox)) as function:
            outcome = function.invoke(REQUEST)
            assert outcome.body["status"] == "deployed", outcome.text
            requests = [line["fields"] for line in function.log() if line["fields"].get("request") == "ecs RunTask"]
        assert runs(sandbox) == "42"
        sent = json.loads(next(one["body"] for one in requests if "method" in one))
        assert sent["networkConfiguration"]["awsvpcConfiguration"]["subnets"]
        assert sent["launchType"] == "FARGATE" and sent["count"] == 1
        assert sent["startedBy"].startswith("ci_lambda-before-")
        shape = service_model("ecs").operation_model("RunTask").input_shape
        assert set(sent) <= set(shape.members)
        arns = call(sandbox, "ListTasks", cluster=CLUSTER, startedBy=sent["startedBy"], desiredStatus="STOPPED")["taskArns"]
        (task,) = call(sandbox, "DescribeTasks", cluster=CLUSTER, tasks=arns)["tasks"]
        (override,) = task["overrides"]["containerOverrides"]
        assert override["command"] == ["./migrate", "up"]
        names = {variable["name"] for variable in override["environment"]}
        assert names >= {"CI_LAMBDA_TASK", "CI_LAMBDA_REQUEST"}
        again = {**sent, "overrides": task["overrides"]}
        assert ParamValidator().validate(again, shape).generate_report() == ""


def test_a_task_that_fails_is_told_with_its_last_words_and_nothing_is_deployed():
    with Sandbox("--speed", "60") as sandbox:
        set_tasks(sandbox, "3 30")
        with Function(environment(sandbox)) as function:
            outcome = function.invoke(REQUEST)
        assert outcome.body["errorType"] == "Function.DeploymentFailed", outcome.text
        assert "the task migrate before it failed" in outcome.body["errorMessage"]
        assert "exit code 3" in outcome.body["errorMessage"]
        assert runs(sandbox) == "9"


def test_a_person_sees_what_would_run_and_what_has_failed():
    with Sandbox("--speed", "60") as sandbox:
        mine = environment(sandbox, LOG_LEVEL="info")
        dry = cli("deploy", "api", "--dry-run", environment=mine)
        assert dry.code == 0 and "the task migrate would run first" in dry.out + dry.err
        assert calls(sandbox, "RunTask") == []
        set_tasks(sandbox, "1")
        failed = cli("deploy", "api", environment=mine)
        assert failed.code == 1 and "the task migrate before it failed" in failed.err
        set_tasks(sandbox, "0 400")
        done = cli("deploy", "api", "--wait", environment=mine)
        assert done.code == 0, done.err
        assert re.search(r"api: the task migrate runs before it since \d{4}-", done.err), "shown while it is waited for"
        assert runs(sandbox) == "42"


def test_boto3_runs_a_task_once_for_a_token_and_is_refused_as_by_aws():
    with Sandbox("--speed", "60") as sandbox:
        ecs = sandbox_client("ecs", sandbox.url)
        network = {"awsvpcConfiguration": {"subnets": ["subnet-1"]}}
        request = {"cluster": CLUSTER, "taskDefinition": f"{API}:42", "networkConfiguration": network, "clientToken": "a", "startedBy": "me"}
        first = ecs.run_task(**request)["tasks"][0]
        assert ecs.run_task(**request)["tasks"][0]["taskArn"] == first["taskArn"]
        with pytest.raises(ecs.exceptions.ConflictException):
            ecs.run_task(**{**request, "startedBy": "you"})
        with pytest.raises(ecs.exceptions.InvalidParameterException):
            ecs.run_task(cluster=CLUSTER, taskDefinition=f"{API}:42")
        with pytest.raises(ecs.exceptions.InvalidParameterException):
            ecs.run_task(**{**request, "clientToken": "b", "overrides": {"containerOverrides": [{"name": "ghost"}]}})
        with pytest.raises(ecs.exceptions.ClientException):
            ecs.run_task(**{**request, "clientToken": "c", "taskDefinition": "none"})

        def stopped() -> dict:
            return ecs.describe_tasks(cluster=CLUSTER, tasks=[first["taskArn"]])["tasks"][0]

        eventually(lambda: stopped()["lastStatus"] == "STOPPED", "the end of the task", PATIENT)
        assert stopped()["containers"][0]["exitCode"] == 0
        assert sandbox.post("/sandbox/tasks", b"x")[0] == 400
