"""Renders the module's documents (environment, event patterns, policy) with Terraform itself, without a provider."""

from __future__ import annotations

import copy
import dataclasses
import json
import pathlib
import re
import shutil
import subprocess

from support.paths import TERRAFORM_MODULE

# Those files of the module that need no provider, and what main.tf would tell them.
PURE_FILES = (
    "variables.tf",
    "settings.tf",
    "services.tf",
    "config.tf",
    "targets.tf",
    "environment.tf",
    "patterns.tf",
    "delivery.tf",
    "policy.tf",
    "documents.tf",
    "pipelines.asl.json",
)
HERE = """
locals {{
  partition  = "aws"
  account_id = "{account}"
  region     = "{region}"
}}
"""
ACCOUNT = (
    HERE.format(account="123456789012", region="us-east-1")
    + """
output "function_defaults" { value = local.function_defaults }
output "forwarding" { value = local.forwarding }
output "bus_accounts" { value = local.bus_accounts }
"""
)
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
    configuration: dict | None
    patterns: dict[str, dict]
    pattern_texts: dict[str, str]
    schedules: dict[str, str]
    policy: dict
    queue: dict | None
    pipelines: dict | None
    dead_letter_policy: dict
    function_defaults: dict[str, str]
    target_policies: dict[str, dict]
    forwarding: dict
    bus_accounts: list[str]
    printed: str  # by `terraform apply`


def copy_module(folder: pathlib.Path) -> None:
    for name in PURE_FILES:
        shutil.copy(TERRAFORM_MODULE / name, folder)
    (folder / "account.tf").write_text(ACCOUNT)


# What the tests want to know of the module that an example uses.
EXAMPLE_OUTPUTS = "".join(
    f'output "{name}" {{\n  value     = module.ci_lambda.{name}\n  sensitive = true\n}}\n'
    for name in (
        "environment",
        "event_patterns",
        "schedules",
        "policy",
        "queue",
        "pipelines",
        "dead_letter_policy",
        "function_defaults",
        "target_policies",
        "forwarding",
        "bus_accounts",
    )
)


class Terraform:
    def __init__(self, program: str, folder: pathlib.Path):
        copy_module(folder)
        self.use(program, folder)

    @classmethod
    def in_folder(cls, program: str, folder: pathlib.Path) -> Terraform:
        """With what is in the folder already, and nothing of the module."""
        self = cls.__new__(cls)
        self.use(program, folder)
        return self

    @classmethod
    def of_example(cls, program: str, folder: pathlib.Path, example: str, environment_limit: int) -> Terraform:
        """The example as it is written, but for the provider, and for how much the environment can hold."""
        (folder / "module").mkdir()
        copy_module(folder / "module")
        limit = f"locals {{\n  environment_limit = {environment_limit}\n}}\n"
        (folder / "module" / "limit_override.tf").write_text(limit)
        for path in (TERRAFORM_MODULE / "examples" / example).glob("*.tf"):
            text = re.sub(r"^terraform \{\n.*?^\}\n", "", path.read_text(), flags=re.MULTILINE | re.DOTALL)
            (folder / path.name).write_text(text.replace('source = "../.."', 'source = "./module"'))
        (folder / "outputs.tf").write_text(EXAMPLE_OUTPUTS)
        return cls.in_folder(program, folder)

    def use(self, program: str, folder: pathlib.Path) -> None:
        self.program = program
        self.folder = folder
        self.rendered: dict[str, Documents] = {}
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
                # It lives for less than a second: collecting garbage takes a third of that.
                "GOGC": "400",
            },
            capture_output=True,
            text=True,
            timeout=500,
        )
        if done.returncode != 0:
            raise Refused(done.stdout + done.stderr)
        return done.stdout

    def render(self, **variables) -> Documents:
        """Once for the same variables: many tests compare with the least."""
        wanted = LEAST | variables
        key = json.dumps(wanted, sort_keys=True)
        if key not in self.rendered:
            self.rendered[key] = self.apply(wanted)
        return copy.deepcopy(self.rendered[key])

    def apply(self, variables: dict) -> Documents:
        (self.folder / "terraform.tfvars.json").write_text(json.dumps(variables))
        (self.folder / "terraform.tfstate").unlink(missing_ok=True)
        printed = self.run("apply", "-auto-approve", "-input=false", "-no-color")
        outputs = {name: output["value"] for name, output in json.loads(self.run("output", "-json")).items()}
        return Documents(
            environment=outputs["environment"],
            configuration=outputs.get("configuration"),  # Terraform leaves out what is null
            patterns={kind: json.loads(text) for kind, text in outputs["event_patterns"].items()},
            pattern_texts=outputs["event_patterns"],
            schedules=outputs["schedules"],
            policy=json.loads(outputs["policy"]),
            queue=outputs.get("queue"),
            pipelines=outputs.get("pipelines"),
            dead_letter_policy=json.loads(outputs["dead_letter_policy"]),
            function_defaults=outputs["function_defaults"],
            target_policies={name: json.loads(text) for name, text in outputs["target_policies"].items()},
            forwarding=outputs["forwarding"],
            bus_accounts=outputs["bus_accounts"],
            printed=printed,
        )


class Submodule(Terraform):
    """A module of infra/terraform/modules, in a region and an account: what it renders without a provider."""

    def __init__(self, program: str, folder: pathlib.Path, name: str, account: str, region: str):
        for file in ("variables.tf", "documents.tf"):
            shutil.copy(TERRAFORM_MODULE / "modules" / name / file, folder)
        (folder / "account.tf").write_text(HERE.format(account=account, region=region))
        self.use(program, folder)

    def render(self, **variables) -> dict:
        """The outputs by their names; what is JSON, as what it says."""
        (self.folder / "terraform.tfvars.json").write_text(json.dumps(variables))
        (self.folder / "terraform.tfstate").unlink(missing_ok=True)
        self.run("apply", "-auto-approve", "-input=false", "-no-color")
        outputs = {name: output["value"] for name, output in json.loads(self.run("output", "-json")).items()}
        return {
            name: json.loads(value) if isinstance(value, str) else {kind: json.loads(text) for kind, text in value.items()}
            for name, value in outputs.items()
        }
