"""Express Mode services: what the role may do with them, and nothing where nobody wants it."""

import pytest

from support.iam import allows
from support.stack import Stack

ACCOUNT = "123456789012"
ECS = f"arn:aws:ecs:us-east-1:{ACCOUNT}"
WRITTEN = f"{ECS}:task-definition/written-by-ecs:7"
CALLS = ("ecs:DescribeExpressGatewayService", "ecs:UpdateExpressGatewayService")


@pytest.fixture(params=["terraform", "template"])
def policy_of(request, terraform, aws):
    def of_template(**settings):
        texts = {"".join(part.capitalize() for part in name.split("_")): value for name, value in settings.items()}
        return Stack(
            **{
                name: str(value).lower() if isinstance(value, bool) else ",".join(value) if isinstance(value, list) else value
                for name, value in texts.items()
            }
        ).policy

    return (lambda **settings: terraform.render(**settings).policy) if request.param == "terraform" else of_template


def may(policy: dict, action: str, resource: str, **context) -> bool:
    return allows(policy, action, resource, aws__PrincipalAccount=ACCOUNT, **context)


def may_tag(policy: dict, key: str) -> bool:
    return may(policy, "ecs:TagResource", WRITTEN, **{"aws:TagKeys": key})


def test_nothing_of_them_is_allowed_where_nobody_wants_it(policy_of):
    policy = policy_of(ecr_deploy_mode="revision")
    for call in CALLS:
        assert not may(policy, call, f"{ECS}:service/shop_cluster_dev/web")
    assert not may(policy, "ecs:RegisterTaskDefinition", WRITTEN) and not may_tag(policy, "ci_lambda:image")


def test_those_of_the_cluster_may_be_deployed_and_what_ecs_writes_be_tagged_with_our_tags(policy_of):
    policy = policy_of(express_services=True)
    for call in CALLS:
        assert may(policy, call, f"{ECS}:service/shop_cluster_dev/web")
        assert not may(policy, call, f"{ECS}:service/other/web")
    for action in ("ecs:RegisterTaskDefinition", "ecs:ListTagsForResource"):
        assert may(policy, action, WRITTEN)
        assert not may(policy, action, WRITTEN.replace(ACCOUNT, "210987654321"))
    assert may_tag(policy, "ci_lambda:image") and not may_tag(policy, "owner")
    assert not may(policy, "ecs:TagResource", WRITTEN), "a request without tags"
    assert not may(policy, "ecs:CreateExpressGatewayService", f"{ECS}:service/shop_cluster_dev/web")
    assert not may(policy, "ecs:DeleteExpressGatewayService", f"{ECS}:service/shop_cluster_dev/web")


def test_several_clusters_are_all_of_them(policy_of):
    policy = policy_of(express_services=True, discovery=True, discovery_clusters=["web", "jobs"])
    for call in CALLS:
        assert may(policy, call, f"{ECS}:service/jobs/any") and may(policy, call, f"{ECS}:service/web/any")
        assert not may(policy, call, f"{ECS}:service/other/any")
