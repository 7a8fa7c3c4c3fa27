"""Approvals: what the role may do for reminders and turns, and what `services` says of a service's approval, tasks before and after, and freezes."""

import json

import pytest

from support.iam import allows
from support.program import configuration
from support.stack import Stack
from support.terraform import Refused

ACCOUNT = "123456789012"
QUESTION = f"arn:aws:scheduler:us-east-1:{ACCOUNT}:schedule/{{group}}/ci_lambda-approval-0123456789abcdef01234567-begun-3"
MADE = f"arn:aws:iam::{ACCOUNT}:role/shop_ci_lambda_dev-verify"
GIVEN = f"arn:aws:iam::{ACCOUNT}:role/calls"
KEY = "secretsmanager:shop/approval-key"
FREEZE = {"weekly": "Fri 16:00 - Mon 08:00", "zone": "Europe/Berlin"}
SERVICES = {
    "api": {"approval": {"from": ["@alice", "oncall"], "expires_minutes": 60, "except": ["manual"]}},
    "web": {"approval": {}, "before": {"task": "migrate", "command": ["./migrate", "up"], "timeout_minutes": 20}},
    "worker": {"approval": {"required": False}, "before": {"task": "seed", "family": "shop_seed"}, "freezes": [FREEZE]},
    "cron": {"freezes": [], "after": {"task": "smoke", "family": "shop_smoke", "on_failure": "tell"}},
    "backend": {},
}
ACTIONS = [f"scheduler:{verb}Schedule" for verb in ("Create", "Get", "Update", "Delete")]


def may_ask(policy: dict, role: str, group: str = "default") -> bool:
    return all(allows(policy, action, QUESTION.format(group=group)) for action in ACTIONS) and allows(
        policy, "iam:PassRole", role, iam__PassedToService="scheduler.amazonaws.com"
    )


@pytest.mark.parametrize(
    "wanted",
    [
        {"approval_required": True, "approval_key": KEY},
        {"approval_key": KEY},
        {"services": {"api": {"approval": {"from": ["@alice"]}}}},
    ],
)
def test_terraform_lets_the_function_remind_and_take_turns(terraform, wanted):
    rendered = terraform.render(**wanted)
    assert may_ask(rendered.policy, MADE)
    assert rendered.environment["VERIFY_SCHEDULE_ROLE"] == MADE


def test_terraform_takes_another_role_and_group(terraform):
    rendered = terraform.render(approval_key=KEY, schedule_role=GIVEN, schedule_group="calls")
    assert may_ask(rendered.policy, GIVEN, "calls")
    assert rendered.environment["SCHEDULE_ROLE"] == GIVEN


@pytest.mark.parametrize("wanted", [{"ApprovalRequired": "true", "ApprovalKey": KEY}, {"ApprovalKey": KEY}])
def test_cloudformation_lets_the_function_remind_and_take_turns(aws, wanted):
    stack = Stack(**wanted)
    assert may_ask(stack.policy, stack.environment["VERIFY_SCHEDULE_ROLE"])


def test_nothing_of_it_is_there_where_nothing_is_asked(terraform, aws):
    for policy in (terraform.render(holds=True).policy, Stack(Holds="true").policy):
        assert not any(allows(policy, action, QUESTION.format(group="default")) for action in ACTIONS)


def test_terraform_writes_what_services_say_of_themselves_as_the_document_has_it(terraform):
    rendered = terraform.render(services=SERVICES, approval_key=KEY, approval_groups=["oncall=@bob"])
    assert json.loads(rendered.environment["CI_LAMBDA_CONFIG"])["services"] == {
        "api": {"approval": {"from": ["@alice", "oncall"], "expires_minutes": 60, "except": ["manual"]}},
        "web": {"approval": True, "before": {"task": "migrate", "command": ["./migrate", "up"], "timeout_minutes": 20}},
        "worker": {"approval": False, "before": {"task": "seed", "family": "shop_seed"}, "freezes": [FREEZE]},
        "cron": {"freezes": [], "after": {"task": "smoke", "family": "shop_smoke", "on_failure": "tell"}},
        "backend": {},
    }
    assert configuration(rendered.environment), "and the function reads it"


def test_terraform_gives_what_tasks_before_and_freezes_of_services_need(terraform):
    policy = terraform.render(services=SERVICES).policy
    cluster = f"arn:aws:ecs:us-east-1:{ACCOUNT}:cluster/shop_cluster_dev"
    seed = f"arn:aws:ecs:us-east-1:{ACCOUNT}:task-definition/shop_seed:7"
    thaw = f"arn:aws:scheduler:us-east-1:{ACCOUNT}:schedule/default/ci_lambda-thaw-0123456789abcdef01234567"
    assert allows(policy, "ecs:RunTask", seed, ecs__cluster=cluster)
    assert allows(policy, "ecs:RegisterTaskDefinition", seed)
    assert allows(policy, "ecs:RegisterTaskDefinition", seed.replace("shop_seed", "shop_smoke"))
    assert allows(policy, "scheduler:GetSchedule", thaw)
    without = terraform.render(services={"api": {"approval": {"required": False}}, "cron": {"freezes": []}}).policy
    assert not allows(without, "ecs:RunTask", seed, ecs__cluster=cluster)
    assert not allows(without, "scheduler:GetSchedule", thaw)
    assert not allows(without, "scheduler:CreateSchedule", QUESTION.format(group="default"))


@pytest.mark.parametrize(
    "service",
    [
        {"approval": {"expires_minutes": 4}},
        {"approval": {"expires_minutes": 10.5}},
        {"approval": {"except": ["pushes"]}},
        {"before": {"task": "migrate"}},
        {"before": {"task": "a task", "family": "x"}},
        {"before": {"task": "migrate", "command": []}},
        {"after": {"task": "smoke"}},
        {"after": {"task": "smoke", "command": ["./smoke"], "on_failure": "cry"}},
        {"freezes": [{"zone": "UTC"}]},
        {"freezes": [{**FREEZE, "daily": "20:00 - 07:00"}]},
        {"freezes": [{"from": "2026-12-24", "zone": "UTC"}]},
        {"freezes": [{**FREEZE, "zone": ""}]},
    ],
    ids=json.dumps,
)
def test_terraform_refuses_what_the_function_would_refuse(terraform, service):
    with pytest.raises(Refused):
        terraform.render(services={"api": service})
