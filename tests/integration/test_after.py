"""A task after a deployment: run by the real function against the sandbox, which tells it of the ends."""

import json
import re

from support.model import call
from support.programs import Function, Sandbox, cli, function_environment
from support.waiting import eventually

CLUSTER = "shop_cluster_dev"
API = "shop_service_api_dev"
PATIENT = 0.2
SMOKE = {"services": {"api": {"after": {"task": "smoke", "command": ["./smoke"]}}}}
REQUEST = {"service": "api", "project": "shop", "env": "dev"}


def environment(sandbox: Sandbox, **more: str) -> dict:
    return function_environment(
        sandbox.url,
        CI_LAMBDA_CONFIG=json.dumps(SMOKE),
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
    return service["taskDefinition"].split("/")[-1]


def test_the_function_waits_for_the_task_and_says_completed_then():
    with Sandbox("--speed", "60") as sandbox:
        with Function(environment(sandbox, WAIT_FOR_DEPLOYMENT="true")) as function:
            outcome = function.invoke(REQUEST)
        assert outcome.body["status"] == "completed", outcome.text
        assert "the task smoke after it succeeded" in outcome.text
        assert runs(sandbox) == f"{API}:42"
        (sent,) = calls(sandbox, "RunTask")
        arns = call(sandbox, "ListTasks", cluster=CLUSTER, desiredStatus="STOPPED", family=API)["taskArns"]
        tasks = call(sandbox, "DescribeTasks", cluster=CLUSTER, tasks=arns)["tasks"]
        (task,) = [one for one in tasks if one["startedBy"].startswith("ci_lambda-after-")]
        assert task["taskDefinitionArn"].endswith(f"{API}:42")
        assert task["overrides"]["containerOverrides"][0]["command"] == ["./smoke"]


def test_where_the_task_fails_a_person_sees_it_and_the_service_goes_back():
    with Sandbox("--speed", "60") as sandbox:
        set_tasks(sandbox, "3 400")
        mine = environment(sandbox, LOG_LEVEL="info")
        failed = cli("deploy", "api", "--wait", environment=mine)
        assert failed.code != 0
        said = failed.out + failed.err
        assert "the task smoke after it failed" in said and "exit code 3" in said
        assert re.search(r"ECS has completed it; the task smoke runs after it since \d{4}-", failed.err), "while it runs"
        assert "fatal: 0042_index_orders" in said, "its last words"
        assert runs(sandbox).startswith(f"{API}-rollback:")
        assert len(calls(sandbox, "RunTask")) == 1, "a rollback has none"


def test_ecs_events_bring_the_task_and_its_end_where_nobody_waits():
    with Sandbox("--speed", "60") as sandbox, Function(environment(sandbox)) as function:
        set_tasks(sandbox, "1 60")
        call(sandbox, "UpdateService", cluster=CLUSTER, service=API, taskDefinition=f"{API}:42")

        def said_by_ecs(text: str) -> list[dict]:
            """The sandbox hands everything to a function of its own, without a task after anything."""
            events = (one["event"] for one in sandbox.get("/sandbox/invocations"))
            return [event for event in events if text in json.dumps(event)]

        eventually(lambda: said_by_ecs("SERVICE_DEPLOYMENT_COMPLETED"), "the completion", PATIENT)
        completed = said_by_ecs("SERVICE_DEPLOYMENT_COMPLETED")[0]
        outcome = function.invoke(completed)
        assert outcome.body["status"] == "verifying", outcome.text
        again = function.invoke({**completed, "id": "another-copy"})
        assert again.body["status"] == "verifying", again.text
        eventually(lambda: said_by_ecs("ECS Task State Change"), "the end of the task", PATIENT)
        ended = function.invoke(said_by_ecs("ECS Task State Change")[0])
        assert "the task smoke after it failed" in ended.text
        assert runs(sandbox).startswith(f"{API}-rollback:")
        assert len(calls(sandbox, "RunTask")) == 1
