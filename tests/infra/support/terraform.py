"""Renders the module's documents (environment, event patterns, policy) with Terraform itself, without a provider."""

from __future__ import annotations

import dataclasses
import json
import pathlib
import shutil
import subprocess

from support.paths import TERRAFORM_MODULE

# Those files of the module that need no provider, and what main.tf would tell them.
PURE_FILES = ("variables.tf", "environment.tf", "patterns.tf", "delivery.tf", "policy.tf", "documents.tf")
ACCOUNT = """
locals {
  partition  = "aws"
  account_id = "123456789012"
  region     = "us-east-1"
}
output "function_defaults" { value = local.function_defaults }
"""
LEAST = {
    "project_name": "shop",
    "project_env": "dev",
    "package_path": "ci_lambda-arm64.zip",
    "task_role_arns": ["arn:aws:iam::123456789012:role/shop-task"],
}


class Refused(Exception):
    """Terraform did not take the variables; the text says why."""


@dataclasses.dataclass(frozen=True)
class Documents:
    environment: dict[str, str]
    patterns: dict[str, dict]
    pattern_texts: dict[str, str]
    schedules: dict[str, str]
    policy: dict
    queue: dict | None
    dead_letter_policy: dict
    function_defaults: dict[str, str]
    printed: str  # by `terraform apply`


class Terraform:
    def __init__(self, program: str, folder: pathlib.Path):
        self.program = program
        self.folder = folder
        for name in PURE_FILES:
            shutil.copy(TERRAFORM_MODULE / name, folder)
        (folder / "account.tf").write_text(ACCOUNT)
        self.run("init", "-input=false")

    def run(self, *arguments: str) -> str:
        done = subprocess.run(
            [self.program, *arguments],
            cwd=self.folder,
            env={
                "PATH": "/usr/bin:/bin",
                "HOME": str(self.folder),
                "CHECKPOINT_DISABLE": "1",
                "TF_IN_AUTOMATION": "1",
                "TF_CLI_CONFIG_FILE": "/dev/null",
            },
            capture_output=True,
            text=True,
            timeout=120,
        )
        if done.returncode != 0:
            raise Refused(done.stdout + done.stderr)
        return done.stdout

    def render(self, **variables) -> Documents:
        (self.folder / "terraform.tfvars.json").write_text(json.dumps(LEAST | variables))
        (self.folder / "terraform.tfstate").unlink(missing_ok=True)
        printed = self.run("apply", "-auto-approve", "-input=false", "-no-color")
        outputs = {name: output["value"] for name, output in json.loads(self.run("output", "-json")).items()}
        return Documents(
            environment=outputs["environment"],
            patterns={kind: json.loads(text) for kind, text in outputs["event_patterns"].items()},
            pattern_texts=outputs["event_patterns"],
            schedules=outputs["schedules"],
            policy=json.loads(outputs["policy"]),
            queue=outputs.get("queue"),  # Terraform leaves out what is null
            dead_letter_policy=json.loads(outputs["dead_letter_policy"]),
            function_defaults=outputs["function_defaults"],
            printed=printed,
        )
