"""FAILURE_LOG_LINES: a failure shows what its container wrote last. The requests are judged by botocore's model, the sandbox's
CloudWatch Logs by boto3."""

import json

import pytest
from botocore.validate import ParamValidator

from support.clients import sandbox_client
from support.model import call, problems_of_answer, service_model
from support.programs import Function, Sandbox, cli, function_environment, post_aws_json
from support.servers import HttpStub, Response
from support.waiting import eventually

CLUSTER = "shop_cluster_dev"
API = "shop_service_api_dev"
GROUP = "/ecs/shop_service_api"
LAST = "fatal: the database db.shop.internal:5432 cannot be reached, giving up"
PATIENT = 0.2


def stopped_task(sandbox: Sandbox) -> dict:
    """One that has failed, once there is one."""

    def tasks() -> list[dict]:
        arns = call(sandbox, "ListTasks", cluster=CLUSTER, serviceName=API, desiredStatus="STOPPED")["taskArns"]
        described = call(sandbox, "DescribeTasks", cluster=CLUSTER, tasks=arns)["tasks"] if arns else []
        return [one for one in described if one["containers"][0].get("exitCode") == 1]

    eventually(tasks, "a task that failed", PATIENT)
    return tasks()[0]


def stream_of(task: dict) -> str:
    return f"ecs/{task['containers'][0]['name']}/{task['taskArn'].split('/')[-1]}"


def test_slack_and_the_answer_of_a_function_that_waits_show_the_last_words():
    settings = {"FAILURE_LOG_LINES": "3", "WAIT_FOR_DEPLOYMENT": "true", "DEPLOYMENT_TIMEOUT_SECONDS": "600"}
    with Sandbox("--speed", "60", "--scenario", "api=crash-on-start", **settings) as sandbox:
        _, answer = sandbox.invoke(b'{"service":"api"}')
        (deployment,) = answer["deployments"]
        words = deployment["last_words"]
        assert words["container"] == "shop_service_api" and words["exit_code"] == 1
        assert len(words["lines"]) == 3 and words["lines"][-1] == LAST
        blocks = json.dumps(sandbox.get("/sandbox/slack"))
        assert "```" in blocks and LAST in blocks
        assert "Last words of the container shop_service_api (exit code 1)" in blocks


def test_without_the_setting_and_for_what_goes_well_no_log_is_read():
    for settings, scenario in (({}, "crash-on-start"), ({"FAILURE_LOG_LINES": "20"}, "healthy")):
        settings = {**settings, "WAIT_FOR_DEPLOYMENT": "true", "LOG_LEVEL": "debug"}
        with Sandbox("--speed", "60", "--scenario", f"api={scenario}", "--logs", **settings) as sandbox:
            _, answer = sandbox.invoke(b'{"service":"api"}')
            assert "last_words" not in answer["deployments"][0]
            assert "```" not in json.dumps(sandbox.get("/sandbox/slack"))
            assert "GetLogEvents" not in sandbox.output()


def test_boto3_reads_the_logs_of_tasks_page_by_page():
    with Sandbox("--speed", "60", "--scenario", "api=crash-on-start") as sandbox:
        sandbox.invoke(b'{"service":"api"}')
        stream = stream_of(stopped_task(sandbox))
        logs = sandbox_client("logs", sandbox.url)
        whole = logs.get_log_events(logGroupName=GROUP, logStreamName=stream)
        lines = [event["message"] for event in whole["events"]]
        assert lines[-1] == LAST and len(lines) > 3
        request = {"logGroupName": GROUP, "logStreamName": stream, "limit": 2}
        raw = json.loads(post_aws_json(sandbox, "Logs_20140328.GetLogEvents", request))
        assert problems_of_answer("logs", "GetLogEvents", raw) == []
        assert [event["message"] for event in raw["events"]] == lines[-2:]
        before = logs.get_log_events(**request, nextToken=raw["nextBackwardToken"])
        assert [event["message"] for event in before["events"]] == lines[-4:-2]
        after = logs.get_log_events(**request, nextToken=raw["nextForwardToken"])
        assert after["events"] == [] and after["nextForwardToken"] == raw["nextForwardToken"]
        head = logs.get_log_events(**request, startFromHead=True)
        assert [event["message"] for event in head["events"]] == lines[:2]
        for wrong in ({"logStreamName": "ecs/none/1"}, {"logGroupName": "/ecs/none"}):
            with pytest.raises(logs.exceptions.ResourceNotFoundException):
                logs.get_log_events(**{**request, **wrong})
        with pytest.raises(logs.exceptions.InvalidParameterException):
            logs.get_log_events(**request, nextToken="x")


class Logs(HttpStub):
    """CloudWatch Logs that says what it is told to."""

    def __init__(self, *answers: Response) -> None:
        self.requests: list = []
        self.answers = answers
        super().__init__()

    def handle(self, request) -> Response:
        self.requests.append(request)
        return self.answers[min(len(self.requests), len(self.answers)) - 1]


def wait_with(sandbox: Sandbox, logs: Logs) -> tuple[dict, list[dict]]:
    """Deploys, and waits until that has failed; the answer, and the log."""
    environment = function_environment(
        sandbox.url,
        FAILURE_LOG_LINES="20",
        WAIT_FOR_DEPLOYMENT="true",
        DEPLOYMENT_TIMEOUT_SECONDS="8",
        AWS_ENDPOINT_URL_CLOUDWATCH_LOGS=logs.url,
    )
    with Function(environment) as function:
        outcome = function.invoke({"service": "api", "project": "shop", "env": "dev"})
        assert outcome.body["status"] == "timed_out", outcome.text
        return outcome.body, function.log()


def test_botocores_model_accepts_the_request_and_a_hostile_log_does_no_harm():
    hostile = "\x1b[31m<!channel> ```\x07 key=wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY= " + "x" * 1_000_000
    answer = {"events": [{"timestamp": 1, "message": hostile, "ingestionTime": 2}], "nextForwardToken": "f/1", "nextBackwardToken": "b/1"}
    with Sandbox("--speed", "60", "--scenario", "api=crash-on-start") as sandbox, Logs(Response(200, answer)) as logs:
        body, _ = wait_with(sandbox, logs)
        (line,) = body["deployments"][0]["last_words"]["lines"]
        assert line.startswith("<!channel> ```  key=*** xxx") and len(line) == 400
        request = logs.requests[0]
        model = service_model("logs")
        assert request.header("X-Amz-Target") == f"{model.metadata['targetPrefix']}.GetLogEvents"
        assert request.header("Content-Type") == f"application/x-amz-json-{model.metadata['jsonVersion']}"
        shape = model.operation_model("GetLogEvents").input_shape
        assert ParamValidator().validate(request.json(), shape).generate_report() == ""
        assert set(request.json()) <= set(shape.members)
        assert request.json()["logStreamName"].startswith("ecs/shop_service_api/")


def test_without_the_permission_one_line_in_the_log_names_it_and_nothing_else_changes():
    refusal = Response(400, {"__type": "AccessDeniedException", "message": "not authorized to perform: logs:GetLogEvents"})
    with Sandbox("--speed", "60", "--scenario", "api=crash-on-start") as sandbox, Logs(refusal) as logs:
        body, log = wait_with(sandbox, logs)
        assert "last_words" not in body["deployments"][0]
        told = [line for line in log if line["message"].startswith("last words not read")]
        assert [line["fields"]["needs"] for line in told] == ["logs:GetLogEvents"]
        assert len(logs.requests) == 1


def test_a_person_sees_them_in_deploy_and_in_status():
    with Sandbox("--speed", "60", "--scenario", "api=crash-on-start") as sandbox:
        call(
            sandbox, "UpdateService", cluster=CLUSTER, service=API,
            deploymentConfiguration={"deploymentCircuitBreaker": {"enable": True, "rollback": True}},
        )  # fmt: skip
        environment = function_environment(sandbox.url, FAILURE_LOG_LINES="20", AWS_ENDPOINT_URL=sandbox.url, LOG_LEVEL="info")
        done = cli("deploy", "api", "--wait", environment=environment)
        assert done.code == 1
        assert "api: last words of the container shop_service_api (exit code 1):\n" in done.out
        assert f"    {LAST}\n" in done.out
        shown = cli("status", "api", environment=environment)
        assert "last words of the container shop_service_api" in shown.out and LAST in shown.out
        (service,) = cli("status", "api", "--json", environment=environment).json()
        assert service["last_rollout"]["last_words"]["lines"][-1] == LAST
        waited = cli("wait", "api", environment=environment)
        assert LAST in waited.out
