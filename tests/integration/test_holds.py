"""Holds, freezes and change calendars: what they keep from beginning rolls once when they are over.

The requests are judged by botocore's models, the sandbox by boto3.
"""

import json
import pathlib
import re
import shlex

import pytest
from botocore.exceptions import ClientError
from botocore.validate import ParamValidator

from support.clients import sandbox_client
from support.model import call, service_model
from support.programs import Function, Sandbox, base_environment, cli, function_environment
from support.servers import HttpStub, Response
from support.waiting import eventually

CLUSTER = "shop_cluster_dev"
API = "shop_service_api_dev"
PATIENT = 0.2  # seconds between looks that ECS's quota of requests allows for ever
DOCS = pathlib.Path(__file__).parents[2] / "docs" / "holds.md"


def tools(sandbox: Sandbox, **more: str) -> dict[str, str]:
    """What `ci_lambda sandbox --env` says."""
    port = sandbox.url.rsplit(":", 1)[1]
    printed = cli("sandbox", "--env", "--port", port, environment=base_environment())
    assert printed.code == 0, printed.err
    variables = dict(re.findall(r"^export ([A-Z0-9_]+)=(.*)$", printed.out, re.MULTILINE))
    return {**base_environment(), **{name: shlex.split(value)[0] if value else "" for name, value in variables.items()}, "HOLDS": "true", "USER": "alice", **more}


def deployments(sandbox: Sandbox) -> list[str]:
    return [one["id"] for one in call(sandbox, "DescribeServices", cluster=CLUSTER, services=[API])["services"][0]["deployments"]]


def tag(sandbox: Sandbox) -> str | None:
    service = call(sandbox, "DescribeServices", cluster=CLUSTER, services=[API], include=["TAGS"])["services"][0]
    return {one["key"]: one["value"] for one in service["tags"]}.get("ci_lambda:hold")


def thaws(sandbox: Sandbox) -> list[str]:
    return [one["Name"] for one in sandbox.get("/schedules")["Schedules"] if one["Name"].startswith("ci_lambda-thaw-")]


def statuses(sandbox: Sandbox) -> list[str]:
    return [one["answer"]["status"] for one in sandbox.get("/sandbox/invocations") if one.get("answer")]


def ask_for_api(sandbox: Sandbox) -> str:
    """The status of the answer to a manual request."""
    request = {"service": "api"}

    def answers() -> list[str]:
        return [one["answer"]["status"] for one in sandbox.get("/sandbox/invocations") if one["event"] == request and one.get("answer")]

    heard = len(answers())
    sandbox.invoke(json.dumps(request).encode())
    eventually(lambda: len(answers()) > heard, "the answer", PATIENT)
    return answers()[-1]


def test_hold_push_nothing_rolls_release_it_rolls_once():
    with Sandbox("--speed", "60") as sandbox:
        environment = tools(sandbox)
        held = cli("hold", "api", "--until", "2h", "--reason", "the database moves", environment=environment)
        assert held.code == 0, held.err
        assert "held by alice until" in held.out
        assert tag(sandbox).endswith("by=alice reason=the database moves")
        before = deployments(sandbox)
        for version in ("v1.43", "v1.44", "v1.45"):
            assert cli("sandbox", "push", f"api:{version}", "--port", sandbox.url.rsplit(":", 1)[1], environment=base_environment()).code == 0
        eventually(lambda: statuses(sandbox).count("held") >= 3, "the answers to the pushes", PATIENT)
        assert deployments(sandbox) == before
        assert len(thaws(sandbox)) == 1
        listed = json.loads(cli("holds", "api", "--json", environment={**environment, "SCHEDULE_ROLE": "arn:aws:iam::123456789012:role/shop_schedules"}).out)
        assert listed["services"][0]["held"]
        assert listed["services"][0]["hold"]["by"] == "alice"
        assert "waiting" in listed["services"][0]
        assert "held by alice" in cli("status", "api", environment=environment).out
        released = cli("release", "api", environment={**environment, "SCHEDULE_ROLE": "arn:aws:iam::123456789012:role/shop_schedules"})
        assert released.code == 0, released.err
        assert "what waits begins about" in released.out
        eventually(lambda: deployments(sandbox) != before, "the rollout", PATIENT)
        eventually(lambda: thaws(sandbox) == [], "the end of the schedule", PATIENT)
        assert tag(sandbox) is None
        assert statuses(sandbox).count("deployed") == 1
        titles = json.dumps(sandbox.get("/sandbox/slack"))
        assert titles.count("*Deployment held: api*") == 1


def test_a_person_is_told_that_nothing_begins_by_itself_and_may_override():
    with Sandbox("--speed", "60") as sandbox:
        environment = tools(sandbox)
        assert cli("hold", "api", environment=environment).code == 0
        before = deployments(sandbox)
        refused = cli("deploy", "api", environment=environment)
        assert refused.code == 1
        assert "held by alice until it is released" in refused.out
        assert "nothing begins by itself" in refused.err
        assert deployments(sandbox) == before
        done = cli("deploy", "api", "--override-hold", "fixes the outage", environment=environment)
        assert done.code == 0, done.err
        assert deployments(sandbox) != before


def test_a_closed_calendar_keeps_deployments_from_beginning():
    with Sandbox("--speed", "60", CHANGE_CALENDARS="shop-freeze") as sandbox:
        port = sandbox.url.rsplit(":", 1)[1]
        ssm = sandbox_client("ssm", sandbox.url)
        with pytest.raises(ClientError, match="InvalidDocument"):
            ssm.get_calendar_state(CalendarNames=["shop-freeze"])
        closed = cli("sandbox", "close-calendar", "shop-freeze", "--port", port, environment=base_environment())
        assert closed.out == "change calendar shop-freeze is CLOSED\n"
        assert ssm.get_calendar_state(CalendarNames=["shop-freeze"])["State"] == "CLOSED"
        before = deployments(sandbox)
        assert ask_for_api(sandbox) == "held"
        assert deployments(sandbox) == before
        assert cli("sandbox", "open-calendar", "shop-freeze", "--port", port, environment=base_environment()).code == 0
        # What the calendar said two seconds ago still counts, so whoever is early is held once more.
        eventually(lambda: ask_for_api(sandbox) == "deployed", "the calendar's word of now", PATIENT)
        assert deployments(sandbox) != before


def test_the_recipe_of_the_docs_works():
    recipe = re.search(r"<!-- recipe: .*? -->\n```bash\n(.*?)```", DOCS.read_text(), re.DOTALL)[1]
    with Sandbox("--speed", "60") as sandbox:
        environment = tools(sandbox)
        for line in recipe.strip().splitlines():
            words = shlex.split(line)
            assert words[0] == "ci_lambda"
            done = cli(*words[1:], environment=environment)
            assert done.code == 0, f"{line}: {done.err}"
        assert tag(sandbox) is None


class Recorder(HttpStub):
    """Systems Manager, whose calendar is closed, and Scheduler, which keeps one schedule."""

    def __init__(self) -> None:
        self.requests: list = []
        self.schedules: dict[str, dict] = {}
        super().__init__()

    def handle(self, request) -> Response:
        self.requests.append(request)
        if request.header("X-Amz-Target"):
            return Response(200, {"State": "CLOSED", "AtTime": "2026-01-01T00:00:00Z", "NextTransitionTime": "2099-01-01T08:00:00Z"})
        name = request.path.removeprefix("/schedules/").split("?")[0]
        if request.method == "GET":
            known = self.schedules.get(name)
            return Response(200, known) if known else Response(404, {"Message": "no", "__type": "ResourceNotFoundException"})
        self.schedules[name] = request.json()
        return Response(200, {"ScheduleArn": f"arn:aws:scheduler:us-east-1:123456789012:schedule/default/{name}"})


def check_by_model(service: str, operation: str, request: dict) -> None:
    shape = service_model(service).operation_model(operation).input_shape
    assert ParamValidator().validate(request, shape).generate_report() == ""
    assert set(request) <= set(shape.members)


def test_botocores_models_accept_the_requests_about_what_is_held():
    with Sandbox("--speed", "600") as sandbox, Recorder() as recorder:
        environment = function_environment(
            sandbox.url,
            CHANGE_CALENDARS="shop-freeze",
            SCHEDULE_ROLE="arn:aws:iam::123456789012:role/calls",
            AWS_ENDPOINT_URL_SSM=recorder.url,
            AWS_ENDPOINT_URL_SCHEDULER=recorder.url,
        )
        with Function(environment) as function:
            first = function.invoke({"service": "api", "reason": "one"})
            second = function.invoke({"service": "api", "reason": "two"})
        assert first.body["status"] == "held", first.text
        assert second.body["status"] == "held", second.text
        assert "closed by the change calendar shop-freeze until 2099-01-01 08:00 UTC" in first.body["detail"]

        asked = next(one for one in recorder.requests if one.header("X-Amz-Target"))
        model = service_model("ssm")
        assert asked.header("X-Amz-Target") == f"{model.metadata['targetPrefix']}.GetCalendarState"
        check_by_model("ssm", "GetCalendarState", asked.json())
        operations = {"POST": "CreateSchedule", "PUT": "UpdateSchedule"}
        written = [one for one in recorder.requests if one.method in operations and one.path.startswith("/schedules/")]
        assert [one.method for one in written] == ["POST", "PUT"]
        for one in written:
            operation = operations[one.method]
            assert service_model("scheduler").operation_model(operation).http["method"] == one.method
            request = one.json() | {"Name": one.path.removeprefix("/schedules/")}
            check_by_model("scheduler", operation, request)
            assert request["ScheduleExpression"] == "at(2099-01-01T08:00:00)"
            assert json.loads(request["Target"]["Input"])["action"] == "thaw"
        assert len(recorder.schedules) == 1


@pytest.mark.parametrize("until", ["soon", "18:00 Europe/Belrin", "2020-01-01"])
def test_a_wrong_end_holds_nothing(until):
    with Sandbox("--speed", "60") as sandbox:
        refused = cli("hold", "api", "--until", until, environment=tools(sandbox))
        assert refused.code == 2
        assert tag(sandbox) is None
