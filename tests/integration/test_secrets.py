"""No webhook URL, secret key or session token is ever printed, at any level, whatever goes wrong."""

import re
import urllib.parse

import pytest

from support.kinds import KINDS, s3_configuration
from support.leaks import WEBHOOK_SECRET, assert_no_secret
from support.programs import SECRET_ACCESS_KEY, SESSION_TOKEN, Function, cli, function_environment
from support.servers import EcsStub, Response, SlackStub, aws_error


def denied(operation, request):
    return aws_error("AccessDeniedException", "User is not authorized to perform this")


def expired(operation, request):
    # Services have been seen to repeat the token.
    return aws_error("ExpiredTokenException", f"The security token {SESSION_TOKEN} included in the request is expired")


def echo(operation, request):
    return Response(500, f"proxy error for {request.headers}")


# What becomes of a secret on its way through pages, URLs and JSON.
FORMS = [
    WEBHOOK_SECRET,
    urllib.parse.quote(SlackStub.PATH, safe=""),
    urllib.parse.quote(SECRET_ACCESS_KEY, safe=""),
    re.sub("%..", lambda escape: escape[0].lower(), urllib.parse.quote(SECRET_ACCESS_KEY, safe="")),
    urllib.parse.quote(SESSION_TOKEN),
    SESSION_TOKEN.replace("/", "\\/"),
]

PROVOCATIONS = {"all-is-well": None, "access-denied": denied, "expired-token": expired, "headers-echoed": echo}


@pytest.mark.parametrize("provocation", PROVOCATIONS)
@pytest.mark.parametrize("slack_path", [SlackStub.PATH, "/gone"], ids=["slack", "wrong-webhook"])
def test_the_function_prints_no_secret(provocation, slack_path):
    with EcsStub(PROVOCATIONS[provocation]) as ecs, SlackStub([Response(500, "rollup_error")], slack_path) as slack:
        environment = function_environment(
            ecs.url,
            LOG_LEVEL="debug",
            SERVICE_CONFIG=s3_configuration(),
            ENABLE_SLACK_NOTIFICATIONS="true",
            SLACK_WEBHOOK_URL=slack.webhook,
        )
        with Function(environment) as function:
            answers = [function.invoke(kind.event).text for kind in KINDS]
            # An event that repeats a secret is printed at debug, without it.
            answers.append(function.invoke({"service": "api", "reason": f"see {slack.webhook}"}).text)
            answers.append(function.invoke(f'{{"service":7,"x":"{slack.webhook}"}}').text)
            for form in FORMS:
                answers.append(function.invoke({"service": "api", "reason": f"see {form}"}).text)
                answers.append(function.invoke(f'{{"service":7,"x":"{form}"}}').text)

    output = function.output()  # all of it, now that it has ended
    assert "ListTaskDefinitions" in output, "debug shows nothing: this test proves nothing"
    assert_no_secret(output + "".join(answers))
    if provocation != "headers-echoed":
        assert "Signature=" not in output, "debug shows the headers of requests"


def test_a_webhook_is_a_secret_even_where_slack_is_off():
    with EcsStub() as ecs, SlackStub() as slack:
        environment = function_environment(
            ecs.url, LOG_LEVEL="debug", ENABLE_SLACK_NOTIFICATIONS="false", SLACK_WEBHOOK_URL=slack.webhook
        )
        with Function(environment) as function:
            answers = [
                function.invoke({"service": "api", "reason": f"see {said}"}).text
                for said in (slack.webhook, SlackStub.PATH, WEBHOOK_SECRET)
            ]
    assert "see ***" in function.output()
    assert_no_secret(function.output() + "".join(answers))


def test_a_webhook_that_is_none_is_refused_without_being_repeated():
    secret = "hooks.slack.example/services/" + WEBHOOK_SECRET
    environment = function_environment(
        "http://127.0.0.1:1", ENABLE_SLACK_NOTIFICATIONS="true", SLACK_WEBHOOK_URL=secret
    )
    with Function(environment) as function:
        error = function.init_error()
        function.wait()
        assert "SLACK_WEBHOOK_URL" in error.text
        assert_no_secret(error.text + function.output())


@pytest.mark.parametrize(
    "arguments",
    [("check",), ("deploy", "api"), ("deploy", "api", "--dry-run"), ("plan", "-"), ("invoke", "-")],
    ids=" ".join,
)
@pytest.mark.parametrize("provocation", PROVOCATIONS)
def test_the_command_line_prints_no_secret(arguments, provocation):
    with EcsStub(PROVOCATIONS[provocation]) as ecs, SlackStub([Response(500, "rollup_error")]) as slack:
        environment = function_environment(ecs.url, ENABLE_SLACK_NOTIFICATIONS="true", SLACK_WEBHOOK_URL=slack.webhook)
        done = cli(*arguments, environment=environment, stdin='{"service":"api"}')

    assert done.out or done.err
    assert_no_secret(done.out + done.err)
