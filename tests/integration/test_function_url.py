"""The function's door: Slack's buttons and the page of its URL, on the sandbox.

Who judges: Slack's own check of signatures (slack_sdk), botocore for the request by which the function invokes itself, html5lib
for the page, and for tokens and codes an implementation of a few lines here.
"""

import base64
import concurrent.futures
import hashlib
import hmac
import http.client
import json
import time
import urllib.parse

import html5lib
import pytest
from slack_sdk.signature import SignatureVerifier

from support.clients import sandbox_client
from support.programs import Function, Sandbox, cli, function_environment
from support.servers import HttpStub, Response
from support.waiting import eventually

KEY = "k" * 40
SECRET = "8f742231b10e8888abcd99yyyzzz85a5"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:ci_lambda"
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LINK_EXPANDING = {"User-Agent": "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)", "Range": "bytes=0-32768"}


# --- what a token is, said once more ----------------------------------------------------------------------------------


def code_of(key: str, kind: str, text: str) -> bytes:
    return hmac.new(key.encode(), f"ci_lambda {kind}\n{text}".encode(), hashlib.sha256).digest()


def encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def token_of(key: str, **more) -> str:
    now = int(time.time())
    request = {"s": "api", "why": "image <b>shop_service_api</b>:v1.43 was pushed", "img": [{"r": "shop_service_api", "t": "v1.43"}]}
    payload = {
        "e": "shop/dev",
        "s": "api",
        "i": now,
        "x": now + 3600,
        "q": json.dumps(request),
        "r": "ecs-svc/7",
        "c": "sha256:0",
        **more,
    }
    text = encoded(json.dumps(payload).encode())
    return f"ca1.{text}.{encoded(code_of(key, 'ca1', text))}"


def letters_of(key: str, token: str) -> str:
    letters = "".join(ALPHABET[byte & 31] for byte in code_of(key, "code", token)[:10])
    return f"{letters[:5]}-{letters[5:]}"


def answer_in(event: dict, key: str) -> dict:
    """The answer that the function hands on to itself, where it has signed it."""
    assert list(event) == ["approval_answer"]
    kind, text, code = event["approval_answer"].split(".")
    assert kind == "cb1" and hmac.compare_digest(decoded(code), code_of(key, "cb1", text))
    return json.loads(decoded(text))


def slack_request(secret: str, payload: dict, at: float | None = None) -> tuple[bytes, dict[str, str]]:
    """As Slack signs it ("Verifying requests from Slack")."""
    body = urllib.parse.urlencode({"payload": json.dumps(payload)}).encode()
    stamp = str(int(time.time() if at is None else at))
    code = hmac.new(secret.encode(), f"v0:{stamp}:".encode() + body, hashlib.sha256).hexdigest()
    return body, {**FORM, "X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": f"v0={code}"}


def press(token: str, action: str = "approve") -> dict:
    return {
        "type": "block_actions",
        "user": {"id": "U0ALICE000", "username": "alice", "name": "alice"},
        "response_url": "https://hooks.slack.example/actions/1",
        "actions": [{"type": "button", "action_id": action, "value": token}],
    }


# --- the sandbox ------------------------------------------------------------------------------------------------------


class Door:
    """A sandbox, its function's URL, and what came of calls."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        settings = sandbox.get("/sandbox/settings")
        self.key = settings["APPROVAL_KEY"]
        self.secret = settings["SLACK_SIGNING_SECRET"]
        self.port = int(sandbox.url.rsplit(":", 1)[1])
        assert settings["FUNCTION_URL"] == f"{sandbox.url}/function-url"

    def token(self, **more) -> str:
        return token_of(self.key, **more)

    def code(self, token: str) -> str:
        return letters_of(self.key, token)

    def call(self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None):
        """Status, headers (names in lower case) and body."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request(method, f"/function-url{path}", body=body, headers=headers or {})
            answer = connection.getresponse()
            return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
        finally:
            connection.close()

    def events(self) -> list[dict]:
        return [one["event"] for one in self.sandbox.get("/sandbox/invocations")]

    def handed_on(self) -> list[dict]:
        return [answer_in(event, self.key) for event in self.events() if isinstance(event, dict) and "approval_answer" in event]

    def deployments(self) -> list[dict]:
        return [one for one in self.sandbox.get("/sandbox/ecs/calls") if one["operation"] == "UpdateService"]

    def ask_in_slack(self, token: str) -> int:
        """Puts a message with the two buttons into the inbox, as the function would; its number."""
        buttons = [
            {
                "type": "button",
                "action_id": action,
                "text": {"type": "plain_text", "text": action.capitalize()},
                "value": token,
            }
            for action in ("approve", "reject")
        ]
        message = {"text": "may it?", "blocks": [{"type": "actions", "block_id": "approval:0123abcd", "elements": buttons}]}
        status, _, body = self.sandbox.post("/slack/services/T000/B000/shell", json.dumps(message).encode())
        assert (status, body) == (200, b"ok")
        # What an answer before it has led to may have come behind it.
        return [one for one in self.sandbox.get("/sandbox/slack") if "may it?" in json.dumps(one)][-1]["number"]

    def click(self, *words: str):
        return cli("sandbox", "click", *words, "--port", str(self.port))


@pytest.fixture(scope="module")
def door():
    with Sandbox("--speed", "600", APPROVAL_BY_PAGE="true", LOG_LEVEL="debug") as sandbox:
        yield Door(sandbox)


@pytest.fixture(scope="module")
def reading_room():
    """The same without approvals by the page."""
    with Sandbox("--speed", "600") as sandbox:
        yield Door(sandbox)


# --- Slack ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("action", ["approve", "reject"])
def test_a_press_is_signed_as_slack_signs_and_handed_on_under_a_signature_of_ours(door, action):
    token = door.token()
    message = door.ask_in_slack(token)
    before = len(door.handed_on())
    done = door.click(action, "api", "--user", "bob")
    assert done.code == 0 and done.out.startswith(f"bob pressed {action} of api in Slack"), done.err

    sent = [event for event in door.events() if event.get("rawPath") == "/slack"][-1]
    assert sent["isBase64Encoded"] is True, "forms come so on AWS"
    body = base64.b64decode(sent["body"]).decode()
    assert SignatureVerifier(door.secret).is_valid_request(body, sent["headers"])
    assert not SignatureVerifier("another").is_valid_request(body, sent["headers"])

    answers = eventually(lambda: door.handed_on()[before:], "the answer on its way")
    assert [(one["k"], one["y"], one["w"], one["u"], one["n"]) for one in answers] == [
        (token, action == "approve", "slack", "U0BOB00000", "bob")
    ]
    assert answers[0]["p"] == f"{door.sandbox.url}/slack/reply/{message}"
    assert abs(answers[0]["a"] - time.time()) < 60


def test_what_slack_itself_would_sign_is_taken(door):
    body, headers = slack_request(door.secret, press(door.token()))
    assert SignatureVerifier(door.secret).is_valid_request(body, headers)
    assert door.call("POST", "/slack", body, headers)[::2] == (200, b"")


def test_a_message_is_replaced_by_its_response_url_and_has_no_buttons_then(reading_room):
    number = reading_room.ask_in_slack(reading_room.token(s="worker"))
    reply = {"replace_original": True, "text": "approved by alice"}
    whisper = {"replace_original": False, "response_type": "ephemeral", "text": "not you"}
    for one in (whisper, reply):
        assert reading_room.sandbox.post(f"/slack/reply/{number}", json.dumps(one).encode())[0] == 200
    shown = reading_room.sandbox.get("/sandbox/slack")[number]
    assert shown["message"] == reply and shown["to_one"] == [whisper]
    assert shown["before"]["text"] == "may it?"
    done = reading_room.click("approve", "worker")
    assert done.code == 1 and 'no message has a button "approve" for "worker"' in done.err
    assert reading_room.sandbox.post("/slack/reply/99999", json.dumps(reply).encode())[0] == 404
    assert reading_room.sandbox.post(f"/slack/reply/{number}", b"nonsense")[0] == 400


def test_a_button_of_the_functions_own_message_deploys_once_and_says_so_in_its_place():
    with Sandbox("--speed", "600", APPROVAL_REQUIRED="true", LOG_LEVEL="debug") as sandbox:
        door = Door(sandbox)
        port = str(door.port)
        assert cli("sandbox", "push", "api:v1.43", "--port", port).code == 0

        def asked() -> dict | None:
            found = [one for one in sandbox.get("/sandbox/slack") if "approval:" in json.dumps(one["message"])]
            return found[-1] if found else None

        message = eventually(asked, "the question", 0.2)
        assert message["status"] == 200, "Slack takes it"
        assert door.deployments() == []
        text = json.dumps(message["message"])
        link = text.split("<", 1)[1].split("|Show the request>")[0].replace("&amp;", "&")
        assert link.startswith(f"{sandbox.url}/function-url/approve?t=ca1.")
        page = parsed(door.call("GET", link.removeprefix(f"{sandbox.url}/function-url"))[2])
        assert "shop_service_api:v1.43" in text_of(page.find(".//dl"))

        assert door.click("approve", "api").code == 0
        eventually(door.deployments, "the deployment", 0.2)
        shown = eventually(lambda: (one := sandbox.get("/sandbox/slack")[message["number"]]).get("before") and one, "the reply", 0.2)
        assert "approved by alice (Slack)" in json.dumps(shown["message"]) and "ca1." not in json.dumps(shown["message"])
        assert door.click("approve", "api").code == 1, "the buttons are gone"
        assert len(door.deployments()) == 1


class Recorder(HttpStub):
    """Lambda, which takes every event."""

    def __init__(self) -> None:
        self.requests: list = []
        super().__init__()

    def handle(self, request) -> Response:
        self.requests.append(request)
        return Response(202, b"")


def test_botocore_invokes_the_function_by_the_same_request():
    body, headers = slack_request(SECRET, press(token_of(KEY)))
    event = {
        "version": "2.0",
        "rawPath": "/slack",
        "rawQueryString": "",
        "headers": {name.lower(): value for name, value in headers.items()},
        "requestContext": {"http": {"method": "POST", "path": "/slack", "sourceIp": "192.0.2.1"}, "stage": "$default"},
        "body": base64.b64encode(body).decode(),
        "isBase64Encoded": True,
    }
    with Recorder() as recorder:
        environment = function_environment(
            "http://127.0.0.1:9",
            FUNCTION_URL="https://abc.lambda-url.us-east-1.on.aws",
            SLACK_SIGNING_SECRET=SECRET,
            APPROVAL_KEY=KEY,
            AWS_ENDPOINT_URL_LAMBDA=recorder.url,
        )
        with Function(environment) as function:
            outcome = function.invoke(event)
            assert outcome.kind == "response" and outcome.body["statusCode"] == 200, outcome.text
            log = json.dumps(function.log())
        (ours,) = recorder.requests
        sandbox_client("lambda", recorder.url).invoke(FunctionName=FUNCTION, InvocationType="Event", Payload=ours.body)
        theirs = recorder.requests[1]
    assert (ours.method, ours.path) == (theirs.method, theirs.path)
    assert ours.header("X-Amz-Invocation-Type") == theirs.header("X-Amz-Invocation-Type") == "Event"
    assert ours.body == theirs.body and answer_in(ours.json(), KEY)["y"] is True
    assert SECRET not in log and KEY not in log


# --- the page ---------------------------------------------------------------------------------------------------------


def parsed(page: bytes):
    """The document; a page with any error in it is refused."""
    return html5lib.HTMLParser(strict=True, namespaceHTMLElements=False).parse(page, transport_encoding="utf-8")


def text_of(element) -> str:
    return " ".join("".join(element.itertext()).split())


def check_headers(headers: dict[str, str], page) -> None:
    assert headers["content-type"] == "text/html; charset=utf-8"
    assert headers["cache-control"] == "no-store"
    assert headers["x-frame-options"] == "DENY"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] in ("no-referrer", "same-origin")
    assert "noindex" in headers["x-robots-tag"]
    policy = dict(part.strip().split(" ", 1) for part in headers["content-security-policy"].split(";"))
    digest = base64.b64encode(hashlib.sha256(page.find(".//style").text.encode()).digest()).decode()
    assert policy["style-src"] == f"'sha256-{digest}'"
    assert policy["default-src"] == policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert policy["form-action"] == ("'none'" if page.find(".//form") is None else "'self'")
    assert page.find(".//script") is None
    assert [one for one in page.iter() if "style" in one.attrib or any(name.startswith("on") for name in one.attrib)] == []


def test_the_page_shows_the_request_and_says_how_to_approve(reading_room):
    token = reading_room.token()
    status, headers, body = reading_room.call("GET", f"/approve?t={token}", headers=LINK_EXPANDING)
    page = parsed(body)
    assert status == 200
    check_headers(headers, page)
    facts = {text_of(name): text_of(value) for name, value in zip(page.iter("dt"), page.iter("dd"), strict=True)}
    assert facts["Environment"] == "shop/dev" and facts["Service"] == "api"
    assert facts["Image"] == "shop_service_api:v1.43" and facts["Runs now"] == "ecs-svc/7"
    assert facts["Because"] == "image <b>shop_service_api</b>:v1.43 was pushed"
    assert text_of(page.find(".//pre")) == f"ci_lambda approve {token}"
    assert page.find(".//form") is None
    assert page.find(".//meta[@name='viewport']") is not None
    head = reading_room.call("HEAD", f"/approve?t={token}")
    assert head[0] == 200 and head[2] == b""
    assert reading_room.handed_on() == []


def test_the_page_approves_with_link_and_code_where_that_is_allowed(door):
    token = door.token()
    status, headers, body = door.call("GET", f"/approve?t={token}")
    page = parsed(body)
    assert status == 200 and headers["referrer-policy"] == "same-origin"
    check_headers(headers, page)
    form = page.find(".//form")
    assert (form.get("method"), form.get("action")) == ("post", "approve")
    fields = {one.get("name"): one.get("value") for one in form.iter("input")}
    assert fields == {"t": token, "code": None}
    assert door.code(token) not in body.decode()
    before = len(door.handed_on())
    filled = urllib.parse.urlencode({**fields, "code": door.code(token).lower(), "answer": "approve"}).encode()
    same_site = {"Origin": door.sandbox.url, "Sec-Fetch-Site": "same-origin"}
    status, headers, body = door.call("POST", "/approve", filled, {**FORM, **same_site})
    assert status == 202, body
    check_headers(headers, parsed(body))
    answers = eventually(lambda: door.handed_on()[before:], "the answer on its way")
    assert [(one["k"], one["y"], one["w"], one.get("u")) for one in answers] == [(token, True, "page", None)]


# --- bad input --------------------------------------------------------------------------------------------------------


def changed(text: str, at: int) -> str:
    return text[:at] + ("A" if text[at] != "A" else "B") + text[at + 1 :]


def bad_requests(door: Door):
    token = door.token()
    code = door.code(token)
    good = {"t": token, "code": code, "answer": "approve"}

    def form(**fields) -> bytes:
        return urllib.parse.urlencode({**good, **fields}).encode()

    def slack(at: float = 0, secret: str = "", **headers):
        body, signed = slack_request(secret or door.secret, press(token), time.time() + at)
        return "POST", "/slack", body, {**signed, **headers}

    body, signed = slack_request(door.secret, press(token))
    elsewhere, old = door.token(e="shop/prod"), door.token(x=int(time.time()) - 1)
    yield "an old timestamp", slack(at=-301), 401
    yield "a timestamp of the future", slack(at=301), 401
    yield "a wrong secret", slack(secret="another-secret"), 401
    yield "no signature", ("POST", "/slack", body, FORM), 401
    yield "a signature of another version", slack(**{"X-Slack-Signature": signed["X-Slack-Signature"].replace("v0", "v1")}), 401
    yield "a changed signature", slack(**{"X-Slack-Signature": changed(signed["X-Slack-Signature"], 30)}), 401
    yield "a changed body", ("POST", "/slack", body.replace(b"approve", b"reject"), signed), 401
    yield "a megabyte for Slack", ("POST", "/slack", b"payload=" + b"a" * 1_000_000, signed), 413
    yield "a GET of Slack's", ("GET", "/slack", None, signed), 405
    yield "JSON for Slack", ("POST", "/slack", body, {**signed, "Content-Type": "application/json"}), 415
    yield "a GET that would approve", ("GET", "/approve?" + form().decode(), None, LINK_EXPANDING), 200
    yield "a HEAD that would approve", ("HEAD", "/approve?" + form().decode(), None, {}), 200
    yield "a PUT", ("PUT", "/approve", form(), FORM), 405
    yield "a DELETE", ("DELETE", "/approve", form(), FORM), 405
    yield "a POST without a token", ("POST", "/approve", urllib.parse.urlencode({"code": code, "answer": "approve"}).encode(), FORM), 400
    yield "a token in the link alone", ("POST", f"/approve?t={token}", b"answer=approve&code=" + code.encode(), FORM), 400
    yield "no code", ("POST", "/approve", form(code=""), FORM), 403
    yield "another code", ("POST", "/approve", form(code=changed(code, 0)), FORM), 403
    yield "the code of another token", ("POST", "/approve", form(code=door.code(old)), FORM), 403
    yield "another site", ("POST", "/approve", form(), {**FORM, "Origin": "https://evil.example"}), 403
    yield "another site by its fetch", ("POST", "/approve", form(), {**FORM, "Sec-Fetch-Site": "cross-site"}), 403
    yield "an origin of nobody", ("POST", "/approve", form(), {**FORM, "Origin": "null"}), 403
    yield "one bit changed", ("POST", "/approve", form(t=changed(token, 30)), FORM), 400
    yield "another environment", ("POST", "/approve", form(t=elsewhere, code=door.code(elsewhere)), FORM), 400
    yield "an expired token", ("POST", "/approve", form(t=old, code=door.code(old)), FORM), 400
    yield "a form of JSON", ("POST", "/approve", json.dumps(good).encode(), {"Content-Type": "application/json"}), 415
    yield "a megabyte", ("POST", "/approve", form(x="a" * 1_000_000), FORM), 413
    yield "no answer", ("POST", "/approve", form(answer=""), FORM), 400
    yield "markup for a token", ("GET", "/approve?t=%3Cscript%3Ealert(1)%3C/script%3E", None, {}), 400
    yield "nothing", ("GET", "/", None, {}), 404
    yield "a path of nobody", ("GET", "/../approve/x", None, {}), 404


def test_bad_requests_have_their_answers_and_begin_nothing(door):
    before = len(door.handed_on())
    wrong = []
    for name, request, status in bad_requests(door):
        got = door.call(*request)
        if got[0] != status:
            wrong.append((name, got))
        assert b"<script" not in got[2]
        assert got[0] != 405 or "allow" in got[1]
    assert wrong == []
    assert len(door.handed_on()) == before
    assert door.deployments() == []


def test_a_hundred_replays_at_once_say_what_one_says(door):
    token = door.token()
    body, headers = slack_request(door.secret, press(token, "reject"))
    before = len(door.handed_on())
    with concurrent.futures.ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda _: door.call("POST", "/slack", body, headers)[0], range(100)))
    assert answers == [200] * 100
    handed = eventually(lambda: len(door.handed_on()) >= before + 100 and door.handed_on()[before:], "all answers", 0.2)
    assert {(one["k"], one["y"], one["u"]) for one in handed} == {(token, False, "U0ALICE000")}
    assert door.deployments() == []


def test_without_a_url_the_function_has_no_door():
    call = {"version": "2.0", "rawPath": "/approve", "requestContext": {"http": {"method": "GET", "path": "/approve"}}}
    with Function(function_environment("http://127.0.0.1:9", APPROVAL_KEY=KEY)) as function:
        outcome = function.invoke(call)
    assert outcome.kind == "response" and outcome.body["statusCode"] == 404, outcome.text


def test_click_says_what_is_missing(reading_room):
    assert reading_room.click("approve", "nobody").code == 1
    assert cli("sandbox", "click", "maybe").code == 2
    assert "approve or reject" in cli("sandbox", "click").err
