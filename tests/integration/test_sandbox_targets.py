"""`ci_lambda sandbox` in several regions and accounts: boto3's clients of each, as its own model has them."""

import json

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError

from support.clients import client_in
from support.programs import Sandbox, aws_cli, cli
from support.waiting import eventually

HOME = "123456789012"
OTHER = "222222222222"
CLUSTER = "shop_cluster_dev"
API = "shop_service_api_dev"
ROLE = f"arn:aws:iam::{OTHER}:role/ci_lambda_us"
TARGETS = f"eu=eu-west-1,us=us-east-1@{OTHER}"


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox("--targets", TARGETS, "--speed", "100", DRY_RUN="true") as sandbox:
        yield sandbox


@pytest.fixture(autouse=True)
def healthy(sandbox):
    yield
    assert scenario(sandbox, "healthy") == 200


def scenario(sandbox: Sandbox, text: str) -> int:
    return sandbox.post("/sandbox/scenario", text.encode())[0]


def credentials(sandbox: Sandbox, **changes) -> dict:
    sts = client_in("sts", sandbox.url, "us-east-1")
    request = {"RoleArn": ROLE, "RoleSessionName": "test", "ExternalId": "shop-deployments", **changes}
    return sts.assume_role(**request)["Credentials"]


def arns(client) -> list[str]:
    return client.list_services(cluster=CLUSTER)["serviceArns"]


def test_each_client_speaks_to_its_region_and_account(sandbox):
    assert all(f":eu-west-1:{HOME}:" in arn for arn in arns(client_in("ecs", sandbox.url, "eu-west-1")))
    keys = credentials(sandbox)
    there = client_in("ecs", sandbox.url, "us-east-1", keys)
    assert all(f":us-east-1:{OTHER}:" in arn for arn in arns(there))
    assert client_in("sts", sandbox.url, "us-east-1", keys).get_caller_identity()["Account"] == OTHER
    assert client_in("sts", sandbox.url, "us-east-1").get_caller_identity()["Account"] == HOME
    with pytest.raises(ClientError, match="UnrecognizedClientException"):
        arns(client_in("ecs", sandbox.url, "us-east-1"))


def test_a_role_is_given_to_who_may_have_it(sandbox):
    assert credentials(sandbox)["Expiration"].year >= 2020  # botocore has made a datetime of it
    for changes in ({"ExternalId": "other"}, {"RoleArn": f"arn:aws:iam::{OTHER}:role/none"}):
        with pytest.raises(ClientError, match="AccessDenied"):
            credentials(sandbox, **changes)
    assert scenario(sandbox, "us=role-denied") == 200
    with pytest.raises(ClientError, match="AccessDenied") as caught:
        credentials(sandbox)
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403


def test_other_services_have_a_state_for_each_region(sandbox):
    keys = credentials(sandbox)
    there = {name: client_in(name, sandbox.url, "us-east-1", keys) for name in ("ssm", "scheduler", "secretsmanager")}
    here = {name: client_in(name, sandbox.url, "eu-west-1") for name in there}
    there["ssm"].put_parameter(Name="/only/there", Value="1", Type="String")
    with pytest.raises(here["ssm"].exceptions.ParameterNotFound):
        here["ssm"].get_parameter(Name="/only/there")
    schedule = there["scheduler"].get_schedule(GroupName="night", Name="report")
    assert schedule["Target"]["Arn"] == f"arn:aws:ecs:us-east-1:{OTHER}:cluster/{CLUSTER}"
    assert f":eu-west-1:{HOME}:" in here["secretsmanager"].describe_secret(SecretId="shop/db")["ARN"]


def test_a_push_is_replicated_and_told_there(sandbox):
    keys = credentials(sandbox)
    there = client_in("ecr", sandbox.url, "us-east-1", keys)
    status, _, body = sandbox.post("/sandbox/push", b"api:v7")
    assert status == 200 and json.loads(body)["replicated_to"] == ["us"]

    def arrived():
        tags = there.list_images(repositoryName="shop_service_api", filter={"tagStatus": "TAGGED"})["imageIds"]
        return [one["imageDigest"] for one in tags if one["imageTag"] == "v7"]

    assert eventually(arrived, "the replica") == [json.loads(body)["digest"]]
    told = [
        one["event"]
        for one in sandbox.get("/sandbox/invocations")
        if one["event"].get("detail-type") == "ECR Replication Action"
    ]
    (event,) = told
    assert (event["region"], event["account"]) == ("us-east-1", OTHER)
    assert event["detail"]["source-region"] == "eu-west-1" and event["detail"]["image-tag"] == "v7"


def test_a_region_that_is_down_closes_connections(sandbox):
    keys = credentials(sandbox)
    assert scenario(sandbox, "us=region-down") == 200
    for service, call in (("ecs", "list_clusters"), ("sts", "get_caller_identity"), ("scheduler", "list_schedules")):
        with pytest.raises(ConnectionClosedError):
            getattr(client_in(service, sandbox.url, "us-east-1", keys), call)()
    assert arns(client_in("ecs", sandbox.url, "eu-west-1"))
    assert scenario(sandbox, "us=healthy") == 200
    assert arns(client_in("ecs", sandbox.url, "us-east-1", keys))


def test_a_throttled_region_is_throttled_as_aws_does(sandbox):
    keys = credentials(sandbox)
    assert scenario(sandbox, "us=region-throttled") == 200
    there = client_in("ecs", sandbox.url, "us-east-1", keys)
    codes = []
    for _ in range(3):
        try:
            arns(there)
        except ClientError as error:
            codes.append(error.response["Error"]["Code"])
    assert "ThrottlingException" in codes
    assert arns(client_in("ecs", sandbox.url, "eu-west-1"))


def test_the_command_and_the_aws_cli_reach_each(sandbox):
    port = sandbox.url.rsplit(":", 1)[1]
    changed = cli("sandbox", "set-parameter", "/shop/features", "new", "--target", "us", "--port", port)
    assert changed.code == 0, changed.err
    keys = credentials(sandbox)
    role = {
        "AWS_ACCESS_KEY_ID": keys["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": keys["SecretAccessKey"],
        "AWS_SESSION_TOKEN": keys["SessionToken"],
    }
    answer = aws_cli(sandbox, "ssm", "get-parameter", "--name", "/shop/features", "--region", "us-east-1", **role)
    assert json.loads(answer.stdout)["Parameter"]["Value"] == "new"
    answer = aws_cli(sandbox, "ssm", "get-parameter", "--name", "/shop/features", "--region", "eu-west-1")
    assert json.loads(answer.stdout)["Parameter"]["Value"] == "search,basket"
    refused = cli("sandbox", "push", "api:v8", "--target", "x", "--port", port)
    assert refused.code == 1 and "known are: eu, us" in refused.err


def test_what_the_function_is_told(sandbox):
    settings = sandbox.get("/sandbox/settings")
    assert settings["AWS_REGION"] == "eu-west-1"
    assert json.loads(settings["TARGETS"]) == {
        "eu": {"region": "eu-west-1"},
        "us": {"region": "us-east-1", "role_arn": ROLE, "external_id": "shop-deployments"},
    }
    page = sandbox.get("/sandbox/targets")
    assert page["home"] == "eu" and [one["account"] for one in page["targets"]] == [HOME, OTHER]


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["--regions", "paris"], "is no region"),
        (["--targets", "us=us-east-1@222222222222"], "comes first"),
        (["--regions", "eu-west-1,us-east-1", "--demo"], "the demo has one region"),
        (["--regions", "eu-west-1,us-east-1", "--replication", "soon"], "seconds of ECS's time"),
        (["--regions", "eu-west-1,us-east-1", "--scenario", "us=region-down"], "known are: eu-west-1, us-east-1"),
    ],
)
def test_what_is_wrong_is_said_before_it_starts(arguments, why):
    done = cli("sandbox", "--port", "0", *arguments)
    assert done.code == 1 and why in done.err
