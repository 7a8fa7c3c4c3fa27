"""The program `ci_lambda`, which says what the function makes of a configuration."""

from __future__ import annotations

import json
import subprocess

from support.paths import tool


def configuration(environment: dict[str, str]) -> dict:
    """What `ci_lambda config --json` says, of which setting it comes from where left out."""
    done = subprocess.run(
        [tool("CI_LAMBDA_CLI", "the program ci_lambda"), "config", "--json"],
        env=environment | {"AWS_REGION": "us-east-1"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert said["warnings"] == [] or all("SLACK_WEBHOOK_URL" in one for one in said["warnings"]), said["warnings"]
    settings = {one["name"]: one["value"] for one in said["settings"]}
    return {"settings": settings, "services": said["services"], "defaults": said["defaults"]}
