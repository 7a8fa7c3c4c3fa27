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


REPOSITORY = f"arn:aws:ecr:us-east-1:{ACCOUNT}:repository"
LOOKS = ("ecr:DescribeImages", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer")


def may_look(policy: dict, repository: str) -> bool:
    answers = {allows(policy, look, f"{REPOSITORY}/{repository}", aws__PrincipalAccount=ACCOUNT) for look in LOOKS}
    assert len(answers) == 1, "all of them, or none"
    return answers.pop()


def test_without_requests_for_images_none_may_be_looked_at(terraform, aws):
    for policy in (terraform.render().policy, Stack().policy):
        assert not may_look(policy, "shop_service_api")


def test_requests_for_images_may_register_and_look_at_our_repositories_alone(terraform, aws):
    for policy in (terraform.render(image_requests=True).policy, Stack(ImageRequests="true").policy):
        check_that_it_registers_only_ours(policy, "shop_service_api_dev", "shop_service_api_prod")
        assert may_look(policy, "shop_service_api") and may_look(policy, "shop_backend")
        assert not may_look(policy, "other_service_api")
        assert not allows(policy, "ecr:PutImage", f"{REPOSITORY}/shop_service_api", aws__PrincipalAccount=ACCOUNT)


def test_mapped_repositories_are_those_that_may_be_looked_at(terraform, aws):
    mapped = {"shop/api": ["api"], "shop/web": ["web"]}
    stack = Stack(ImageRequests="true", EcrRepositories="shop/api,shop/web")
    for policy in (terraform.render(image_requests=True, ecr_repo_map=mapped).policy, stack.policy):
        assert may_look(policy, "shop/api") and may_look(policy, "shop/web")
        assert not may_look(policy, "shop_service_api")


SEEN_ELSEWHERE = {
    "ecs:DescribeServices": "service/{}/shop_service_api_stage",
    "ecs:ListServiceDeployments": "service/{}/shop_service_api_stage",
    "ecs:DescribeServiceRevisions": "service-revision/{}/shop_service_api_stage/1",
}


def may_see_in(policy: dict, cluster: str) -> set[bool]:
    return {may_do(policy, action, resource.format(cluster)) for action, resource in SEEN_ELSEWHERE.items()}


def may_do(policy: dict, action: str, resource: str) -> bool:
    return allows(policy, action, f"arn:aws:ecs:us-east-1:{ACCOUNT}:{resource}", aws__PrincipalAccount=ACCOUNT)


def test_what_other_environments_run_is_seen_where_requests_promote_from_there(terraform, aws):
    clusters = ["shop_cluster_stage", "elsewhere"]
    stack = Stack(ImageRequests="true", PromotionClusters=",".join(clusters))
    for policy in (terraform.render(image_requests=True, promotion_clusters=clusters).policy, stack.policy):
        assert all(may_see_in(policy, cluster) == {True} for cluster in clusters)
        assert may_see_in(policy, "shop_cluster_prod") == {False}
        assert not may_do(policy, "ecs:UpdateService", "service/shop_cluster_stage/shop_service_api_stage")


def test_where_requests_name_no_image_nothing_is_seen_of_other_environments(terraform, aws):
    clusters = ["shop_cluster_stage"]
    for policy in (terraform.render(promotion_clusters=clusters).policy, Stack(PromotionClusters=clusters[0]).policy):
        assert may_see_in(policy, clusters[0]) == {False}


def test_where_requests_do_not_deploy_no_image_is_looked_at(terraform, aws):
    off = terraform.render(image_requests=True, enable_manual_deploy=False).policy
    for policy in (off, Stack(ImageRequests="true", EnableManualDeploy="false").policy):
        assert not may_look(policy, "shop_service_api")


def test_terraform_refuses_a_mode_that_is_none(terraform):
    with pytest.raises(Refused, match="image_mode: redeploy, match or revision"):
        terraform.render(services={"api": {"image_mode": "revisions"}})
