"""The configuration document, as people write it: `ci_lambda config`, its schema, and the way from variables to it."""

import json
import pathlib
import re

import jsonschema
import pytest

from support.programs import base_environment, cli

ROOT = pathlib.Path(__file__).resolve().parents[2]
SCHEMA = json.loads((ROOT / "docs" / "ci_lambda.schema.json").read_text())
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)
SECRET = "https://hooks.slack.com/services/T000/B000/s3cr3t"
LEAST = {"PROJECT_NAME": "shop", "PROJECT_ENV": "dev", "SERVICE_CONFIG": "{}", "ENABLE_SLACK_NOTIFICATIONS": "false"}


def without_comments(text: str) -> str:
    string_or_comment = r'("(?:\\.|[^"\\])*")|//[^\n]*|/\*.*?\*/'
    return re.sub(string_or_comment, lambda found: found[1] or "", text, flags=re.DOTALL)


def examples() -> list[str]:
    text = (ROOT / "docs" / "configuration.md").read_text()
    return re.findall(r"^```jsonc\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def environment(**variables: str) -> dict[str, str]:
    return {**base_environment(), **variables}


def with_document(document: dict | str, **variables: str) -> dict[str, str]:
    text = document if isinstance(document, str) else json.dumps(document)
    return environment(CI_LAMBDA_CONFIG=text, **variables)


def explained(variables: dict[str, str]) -> dict:
    done = cli("config", "--json", environment=variables)
    assert done.code == 0
    return json.loads(done.out)


def values(report: dict) -> dict[str, object]:
    return {setting["name"]: setting["value"] for setting in report["settings"] if setting["name"] != "CI_LAMBDA_CONFIG"}


def meroku(services: int) -> dict[str, str]:
    """The variables of a project with so many services, two files each."""
    ids = [f"service{number:02}" for number in range(1, services + 1)]
    files = {
        service: [{"bucket": "shop-env-dev", "key": f"{service}/{name}.env"} for name in ("app", "secrets")]
        for service in ids
    }
    names = {service: f"shop_service_{service}_dev" for service in ids}
    return LEAST | {
        "ECS_CLUSTER_NAME": "shop_cluster_dev",
        "ECS_SERVICE_MAP": json.dumps({s: {"service_name": name, "task_family": name} for s, name in names.items()}),
        "ECR_REPO_MAP": json.dumps({f"shop_service_{service}": [service] for service in ids}),
        "SSM_SERVICE_MAP": json.dumps({f"/dev/shop/{service}": [service] for service in ids}),
        "SERVICE_CONFIG": json.dumps(files),
        "AUTO_DEPLOY_MAP": json.dumps({service: number % 5 != 0 for number, service in enumerate(ids)}),
    }


def test_the_published_schema_is_a_schema_and_what_the_program_prints():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    assert cli("config", "--schema").out == (ROOT / "docs" / "ci_lambda.schema.json").read_text()


@pytest.mark.parametrize("example", examples(), ids=lambda text: str(len(text)))
def test_the_examples_of_the_documentation_are_right(example):
    VALIDATOR.validate(json.loads(without_comments(example)))
    # The example's secret is read by the function; here there is nobody who could.
    report = explained(with_document(example))
    assert {setting["from"] for setting in report["settings"]} >= {"document", "default"}
    assert report["services"]


def test_there_are_examples():
    assert len(examples()) >= 2


def test_thirty_services_of_meroku_come_out_of_the_environment_into_a_document(tmp_path):
    variables = meroku(30)
    done = cli("config", "--from-env", environment=environment(**variables))
    assert (done.code, done.err) == (0, "")

    document = tmp_path / "ci_lambda.json"
    document.write_text(done.out)
    VALIDATOR.validate(json.loads(done.out))
    before = explained(environment(**variables))
    after = explained(environment(CI_LAMBDA_CONFIG=f"file:{document}"))
    # Of the two variables with files one is set; in the document both are one member.
    assert values(after) | {"S3_SERVICE_MAP": None} == values(before) | {"S3_SERVICE_MAP": None}
    assert after["services"] == before["services"]
    assert len(after["services"]) == 30
    size = sum(len(name) + len(value) for name, value in variables.items())
    assert size > 2 * 4096, "it would not have fitted into Lambda's environment"


@pytest.mark.parametrize(
    "variables",
    [
        {},
        {"ENABLE_SLACK_NOTIFICATIONS": "true", "SLACK_WEBHOOK_URL": "secretsmanager:shop/slack"},
        {"AWS_REGION": "eu-west-1", "LOG_LEVEL": "Warning", "DRY_RUN": "yes", "EVENT_ACCOUNTS": "111122223333"},
        {"SWEEP_INTERVAL_SECONDS": "900", "COALESCE_SECONDS": "0", "REQUESTS_WITHOUT_ENV": "Ignore"},
        {"CLUSTER_NAME_PATTERN": "{env}", "SERVICE_NAME_PATTERN": "x{name}", "TASK_FAMILY_PATTERN": "{name}-{env}"},
        {"AWS_ENDPOINT_URL": "http://localstack:4566", "ALLOW_PLAIN_HTTP": "1", "AWS_CA_BUNDLE": "/etc/ca.pem"},
        {"BACKEND_SERVICE_NAME": "core", "ECR_REPO_MAP": '{"shop":""}', "AUTO_DEPLOY_MAP": '{"core":"no"}'},
    ],
    ids=lambda variables: ",".join(variables) or "least",
)
def test_every_document_that_is_written_satisfies_the_schema(variables):
    done = cli("config", "--from-env", environment=environment(**(LEAST | variables)))
    assert done.code == 0
    VALIDATOR.validate(json.loads(done.out))


@pytest.mark.parametrize(
    "members",
    [
        {"dry_run": "yes"},
        {"dry_run": None},
        {"log_level": "DEBUG"},
        {"deployment": {"timeout_seconds": "600"}},
        {"deployment": {"timeout_seconds": 0}},
        {"deployment": {"sweep_interval_seconds": 59}},
        {"deployment": {"retries": 1}},
        {"events": {"accounts": "111122223333"}},
        {"events": {"accounts": ["1"]}},
        {"names": {"service_pattern": "{project}"}},
        {"names": {"cluster_pattern": "{name}"}},
        {"names": {"cluster": "a/b"}},
        {"aws": {"endpoint_url": "ftp://x"}},
        {"services": []},
        {"services": {"a b": {}}},
        {"services": {"api": {"service_name": "arn:x"}}},
        {"services": {"api": {"files": [{"bucket": "b"}]}}},
        {"services": {"api": {"names": {}}}},
        {"defaults": {"files": []}},
        {"slack": {"webhook": "hooks.slack.com"}},
        {"colour": "red"},
    ],
    ids=json.dumps,
)
def test_the_schema_refuses_what_the_function_refuses(members):
    document = {"project": "shop", "environment": "dev", **members}
    assert not VALIDATOR.is_valid(document)
    done = cli("config", environment=with_document(document))
    assert done.code == 2
    assert done.out == ""


@pytest.mark.parametrize("arguments", [("config",), ("config", "--json"), ("config", "--from-env")], ids=" ".join)
def test_a_webhook_is_never_printed(arguments):
    variables = LEAST | {"SLACK_WEBHOOK_URL": SECRET, "ENABLE_SLACK_NOTIFICATIONS": "true"}
    for given in (environment(**variables), with_document({**json_document(), "slack": {"webhook": SECRET}})):
        done = cli(*arguments, environment=given)
        assert done.code == 0
        assert "s3cr3t" not in done.out + done.err


def json_document() -> dict:
    return {"project": "shop", "environment": "dev"}


def test_the_report_says_where_each_value_comes_from():
    document = {**json_document(), "slack": {"enabled": False}, "deployment": {"max_retries": 5, "timeout_seconds": 60}}
    done = cli("config", environment=with_document(document, MAX_DEPLOYMENT_RETRIES="1"))
    assert done.code == 0
    lines = [line.split() for line in done.out.splitlines()]
    assert ["MAX_DEPLOYMENT_RETRIES", "1", "variable"] in lines
    assert ["DEPLOYMENT_TIMEOUT_SECONDS", "60", "document", "/deployment/timeout_seconds"] in lines
    assert ["LOG_LEVEL", "info", "default"] in lines
    assert ["AWS_CA_BUNDLE", "not", "set"] in lines


def test_all_errors_are_told_at_once_with_their_places():
    document = '{"project": "shop", // and no environment\n "deployment": {"max_retrys": 1}, "dry_run": 1}'
    done = cli("config", environment=with_document(document, LOG_LEVEL="loud"))
    assert done.code == 2
    for part in ("PROJECT_ENV: is not set", "LOG_LEVEL:", "/deployment/max_retrys:", '"max_retries"?', "/dry_run: is 1"):
        assert part in done.err


def test_broken_json_is_told_by_line_and_column(tmp_path):
    document = tmp_path / "x.json"
    document.write_text('{\n  "project": "shop",\n}')
    done = cli("config", environment=environment(CI_LAMBDA_CONFIG=f"file:{document}"))
    assert done.code == 2
    assert "line 3, column 1" in done.err and str(document) in done.err


def test_a_document_that_is_not_there_is_named():
    done = cli("config", environment=environment(CI_LAMBDA_CONFIG="file:/nowhere/ci_lambda.json"))
    assert done.code == 2
    assert "file:/nowhere/ci_lambda.json" in done.err


def test_other_commands_take_an_inline_document():
    event = {"source": "action.dev", "detail-type": "DEPLOY", "detail": {"service": "api"}}
    document = {**json_document(), "slack": {"enabled": False}, "services": {"api": {"service_name": "front-door"}}}
    done = cli("plan", "-", environment=with_document(document), stdin=json.dumps(event))
    assert done.code == 0
    assert "front-door" in done.out
