"""Fixtures that several files use."""

from collections.abc import Iterator

import pytest

from support.paths import tool
from support.ruler import Ruler
from support.terraform import Terraform


@pytest.fixture(scope="session")
def terraform(tmp_path_factory) -> Terraform:
    return Terraform(tool("CI_LAMBDA_TERRAFORM", "Terraform"), tmp_path_factory.mktemp("terraform"))


@pytest.fixture(scope="session")
def ruler() -> Iterator[Ruler]:
    ruler = Ruler(tool("CI_LAMBDA_RULER", "EventBridge's matcher"))
    yield ruler
    ruler.close()


@pytest.fixture
def aws(monkeypatch):
    """An empty AWS account, in this process."""
    from moto import mock_aws  # takes seconds, and most files do without

    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with mock_aws():
        yield
