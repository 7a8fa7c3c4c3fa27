"""The tables of inputs and outputs in the module's README, made from the module."""

from __future__ import annotations

import re

from support.paths import TERRAFORM_MODULE


def blocks(kind: str, file: str) -> list[tuple[str, str]]:
    """Name and body of every block of a kind."""
    text = (TERRAFORM_MODULE / file).read_text()
    return re.findall(rf'^{kind} "(\w+)" \{{\n(.*?)^\}}', text, re.MULTILINE | re.DOTALL)


def attribute(body: str, name: str) -> str | None:
    """Its value, on one line."""
    found = re.search(rf"^  {name}\s+= (.*?)(?=^  \w|\Z)", body, re.MULTILINE | re.DOTALL)
    return " ".join(found[1].split()) if found else None


def text_of(body: str) -> str:
    return attribute(body, "description").strip('"').replace('\\"', '"')


def inputs_table() -> str:
    rows = ["| input | type | default | what it is |", "|---|---|---|---|"]
    for name, body in blocks("variable", "variables.tf"):
        default = attribute(body, "default")
        shown = {None: "**required**", "null": "none"}.get(default, f"`{default}`")
        rows.append(f"| `{name}` | `{attribute(body, 'type')}` | {shown} | {text_of(body)} |")
    return "\n".join(rows) + "\n"


def outputs_table() -> str:
    rows = ["| output | what it is |", "|---|---|"]
    for file in ("outputs.tf", "documents.tf"):
        rows += [f"| `{name}` | {text_of(body)} |" for name, body in blocks("output", file)]
    return "\n".join(rows) + "\n"
