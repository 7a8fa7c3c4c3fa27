"""A laptop with the configuration of an installed function: `--from-function`, and documents that are at AWS."""

import io
import json
import zipfile

import pytest

from support.moto_ecs import client
from support.programs import ACCESS_KEY_ID, SECRET_ACCESS_KEY, base_environment, cli

WEBHOOK = "https://hooks.slack.com/services/T000/B000/s3cr3tt0k3n"
DOCUMENT = {
    "project": "shop",
    "environment": "dev",
    "services": {"api": {"service_name": "front-door", "task_family": "front-door"}},
    "slack": {"webhook": "secretsmanager:shop/webhook"},
}


def laptop(url: str, **more: str) -> dict[str, str]:
    return {
        **base_environment(),
        "AWS_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": url,
        "AWS_ACCESS_KEY_ID": ACCESS_KEY_ID,
        "AWS_SECRET_ACCESS_KEY": SECRET_ACCESS_KEY,
        **more,
    }


@pytest.fixture(scope="module")
def function(moto_url) -> str:
    """Its document is a parameter, its webhook a secret."""
    client("ssm", moto_url).put_parameter(
        Name="/shop/dev/ci_lambda", Value=json.dumps(DOCUMENT), Type="SecureString", Overwrite=True
    )
    client("secretsmanager", moto_url).create_secret(Name="shop/webhook", SecretString=WEBHOOK)
    role = client("iam", moto_url).create_role(RoleName="from-function", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("bootstrap", "")
    return client("lambda", moto_url).create_function(
        FunctionName="shop_ci_dev",
        Runtime="provided.al2023",
        Handler="bootstrap",
        Role=role,
        Code={"ZipFile": code.getvalue()},
        Environment={"Variables": {"CI_LAMBDA_CONFIG": "ssm:/shop/dev/ci_lambda", "DEPLOYMENT_TIMEOUT_SECONDS": "900"}},
    )["FunctionArn"]


def test_the_configuration_is_the_functions_and_not_the_laptops(moto_url, function):
    environment = laptop(moto_url, PROJECT_NAME="something-else", DRY_RUN="true")

    done = cli("config", "--json", "--from-function", "shop_ci_dev", environment=environment)

    assert done.code == 0, done.err
    settings = {one["name"]: one for one in json.loads(done.out)["settings"]}
    assert settings["PROJECT_NAME"]["value"] == "shop"
    assert settings["DEPLOYMENT_TIMEOUT_SECONDS"]["value"] == 900
    assert settings["DRY_RUN"]["from"] == "default"
    assert WEBHOOK not in done.out + done.err


def test_a_plan_is_made_by_the_functions_document(moto_url, function):
    for name in ("shop_ci_dev", function):
        done = cli(
            "plan", "--json", "-", "--from-function", name, environment=laptop(moto_url), stdin='{"service":"api"}'
        )
        assert done.code == 0, done.err
        assert json.loads(done.out)["deployments"][0]["ecs_service"] == "front-door"


def test_a_deployment_asks_for_the_services_of_the_functions_document(moto_url, function):
    client("ecs", moto_url).create_cluster(clusterName="shop_cluster_dev")
    done = cli("deploy", "api", "--dry-run", "--from-function", "shop_ci_dev", environment=laptop(moto_url))
    assert done.code != 0
    assert "front-door" in done.err, "it is the function's name of the service that ECS does not know"
    assert WEBHOOK not in done.out + done.err


def test_a_function_that_is_not_there_is_named(moto_url):
    done = cli("check", "--from-function", "shop_ci_prod", environment=laptop(moto_url))
    assert done.code == 1
    assert "shop_ci_prod" in done.err


def test_a_document_at_aws_is_read_without_a_function(moto_url, function):
    environment = laptop(moto_url, CI_LAMBDA_CONFIG="ssm:/shop/dev/ci_lambda")
    done = cli("config", environment=environment)
    assert done.code == 0, done.err
    assert "front-door" in done.out
