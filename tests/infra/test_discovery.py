"""DISCOVERY: the rules let through what any service may use, the role may look at whole clusters, and at no more."""

import json

import pytest

from support.events import event
from support.iam import allows
from support.stack import Stack

ACCOUNT = "123456789012"
ECS = f"arn:aws:ecs:us-east-1:{ACCOUNT}"


def may(policy: dict, action: str, resource: str, **context) -> bool:
    return allows(policy, action, resource, aws__PrincipalAccount=ACCOUNT, **context)


def may_roll(policy: dict, cluster: str, service: str, family: str = "any-tasks") -> bool:
    context = {"ecs__cluster": f"{ECS}:cluster/{cluster}", "ecs__task_definition": f"{ECS}:task-definition/{family}:7"}
    return may(policy, "ecs:UpdateService", f"{ECS}:service/{cluster}/{service}", **context)


def may_list(policy: dict, cluster: str) -> bool:
    return may(policy, "ecs:ListServices", "*", ecs__cluster=f"{ECS}:cluster/{cluster}")


@pytest.fixture(params=["terraform", "template"])
def policy_of(request, terraform, aws):
    """The policy by these settings, in the words of Terraform."""

    def of_terraform(**settings):
        return terraform.render(**settings).policy

    def of_template(**settings):
        texts = {}
        for name, value in settings.items():
            parameter = "".join(part.capitalize() for part in name.split("_"))
            texts[parameter] = str(value).lower() if isinstance(value, bool) else ",".join(value) if isinstance(value, list) else value
        return Stack(**texts).policy

    return of_terraform if request.param == "terraform" else of_template


def test_every_service_of_the_cluster_and_none_of_another_may_roll(policy_of):
    policy = policy_of(discovery=True, ecs_cluster_name="prod")
    assert may_list(policy, "prod") and not may_list(policy, "other")
    assert may_roll(policy, "prod", "anything") and not may_roll(policy, "other", "anything")
    assert may(policy, "ecs:ListTagsForResource", f"{ECS}:service/prod/anything")
    assert not may(policy, "ecs:ListTagsForResource", f"{ECS}:service/other/anything")
    assert not may(policy, "secretsmanager:GetSecretValue", f"arn:aws:secretsmanager:us-east-1:{ACCOUNT}:secret:x-AbCdEf")


def test_several_clusters_are_all_of_them(policy_of):
    policy = policy_of(discovery=True, discovery_clusters=["web", "jobs"], rollback_on_failure=True)
    for cluster in ("web", "jobs"):
        assert may_list(policy, cluster) and may_roll(policy, cluster, "anything")
        assert may(policy, "ecs:ListTagsForResource", f"{ECS}:service/{cluster}/anything")
        assert may(policy, "ecs:DescribeTasks", f"{ECS}:task/{cluster}/abc")
        assert may(policy, "ecs:DescribeServiceRevisions", f"{ECS}:service-revision/{cluster}/api/1")
    assert not may_list(policy, "other") and not may_roll(policy, "other", "anything")
    assert not may(policy, "ecs:DescribeTasks", f"{ECS}:task/other/abc")


def test_without_discovery_nothing_is_added(policy_of):
    policy = policy_of(discovery_clusters=["web", "jobs"])
    assert not may_list(policy, "web") and not may_roll(policy, "web", "anything")
    assert not may(policy, "ecs:ListTagsForResource", f"{ECS}:service/shop_cluster_dev/anything")


def test_families_may_be_narrowed(terraform, aws):
    narrow = terraform.render(discovery=True, ecs_cluster_name="prod", discovery_scope={"task_families": ["shop-*"]}).policy
    for policy in (narrow, Stack(Discovery="true", EcsClusterName="prod", TaskFamilies="shop-*").policy):
        assert may_roll(policy, "prod", "api", "shop-api") and not may_roll(policy, "prod", "api", "other-api")


SCHEDULES = f"arn:aws:scheduler:us-east-1:{ACCOUNT}:schedule"
RULE = f"arn:aws:events:us-east-1:{ACCOUNT}:rule/nightly"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/shop-schedules"


def may_move_schedules(policy: dict, cluster: str = "web") -> list[bool]:
    family = f"{ECS}:task-definition/any-report:43"
    return [
        may(policy, "scheduler:ListSchedules", "*"),
        may(policy, "events:ListRuleNamesByTarget", "*"),
        may(policy, "scheduler:GetSchedule", f"{SCHEDULES}/night/report"),
        may(policy, "scheduler:UpdateSchedule", f"{SCHEDULES}/night/report"),
        may(policy, "events:ListTargetsByRule", RULE),
        may(policy, "events:PutTargets", RULE, events__TargetArn=f"{ECS}:cluster/{cluster}"),
        may(policy, "ecs:RegisterTaskDefinition", family),
        may(policy, "ecs:TagResource", family, ecs__CreateAction="RegisterTaskDefinition"),
        may(policy, "ecs:ListTagsForResource", family),
        may(policy, "iam:PassRole", ROLE, iam__PassedToService="scheduler.amazonaws.com"),
    ]


def test_what_starts_tasks_may_be_moved_on_our_clusters_where_that_is_wanted(policy_of):
    policy = policy_of(discovery=True, discovery_tasks=True, discovery_clusters=["web", "jobs"], schedule_role_arns=[ROLE])
    assert all(may_move_schedules(policy)) and all(may_move_schedules(policy, "jobs"))
    assert not may(policy, "events:PutTargets", RULE, events__TargetArn=f"{ECS}:cluster/other")
    assert not may(policy, "iam:PassRole", f"{ROLE}2", iam__PassedToService="scheduler.amazonaws.com")
    assert not may(policy, "scheduler:DeleteSchedule", f"{SCHEDULES}/night/report")


@pytest.mark.parametrize("wanted", [{"discovery": True}, {"discovery_tasks": True}])
def test_what_starts_tasks_is_left_alone_where_nobody_wants_it(policy_of, wanted):
    allowed = may_move_schedules(policy_of(ecs_cluster_name="web", schedule_role_arns=[ROLE], **wanted))
    # The tags of what services run may be read with discovery.
    assert not any(allowed[:8]) and not allowed[9]


def test_families_of_tasks_may_be_narrowed(terraform, aws):
    settings = {"discovery": True, "discovery_tasks": True, "ecs_cluster_name": "prod"}
    narrow = terraform.render(discovery_scope={"task_families": ["shop-*"]}, **settings).policy
    stack = Stack(Discovery="true", DiscoveryTasks="true", EcsClusterName="prod", TaskFamilies="shop-*")
    for policy in (narrow, stack.policy):
        for family, expected in ("shop-report", True), ("other-report", False):
            assert may(policy, "ecs:RegisterTaskDefinition", f"{ECS}:task-definition/{family}:43") == expected


EVENTS = {
    "push": event("aws.ecr", "ECR Image Action", {"action-type": "PUSH", "result": "SUCCESS", "repository-name": "any/name", "image-tag": "v1"}),
    "parameter": event("aws.ssm", "Parameter Store Change", {"operation": "Update", "name": "/any/name", "type": "String"}),
    "file": event("aws.s3", "Object Created", {"bucket": {"name": "any-bucket"}, "object": {"key": "any.env"}}),
    "secret": event(
        "aws.secretsmanager",
        "AWS API Call via CloudTrail",
        {
            "eventSource": "secretsmanager.amazonaws.com",
            "eventName": "PutSecretValue",
            "requestParameters": {"secretId": "any/name"},
        },
    ),
    "rotation": event(
        "aws.secretsmanager",
        "AWS Service Event via CloudTrail",
        {
            "eventSource": "secretsmanager.amazonaws.com",
            "eventName": "RotationSucceeded",
            "requestParameters": None,
            "additionalEventData": {"SecretId": f"arn:aws:secretsmanager:us-east-1:{ACCOUNT}:secret:any/name-AbCdEf"},
        },
    ),
    "news": event(
        "aws.ecs",
        "ECS Deployment State Change",
        {"eventName": "SERVICE_DEPLOYMENT_FAILED", "eventType": "ERROR"},
        resources=(f"{ECS}:service/jobs/nightly",),
    ),
}
READS = event(
    "aws.secretsmanager",
    "AWS API Call via CloudTrail",
    {"eventSource": "secretsmanager.amazonaws.com", "eventName": "GetSecretValue", "requestParameters": {"secretId": "x"}},
)
FAILED = event(
    "aws.secretsmanager",
    "AWS API Call via CloudTrail",
    {
        "eventSource": "secretsmanager.amazonaws.com",
        "eventName": "PutSecretValue",
        "errorCode": "AccessDenied",
        "requestParameters": {"secretId": "any/name"},
    },
)
KINDS = {"push": {"ecr"}, "parameter": {"ssm"}, "file": {"s3"}, "secret": {"secret"}, "rotation": {"secret"}, "news": {"ecs"}}


def test_whatever_a_service_may_use_reaches_the_function(terraform, aws, ruler):
    settings = {"discovery": True, "discovery_clusters": ["web", "jobs"]}
    for patterns in (
        terraform.render(**settings).patterns,
        Stack(Discovery="true", DiscoveryClusters="web,jobs").patterns,
    ):
        assert ruler.kinds_that_match(patterns, EVENTS) == KINDS
        assert ruler.kinds_that_match(patterns, {"reads": READS, "failed": FAILED}) == {"reads": set(), "failed": set()}


def test_what_nobody_named_stays_outside(terraform, aws, ruler):
    scope = {"repositories": ["shop/"], "parameters": ["/shop/"], "secrets": ["shop/"], "buckets": ["shop-env"]}
    narrow = terraform.render(discovery=True, ecs_cluster_name="web", discovery_scope=scope).patterns
    assert ruler.kinds_that_match(narrow, EVENTS) == {name: set() for name in EVENTS}
    ours = json.loads(json.dumps(EVENTS).replace("any/name", "shop/name").replace("any-bucket", "shop-env").replace("/jobs/", "/web/"))
    assert ruler.kinds_that_match(narrow, ours) == KINDS

    stack = Stack(Discovery="true", EcsClusterName="web", EcrRepositories="shop/name", SsmPathPrefix="shop", S3Buckets="shop-env")
    outside = ruler.kinds_that_match(stack.patterns, EVENTS)
    assert {name for name, kinds in outside.items() if kinds} == {"secret", "rotation"}
    assert ruler.kinds_that_match(stack.patterns, ours) == KINDS


def test_without_discovery_there_is_no_rule_for_secrets(terraform, aws):
    assert "secret" not in terraform.render().patterns
    assert "secret" not in Stack().patterns


def test_a_queue_takes_secrets_as_well(terraform, aws):
    assert "secret" in terraform.render(discovery=True, enable_queue=True).queue["rules"]
    assert Stack(Discovery="true", EnableQueue="true").patterns["secret"]
