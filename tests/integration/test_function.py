"""What `bootstrap` promises to Lambda: errors, deadlines, connections, logs. ECS and Slack are stubs of ours."""

import itertools
import json
import ssl
import threading

import pytest

from certificates import Authority
from support.programs import Child, Function, function_environment, program
from support.servers import PATIENCE, EcsStub, Response, SlackStub, aws_error


def services_of(names) -> str:
    """SERVICE_CONFIG in which all of these services use one file."""
    return json.dumps({name: [{"bucket": "shop-env-dev", "key": "shared.env"}] for name in names})


SHARED_FILE_CHANGED = {
    "source": "aws.s3",
    "detail-type": "Object Created",
    "resources": ["arn:aws:s3:::shop-env-dev"],
    "detail": {"bucket": {"name": "shop-env-dev"}, "object": {"key": "shared.env"}, "reason": "PutObject"},
}

# --- configuration ------------------------------------------------------------------------------------------------


def test_a_bad_configuration_names_every_bad_variable_at_once_and_ends_the_process(ecs):
    environment = function_environment(
        ecs.url,
        PROJECT_NAME=None,
        DRY_RUN="perhaps",
        MAX_DEPLOYMENT_RETRIES="many",
        SERVICE_NAME_PATTERN="{project}_{nmae}",
        SERVICE_CONFIG="[1]",
    )
    with Function(environment) as function:
        error = function.init_error()
        code = function.wait()

    for name in ("PROJECT_NAME", "DRY_RUN", "MAX_DEPLOYMENT_RETRIES", "SERVICE_NAME_PATTERN", "SERVICE_CONFIG"):
        assert name in error.body["errorMessage"], error.text
    assert error.error_type is not None and error.error_type == error.body["errorType"]
    assert code not in (0, None)
    assert ecs.requests() == []


def test_on_a_laptop_it_says_how_it_is_meant_to_be_run():
    with Child([program("CI_LAMBDA_BOOTSTRAP")], function_environment("http://127.0.0.1:1")) as child:
        assert child.wait() != 0
        assert "AWS_LAMBDA_RUNTIME_API" in child.output() and "ci_lambda sandbox" in child.output()


# --- the error policy ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "event",
    [
        b"not json",
        b"[1,2]",
        b'{"source":"action.deploy","detail-type":"DEPLOY","detail":{}}',
        b'{"source":"action.deploy","detail-type":"DEPLOY","detail":[]}',
        b'{"source":"aws.ecr","detail-type":"ECR Image Action","detail":"text"}',
        b'{"service":7}',
        b"[" * 100_000,
        b'{"service":"\xff\xfe"}',
    ],
    ids=["no-json", "array", "no-service", "detail-array", "detail-string", "number", "deep", "invalid-utf8"],
)
def test_a_bad_event_is_refused_and_the_function_goes_on(event, ecs):
    with Function(function_environment(ecs.url)) as function:
        refused = function.invoke(event)
        assert refused.kind == "error"
        assert refused.error_type == "Function.InvalidEvent"
        assert refused.body["errorType"] == "Function.InvalidEvent"
        assert refused.body["errorMessage"]
        assert ecs.requests() == []

        assert function.invoke(b'{"service":"api"}').body["status"] == "deployed"


def test_an_event_of_a_megabyte_is_handled(ecs):
    event = {"service": "api", "reason": "r" * 1_000_000}
    with Function(function_environment(ecs.url)) as function:
        assert function.invoke(event).body["status"] == "deployed"


@pytest.mark.parametrize("offers", ["TLS 1.1 only", "no authenticated encryption"])
def test_an_endpoint_that_offers_only_weak_tls_gets_no_request(offers, tmp_path):
    authority = Authority("the test's own authority")
    tls = authority.server("127.0.0.1")
    if offers == "TLS 1.1 only":
        tls.minimum_version = ssl.TLSVersion.TLSv1
        tls.maximum_version = ssl.TLSVersion.TLSv1_1
        tls.set_ciphers("ALL:@SECLEVEL=0")
    else:
        tls.maximum_version = ssl.TLSVersion.TLSv1_2
        tls.set_ciphers("ECDHE-ECDSA-AES128-SHA")
    (tmp_path / "ca.pem").write_bytes(authority.pem)
    with EcsStub(tls=tls) as ecs:
        environment = function_environment(ecs.url, AWS_CA_BUNDLE=str(tmp_path / "ca.pem"))
        with Function(environment) as function:
            outcome = function.invoke({"service": "api"})
        assert outcome.kind == "error"
        assert ecs.calls == []


def test_an_endpoint_of_tls_1_2_is_served(tmp_path):
    authority = Authority("the test's own authority")
    tls = authority.server("127.0.0.1")
    tls.maximum_version = ssl.TLSVersion.TLSv1_2
    (tmp_path / "ca.pem").write_bytes(authority.pem)
    with EcsStub(tls=tls) as ecs:
        environment = function_environment(ecs.url, AWS_CA_BUNDLE=str(tmp_path / "ca.pem"))
        with Function(environment) as function:
            assert function.invoke({"service": "api"}).kind == "response"


def test_a_failed_deployment_names_what_failed_and_what_started(ecs):
    def refuse_worker(operation, request):
        if operation == "UpdateService" and "worker" in request.json()["service"]:
            return aws_error("InvalidParameterException", "the worker is not well")
        return None

    ecs.on_call = refuse_worker
    with Function(function_environment(ecs.url, SERVICE_CONFIG=services_of(["api", "worker"]))) as function:
        outcome = function.invoke(SHARED_FILE_CHANGED)

    assert outcome.kind == "error"
    assert outcome.error_type == "Function.DeploymentFailed"
    message = outcome.body["errorMessage"]
    assert "worker" in message and "the worker is not well" in message
    assert "api" in message
    assert len(ecs.requests("UpdateService")) == 2, "a refusal was tried again"


def test_what_can_heal_is_given_up_when_no_retries_are_allowed(ecs):
    ecs.on_call = lambda operation, _: (
        aws_error("ThrottlingException", "Rate exceeded") if operation == "UpdateService" else None
    )
    with Function(function_environment(ecs.url, MAX_DEPLOYMENT_RETRIES="0")) as function:
        outcome = function.invoke(b'{"service":"api"}')

    assert outcome.error_type == "Function.DeploymentFailed"
    assert "Rate exceeded" in outcome.body["errorMessage"]
    assert len(ecs.requests("UpdateService")) == 1


def test_no_retry_is_begun_that_would_pass_the_deadline(ecs):
    ecs.on_call = lambda operation, _: (
        aws_error("ThrottlingException", "Rate exceeded") if operation == "UpdateService" else None
    )
    with Function(function_environment(ecs.url, MAX_DEPLOYMENT_RETRIES="2")) as function:
        outcome = function.invoke(b'{"service":"api"}', deadline_in=4)

    assert outcome.error_type == "Function.DeploymentFailed"
    assert len(ecs.requests("UpdateService")) == 1


# --- many services, connections -------------------------------------------------------------------------------------


def test_twenty_services_of_one_file_start_eight_at_a_time(ecs):
    names = [f"service{number:02}" for number in range(20)]
    at_a_time = 8
    together = threading.Barrier(at_a_time)
    updates = itertools.count(1)

    def hold_until_eight_are_there(operation, request):
        # The last one of eight releases all; a broken barrier raises, which drops the connection. The last four are no
        # eight.
        if operation == "UpdateService" and next(updates) <= len(names) // at_a_time * at_a_time:
            together.wait(PATIENCE)
        return None

    ecs.on_call = hold_until_eight_are_there
    with Function(function_environment(ecs.url, SERVICE_CONFIG=services_of(names))) as function:
        outcome = function.invoke(SHARED_FILE_CHANGED)

    assert outcome.kind == "response", outcome.text
    assert outcome.body["status"] == "deployed"
    assert [one["service"] for one in outcome.body["deployments"]] == names
    assert ecs.updated_services() == [f"shop_service_{name}_dev" for name in names]
    assert len(ecs.requests("DescribeServices")) == 2, "services are described in batches of ten"


def test_connections_are_kept_within_and_across_invocations(ecs):
    with Function(function_environment(ecs.url)) as function:
        for _ in range(5):
            assert function.invoke(b'{"service":"api"}').body["status"] == "deployed"

    # Each looks at the service, its revisions and the tags of the newest one, which is not the one that runs; then it acts.
    assert len(ecs.requests()) == 20
    # Two at most are in use at a time: the service and its revision are looked up in parallel.
    assert ecs.connections <= 2


def test_an_idle_connection_that_the_server_closed_costs_no_error_and_no_second_update(ecs):
    with Function(function_environment(ecs.url)) as function:
        assert function.invoke(b'{"service":"api"}').body["status"] == "deployed"
        for _ in range(3):
            before = len(ecs.requests("UpdateService"))
            ecs.drop_connections()
            outcome = function.invoke(b'{"service":"api"}')
            assert outcome.kind == "response", outcome.text
            assert outcome.body["deployments"][0]["attempts"] == 1
            assert len(ecs.requests("UpdateService")) == before + 1


def test_an_update_whose_answer_is_lost_is_not_sent_again_behind_our_back(ecs):
    received = []

    def break_the_connection(operation, request):
        if operation == "UpdateService":
            received.append(request)
            raise ConnectionResetError  # the request was read; no answer will come
        return None

    ecs.on_call = break_the_connection
    with Function(function_environment(ecs.url)) as function:
        outcome = function.invoke(b'{"service":"api"}')

    assert outcome.error_type == "Function.DeploymentFailed", outcome.text
    assert len(received) == 1


@pytest.mark.parametrize("name", ["http_proxy", "HTTP_PROXY", "ALL_PROXY", "all_proxy"])
def test_a_proxy_in_the_environment_does_not_come_between_lambda_and_the_function(name, ecs):
    # Nobody listens on port 1. ECS is on loopback as well, so it is exempted here; the Runtime API is not.
    host, port = ecs.address.split(":")
    environment = function_environment(
        f"http://localhost:{port}", **{name: "http://127.0.0.1:1", "no_proxy": "localhost"}
    )
    with Function(environment) as function:
        assert function.invoke(b'{"service":"api"}').body["status"] == "deployed"


# --- Slack decides nothing ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "answers",
    [
        [Response(500, "rollup_error")] * 9,
        [Response(404, "no_service")],
        [Response(429, "", {"Retry-After": "300"})] * 9,
    ],
    ids=["500", "404", "429"],
)
def test_a_slack_that_fails_changes_nothing(answers, ecs):
    with SlackStub(answers) as slack:
        environment = function_environment(ecs.url, ENABLE_SLACK_NOTIFICATIONS="true", SLACK_WEBHOOK_URL=slack.webhook)
        with Function(environment) as function:
            outcome = function.invoke(b'{"service":"api"}')

    assert outcome.kind == "response", outcome.text
    assert outcome.body["status"] == "deployed"
    assert len(slack.messages) >= 1


def test_a_slack_that_hangs_does_not_hold_up_the_deployment(ecs):
    with SlackStub() as slack:
        slack.hangs = True
        environment = function_environment(ecs.url, ENABLE_SLACK_NOTIFICATIONS="true", SLACK_WEBHOOK_URL=slack.webhook)
        with Function(environment) as function:
            outcome = function.invoke(b'{"service":"api"}', deadline_in=20)
        assert outcome.body["status"] == "deployed"
        assert len(slack.messages) == 1, "a message that Slack may have posted was sent again"


def test_slack_hears_what_was_started_with_the_event_text_escaped(ecs):
    with SlackStub() as slack:
        environment = function_environment(ecs.url, ENABLE_SLACK_NOTIFICATIONS="true", SLACK_WEBHOOK_URL=slack.webhook)
        with Function(environment) as function:
            function.invoke({"service": "api", "reason": "<!channel> fish & chips"})

    message = json.dumps(slack.messages[0], ensure_ascii=False)
    assert slack.messages[0]["text"] and slack.messages[0]["blocks"]
    for part in ("api", "dev", "started", "ecs-svc/1234567890123456789", "shop_service_api_dev:42"):
        assert part in message
    assert "&lt;!channel&gt; fish &amp; chips" in message
    assert "<!channel>" not in message


# --- logs ---------------------------------------------------------------------------------------------------------


def test_every_line_is_the_origins_json(ecs):
    with Function(function_environment(ecs.url)) as function:
        request_id = function.invoke(b'{"service":"api"}').request_id
        lines = function.log()

    assert lines
    for line in lines:
        assert {"timestamp", "level", "message", "project_name", "environment"} <= set(line), line
        assert line["level"] in ("debug", "info", "warn", "error")
    assert any(line["project_name"] == "shop" and line["environment"] == "dev" for line in lines)
    assert any(line.get("fields", {}).get("request_id") == request_id for line in lines)


def test_the_query_for_a_services_deployments_finds_its_lines(ecs):
    with Function(function_environment(ecs.url, LOG_LEVEL="info")) as function:
        function.invoke(b'{"service":"api"}')
        function.invoke(b'{"service":"worker"}')
        found = [
            line
            for line in function.log()
            if line.get("fields", {}).get("service") == "api" and "deployment" in line["message"]
        ]

    accepted = [line for line in found if line["fields"].get("deployment_id")]
    assert len(accepted) == 1
    assert accepted[0]["fields"]["deployment_id"] == "ecs-svc/1234567890123456789"
    assert accepted[0]["fields"]["task_definition"].endswith("shop_service_api_dev:42")


def test_the_query_for_failed_deployments_finds_its_lines(ecs):
    ecs.on_call = lambda operation, _: (
        aws_error("InvalidParameterException", "no") if operation == "UpdateService" else None
    )
    with Function(function_environment(ecs.url, LOG_LEVEL="error")) as function:
        function.invoke(b'{"service":"api"}')
        found = [line for line in function.log() if line["level"] == "error" and "deployment failed" in line["message"]]

    assert found, "no line"
    assert any(line["fields"].get("service") == "api" and "no" in line["fields"].get("error", "") for line in found)


def test_debug_shows_the_event_the_revision_and_each_exchange(ecs):
    with Function(function_environment(ecs.url, LOG_LEVEL="debug")) as function:
        function.invoke({"service": "api", "reason": "a very special reason"})

    text = function.output()  # all of it, now that it has ended
    assert "a very special reason" in text
    assert "shop_service_api_dev:42" in text
    for operation in ("ListTaskDefinitions", "DescribeServices", "UpdateService"):
        assert operation in text
