"""Where things are."""

from __future__ import annotations

import os
import pathlib
import shutil

import pytest

ROOT = pathlib.Path(__file__).parents[3]
TERRAFORM_MODULE = ROOT / "infra" / "terraform"
TEMPLATE = ROOT / "infra" / "cloudformation" / "template.yaml"
TARGET_TEMPLATE = ROOT / "infra" / "cloudformation" / "target.yaml"
FIXTURES = ROOT / "tests" / "fixtures" / "events"


def tool(variable: str, what: str) -> str:
    """The program or folder that an environment variable names; skips the test where there is none."""
    path = os.environ.get(variable, "")
    if not path or not (os.path.exists(path) or shutil.which(path)):
        pytest.skip(f"{what} is not here ({variable}={path}); tests/infra/install.sh gets it where that is possible")
    return path
