"""The CloudFormation template as it is written."""

from __future__ import annotations

import cfnlint.decode

from support.paths import TEMPLATE


def template() -> dict:
    parsed, problems = cfnlint.decode.decode(str(TEMPLATE))
    assert not problems, problems
    return parsed


def resources(kind: str) -> dict[str, dict]:
    return {name: one["Properties"] for name, one in template()["Resources"].items() if one["Type"] == kind}
