"""The Terraform module: its form, what it refuses, what its role may do."""

import re
import subprocess
from fnmatch import fnmatchcase

import boto3
import pytest

from support.iam import allows
from support.paths import TERRAFORM_MODULE, tool
from support.projects import EVERYTHING_ON, WATCHING
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
    "a sweep every minute ago": ({"sweep_interval_seconds": -60}, "sweep_interval_seconds"),
    "a sweep every half minute": ({"sweep_interval_seconds": 30}, "sweep_interval_seconds"),
    "a sweep every minute and a half": ({"sweep_interval_seconds": 90}, "a multiple of 60"),
    "a sweep every other day": ({"sweep_interval_seconds": 172800}, "sweep_interval_seconds"),
    "waiting without the time to": ({"wait_for_deployment": True}, "timeout_seconds must be at least 630"),
    "waiting with a second too little": (
        {"wait_for_deployment": True, "deployment_timeout_seconds": 60, "timeout_seconds": 89},
        "timeout_seconds must be at least 90",
    ),
    "waiting for hours with less than the most there is": (
        {"wait_for_deployment": True, "deployment_timeout_seconds": 7200, "timeout_seconds": 899},
        "timeout_seconds must be at least 900",
    ),
    "waiting without the time for a burst": (
        {"wait_for_deployment": True, "coalesce_seconds": 60, "timeout_seconds": 660},
        "timeout_seconds must be at least 690",
    ),
    "half a second for a burst": ({"coalesce_seconds": 0.5}, "coalesce_seconds"),
    "more than a minute for a burst": ({"coalesce_seconds": 61}, "coalesce_seconds"),
    "a window of six minutes": ({"queue_window_seconds": 360}, "queue_window_seconds"),
    "a batch of nothing": ({"queue_batch_size": 0}, "queue_batch_size"),
    "one batch at a time": ({"queue_max_concurrency": 1}, "queue_max_concurrency"),
    "no attempt": ({"queue_max_receive_count": 0}, "queue_max_receive_count"),
    "a large batch without a window": (
        {"enable_queue": True, "queue_window_seconds": 0, "queue_batch_size": 11},
        "queue_window_seconds",
    ),
    "a reservation that the queue does not know": (
        {"enable_queue": True, "reserved_concurrency": 4},
        "queue_max_concurrency",
    ),
    "a reservation that is too small for the queue": (
        {"enable_queue": True, "reserved_concurrency": 4, "queue_max_concurrency": 5},
        "queue_max_concurrency",
    ),
    "an endpoint with a path": ({"aws_endpoint_url": "https://host/path"}, "aws_endpoint_url"),
    "a relative CA bundle": ({"aws_ca_bundle": "ca.pem"}, "aws_ca_bundle"),
    "any role": ({"task_role_arns": ["*"]}, "task_role_arns"),
    "many roles at once": ({"task_role_arns": ["arn:aws:iam::123456789012:role/*"]}, "task_role_arns"),
    "an operator who is a whole account": (
        {"queue_operator_arns": ["arn:aws:iam::123456789012:root"]},
        "queue_operator_arns",
    ),
    "a layer without its version": (
        {"layers": ["arn:aws:lambda:us-east-1:123456789012:layer:authorities"]},
        "versions of layers",
    ),
    "a network without a security group": (
        {"vpc_config": {"subnet_ids": ["subnet-1"], "security_group_ids": []}},
        "security group",
    ),
    "a boundary that is a role": (
        {"permissions_boundary_arn": "arn:aws:iam::123456789012:role/x"},
        "permissions_boundary_arn",
    ),
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
    "more roles than a policy can hold": (
        {"task_role_arns": [f"arn:aws:iam::123456789012:role/shop-task-{i}-{'r' * 40}" for i in range(110)]},
        "10,240",
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


def test_who_waits_long_enough_may_wait(terraform):
    for deployment, function in ((60, 90), (600, 630), (7200, 900)):
        variables = {"deployment_timeout_seconds": deployment, "timeout_seconds": function}
        assert terraform.render(wait_for_deployment=True, **variables).environment["WAIT_FOR_DEPLOYMENT"] == "true"


@pytest.mark.parametrize(
    ("variables", "interval", "schedules"),
    [
        ({}, None, {}),
        ({"sweep_interval_seconds": 0}, None, {}),
        # EventBridge is strict about the plural.
        ({"sweep_interval_seconds": 60}, "60", {"sweep": "rate(1 minute)"}),
        ({"sweep_interval_seconds": 300}, "300", {"sweep": "rate(5 minutes)"}),
        ({"sweep_interval_seconds": 86400}, "86400", {"sweep": "rate(1440 minutes)"}),
    ],
)
def test_the_function_knows_of_a_sweep_exactly_when_one_is_scheduled(variables, interval, schedules, terraform):
    documents = terraform.render(**variables)
    assert documents.schedules == schedules
    assert documents.environment.get("SWEEP_INTERVAL_SECONDS") == interval
    assert "sweep" not in documents.patterns


def test_every_rule_calls_the_function_with_the_event_as_it_is():
    """The sweep needs the time of its event, all others the detail."""
    events = (TERRAFORM_MODULE / "events.tf").read_text()
    blocks = dict(re.findall(r'^resource "(\w+)" "\w+" \{\n(.*?)^\}', events, re.MULTILINE | re.DOTALL))

    rule, target = blocks["aws_cloudwatch_event_rule"], blocks["aws_cloudwatch_event_target"]
    assert "for_each = local.rules\n" in rule
    assert re.search(r"event_pattern += each\.value\.pattern\n", rule)
    assert re.search(r"schedule_expression += each\.value\.schedule\n", rule)
    assert "for_each = aws_cloudwatch_event_rule.events\n" in target
    assert "!contains(local.queued_rules, kind)" in blocks["aws_lambda_permission"]
    assert not re.search(r"^\s*input", target, re.MULTILINE)


def test_files_get_no_rule_when_they_are_not_watched(terraform):
    files = {"service_config": {"api": [{"bucket": "b", "key": "k"}]}}
    assert "s3" in terraform.render(**files).patterns
    assert "s3" not in terraform.render(**files, enable_s3_monitoring=False).patterns


ECS_ARN = "arn:aws:ecs:us-east-1:123456789012"


def statements(policy: dict) -> dict[str, dict]:
    return {statement["Sid"]: statement for statement in policy["Statement"]}


def actions(policy: dict) -> list[str]:
    """Those that are allowed."""
    allowed = [statement for statement in policy["Statement"] if statement["Effect"] == "Allow"]
    return sorted(action for statement in allowed for action in statement["Action"])


ALWAYS = [
    "ecs:DescribeServiceDeployments",
    "ecs:DescribeServiceRevisions",
    "ecs:DescribeServices",
    "ecs:DescribeTaskDefinition",
    "ecs:DescribeTasks",
    "ecs:ListServiceDeployments",
    "ecs:ListServices",
    "ecs:ListTagsForResource",
    "ecs:ListTaskDefinitions",
    "ecs:ListTasks",
    "ecs:UpdateService",
    "iam:PassRole",
    "logs:CreateLogStream",
    "logs:PutLogEvents",
    "sqs:SendMessage",
]


def test_the_role_may_do_what_the_function_does_and_nothing_else(terraform):
    assert actions(terraform.render().policy) == ALWAYS


@pytest.mark.parametrize(
    ("switch", "added"),
    [
        ("waiting", []),
        ("sweeping", []),
        (
            "rolling-back",
            [
                "ecs:RegisterTaskDefinition",
                "ecs:StopServiceDeployment",
                "ecs:TagResource",
            ],
        ),
    ],
)
def test_what_is_switched_on_adds_what_it_needs(switch, added, terraform):
    assert actions(terraform.render(**WATCHING[switch].variables).policy) == sorted(ALWAYS + added)


def test_ecs_knows_every_action(terraform):
    client = boto3.client("ecs", region_name="us-east-1", aws_access_key_id="none", aws_secret_access_key="none")
    allowed = actions(terraform.render(**EVERYTHING_ON.variables).policy)
    of_ecs = {action.removeprefix("ecs:") for action in allowed if action.startswith("ecs:")}
    assert of_ecs <= set(client.meta.service_model.operation_names)


def test_only_actions_that_know_no_resources_are_allowed_on_all(terraform):
    key = "arn:aws:kms:us-east-1:123456789012:key/1"
    policy = statements(terraform.render(**EVERYTHING_ON.variables, kms_key_arn=key).policy)
    on_all = {
        action: statement.get("Condition")
        for statement in policy.values()
        for action in statement["Action"]
        if statement["Effect"] == "Allow" and "*" in statement["Resource"]
    }
    of_this_cluster = {"ArnEquals": {"ecs:cluster": f"{ECS_ARN}:cluster/shop_cluster_dev"}}
    assert on_all == {
        "ecs:ListServices": of_this_cluster,
        "ecs:ListTasks": of_this_cluster,
        "ecs:DescribeTaskDefinition": None,
        "ecs:ListTaskDefinitions": None,
    }
    assert policy["ReadTheEnvironment"]["Resource"] == [key]


def test_services_of_other_clusters_are_out_of_reach(terraform):
    roll = statements(terraform.render().policy)["RollTheServicesOfThisCluster"]
    assert roll["Resource"] == [f"{ECS_ARN}:service/shop_cluster_dev/*"]
    assert roll["Condition"]["ArnEquals"]["ecs:cluster"].endswith(":cluster/shop_cluster_dev")


def test_deployments_revisions_and_tasks_of_other_clusters_are_out_of_reach(terraform):
    see = statements(terraform.render().policy)["SeeHowDeploymentsEnd"]
    assert see["Resource"] == [
        f"{ECS_ARN}:service/shop_cluster_dev/*",
        f"{ECS_ARN}:service-deployment/shop_cluster_dev/*/*",
        f"{ECS_ARN}:service-revision/shop_cluster_dev/*/*",
        f"{ECS_ARN}:task/shop_cluster_dev/*",
    ]


def test_services_of_a_map_are_allowed_by_name(terraform):
    services = {"api": {"service_name": "front-door", "task_family": "f"}}
    policy = statements(
        terraform.render(ecs_service_map=services, ecs_cluster_name="live", rollback_on_failure=True).policy
    )
    assert policy["RollTheServicesOfThisCluster"]["Resource"] == [
        f"{ECS_ARN}:service/live/front-door",
        f"{ECS_ARN}:service-deployment/live/front-door/*",
    ]
    assert policy["SeeHowDeploymentsEnd"]["Resource"] == [
        f"{ECS_ARN}:service/live/front-door",
        f"{ECS_ARN}:service-deployment/live/front-door/*",
        f"{ECS_ARN}:service-revision/live/front-door/*",
        f"{ECS_ARN}:task/live/*",
    ]
    assert policy["KeepWhatToGoBackTo"]["Resource"] == [f"{ECS_ARN}:task-definition/f-rollback:*"]


@pytest.mark.parametrize(
    ("count", "length", "changed_by_name", "seen_by_name"),
    [(6, 20, True, True), (9, 20, True, False), (12, 20, False, False)],
)
def test_a_policy_names_what_fits_into_it(count, length, changed_by_name, seen_by_name, terraform):
    names = [f"{i:02}".ljust(length, "s") for i in range(count)]
    services = {name[:2]: {"service_name": name, "task_family": name} for name in names}

    documents = terraform.render(ecs_service_map=services, rollback_on_failure=True)

    policy = statements(documents.policy)
    changed, seen = (policy[sid]["Resource"] for sid in ("RollTheServicesOfThisCluster", "SeeHowDeploymentsEnd"))
    assert (f"{ECS_ARN}:service/shop_cluster_dev/*" not in changed) == changed_by_name
    assert (f"{ECS_ARN}:service/shop_cluster_dev/*" not in seen) == seen_by_name
    # What the services may run stays bound to their families.
    copies = [f"{ECS_ARN}:task-definition/{name}-rollback:*" for name in names]
    assert policy["KeepWhatToGoBackTo"]["Resource"] == copies
    bound = policy["RollTheServicesOfThisCluster"]["Condition"]["ArnLikeIfExists"]["ecs:task-definition"]
    assert len(bound) == 2 * len(names)


def test_a_map_that_is_too_long_for_a_policy_even_so_is_still_taken(terraform):
    services = {f"{i:02}": {"service_name": f"s{i}", "task_family": f"{i:02}".ljust(40, "f")} for i in range(28)}
    policy = statements(terraform.render(ecs_service_map=services, rollback_on_failure=True).policy)
    assert policy["KeepWhatToGoBackTo"]["Resource"] == [f"{ECS_ARN}:task-definition/*-rollback:*"]


@pytest.mark.parametrize(
    ("pattern", "ours", "foreign"),
    [
        (
            "{project}_service_{name}_{env}",
            ["shop_service_api_dev-rollback", "shop_service_dev-rollback"],
            ["shop_service_api_dev", "shop_service_api_prod-rollback", "club_service_api_dev-rollback"],
        ),
        ("{name}_{project}", ["api_shop-rollback", "shop-rollback"], ["api_shop", "api_club-rollback"]),
        ("{project}{name}", ["shopapi-rollback", "shop-rollback"], ["shopapi", "club-rollback"]),
    ],
)
def test_copies_are_registered_only_in_families_of_their_own(pattern, ours, foreign, terraform):
    policy = terraform.render(rollback_on_failure=True, task_family_pattern=pattern).policy
    (allowed,) = statements(policy)["KeepWhatToGoBackTo"]["Resource"]

    def may(family: str) -> bool:
        return fnmatchcase(f"{ECS_ARN}:task-definition/{family}:7", allowed)

    assert all(may(family) for family in ours)
    assert not any(may(family) for family in foreign)


def may_run(policy: dict, task_definition: str, **context) -> bool:
    """Whether a service of ours can be given this task definition."""
    return allows(
        policy,
        "ecs:UpdateService",
        f"{ECS_ARN}:service/shop_cluster_dev/shop_service_api_dev",
        ecs__cluster=f"{ECS_ARN}:cluster/shop_cluster_dev",
        ecs__task_definition=task_definition,
        aws__PrincipalAccount="123456789012",
        **context,
    )


FAMILIES = {
    "its family": (f"{ECS_ARN}:task-definition/shop_service_api_dev:42", True),
    "the backend's": (f"{ECS_ARN}:task-definition/shop_service_dev:1", True),
    "a copy": (f"{ECS_ARN}:task-definition/shop_service_api_dev-rollback:3", True),
    "another environment's": (f"{ECS_ARN}:task-definition/shop_service_api_prod:42", False),
    "another project's": (f"{ECS_ARN}:task-definition/club_service_api_dev:42", False),
    "another account's": ("arn:aws:ecs:us-east-1:210987654321:task-definition/shop_service_api_dev:42", False),
    "a copy of a copy": (f"{ECS_ARN}:task-definition/shop_service_api_dev-rollback-rollback:3", False),
}


@pytest.mark.parametrize("whose", FAMILIES)
def test_a_service_can_be_given_task_definitions_of_the_project_alone(whose, terraform):
    task_definition, wanted = FAMILIES[whose]
    assert may_run(terraform.render().policy, task_definition) == wanted


def test_a_service_of_a_map_can_be_given_the_families_of_the_map_alone(terraform):
    services = {"api": {"service_name": "shop_service_api_dev", "task_family": "front-door-tasks"}}
    policy = terraform.render(ecs_service_map=services).policy
    assert may_run(policy, f"{ECS_ARN}:task-definition/front-door-tasks:7")
    assert may_run(policy, f"{ECS_ARN}:task-definition/front-door-tasks-rollback:7")
    assert not may_run(policy, f"{ECS_ARN}:task-definition/shop_service_api_dev:42")
    assert not may_run(policy, f"{ECS_ARN}:task-definition/front-door-tasks-of-others:7")


def test_no_shell_is_opened_in_the_tasks(terraform):
    policy = terraform.render().policy
    ours = f"{ECS_ARN}:task-definition/shop_service_api_dev:42"
    assert may_run(policy, ours, ecs__enable_execute_command="false")
    assert not may_run(policy, ours, ecs__enable_execute_command="true")


def test_with_a_map_the_services_are_not_listed(terraform):
    services = {"api": {"service_name": "front-door", "task_family": "f"}}
    assert "ecs:ListServices" not in actions(terraform.render(ecs_service_map=services).policy)


def test_only_copies_are_tagged_and_only_when_they_are_registered(terraform):
    policy = terraform.render(rollback_on_failure=True).policy

    def may_tag(family: str, **context) -> bool:
        return allows(policy, "ecs:TagResource", f"{ECS_ARN}:task-definition/{family}:3", **context)

    assert may_tag("shop_service_api_dev-rollback", ecs__CreateAction="RegisterTaskDefinition")
    assert not may_tag("shop_service_api_dev-rollback")
    assert not may_tag("shop_service_api_dev", ecs__CreateAction="RegisterTaskDefinition")


def test_of_what_the_key_encrypts_only_this_functions_environment_is_read(terraform):
    key = "arn:aws:kms:us-east-1:123456789012:key/1"
    policy = terraform.render(kms_key_arn=key).policy

    def may_decrypt(**context: str) -> bool:
        keys = {"kms:EncryptionContext:aws:lambda:FunctionArn": one for one in context.values()}
        return allows(policy, "kms:Decrypt", key, **keys)

    function = "arn:aws:lambda:us-east-1:123456789012:function:"
    assert may_decrypt(function=function + "shop_ci_lambda_dev")
    assert not may_decrypt(function=function + "another")
    assert not may_decrypt()


def test_in_a_network_lambda_alone_makes_the_interfaces(terraform):
    network = {"subnet_ids": ["subnet-1"], "security_group_ids": ["sg-1"]}
    assert not [action for action in actions(terraform.render().policy) if action.startswith("ec2:")]
    policy = terraform.render(vpc_config=network).policy
    function = "arn:aws:lambda:us-east-1:123456789012:function:shop_ci_lambda_dev"
    interface = "arn:aws:ec2:us-east-1:123456789012:network-interface/*"
    assert allows(policy, "ec2:CreateNetworkInterface", interface)
    assert not allows(policy, "ec2:CreateNetworkInterface", interface, lambda__SourceFunctionArn=function)


def test_the_function_gets_its_network_layers_boundary_and_tags():
    """Which only a provider could render."""
    main, iam = ((TERRAFORM_MODULE / name).read_text() for name in ("main.tf", "iam.tf"))
    assert re.search(r"^  layers +\= concat\(var\.layers, aws_lambda_layer_version\.config\[\*\]\.arn\)$", main, re.MULTILINE)
    network = r'dynamic "vpc_config" \{\n +for_each = var\.vpc_config == null \? \[\] : \[var\.vpc_config\]'
    assert re.search(network, main)
    assert re.search(r"^  permissions_boundary = var\.permissions_boundary_arn$", iam, re.MULTILINE)
    taggable = {"aws_lambda_function", "aws_iam_role", "aws_sqs_queue", "aws_cloudwatch_log_group"}
    taggable |= {"aws_cloudwatch_event_rule", "aws_cloudwatch_metric_alarm", "aws_ssm_parameter", "aws_s3_object"}
    whole = "\n".join(path.read_text() for path in FILES)
    for kind, body in re.findall(r'^resource "(\w+)" "\w+" \{\n(.*?)^\}', whole, re.MULTILINE | re.DOTALL):
        assert kind not in taggable or re.search(r"^  tags +\= var\.tags$", body, re.MULTILINE), kind


def test_only_the_given_roles_are_passed_and_only_to_tasks(terraform):
    passing = statements(terraform.render().policy)["PassTheRolesOfTheTasks"]
    assert passing["Resource"] == LEAST["task_role_arns"]
    assert passing["Condition"] == {"StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}}
    assert "PassTheRolesOfTheTasks" not in statements(terraform.render(task_role_arns=[]).policy)
