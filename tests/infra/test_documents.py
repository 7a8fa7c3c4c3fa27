"""What the documents say is true: the README's tables, and the installation by hand."""

import json
import os
import pathlib
import re
import subprocess
import sys
import textwrap

import boto3
import pytest
from generate import inputs_table, outputs_table
from moto.server import ThreadedMotoServer

from support.iam import allows
from support.paths import ROOT, TERRAFORM_MODULE
from support.stack import stand_in_zip


@pytest.mark.parametrize("table", [inputs_table, outputs_table], ids=["inputs", "outputs"])
def test_the_readme_has_the_tables_of_the_module(table):
    readme = (TERRAFORM_MODULE / "README.md").read_text()
    assert table() in readme, f"this belongs into infra/terraform/README.md:\n{table()}"


def anchors(text: str) -> set[str]:
    """As GitHub makes them of headings."""
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_the_links_lead_somewhere():
    guides = ("docs/installation.md", "docs/operating.md", "infra/terraform/README.md", "infra/terraform/MIGRATION.md")
    for name in guides:
        text = (ROOT / name).read_text()
        for link, section in re.findall(r"\]\(([^)#:]*)(?:#([^)]*))?\)", text):
            file = (ROOT / name).parent / link if link else ROOT / name
            assert file.exists(), f"{name} links to {link}"
            assert not section or section in anchors(file.read_text()), f"{name} links to {link}#{section}"


@pytest.fixture(scope="module")
def moto_url():
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


def written(mark: str) -> str:
    """The commands of the guides below a mark."""
    guides = "".join((ROOT / "docs" / name).read_text() for name in ("installation.md", "operating.md"))
    return textwrap.dedent(re.search(rf"<!-- {mark} -->\n\n *```sh\n(.*?)```", guides, re.DOTALL)[1])


class Shell:
    """Where somebody types the commands of the guide, with moto as AWS."""

    def __init__(self, url: str, folder: pathlib.Path):
        self.url = url
        self.folder = folder

    def run(self, commands: str) -> None:
        environment = {
            "PATH": f"{os.path.dirname(sys.executable)}:/usr/bin:/bin",
            "HOME": str(self.folder),
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing",
            "AWS_DEFAULT_REGION": "eu-west-1",
            # Each `aws` is a start of Python.
            "PYTHONPYCACHEPREFIX": os.environ.get("PYTHONPYCACHEPREFIX", str(self.folder)),
        }
        # moto's roles need no time until they may be used. And the AWS CLI v1 has an old address for SQS, which only the
        # option replaces.
        stand_ins = 'sleep() { :; }\naws() { command aws --endpoint-url "$AWS_ENDPOINT_URL" "$@"; }\n'
        done = subprocess.run(
            ["bash", "-eu", "-c", stand_ins + commands],
            cwd=self.folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def shell(moto_url, tmp_path_factory) -> Shell:
    return Shell(moto_url, tmp_path_factory.mktemp("by-hand"))


@pytest.fixture(scope="module")
def by_hand(moto_url, shell):
    """Installs as the guide says; gives the clients of that account."""
    (shell.folder / "dist").mkdir()
    (shell.folder / "dist" / "ci_lambda-arm64.zip").write_bytes(stand_in_zip())
    shell.run(written("by hand"))
    session = boto3.Session("testing", "testing", region_name="eu-west-1")
    return lambda service: session.client(service, endpoint_url=moto_url)


def test_the_installation_by_hand_works(by_hand):
    function = by_hand("lambda").get_function(FunctionName="shop_ci_lambda_dev")
    assert function["Configuration"]["Environment"]["Variables"]["ECS_CLUSTER_NAME"] == "shop_cluster_dev"
    assert [rule["Name"] for rule in by_hand("events").list_rules()["Rules"]] == [
        "shop_ci_lambda_dev-ecr",
        "shop_ci_lambda_dev-manual",
    ]


def grants(policy: dict) -> list[tuple]:
    """Its statements in one form, whether they have lists or single values."""

    def several(value) -> list[str]:
        return sorted([value] if isinstance(value, str) else value)

    return sorted(
        (one["Effect"], several(one["Action"]), several(one["Resource"]), str(one.get("Condition")))
        for one in policy["Statement"]
    )


def test_the_installation_by_hand_allows_what_the_module_allows(by_hand, terraform):
    role = by_hand("iam").get_role_policy(RoleName="shop_ci_lambda_dev", PolicyName="ci_lambda")["PolicyDocument"]
    module = terraform.render(ecs_cluster_name="shop_cluster_dev").policy
    elsewhere = json.loads(json.dumps(module).replace("us-east-1", "eu-west-1"))
    assert grants(role) == grants(elsewhere)


def test_events_that_were_given_up_are_taken_out_and_deleted_as_the_guide_says(by_hand, shell):
    queue = by_hand("sqs").get_queue_url(QueueName="shop_ci_lambda_dev-failed")["QueueUrl"]
    for number in range(12):
        by_hand("sqs").send_message(QueueUrl=queue, MessageBody=json.dumps({"requestPayload": {"id": str(number)}}))

    # moto would really wait for more messages.
    shell.run(written("take out").replace("--wait-time-seconds 5", "--wait-time-seconds 0"))

    dumps = [json.loads(path.read_text())["Messages"] for path in sorted((shell.folder / "given-up").iterdir())]
    assert [len(messages) for messages in dumps] == [10, 2]
    ids = {json.loads(message["Body"])["requestPayload"]["id"] for messages in dumps for message in messages}
    assert ids == {str(number) for number in range(12)}

    by_hand("sqs").send_message(QueueUrl=queue, MessageBody="came meanwhile")
    shell.run(f"QUEUE_URL={queue}\n" + written("delete"))
    counts = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    left = by_hand("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=counts)["Attributes"]
    assert left == {"ApproximateNumberOfMessages": "1", "ApproximateNumberOfMessagesNotVisible": "0"}


def test_the_rules_of_the_installation_by_hand_are_those_of_the_module(by_hand, terraform):
    rules = {rule["Name"]: json.loads(rule["EventPattern"]) for rule in by_hand("events").list_rules()["Rules"]}
    patterns = json.loads(json.dumps(terraform.render().patterns).replace("us-east-1", "eu-west-1"))
    assert rules["shop_ci_lambda_dev-ecr"] == patterns["ecr"]
    # The other one has no project and env in it: the function looks at them.
    manual = patterns["manual"]
    del manual["detail"]
    assert rules["shop_ci_lambda_dev-manual"] == manual


def test_there_is_one_advice_for_events_that_were_given_up():
    """Beside it SQS's redrive is named once, to say why it is refused."""
    files = [*ROOT.glob("docs/*.md"), *ROOT.glob("infra/terraform/*.*"), *ROOT.glob("infra/cloudformation/*.*")]
    whole = "\n".join(path.read_text() for path in files)
    assert whole.count("start-message-move-task") == 1
    assert not re.search(r"(?<!Do not )purge the queue", " ".join(whole.split()))
    assert len(re.findall(r"^## Events that were given up$", whole, re.MULTILINE)) == 1


def test_a_fifo_queue_is_wired_as_the_guide_says(by_hand, shell):
    names = written("by hand").split("# The queue")[0]
    shell.run(names + written("fifo by hand"))

    url = by_hand("sqs").get_queue_url(QueueName="shop_ci_lambda_dev-events.fifo")["QueueUrl"]
    queue = by_hand("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    (mapping,) = by_hand("lambda").list_event_source_mappings()["EventSourceMappings"]
    function = by_hand("lambda").get_function_configuration(FunctionName="shop_ci_lambda_dev")
    assert mapping["EventSourceArn"] == queue["QueueArn"]
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert int(queue["VisibilityTimeout"]) == 6 * function["Timeout"]
    redrive = json.loads(queue["RedrivePolicy"])
    assert redrive["deadLetterTargetArn"].endswith(":shop_ci_lambda_dev-events-failed.fifo")

    rules = {rule["Name"]: rule["Arn"] for rule in by_hand("events").list_rules()["Rules"]}
    policy = json.loads(queue["Policy"])
    statement, *refusals = policy["Statement"]
    assert [(one["Effect"], one["Resource"]) for one in refusals] == [("Deny", queue["QueueArn"])] * 2
    sender = {"also": True, "aws__PrincipalIsAWSService": "false"}
    assert not allows(policy, "sqs:SendMessage", queue["QueueArn"], **sender)
    assert sorted(statement["Condition"]["ArnEquals"]["aws:SourceArn"]) == sorted(rules.values())
    for rule in rules:
        (target,) = by_hand("events").list_targets_by_rule(Rule=rule)["Targets"]
        assert target["Arn"] == statement["Resource"] == queue["QueueArn"]
        assert target["SqsParameters"] == {"MessageGroupId": "deployments"}

    entry = {"Source": "action.deploy", "DetailType": "DEPLOY", "Detail": '{"service":"api"}'}
    by_hand("events").put_events(Entries=[entry])
    (message,) = by_hand("sqs").receive_message(QueueUrl=url)["Messages"]
    assert json.loads(message["Body"])["detail"] == {"service": "api"}
