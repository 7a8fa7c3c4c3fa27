"""What the rules let through, judged by EventBridge's own matcher, against what the function does with it."""

import json
import subprocess

import pytest

from support.events import ACCOUNT, MORE, elsewhere, event, fixtures, manual, push
from support.paths import tool
from support.projects import BY_RULE, EVERYTHING_ON, PROJECTS, QUEUED, WATCHING, WITH_CLOUDTRAIL
from support.stack import Stack

EVENTS = fixtures() | MORE

# What no pattern can keep away, though the function then ignores it: it depends on more than a pattern can say.
MAY_PASS = {
    "ecr-push-signature": "the tag is a digest and .sig",
    "ssm-failed": "the change failed",
    "push-longer": "it begins with the project's name",
    "ssm-create-placeholder": "a path that Terraform has just made, which says nothing yet",
    "s3-native-deleted-version": "an old version is deleted, and not what the key stands for",
}
# Both CloudTrail and S3 report a file, and the project listens to one of them. The function takes either.
CLOUDTRAIL = {name for name, one in EVENTS.items() if one["detail-type"] == "AWS API Call via CloudTrail"}
NATIVE = {name for name, one in EVENTS.items() if one["detail-type"].startswith("Object ")}


@pytest.fixture(params=["terraform", "cloudformation"])
def installed(request):
    """project -> (environment, patterns), as one of the two makes them."""
    if request.param == "terraform":
        terraform = request.getfixturevalue("terraform")

        def by_terraform(project):
            documents = terraform.render(**project.variables)
            return documents.environment, documents.patterns

        return by_terraform
    request.getfixturevalue("aws")

    def by_cloudformation(project):
        stack = Stack(**project.parameters)
        read = {"CI_LAMBDA_CONFIG": project.document} if project.document else {}
        return stack.environment | read, stack.patterns

    return by_cloudformation


def decision(environment: dict[str, str], event: dict) -> str:
    """What the function would do: deploy, notify, ignore, or invalid."""
    done = subprocess.run(
        [tool("CI_LAMBDA_CLI", "the program ci_lambda"), "plan", "--json", "-"],
        input=json.dumps(event),
        env=environment | {"AWS_REGION": "us-east-1", "AWS_ACCOUNT_ID": ACCOUNT},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode in (0, 1), f"the function does not take this configuration: {done.stderr}"
    return json.loads(done.stdout)["decision"] if done.returncode == 0 else "invalid"


@pytest.mark.parametrize("name", PROJECTS)
def test_all_that_the_function_acts_upon_reaches_it_once_and_what_is_not_ours_stays_outside(name, installed, ruler):
    environment, patterns = installed(PROJECTS[name])
    unheard = CLOUDTRAIL if "object" in json.dumps(patterns["s3"]) else NATIVE

    matched = ruler.kinds_that_match(patterns, EVENTS)
    decisions = {one: decision(environment, event) for one, event in EVENTS.items()}

    assert "deploy" in decisions.values() and "notify" in decisions.values() and "ignore" in decisions.values()
    for one, decided in decisions.items():
        if one in unheard:
            assert matched[one] == set(), f"{one} comes from where this project does not listen"
        elif decided in ("deploy", "notify"):
            assert len(matched[one]) == 1, f"{one} would {decided}; rules: {matched[one]}"
        elif decided == "ignore" and one not in MAY_PASS:
            assert matched[one] == set(), f"{one} is ignored but passes {matched[one]}"


def test_a_request_that_forgot_its_service_reaches_the_function_which_complains(installed, ruler):
    _, patterns = installed(BY_RULE)
    events = {"forgot": EVENTS["manual-without-service"], "number": manual("action.deploy", project=7)}

    assert ruler.kinds_that_match(patterns, events) == {"forgot": {"manual"}, "number": {"manual"}}


KINDS = {
    "ecr": "ecr-push",
    "ssm": "ssm-update",
    "s3": "s3-native-created",
    "ecs": "ecs-deployment-failed",
    "manual": "manual",
}


def test_what_happens_in_other_accounts_and_regions_stays_outside(installed, ruler):
    """A bus may be given their events, too."""
    _, patterns = installed(BY_RULE)
    events = {kind: EVENTS[name] for kind, name in KINDS.items()}
    events |= {f"{kind}-account": elsewhere(EVENTS[name], account="210987654321") for kind, name in KINDS.items()}
    events |= {f"{kind}-region": elsewhere(EVENTS[name], region="eu-west-1") for kind, name in KINDS.items()}

    matched = ruler.kinds_that_match(patterns, events)
    assert {name for name, kinds in matched.items() if kinds} == set(KINDS)


def test_accounts_and_regions_that_are_named_count_as_well(terraform, aws, ruler):
    variables = {"event_accounts": ["210987654321"], "event_regions": ["eu-west-1"]}
    parameters = {"EventAccounts": "210987654321", "EventRegions": "eu-west-1"}
    patterns = terraform.render(**BY_RULE.variables, **variables).patterns
    assert Stack(**BY_RULE.parameters, **parameters).patterns == patterns

    push = EVENTS["ecr-push"]
    events = {
        "account": elsewhere(push, account="210987654321"),
        "region": elsewhere(push, region="eu-west-1"),
        "another": elsewhere(push, account="345678901234"),
    }
    assert ruler.kinds_that_match(patterns, events) == {"account": {"ecr"}, "region": {"ecr"}, "another": set()}


def test_an_image_that_is_replicated_here_reaches_the_function(installed, ruler):
    """It comes without a push."""
    _, patterns = installed(BY_RULE)
    detail = {"action-type": "REPLICATE", "result": "SUCCESS", "repository-name": "shop_service_api", "image-tag": "v7"}
    events = {
        "done": event("aws.ecr", "ECR Replication Action", detail | {"source-region": "eu-west-1"}),
        "failed": event("aws.ecr", "ECR Replication Action", detail | {"result": "FAILED"}),
    }
    assert ruler.kinds_that_match(patterns, events) == {"done": {"ecr"}, "failed": set()}


ALIKE = {"by-rule": BY_RULE, "with-cloudtrail": WITH_CLOUDTRAIL, "everything-on": EVERYTHING_ON} | WATCHING | QUEUED


@pytest.mark.parametrize("name", ALIKE)
def test_both_make_the_same_patterns_schedules_and_policy(name, terraform, aws):
    documents = terraform.render(**ALIKE[name].variables)
    stack = Stack(**ALIKE[name].parameters)

    assert documents.patterns == stack.patterns
    assert documents.schedules == stack.schedules
    assert documents.policy == stack.policy
    policies = stack.properties("AWS::SQS::QueuePolicy")
    assert documents.dead_letter_policy == policies["FailedEventsPolicy"]["PolicyDocument"]


def test_many_files_are_watched_by_their_buckets(terraform):
    few, many = (
        [{"bucket": "shop-env", "key": f"environments/live/services/number-{i}.env"} for i in range(count)]
        for count in (2, 48)
    )

    keys = terraform.render(s3_service_map={"api": few}).patterns["s3"]["detail"]["object"]["key"]
    assert keys == [file["key"] for file in few]
    documents = terraform.render(s3_service_map={"api": many})
    assert documents.patterns["s3"]["detail"] == {"bucket": {"name": ["shop-env"]}}


def test_many_repositories_are_watched_by_the_name_of_the_project(terraform, ruler):
    repositories = {f"shop_service_with_a_long_name_{i}": ["api"] for i in range(60)} | {"team/other": ["api"]}
    documents = terraform.render(ecr_repo_map=repositories)

    events = {name: push(name) for name in [*repositories, "another_service_api"]}
    matched = ruler.kinds_that_match(documents.patterns, events)
    assert len(documents.pattern_texts["ecr"]) <= 2048
    assert {name for name, kinds in matched.items() if kinds == {"ecr"}} == set(repositories)


def test_many_paths_are_watched_by_what_they_begin_with(terraform):
    paths = {f"/live/service-number-{i}": ["api"] for i in range(40)}
    documents = terraform.render(ssm_service_map=paths)

    assert documents.patterns["ssm"]["detail"]["name"] == [{"prefix": "/live"}, {"prefix": "live"}]
