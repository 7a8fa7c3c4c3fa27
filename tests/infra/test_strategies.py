"""DEPLOYMENT_STRATEGY: its Lambda hooks have roles, which the function passes on to ECS and to nobody else."""

import pytest

from support.iam import allows
from support.stack import Stack
from support.terraform import Refused

ROLE = "arn:aws:iam::123456789012:role/shop-hooks"


def may_pass(policy: dict, role: str, service: str) -> bool:
    return allows(policy, "iam:PassRole", role, iam__PassedToService=service)


def check_that_only_ecs_gets_it(policy: dict) -> None:
    assert may_pass(policy, ROLE, "ecs.amazonaws.com")
    assert not may_pass(policy, ROLE, "lambda.amazonaws.com") and not may_pass(policy, f"{ROLE}2", "ecs.amazonaws.com")


def test_terraform_lets_the_roles_of_hooks_be_passed_to_ecs(terraform):
    check_that_only_ecs_gets_it(terraform.render(hook_role_arns=[ROLE]).policy)
    assert not may_pass(terraform.render().policy, ROLE, "ecs.amazonaws.com")


def test_the_template_lets_the_roles_of_hooks_be_passed_to_ecs(aws):
    check_that_only_ecs_gets_it(Stack(HookRoleArns=ROLE).policy)


def test_the_template_lets_no_role_be_passed_to_ecs_unless_somebody_names_it(aws):
    assert not may_pass(Stack().policy, ROLE, "ecs.amazonaws.com")


def test_terraform_takes_a_strategy_of_one_service_and_refuses_what_is_none(terraform):
    terraform.render(services={"api": {"strategy": '{"type":"canary","percent":10}'}, "web": {"strategy": "blue_green:5m"}})
    with pytest.raises(Refused, match="strategy"):
        terraform.render(services={"api": {"strategy": "canaries"}})
    with pytest.raises(Refused, match="deployment_strategy"):
        terraform.render(deployment_strategy="canaries")
