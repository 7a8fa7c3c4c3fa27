"""What the configuration may name: read from moto with the real HTTP client, and signed as botocore signs."""

import io
import json
import subprocess
import zipfile

import pytest
from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from support.moto_ecs import client
from support.programs import ACCESS_KEY_ID, SECRET_ACCESS_KEY, SESSION_TOKEN, base_environment, program
from support.servers import HttpStub, Request, Response

SECRET = "hunter2-hunter2"
# What AWS looks at. The rest of the headers is transport.
SIGNED = (
    "host",
    "content-type",
    "if-none-match",
    "x-amz-date",
    "x-amz-target",
    "x-amz-security-token",
    "x-amz-content-sha256",
)


class Answer:
    def __init__(self, done: subprocess.CompletedProcess) -> None:
        assert done.returncode == 0, done.stderr
        self.said = json.loads(done.stdout)
        self.log = done.stderr

    def __getattr__(self, name: str):
        return self.said[name]


def ask(url: str, *arguments: str, **extra: str) -> Answer:
    environment = {
        **base_environment(),
        "AWS_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": url,
        "AWS_ACCESS_KEY_ID": ACCESS_KEY_ID,
        "AWS_SECRET_ACCESS_KEY": SECRET_ACCESS_KEY,
        "AWS_SESSION_TOKEN": SESSION_TOKEN,
        **extra,
    }
    command = [program("CI_LAMBDA_DOCUMENT_READER"), *arguments]
    return Answer(subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60))


# --- moto


@pytest.mark.parametrize("kind", ["String", "SecureString"])
def test_a_parameter_is_read_in_clear_text_and_by_its_version(moto_url, kind):
    name = f"/shop/documents/{kind}"
    ssm = client("ssm", moto_url)
    ssm.put_parameter(Name=name, Value=f'{{"{SECRET}": 1}}', Type=kind)
    first = ask(moto_url, "read", f"ssm:{name}")
    assert first.said == {"text": f'{{"{SECRET}": 1}}', "version": "1"}
    assert SECRET not in first.log
    assert ask(moto_url, "read", f"ssm:{name}", "1").said == {"unchanged": True}
    ssm.put_parameter(Name=name, Value="{}", Type=kind, Overwrite=True)
    assert ask(moto_url, "read", f"ssm:{name}", "1").said == {"text": "{}", "version": "2"}
    arn = ssm.get_parameter(Name=name)["Parameter"]["ARN"]
    assert ask(moto_url, "read", f"ssm:{arn}").version == "2"


def test_a_parameter_that_is_not_there_is_named(moto_url):
    answer = ask(moto_url, "read", "ssm:/shop/documents/none")
    assert answer.kind == "not_found"
    assert answer.error.startswith("ssm:/shop/documents/none: ssm GetParameter: ParameterNotFound")


# What S3's keys may hold: a blank, what URLs use themselves, other alphabets, slashes in a row.
@pytest.mark.parametrize("key", ["ci.json", "a b/c+d&e=f?g#h%2F.json", "straße/日本.json", "a//b/", "~(x)!*'.json"])
def test_an_object_of_any_key_is_read_and_by_its_etag(moto_url, key):
    s3 = client("s3", moto_url)
    s3.create_bucket(Bucket="shop-documents")
    etag = s3.put_object(Bucket="shop-documents", Key=key, Body=SECRET.encode())["ETag"]
    first = ask(moto_url, "read", f"s3://shop-documents/{key}")
    assert first.said == {"text": SECRET, "version": etag}
    assert SECRET not in first.log
    assert ask(moto_url, "read", f"s3://shop-documents/{key}", etag).said == {"unchanged": True}
    changed = s3.put_object(Bucket="shop-documents", Key=key, Body=b"{}")["ETag"]
    assert ask(moto_url, "read", f"s3://shop-documents/{key}", etag).said == {"text": "{}", "version": changed}


def test_an_object_or_a_bucket_that_is_not_there_is_named(moto_url):
    client("s3", moto_url).create_bucket(Bucket="shop-documents")
    for source, code in {"s3://shop-documents/none": "NoSuchKey", "s3://shop-no-documents/x": "NoSuchBucket"}.items():
        answer = ask(moto_url, "read", source)
        assert (answer.kind, answer.code) == ("not_found", code)
        assert answer.error.startswith(f"{source}: s3 GetObject: {code}")


def test_a_secret_is_read_by_its_version_and_a_binary_one_is_refused(moto_url):
    secrets = client("secretsmanager", moto_url)
    version = secrets.create_secret(Name="shop/slack", SecretString=SECRET)["VersionId"]
    first = ask(moto_url, "read", "secretsmanager:shop/slack")
    assert first.said == {"text": SECRET, "version": version}
    assert SECRET not in first.log
    assert ask(moto_url, "read", "secretsmanager:shop/slack", version).said == {"unchanged": True}
    secrets.create_secret(Name="shop/binary", SecretBinary=b"x")
    assert "is binary" in ask(moto_url, "read", "secretsmanager:shop/binary").error
    assert ask(moto_url, "read", "secretsmanager:shop/none").kind == "not_found"


def test_a_functions_environment_is_read(moto_url):
    role = client("iam", moto_url).create_role(RoleName="documents", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("bootstrap", "")
    arn = client("lambda", moto_url).create_function(
        FunctionName="shop_ci",
        Runtime="provided.al2023",
        Handler="bootstrap",
        Role=role,
        Code={"ZipFile": code.getvalue()},
        Environment={"Variables": {"PROJECT_NAME": "shop", "SLACK_WEBHOOK_URL": SECRET}},
    )["FunctionArn"]
    answer = ask(moto_url, "function", "shop_ci")
    assert answer.said == {
        "arn": arn,
        "region": "us-east-1",
        "variables": {"PROJECT_NAME": "shop", "SLACK_WEBHOOK_URL": SECRET},
    }
    assert SECRET not in answer.log
    assert ask(moto_url, "function", arn).arn == arn
    assert ask(moto_url, "function", "shop_none").kind == "not_found"


# --- signatures


class Recorder(HttpStub):
    def __init__(self, answer: Response) -> None:
        self.requests: list[Request] = []
        self.answer = answer
        super().__init__()

    def handle(self, request: Request) -> Response:
        self.requests.append(request)
        return self.answer


def botocore_authorization(request: Request, url: str, service: str) -> str:
    headers = {name: value for name, value in request.headers.items() if name.lower() in SIGNED}
    signed = AWSRequest(method=request.method, url=url + request.path, headers=headers, data=request.body)
    signed.context["timestamp"] = request.header("X-Amz-Date")
    auth = (S3SigV4Auth if service == "s3" else SigV4Auth)(
        Credentials(ACCESS_KEY_ID, SECRET_ACCESS_KEY, SESSION_TOKEN), service, "us-east-1"
    )
    to_sign = auth.string_to_sign(signed, auth.canonical_request(signed))
    auth._inject_signature_to_request(signed, auth.signature(to_sign, signed))
    return signed.headers["Authorization"]


REQUESTS = {
    "ssm": ("read", "ssm:/shop/ci"),
    "secretsmanager": ("read", "secretsmanager:shop/slack"),
    "s3": ("read", "s3://shop-documents/a b//c+d?e#straße%2F.json", '"0123456789abcdef"'),
    "lambda": ("function", "arn:aws:lambda:us-east-1:123456789012:function:shop_ci:live"),
}


@pytest.mark.parametrize("service", REQUESTS)
def test_signature_equals_botocores(service):
    with Recorder(Response(404)) as aws:
        ask(aws.url, *REQUESTS[service])
        (request,) = aws.requests
        names = [name.lower() for name in request.headers]
        assert len(names) == len(set(names)), f"a header was sent twice: {names}"
        assert ("x-amz-content-sha256" in names) == (service == "s3")
        assert request.header("X-Amz-Security-Token") == SESSION_TOKEN
        assert request.header("Authorization") == botocore_authorization(request, aws.url, service)


# --- refusals


def test_a_refusal_names_the_permission_and_is_not_tried_again():
    denied = {"__type": "AccessDeniedException", "message": "User is not authorized"}
    with Recorder(Response(400, denied)) as aws:
        answer = ask(aws.url, "read", "ssm:/shop/ci")
        assert answer.kind == "access_denied"
        assert "needs ssm:GetParameter on arn:aws:ssm:us-east-1:*:parameter/shop/ci" in answer.error
        assert len(aws.requests) == 1


def test_a_bucket_of_another_region_is_said_to_be_there():
    body = "<Error><Code>PermanentRedirect</Code><Message>use the specified endpoint</Message></Error>"
    with Recorder(Response(301, body, {"x-amz-bucket-region": "eu-central-1"})) as aws:
        answer = ask(aws.url, "read", "s3://shop-documents/ci.json")
        assert answer.kind == "configuration"
        assert "the bucket is in eu-central-1" in answer.error


def test_an_answer_of_eight_megabytes_is_not_kept():
    with Recorder(Response(200, b" " * (8 * 1024 * 1024 + 1))) as aws:
        assert "larger than" in ask(aws.url, "read", "s3://shop-documents/ci.json").error
    with Recorder(Response(200, b" " * (1024 * 1024 + 1))) as aws:
        assert "more than the 1048576 bytes" in ask(aws.url, "read", "s3://shop-documents/ci.json").error
