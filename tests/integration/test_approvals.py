"""Approvals as people see them: asked once, listed, reminded of, answered once, and answers to a pause of ECS.

The requests are judged by botocore's models, the sandbox by boto3.
"""

import base64
import concurrent.futures
import json
import re
import shlex

import pytest
from botocore.validate import ParamValidator

from support.clients import sandbox_client
from support.model import call, service_model
from support.programs import Sandbox, base_environment, cli
from support.waiting import eventually

CLUSTER = "shop_cluster_dev"
API = "shop_service_api_dev"
PREFIX = "ci_lambda-approval-"
PATIENT = 0.2  # seconds between looks that ECS's quota of requests allows for ever
PAUSE = {
    "strategy": "BLUE_GREEN",
    "lifecycleHooks": [
        {
            "targetType": "PAUSE",
            "lifecycleStages": ["POST_TEST_TRAFFIC_SHIFT"],
            "timeoutConfiguration": {"timeoutInMinutes": 1200, "action": "ROLLBACK"},
        }
    ],
}


def port(sandbox: Sandbox) -> str:
    return sandbox.url.rsplit(":", 1)[1]


def tools(sandbox: Sandbox, **more: str) -> dict[str, str]:
    """What `ci_lambda sandbox --env` says."""
    printed = cli("sandbox", "--env", "--port", port(sandbox), environment=base_environment())
    assert printed.code == 0, printed.err
    variables = dict(re.findall(r"^export ([A-Z0-9_]+)=(.*)$", printed.out, re.MULTILINE))
    return {**base_environment(), **{name: shlex.split(value)[0] if value else "" for name, value in variables.items()}, **more}


def deployments(sandbox: Sandbox) -> list[str]:
    return [one["id"] for one in call(sandbox, "DescribeServices", cluster=CLUSTER, services=[API])["services"][0]["deployments"]]


def schedules(sandbox: Sandbox) -> list[str]:
    """What stands for questions, without the hash in the middle."""
    listed = sandbox_client("scheduler", sandbox.url).list_schedules(NamePrefix=PREFIX, MaxResults=100)["Schedules"]
    return sorted(one["Name"].removeprefix(PREFIX).split("-", 1)[1] for one in listed)


def statuses(sandbox: Sandbox) -> list[str]:
    return [one["answer"]["status"] for one in sandbox.get("/sandbox/invocations") if one.get("answer")]


def titles(sandbox: Sandbox, words: str) -> int:
    return json.dumps(sandbox.get("/sandbox/slack")).count(f"*{words}: api*")


def sent(sandbox: Sandbox, operation: str) -> list[dict]:
    return [one["request"] for one in sandbox.get("/sandbox/ecs/calls") if one["operation"] == operation]


def push(sandbox: Sandbox, tag: str) -> None:
    assert cli("sandbox", "push", f"api:{tag}", "--port", port(sandbox), environment=base_environment()).code == 0


def test_asked_once_listed_and_answered_once():
    with Sandbox("--speed", "60", APPROVAL_REQUIRED="true") as sandbox:
        environment = tools(sandbox, APPROVAL_REQUIRED="true")
        nothing = cli("approvals", environment=environment)
        assert nothing.out == "Nothing waits for a person.\n" and nothing.err == ""
        push(sandbox, "v1.43")
        eventually(lambda: "awaiting_approval" in statuses(sandbox), "the answer to the push", PATIENT)
        asked = statuses(sandbox).count("awaiting_approval")
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda _: sandbox.invoke(b'{"service":"api"}'), range(8)))
        eventually(lambda: statuses(sandbox).count("awaiting_approval") == asked + 8, "the other answers", PATIENT)
        assert titles(sandbox, "Deployment to be approved") == 1
        assert schedules(sandbox) == ["expired", "remind"]

        (listed,) = json.loads(cli("approvals", "api", "--json", environment=environment).out)
        assert (listed["service"], listed["heard"], listed["running"]) == ("api", True, deployments(sandbox)[0])
        assert listed["token"].startswith("ca1.")
        assert json.loads(cli("approvals", "worker", "--json", environment=environment).out) == []
        shown = cli("approvals", environment=environment)
        assert re.match(r"api: waits to be approved until \d{4}-\d\d-\d\d \d\d:\d\d UTC: ", shown.out)
        assert f"ci_lambda approve {listed['token']}" in shown.err
        without = cli("approvals", environment={**environment, "SCHEDULE_ROLE": "", "VERIFY_SCHEDULE_ROLE": ""})
        assert "SCHEDULE_ROLE is not set" in without.err and without.out == "Nothing waits for a person.\n"

        before = deployments(sandbox)
        others = len(statuses(sandbox))
        answers = [json.dumps({"approve": listed["token"]}).encode()] * 6
        with concurrent.futures.ThreadPoolExecutor(6) as pool:
            list(pool.map(sandbox.invoke, answers))
        eventually(lambda: len(statuses(sandbox)) >= others + len(answers), "the answers to the answers", PATIENT)
        assert len([one for one in sent(sandbox, "UpdateService") if one["service"] == API]) == 1
        assert statuses(sandbox).count("deployed") == 1
        assert deployments(sandbox) != before
        assert schedules(sandbox) == ["begun-0"], "nobody is reminded; the turn stays for a while"
        assert json.loads(cli("approvals", "--json", environment=environment).out) == []


def test_a_no_takes_the_question_away_and_the_next_event_asks_again():
    with Sandbox("--speed", "60", APPROVAL_REQUIRED="true") as sandbox:
        push(sandbox, "v1.43")
        eventually(lambda: titles(sandbox, "Deployment to be approved") == 1, "the question", PATIENT)
        assert cli("sandbox", "click", "reject", "api", "--port", port(sandbox), environment=base_environment()).code == 0
        eventually(lambda: titles(sandbox, "Deployment rejected") == 1, "the no", PATIENT)
        eventually(lambda: schedules(sandbox) == [], "the end of the schedules", PATIENT)
        push(sandbox, "v1.43")
        eventually(lambda: titles(sandbox, "Deployment to be approved") == 2, "the question once more", PATIENT)
        assert sent(sandbox, "UpdateService") == []


@pytest.mark.parametrize(("answer", "action"), [("approve", "CONTINUE"), ("reject", "ROLLBACK")])
def test_a_pause_of_ecs_is_answered_with_the_action_spelt_out(answer, action):
    # At this speed it waits for forty minutes: what would be over in less than ten has no reminder.
    with Sandbox("--speed", "30") as sandbox:
        environment = tools(sandbox)
        call(sandbox, "UpdateService", cluster=CLUSTER, service=API, deploymentConfiguration=PAUSE)
        before = deployments(sandbox)
        assert cli("deploy", "api", environment=environment).code == 0
        waits = lambda: json.loads(cli("approvals", "api", "--json", environment=environment).out)
        (waiting,) = eventually(waits, "the pause", PATIENT)
        eventually(lambda: schedules(sandbox) == ["remind"], "the reminder", PATIENT)
        done = cli(answer, waiting["token"], environment=environment)
        assert done.code == 0, done.err
        (request,) = sent(sandbox, "ContinueServiceDeployment")
        assert request == {"serviceDeploymentArn": waiting["service_deployment"], "hookId": waiting["hook"], "action": action}
        shape = service_model("ecs").operation_model("ContinueServiceDeployment").input_shape
        assert ParamValidator().validate(request, shape).generate_report() == "" and set(request) <= set(shape.members)
        assert sent(sandbox, "StopServiceDeployment") == []
        if answer == "reject":
            eventually(lambda: deployments(sandbox) == before, "what ran before", PATIENT)


def test_check_knocks_at_the_door_and_knows_another_key():
    with Sandbox("--speed", "60") as sandbox:
        settings = sandbox.get("/sandbox/settings")
        door = {name: settings[name] for name in ("FUNCTION_URL", "APPROVAL_KEY", "SLACK_SIGNING_SECRET")}
        good = cli("check", environment=tools(sandbox, **door))
        assert re.search(r"^OK +function url: .* is answered by this function, with the same key$", good.out, re.MULTILINE), good.out
        other = cli("check", environment=tools(sandbox, **{**door, "APPROVAL_KEY": "x" * 40}))
        assert other.code == 1 and "is not answered as by this function with this key" in other.out
        assert all("approval_answer" not in one["event"] for one in sandbox.get("/sandbox/invocations"))


def test_what_a_schedule_says_approves_nothing():
    with Sandbox("--speed", "60", APPROVAL_REQUIRED="true") as sandbox:
        push(sandbox, "v1.43")
        eventually(lambda: schedules(sandbox) == ["expired", "remind"], "the schedules", PATIENT)
        scheduler = sandbox_client("scheduler", sandbox.url)
        inputs = [
            scheduler.get_schedule(Name=one["Name"])["Target"]["Input"]
            for one in scheduler.list_schedules(NamePrefix=PREFIX)["Schedules"]
        ]
        for text in inputs:
            event = json.loads(text)
            assert event["action"] == "approval_due"
            payload = event["token"].split(".")[1]
            assert json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))["s"] == "api"
            sandbox.invoke(text.encode())
            sandbox.invoke(json.dumps({**event, "approve": event["token"]}).encode())
        eventually(lambda: len(statuses(sandbox)) >= 3, "the answers", PATIENT)
        assert "deployed" not in statuses(sandbox)
        assert sent(sandbox, "UpdateService") == [] and sent(sandbox, "RegisterTaskDefinition") == []
