"""The rule about skipped tests where tests/run.py does not see them: in what also runs without ctest, the tests of the zips
and the fault table. The conftest.py there imports it."""

import os

import pytest


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """Under CI a skipped test is a failure: nobody would notice that it never runs."""
    report = yield
    if report.skipped and os.environ.get("CI") in ("true", "1"):
        report.outcome = "failed"
        report.longrepr = f"skipped, which is a failure under CI: {report.longrepr[2]}"
    return report
