"""The CloudFormation template as it is written, and its rules, which moto passes over."""

from __future__ import annotations

import json

from support.paths import TEMPLATE
from support.stack import as_json


def template() -> dict:
    """A copy of its own for each who asks."""
    return json.loads(as_json(TEMPLATE.read_text()))


def refusals(**parameters: str) -> list[str]:
    """What the template's rules say to these parameters; nothing if they take them."""
    written = template()
    values = {name: str(one["Default"]) for name, one in written["Parameters"].items() if "Default" in one} | parameters
    return [
        assertion["AssertDescription"]
        for rule in written["Rules"].values()
        if holds(rule["RuleCondition"], values)
        for assertion in rule["Assertions"]
        if not holds(assertion["Assert"], values)
    ]


def holds(condition: dict, values: dict[str, str]) -> bool:
    """Of the rule functions those that the template uses."""

    def value(written: dict | str) -> str:
        return values[written["Ref"]] if isinstance(written, dict) else str(written)

    ((function, arguments),) = condition.items()
    if function == "Fn::Not":
        return not holds(arguments[0], values)
    if function == "Fn::Or":
        return any(holds(one, values) for one in arguments)
    if function == "Fn::And":
        return all(holds(one, values) for one in arguments)
    if function == "Fn::Contains":
        several, one = arguments
        return value(one) in several
    assert function == "Fn::Equals", f"teach this test {function}"
    left, right = arguments
    return value(left) == value(right)


def resources(kind: str) -> dict[str, dict]:
    return {name: one["Properties"] for name, one in template()["Resources"].items() if one["Type"] == kind}
