"""The rule about skipped tests: the conftest.py of each directory of Python tests imports it."""

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
