"""What the documents say is true: the README's tables, and the installation by hand."""

import json
import os
import re
import subprocess
import sys

import boto3
import pytest
from moto.server import ThreadedMotoServer

from support.paths import ROOT, TERRAFORM_MODULE
from support.readme import inputs_table, outputs_table
from support.stack import stand_in_zip


@pytest.mark.parametrize("table", [inputs_table, outputs_table], ids=["inputs", "outputs"])
def test_the_readme_has_the_tables_of_the_module(table):
    readme = (TERRAFORM_MODULE / "README.md").read_text()
    assert table() in readme, f"this belongs into infra/terraform/README.md:\n{table()}"


def test_the_links_lead_somewhere():
    for name in ("docs/installation.md", "infra/terraform/README.md", "infra/terraform/MIGRATION.md"):
        text = (ROOT / name).read_text()
        for link in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text):
            assert (ROOT / name).parent.joinpath(link).exists(), f"{name} links to {link}"


@pytest.fixture(scope="module")
def moto_url():
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(scope="module")
def by_hand(moto_url, tmp_path_factory):
    """Installs as the guide says; gives the clients of that account."""
    folder = tmp_path_factory.mktemp("by-hand")
    guide = (ROOT / "docs" / "installation.md").read_text()
    script = re.search(r"<!-- by hand -->\n\n```sh\n(.*?)```", guide, re.DOTALL)[1]
    (folder / "dist").mkdir()
    (folder / "dist" / "ci_lambda-arm64.zip").write_bytes(stand_in_zip())
    environment = {
        "PATH": f"{os.path.dirname(sys.executable)}:/usr/bin:/bin",
        "HOME": str(folder),
        "AWS_ENDPOINT_URL": moto_url,
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "eu-west-1",
    }

    # moto's roles need no time until they may be used. And the AWS CLI v1 has an old address for SQS, which only the
    # option replaces.
    stand_ins = 'sleep() { :; }\naws() { command aws --endpoint-url "$AWS_ENDPOINT_URL" "$@"; }\n'
    done = subprocess.run(
        ["bash", "-eu", "-c", stand_ins + script],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
    )

    assert done.returncode == 0, done.stdout + done.stderr
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
        (several(one["Action"]), several(one["Resource"]), str(one.get("Condition"))) for one in policy["Statement"]
    )


def test_the_installation_by_hand_allows_what_the_module_allows(by_hand, terraform):
    role = by_hand("iam").get_role_policy(RoleName="shop_ci_lambda_dev", PolicyName="ci_lambda")["PolicyDocument"]
    module = terraform.render(ecs_cluster_name="shop_cluster_dev").policy
    elsewhere = json.loads(json.dumps(module).replace("us-east-1", "eu-west-1"))
    assert grants(role) == grants(elsewhere)
