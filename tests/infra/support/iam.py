"""Decides by a policy as IAM does (user guide, policy evaluation logic), as far as the policies of infra/ need it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable


def several(value) -> list[str]:
    return [value] if isinstance(value, str) else list(value)


def like(pattern: str, text: str) -> bool:
    """`*` is any text and `?` one character; nothing else is special."""
    parts = (".*" if one == "*" else "." if one == "?" else re.escape(one) for one in pattern)
    return re.fullmatch("".join(parts), text) is not None


def arn_like(pattern: str, text: str) -> bool:
    """Each of the six parts of an ARN for itself."""
    patterns, texts = pattern.split(":", 5), text.split(":", 5)
    return len(patterns) == len(texts) and all(map(like, patterns, texts))


# Operator -> how one value is compared, and whether it is the other way round.
OPERATORS: dict[str, tuple[Callable[[str, str], bool], bool]] = {
    "StringEquals": (str.__eq__, False),
    "StringNotEquals": (str.__eq__, True),
    "StringLike": (like, False),
    "ForAllValues:StringLike": (like, False),  # of one value
    "Bool": (str.__eq__, False),
    "ArnEquals": (arn_like, False),
    "ArnLike": (arn_like, False),
    "ArnNotLike": (arn_like, True),
}


def holds(operator: str, key: str, values: Iterable[str], context: dict[str, str]) -> bool:
    if operator == "Null":
        return (key not in context) == (several(values) == ["true"])
    compare, negated = OPERATORS[operator.removesuffix("IfExists")]
    if key not in context:
        return negated or operator.endswith("IfExists")
    matched = any(compare(filled(value, context), context[key]) for value in several(values))
    return matched != negated


def filled(text: str, context: dict[str, str]) -> str:
    """With the policy variables in it replaced."""
    return re.sub(r"\$\{([\w:]+)\}", lambda found: context[found[1]], text)


def applies(statement: dict, action: str, resource: str, principal: dict[str, str] | None, context: dict) -> bool:
    if "Principal" in statement and statement["Principal"] != "*" and statement["Principal"] != principal:
        return False
    if not any(like(one, action) for one in several(statement["Action"])):
        return False
    if not any(like(filled(one, context), resource) for one in several(statement["Resource"])):
        return False
    return all(
        holds(operator, key, values, context)
        for operator, keys in statement.get("Condition", {}).items()
        for key, values in keys.items()
    )


def allows(
    policy: dict,
    action: str,
    resource: str,
    *,
    principal: dict[str, str] | None = None,
    also: bool = False,
    **context: str,
) -> bool:
    """Whether the policy, or another one (`also`), allows it and this one does not deny it.

    The names of the context's keys are written with `__` for `:` and `_` for `-`, or as they are.
    """
    keys = {name if ":" in name else name.replace("__", ":").replace("_", "-"): value for name, value in context.items()}
    effects = {one["Effect"] for one in policy["Statement"] if applies(one, action, resource, principal, keys)}
    return "Deny" not in effects and ("Allow" in effects or also)
