"""Every line of metrics that the real program prints, judged by AWS's schema of the embedded metric format, by its
specification where the schema is silent, and by botocore's model of the metrics that CloudWatch makes of it."""

import json
import math
import pathlib
import re
import time

import jsonschema
import pytest
from botocore.validate import ParamValidator

from support.model import service_model
from support.programs import Function, Sandbox, function_environment
from support.servers import EcsStub, Response, SlackStub
from support.waiting import eventually

ROOT = pathlib.Path(__file__).resolve().parents[2]
SCHEMA = jsonschema.Draft7Validator(json.loads((ROOT / "tests/fixtures/embedded_metric_format/schema.json").read_text()))
# Name and unit, by the table that a unit test holds to the code's.
NAMED = dict(re.findall(r"^\| `(\w+)` \| (\w+) \| ", (ROOT / "docs/metrics.md").read_text(), re.MULTILINE))
SLACK_IS_DOWN = [Response(500, "down")] * 20


def judge(line: dict) -> dict[str, list[float]]:
    """The values by name."""
    SCHEMA.validate(line)
    text = json.dumps(line)
    assert len(text.encode()) <= 1_000_000
    (directive,) = line["_aws"]["CloudWatchMetrics"]
    assert abs(time.time() * 1000 - line["_aws"]["Timestamp"]) < 3_600_000
    values = {}
    for metric in directive["Metrics"]:
        assert NAMED[metric["Name"]] == metric["Unit"]
        written = line[metric["Name"]]
        values[metric["Name"]] = written if isinstance(written, list) else [written]
    assert 1 <= len(directive["Metrics"]) <= 100
    for name, numbers in values.items():
        assert 1 <= len(numbers) <= 100 and all(type(one) in (int, float) and math.isfinite(one) and one >= 0 for one in numbers), name
    for names in directive["Dimensions"]:
        assert 1 <= len(names) <= 30
        for name in names:
            assert isinstance(line[name], str) and line[name].isascii() and line[name].isprintable() and line[name].strip()
        put = {
            "Namespace": directive["Namespace"],
            "MetricData": [
                {
                    "MetricName": metric["Name"],
                    "Dimensions": [{"Name": name, "Value": line[name]} for name in names],
                    "Values": values[metric["Name"]],
                    "Unit": metric["Unit"],
                }
                for metric in directive["Metrics"]
            ],
        }
        model = service_model("cloudwatch")
        report = ParamValidator().validate(put, model.operation_model("PutMetricData").input_shape)
        assert not report.has_errors(), report.generate_report()
        units = model.shape_for("StandardUnit").enum
        assert all(metric["Unit"] in units for metric in directive["Metrics"])
    beside = set(line) - {"_aws", *values} - {name for names in directive["Dimensions"] for name in names}
    assert beside <= {"request_id", "services", "deployments"}
    return values


def total(lines: list[dict]) -> dict[str, float]:
    sums: dict[str, float] = {}
    for line in lines:
        for name, numbers in judge(line).items():
            sums[name] = sums.get(name, 0) + sum(numbers)
    return sums


def push(event_id: str, tag: str = "v1.43") -> dict:
    return {
        "id": event_id,
        "source": "aws.ecr",
        "detail-type": "ECR Image Action",
        "account": "123456789012",
        "region": "us-east-1",
        "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "detail": {"action-type": "PUSH", "result": "SUCCESS", "repository-name": "shop_service_api", "image-tag": tag},
    }


@pytest.mark.parametrize("by_service", [False, True])
def test_each_invocation_has_one_line_and_aws_would_read_it(ecs, by_service):
    settings = {"METRICS_BY_SERVICE": str(by_service).lower(), "AUTO_DEPLOY_MAP": '{"api":true}'}
    with SlackStub(SLACK_IS_DOWN) as slack:
        environment = function_environment(
            ecs.url, ENABLE_SLACK_NOTIFICATIONS="true", SLACK_WEBHOOK_URL=slack.url + SlackStub.PATH, **settings
        )
        with Function(environment) as function:
            asked = [
                function.invoke(event).request_id
                for event in (push("1"), push("1"), push("2") | {"region": "eu-west-1"}, {"source": "aws.nobody"}, {"service": "none"}, "[")
            ]
            lines = function.metrics()
    if not by_service:
        assert [line["request_id"] for line in lines] == asked
    sums = total(lines)
    assert sums["ColdStarts"] == 1
    assert sums["DeploymentsStarted"] == 2, "api by the push, and whom the request names"
    assert sums["IgnoredRepeated"] == 1 and sums["IgnoredElsewhere"] == 1 and sums["IgnoredKind"] >= 1
    assert sums["NotificationsLost"] == 2
    started = next(line for line in lines if "DeploymentsStarted" in line)
    assert started["services"] == ["api"] and len(started["deployments"]) == 1
    assert ("service" in started) is by_service


def test_a_large_event_is_no_line_for_each_service():
    names = [f"s{number}" for number in range(101)]
    config = json.dumps({name: [{"bucket": "shop-env-dev", "key": "shared.env"}] for name in names})
    event = {
        "id": "large",
        "source": "aws.s3",
        "detail-type": "Object Created",
        "time": "2023-11-14T22:00:00Z",  # a little before the stub's ECS accepts it
        "resources": ["arn:aws:s3:::shop-env-dev"],
        "detail": {"bucket": {"name": "shop-env-dev"}, "object": {"key": "shared.env"}, "reason": "PutObject"},
    }
    with EcsStub() as ecs, Function(function_environment(ecs.url, SERVICE_CONFIG=config, LOG_LEVEL="warn")) as function:
        function.invoke(event)
        lines = function.metrics()
    sums = total(lines)
    assert sums["DeploymentsStarted"] == 101
    assert len(lines) == 2, "a hundred values, and the rest"
    assert sums["EventToAccepted"] == 101 * 800_000


def test_what_goes_wrong_is_counted_and_nothing_fails_for_it():
    throttled = Response(400, json.dumps({"__type": "ThrottlingException", "message": "Rate exceeded"}))
    with EcsStub(lambda operation, _: throttled if operation == "UpdateService" else None) as ecs:
        with Function(function_environment(ecs.url)) as function:
            assert function.invoke({"service": "api"}).error_type == "Function.DeploymentFailed"
            sums = total(function.metrics())
    assert sums["DeploymentsCouldNotStart"] == 1 and sums["Throttles"] == 1


def test_switched_off_there_is_no_line(ecs):
    with Function(function_environment(ecs.url, METRICS="false")) as function:
        function.invoke({"service": "api"})
        assert function.metrics() == []


def metrics_of(sandbox: Sandbox) -> list[dict]:
    return [json.loads(line[line.index("{") :]) for line in list(sandbox.stdout) if '{"_aws"' in line]


def test_a_rollout_that_goes_back_and_one_that_restores():
    with Sandbox("--speed", "60", "--scenario", "api=crash-on-start", "--logs", ROLLBACK_ON_FAILURE="true") as sandbox:
        sandbox.invoke(b'{"service":"api"}')
        eventually(lambda: "DeploymentsRolledBack" in total(metrics_of(sandbox)), "the rollback's metric")
        sandbox.post("/sandbox/scenario", b"api=healthy")
        sandbox.invoke(json.dumps({"service": "api", "task_definition": "shop_service_api_dev"}).encode())
        eventually(lambda: "DeploymentsCompleted" in total(metrics_of(sandbox)), "the metric of a success")
        sums = total(metrics_of(sandbox))
    assert sums["DeploymentsFailed"] == 1 and sums["DeploymentsRolledBack"] == 1 and sums["DeploymentsCompleted"] == 1
    assert sums["TimeToRestore"] > 0 and sums["RolloutDuration"] > 0
