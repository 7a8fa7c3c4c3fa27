"""Several regions and accounts: what the roles may do and where, which events count, and which are sent from elsewhere."""

import json
import pathlib
import re
import shlex
import subprocess
import sys

import generate
import pytest

from support.events import ACCOUNT, MORE, action, deployment, elsewhere, fixtures, hook, manual, parameter, push
from support.iam import allows
from support.paths import TARGET_TEMPLATE, TERRAFORM_MODULE, tool
from support.program import configuration
from support.projects import BY_MAP, BY_RULE, EVERYTHING_ON, WITH_CLOUDTRAIL
from support.stack import Stack, TargetStack, as_json
from support.template import refusals
from support.terraform import Refused, Submodule

OTHER = "210987654321"
ROLE = f"arn:aws:iam::{OTHER}:role/shop-deploy"
FUNCTION_ROLE = f"arn:aws:iam::{ACCOUNT}:role/shop_ci_lambda_dev"
TASK_ROLE = f"arn:aws:iam::{OTHER}:role/shop-task"
# The function is in us-east-1 in all of these.
REGIONS = ["eu-west-1", "us-east-1"]
HERE_AND_THERE = {
    "here": {"region": "us-east-1"},
    "there": {"region": "eu-west-1", "cluster": "live", "role_arn": ROLE, "external_id": "shop"},
}
# The same, as parameters.
WITH_REGIONS = {"Regions": "eu-west-1,us-east-1"}
WITH_TARGETS = {
    "Targets": json.dumps(HERE_AND_THERE),
    "TargetRoleArns": ROLE,
    "TargetAccounts": OTHER,
    "TargetRegions": "us-east-1,eu-west-1",
}


@pytest.fixture(params=["terraform", "cloudformation"])
def roles(request):
    """(inputs, parameters) -> the policy of the function's role, as one of the two makes it."""
    if request.param == "terraform":
        terraform = request.getfixturevalue("terraform")
        return lambda inputs, _: terraform.render(**inputs).policy
    request.getfixturevalue("aws")

    def by_cloudformation(_, parameters):
        stack = Stack(**parameters)
        made = stack.policy
        stack.delete()
        return made

    return by_cloudformation


def may_deploy(policy: dict, region: str, account: str = ACCOUNT, cluster: str = "shop_cluster_dev") -> bool:
    """All that a deployment needs of a cluster; a part of it fails the test."""
    ecs = f"arn:aws:ecs:{region}:{account}"
    context = {
        "aws:RequestedRegion": region,
        "aws:PrincipalAccount": account,
        "ecs:cluster": f"{ecs}:cluster/{cluster}",
        "ecs:task-definition": f"{ecs}:task-definition/shop_service_api_dev:7",
    }
    service = f"{cluster}/shop_service_api_dev"
    answers = {
        allows(policy, action, resource, **context)
        for action, resource in {
            "ecs:UpdateService": f"{ecs}:service/{service}",
            "ecs:DescribeServices": f"{ecs}:service/{service}",
            "ecs:DescribeServiceDeployments": f"{ecs}:service-deployment/{service}/x",
            "ecs:DescribeServiceRevisions": f"{ecs}:service-revision/{service}/1",
            "ecs:DescribeTasks": f"{ecs}:task/{cluster}/x",
            "ecs:ListServices": "*",
        }.items()
    }
    assert len(answers) == 1, "a part of it"
    return answers.pop()


# --- what the function's own role may do ------------------------------------------------------------------------------


def test_with_regions_the_role_may_deploy_in_these_and_nowhere_else(roles):
    policy = roles({"regions": REGIONS}, WITH_REGIONS)
    assert may_deploy(policy, "us-east-1") and may_deploy(policy, "eu-west-1")
    assert not may_deploy(policy, "eu-central-1")
    assert not may_deploy(policy, "eu-west-1", account=OTHER)
    assert not may_deploy(policy, "eu-west-1", cluster="others")


def test_in_one_other_region_alone_the_role_may_not_deploy_here(terraform):
    policy = terraform.render(regions=["eu-west-1"]).policy
    assert may_deploy(policy, "eu-west-1") and not may_deploy(policy, "us-east-1")


def test_without_targets_the_role_is_what_it_was(roles):
    policy = roles({}, {})
    assert may_deploy(policy, "us-east-1") and not may_deploy(policy, "eu-west-1")
    assert not {"AssumeTheRolesOfTargets", "NowhereElse", "SeeWhatIsReplicated"} & {one.get("Sid") for one in policy["Statement"]}


def test_the_function_may_assume_the_roles_of_its_targets_and_no_others(roles):
    policy = roles({"targets": HERE_AND_THERE}, WITH_TARGETS)
    assert allows(policy, "sts:AssumeRole", ROLE)
    for role in (f"{ROLE}2", ROLE.replace(OTHER, ACCOUNT), f"arn:aws:iam::{OTHER}:role/admin"):
        assert not allows(policy, "sts:AssumeRole", role)


def test_where_a_target_has_a_role_the_functions_own_may_do_nothing(roles):
    policy = roles({"targets": HERE_AND_THERE}, WITH_TARGETS)
    assert may_deploy(policy, "us-east-1")
    assert not may_deploy(policy, "eu-west-1") and not may_deploy(policy, "eu-west-1", cluster="live")
    assert not may_deploy(policy, "eu-west-1", account=OTHER, cluster="live")


def test_where_every_target_has_a_role_the_functions_own_deploys_nothing(terraform):
    policy = terraform.render(targets={"there": HERE_AND_THERE["there"]}, task_role_arns=[]).policy
    assert not may_deploy(policy, "us-east-1") and "ecs:" not in json.dumps(policy)
    assert allows(policy, "sts:AssumeRole", ROLE)


def test_with_several_targets_an_image_on_its_way_can_be_looked_for_where_it_is_to_be(roles):
    policy = roles({"regions": REGIONS}, WITH_REGIONS)

    def may_look(region: str, name: str, account: str = ACCOUNT) -> bool:
        where = {"aws:RequestedRegion": region, "aws:PrincipalAccount": ACCOUNT}
        return allows(policy, "ecr:DescribeImages", f"arn:aws:ecr:{region}:{account}:repository/{name}", **where)

    assert may_look("eu-west-1", "shop_service_api") and may_look("us-east-1", "shop_backend")
    # In a registry of another account, if that lets it.
    assert may_look("eu-west-1", "shop_service_api", OTHER)
    assert not may_look("eu-central-1", "shop_service_api") and not may_look("eu-west-1", "others")


def test_what_is_taken_back_in_earlier_targets_may_be(roles):
    inputs = {"regions": REGIONS, "target_order": REGIONS, "roll_back_earlier_targets": True, "timeout_seconds": 900}
    parameters = WITH_REGIONS | {"TargetOrder": "eu-west-1,us-east-1", "RollBackEarlierTargets": "true", "TimeoutSeconds": "900"}
    copy = f"arn:aws:ecs:eu-west-1:{ACCOUNT}:task-definition/shop_service_api_dev-rollback:1"
    where = {"aws:RequestedRegion": "eu-west-1", "aws:PrincipalAccount": ACCOUNT}
    assert allows(roles(inputs, parameters), "ecs:RegisterTaskDefinition", copy, **where)
    assert not allows(roles({"regions": REGIONS}, WITH_REGIONS), "ecs:RegisterTaskDefinition", copy, **where)


def test_both_make_the_same_role_for_several_regions(terraform, aws):
    ours, theirs = terraform.render(regions=REGIONS).policy, Stack(**WITH_REGIONS).policy

    def compared(policy: dict) -> dict:
        statements = {one["Sid"]: one for one in policy["Statement"]}
        condition = statements["NowhereElse"]["Condition"]["StringNotEquals"]
        condition["aws:RequestedRegion"] = sorted(set(condition["aws:RequestedRegion"]))
        return statements

    assert compared(ours) == compared(theirs)


# --- what a target's role may do --------------------------------------------------------------------------------------


def test_a_targets_role_may_deploy_in_the_target_and_nowhere_else(terraform):
    documents = terraform.render(targets=HERE_AND_THERE)
    assert list(documents.target_policies) == ["there"]
    policy = documents.target_policies["there"]
    assert may_deploy(policy, "eu-west-1", account=OTHER, cluster="live")
    assert not may_deploy(policy, "us-east-1", account=OTHER, cluster="live")
    assert not may_deploy(policy, "eu-west-1", account=OTHER)
    assert not may_deploy(policy, "eu-west-1", cluster="live")


def test_a_role_that_several_targets_have_may_deploy_in_all_of_them(terraform):
    targets = HERE_AND_THERE | {"far": {"region": "ap-south-1", "cluster": "live", "role_arn": ROLE}}
    policies = terraform.render(targets=targets).target_policies
    assert policies["there"] == policies["far"]
    for region in ("eu-west-1", "ap-south-1"):
        assert may_deploy(policies["far"], region, account=OTHER, cluster="live")
    assert not may_deploy(policies["far"], "us-east-1", account=OTHER, cluster="live")


def test_a_targets_role_has_nothing_of_what_the_function_needs_for_itself(terraform):
    everything = EVERYTHING_ON.variables | {"targets": HERE_AND_THERE, "enable_queue": True, "kms_key_arn": f"arn:aws:kms:us-east-1:{ACCOUNT}:key/1"}
    text = json.dumps(terraform.render(**everything).target_policies)
    for action_ in ("sqs:", "logs:", "kms:", "sts:", "lambda:", "iam:PassRole"):
        assert action_ not in text


@pytest.fixture(scope="module")
def target_role(terraform, tmp_path_factory) -> Submodule:
    folder = tmp_path_factory.mktemp("target-role")
    return Submodule(terraform.program, folder, "target-role", OTHER, "eu-west-1")


OF_A_ROLE = {"name": "shop-deploy", "function_role_arn": FUNCTION_ROLE, "task_role_arns": [TASK_ROLE]}


def trusted(role: dict) -> tuple:
    (statement,) = role["Statement"]
    return statement["Principal"], statement["Action"], statement.get("Condition")


def test_only_the_function_may_assume_the_role_and_only_with_the_external_id(terraform, target_role, aws):
    policy = json.dumps(terraform.render(targets=HERE_AND_THERE).target_policies["there"])
    ours = target_role.render(**OF_A_ROLE, policy=policy, external_id="shop")
    stack = TargetStack(FunctionRoleArn=FUNCTION_ROLE, ExternalId="shop")
    written = stack.properties("AWS::IAM::Role")["TargetRole"]["AssumeRolePolicyDocument"]

    expected = {"AWS": FUNCTION_ROLE}, "sts:AssumeRole", {"StringEquals": {"sts:ExternalId": "shop"}}
    assert trusted(ours["trust_policy"]) == expected
    assert trusted(written) == expected
    assert trusted(target_role.render(**OF_A_ROLE, policy=policy)["trust_policy"])[2] is None


def test_the_role_may_pass_the_roles_of_its_own_account_on_to_whom_they_are_for(terraform, target_role):
    policy = json.dumps(terraform.render(targets=HERE_AND_THERE).target_policies["there"])
    hooks, clock = f"arn:aws:iam::{OTHER}:role/hooks", f"arn:aws:iam::{OTHER}:role/clock"
    made = target_role.render(**OF_A_ROLE, policy=policy, hook_role_arns=[hooks], schedule_role_arns=[clock])["policy"]

    def may_pass(role: str, service: str) -> bool:
        return allows(made, "iam:PassRole", role, iam__PassedToService=service)

    assert may_pass(TASK_ROLE, "ecs-tasks.amazonaws.com") and not may_pass(TASK_ROLE, "lambda.amazonaws.com")
    assert may_pass(hooks, "ecs.amazonaws.com") and not may_pass(hooks, "ecs-tasks.amazonaws.com")
    assert may_pass(clock, "scheduler.amazonaws.com") and not may_pass(clock, "ecs.amazonaws.com")
    assert not may_pass(f"{TASK_ROLE}2", "ecs-tasks.amazonaws.com")


ALL_POWERS = {
    "rollback_on_failure": True,
    "code_deploy": True,
    "express_services": True,
    "ecr_deploy_mode": "revision",
    "image_requests": True,
    "answer_requests": True,
    "promotion_clusters": ["stage"],
    "failure_log_lines": 20,
    "before_tasks": True,
    "before_task_families": ["shop_migrate"],
}
ALL_POWERS_PARAMETERS = {
    "RollbackOnFailure": "true",
    "CodeDeploy": "true",
    "ExpressServices": "true",
    "EcrDeployMode": "revision",
    "ImageRequests": "true",
    "AnswerRequests": "true",
    "PromotionClusters": "stage",
    "FailureLogLines": "20",
    "BeforeTasks": "true",
    "BeforeTaskFamilies": "shop_migrate",
}
ROLES_ALIKE = {
    "the-least": ({}, {}, ""),
    "everything-on": (EVERYTHING_ON.variables, {"RollbackOnFailure": "true"}, ""),
    "all-powers": (ALL_POWERS, ALL_POWERS_PARAMETERS, ""),
    "another-cluster": ({}, {"EcsClusterName": "live"}, "live"),
}


@pytest.mark.parametrize("name", ROLES_ALIKE)
def test_module_and_template_make_the_same_role(name, terraform, target_role, aws):
    variables, parameters, cluster = ROLES_ALIKE[name]
    # moto has one account.
    role = f"arn:aws:iam::{ACCOUNT}:role/shop-deploy"
    target = {"region": "us-east-1", "role_arn": role} | ({"cluster": cluster} if cluster else {})
    documents = terraform.render(**variables, targets={"there": target})
    task_role = f"arn:aws:iam::{ACCOUNT}:role/shop-task"
    inputs = OF_A_ROLE | {"task_role_arns": [task_role], "policy": json.dumps(documents.target_policies["there"])}

    stack = TargetStack(FunctionRoleArn=FUNCTION_ROLE, **parameters)

    ours = target_role.render(**inputs)["policy"]["Statement"]
    assert {one["Sid"]: in_any_order(one) for one in ours} == {one["Sid"]: in_any_order(one) for one in stack.policy["Statement"]}


def in_any_order(value):
    """Lists of clusters and families are put together in another way where CloudFormation has no loops."""
    if isinstance(value, dict):
        return {key: in_any_order(one) for key, one in value.items()}
    if not isinstance(value, list):
        return value
    loose = [one.replace("arn:*:ecs:*:${aws:PrincipalAccount}", f"arn:aws:ecs:us-east-1:{ACCOUNT}") if isinstance(one, str) else one for one in value]
    return sorted(loose)


def test_without_a_function_role_the_template_makes_no_role(aws):
    stack = TargetStack()
    assert "TargetRole" not in stack.properties("AWS::IAM::Role") and "RoleArn" not in stack.outputs


# --- whose events count -----------------------------------------------------------------------------------------------


def moved(one: dict, account: str, region: str) -> dict:
    """The event, as it would have happened there."""
    text = json.dumps(one).replace(ACCOUNT, account).replace("us-east-1", region)
    return json.loads(text)


EVENTS = {
    "push": push("shop_service_api"),
    "parameter": parameter("/dev/shop/api/KEY"),
    "deployment": deployment("shop_cluster_dev/shop_service_api_dev"),
    "action": action("shop_service_api_dev", "shop_cluster_dev"),
    "hook": hook("shop_service_api_dev", "shop_cluster_dev"),
}


@pytest.fixture(params=["terraform", "cloudformation"])
def patterns(request):
    if request.param == "terraform":
        terraform = request.getfixturevalue("terraform")
        return lambda inputs, _: terraform.render(**inputs).patterns
    request.getfixturevalue("aws")

    def by_cloudformation(_, parameters):
        stack = Stack(**parameters)
        made = stack.patterns
        stack.delete()
        return made

    return by_cloudformation


def test_what_happens_in_the_regions_counts_and_elsewhere_it_does_not(patterns, ruler):
    made = patterns({"regions": REGIONS}, WITH_REGIONS)
    events = {f"{name}-{region}": moved(one, ACCOUNT, region) for name, one in EVENTS.items() for region in [*REGIONS, "eu-central-1"]}
    matched = ruler.kinds_that_match(made, events)
    for name, kinds in matched.items():
        assert len(kinds) == (0 if name.endswith("eu-central-1") else 1), f"{name}: {kinds}"


def test_what_happens_in_the_account_of_a_target_counts_there_alone(patterns, ruler):
    made = patterns({"targets": HERE_AND_THERE}, WITH_TARGETS)
    events = {
        "push": moved(EVENTS["push"], OTHER, "eu-west-1"),
        "parameter": moved(EVENTS["parameter"], OTHER, "eu-west-1"),
        "deployment": moved(deployment("live/shop_service_api_dev"), OTHER, "eu-west-1"),
        "another-account": moved(EVENTS["push"], "345678901234", "eu-west-1"),
        "another-region": moved(EVENTS["push"], OTHER, "eu-central-1"),
    }
    matched = ruler.kinds_that_match(made, events)
    assert matched == {
        "push": {"ecr"},
        "parameter": {"ssm"},
        "deployment": {"ecs"},
        "another-account": set(),
        "another-region": set(),
    }


def test_other_clusters_do_not_count_where_their_names_are_known(terraform, ruler):
    made = terraform.render(targets=HERE_AND_THERE).patterns
    events = {
        "home": deployment("shop_cluster_dev/shop_service_api_dev"),
        "its": moved(deployment("live/shop_service_api_dev"), OTHER, "eu-west-1"),
        "not-its": moved(deployment("shop_cluster_dev/shop_service_api_dev"), OTHER, "eu-west-1"),
        "not-home": deployment("live/shop_service_api_dev"),
    }
    assert ruler.kinds_that_match(made, events) == {"home": {"ecs"}, "its": {"ecs"}, "not-its": set(), "not-home": set()}


def test_nobody_in_the_account_of_a_target_asks_for_deployments_unless_it_is_said(patterns, ruler):
    request_ = manual("action.deploy", project="shop", env="dev")
    events = {"ours": request_, "region": elsewhere(request_, region="eu-west-1"), "theirs": elsewhere(request_, account=OTHER)}
    made = patterns({"targets": HERE_AND_THERE}, WITH_TARGETS)
    assert ruler.kinds_that_match(made, events) == {"ours": {"manual"}, "region": {"manual"}, "theirs": set()}
    said = patterns({"targets": HERE_AND_THERE, "event_accounts": [OTHER]}, WITH_TARGETS | {"EventAccounts": OTHER})
    assert ruler.kinds_that_match(said, events)["theirs"] == {"manual"}


def acts_upon(environment: dict[str, str], one: dict, file: pathlib.Path) -> bool:
    """Whether the function would deploy or tell something, in any of its targets."""
    file.write_text(json.dumps(one))
    done = subprocess.run(
        [tool("CI_LAMBDA_CLI", "the program ci_lambda"), "plan", "--json", str(file)],
        env=environment | {"AWS_REGION": "us-east-1", "AWS_ACCOUNT_ID": ACCOUNT},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return any(target["decision"] in ("deploy", "notify") for target in json.loads(done.stdout).values())


@pytest.mark.parametrize("name", ["regions", "targets"])
def test_what_the_function_acts_upon_in_a_target_reaches_it_and_what_it_ignores_does_not(name, terraform, ruler, tmp_path):
    targets = {"regions": {"regions": REGIONS}, "targets": {"targets": HERE_AND_THERE}}[name]
    documents = terraform.render(**targets)
    there = deployment("live/shop_service_api_dev")
    events = {
        f"{one}-{account}-{region}": moved(event_, account, region)
        for one, event_ in (EVENTS | {"there": there}).items()
        for account in (ACCOUNT, OTHER, "345678901234")
        for region in ("us-east-1", "eu-west-1", "ap-south-1")
        # A pattern lists accounts and regions, and not which of them belong together.
        if name == "regions" or (account, region) not in ((OTHER, "us-east-1"), (ACCOUNT, "eu-west-1"))
    }
    matched = ruler.kinds_that_match(documents.patterns, events)
    acted = {one: acts_upon(documents.environment, event_, tmp_path / "event.json") for one, event_ in events.items()}
    assert {one: bool(kinds) for one, kinds in matched.items()} == acted
    assert True in acted.values() and False in acted.values()


def test_many_targets_are_heard_by_the_names_of_their_clusters(terraform, ruler):
    regions = [f"region-number-{i}" for i in range(1, 21)]
    documents = terraform.render(targets={region: {"region": region} for region in regions})
    assert all(len(text) <= 2048 for text in documents.pattern_texts.values())
    events = {
        "ours": moved(EVENTS["deployment"], ACCOUNT, regions[-1]),
        "short": moved(EVENTS["action"], ACCOUNT, regions[7]),
        "others": moved(deployment("shop_cluster_dev2/api"), ACCOUNT, regions[7]),
    }
    assert ruler.kinds_that_match(documents.patterns, events) == {"ours": {"ecs"}, "short": {"ecs"}, "others": set()}


def test_accounts_of_targets_may_send_to_the_bus_and_those_of_events_if_it_is_said(terraform, aws):
    third = "345678901234"
    assert terraform.render(regions=REGIONS, event_accounts=[third]).bus_accounts == []
    assert terraform.render(targets=HERE_AND_THERE, event_accounts=[third]).bus_accounts == [OTHER]
    both = terraform.render(targets=HERE_AND_THERE, event_accounts=[third], open_bus_to_event_accounts=True)
    assert both.bus_accounts == [OTHER, third]
    # Whoever has a role of this very account needs no permission on its bus.
    own = {"there": {"region": "eu-west-1", "role_arn": f"arn:aws:iam::{ACCOUNT}:role/deploy"}}
    assert terraform.render(targets=own).bus_accounts == []


@pytest.mark.parametrize(
    ("parameters", "accounts"),
    [
        ({"EventAccounts": "345678901234"}, []),
        (WITH_TARGETS | {"EventAccounts": "345678901234"}, [OTHER]),
        (WITH_TARGETS | {"EventAccounts": "345678901234", "OpenBusToEventAccounts": "true"}, [OTHER, "345678901234"]),
        ({"EventAccounts": "345678901234", "OpenBusToEventAccounts": "true"}, ["345678901234"]),
    ],
)
def test_the_stack_opens_its_bus_to_the_same_accounts(parameters, accounts, aws):
    stack = Stack(**parameters)
    statements = [one["Statement"] for one in stack.properties("AWS::Events::EventBusPolicy").values()]
    assert sorted(account for one in statements for account in one["Principal"]["AWS"]) == accounts
    for one in statements:
        assert (one["Action"], one["Resource"]) == ("events:PutEvents", stack.outputs["BusArn"])


def test_the_stack_takes_from_the_accounts_of_targets_what_aws_says_there_and_nothing_else(aws):
    stack = Stack(**WITH_TARGETS, Discovery="true", CodeDeploy="true")
    (statement,) = [one["Statement"] for one in stack.properties("AWS::Events::EventBusPolicy").values()]
    taken = set(statement["Condition"]["ForAllValues:StringEquals"]["events:source"])
    assert taken == {source for kind, pattern in stack.patterns.items() if kind != "manual" for source in pattern["source"]}


# --- what is sent from elsewhere --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def forwarding(terraform, tmp_path_factory):
    """(account, region) -> the module there."""
    made: dict[tuple[str, str], Submodule] = {}

    def there(account: str, region: str) -> Submodule:
        key = account, region
        if key not in made:
            folder = tmp_path_factory.mktemp("forwarding")
            made[key] = Submodule(terraform.program, folder, "forwarding", account, region)
        return made[key]

    return there


ALL_EVENTS = fixtures() | MORE
PROJECTS = {"by-rule": BY_RULE, "with-cloudtrail": WITH_CLOUDTRAIL, "by-map": BY_MAP}


@pytest.mark.parametrize("name", PROJECTS)
def test_what_crosses_is_exactly_what_the_rules_of_the_function_take(name, terraform, forwarding, ruler):
    documents = terraform.render(**PROJECTS[name].variables, regions=REGIONS, code_deploy=True)
    sent = forwarding(ACCOUNT, "eu-west-1").render(hub=documents.forwarding)["event_patterns"]
    assert set(sent) == set(documents.patterns)

    there = {one: moved(event_, ACCOUNT, "eu-west-1") for one, event_ in ALL_EVENTS.items()}
    crossing = ruler.kinds_that_match(sent, there)
    assert crossing == ruler.kinds_that_match(documents.patterns, there)
    assert {kind for kinds in crossing.values() for kind in kinds} == set(sent) - {"code-deploy"}
    # What comes here from elsewhere stays here: one hop is all that EventBridge does.
    foreign = {one: event_ for one, event_ in ALL_EVENTS.items() if event_["region"] != "eu-west-1"}
    assert not any(ruler.kinds_that_match(sent, foreign).values())


@pytest.mark.parametrize("name", PROJECTS)
def test_the_template_sends_exactly_what_the_rules_of_the_function_take(name, ruler, aws):
    """The function is in eu-west-1, the stack that sends in us-east-1."""
    parameters = PROJECTS[name].parameters | {"CodeDeploy": "true"}
    taken = TargetStack(**only_those_of_a_target(parameters))
    sent = taken.patterns
    taken.delete()
    home = Stack(**parameters).patterns

    crossing = ruler.kinds_that_match(sent, ALL_EVENTS)
    assert crossing == ruler.kinds_that_match(home, ALL_EVENTS)
    assert set(sent) == set(home)
    foreign = {one: moved(event_, ACCOUNT, "eu-west-1") for one, event_ in ALL_EVENTS.items()}
    assert not any(ruler.kinds_that_match(sent, foreign).values())


def only_those_of_a_target(parameters: dict[str, str]) -> dict[str, str]:
    known = json.loads(as_json(TARGET_TEMPLATE.read_text()))["Parameters"]
    return {name: value for name, value in parameters.items() if name in known}


def test_module_and_template_send_the_same(terraform, forwarding, ruler, aws):
    for project in (BY_RULE, WITH_CLOUDTRAIL):
        hub = terraform.render(**project.variables).forwarding | {"bus_arn": "arn:aws:events:eu-west-1:123456789012:event-bus/default"}
        ours = forwarding(ACCOUNT, "us-east-1").render(hub=hub)
        stack = TargetStack(**only_those_of_a_target(project.parameters))
        assert ours["event_patterns"] == stack.patterns
        policies = stack.properties("AWS::SQS::QueuePolicy")
        assert ours["dead_letter_policy"] == policies["FailedEventsPolicy"]["PolicyDocument"]
        sender = stack.properties("AWS::IAM::Role")["SenderRole"]
        assert ours["role_trust_policy"]["Statement"] == sender["AssumeRolePolicyDocument"]["Statement"]
        assert ours["role_policy"] == sender["Policies"][0]["PolicyDocument"]
        stack.delete()


def test_whoever_sends_may_put_events_on_that_bus_alone_and_only_for_its_rules(terraform, forwarding):
    documents = terraform.render(regions=REGIONS)
    made = forwarding(ACCOUNT, "eu-west-1").render(hub=documents.forwarding)
    bus = f"arn:aws:events:us-east-1:{ACCOUNT}:event-bus/default"
    assert allows(made["role_policy"], "events:PutEvents", bus)
    assert not allows(made["role_policy"], "events:PutEvents", bus.replace("default", "others"))
    assert not allows(made["role_policy"], "events:PutRule", bus)

    def may_use(rule: str, account: str = ACCOUNT) -> bool:
        trust = {"Statement": [one | {"Resource": "*"} for one in made["role_trust_policy"]["Statement"]]}
        context = {"aws:SourceArn": rule, "aws:SourceAccount": account}
        return allows(trust, "sts:AssumeRole", "*", principal={"Service": "events.amazonaws.com"}, **context)

    assert may_use(f"arn:aws:events:eu-west-1:{ACCOUNT}:rule/shop_ci_lambda_dev-ecr")
    assert not may_use(f"arn:aws:events:eu-west-1:{ACCOUNT}:rule/others")
    assert not may_use(f"arn:aws:events:eu-west-1:{OTHER}:rule/shop_ci_lambda_dev-ecr", OTHER)


def test_another_account_sends_no_manual_requests_unless_the_function_takes_them(terraform, forwarding, aws):
    there = forwarding(OTHER, "eu-west-1")
    quiet = there.render(hub=terraform.render(targets=HERE_AND_THERE).forwarding)["event_patterns"]
    asked = there.render(hub=terraform.render(targets=HERE_AND_THERE, event_accounts=[OTHER]).forwarding)["event_patterns"]
    assert set(asked) - set(quiet) == {"manual"}
    # The template knows no more than whose bus it is.
    assert "manual" in TargetStack().patterns


def test_the_template_sends_no_manual_requests_to_another_account(aws):
    assert "manual" not in TargetStack(BusArn=f"arn:aws:events:eu-west-1:{OTHER}:event-bus/default").patterns


def test_only_the_kinds_that_are_asked_for_are_sent(terraform, forwarding):
    hub = terraform.render(event_accounts=[OTHER]).forwarding
    assert set(forwarding(OTHER, "us-east-1").render(hub=hub, kinds=["ecr"])["event_patterns"]) == {"ecr"}


def test_every_rule_of_the_template_sends_to_the_bus_and_keeps_what_fails(aws):
    stack = TargetStack(S3Buckets="shop-env", CodeDeploy="true", Discovery="true")
    assert set(stack.rules) == {"ecr", "ssm", "secret", "s3", "ecs", "code-deploy", "manual"}
    for kind in stack.rules:
        (target,) = stack.targets(kind)
        assert target["Arn"] == "arn:aws:events:eu-west-1:123456789012:event-bus/default"
        assert ":role/" in target["RoleArn"]
        assert target["DeadLetterConfig"]["Arn"] == stack.outputs["DeadLetterQueueArn"]
        # It is not written down that another bus takes one.
        assert "RetryPolicy" not in target
    assert stack.queue_attributes("DeadLetterQueueUrl")["SqsManagedSseEnabled"] == "true"
    (alarm,) = stack.properties("AWS::CloudWatch::Alarm").values()
    assert alarm["MetricName"] == "ApproximateNumberOfMessagesVisible"


# --- what is refused --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"regions": REGIONS, "targets": HERE_AND_THERE}, "both say where to deploy"),
        ({"regions": REGIONS, "target_order": REGIONS}, "timeout_seconds must be at least 630"),
        ({"regions": REGIONS, "target_order": ["eu-west-1"]}, "every target once"),
        ({"regions": REGIONS, "target_order": ["eu-west-1", "us-east-1", "us-east-1"]}, "every target once"),
        ({"target_order": ["us"]}, "every target once"),
        ({"targets": {"us": {"region": "us east"}}}, "the name of a region"),
        ({"targets": {"u s": {"region": "us-east-1"}}}, "names of targets"),
        ({"targets": {"us": {"region": "us-east-1", "cluster": "arn:aws:ecs:x"}}}, "not its ARN"),
        ({"targets": {"us": {"region": "us-east-1", "role_arn": f"arn:aws:iam::{OTHER}:role/*"}}}, "role_arn"),
        ({"targets": {"us": {"region": "us-east-1", "external_id": "shop"}}}, "external_id"),
        ({"targets": {"us": {"region": "us-east-1", "role_arn": ROLE, "external_id": "x"}}}, "external_id"),
    ],
)
def test_terraform_refuses_what_the_function_would(variables, words, terraform):
    with pytest.raises(Refused) as refused:
        terraform.render(**variables)
    assert words in " ".join(str(refused.value).split())


@pytest.mark.parametrize(
    ("account", "region", "words"),
    [
        (ACCOUNT, "us-east-1", "This is the bus of the function itself"),
        (ACCOUNT, "ap-south-1", "takes no events"),
        (OTHER, "eu-west-1", "takes no events"),
    ],
)
def test_nothing_is_sent_where_it_would_be_of_no_use(account, region, words, terraform, forwarding):
    hub = terraform.render(regions=REGIONS).forwarding
    with pytest.raises(Refused) as refused:
        forwarding(account, region).render(hub=hub)
    assert words in " ".join(str(refused.value).split())


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        (WITH_REGIONS, ""),
        (WITH_TARGETS, ""),
        (WITH_REGIONS | WITH_TARGETS, "both say where to deploy"),
        (WITH_REGIONS | {"TargetOrder": "us-east-1,eu-west-1"}, "TimeoutSeconds=900"),
        ({"Targets": "{}"}, "TargetRegions"),
    ],
)
def test_the_template_asks_for_what_belongs_together(parameters, words):
    said = refusals(**parameters)
    assert len(said) == (1 if words else 0) and words in "".join(said)


def test_the_function_understands_what_both_hand_it(terraform, aws):
    by_terraform = configuration(terraform.render(targets=HERE_AND_THERE, target_order=["there", "here"], timeout_seconds=900).environment)
    stack = Stack(**WITH_TARGETS, TargetOrder="there,here")
    by_stack = configuration({name: value for name, value in stack.environment.items() if value != "None"})
    for said in (by_terraform, by_stack):
        assert said["settings"]["TARGETS"] == HERE_AND_THERE
        assert said["settings"]["TARGET_ORDER"] == ["there", "here"]
    assert configuration(terraform.render(regions=REGIONS).environment)["settings"]["REGIONS"] == REGIONS


# --- how it is written ------------------------------------------------------------------------------------------------


def test_cfn_lint_has_nothing_to_say():
    program = pathlib.Path(sys.executable).with_name("cfn-lint")
    command = [str(program), "--include-checks", "I", "--", str(TARGET_TEMPLATE)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=500)
    assert done.returncode == 0 and not done.stdout, done.stdout + done.stderr


def test_every_parameter_of_the_template_is_explained_and_in_a_group():
    written = json.loads(as_json(TARGET_TEMPLATE.read_text()))
    groups = written["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]
    assert sorted(name for group in groups for name in group["Parameters"]) == sorted(written["Parameters"])
    assert all(parameter_.get("Description") for parameter_ in written["Parameters"].values())


@pytest.mark.parametrize("folder", generate.SUBMODULES, ids=lambda folder: folder.name)
def test_the_modules_refer_to_what_exists_and_say_what_they_take(folder):
    whole = "\n".join(path.read_text() for path in sorted(folder.glob("*.tf")))
    variables = dict(re.findall(r'^variable "(\w+)" \{\n(.*?)^\}', whole, re.MULTILINE | re.DOTALL))
    bodies = re.findall(r"^locals \{\n(.*?)^\}", whole, re.MULTILINE | re.DOTALL)
    names = {name for body in bodies for name in re.findall(r"^  (\w+)\s+=", body, re.MULTILINE)}
    resources = {".".join(pair) for pair in re.findall(r'^resource "(\w+)" "(\w+)"', whole, re.MULTILINE)}

    assert set(re.findall(r"\bvar\.(\w+)", whole)) == set(variables)
    assert set(re.findall(r"\blocal\.(\w+)", whole)) == names
    assert set(re.findall(r"(?<!data\.)\b(aws_\w+\.\w+)\b", whole)) <= resources
    for name, body in variables.items():
        assert re.search(r'^  description = "\S', body, re.MULTILINE) and re.search(r"^  type ", body, re.MULTILINE), name
        assert "validation {" in body or name == "tags", f"{name} takes anything"
    pure = "".join((folder / name).read_text() for name in ("variables.tf", "documents.tf"))
    assert not re.search(r'^(resource|data) "', pure, re.MULTILINE)


def test_what_could_not_be_sent_is_kept_encrypted_and_told():
    text = (TERRAFORM_MODULE / "modules" / "forwarding" / "main.tf").read_text()
    targets = re.findall(r'^resource "aws_cloudwatch_event_target" .*?^\}', text, re.MULTILINE | re.DOTALL)
    assert len(targets) == 1 and "dead_letter_config" in targets[0] and "role_arn = aws_iam_role.sender.arn" in targets[0]
    assert "sqs_managed_sse_enabled   = true" in text and 'redrivePermission = "denyAll"' in text
    assert "ApproximateNumberOfMessagesVisible" in text


# --- the recipes ------------------------------------------------------------------------------------------------------

RECIPES = (generate.ROOT / "docs" / "regions.md").read_text()
FOLDERS = {
    "./infra/terraform": (TERRAFORM_MODULE, generate.INPUT_FILES),
    "./infra/terraform/modules/forwarding": (generate.SUBMODULES[0], ("variables.tf",)),
    "./infra/terraform/modules/target-role": (generate.SUBMODULES[1], ("variables.tf",)),
}


def inputs_of(source: str) -> dict[str, bool]:
    """The inputs of a module, and whether each is required."""
    folder, files = FOLDERS[source]
    found = [one for file in files for one in generate.blocks("variable", (folder / file).read_text())]
    return {name: generate.attribute(body, "default") is None for name, body in found}


def test_the_recipes_give_the_modules_what_they_take():
    modules = re.findall(r'^module "(\w+)" \{\n(.*?)^\}', RECIPES, re.MULTILINE | re.DOTALL)
    assert len(modules) >= 9
    sources = set()
    for name, body in modules:
        given = set(re.findall(r"^  (\w+) +=", body, re.MULTILINE))
        source = re.search(r'^  source +=  *"(.*)"', body, re.MULTILINE)
        taken = inputs_of(source[1] if source else "./infra/terraform")
        assert given - {"source", "providers"} <= set(taken), name
        if source:  # else it is a part of one that is above
            sources.add(source[1])
            assert {one for one, required in taken.items() if required} <= given, name
    assert sources == set(FOLDERS)


def test_the_recipes_are_formatted(terraform, tmp_path):
    recipes = [text for text in re.findall(r"^```hcl\n(.*?)^```", RECIPES, re.MULTILINE | re.DOTALL) if not text.startswith(" ")]
    assert len(recipes) >= 4
    for number, text in enumerate(recipes):
        (tmp_path / f"recipe{number}.tf").write_text(text)
    done = subprocess.run([terraform.program, "fmt", "-check", "-diff", str(tmp_path)], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr


def commands() -> list[dict[str, str]]:
    """The parameters of each stack, with the option --template-file among them."""
    written = re.findall(r"^aws cloudformation deploy (?:.*\\\n)*.*", RECIPES, re.MULTILINE)
    words = [shlex.split(one.replace("\\\n", " ")) for one in written]
    return [
        {"template": one[one.index("--template-file") + 1]}
        | dict(word.split("=", 1) for word in one[one.index("--parameter-overrides") + 1 :])
        for one in words
    ]


def test_the_recipes_give_the_stacks_what_they_take():
    assert len(commands()) == 4
    for parameters in commands():
        path = generate.ROOT / parameters.pop("template")
        known = json.loads(as_json(path.read_text()))["Parameters"]
        assert set(parameters) <= set(known)
        assert {name for name, one in known.items() if "Default" not in one} <= set(parameters)
        for name, value in parameters.items():
            if value.startswith("YOUR-"):
                continue
            pattern = known[name].get("AllowedPattern", ".*")
            values = value.split(",") if known[name]["Type"] == "CommaDelimitedList" else [value]
            assert all(re.fullmatch(pattern, one) for one in values), name
        if path.name == "template.yaml":
            assert refusals(**parameters) == []


def test_the_roles_in_the_recipes_have_the_names_that_they_get():
    _, _, hub, target = commands()
    (wanted,) = json.loads(hub["Targets"]).values()
    assert wanted["role_arn"] == hub["TargetRoleArns"]
    assert wanted["role_arn"].endswith(f":role/{target['FunctionName']}-{wanted['region']}")
    assert wanted["external_id"] == target["ExternalId"]
    assert target["FunctionRoleArn"].endswith(f":role/{target['FunctionName']}")
