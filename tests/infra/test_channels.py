"""Channels: what the role may read and publish to for them, and `notify` of a service."""

import json

import pytest

from support.iam import allows
from support.stack import Stack
from support.terraform import Refused

ACCOUNT = "123456789012"
TOPIC = f"arn:aws:sns:eu-west-1:{ACCOUNT}:deployments"
SECRET = f"arn:aws:secretsmanager:us-east-1:{ACCOUNT}:secret:ci/teams"
PARAMETER = f"arn:aws:ssm:us-east-1:{ACCOUNT}:parameter/ci/pagerduty"
CHANNELS = {
    "team": {"type": "teams", "webhook": "secretsmanager:ci/teams"},
    "oncall": {"type": "pagerduty", "routing_key": "ssm:/ci/pagerduty"},
    "mail": {"type": "sns", "topic": TOPIC},
}


def may_tell(policy: dict) -> dict[str, bool]:
    return {
        "secret": allows(policy, "secretsmanager:GetSecretValue", f"{SECRET}-a1b2c3"),
        "parameter": allows(policy, "ssm:GetParameter", PARAMETER),
        "topic": allows(policy, "sns:Publish", TOPIC),
        "another secret": allows(policy, "secretsmanager:GetSecretValue", f"{SECRET}2-a1b2c3"),
        "another parameter": allows(policy, "ssm:GetParameter", PARAMETER + "2"),
        "another topic": allows(policy, "sns:Publish", TOPIC + "2"),
    }


NOTHING = dict.fromkeys(("secret", "parameter", "topic", "another secret", "another parameter", "another topic"), False)
WHAT_IS_NAMED = NOTHING | {"secret": True, "parameter": True, "topic": True}


def test_without_channels_the_role_may_do_nothing_for_them(terraform, aws):
    assert may_tell(terraform.render().policy) == NOTHING
    assert may_tell(Stack().policy) == NOTHING


def test_terraform_allows_what_the_channels_name(terraform):
    rendered = terraform.render(channels=json.dumps(CHANNELS))
    assert json.loads(rendered.environment["CHANNELS"]) == CHANNELS
    assert may_tell(rendered.policy) == WHAT_IS_NAMED


def test_what_a_document_of_ones_own_names_is_allowed_by_its_arns(terraform, aws):
    secret = f"{SECRET}-??????"
    of_terraform = terraform.render(channel_secret_arns=[secret, PARAMETER], channel_topic_arns=[TOPIC])
    of_the_stack = Stack(ChannelSecretArns=secret, ChannelParameterArns=PARAMETER, ChannelTopicArns=TOPIC)
    assert may_tell(of_terraform.policy) == WHAT_IS_NAMED
    assert may_tell(of_the_stack.policy) == WHAT_IS_NAMED


@pytest.mark.parametrize("variable", ["channel_secret_arns", "channel_topic_arns"])
def test_what_is_no_arn_is_refused(variable, terraform):
    with pytest.raises(Refused, match=variable):
        terraform.render(**{variable: ["ci/teams"]})


def test_terraform_says_in_the_document_who_hears_of_a_service(terraform):
    rules = {"error": ["team", "oncall"]}
    rendered = terraform.render(channels=json.dumps(CHANNELS), services={"api": {"notify": rules}, "web": {}})
    services = json.loads(rendered.environment["CI_LAMBDA_CONFIG"])["services"]
    assert services["api"]["notify"] == rules
    assert "notify" not in services["web"]
    with pytest.raises(Refused, match="lists of channels by severity"):
        terraform.render(services={"api": {"notify": {"errors": ["team"]}}})
