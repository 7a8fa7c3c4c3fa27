"""FUNCTION_URL, its secrets and the URL itself: what the role may do once there is a door, and who may call; nothing where nobody
wants it."""

import pytest

from support.iam import allows
from support.paths import TEMPLATE
from support.stack import Stack

ACCOUNT = "123456789012"
FUNCTION = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:shop_ci_lambda_dev"
URL = "https://abc.lambda-url.us-east-1.on.aws"
SECRET = f"arn:aws:secretsmanager:us-east-1:{ACCOUNT}:secret"
NAMED = {
    "slack_signing_secret": "secretsmanager:shop/slack",
    "approval_key": f"secretsmanager:{SECRET}:shop/key-AbCdEf",
    "approval_key_previous": "ssm:/shop/key/before",
}
READABLE = [
    ("secretsmanager:GetSecretValue", f"{SECRET}:shop/slack-AbCdEf"),
    ("secretsmanager:GetSecretValue", f"{SECRET}:shop/key-AbCdEf"),
    ("ssm:GetParameter", f"arn:aws:ssm:us-east-1:{ACCOUNT}:parameter/shop/key/before"),
]


def parameter(name: str) -> str:
    return "".join(word.capitalize() for word in name.split("_"))


def may_invoke_itself(policy: dict) -> bool:
    return allows(policy, "lambda:InvokeFunction", FUNCTION) and allows(policy, "lambda:InvokeFunction", f"{FUNCTION}:live")


@pytest.mark.parametrize("inputs", [{"enable_function_url": True}, {"function_url": URL}])
def test_terraform_lets_the_function_invoke_itself_and_no_other(terraform, inputs):
    policy = terraform.render(**inputs).policy
    assert may_invoke_itself(policy)
    assert not allows(policy, "lambda:InvokeFunction", f"{FUNCTION}_2")
    assert not allows(policy, "lambda:InvokeFunction", FUNCTION.replace("us-east-1", "eu-west-1"))


def test_terraform_lets_the_function_read_the_secrets_that_it_is_told_of(terraform):
    policy = terraform.render(**NAMED).policy
    assert [one for one in READABLE if not allows(policy, *one)] == []
    assert not allows(policy, "secretsmanager:GetSecretValue", f"{SECRET}:shop/other-AbCdEf")
    assert not allows(policy, "ssm:GetParameter", f"arn:aws:ssm:us-east-1:{ACCOUNT}:parameter/shop/key")


def test_a_secret_that_is_given_itself_asks_for_no_permission(terraform, aws):
    given = {"slack_signing_secret": "8f742231b10e8888abcd99yyyzzz85a5", "approval_key": "k" * 40}
    stack = Stack(**{parameter(name): value for name, value in given.items()})
    for policy in (terraform.render(**given).policy, stack.policy):
        assert [one for one in policy["Statement"] if "secretsmanager:GetSecretValue" in one["Action"]] == []


def test_nothing_of_it_is_there_where_nobody_wants_it(terraform, aws):
    stack = Stack()
    for policy in (terraform.render().policy, stack.policy):
        assert not may_invoke_itself(policy)
        assert [one for one in READABLE if allows(policy, *one)] == []
    assert "FunctionUrl" not in stack.outputs
    assert stack.environment["FUNCTION_URL"] == ""


def test_cloudformation_makes_a_url_that_everybody_may_call_and_nothing_else():
    # moto knows no URLs of functions in templates, and neither permission: so the template itself is looked at.
    template = TEMPLATE.read_text()
    url = template[template.index("  FunctionUrlResource:") : template.index("  # --- alarms ---")]
    assert "AuthType: NONE" in url
    permissions = url.split("AWS::Lambda::Permission")[1:]
    assert len(permissions) == 2
    for permission, action, condition in zip(
        permissions,
        ("lambda:InvokeFunctionUrl", "lambda:InvokeFunction"),
        ("FunctionUrlAuthType: NONE", "InvokedViaFunctionUrl: true"),
        strict=True,
    ):
        assert f"Action: {action}\n" in permission and condition in permission and 'Principal: "*"' in permission
        assert "Condition: FunctionUrlWanted" in permission


@pytest.mark.parametrize("parameters", [{"FunctionUrl": URL}])
def test_cloudformation_lets_the_function_invoke_itself_and_no_other(aws, parameters):
    stack = Stack(**parameters)
    assert may_invoke_itself(stack.policy)
    assert not allows(stack.policy, "lambda:InvokeFunction", f"{FUNCTION}_2")
    assert stack.environment["FUNCTION_URL"] == URL


def test_cloudformation_lets_the_function_read_the_secrets_that_it_is_told_of(aws):
    stack = Stack(**{parameter(name): value for name, value in NAMED.items()})
    assert [one for one in READABLE if not allows(stack.policy, *one)] == []
    assert not allows(stack.policy, "secretsmanager:GetSecretValue", f"{SECRET}:shop/other-AbCdEf")
    assert stack.environment["APPROVAL_KEY"] == NAMED["approval_key"]


def test_cloudformation_shows_no_secret_that_it_is_given():
    template = TEMPLATE.read_text()
    for name in ("SlackWebhookUrl", *map(parameter, NAMED)):
        begin = template.index(f"\n  {name}:\n    Type: String")
        assert "NoEcho: true" in template[begin : begin + 600], name
