"""checkov finds nothing that is not explained next to it."""

import json
import subprocess

import pytest

from support.paths import ROOT, tool


@pytest.fixture(scope="module")
def reports() -> dict[str, dict]:
    command = [tool("CI_LAMBDA_CHECKOV", "checkov"), "-o", "json", "--skip-download", "--soft-fail"]
    done = subprocess.run(
        # A relative path: in a long absolute one it sees a secret.
        [*command, "-d", "infra", "--framework", "terraform", "cloudformation"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert done.returncode == 0, done.stderr
    return {report["check_type"]: report for report in json.loads(done.stdout)}


@pytest.mark.parametrize("kind", ["terraform", "cloudformation"])
def test_nothing_fails(kind, reports):
    report = reports[kind]
    assert report["summary"]["parsing_errors"] == 0
    assert report["summary"]["passed"] > 10, "checkov has looked at next to nothing"
    failed = [f"{one['check_id']} {one['check_name']}: {one['resource']}" for one in report["results"]["failed_checks"]]
    assert failed == []


@pytest.mark.parametrize("kind", ["terraform", "cloudformation"])
def test_what_is_skipped_has_its_reason_next_to_it(kind, reports):
    for one in reports[kind]["results"]["skipped_checks"]:
        assert len(one["check_result"]["suppress_comment"]) > 20, one["check_id"]
