"""VERIFY_ALARMS and VERIFY_URLS: what the role may do once something is watched, and who may call the function; nothing where
nobody wants it."""

import pytest

from support.iam import allows
from support.stack import Stack
from support.terraform import Refused

ACCOUNT = "123456789012"
SCHEDULE = f"arn:aws:scheduler:us-east-1:{ACCOUNT}:schedule"
MADE = f"arn:aws:iam::{ACCOUNT}:role/shop_ci_lambda_dev-verify"
GIVEN = f"arn:aws:iam::{ACCOUNT}:role/looks"
COPY = f"arn:aws:ecs:us-east-1:{ACCOUNT}:task-definition/shop_service_api_dev-rollback:3"
CONTEXT = {"aws__PrincipalAccount": ACCOUNT, "ecs__CreateAction": "RegisterTaskDefinition"}


def may_watch(policy: dict, role: str, group: str = "default") -> bool:
    name = f"{SCHEDULE}/{group}/ci_lambda-verify-1234567890123456789-60"
    return all(
        (
            allows(policy, "cloudwatch:DescribeAlarms", "*"),
            allows(policy, "scheduler:CreateSchedule", name),
            allows(policy, "scheduler:UpdateSchedule", name),
            allows(policy, "scheduler:DeleteSchedule", name),
            allows(policy, "iam:PassRole", role, iam__PassedToService="scheduler.amazonaws.com"),
            allows(policy, "ecs:RegisterTaskDefinition", COPY, **CONTEXT),
        )
    )


def check_bounds(policy: dict):
    assert not allows(policy, "scheduler:CreateSchedule", f"{SCHEDULE}/default/report")
    assert not allows(policy, "iam:PassRole", MADE, iam__PassedToService="lambda.amazonaws.com")


@pytest.mark.parametrize("watched", [{"verify_alarms": {"default": ["shop-5xx"]}}, {"verify_urls": {"api": [{"url": "https://a.example/"}]}}])
def test_terraform_lets_the_function_watch_and_take_back(terraform, watched):
    rendered = terraform.render(**watched)
    assert may_watch(rendered.policy, MADE)
    assert rendered.environment["VERIFY_SCHEDULE_ROLE"] == MADE
    check_bounds(rendered.policy)


def test_terraform_takes_another_role_and_group(terraform):
    rendered = terraform.render(verify_schedule_role=GIVEN, verify_schedule_group="deploys")
    assert may_watch(rendered.policy, GIVEN, "deploys")
    assert rendered.environment["VERIFY_SCHEDULE_ROLE"] == GIVEN


def test_nothing_of_it_is_there_where_nothing_is_watched(terraform, aws):
    assert not may_watch(terraform.render().policy, MADE)
    assert not allows(terraform.render().policy, "cloudwatch:DescribeAlarms", "*")
    stack = Stack()
    assert not allows(stack.policy, "cloudwatch:DescribeAlarms", "*")
    assert stack.environment["VERIFY_SCHEDULE_ROLE"] == ""


@pytest.mark.parametrize("urls", [{"api": [{"url": "ftp://a.example/"}]}, {"api": [{"url": "https://u:p@a.example/"}]}, {"a b": []}])
def test_terraform_refuses_what_the_function_would(terraform, urls):
    with pytest.raises(Refused):
        terraform.render(verify_urls=urls)


def test_cloudformation_lets_the_function_watch_and_take_back(aws):
    stack = Stack(VerifyAlarms="shop-5xx")
    assert may_watch(stack.policy, stack.environment["VERIFY_SCHEDULE_ROLE"])
    assert stack.environment["VERIFY_SCHEDULE_ROLE"].startswith("arn:aws:iam::")
    check_bounds(stack.policy)


def test_cloudformation_takes_another_role(aws):
    given = Stack(VerifyUrls='{"api":["https://a.example/"]}', VerifyScheduleRole=GIVEN)
    assert may_watch(given.policy, GIVEN)
