"""What people let the function answer (`{"service":..,"action":"continue"}`): nothing, unless it is switched on."""

from support.iam import allows
from support.stack import Stack

ACCOUNT = "123456789012"
ANSWERS = ("ecs:ContinueServiceDeployment", "ecs:StopServiceDeployment")


def may_answer_in(policy: dict, cluster: str) -> bool:
    """ECS asks for the permission on the service and on its deployment."""
    ecs = f"arn:aws:ecs:us-east-1:{ACCOUNT}"
    service = f"{cluster}/shop_service_api_dev"
    answers = {
        allows(policy, action, f"{ecs}:{resource}", aws__PrincipalAccount=ACCOUNT)
        for action in ANSWERS
        for resource in (f"service/{service}", f"service-deployment/{service}/0EYSiB0qap8xf0N76FsbE")
    }
    assert len(answers) == 1, "all of them, or none"
    return answers.pop()


def test_without_requests_that_answer_nothing_is_answered(terraform, aws):
    for policy in (terraform.render().policy, Stack().policy):
        assert not may_answer_in(policy, "shop_cluster_dev")


def test_requests_answer_rollouts_of_our_cluster_alone(terraform, aws):
    for policy in (terraform.render(answer_requests=True).policy, Stack(AnswerRequests="true").policy):
        assert may_answer_in(policy, "shop_cluster_dev")
        assert not may_answer_in(policy, "shop_cluster_prod")


def test_requests_answer_rollouts_of_all_clusters_where_services_are_discovered(terraform, aws):
    variables = {"discovery": True, "discovery_clusters": ["web", "jobs"], "answer_requests": True}
    stack = Stack(Discovery="true", DiscoveryClusters="web,jobs", AnswerRequests="true")
    for policy in (terraform.render(**variables).policy, stack.policy):
        assert may_answer_in(policy, "web") and may_answer_in(policy, "jobs")
        assert not may_answer_in(policy, "others")


def test_where_requests_do_not_reach_the_function_nothing_is_answered(terraform, aws):
    stack = Stack(AnswerRequests="true", EnableManualDeploy="false")
    for policy in (terraform.render(answer_requests=True, enable_manual_deploy=False).policy, stack.policy):
        assert not may_answer_in(policy, "shop_cluster_dev")
