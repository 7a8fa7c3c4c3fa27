"""FAILURE_LOG_LINES: the role reads the logs of containers only where somebody wants to see them, and of the groups that are
named."""

import pytest

from support.iam import allows
from support.stack import Stack
from support.terraform import Refused

ACCOUNT = "123456789012"


def may_read(policy: dict, group: str, account: str = ACCOUNT) -> bool:
    stream = f"arn:aws:logs:us-east-1:{account}:log-group:{group}:log-stream:ecs/api/0123456789abcdef"
    return allows(policy, "logs:GetLogEvents", stream, aws__PrincipalAccount=ACCOUNT)


def test_without_lines_no_log_may_be_read(terraform, aws):
    for policy in (terraform.render().policy, terraform.render(failure_log_groups=["/ecs/*"]).policy, Stack().policy):
        assert not may_read(policy, "/ecs/shop_service_api")


def test_with_lines_the_logs_of_this_account_may_be_read(terraform, aws):
    for policy in (terraform.render(failure_log_lines=20).policy, Stack(FailureLogLines="20").policy):
        assert may_read(policy, "/ecs/shop_service_api")
        assert not may_read(policy, "/ecs/shop_service_api", "999999999999")
        assert not allows(policy, "logs:FilterLogEvents", f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:/ecs/x:log-stream:y")


def test_log_groups_that_are_named_are_the_only_ones(terraform, aws):
    groups = ["/ecs/shop_*", "night"]
    stack = Stack(FailureLogLines="20", FailureLogGroups=",".join(groups))
    for policy in (terraform.render(failure_log_lines=20, failure_log_groups=groups).policy, stack.policy):
        assert may_read(policy, "/ecs/shop_service_api") and may_read(policy, "night")
        assert not may_read(policy, "/ecs/other") and not may_read(policy, "nightly")


@pytest.mark.parametrize("group", ["arn:aws:logs:us-east-1:123456789012:log-group:x", "a b", ""])
def test_what_is_no_name_of_a_group_is_refused(group, terraform):
    with pytest.raises(Refused, match="names of log groups"):
        terraform.render(failure_log_lines=20, failure_log_groups=[group])
