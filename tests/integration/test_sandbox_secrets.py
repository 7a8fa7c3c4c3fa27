"""Secrets Manager and Parameter Store of `ci_lambda sandbox`, and its registry's replication: botocore's models, boto3
and the AWS CLI as judges, and what each change rolls."""

import json

import pytest

from support.clients import sandbox_client
from support.model import call_secrets_manager, call_ssm
from support.programs import Sandbox, aws_cli, cli
from support.waiting import eventually

DISCOVERY = {"DISCOVERY": "true", "LOG_LEVEL": "debug"}
BACKEND, API, WORKER = "shop_service_dev", "shop_service_api_dev", "shop_service_worker_dev"


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox("--speed", "600", **DISCOVERY) as sandbox:
        yield sandbox


def change(sandbox: Sandbox, *words: str):
    """`ci_lambda sandbox WORDS` of the sandbox that runs."""
    return cli("sandbox", *words, "--port", sandbox.url.rsplit(":", 1)[1])


class Since:
    """What a change brings about, once the function has handled all of its events."""

    def __init__(self, sandbox: Sandbox, origin: str) -> None:
        self.sandbox = sandbox
        self.origin = origin
        self._handled = len(self._all())
        self._calls = len(sandbox.get("/sandbox/ecs/calls"))

    def _all(self) -> list[dict]:
        return [one for one in self.sandbox.get("/sandbox/invocations") if one["from"] == self.origin]

    def invocations(self, count: int) -> list[dict]:
        def look() -> list[dict] | None:
            new = self._all()[self._handled :]
            return new if len(new) >= count and all(one["status"] == "done" for one in new) else None

        new = eventually(look, f"{count} handled events of {self.origin}")
        assert len(new) == count
        assert [one for one in new if "error" in one] == []
        return new

    def answers(self, count: int) -> list[str]:
        return [one["answer"]["status"] for one in self.invocations(count)]

    def rolled(self) -> list[str]:
        """The services that the function has rolled, each as often as it has."""
        new = self.sandbox.get("/sandbox/ecs/calls")[self._calls :]
        return sorted(
            one["request"]["service"] for one in new if one["operation"] == "UpdateService" and one["invocation"]
        )


# --- as AWS answers ---------------------------------------------------------------------------------------------------


def test_every_answer_of_secrets_manager_is_as_the_model_has_it():
    with Sandbox("--speed", "600") as sandbox:

        def call(operation: str, **request):
            return call_secrets_manager(sandbox, operation, SecretId="shop/model", **request)

        tags = [{"Key": "team", "Value": "shop"}]
        call_secrets_manager(sandbox, "CreateSecret", Name="shop/model", SecretString="one", Tags=tags)
        first = call("GetSecretValue")["VersionId"]
        second = call("PutSecretValue", SecretString="two")["VersionId"]
        call("UpdateSecret", Description="of the model", KmsKeyId="alias/shop")
        moved = {"VersionStage": "AWSCURRENT", "MoveToVersionId": first, "RemoveFromVersionId": second}
        call("UpdateSecretVersionStage", **moved)
        assert call("GetSecretValue")["SecretString"] == "one"
        rules = {"AutomaticallyAfterDays": 30}
        function = "arn:aws:lambda:us-east-1:123456789012:function:rotate"
        call("RotateSecret", RotationLambdaARN=function, RotationRules=rules)
        described = call("DescribeSecret")
        assert described["Tags"] == tags and described["RotationEnabled"] is True
        assert len(call("ListSecretVersionIds", IncludeDeprecated=True)["Versions"]) == 3
        listed = call_secrets_manager(sandbox, "ListSecrets", MaxResults=2)
        assert len(listed["SecretList"]) == 2 and listed["NextToken"]
        call("DeleteSecret", RecoveryWindowInDays=7)
        call_secrets_manager(sandbox, "ListSecrets", IncludePlannedDeletion=True)
        call("RestoreSecret")


def test_every_answer_of_parameter_store_is_as_the_model_has_it():
    with Sandbox("--speed", "600") as sandbox:
        name = "/model/one"
        put = {"Name": name, "Value": "x", "Type": "SecureString", "Description": "of the model"}
        assert call_ssm(sandbox, "PutParameter", **put)["Version"] == 1
        call_ssm(sandbox, "PutParameter", Name=name, Value="y", Overwrite=True)
        got = call_ssm(sandbox, "GetParameter", Name=f"{name}:1", WithDecryption=True)["Parameter"]
        assert got["Value"] == "x" and got["Selector"] == ":1"
        assert call_ssm(sandbox, "GetParameters", Names=[name, "/none"])["InvalidParameters"] == ["/none"]
        assert len(call_ssm(sandbox, "GetParametersByPath", Path="/model")["Parameters"]) == 1
        assert len(call_ssm(sandbox, "DescribeParameters", MaxResults=2)["Parameters"]) == 2
        call_ssm(sandbox, "DeleteParameter", Name=name)
        call_ssm(sandbox, "DeleteParameters", Names=[name])


def test_boto3_finds_the_errors_that_aws_has(sandbox):
    secrets, ssm = sandbox_client("secretsmanager", sandbox.url), sandbox_client("ssm", sandbox.url)
    with pytest.raises(secrets.exceptions.ResourceNotFoundException, match="can't find the specified secret"):
        secrets.get_secret_value(SecretId="none")
    with pytest.raises(secrets.exceptions.ResourceExistsException, match="already exists"):
        secrets.create_secret(Name="shop/db", SecretString="x")
    with pytest.raises(secrets.exceptions.InvalidParameterException, match="can't be completely removed"):
        secrets.update_secret_version_stage(SecretId="shop/db", VersionStage="AWSCURRENT")
    with pytest.raises(secrets.exceptions.InvalidRequestException, match="No Lambda rotation function"):
        secrets.rotate_secret(SecretId="shop/payment")
    with pytest.raises(ssm.exceptions.ParameterNotFound):
        ssm.get_parameter(Name="/none")
    with pytest.raises(ssm.exceptions.ParameterAlreadyExists, match="set the overwrite option"):
        ssm.put_parameter(Name="/shop/features", Value="x", Type="StringList")
    pages = ssm.get_paginator("get_parameters_by_path").paginate(
        Path="/", Recursive=True, PaginationConfig={"PageSize": 2}
    )
    assert len([one for page in pages for one in page["Parameters"]]) >= 5


# --- what rolls -------------------------------------------------------------------------------------------------------


def test_a_rotation_ends_in_one_rollout_of_each_service_that_uses_the_secret(sandbox):
    since = Since(sandbox, "secretsmanager")
    done = change(sandbox, "rotate", "shop/db")
    assert done.code == 0 and done.out.startswith("rotated secret shop/db, version ")
    tried, moved, succeeded = since.invocations(3)
    assert [one["event"]["detail"]["eventName"] for one in (tried, moved, succeeded)] == [
        "PutSecretValue",
        "UpdateSecretVersionStage",
        "RotationSucceeded",
    ]
    assert tried["answer"]["status"] == "ignored" and "AWSPENDING" in tried["answer"]["detail"]
    assert moved["answer"]["status"] == "deployed"
    assert succeeded["answer"]["status"] == "ignored" and "already roll" in succeeded["answer"]["detail"]
    assert since.rolled() == [API, BACKEND]


def test_two_secrets_at_once_roll_who_uses_them_once_or_twice_and_the_last_rollout_has_both(sandbox):
    secrets = sandbox_client("secretsmanager", sandbox.url)
    since = Since(sandbox, "secretsmanager")
    secrets.put_secret_value(SecretId="shop/db", SecretString="one")
    secrets.put_secret_value(SecretId="shop/payment", SecretString="two")
    last = secrets.update_secret(SecretId="shop/payment", SecretString="three")
    invocations = since.invocations(3)
    assert invocations[0]["answer"]["status"] == "deployed"
    rolled = since.rolled()
    assert rolled.count(API) == 1 and rolled.count(BACKEND) == 1 and rolled.count(WORKER) in (1, 2)
    ecs = sandbox_client("ecs", sandbox.url)
    worker = ecs.describe_services(cluster="shop_cluster_dev", services=[WORKER])["services"][0]
    (primary,) = [one for one in worker["deployments"] if one["status"] == "PRIMARY"]
    changed = secrets.get_secret_value(SecretId="shop/payment", VersionId=last["VersionId"])["CreatedDate"]
    assert primary["createdAt"] >= changed


def test_the_aws_cli_changes_parameters_and_secrets(sandbox):
    since = Since(sandbox, "ssm")
    put = ["ssm", "put-parameter", "--name", "/shop/features", "--value", "search", "--overwrite"]
    done = aws_cli(sandbox, *put, "--output", "json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["Version"] == 2
    assert since.answers(1) == ["deployed"]
    assert since.rolled() == [API, WORKER]
    since = Since(sandbox, "secretsmanager")
    put = ["secretsmanager", "put-secret-value", "--secret-id", "shop/payment", "--secret-string", "new"]
    done = aws_cli(sandbox, *put)
    assert done.returncode == 0, done.stderr
    assert since.answers(1) == ["deployed"]
    assert since.rolled() == [WORKER]


@pytest.mark.parametrize(
    "words, origin, said, rolled",
    [
        (("set-parameter", "/dev/shop/api/LOG_LEVEL", "hush"), "ssm", "set parameter /dev/shop/api/LOG_LEVEL", [API]),
        (("set-parameter", "/shop/new", "hush"), "ssm", "created parameter /shop/new, version 1", []),
        (("set-secret", "shop/payment", "hush"), "secretsmanager", "set secret shop/payment, version", [WORKER]),
        (("edit-file", "worker/.env"), "s3", "put s3://shop-env-dev/worker/.env", [WORKER]),
        (
            ("push", "shop/api:v1.9", "--from", "eu-west-1"),
            "ecr",
            "replicated 123456789012.dkr.ecr.us-east-1.amazonaws.com/shop_service_api:v1.9",
            [API],
        ),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_one_command_changes_something_and_rolls_who_uses_it(sandbox, words, origin, said, rolled):
    since = Since(sandbox, origin)
    done = change(sandbox, *words)
    assert done.code == 0, done.err
    assert done.out.startswith(said) and "hush" not in done.out
    assert since.answers(1) == ["deployed" if rolled else "ignored"]
    assert since.rolled() == rolled
    assert "hush" not in sandbox.output(), "no value reaches a log or the terminal"


def test_a_secret_that_is_not_there_is_created_and_rotated_with_a_function_of_the_sandbox(sandbox):
    done = change(sandbox, "set-secret", "shop/mine", "hush")
    assert done.code == 0 and done.out.startswith("created secret shop/mine, version ")
    done = change(sandbox, "rotate", "shop/mine")
    assert done.code == 0 and done.out.startswith("rotated secret shop/mine, version ")


@pytest.mark.parametrize(
    "words, why",
    [
        (("rotate", "none"), "ResourceNotFoundException: Secrets Manager can't find the specified secret."),
        (("set-parameter", "aws/x", "hush"), "ValidationException: Parameter name must be a fully qualified name."),
        (("set-secret", "shop/db", ""), "InvalidParameterException: A secret value must have 1 to 65536 bytes."),
        (("edit-file", ".env"), "it needs the key of a file, such as api/.env"),
        (("push", "api:v1", "--from", "Europe & more"), "is not another region than us-east-1"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_a_change_that_is_refused_says_why_in_awss_words_and_changes_nothing(sandbox, words, why):
    done = change(sandbox, *words)
    assert done.code == 1 and done.out == ""
    assert why in done.err and "hush" not in done.err


def test_the_terminal_tells_by_discovery_what_the_function_decided(sandbox):
    change(sandbox, "set-parameter", "/shop/features", "told")
    sandbox.wait_for_line(r"decision .* deploy api, worker")


# --- the function's own settings --------------------------------------------------------------------------------------


@pytest.mark.parametrize("reference", ["secretsmanager:shop/slack", "ssm:/shop/slack"])
def test_the_webhook_can_be_read_from_the_sandbox(reference):
    with Sandbox("--speed", "600", SLACK_WEBHOOK_URL=reference) as sandbox:
        _, answer = sandbox.invoke(b'{"service":"api"}')
        assert answer["status"] == "deployed"
        eventually(lambda: sandbox.get("/sandbox/slack"), "the message")


def test_the_configuration_document_can_be_read_from_the_sandbox():
    with Sandbox("--speed", "600", CI_LAMBDA_CONFIG="ssm:/shop/ci_lambda") as sandbox:
        since = Since(sandbox, "secretsmanager")
        assert change(sandbox, "set-secret", "shop/payment", "new").code == 0
        assert since.answers(1) == ["deployed"], "the document turns discovery on"
        assert since.rolled() == [WORKER]


def test_settings_that_refer_to_something_of_the_users_own_do_not_reach_the_function():
    own = {"SLACK_WEBHOOK_URL": "secretsmanager:mine/slack", "CI_LAMBDA_CONFIG": "ssm:/mine/config"}
    with Sandbox("--speed", "600", **own) as sandbox:
        _, answer = sandbox.invoke(b'{"service":"api"}')
        assert answer["status"] == "deployed"
        eventually(lambda: sandbox.get("/sandbox/slack"), "the message")
        assert "CI_LAMBDA_CONFIG" not in sandbox.get("/sandbox/settings")
