"""VERIFY_ALARMS and VERIFY_URLS: what has completed is watched by one-time schedules, and taken back when it goes bad.

The requests are judged by botocore's models, the sandbox by boto3.
"""

import datetime
import json

import pytest
from botocore.validate import ParamValidator

from support.clients import sandbox_client
from support.model import call, service_model
from support.programs import Function, Sandbox, aws_cli, function_environment
from support.servers import HttpStub, Response
from support.waiting import eventually

CLUSTER = "shop_cluster_dev"
API = "shop_service_api_dev"
ROLE = "arn:aws:iam::123456789012:role/looks"
PATIENT = 0.2  # seconds between looks that ECS's quota of requests allows for ever
WATCHING = {"VERIFY_ALARMS": "shop-5xx", "VERIFY_SECONDS": "1800", "LOG_LEVEL": "debug"}


def primary(sandbox: Sandbox) -> dict:
    return call(sandbox, "DescribeServices", cluster=CLUSTER, services=[API])["services"][0]["deployments"][0]


def family(sandbox: Sandbox) -> str:
    return primary(sandbox)["taskDefinition"].split("/")[-1].split(":")[0]


def completed(sandbox: Sandbox, wanted: str) -> bool:
    return primary(sandbox)["rolloutState"] == "COMPLETED" and family(sandbox) == wanted


def answers(sandbox: Sandbox) -> list[dict]:
    """To looks."""
    done = sandbox.get("/sandbox/invocations")
    return [one["answer"] for one in done if '"verify"' in json.dumps(one.get("event")) and one.get("answer")]


def set_alarm(sandbox: Sandbox, text: str) -> tuple:
    return sandbox.post("/sandbox/alarm", text.encode())


def test_an_alarm_after_completion_takes_the_rollout_back_and_slack_says_why():
    with Sandbox("--speed", "60", **WATCHING) as sandbox:
        sandbox.invoke(b'{"service":"api"}')
        eventually(lambda: answers(sandbox), "a look", PATIENT)
        assert completed(sandbox, API)
        assert answers(sandbox)[0]["status"] == "verifying"
        assert set_alarm(sandbox, "shop-5xx=ALARM")[0] == 200
        eventually(lambda: completed(sandbox, API + "-rollback"), "the rollback", PATIENT)
        told = json.dumps(sandbox.get("/sandbox/slack"))
        assert "unhealthy after completion" in told
        assert "the alarm shop-5xx is on" in told
        shown = sandbox_client("ecs", sandbox.url).describe_task_definition(
            taskDefinition=primary(sandbox)["taskDefinition"], include=["TAGS"]
        )
        tags = {tag["key"]: tag["value"] for tag in shown["tags"]}
        assert tags["ci_lambda:because"] == "automatic"
        assert "shop-5xx" in tags["ci_lambda:reason"]


def test_what_stays_well_is_verified_and_leaves_no_schedule():
    with Sandbox("--speed", "60", **{**WATCHING, "VERIFY_SECONDS": "300"}) as sandbox:
        sandbox.invoke(b'{"service":"api"}')
        eventually(lambda: [one for one in answers(sandbox) if one["status"] == "verified"], "the end", PATIENT)
        assert completed(sandbox, API)
        names = [one["Name"] for one in sandbox.get("/schedules")["Schedules"]]
        assert [name for name in names if name.startswith("ci_lambda-verify-")] == []


def test_an_alarm_in_the_bake_time_makes_ecs_go_back():
    with Sandbox("--speed", "120", "--scenario", "api=alarm-in-bake") as sandbox:
        sandbox.invoke(b'{"service":"api"}')

        def deployment() -> dict:
            return call(sandbox, "ListServiceDeployments", cluster=CLUSTER, service=API)["serviceDeployments"][0]

        eventually(lambda: deployment()["status"] == "ROLLBACK_SUCCESSFUL", "the rollback", PATIENT)
        arn = deployment()["serviceDeploymentArn"]
        (full,) = call(sandbox, "DescribeServiceDeployments", serviceDeploymentArns=[arn])["serviceDeployments"]
        assert full["alarms"]["triggeredAlarmNames"] == ["shop-5xx"]


def test_boto3_and_the_aws_cli_see_the_alarms_that_are_set_off_by_hand():
    with Sandbox("--speed", "60") as sandbox:
        cloudwatch = sandbox_client("cloudwatch", sandbox.url)

        def state(name: str) -> dict:
            return cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"][0]

        assert state("shop-5xx")["StateValue"] == "OK"
        before = state("shop-5xx")["StateTransitionedTimestamp"]
        assert set_alarm(sandbox, "shop-5xx=ALARM")[0] == 200
        assert state("shop-5xx")["StateValue"] == "ALARM"
        assert state("shop-5xx")["StateTransitionedTimestamp"] > before
        assert cloudwatch.describe_alarms(AlarmNames=["none"])["MetricAlarms"] == []
        set_alarm(sandbox, "new=ALARM")
        assert sandbox.get("/sandbox/alarm") == {"new": "ALARM", "shop-5xx": "ALARM"}
        set_alarm(sandbox, "shop-5xx=OK")
        assert state("shop-5xx")["StateValue"] == "OK"
        status, _, body = set_alarm(sandbox, "shop-5xx")
        assert status == 400 and b"NAME=ALARM" in body


def test_a_one_time_schedule_invokes_the_function_once_and_is_deleted():
    with Sandbox("--speed", "60") as sandbox:
        scheduler = sandbox_client("scheduler", sandbox.url)
        soon = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=2)
        request = {
            "Name": "once",
            "ScheduleExpression": f"at({soon:%Y-%m-%dT%H:%M:%S})",
            "FlexibleTimeWindow": {"Mode": "OFF"},
            "ActionAfterCompletion": "DELETE",
            "Target": {"Arn": "arn:aws:lambda:us-east-1:123456789012:function:ci_lambda", "RoleArn": ROLE, "Input": '{"action":"sweep"}'},
        }
        arn = scheduler.create_schedule(**request, ClientToken="a")["ScheduleArn"]
        assert scheduler.create_schedule(**request, ClientToken="a")["ScheduleArn"] == arn, "the same once more"
        with pytest.raises(scheduler.exceptions.ConflictException):
            scheduler.create_schedule(**request, ClientToken="b")

        def swept() -> list:
            return [one for one in sandbox.get("/sandbox/invocations") if "sweep" in json.dumps(one["event"])]

        eventually(lambda: swept() and swept()[0].get("answer"), "the invocation", PATIENT)
        with pytest.raises(scheduler.exceptions.ResourceNotFoundException):
            scheduler.get_schedule(Name="once")
        assert len(swept()) == 1
        later = soon + datetime.timedelta(days=1)
        scheduler.create_schedule(**{**request, "ScheduleExpression": f"at({later:%Y-%m-%dT%H:%M:%S})"})
        scheduler.delete_schedule(Name="once")
        with pytest.raises(scheduler.exceptions.ResourceNotFoundException):
            scheduler.delete_schedule(Name="once")
        with pytest.raises(scheduler.exceptions.ValidationException):
            scheduler.create_schedule(**{**request, "ScheduleExpression": "at(tomorrow)"})


class Recorder(HttpStub):
    """CloudWatch and Scheduler, which say that all is well."""

    def __init__(self) -> None:
        self.requests: list = []
        super().__init__()

    def handle(self, request) -> Response:
        self.requests.append(request)
        if request.header("X-Amz-Target"):
            return Response(200, {"MetricAlarms": [{"AlarmName": "shop-5xx", "StateValue": "OK"}]})
        return Response(200, {"ScheduleArn": "arn:aws:scheduler:us-east-1:123456789012:schedule/default/x"})


def check_by_model(service: str, operation: str, request: dict) -> None:
    shape = service_model(service).operation_model(operation).input_shape
    assert ParamValidator().validate(request, shape).generate_report() == ""
    assert set(request) <= set(shape.members)


def test_botocores_models_accept_the_requests_of_a_look():
    with Sandbox("--speed", "600") as sandbox, Recorder() as recorder:
        environment = function_environment(
            sandbox.url,
            VERIFY_ALARMS="shop-5xx",
            VERIFY_SCHEDULE_ROLE=ROLE,
            AWS_ENDPOINT_URL_CLOUDWATCH=recorder.url,
            AWS_ENDPOINT_URL_SCHEDULER=recorder.url,
        )
        running = primary(sandbox)
        now = datetime.datetime.now(datetime.timezone.utc)
        look = {
            "action": "verify",
            "service": "api",
            "deployment_id": running["id"],
            "task_definition": running["taskDefinition"],
            "started_at": f"{now:%Y-%m-%dT%H:%M:%SZ}",
            "at": f"{now:%Y-%m-%dT%H:%M:%SZ}",
            "until": f"{now + datetime.timedelta(minutes=5):%Y-%m-%dT%H:%M:%SZ}",
        }
        with Function(environment) as function:
            outcome = function.invoke(look)
        assert outcome.body["status"] == "verifying", outcome.text

        (alarms,) = [one for one in recorder.requests if one.header("X-Amz-Target")]
        model = service_model("cloudwatch")
        assert alarms.header("X-Amz-Target") == f"{model.metadata['targetPrefix']}.DescribeAlarms"
        assert alarms.header("Content-Type") == f"application/x-amz-json-{model.metadata['jsonVersion']}"
        check_by_model("cloudwatch", "DescribeAlarms", alarms.json())

        (made,) = [one for one in recorder.requests if one.path.startswith("/schedules/")]
        assert made.method == service_model("scheduler").operation_model("CreateSchedule").http["method"]
        request = made.json() | {"Name": made.path.removeprefix("/schedules/")}
        check_by_model("scheduler", "CreateSchedule", request)
        assert request["ActionAfterCompletion"] == "DELETE"
        assert json.loads(request["Target"]["Input"])["action"] == "verify"
        assert request["ScheduleExpression"].startswith("at(")


def test_a_look_at_what_somebody_has_replaced_changes_nothing():
    with Sandbox("--speed", "600") as sandbox, Recorder() as recorder:
        environment = function_environment(
            sandbox.url, VERIFY_ALARMS="shop-5xx", VERIFY_SCHEDULE_ROLE=ROLE, AWS_ENDPOINT_URL_CLOUDWATCH=recorder.url,
            AWS_ENDPOINT_URL_SCHEDULER=recorder.url,
        )  # fmt: skip
        look = {
            "action": "verify", "service": "api", "deployment_id": "ecs-svc/1", "task_definition": "x",
            "started_at": "2026-01-31T09:05:03Z", "at": "2026-01-31T09:05:03Z", "until": "2026-01-31T09:10:03Z",
        }  # fmt: skip
        with Function(environment) as function:
            outcome = function.invoke(look)
        assert outcome.body["status"] == "ignored"
        assert "took its place" in outcome.body["detail"]
        assert recorder.requests == []


def test_the_aws_cli_lists_what_is_in_alarm():
    with Sandbox("--speed", "600") as sandbox:
        set_alarm(sandbox, "shop-5xx=ALARM")
        shown = aws_cli(sandbox, "cloudwatch", "describe-alarms", "--alarm-names", "shop-5xx", "--output", "json")
        assert json.loads(shown.stdout)["MetricAlarms"][0]["StateValue"] == "ALARM"
