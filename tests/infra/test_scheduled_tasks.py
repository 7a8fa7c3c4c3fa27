"""SCHEDULED_TASK_MAP: what the role may do with families and schedules, and which pushes reach the function; nothing where
nobody wants it."""

import json

import pytest

from support.iam import allows
from support.stack import Stack
from support.terraform import Refused

ACCOUNT = "123456789012"
CLUSTER = f"arn:aws:ecs:us-east-1:{ACCOUNT}:cluster/shop_cluster_dev"
SCHEDULES = f"arn:aws:scheduler:us-east-1:{ACCOUNT}:schedule"
RULES = f"arn:aws:events:us-east-1:{ACCOUNT}:rule"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/shop-schedules"
TASK = {"task_family": "shop_report", "repositories": ["shop/report"]}
LISTED = {"task:report": TASK}
NAMED = {"task:report": {**TASK, "schedules": ["night/report", "hourly"], "rules": ["weekly"]}}


def may_register(policy: dict, family: str) -> bool:
    arn = f"arn:aws:ecs:us-east-1:{ACCOUNT}:task-definition/{family}:43"
    context = {"aws__PrincipalAccount": ACCOUNT, "ecs__CreateAction": "RegisterTaskDefinition"}
    return allows(policy, "ecs:RegisterTaskDefinition", arn, **context) and allows(policy, "ecs:TagResource", arn, **context)


def may_put(policy: dict, rule: str, target: str = CLUSTER) -> bool:
    return allows(policy, "events:PutTargets", f"{RULES}/{rule}", events__TargetArn=target)


def may_move(policy: dict, schedule: str) -> bool:
    return all(allows(policy, f"scheduler:{action}", f"{SCHEDULES}/{schedule}") for action in ("GetSchedule", "UpdateSchedule"))


def may_pass(policy: dict, role: str, service: str) -> bool:
    return allows(policy, "iam:PassRole", role, iam__PassedToService=service)


def may_list(policy: dict) -> bool:
    return any(allows(policy, action, "*") for action in ("scheduler:ListSchedules", "events:ListRuleNamesByTarget"))


def check_that_schedules_are_left_alone(policy: dict) -> None:
    assert not may_register(policy, "shop_report")
    assert not may_move(policy, "night/report") and not may_put(policy, "weekly") and not may_list(policy)
    assert not allows(policy, "events:ListTargetsByRule", f"{RULES}/weekly")
    for service in ("scheduler.amazonaws.com", "events.amazonaws.com"):
        assert not may_pass(policy, ROLE, service)


def check_that_all_may_be_moved(policy: dict) -> None:
    assert may_register(policy, "shop_report") and not may_register(policy, "other_report")
    assert may_move(policy, "night/report") and may_put(policy, "weekly") and may_list(policy)
    assert not may_put(policy, "weekly", "arn:aws:lambda:us-east-1:123456789012:function:evil"), "only what starts tasks"
    assert may_pass(policy, ROLE, "scheduler.amazonaws.com") and may_pass(policy, ROLE, "events.amazonaws.com")
    assert not may_pass(policy, ROLE, "lambda.amazonaws.com")
    assert not may_pass(policy, f"{ROLE}2", "scheduler.amazonaws.com")


def test_without_tasks_nothing_that_starts_tasks_may_be_touched(terraform, aws):
    check_that_schedules_are_left_alone(terraform.render(schedule_role_arns=[ROLE]).policy)
    check_that_schedules_are_left_alone(Stack(ScheduleRoleArns=ROLE).policy)


def test_terraform_lets_what_is_found_by_listing_be_moved(terraform):
    check_that_all_may_be_moved(terraform.render(scheduled_task_map=LISTED, schedule_role_arns=[ROLE]).policy)


def test_the_template_lets_what_is_found_by_listing_be_moved(aws):
    stack = Stack(ScheduledTaskMap=json.dumps(LISTED), ScheduledTaskFamilies="shop_report,shop_clean", ScheduleRoleArns=ROLE)
    check_that_all_may_be_moved(stack.policy)
    assert may_register(stack.policy, "shop_clean")


def test_terraform_lets_only_what_is_named_be_moved(terraform):
    policy = terraform.render(scheduled_task_map=NAMED).policy
    assert may_move(policy, "night/report") and may_move(policy, "default/hourly") and may_put(policy, "weekly")
    assert not may_move(policy, "default/report") and not may_put(policy, "daily")
    assert not may_list(policy), "nobody lists what is named"


def test_terraform_says_the_map_without_what_nobody_has_said(terraform):
    said = terraform.render(scheduled_task_map=LISTED).environment["SCHEDULED_TASK_MAP"]
    assert json.loads(said) == LISTED
    assert "SCHEDULED_TASK_MAP" not in terraform.render().environment


def repositories(pattern: dict) -> list:
    return pattern["detail"]["repository-name"]


def test_pushes_to_the_repositories_of_tasks_reach_the_function_and_no_others(terraform, aws):
    with_map = {"ecr_repo_map": {"shop/api": ["api"], "shop/clean": ["task:clean"]}}
    of_terraform = repositories(terraform.render(scheduled_task_map=LISTED, **with_map).patterns["ecr"])
    assert of_terraform == ["shop/api", "shop/clean", "shop/report", {"prefix": "shop_task_"}]
    assert repositories(terraform.render().patterns["ecr"]) == ["shop_backend", {"prefix": "shop_service_"}]
    tasks = {"ScheduledTaskMap": json.dumps(LISTED), "ScheduledTaskFamilies": "shop_report"}
    for more, prefixes in ({}, ["shop_service_"]), (tasks, ["shop_service_", "shop_task_"]):
        stack = Stack(**more)
        found = repositories(stack.patterns["ecr"])
        stack.delete()
        assert found == ["shop_backend", *({"prefix": prefix} for prefix in prefixes)]


@pytest.mark.parametrize(
    ("task", "says"),
    [
        ({"task_family": "shop:42"}, "task_family"),
        ({"task_family": "x", "schedules": ["a/b/c"]}, "schedules and rules"),
        ({"task_family": "x", "repositories": ["https://x"]}, "repositories"),
    ],
)
def test_terraform_refuses_what_the_function_would_refuse(terraform, task, says):
    with pytest.raises(Refused, match=says):
        terraform.render(scheduled_task_map={"report": task})
