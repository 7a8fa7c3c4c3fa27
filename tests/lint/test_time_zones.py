"""The table of time zones is what its script makes of the database that the tests pin."""

import pathlib
import subprocess
import sys

import pytest

SCRIPT = pathlib.Path(__file__).parents[2] / "src" / "base" / "time_zone_table.py"


def test_table_and_expectations_are_what_the_script_makes():
    tzdata = pytest.importorskip("tzdata")
    table = SCRIPT.with_name("time_zone_table.inc").read_text()
    if f"database {tzdata.IANA_VERSION}." not in table:
        pytest.skip(f"another version of the database is installed: {tzdata.IANA_VERSION}")
    checked = subprocess.run([sys.executable, SCRIPT, "--check"], capture_output=True, text=True)
    assert checked.returncode == 0, checked.stderr
