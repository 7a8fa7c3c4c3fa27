"""Credentials of a role: asked for as botocore asks, signed as botocore signs, and good at moto."""

import datetime
import json
import urllib.parse

import boto3
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.serialize import create_serializer
from botocore.validate import ParamValidator

from support.model import service_model
from support.programs import ACCESS_KEY_ID, SECRET_ACCESS_KEY, SESSION_TOKEN
from support.servers import HttpStub, Request, Response
from test_documents import Answer, ask

ROLE = "arn:aws:iam::111122223333:role/ci/deploy+all=1,2.3@x-y_z"
EVENT = "7bf73129-1428-4cd3-a780-95db273d1602"
END = "2031-09-21T14:13:20.000Z"


class Sts(HttpStub):
    def __init__(self, *answers: Response) -> None:
        super().__init__()
        self.answers = list(answers)
        self.requests: list[Request] = []

    def handle(self, request: Request):
        self.requests.append(request)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


def in_json(expiration) -> Response:
    """As STS answers to who accepts JSON; written by hand, because no model has it."""
    credentials = {"AccessKeyId": "ASIA1", "SecretAccessKey": "assumed/secret+key", "SessionToken": "assumed//token=="}
    text = json.dumps({"AssumeRoleResponse": {"AssumeRoleResult": {"Credentials": credentials}}})
    text = text.replace("}}}}", f', "Expiration": {expiration}' + "}}}}")
    return Response(200, text, {"Content-Type": "application/json"})


def test_moto_gives_credentials_that_are_the_roles(moto_url):
    answer = ask(moto_url, "assume", ROLE, EVENT, "an-external-id")
    assert answer.account_id == "111122223333"
    lasts = datetime.datetime.fromisoformat(answer.expires_at) - datetime.datetime.now(datetime.timezone.utc)
    assert datetime.timedelta(minutes=59) < lasts < datetime.timedelta(minutes=61)
    assert answer.secret_access_key not in answer.log
    assert answer.session_token not in answer.log
    identity = boto3.client(
        "sts",
        endpoint_url=moto_url,
        region_name="us-east-1",
        aws_access_key_id=answer.access_key_id,
        aws_secret_access_key=answer.secret_access_key,
        aws_session_token=answer.session_token,
    ).get_caller_identity()
    assert identity["Account"] == "111122223333"
    assert identity["Arn"].endswith(f"/ci_lambda-{EVENT}")


@pytest.mark.parametrize("external_id", [(), ("a/b+c=d&e,f:g@h-i",)], ids=["without", "with"])
def test_the_request_is_the_one_that_botocore_writes(external_id):
    model = service_model("sts").operation_model("AssumeRole")
    wanted = {"RoleArn": ROLE, "RoleSessionName": f"ci_lambda-{EVENT}", "DurationSeconds": 3600}
    if external_id:
        wanted["ExternalId"] = external_id[0]
    assert not ParamValidator().validate(wanted, model.input_shape).has_errors()
    theirs = create_serializer("query").serialize_to_request(wanted, model)
    with Sts(in_json(1.79e9)) as sts:
        ask(sts.url, "assume", ROLE, EVENT, *external_id)
        (request,) = sts.requests
    assert request.method == theirs["method"]
    assert request.path == theirs["url_path"]
    assert dict(urllib.parse.parse_qsl(request.body.decode(), strict_parsing=True)) == {
        name: str(value) for name, value in theirs["body"].items()
    }
    assert request.header("Content-Type") == theirs["headers"]["Content-Type"]
    assert request.header("Accept") == "application/json"


def test_the_signature_is_the_one_that_botocore_computes():
    with Sts(in_json(1.79e9)) as sts:
        ask(sts.url, "assume", ROLE, EVENT)
        (request,) = sts.requests
        names = [name.lower() for name in request.headers]
        assert len(names) == len(set(names)), f"a header was sent twice: {names}"
        assert request.header("X-Amz-Security-Token") == SESSION_TOKEN
        signed_names = request.header("Authorization").split("SignedHeaders=")[1].split(",")[0].split(";")
        headers = {name: value for name, value in request.headers.items() if name.lower() in signed_names}
        signed = AWSRequest(method="POST", url=sts.url + "/", headers=headers, data=request.body)
        signed.context["timestamp"] = request.header("X-Amz-Date")
        auth = SigV4Auth(Credentials(ACCESS_KEY_ID, SECRET_ACCESS_KEY, SESSION_TOKEN), "sts", "us-east-1")
        to_sign = auth.string_to_sign(signed, auth.canonical_request(signed))
        auth._inject_signature_to_request(signed, auth.signature(to_sign, signed))
        assert request.header("Authorization") == signed.headers["Authorization"]


@pytest.mark.parametrize("expiration", ["1947766400", "1.9477664E9", "1.9477664E+09", f'"{END}"'])
def test_the_end_is_read_however_json_has_it(expiration):
    with Sts(in_json(expiration)) as sts:
        answer = ask(sts.url, "assume", ROLE, EVENT)
    assert answer.access_key_id == "ASIA1"
    assert answer.expires_at == END


def refusal(code: str) -> tuple[str, dict]:
    """As the model of the query protocol has errors: what botocore's own parser makes of it is looked at, too."""
    body = (
        '<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type>'
        f"<Code>{code}</Code><Message>said so</Message></Error><RequestId>1</RequestId></ErrorResponse>"
    )
    return body, {"Content-Type": "text/xml"}


def asked(*answers: Response) -> tuple[Answer, int]:
    with Sts(*answers) as sts:
        return ask(sts.url, "assume", ROLE, EVENT), len(sts.requests)


def test_a_refusal_names_both_policies_and_is_not_tried_again():
    answer, requests = asked(Response(403, *refusal("AccessDenied")))
    assert answer.kind == "access_denied"
    assert f"assuming {ROLE}: sts AssumeRole: AccessDenied: said so" in answer.error
    assert "trust policy" in answer.error
    assert requests == 1


def test_every_error_of_the_model_has_a_kind():
    kinds = {
        "ExpiredTokenException": ("expired_credentials", 2),
        "RegionDisabledException": ("rejected", 1),
        "Throttling": ("throttled", 1),
    }
    shapes = service_model("sts").operation_model("AssumeRole").error_shapes
    for code in [*kinds, *(shape.error_code for shape in shapes)]:
        answer, requests = asked(Response(400, *refusal(code)))
        assert (answer.kind, requests) == kinds.get(code, ("rejected", 1)), code
        assert code in answer.error
