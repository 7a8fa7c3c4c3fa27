"""What a push may do (ECR_DEPLOY_MODE): the role registers revisions only where somebody wants them, of our families."""

import pytest

from support.iam import allows
from support.stack import Stack
from support.terraform import Refused

ACCOUNT = "123456789012"
FAMILY = f"arn:aws:ecs:us-east-1:{ACCOUNT}:task-definition"


def may_register(policy: dict, family: str) -> bool:
    return allows(policy, "ecs:RegisterTaskDefinition", f"{FAMILY}/{family}:43", aws__PrincipalAccount=ACCOUNT)


def may_tag(policy: dict, family: str, **context) -> bool:
    return allows(policy, "ecs:TagResource", f"{FAMILY}/{family}:43", aws__PrincipalAccount=ACCOUNT, **context)


def check_that_it_registers_only_ours(policy: dict, ours: str, foreign: str) -> None:
    assert may_register(policy, ours) and not may_register(policy, foreign)
    assert may_tag(policy, ours, ecs__CreateAction="RegisterTaskDefinition")
    assert not may_tag(policy, ours), "a revision that is there keeps the tags that it has"
    assert not may_tag(policy, foreign, ecs__CreateAction="RegisterTaskDefinition")


@pytest.mark.parametrize("mode", ["redeploy", "match"])
def test_without_revisions_nothing_may_be_registered(mode, terraform, aws):
    for policy in (terraform.render(ecr_deploy_mode=mode).policy, Stack(EcrDeployMode=mode).policy):
        assert not may_register(policy, "shop_service_api_dev")
        assert not may_tag(policy, "shop_service_api_dev", ecs__CreateAction="RegisterTaskDefinition")


def test_terraform_lets_revisions_of_our_families_be_registered(terraform):
    policy = terraform.render(ecr_deploy_mode="revision").policy
    check_that_it_registers_only_ours(policy, "shop_service_api_dev", "shop_service_api_prod")
    services = {
        "api": {"service_name": "front", "task_family": "front-tasks", "image_mode": "revision"},
        "web": {"service_name": "web", "task_family": "web-tasks"},
    }
    check_that_it_registers_only_ours(terraform.render(services=services).policy, "front-tasks", "other-tasks")


@pytest.mark.parametrize(
    ("parameters", "ours", "foreign"),
    [
        ({}, "shop_service_api_dev", "shop_service_api_prod"),
        ({"TaskFamilies": "core,front-door-tasks"}, "front-door-tasks", "shop_service_api_dev"),
    ],
)
def test_the_template_lets_revisions_of_our_families_be_registered(parameters, ours, foreign, aws):
    check_that_it_registers_only_ours(Stack(EcrDeployMode="revision", **parameters).policy, ours, foreign)


def test_terraform_refuses_a_mode_that_is_none(terraform):
    with pytest.raises(Refused, match="image_mode: redeploy, match or revision"):
        terraform.render(services={"api": {"image_mode": "revisions"}})
