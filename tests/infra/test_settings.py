"""Every configuration variable of the function can be set by both installations, with the function's own default."""

import json
import re

import generate

from support.paths import TERRAFORM_MODULE
from support.settings import DOCUMENT, settings
from support.stack import Stack
from support.template import resources, template

# Another value than the default for each variable: as Terraform's input, and what the function then gets. What can only be
# true or false, a number or one of some words needs no line here.
FILES = {"api": [{"bucket": "b", "key": "k"}]}
OTHER_VALUES = {
    "PROJECT_NAME": ("shop", "shop"),
    "PROJECT_ENV": ("dev", "dev"),
    "LOG_LEVEL": ("debug", "debug"),
    "CLUSTER_NAME_PATTERN": ("{project}-{env}", "{project}-{env}"),
    "SERVICE_NAME_PATTERN": ("{project}-{name}", "{project}-{name}"),
    "TASK_FAMILY_PATTERN": ("{name}-{env}", "{name}-{env}"),
    "BACKEND_SERVICE_NAME": ("core", "core"),
    "SLACK_WEBHOOK_URL": ("https://hooks.example.com/a/b", "https://hooks.example.com/a/b"),
    "ENABLE_SLACK_NOTIFICATIONS": (False, "false"),
    "SERVICE_CONFIG": (FILES, json.dumps(FILES)),
    "DEPLOYMENT_STRATEGY": ('{"type":"canary","percent":10}', '{"type":"canary","percent":10}'),
    "DEPLOYMENT_TIMEOUT_SECONDS": (60, "60"),
    "WAIT_FOR_DEPLOYMENT": (True, "true"),
    "ROLLBACK_ON_FAILURE": (True, "true"),
    "SWEEP_INTERVAL_SECONDS": (900, "900"),
    "COALESCE_SECONDS": (10, "10"),
    "MAX_DEPLOYMENT_RETRIES": (0, "0"),
    "DRY_RUN": (True, "true"),
    "ENABLE_ECR_MONITORING": (False, "false"),
    "ENABLE_SSM_MONITORING": (False, "false"),
    "ENABLE_S3_MONITORING": (False, "false"),
    "ENABLE_MANUAL_DEPLOY": (False, "false"),
    "REQUESTS_WITHOUT_ENV": ("ignore", "ignore"),
    "EVENT_ACCOUNTS": (["111122223333", "444455556666"], "111122223333,444455556666"),
    "EVENT_REGIONS": (["eu-west-1", "eu-central-1"], "eu-west-1,eu-central-1"),
    "REGIONS": (["eu-west-1", "us-east-1"], "eu-west-1,us-east-1"),
    "TARGETS": (
        {
            "eu": {"region": "eu-west-1"},
            "us": {
                "region": "us-east-1",
                "cluster": "live",
                "role_arn": "arn:aws:iam::111122223333:role/deploy",
                "external_id": "shop",
            },
        },
        '{"eu":{"region":"eu-west-1"},"us":{"region":"us-east-1","cluster":"live",'
        '"role_arn":"arn:aws:iam::111122223333:role/deploy","external_id":"shop"}}',
    ),
    "TARGET_ORDER": (["us", "eu"], "us,eu"),
    "ROLL_BACK_EARLIER_TARGETS": (True, "true"),
    "ECS_CLUSTER_NAME": ("live", "live"),
    "DISCOVERY_CLUSTERS": (["live", "night"], "live,night"),
    "ECS_SERVICE_MAP": (
        {"": {"service_name": "core", "task_family": "core"}},
        '{"":{"service_name":"core","task_family":"core"}}',
    ),
    "CODE_DEPLOY_GROUPS": (["api=Shop/api", "web=Shop/web"], "api=Shop/api,web=Shop/web"),
    "ECR_REPO_MAP": ({"shop/api": ["api"]}, '{"shop/api":["api"]}'),
    "SSM_SERVICE_MAP": ({"/dev/shop/api": ["api"]}, '{"/dev/shop/api":["api"]}'),
    "S3_SERVICE_MAP": (FILES, json.dumps(FILES)),
    "AUTO_DEPLOY_MAP": ({"api": False}, '{"api":false}'),
    "ECR_TAG_FILTER": (
        {"default": ["v*"], "web": [">=2.0 <3", "!*-rc*"], "all": []},
        '{"default":["v*"],"web":[">=2.0 <3","!*-rc*"],"all":[]}',
    ),
    "SCHEDULED_TASK_MAP": (
        {"task:report": {"task_family": "report", "schedules": ["night/report"]}},
        '{"task:report":{"task_family":"report","schedules":["night/report"]}}',
    ),
    "VERIFY_ALARMS": ({"api": ["api-5xx"], "default": ["shop-5xx"]}, '{"api":["api-5xx"],"default":["shop-5xx"]}'),
    "VERIFY_URLS": (
        {"api": [{"url": "https://shop.example.com/health", "status": 204}]},
        '{"api":[{"url":"https://shop.example.com/health","status":204}]}',
    ),
    "VERIFY_SCHEDULE_ROLE": ("arn:aws:iam::123456789012:role/looks",) * 2,
    "VERIFY_SCHEDULE_GROUP": ("deploys", "deploys"),
    "APPROVAL_FROM": (["@alice", "oncall"], "@alice,oncall"),
    "APPROVAL_GROUPS": (["oncall=@bob U0123ABCD"], "oncall=@bob U0123ABCD"),
    "APPROVAL_EXCEPT": (["manual"], "manual"),
    "APPROVAL_KEY": ("secretsmanager:shop/approval-key",) * 2,
    "APPROVAL_KEY_PREVIOUS": ("ssm:/shop/approval-key-before",) * 2,
    "FUNCTION_URL": ("https://abc.lambda-url.us-east-1.on.aws", "https://abc.lambda-url.us-east-1.on.aws"),
    "SLACK_SIGNING_SECRET": ("secretsmanager:shop/slack-signing",) * 2,
    "FREEZE_WINDOWS": ('[{"weekly":"Fri 16:00 - Mon 08:00","zone":"Europe/Berlin"}]',) * 2,
    "CHANGE_CALENDARS": (["shop-freeze", "arn:aws:ssm:us-east-1:123456789012:document/all"], "shop-freeze,arn:aws:ssm:us-east-1:123456789012:document/all"),
    "CHANNELS": ('{"team":{"type":"teams","webhook":"ssm:/ci/teams"}}',) * 2,
    "NOTIFY": ('{"default":["slack"]}',) * 2,
    "PIPELINES": ('{"release":{"stages":[{"services":["backend"]},{"services":["api"]}]}}',) * 2,
    "PIPELINE_STATE_MACHINE": ("arn:aws:states:us-east-1:123456789012:stateMachine:pipelines",) * 2,
    "SCHEDULE_ROLE": ("arn:aws:iam::123456789012:role/calls",) * 2,
    "SCHEDULE_GROUP": ("calls", "calls"),
    "AWS_ENDPOINT_URL_ECS": ("https://vpce.example.com", "https://vpce.example.com"),
    "AWS_ENDPOINT_URL": ("https://vpce.example.com:8443", "https://vpce.example.com:8443"),
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": (True, "true"),
    "ALLOW_PLAIN_HTTP": (True, "true"),
    "AWS_USE_FIPS_ENDPOINT": (True, "true"),
    "AWS_USE_DUALSTACK_ENDPOINT": (True, "true"),
    "AWS_CA_BUNDLE": ("/opt/ca.pem", "/opt/ca.pem"),
}


def another(setting: generate.Setting) -> tuple:
    if setting.kind == "boolean":
        return not setting.default, str(not setting.default).lower()
    if setting.kind == "integer":
        low, high, _ = setting.bounds
        number = high if setting.default != high else low
        return number, str(number)
    word = next(one for one in setting.schema["enum"] if one != setting.default)
    return word, word


OTHER_VALUES |= {
    setting.name: another(setting)
    for setting in generate.settings()
    if setting.name not in OTHER_VALUES and setting.kind in ("boolean", "integer", "choice")
}


def value(text: str):
    """Maps compared by what they say, not by how they are spaced."""
    return json.loads(text) if text.startswith("{") and '"' in text else text


def test_this_test_knows_every_variable_of_the_code():
    assert set(OTHER_VALUES) == set(settings()), "a new variable belongs into this table, the module and the template"


def test_terraform_hands_every_variable_to_the_function(terraform):
    # Where TARGETS are, there are no REGIONS.
    inputs = {setting.input: OTHER_VALUES[name][0] for name, setting in settings().items() if name != "REGIONS"}
    regions, _ = OTHER_VALUES["REGIONS"]

    environment = terraform.render(**inputs).environment
    environment["REGIONS"] = terraform.render(regions=regions).environment["REGIONS"]

    assert {name: value(text) for name, text in environment.items()} == {
        name: value(expected) for name, (_, expected) in OTHER_VALUES.items()
    }


def test_terraform_says_only_what_differs_from_the_defaults(terraform):
    assert terraform.render().environment == {"PROJECT_NAME": "shop", "PROJECT_ENV": "dev", "SERVICE_CONFIG": "{}"}


def test_terraform_knows_the_defaults_of_the_code(terraform):
    in_code = {name: setting.default for name, setting in settings().items() if setting.default}
    assert terraform.render().function_defaults == in_code


def test_every_terraform_input_has_a_type_a_description_and_a_validation():
    text = "".join((TERRAFORM_MODULE / name).read_text() for name in ("variables.tf", "settings.tf"))
    blocks = re.findall(r'^variable "(\w+)" \{\n(.*?)^\}', text, re.MULTILINE | re.DOTALL)

    assert {setting.input for setting in settings().values()} <= {name for name, _ in blocks}
    for name, block in blocks:
        kind = re.search(r"^  type\s+= (.*)", block, re.MULTILINE)
        assert kind and re.search(r'^  description = "\S', block, re.MULTILINE), name
        # A bool can only be a bool, also in an object; tags can be anything.
        only_bools = kind[1] == "bool" or not re.search(r"string|number|any", block.split("  description")[0])
        assert "validation {" in block or only_bools or name == "tags", f"{name} takes any {kind[1]}"


def test_the_webhook_is_a_secret_in_both(terraform):
    webhook = "https://hooks.example.com/services/very/secret"
    assert webhook not in terraform.render(slack_webhook_url=webhook).printed
    assert template()["Parameters"]["SlackWebhookUrl"]["NoEcho"] is True


def test_cloudformation_hands_every_variable_to_the_function(aws):
    parameters = {setting.parameter: OTHER_VALUES[name][1] for name, setting in settings().items()}

    environment = Stack(**parameters).environment

    assert environment.pop("CI_LAMBDA_CONFIG") == ""
    assert environment == {name: expected for name, (_, expected) in OTHER_VALUES.items()}


def test_cloudformation_has_no_variable_that_the_code_does_not_know():
    (function,) = resources("AWS::Lambda::Function").values()
    assert set(function["Environment"]["Variables"]) == set(settings()) | DOCUMENT


def test_cloudformation_has_the_defaults_of_the_code():
    parameters = template()["Parameters"]
    for setting in settings().values():
        parameter = parameters[setting.parameter]
        assert setting.name in parameter["Description"], f"{setting.parameter} does not say which variable it sets"
        if setting.required:
            assert "Default" not in parameter
        elif setting.name == "SERVICE_CONFIG":
            # The function wants it said, even if there are no files.
            assert parameter["Default"] == "{}"
        else:
            assert str(parameter["Default"]) == setting.default
