"""The dashboard and the alarms of metrics: behind their switches, and of what the code writes, by docs/metrics.md, whose table a
unit test holds to the code's."""

import json
import re

import generate
import pytest

from support.paths import TERRAFORM_MODULE
from support.stack import Stack
from support.template import resources

ROOT = generate.ROOT
DIMENSIONS = {"project": "shop", "environment": "dev"}
ALARMS = {"RolloutsFailedAlarm", "NotificationsLostAlarm", "ThrottledAlarm", "EventAgeAlarm"}
WITHOUT_SWITCH = {"ErrorsAlarm", "FailedEventsAlarm"}


def written_by_the_code() -> dict[str, str]:
    """Unit by name."""
    table = (ROOT / "docs" / "metrics.md").read_text().split("| metric | unit |", 1)[1].split("\n\n", 1)[0]
    return dict(re.findall(r"^\| `(\w+)` \| (\w+) \|", table, re.MULTILINE))


def spelled_out(rows: list[list]) -> list[list]:
    """`.` repeats what stands above it."""
    above: list = []
    found = []
    for row in rows:
        whole = [above[at] if one == "." else one for at, one in enumerate(row)]
        above = whole
        found.append(whole)
    return found


def metrics_of(body: dict) -> list[tuple[str, str, dict[str, str], dict]]:
    """Namespace, name, dimensions and options of all that it shows; of a search, nothing."""
    found = []
    for widget in body["widgets"]:
        for row in spelled_out(widget["properties"].get("metrics", [])):
            options = row[-1] if isinstance(row[-1], dict) else {}
            names = [one for one in row if isinstance(one, str)]
            if names:
                found.append((names[0], names[1], dict(zip(names[2::2], names[3::2], strict=True)), options))
    return found


def dashboard_of_the_stack(aws) -> dict:
    (board,) = Stack(EnableDashboard="true").properties("AWS::CloudWatch::Dashboard").values()
    return json.loads(board["DashboardBody"])


def dashboard_of_the_module() -> dict:
    """As templatefile() writes it."""
    text = generate.DASHBOARD.read_text()
    for name, value in (DIMENSIONS | {"function": "shop_ci_lambda_dev", "region": "us-east-1"}).items():
        text = text.replace(f"${{{name}}}", value)
    assert "${" not in text
    return json.loads(text)


def test_there_is_a_table_to_judge_by():
    units = written_by_the_code()
    assert len(units) > 20 and units["DeploymentsFailed"] == "Count" and units["LeadTime"] == "Seconds"


def test_both_installations_show_the_same(aws):
    assert dashboard_of_the_stack(aws) == dashboard_of_the_module()


def test_the_dashboard_shows_what_the_code_writes_and_all_of_it():
    units = written_by_the_code()
    shown = [one for one in metrics_of(dashboard_of_the_module()) if one[0] != "AWS/Lambda"]
    assert {name for _, name, _, _ in shown} == set(units)
    for namespace, name, dimensions, options in shown:
        assert (namespace, dimensions) == ("ci_lambda", DIMENSIONS), name
        # A sum of times says nothing, and an average of counts neither.
        assert (options["stat"] == "Sum") == (units[name] == "Count"), name


def test_the_dashboard_shows_of_lambda_what_there_is():
    shown = [one for one in metrics_of(dashboard_of_the_module()) if one[0] == "AWS/Lambda"]
    assert {name for _, name, _, _ in shown} == {"Throttles", "Errors", "AsyncEventsDropped", "Duration"}
    assert all(dimensions == {"FunctionName": "shop_ci_lambda_dev"} for _, _, dimensions, _ in shown)


def test_its_searches_are_for_the_dimensions_of_metrics_by_service():
    text = generate.DASHBOARD.read_text()
    (search,) = re.findall(r"SEARCH\('(.*?)',", text)
    schema, name = re.fullmatch(r'\{(.*?)\} MetricName=\\"(\w+)\\".*', search).groups()
    assert schema.split(",")[0] == "ci_lambda" and set(schema.split(",")[1:]) == {"project", "environment", "service"}
    assert name in written_by_the_code()


def test_its_expressions_use_what_is_beside_them():
    for widget in dashboard_of_the_module()["widgets"]:
        rows = widget["properties"].get("metrics", [])
        ids = {row[-1]["id"] for row in rows if "id" in row[-1]}
        for row in rows:
            if "expression" in row[-1] and "SEARCH" not in row[-1]["expression"]:
                assert set(re.findall(r"\b[a-z_]+\b", row[-1]["expression"])) <= ids


def test_its_widgets_stand_side_by_side():
    taken = set()
    for widget in dashboard_of_the_module()["widgets"]:
        assert widget["x"] + widget["width"] <= 24
        cells = {(x, y) for x in range(widget["x"], widget["x"] + widget["width"]) for y in range(widget["y"], widget["y"] + widget["height"])}
        assert not cells & taken, widget["properties"]
        taken |= cells


def test_without_the_switches_there_is_neither(aws):
    stack = Stack()
    assert set(stack.properties("AWS::CloudWatch::Alarm")) == WITHOUT_SWITCH
    assert stack.properties("AWS::CloudWatch::Dashboard") == {}


def test_the_alarms_are_on_what_the_code_and_lambda_write(aws):
    topic = "arn:aws:sns:us-east-1:123456789012:alarms"
    alarms = Stack(EnableMetricAlarms="true", AlarmTopicArns=topic).properties("AWS::CloudWatch::Alarm")
    assert set(alarms) == ALARMS | WITHOUT_SWITCH
    ours = [{"Name": name, "Value": value} for name, value in DIMENSIONS.items()]
    lambdas = [{"Name": "FunctionName", "Value": "shop_ci_lambda_dev"}]
    asked = {one["Id"]: one for one in alarms["RolloutsFailedAlarm"]["Metrics"]}
    names = {}
    for key, one in asked.items():
        if "MetricStat" in one:
            metric = one["MetricStat"]["Metric"]
            assert (metric["Namespace"], metric["Dimensions"]) == ("ci_lambda", ours)
            names[key] = metric["MetricName"]
    assert names == {"failed": "DeploymentsFailed", "timed_out": "DeploymentsTimedOut"}
    assert set(re.findall(r"\b[a-z_]+\b", asked["bad"]["Expression"])) == set(names)
    assert set(names.values()) | {alarms["NotificationsLostAlarm"]["MetricName"]} <= set(written_by_the_code())
    for name, namespace, dimensions in (
        ("NotificationsLostAlarm", "ci_lambda", ours),
        ("ThrottledAlarm", "AWS/Lambda", lambdas),
        ("EventAgeAlarm", "AWS/Lambda", lambdas),
    ):
        assert (alarms[name]["Namespace"], alarms[name]["Dimensions"]) == (namespace, dimensions)
    for name in ALARMS:
        assert alarms[name]["AlarmActions"] == [topic] and alarms[name]["TreatMissingData"] == "notBreaching"
        assert len(alarms[name]["AlarmDescription"]) <= 1024


def of_terraform(text: str, name: str) -> str:
    return dict(re.findall(r'^resource "aws_cloudwatch_\w+" "(\w+)" \{\n(.*?)^\}', text, re.MULTILINE | re.DOTALL))[name]


@pytest.mark.parametrize("alarm", sorted(ALARMS))
def test_terraform_has_the_same_alarms(alarm):
    """There is no provider here: what is written is compared."""
    name = re.sub(r"(?<!^)([A-Z])", r"_\1", alarm.removesuffix("Alarm")).lower()
    body = of_terraform((TERRAFORM_MODULE / "alarms.tf").read_text(), name)
    properties = resources("AWS::CloudWatch::Alarm")[alarm]
    said = dict(re.findall(r"^ +(\w+) += (.*)$", body, re.MULTILINE))
    assert said["count"] == "var.enable_metric_alarms ? 1 : 0"
    assert said["alarm_actions"] == "var.alarm_topic_arns"
    assert int(said["threshold"]) == properties["Threshold"]
    assert json.loads(said["comparison_operator"]) == properties["ComparisonOperator"]
    if alarm == "RolloutsFailedAlarm":
        metrics = [one["MetricStat"]["Metric"]["MetricName"] for one in properties["Metrics"] if "MetricStat" in one]
        assert re.findall(r'"(Deployments\w+)"', said["for_each"]) == metrics
        assert json.loads(said["expression"]) == properties["Metrics"][0]["Expression"]
        assert json.loads(said["namespace"]) == "ci_lambda"
    else:
        assert json.loads(said["metric_name"]) == properties["MetricName"]
        assert json.loads(said["namespace"]) == properties["Namespace"]
        assert json.loads(said["statistic"]) == properties["Statistic"]
    shown = properties["AlarmDescription"]
    shown = shown.get("Fn::Sub", shown) if isinstance(shown, dict) else shown
    plain = [re.sub(r"\$\{.*?\}|[Rr]eserved_?[Cc]oncurrency", "X", text) for text in (json.loads(said["alarm_description"]), shown)]
    assert plain[0] == plain[1]


def test_the_docs_name_each_alarm_and_what_to_do():
    text = (ROOT / "docs" / "metrics.md").read_text()
    for name in resources("AWS::CloudWatch::Alarm"):
        if name in ALARMS:
            suffix = re.sub(r"(?<!^)([A-Z])", r"-\1", name.removesuffix("Alarm")).lower()
            assert re.search(rf"^\| `-{suffix}` \| .{{20,}} \| .{{20,}} \|$", text, re.MULTILINE), suffix
