"""Tasks before and after deployments: the role runs tasks only where somebody wants it, of the services' families and of those that are
named, on our clusters; and a rule tells of their ends."""

from support.iam import allows
from support.stack import Stack

ACCOUNT = "123456789012"
ECS = f"arn:aws:ecs:us-east-1:{ACCOUNT}"
CREATED = {"ecs__CreateAction": "RegisterTaskDefinition"}


def may_run(policy: dict, family: str, cluster: str = "shop_cluster_dev") -> bool:
    context = {"aws__PrincipalAccount": ACCOUNT, "ecs__cluster": f"{ECS}:cluster/{cluster}"}
    return allows(policy, "ecs:RunTask", f"{ECS}:task-definition/{family}:7", **context)


def may_register(policy: dict, family: str) -> bool:
    revision = f"{ECS}:task-definition/{family}:7"
    allowed = {
        allows(policy, "ecs:RegisterTaskDefinition", revision, aws__PrincipalAccount=ACCOUNT),
        allows(policy, "ecs:TagResource", revision, aws__PrincipalAccount=ACCOUNT, **CREATED),
    }
    assert len(allowed) == 1, "a part of it"
    return allowed.pop()


def test_without_the_switch_no_task_may_run_and_no_rule_is_there(terraform, aws):
    rendered = terraform.render(before_task_families=["shop_migrate"])
    stack = Stack(BeforeTaskFamilies="shop_migrate")
    for policy in (rendered.policy, stack.policy):
        assert not may_run(policy, "shop_service_api_dev") and not may_run(policy, "shop_migrate")
        assert not may_register(policy, "shop_migrate")
    assert "tasks" not in rendered.patterns


def test_with_it_the_services_families_run_on_our_cluster_and_nowhere_else(terraform, aws):
    for policy in (terraform.render(before_tasks=True).policy, Stack(BeforeTasks="true").policy):
        assert may_run(policy, "shop_service_api_dev")
        assert not may_run(policy, "shop_service_api_dev", "other")
        assert not may_run(policy, "shop_migrate")
        assert not may_register(policy, "shop_service_api_dev")


def test_with_it_what_a_task_after_found_bad_may_be_taken_back(terraform, aws):
    copy = f"{ECS}:task-definition/shop_service_api_dev-rollback:1"
    context = {"aws__PrincipalAccount": ACCOUNT}
    for wanted in (False, True):
        stack = Stack(BeforeTasks="true" if wanted else "false")
        for policy in (terraform.render(before_tasks=wanted).policy, stack.policy):
            assert allows(policy, "ecs:RegisterTaskDefinition", copy, **context) == wanted
        stack.delete()


def test_families_of_their_own_may_be_run_and_registered(terraform, aws):
    families = ["shop_migrate", "shop_index"]
    stack = Stack(BeforeTasks="true", BeforeTaskFamilies=",".join(families))
    for policy in (terraform.render(before_tasks=True, before_task_families=families).policy, stack.policy):
        for family in families:
            assert may_run(policy, family) and may_register(policy, family)
            assert not may_run(policy, family, "other")
        assert not may_run(policy, "other") and not may_register(policy, "other")


def test_the_rule_lets_the_ends_of_our_tasks_through_and_no_others(terraform):
    pattern = terraform.render(before_tasks=True).patterns["tasks"]
    assert pattern["detail-type"] == ["ECS Task State Change"]
    assert pattern["detail"] == {"lastStatus": ["STOPPED"], "startedBy": [{"prefix": "ci_lambda-before-"}, {"prefix": "ci_lambda-after-"}]}
