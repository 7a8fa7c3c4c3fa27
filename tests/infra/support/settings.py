"""The function's configuration variables, read from the code."""

from __future__ import annotations

import dataclasses
import re

from support.paths import ROOT

# Lambda sets these two itself and takes no others for them (AWS Lambda developer guide, reserved environment
# variables). Everything else that the code knows must be an input of the module and a parameter of the template.
RESERVED = {"AWS_REGION", "AWS_DEFAULT_REGION"}

# Says where the configuration document is: the module makes it of `services`, the template has ConfigReference for it.
DOCUMENT = {"CI_LAMBDA_CONFIG"}


@dataclasses.dataclass(frozen=True)
class Setting:
    name: str
    default: str
    required: bool

    @property
    def input(self) -> str:
        """Of the Terraform module."""
        return self.name.lower()

    @property
    def parameter(self) -> str:
        """Of the CloudFormation template."""
        return "".join(word.capitalize() for word in self.name.split("_"))


def settings() -> dict[str, Setting]:
    text = (ROOT / "src" / "config" / "settings.cpp").read_text()
    found = re.findall(r'\{\.name = "(\w+)",\s*\.default_value = "([^"]*)",(\s*\.required = true,)?', text)
    assert len(found) == text.count(".name ="), "settings.cpp is written in another way than this test expects"
    return {name: Setting(name, default, bool(required)) for name, default, required in found
            if name not in RESERVED | DOCUMENT}
