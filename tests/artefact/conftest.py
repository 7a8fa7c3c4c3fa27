"""The packaged programs, unpacked, and what the tests put around them."""

import pathlib

import pytest

from artefact import EmptyRoot, can_change_root, unpacked
from certificates import Authority
from ci_skips import pytest_runtest_makereport  # noqa: F401: a hook of pytest
from nameserver import Nameserver, may_serve_dns


@pytest.fixture(scope="session")
def bootstrap(tmp_path_factory):
    """Architecture -> the program of its zip."""
    return lambda arch: unpacked(arch, tmp_path_factory.getbasetemp() / arch)


@pytest.fixture(scope="session")
def authority() -> Authority:
    return Authority("the test's own authority")


@pytest.fixture
def empty_root(tmp_path: pathlib.Path, bootstrap, authority) -> EmptyRoot:
    if not can_change_root():
        pytest.skip("neither chroot (root) nor unshare --map-root-user (user namespaces) is possible here")
    return EmptyRoot(tmp_path / "root", bootstrap("x86_64"), authority.pem)


@pytest.fixture
def nameserver():
    if not may_serve_dns():
        pytest.skip("DNS has one port, 53, and opening it on loopback needs root here")
    with Nameserver() as server:
        yield server
