"""`ci_lambda` as people and CI jobs use it: usage, `plan`, `invoke`, `deploy`, `check`, and what others say on a terminal."""

import json
import unicodedata

import pytest

from certificates import Authority
from support.kinds import FIXTURES, KINDS, near_misses, s3_configuration
from support.programs import NO_CREDENTIALS, base_environment, cli, function_environment
from support.servers import EcsStub, Request, Response, aws_error

# --- usage --------------------------------------------------------------------------------------------------------


def test_help_lists_the_verbs():
    done = cli("--help")
    assert done.code == 0
    for verb in ("plan", "invoke", "deploy", "check", "sandbox"):
        assert verb in done.out


def test_version_names_the_program():
    assert cli("--version", environment=base_environment()).out.startswith("ci_lambda ")


def test_an_unknown_verb_gets_a_suggestion():
    done = cli("depoly")
    assert done.code == 2
    assert '"deploy"' in done.err
    assert done.out == ""


@pytest.mark.parametrize(
    "arguments", [(), ("deploy",), ("plan",), ("plan", "--nonsense", "-"), ("sandbox", "--port", "x")], ids=" ".join
)
def test_wrong_usage_is_told_on_stderr(arguments, ecs):
    done = cli(*arguments, environment=function_environment(ecs.url))
    assert done.code == 2
    assert done.err and done.out == ""


@pytest.mark.parametrize("verb", ["plan", "invoke"])
def test_a_file_that_is_not_there_is_named(verb, ecs):
    done = cli(verb, "/nonexistent/event.json", environment=function_environment(ecs.url))
    assert done.code != 0
    assert "/nonexistent/event.json" in done.err


@pytest.mark.parametrize("arguments", [("plan", "-"), ("invoke", "-"), ("deploy", "api")], ids=" ".join)
def test_a_bad_configuration_names_every_bad_variable(arguments, ecs):
    environment = function_environment(ecs.url, PROJECT_ENV=None, DRY_RUN="perhaps")
    done = cli(*arguments, environment=environment, stdin='{"service":"api"}')
    assert done.code == 2
    assert "PROJECT_ENV" in done.err and "DRY_RUN" in done.err


def test_no_command_at_all_shows_them_all_on_stderr():
    done = cli()
    assert done.code == 2 and done.out == ""
    assert "Commands:\n  deploy " in done.err and "Examples:\n  ci_lambda deploy" in done.err
    assert "Commands:\n  deploy " in cli("help").out


@pytest.mark.parametrize("verb", [("deploy",), ("deploy", "--wait"), ("rollback",), ("wait",), ("status",)], ids=" ".join)
def test_an_unset_variable_in_ci_deploys_nothing(verb, ecs):
    done = cli(*verb, "", environment=function_environment(ecs.url))
    assert done.code == 2
    assert "is a variable not set?" in done.err
    assert ecs.requests() == []


def test_empty_standard_input_is_told_as_that(ecs):
    for verb in ("plan", "invoke"):
        done = cli(verb, "-", environment=function_environment(ecs.url), stdin="")
        assert done.code == 2
        assert "standard input is empty" in done.err


# --- plan ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_plan_says_what_each_event_would_do_without_any_network(kind, ecs):
    environment = function_environment(ecs.url, SERVICE_CONFIG=s3_configuration())
    file = str(FIXTURES / f"{kind.fixture}.json")

    text = cli("plan", file, environment=environment)
    plan = cli("plan", "--json", file, environment=environment)

    assert (text.code, plan.code) == (0, 0)
    assert ecs.connections == 0
    decided = plan.json()
    assert decided["decision"] == {"deployed": "deploy", "notified": "notify"}[kind.status]
    assert [one["service"] for one in decided.get("deployments", [])] == list(kind.services)
    for one in decided.get("deployments", []):
        assert one["cluster"] == "shop_cluster_dev" and one["reason"]
        assert one["ecs_service"] == one["task_family"] == f"shop_service_{one['service']}_dev"
        assert one["ecs_service"] in text.out and one["reason"] in text.out


@pytest.mark.parametrize("name", near_misses())
def test_plan_says_why_nothing_would_happen(name, ecs):
    event, word = near_misses()[name]
    environment = function_environment(ecs.url, AWS_ACCOUNT_ID="123456789012", SERVICE_CONFIG=s3_configuration())
    text = cli("plan", "-", environment=environment, stdin=json.dumps(event))
    plan = cli("plan", "-", "--json", environment=environment, stdin=json.dumps(event))
    assert (text.code, plan.code) == (0, 0)
    assert plan.json()["decision"] == "ignore"
    assert word in plan.json()["reason"] and word in text.out


def test_plan_needs_no_credentials():
    done = cli(
        "plan", "-", environment=function_environment("http://127.0.0.1:1", **NO_CREDENTIALS), stdin='{"service":"api"}'
    )
    assert done.code == 0


def test_plan_refuses_a_bad_event():
    done = cli("plan", "-", environment=function_environment("http://127.0.0.1:1"), stdin='{"service":5}')
    assert done.code == 1
    assert "service" in done.err and done.out == ""


# --- invoke and deploy --------------------------------------------------------------------------------------------


def test_invoke_answers_on_stdout_and_logs_on_stderr(ecs):
    done = cli("invoke", str(FIXTURES / "ecr-push.json"), environment=function_environment(ecs.url))
    assert done.code == 0
    assert done.json()["status"] == "deployed"
    assert ecs.updated_services() == ["shop_service_api_dev"]
    lines = [json.loads(line) for line in done.err.splitlines()]
    assert any("deployment" in line["message"] for line in lines)


def test_invoke_of_what_is_not_ours_is_no_failure(ecs):
    event, _ = near_misses()["image-of-another-project"]
    done = cli("invoke", "-", environment=function_environment(ecs.url), stdin=json.dumps(event))
    assert done.code == 0
    assert done.json()["status"] == "ignored"
    assert ecs.requests() == []


@pytest.mark.parametrize("event", ["nonsense", '{"source":"action.deploy","detail":{}}'])
def test_invoke_of_a_bad_event_fails(event, ecs):
    done = cli("invoke", "-", environment=function_environment(ecs.url), stdin=event)
    assert done.code == 1
    assert done.json()["status"] == "failed"


def test_replay_shows_each_message_on_one_line_whatever_is_in_it(ecs, tmp_path):
    hidden = "\n\x1b[2K"
    event = {"source": f"a{hidden}", "time": hidden}
    dump = tmp_path / "dump.json"
    bodies = [event, {"source": "action.deploy", "time": hidden, "detail": {"service": "api"}}, "no json"]
    messages = [{"MessageId": f"m{hidden}", "Body": json.dumps(body)} for body in bodies]
    dump.write_text(json.dumps({"Messages": messages}))
    done = cli("replay", str(dump), environment=function_environment(ecs.url), stdin="n\n")
    assert "\x1b" not in done.out + done.err
    assert len(done.out.splitlines()) == len(bodies) + 1, "one each, and the question"
    assert ecs.requests("UpdateService") == []


def test_deploy_deploys(ecs):
    done = cli(
        "deploy", "api", "--task-definition", "7", "--reason", "because", environment=function_environment(ecs.url)
    )
    assert done.code == 0
    update = ecs.requests("UpdateService")[0].json()
    assert update == {
        "cluster": "shop_cluster_dev",
        "service": "shop_service_api_dev",
        "taskDefinition": "shop_service_api_dev:7",
        "forceNewDeployment": True,
    }
    assert "shop_service_api_dev" in done.out and "ecs-svc/1234567890123456789" in done.out


def test_deploy_with_dry_run_updates_nothing_and_names_the_revision(ecs):
    done = cli("deploy", "api", "--dry-run", environment=function_environment(ecs.url))
    assert done.code == 0
    assert "shop_service_api_dev:42" in done.out
    assert ecs.requests("UpdateService") == []
    assert ecs.requests("ListTaskDefinitions")


def test_deploy_of_an_unknown_service_lists_the_known_ones(ecs):
    names = {"api": {"service_name": "a", "task_family": "b"}, "worker": {"service_name": "c", "task_family": "d"}}
    environment = function_environment(ecs.url, ECS_SERVICE_MAP=json.dumps(names))
    done = cli("deploy", "wroker", environment=environment)
    assert done.code == 1
    assert "api" in done.err and "worker" in done.err
    assert ecs.requests() == []


def test_deploy_against_a_dead_endpoint_names_the_way_out():
    done = cli("deploy", "api", environment=function_environment("http://127.0.0.1:1"))
    assert done.code == 1
    assert done.err


# --- what others say, on a terminal -------------------------------------------------------------------------------

# ESC and OSC, CSI in one character, DEL, a carriage return; direction turned around; line breaks of Unicode; invisible.
HOSTILE = "h\x1b[2J\x1b]0;x\x07\x9b2J\x7f\r\u202e\u2066\u200f\u061c\u2028\u200b\ufeff\U000e0041i"


def assert_harmless(done) -> None:
    acting = {c for c in done.out + done.err if unicodedata.category(c) in ("Cc", "Cf", "Zl", "Zp")} - {"\n"}
    assert not acting, f"{acting} would act on the terminal"


def say_hostile_things(operation: str, request: Request):
    """Every text that ECS may choose, it chooses badly."""
    body = request.json()
    if operation not in ("DescribeServices", "UpdateService"):
        return None
    names = body["services"] if operation == "DescribeServices" else [body["service"]]
    primary = {
        "id": f"ecs-svc/{HOSTILE}",
        "status": "PRIMARY",
        "taskDefinition": f"arn:aws:ecs:us-east-1:123456789012:task-definition/{HOSTILE}:7",
        "rolloutState": "FAILED",
        "rolloutStateReason": HOSTILE,
        "failedTasks": 3,
        "createdAt": 1.7e9,
    }
    services = [
        {"serviceName": name, "status": "ACTIVE", "events": [{"id": "1", "message": HOSTILE}], "deployments": [primary]}
        for name in names
    ]
    return Response(200, {"services": services} if operation == "DescribeServices" else {"service": services[0]})


def refuse_hostilely(operation: str, request: Request):
    return aws_error(f"No{HOSTILE}Exception", HOSTILE)


@pytest.mark.parametrize("misbehave", [say_hostile_things, refuse_hostilely])
@pytest.mark.parametrize(
    "arguments",
    [
        ("deploy", "api"),
        ("deploy", "api", "--dry-run"),
        ("deploy", "api", "--json", "--reason", HOSTILE),
        ("deploy", HOSTILE),
        ("status", "api"),
        ("status", "api", "--json"),
        ("check",),
        (HOSTILE,),
    ],
    ids=lambda arguments: " ".join(arguments).replace(HOSTILE, "hostile"),
)
def test_nothing_that_ecs_or_the_command_line_says_acts_on_the_terminal(arguments, misbehave, ecs):
    ecs.on_call = misbehave
    done = cli(*arguments, environment=function_environment(ecs.url, ECS_SERVICE_MAP=MAP))
    assert done.out or done.err
    assert_harmless(done)


@pytest.mark.parametrize("options", [(), ("--json",)], ids=["text", "json"])
@pytest.mark.parametrize(
    "event",
    [
        {"id": HOSTILE, "source": HOSTILE, "detail-type": HOSTILE},
        {"id": f"x\ndecision  {HOSTILE}", "source": "action.deploy", "detail": {"service": "api", "reason": HOSTILE}},
        {"source": "action.deploy", "detail": {"service": HOSTILE}},
        {"source": "action.deploy", "detail": {"service": "api", "env": HOSTILE}},
    ],
    ids=["ignored", "deployed", "refused", "elsewhere"],
)
def test_nothing_that_an_event_says_acts_on_the_terminal(event, options, ecs, tmp_path):
    environment = function_environment(ecs.url)
    done = cli("plan", "-", *options, environment=environment, stdin=json.dumps(event))
    assert_harmless(done)
    assert len([line for line in done.out.splitlines() if line.startswith("decision")]) <= 1, "a forged line"
    assert_harmless(cli("invoke", "-", environment=environment, stdin=json.dumps(event)))
    dump = tmp_path / "dump"
    dump.write_text(json.dumps({"Messages": [{"MessageId": HOSTILE, "Body": json.dumps(event)}]}))
    assert_harmless(cli("replay", str(dump), "--yes", *options, environment=environment))


def test_a_page_of_a_proxy_is_one_line(ecs):
    page = "<!DOCTYPE html>\n<html>\n<head>\n  <title>502\n  Bad Gateway</title></head>\n<body>\n<h1>no</h1></body></html>"
    ecs.on_call = lambda operation, request: Response(502, page, {"Content-Type": "text/html"})
    done = cli("deploy", "api", environment=function_environment(ecs.url, LOG_LEVEL="info"))
    assert done.code == 1
    assert 'HTTP 502: a page with the title "502 Bad Gateway"' in done.err
    assert "<" not in done.err


def test_https_to_a_port_of_plain_http_says_so(ecs):
    endpoint = ecs.url.replace("http://", "https://")
    done = cli("deploy", "api", environment=function_environment(endpoint, LOG_LEVEL="info"))
    assert done.code == 1
    assert "the URL says https, but what answers on that port speaks no TLS" in done.err


def test_http_to_a_port_of_tls_says_so():
    with EcsStub(tls=Authority("the test's own authority").server("127.0.0.1")) as ecs:
        endpoint = ecs.url.replace("https://", "http://")
        done = cli("deploy", "api", environment=function_environment(endpoint, LOG_LEVEL="info"))
    assert done.code == 1
    assert "the URL says http; if the port speaks TLS, it begins with https://" in done.err


# --- check --------------------------------------------------------------------------------------------------------

MAP = json.dumps(
    {
        "api": {"service_name": "shop-api", "task_family": "shop-api"},
        "worker": {"service_name": "shop-worker", "task_family": "shop-worker"},
    }
)


def test_check_is_content_when_all_is_well(ecs):
    done = cli("check", environment=function_environment(ecs.url, ECS_SERVICE_MAP=MAP, LOG_LEVEL="warn"))
    assert done.code == 0
    assert all(line.split()[0] in ("OK", "NOTE") for line in done.out.splitlines())
    for word in ("configuration", "credentials", "cluster", "api", "worker"):
        assert word in done.out
    assert ecs.requests("UpdateService") == []


MISSING = [{"arn": "arn:aws:ecs:us-east-1:123456789012:service/shop-worker", "reason": "MISSING"}]

TROUBLES = {
    "missing-service": ("DescribeServices", "shop-worker", None),
    "inactive-service": ("DescribeServices", "INACTIVE", {"status": "INACTIVE"}),
    "code-deploy": ("DescribeServices", "CODE_DEPLOY", {"deploymentController": {"type": "CODE_DEPLOY"}}),
    "no-revision": ("ListTaskDefinitions", "shop-worker", None),
    "no-cluster": ("DescribeClusters", "shop_cluster_dev", None),
}


@pytest.mark.parametrize("trouble", TROUBLES)
def test_check_finds(trouble, ecs):
    operation, word, change = TROUBLES[trouble]

    def misbehave(called: str, request: Request):
        body = request.json()
        if called != operation:
            return None
        if operation == "DescribeClusters":
            return Response(200, {"clusters": [], "failures": [{"arn": "x", "reason": "MISSING"}]})
        if operation == "ListTaskDefinitions":
            return Response(200, {"taskDefinitionArns": []}) if body["familyPrefix"] == "shop-worker" else None
        services = [ecs._service(body["cluster"], name) for name in body["services"] if name != "shop-worker"]
        if change is None:
            return Response(200, {"services": services, "failures": MISSING})
        return Response(200, {"services": [*services, ecs._service(body["cluster"], "shop-worker") | change]})

    ecs.on_call = misbehave
    done = cli("check", environment=function_environment(ecs.url, ECS_SERVICE_MAP=MAP, LOG_LEVEL="warn"))

    assert done.code == 1
    bad = [line for line in done.out.splitlines() if line.startswith("BAD")]
    assert bad and any(word in line for line in bad)
    assert any(line.startswith("OK") for line in done.out.splitlines())


def test_check_of_a_bad_configuration_is_bad():
    done = cli("check", environment=function_environment("http://127.0.0.1:1", PROJECT_NAME=None))
    assert done.code == 1
    assert "PROJECT_NAME" in done.out + done.err


def test_check_answers_machines_too(ecs):
    done = cli("check", "--json", environment=function_environment(ecs.url, ECS_SERVICE_MAP=MAP, LOG_LEVEL="warn"))
    assert done.code == 0
    assert done.json()["healthy"] is True
    assert {"configuration", "credentials", "service api"} <= {one["subject"] for one in done.json()["findings"]}
    broken = cli("check", "--json", environment=function_environment(ecs.url, PROJECT_NAME=None))
    assert broken.code == 1
    assert "PROJECT_NAME" in broken.json()["findings"][0]["detail"]


def test_check_does_not_call_bad_what_it_could_not_list(ecs):
    denied = Response(400, {"__type": "AccessDeniedException", "message": "not authorized"})
    ecs.on_call = lambda called, _: denied if called == "ListServices" else None
    done = cli("check", environment=function_environment(ecs.url, LOG_LEVEL="warn"))
    assert done.code == 0
    assert "NOTE  services: none was looked at" in done.out and "allow ecs:ListServices" in done.out


def test_people_see_sentences_and_a_failure_once(ecs):
    throttled = Response(400, {"__type": "ThrottlingException", "message": "Rate exceeded"})
    ecs.on_call = lambda called, _: throttled if called == "UpdateService" else None
    done = cli("deploy", "api", environment=function_environment(ecs.url, LOG_LEVEL="info"))
    assert done.code == 1
    assert done.out == ""
    assert done.err == "ci_lambda: api: ecs UpdateService: ThrottlingException: Rate exceeded\n"
