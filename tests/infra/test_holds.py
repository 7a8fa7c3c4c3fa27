"""HOLDS, FREEZE_WINDOWS and CHANGE_CALENDARS: what the role may do then, and nothing of it where nobody wants it."""

import pytest

from support.iam import allows
from support.stack import Stack
from support.terraform import Refused

ACCOUNT = "123456789012"
THAW = f"arn:aws:scheduler:us-east-1:{ACCOUNT}:schedule/{{group}}/ci_lambda-thaw-0123456789abcdef01234567-2"
MADE = f"arn:aws:iam::{ACCOUNT}:role/shop_ci_lambda_dev-verify"
GIVEN = f"arn:aws:iam::{ACCOUNT}:role/calls"
SERVICE = f"arn:aws:ecs:us-east-1:{ACCOUNT}:service/shop_cluster_dev/shop_service_api_dev"
CALENDAR = f"arn:aws:ssm:us-east-1:{ACCOUNT}:document/shop-freeze"
FREEZES = '[{"weekly":"Fri 16:00 - Mon 08:00","zone":"Europe/Berlin"}]'


def may_keep(policy: dict, role: str, group: str = "default") -> bool:
    actions = ("scheduler:GetSchedule", "scheduler:CreateSchedule", "scheduler:UpdateSchedule")
    return all(allows(policy, action, THAW.format(group=group)) for action in actions) and allows(
        policy, "iam:PassRole", role, iam__PassedToService="scheduler.amazonaws.com"
    )


def may_hold(policy: dict) -> bool:
    return all(allows(policy, action, SERVICE, aws__TagKeys="ci_lambda:hold", aws__PrincipalAccount=ACCOUNT) for action in ("ecs:TagResource", "ecs:UntagResource")) and allows(
        policy, "ecs:ListTagsForResource", SERVICE, aws__PrincipalAccount=ACCOUNT
    )


@pytest.mark.parametrize("wanted", [{"holds": True}, {"freeze_windows": FREEZES}, {"change_calendars": ["shop-freeze"]}])
def test_terraform_lets_the_function_keep_what_is_held(terraform, wanted):
    rendered = terraform.render(**wanted)
    assert may_keep(rendered.policy, MADE)
    assert rendered.environment["VERIFY_SCHEDULE_ROLE"] == MADE
    assert may_hold(rendered.policy) == ("holds" in wanted)
    assert allows(rendered.policy, "ssm:GetCalendarState", CALENDAR) == ("change_calendars" in wanted)
    assert not allows(rendered.policy, "ecs:TagResource", SERVICE, aws__TagKeys="owner")


def test_terraform_takes_another_role_and_group(terraform):
    rendered = terraform.render(holds=True, schedule_role=GIVEN, schedule_group="calls")
    assert may_keep(rendered.policy, GIVEN, "calls")
    assert rendered.environment["SCHEDULE_ROLE"] == GIVEN
    assert rendered.environment.get("VERIFY_SCHEDULE_ROLE", "") == ""


def test_nothing_of_it_is_there_where_nothing_is_held(terraform, aws):
    for policy in (terraform.render().policy, Stack().policy):
        assert not may_keep(policy, MADE)
        assert not may_hold(policy)
        assert not allows(policy, "ssm:GetCalendarState", CALENDAR)


def test_terraform_refuses_freezes_that_are_no_list(terraform):
    with pytest.raises(Refused):
        terraform.render(freeze_windows="Fri 16:00 - Mon 08:00")


@pytest.mark.parametrize("wanted", [{"Holds": "true"}, {"FreezeWindows": FREEZES}, {"ChangeCalendars": "shop-freeze"}])
def test_cloudformation_lets_the_function_keep_what_is_held(aws, wanted):
    stack = Stack(**wanted)
    assert may_keep(stack.policy, stack.environment["VERIFY_SCHEDULE_ROLE"])
    assert may_hold(stack.policy) == ("Holds" in wanted)
    assert allows(stack.policy, "ssm:GetCalendarState", CALENDAR) == ("ChangeCalendars" in wanted)


def test_cloudformation_takes_another_role(aws):
    stack = Stack(Holds="true", ScheduleRole=GIVEN, ScheduleGroup="calls")
    assert may_keep(stack.policy, GIVEN, "calls")
    assert stack.environment["SCHEDULE_ROLE"] == GIVEN
