"""The rule about skipped tests."""

from ci_skips import pytest_runtest_makereport  # noqa: F401: a hook of pytest
