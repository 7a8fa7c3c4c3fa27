"""The CloudFormation template as a stack in moto, and what is in it afterwards."""

from __future__ import annotations

import ast
import functools
import io
import json
import zipfile

import boto3
from moto.cloudformation.models import Stack as StackOfMoto
from moto.cloudformation.models import cloudformation_backends
from moto.cloudformation.parsing import clean_json

from support.paths import TARGET_TEMPLATE, TEMPLATE

ACCOUNT = "123456789012"
REGION = "us-east-1"
STACK = "ci-lambda"
# moto puts the default one away after each test, and what it has read of AWS's services with it.
SESSION = boto3.Session("testing", "testing", region_name=REGION)
LEAST = {
    "ProjectName": "shop",
    "ProjectEnv": "dev",
    "CodeBucket": "artifacts",
    "CodeKey": "ci_lambda-arm64.zip",
    "TaskRoleArns": "arn:aws:iam::123456789012:role/shop-task",
}
# Of target.yaml, for a function that is elsewhere.
LEAST_OF_A_TARGET = {
    "FunctionName": "shop_ci_lambda_dev",
    "BusArn": "arn:aws:events:eu-west-1:123456789012:event-bus/default",
    "ProjectName": "shop",
    "ProjectEnv": "dev",
    "TaskRoleArns": "arn:aws:iam::123456789012:role/shop-task",
}


@functools.cache
def as_json(template: str) -> str:
    """The template as moto reads it, in JSON. Its YAML takes moto a quarter of a second, each time anew.

    moto takes for JSON what is no YAML: a tab may stand before JSON, but not before YAML.
    """
    return "\t" + json.dumps(StackOfMoto.parse_template(template), default=str)


def stand_in_zip() -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("bootstrap", "#!/bin/false\n")
    return content.getvalue()


class Stack:
    """A stack in moto. To be made inside of mock_aws()."""

    def __init__(self, **parameters: str):
        client("s3").create_bucket(Bucket=LEAST["CodeBucket"])
        client("s3").put_object(Bucket=LEAST["CodeBucket"], Key=LEAST["CodeKey"], Body=stand_in_zip())
        client("cloudformation").create_stack(
            StackName=STACK,
            TemplateBody=as_json(TEMPLATE.read_text()),
            Parameters=[{"ParameterKey": k, "ParameterValue": v} for k, v in (LEAST | parameters).items()],
            Capabilities=["CAPABILITY_NAMED_IAM"],
        )
        described = client("cloudformation").describe_stacks(StackName=STACK)["Stacks"][0]
        assert described["StackStatus"] == "CREATE_COMPLETE", described
        self.outputs = {one["OutputKey"]: one["OutputValue"] for one in described["Outputs"]}

    def delete(self) -> None:
        client("cloudformation").delete_stack(StackName=STACK)
        client("s3").delete_object(Bucket=LEAST["CodeBucket"], Key=LEAST["CodeKey"])
        client("s3").delete_bucket(Bucket=LEAST["CodeBucket"])

    @property
    def function(self) -> dict:
        return client("lambda").get_function(FunctionName=self.outputs["FunctionName"])["Configuration"]

    @property
    def environment(self) -> dict[str, str]:
        # AWS makes text of the numbers; moto leaves them.
        return {name: str(value) for name, value in self.function["Environment"]["Variables"].items()}

    @property
    def rules(self) -> dict[str, dict]:
        """By kind."""
        rules = client("events").list_rules()["Rules"]
        return {rule["Name"].split("-", 1)[1]: rule for rule in rules}

    @property
    def patterns(self) -> dict[str, dict]:
        # moto leaves null where AWS leaves out what is AWS::NoValue.
        written = {kind: rule["EventPattern"] for kind, rule in self.rules.items() if "EventPattern" in rule}
        return {kind: without_none(json.loads(pattern)) for kind, pattern in written.items()}

    @property
    def schedules(self) -> dict[str, str]:
        return {kind: rule["ScheduleExpression"] for kind, rule in self.rules.items() if "ScheduleExpression" in rule}

    def targets(self, kind: str) -> list[dict]:
        return client("events").list_targets_by_rule(Rule=self.rules[kind]["Name"])["Targets"]

    @property
    def policy(self) -> dict:
        return policy_of(self.function["Role"])

    @property
    def invoke_permissions(self) -> list[dict]:
        policy = client("lambda").get_policy(FunctionName=self.outputs["FunctionName"])["Policy"]
        return json.loads(policy)["Statement"]

    def queue_attributes(self, output: str) -> dict[str, str]:
        queue = client("sqs").get_queue_attributes(QueueUrl=self.outputs[output], AttributeNames=["All"])
        return queue["Attributes"]

    @property
    def mappings(self) -> list[dict]:
        """From queues to the function."""
        name = self.outputs["FunctionName"]
        return client("lambda").list_event_source_mappings(FunctionName=name)["EventSourceMappings"]

    def properties(self, kind: str) -> dict[str, dict]:
        """Of the resources of a kind, by their name in the template, also where moto makes none of them."""
        (stack,) = cloudformation_backends[ACCOUNT][REGION].stacks.values()
        conditions = stack.resource_map.lazy_condition_map
        return {
            name: without_none(clean_json(one["Properties"], stack.resource_map))
            for name, one in stack.template_dict["Resources"].items()
            if one["Type"] == kind and ("Condition" not in one or conditions[one["Condition"]])
        }


class TargetStack(Stack):
    """A stack of target.yaml: the region and the account are moto's own, the function is in eu-west-1."""

    def __init__(self, **parameters: str):
        client("cloudformation").create_stack(
            StackName=STACK,
            TemplateBody=as_json(TARGET_TEMPLATE.read_text()),
            Parameters=[{"ParameterKey": k, "ParameterValue": v} for k, v in (LEAST_OF_A_TARGET | parameters).items()],
            Capabilities=["CAPABILITY_NAMED_IAM"],
        )
        described = client("cloudformation").describe_stacks(StackName=STACK)["Stacks"][0]
        assert described["StackStatus"] == "CREATE_COMPLETE", described
        self.outputs = {one["OutputKey"]: one["OutputValue"] for one in described["Outputs"]}

    def delete(self) -> None:
        client("cloudformation").delete_stack(StackName=STACK)

    @property
    def policy(self) -> dict:
        return policy_of(self.outputs["RoleArn"])


def policy_of(role_arn: str) -> dict:
    role = role_arn.rsplit("/", 1)[1]
    document = client("iam").get_role_policy(RoleName=role, PolicyName="ci_lambda")["PolicyDocument"]
    # moto keeps the policy as Python prints it, with None where AWS leaves out what is AWS::NoValue.
    return without_none(ast.literal_eval(document))


def without_none(value):
    if isinstance(value, list):
        return [without_none(one) for one in value if one is not None]
    if isinstance(value, dict):
        return {name: without_none(one) for name, one in value.items()}
    return value


@functools.cache
def client(service: str):
    """One for all tests: moto's accounts come and go, and a client takes longer to make than to call."""
    return SESSION.client(service)
