"""The signatures that leave the real program equal those that botocore computes for the same requests."""

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from support.programs import ACCESS_KEY_ID, SECRET_ACCESS_KEY, SESSION_TOKEN, Function, cli, function_environment
from support.servers import EcsStub, Request

# What AWS looks at. The rest of the headers (Accept, User-Agent, Content-Length) is transport.
SIGNED = ("host", "content-type", "x-amz-date", "x-amz-target", "x-amz-security-token", "x-amz-content-sha256")

EVERY_CALL = frozenset({"ListTaskDefinitions", "DescribeServices", "UpdateService"})


def botocore_authorization(request: Request, url: str, secret_key: str, token: str | None, region: str) -> str:
    headers = {name: value for name, value in request.headers.items() if name.lower() in SIGNED}
    signed = AWSRequest(method=request.method, url=url + request.path, headers=headers, data=request.body)
    signed.context["timestamp"] = request.header("X-Amz-Date")
    auth = SigV4Auth(Credentials(ACCESS_KEY_ID, secret_key, token), "ecs", region)
    to_sign = auth.string_to_sign(signed, auth.canonical_request(signed))
    auth._inject_signature_to_request(signed, auth.signature(to_sign, signed))
    return signed.headers["Authorization"]


def assert_signed_like_botocore(ecs: EcsStub, secret_key: str, token: str | None, region: str) -> None:
    assert {operation for operation, _ in ecs.calls} >= EVERY_CALL
    for request in ecs.requests():
        assert request.header("X-Amz-Security-Token") == token
        names = [name.lower() for name in request.headers]
        assert len(names) == len(set(names)), f"a header was sent twice: {names}"
        assert request.header("Authorization") == botocore_authorization(request, ecs.url, secret_key, token, region)


CREDENTIALS = {
    "with-a-token": (SECRET_ACCESS_KEY, SESSION_TOKEN),
    "without-a-token": (SECRET_ACCESS_KEY, None),
    "key-of-slashes-and-plusses": ("/+=/+=abc/+=ABC123/+=/+=/+=/+=+++===///", None),
    "token-of-a-thousand-characters": (SECRET_ACCESS_KEY, "IQoJb3JpZ2luX2Vj//+" + "aB/+" * 245 + "=="),
    "key-with-a-blank-and-a-percent": ("a secret %2F key", "token%2Fwith=percent"),
}


@pytest.mark.parametrize("name", CREDENTIALS)
def test_signature_equals_botocores(name):
    secret_key, token = CREDENTIALS[name]
    with EcsStub() as ecs:
        environment = function_environment(ecs.url, AWS_SECRET_ACCESS_KEY=secret_key, AWS_SESSION_TOKEN=token)
        with Function(environment) as function:
            assert function.invoke(b'{"service":"api"}').kind == "response"
        assert_signed_like_botocore(ecs, secret_key, token, "us-east-1")


@pytest.mark.parametrize("region", ["eu-central-2", "cn-north-1", "us-gov-west-1", "mars-north-7"])
def test_signature_equals_botocores_in_other_regions(region):
    with EcsStub() as ecs:
        with Function(function_environment(ecs.url, AWS_REGION=region)) as function:
            assert function.invoke(b'{"service":"api"}').kind == "response"
        assert_signed_like_botocore(ecs, SECRET_ACCESS_KEY, SESSION_TOKEN, region)


def test_an_empty_token_is_no_token():
    # An empty header would be signed and not sent, and AWS would refuse the request.
    with EcsStub() as ecs:
        with Function(function_environment(ecs.url, AWS_SESSION_TOKEN="")) as function:
            assert function.invoke(b'{"service":"api"}').kind == "response"
        assert_signed_like_botocore(ecs, SECRET_ACCESS_KEY, None, "us-east-1")


def test_signature_equals_botocores_below_a_path():
    with EcsStub() as ecs:
        with Function(function_environment(ecs.url + "/a%20b//c:d")) as function:
            assert function.invoke(b'{"service":"api"}').kind == "response"
        assert {request.path for request in ecs.requests()} == {"/a%20b//c:d/"}
        assert_signed_like_botocore(ecs, SECRET_ACCESS_KEY, SESSION_TOKEN, "us-east-1")


def test_the_command_line_signs_like_botocore():
    with EcsStub() as ecs:
        done = cli("invoke", "-", environment=function_environment(ecs.url), stdin='{"service":"api"}')
        assert done.code == 0
        assert_signed_like_botocore(ecs, SECRET_ACCESS_KEY, SESSION_TOKEN, "us-east-1")
