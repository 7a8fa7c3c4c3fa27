"""The Terraform module: its form, what it refuses, what its role may do."""

import re
import subprocess

import pytest

from support.paths import TERRAFORM_MODULE, tool
from support.terraform import LEAST, PURE_FILES, Refused

FILES = sorted(TERRAFORM_MODULE.glob("*.tf"))


def code(path) -> str:
    """Without comments and without the text of strings, but with what is interpolated into them."""
    text = re.sub(r"^\s*#.*$", "", path.read_text(), flags=re.MULTILINE)
    return re.sub(r'"((?:[^"\\]|\\.)*)"', lambda match: " ".join(re.findall(r"\$\{([^}]*)\}", match[1])), text)


def test_it_is_formatted():
    done = subprocess.run(
        [tool("CI_LAMBDA_TERRAFORM", "Terraform"), "fmt", "-check", "-diff", "-recursive", str(TERRAFORM_MODULE)],
        env={"PATH": "/usr/bin:/bin", "TF_CLI_CONFIG_FILE": "/dev/null"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_everything_that_it_refers_to_exists():
    """`terraform validate` would say so, but it needs the AWS provider."""
    whole = "\n".join(path.read_text() for path in FILES)
    variables = set(re.findall(r'^variable "(\w+)"', whole, re.MULTILINE))
    resources = {".".join(pair) for pair in re.findall(r'^resource "(\w+)" "(\w+)"', whole, re.MULTILINE)}
    bodies = re.findall(r"^locals \{\n(.*?)^\}", whole, re.MULTILINE | re.DOTALL)
    names = {name for body in bodies for name in re.findall(r"^  (\w+)\s+=", body, re.MULTILINE)}

    used = "\n".join(code(path) for path in FILES)
    assert set(re.findall(r"\bvar\.(\w+)", used)) == variables
    assert set(re.findall(r"\blocal\.(\w+)", used)) == names
    assert set(re.findall(r"\b(aws_\w+\.\w+)\b", re.sub(r"\bdata\.\S+", "", used))) <= resources


def test_what_is_rendered_without_a_provider_makes_no_resources():
    for name in PURE_FILES:
        assert not re.search(r'^(resource|data) "', (TERRAFORM_MODULE / name).read_text(), re.MULTILINE), name


REFUSED = {
    "a project with a blank": ({"project_name": "my shop"}, "project_name"),
    "an unknown log level": ({"log_level": "verbose"}, "log_level"),
    "an unknown placeholder": ({"service_name_pattern": "{project}_{service}"}, "service_name_pattern"),
    "a pattern without {name}": ({"task_family_pattern": "{project}_{env}"}, "task_family_pattern"),
    "{name} in the cluster": ({"cluster_name_pattern": "{project}_{name}"}, "cluster_name_pattern"),
    "a cluster's ARN": ({"ecs_cluster_name": "arn:aws:ecs:us-east-1:123456789012:cluster/c"}, "ecs_cluster_name"),
    "a service without a family": ({"ecs_service_map": {"api": {"service_name": "a"}}}, "task_family"),
    "a family with a revision": (
        {"ecs_service_map": {"api": {"service_name": "a", "task_family": "a:7"}}},
        "without ARN or revision",
    ),
    "a service name twice": (
        {"ecs_service_map": {id: {"service_name": "a", "task_family": "a"} for id in ("x", "y")}},
        "same service_name",
    ),
    "a repository for nobody": ({"ecr_repo_map": {"shop/api": []}}, "ecr_repo_map"),
    "a repository with a tag": ({"ecr_repo_map": {"shop/api:v1": ["api"]}}, "ecr_repo_map"),
    "a parameter path for nobody": ({"ssm_service_map": {"/dev/shop/api": []}}, "ssm_service_map"),
    "an empty path": ({"ssm_service_map": {"/": ["api"]}}, "ssm_service_map"),
    "a file without a key": ({"service_config": {"api": [{"bucket": "b", "key": ""}]}}, "service_config"),
    "a webhook without a path": ({"slack_webhook_url": "https://hooks.example.com"}, "slack_webhook_url"),
    "a plain webhook": ({"slack_webhook_url": "http://hooks.example.com/x"}, "slack_webhook_url"),
    "a half retry": ({"max_deployment_retries": 1.5}, "max_deployment_retries"),
    "too many retries": ({"max_deployment_retries": 11}, "max_deployment_retries"),
    "no timeout": ({"deployment_timeout_seconds": 0}, "deployment_timeout_seconds"),
    "an endpoint with a path": ({"aws_endpoint_url": "https://host/path"}, "aws_endpoint_url"),
    "a relative CA bundle": ({"aws_ca_bundle": "ca.pem"}, "aws_ca_bundle"),
    "any role": ({"task_role_arns": ["*"]}, "task_role_arns"),
    "many roles at once": ({"task_role_arns": ["arn:aws:iam::123456789012:role/*"]}, "task_role_arns"),
    "both sources of S3 events": ({"s3_event_source": "both"}, "s3_event_source"),
    "another architecture": ({"architecture": "riscv"}, "architecture"),
    "a reservation of nothing": ({"reserved_concurrency": 0}, "reserved_concurrency"),
    "an odd retention": ({"log_retention_days": 31}, "log_retention_days"),
    "an alarm by mail": ({"alarm_topic_arns": ["me@example.com"]}, "alarm_topic_arns"),
    "an alias of a key": ({"kms_key_arn": "arn:aws:kms:us-east-1:123456789012:alias/x"}, "kms_key_arn"),
    "no zip": ({"package_path": None}, "package_path or package_s3"),
    "two zips": ({"package_s3": {"bucket": "b", "key": "k.zip"}}, "package_path or package_s3"),
    "a long name": ({"project_name": "p" * 45}, "function_name"),
    "more than 4 KB": (
        {"ecs_service_map": {f"s{i}": {"service_name": f"service-{i}", "task_family": "f" * 40} for i in range(60)}},
        "4 KB",
    ),
    "more repositories than a rule can hold": (
        {"ecr_repo_map": {f"team/quite-a-long-name-number-{i}": ["a"] for i in range(70)}},
        "2,048",
    ),
}


@pytest.mark.parametrize("what", REFUSED)
def test_it_refuses(what, terraform):
    variables, word = REFUSED[what]
    with pytest.raises(Refused) as refused:
        terraform.render(**variables)
    # Terraform breaks lines where it likes.
    assert word in " ".join(re.sub(r"[│\x1b]", " ", str(refused.value)).split())


def test_it_takes_the_least(terraform):
    assert set(terraform.render().patterns) == {"ecr", "ssm", "ecs", "manual"}


@pytest.mark.parametrize("kind", ["ecr", "ssm", "manual"])
def test_what_is_switched_off_gets_no_rule(kind, terraform):
    switch = {"ecr": "enable_ecr_monitoring", "ssm": "enable_ssm_monitoring", "manual": "enable_manual_deploy"}[kind]
    assert kind not in terraform.render(**{switch: False}).patterns


def test_files_get_no_rule_when_they_are_not_watched(terraform):
    files = {"service_config": {"api": [{"bucket": "b", "key": "k"}]}}
    assert "s3" in terraform.render(**files).patterns
    assert "s3" not in terraform.render(**files, enable_s3_monitoring=False).patterns


def statements(policy: dict) -> dict[str, dict]:
    return {statement["Sid"]: statement for statement in policy["Statement"]}


def test_the_role_may_do_what_the_function_does_and_nothing_else(terraform):
    actions = [action for statement in terraform.render().policy["Statement"] for action in statement["Action"]]
    assert sorted(actions) == [
        "ecs:DescribeServices",
        "ecs:ListTaskDefinitions",
        "ecs:UpdateService",
        "iam:PassRole",
        "logs:CreateLogStream",
        "logs:PutLogEvents",
        "sqs:SendMessage",
    ]


def test_only_the_action_that_knows_no_resources_is_allowed_on_all(terraform):
    policy = statements(terraform.render(kms_key_arn="arn:aws:kms:us-east-1:123456789012:key/1").policy)
    on_all = [sid for sid, statement in policy.items() if statement["Resource"] == ["*"]]
    assert on_all == ["FindTheNewestTaskDefinition"]
    assert policy["ReadTheEnvironment"]["Resource"] == ["arn:aws:kms:us-east-1:123456789012:key/1"]


def test_services_of_other_clusters_are_out_of_reach(terraform):
    roll = statements(terraform.render().policy)["RollTheServicesOfThisCluster"]
    assert roll["Resource"] == ["arn:aws:ecs:us-east-1:123456789012:service/shop_cluster_dev/*"]
    assert roll["Condition"]["ArnEquals"]["ecs:cluster"].endswith(":cluster/shop_cluster_dev")


def test_services_of_a_map_are_allowed_by_name(terraform):
    services = {"api": {"service_name": "front-door", "task_family": "f"}}
    roll = statements(terraform.render(ecs_service_map=services, ecs_cluster_name="live").policy)[
        "RollTheServicesOfThisCluster"
    ]
    assert roll["Resource"] == ["arn:aws:ecs:us-east-1:123456789012:service/live/front-door"]


def test_only_the_given_roles_are_passed_and_only_to_tasks(terraform):
    passing = statements(terraform.render().policy)["PassTheRolesOfTheTasks"]
    assert passing["Resource"] == LEAST["task_role_arns"]
    assert passing["Condition"] == {"StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}}
    assert "PassTheRolesOfTheTasks" not in statements(terraform.render(task_role_arns=[]).policy)
