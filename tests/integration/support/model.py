"""botocore's own models as the judges of raw answers: boto3 itself passes by what it does not know."""

from __future__ import annotations

import functools
import json

import botocore.session
from botocore.model import ServiceModel, Shape

from .programs import Sandbox, post_aws_json


@functools.cache
def service_model(service: str) -> ServiceModel:
    return botocore.session.get_session().get_service_model(service)


def ecs_model() -> ServiceModel:
    return service_model("ecs")


def call(sandbox: Sandbox, operation: str, **request) -> dict:
    """Calls the operation of ECS and checks the answer against the model."""
    return _checked_call(sandbox, ecs_model(), operation, request)


def call_ecr(sandbox: Sandbox, operation: str, **request) -> dict:
    """The same of ECR."""
    return _checked_call(sandbox, service_model("ecr"), operation, request)


def call_events(sandbox: Sandbox, operation: str, **request) -> dict:
    """The same of EventBridge."""
    return _checked_call(sandbox, service_model("events"), operation, request)


def call_secrets_manager(sandbox: Sandbox, operation: str, **request) -> dict:
    """The same of Secrets Manager."""
    return _checked_call(sandbox, service_model("secretsmanager"), operation, request)


def call_ssm(sandbox: Sandbox, operation: str, **request) -> dict:
    """The same of Systems Manager."""
    return _checked_call(sandbox, service_model("ssm"), operation, request)


def call_code_deploy(sandbox: Sandbox, operation: str, **request) -> dict:
    """The same of CodeDeploy."""
    return _checked_call(sandbox, service_model("codedeploy"), operation, request)


def problems_of_answer(service: str, operation: str, answer: dict) -> list[str]:
    """What of an answer is not as the model has it, of an API that is REST."""
    shape = service_model(service).operation_model(operation).output_shape
    return list(_problems(shape, answer, operation))


def _checked_call(sandbox: Sandbox, model: ServiceModel, operation: str, request: dict) -> dict:
    answer = json.loads(post_aws_json(sandbox, f"{model.metadata['targetPrefix']}.{operation}", request))
    problems = list(_problems(model.operation_model(operation).output_shape, answer, operation))
    assert problems == []
    return answer


def _problems(shape: Shape, value, path: str):
    """What of the value is not as the model has it."""
    if shape.type_name == "structure":
        yield from _structure_problems(shape, value, path)
    elif shape.type_name == "list":
        if not isinstance(value, list):
            yield f"{path} is no list"
            return
        for index, item in enumerate(value):
            yield from _problems(shape.member, item, f"{path}[{index}]")
    elif shape.type_name == "map":
        for key, item in value.items():
            yield from _problems(shape.value, item, f"{path}.{key}")
    elif not isinstance(value, _TYPES[shape.type_name]) or isinstance(value, bool) != (shape.type_name == "boolean"):
        yield f"{path}: {value!r} is no {shape.type_name}"
    elif enum := shape.metadata.get("enum"):
        if value not in enum:
            yield f"{path}: {value!r} is none of {enum}"


def _structure_problems(shape: Shape, value, path: str):
    if not isinstance(value, dict):
        yield f"{path} is no structure"
        return
    for name, item in value.items():
        if name in shape.members:
            yield from _problems(shape.members[name], item, f"{path}.{name}")
        else:
            yield f"{path}.{name} is unknown"
    for name in shape.required_members:
        if name not in value:
            yield f"{path}.{name} is missing"


_TYPES = {
    "string": str,
    "boolean": bool,
    "integer": int,
    "long": int,
    "float": (int, float),
    "double": (int, float),
    "timestamp": (int, float),
}
