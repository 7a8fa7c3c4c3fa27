"""SCHEDULED_TASK_MAP: a push becomes a revision, and what starts the task is moved to it, with all that it had.

The sandbox's Scheduler and rules are judged by botocore's models; the function runs against the sandbox and against moto.
"""

import copy
import json

import pytest

from support.clients import sandbox_client
from support.model import call_events, problems_of_answer
from support.moto_ecs import client, running_moto
from support.programs import Function, Sandbox, cli, function_environment
from support.pushes import answer_to_push, push_event, start_push
from support.servers import HttpStub, Response
from support.waiting import eventually

REPOSITORY = "shop_service_api"
FAMILY = "shop_report_dev"
TASKS = json.dumps({"task:report": {"task_family": FAMILY, "repositories": [REPOSITORY]}})
CLUSTER = "arn:aws:ecs:us-east-1:123456789012:cluster/shop_cluster_dev"
PATIENT = 0.2  # seconds between looks that ECS's quota of requests allows for ever


def definition_arn(revision: int) -> str:
    return f"arn:aws:ecs:us-east-1:123456789012:task-definition/{FAMILY}:{revision}"


def pushed(tag: str, digit: str, time: str, repository: str = REPOSITORY) -> dict:
    return push_event(repository, tag, "sha256:" + digit * 64, time, digit * 2)


def schedule(url: str) -> dict:
    got = sandbox_client("scheduler", url).get_schedule(Name="report", GroupName="night")
    for name in ("ResponseMetadata", "LastModificationDate"):
        del got[name]
    return got


def target(url: str) -> dict:
    (one,) = sandbox_client("events", url).list_targets_by_rule(Rule="report-weekly")["Targets"]
    return one


def moved(before: dict, revision: int, parameters: tuple[str, ...]) -> dict:
    """The same with another task definition."""
    after = copy.deepcopy(before)
    inner = after
    for name in parameters:
        inner = inner[name]
    inner["TaskDefinitionArn"] = definition_arn(revision)
    return after


# --- the sandbox ------------------------------------------------------------------------------------------------------


def test_the_sandbox_answers_as_the_models_have_it():
    with Sandbox("--speed", "600") as sandbox:
        assert sandbox.get("/schedules?MaxResults=1")["Schedules"][0]["Target"] == {"Arn": CLUSTER}
        assert problems_of_answer("scheduler", "ListSchedules", sandbox.get("/schedules")) == []
        got = sandbox.get("/schedules/report?groupName=night")
        assert problems_of_answer("scheduler", "GetSchedule", got) == []
        assert call_events(sandbox, "ListRuleNamesByTarget", TargetArn=CLUSTER)["RuleNames"] == ["report-weekly"]
        targets = call_events(sandbox, "ListTargetsByRule", Rule="report-weekly")["Targets"]
        assert call_events(sandbox, "PutTargets", Rule="report-weekly", Targets=targets)["FailedEntryCount"] == 0
        failed = call_events(sandbox, "PutTargets", Rule="report-weekly", Targets=[{"Id": "x"}])
        assert failed["FailedEntryCount"] == 1


def test_a_member_that_is_left_out_of_an_update_has_its_default_again_as_at_aws():
    with Sandbox("--speed", "600") as sandbox:
        scheduler = sandbox_client("scheduler", sandbox.url)
        before = schedule(sandbox.url)
        assert (before["State"], before["ScheduleExpressionTimezone"]) == ("DISABLED", "Europe/Paris")
        least = {name: before[name] for name in ("Name", "GroupName", "ScheduleExpression", "FlexibleTimeWindow", "Target")}
        scheduler.update_schedule(**least)
        after = schedule(sandbox.url)
        assert (after["State"], after["ScheduleExpressionTimezone"]) == ("ENABLED", "UTC")
        assert "Description" not in after
        with pytest.raises(scheduler.exceptions.ResourceNotFoundException):
            scheduler.get_schedule(Name="report")
        with pytest.raises(scheduler.exceptions.ConflictException):
            scheduler.create_schedule(**least)


def check_that_both_move_with_the_service(sandbox: Sandbox, before: dict, before_rule: dict, digest: str) -> None:
    eventually(lambda: schedule(sandbox.url) != before, "the schedule", PATIENT)
    assert schedule(sandbox.url) == moved(before, 43, ("Target", "EcsParameters"))
    eventually(lambda: target(sandbox.url) != before_rule, "the rule", PATIENT)
    assert target(sandbox.url) == moved(before_rule, 43, ("EcsParameters",))
    ecs = sandbox_client("ecs", sandbox.url)
    definition = ecs.describe_task_definition(taskDefinition=f"{FAMILY}:43")["taskDefinition"]
    assert definition["containerDefinitions"][0]["image"].endswith(f"/{REPOSITORY}:v1.43@{digest}")
    service = ecs.describe_services(cluster="shop_cluster_dev", services=["shop_service_api_dev"])["services"][0]
    assert service["deployments"][0]["rolloutState"] == "COMPLETED"


def test_a_push_moves_what_starts_the_task_once_the_service_of_the_image_has_completed():
    with Sandbox("--speed", "200", ECR_DEPLOY_MODE="revision", SCHEDULED_TASK_MAP=TASKS) as sandbox:
        before, before_rule = schedule(sandbox.url), target(sandbox.url)
        digest = start_push(sandbox, "api:v1.43")
        answer = answer_to_push(sandbox, digest)
        (task,) = answer["tasks"]
        assert (answer["status"], task["status"]) == ("deployed", "waiting"), answer
        assert task["outcome"] == f"follows once api has completed with {REPOSITORY}:v1.43"

        check_that_both_move_with_the_service(sandbox, before, before_rule, digest)
        said = json.dumps(eventually(lambda: [one for one in sandbox.get("/sandbox/slack") if "task:report" in json.dumps(one)], "a message"))
        assert "Scheduled task updated: task:report" in said
        assert f"runs {FAMILY}:43 with {REPOSITORY}:v1.43" in said


def test_a_service_that_fails_leaves_the_task_where_it_is():
    with Sandbox("--speed", "200", ECR_DEPLOY_MODE="revision", SCHEDULED_TASK_MAP=TASKS, ROLLBACK_ON_FAILURE="true") as sandbox:
        before = schedule(sandbox.url)
        status, _, body = sandbox.post("/sandbox/scenario", b"api=crash-on-start")
        assert status == 200, body
        sandbox.post("/sandbox/push", b"api:v1.43")

        def rolled_back() -> bool:
            return "rolled back" in json.dumps(sandbox.get("/sandbox/slack"))

        eventually(rolled_back, "the rollback", PATIENT)
        assert schedule(sandbox.url) == before
        assert target(sandbox.url)["EcsParameters"]["TaskDefinitionArn"] == definition_arn(42)


def test_without_a_map_nobody_is_asked():
    with Sandbox("--speed", "600", ECR_DEPLOY_MODE="revision") as sandbox:
        before = schedule(sandbox.url)
        _, answer = sandbox.invoke(json.dumps(pushed("v1.43", "a", "2026-11-29T12:00:00Z")).encode())
        assert "tasks" not in answer and answer["status"] == "deployed"
        assert schedule(sandbox.url) == before


# --- by discovery -------------------------------------------------------------------------------------------------------

DISCOVERY = {"DISCOVERY": "true", "DISCOVERY_TASKS": "true", "SERVICE_CONFIG": None}


class Refused(HttpStub):
    """A Scheduler that lets nobody look."""

    def handle(self, request) -> Response:
        return Response(403, {"Message": "User is not authorized"}, {"x-amzn-ErrorType": "AccessDeniedException"})


def found_in(sandbox: Sandbox, **more: str | None) -> dict[str, str]:
    environment = function_environment(sandbox.url, ECS_CLUSTER_NAME="shop_cluster_dev", **{**DISCOVERY, **more})
    return {"AWS_ENDPOINT_URL": sandbox.url, **environment}


def test_without_a_map_a_push_moves_the_schedule_and_the_rule_once_the_service_has_completed():
    with Sandbox("--speed", "200", ECR_DEPLOY_MODE="revision", DISCOVERY="true", DISCOVERY_TASKS="true") as sandbox:
        before, before_rule = schedule(sandbox.url), target(sandbox.url)
        digest = start_push(sandbox, "api:v1.43")
        check_that_both_move_with_the_service(sandbox, before, before_rule, digest)


def test_discovery_alone_looks_at_no_schedule():
    with Sandbox("--speed", "600") as sandbox:
        before = schedule(sandbox.url)
        with Function(found_in(sandbox, DISCOVERY_TASKS="false")) as function:
            outcome = function.invoke(pushed("v1.43", "a", "2026-11-29T12:00:00Z"))
        assert "tasks" not in outcome.body, outcome.text
        assert schedule(sandbox.url) == before


def test_a_scheduler_that_may_not_be_read_is_one_warning_and_the_services_roll():
    with Sandbox("--speed", "600") as sandbox, Refused() as scheduler:
        environment = found_in(sandbox, AWS_ENDPOINT_URL_SCHEDULER=scheduler.url)
        with Function(environment) as function:
            first = function.invoke(pushed("v1.43", "a", "2026-11-29T12:00:00Z"))
            second = function.invoke(pushed("v1.44", "b", "2026-11-29T13:00:00Z"))
            log = function.log()
        for outcome in first, second:
            assert [one["service"] for one in outcome.body["deployments"]] == ["api"], outcome.text
            assert outcome.kind != "error"
        warnings = [line["message"] for line in log if line["level"] == "warn" and "discovery of tasks" in line["message"]]
        assert len(warnings) == 1, warnings
        assert "needs scheduler:ListSchedules" in warnings[0]
        # What the rules start is known all the same.
        assert first.body["tasks"][0]["moved"] == ["rule report-weekly"], first.text


def test_people_see_what_starts_a_task_and_give_it_another_image():
    with Sandbox("--speed", "600") as sandbox:
        environment = found_in(sandbox)
        services = cli("services", "task:report", "--json", environment=environment)
        assert services.code == 0, services.err
        (task,) = services.json()
        assert task["task_family"] == FAMILY
        assert {"kind": "started by", "what": "schedule night/report", "from": f"at {FAMILY}:42"} in task["facts"]
        assert {"kind": "started by", "what": "rule report-weekly", "from": f"at {FAMILY}:42"} in task["facts"]
        assert {"kind": "image", "what": REPOSITORY, "from": f"{FAMILY}:42"} in task["facts"]

        event = json.dumps(pushed("v1.43", "a", "2026-11-29T12:00:00Z"))
        plan = cli("plan", "--live", "-", environment=environment, stdin=event)
        assert f"task:report: a revision of {FAMILY} with {REPOSITORY}:v1.43" in plan.out, plan.err
        assert "schedule night/report and rule report-weekly moved to that" in plan.out

        nothing = cli("deploy", "task:report", environment=environment)
        assert nothing.code == 1
        assert "it starts anew by itself each time, so there is nothing to be done" in nothing.err
        before = schedule(sandbox.url)
        missing = cli("deploy", "task:report", "--image-tag", "v9.9", environment=environment)
        assert missing.code == 1
        assert "there is no image" in missing.err
        sandbox.post("/sandbox/push", b"api:v1.43")
        done = cli("deploy", "task:report", "--image-tag", "v1.43", environment=environment)
        assert done.code == 0, done.err
        assert f"task:report: runs {FAMILY}:43 with {REPOSITORY}:v1.43 from now on (schedule night/report, rule report-weekly)" in done.out
        assert schedule(sandbox.url) == moved(before, 43, ("Target", "EcsParameters"))


# --- moto -------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def moto():
    with running_moto() as url:
        yield url


def test_on_moto_everything_else_of_schedule_and_rule_is_what_it_was(moto):
    ecs, scheduler, events = (client(name, moto) for name in ("ecs", "scheduler", "events"))
    ecs.create_cluster(clusterName="shop_cluster_dev")
    image = "123456789012.dkr.ecr.us-east-1.amazonaws.com/shop/report"
    first = ecs.register_task_definition(
        family=FAMILY, containerDefinitions=[{"name": "app", "image": f"{image}:v1", "memory": 128}]
    )["taskDefinition"]["taskDefinitionArn"]
    cluster = first.split(":task-definition/")[0] + ":cluster/shop_cluster_dev"
    role = "arn:aws:iam::123456789012:role/schedules"
    parameters = {"TaskDefinitionArn": first, "TaskCount": 2, "LaunchType": "FARGATE"}
    scheduler.create_schedule_group(Name="night")
    scheduler.create_schedule(
        Name="report",
        GroupName="night",
        ScheduleExpression="cron(0 3 * * ? *)",
        ScheduleExpressionTimezone="Europe/Paris",
        Description="the report",
        State="DISABLED",
        FlexibleTimeWindow={"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 15},
        Target={"Arn": cluster, "RoleArn": role, "Input": "{}", "EcsParameters": parameters},
    )
    events.put_rule(Name="report-weekly", ScheduleExpression="rate(7 days)")
    events.put_targets(
        Rule="report-weekly",
        Targets=[
            {"Id": "queue", "Arn": "arn:aws:sqs:us-east-1:123456789012:q"},
            {"Id": "report", "Arn": cluster, "RoleArn": role, "Input": "{}", "EcsParameters": parameters},
        ],
    )

    def looks() -> tuple[dict, dict]:
        got = scheduler.get_schedule(Name="report", GroupName="night")
        listed = {one["Id"]: one for one in events.list_targets_by_rule(Rule="report-weekly")["Targets"]}
        for name in ("ResponseMetadata", "LastModificationDate"):
            got.pop(name, None)
        return got, listed

    schedule_before, targets_before = looks()
    tasks = {"report": {"task_family": FAMILY, "repositories": ["shop/report"]}}
    environment = function_environment(moto, SCHEDULED_TASK_MAP=json.dumps(tasks))
    environment["AWS_ENDPOINT_URL"] = moto
    with Function(environment) as function:
        outcome = function.invoke(pushed("v2", "b", "2026-11-29T12:00:00Z", "shop/report"))
        again = function.invoke(pushed("v1.9", "c", "2026-11-29T11:00:00Z", "shop/report"))

    (task,) = outcome.body["tasks"]
    assert task["status"] == "updated", outcome.text
    assert task["moved"] == ["schedule night/report", "rule report-weekly"]
    second = first[: -len(":1")] + ":2"
    assert task["task_definition"] == second
    schedule_after, targets_after = looks()
    schedule_before["Target"]["EcsParameters"]["TaskDefinitionArn"] = second
    targets_before["report"]["EcsParameters"]["TaskDefinitionArn"] = second
    assert schedule_after == schedule_before
    assert targets_after == targets_before
    assert again.body["tasks"][0]["status"] == "ignored", "an older push"
    assert ecs.list_task_definitions(familyPrefix=FAMILY)["taskDefinitionArns"] == [first, second]
