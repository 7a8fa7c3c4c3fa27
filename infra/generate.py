#!/usr/bin/env python3
"""Writes what Terraform module and CloudFormation template have of the settings, made of docs/ci_lambda.schema.json.

    infra/generate.py           writes what has changed
    infra/generate.py --check   only says what is stale, and fails if anything is

The schema is made of the one table in the code (src/config/settings.cpp). A setting that is nothing special needs no edit
here. What an installation has to say beyond the table stands in NOTES and SPECIAL.
"""

from __future__ import annotations

import dataclasses
import json
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
SCHEMA = ROOT / "docs" / "ci_lambda.schema.json"
MODULE = ROOT / "infra" / "terraform"
SUBMODULES = tuple(MODULE / "modules" / name for name in ("forwarding", "target-role"))
TEMPLATE = ROOT / "infra" / "cloudformation" / "template.yaml"
TARGET_TEMPLATE = ROOT / "infra" / "cloudformation" / "target.yaml"
# What `ci_lambda pipeline asl` writes; unit_pipelines keeps it so.
STATE_MACHINE = MODULE / "pipelines.asl.json"
# Of the metrics, written by hand, for both.
DASHBOARD = MODULE / "dashboard.json"
COMMAND = "./dev generate"

# Written by hand: required ones, a secret, what is a list or a map, and what Lambda says itself.
BY_HAND = {"PROJECT_NAME", "PROJECT_ENV", "SLACK_WEBHOOK_URL", "VERIFY_ALARMS", "VERIFY_URLS"}
RESERVED = {"AWS_REGION"}
# The maps, by hand as well: their successor is the input `services`.
MAPS = ("SERVICE_CONFIG", "ECS_SERVICE_MAP", "ECR_REPO_MAP", "SSM_SERVICE_MAP", "S3_SERVICE_MAP", "AUTO_DEPLOY_MAP", "ECR_TAG_FILTER")
# Maps as well, in whose place nothing comes.
OTHER_MAPS = ("SCHEDULED_TASK_MAP", "TARGETS")
# Of a service. verify: in an installation verify_alarms and verify_urls say it, by service.
NOT_OF_A_SERVICE = {"verify"}

TASK_OF_A_SERVICE = """optional(object({
      task            = string
      family          = optional(string)
      container       = optional(string)
      command         = optional(list(string))
      timeout_minutes = optional(number)MORE
    }))"""


def task_check(key: str, name: str) -> tuple[str, str]:
    return (
        f'service.{key} == null ? true : (can(regex("^[A-Za-z0-9_.-]{{1,64}}$", service.{key}.task)) && (service.{key}.family != null || try(length(service.{key}.command) > 0, false)))',
        f'{key}: a task with a family or a command, as in {{task = "{name}", command = ["./{name}"]}}.',
    )


# What the schema says of a member of a service that is an object, or a list of several kinds of them: its type for Terraform,
# which has none for "true, or an object", and what is checked of `service`. config.tf writes the document's form.
OBJECTS_OF_A_SERVICE = {
    "approval": (
        """optional(object({
      required        = optional(bool, true)
      from            = optional(list(string))
      expires_minutes = optional(number)
      except          = optional(list(string))
    }))""",
        [
            (
                "try(service.approval.expires_minutes, null) == null ? true : (service.approval.expires_minutes >= 5 && service.approval.expires_minutes <= 20160 && floor(service.approval.expires_minutes) == service.approval.expires_minutes)",
                "approval: expires_minutes: a whole number from 5 to 20160.",
            ),
            (
                'alltrue([for one in try(coalesce(service.approval.except, []), []) : one == "manual"])',
                "approval: except: manual, what a person asks for.",
            ),
        ],
    ),
    "before": (TASK_OF_A_SERVICE.replace("MORE", ""), [task_check("before", "migrate")]),
    "after": (
        TASK_OF_A_SERVICE.replace("MORE", "\n      on_failure      = optional(string)"),
        [
            task_check("after", "smoke"),
            (
                'contains(["roll_back", "tell"], try(coalesce(service.after.on_failure, "tell"), "tell"))',
                "after: on_failure: roll_back or tell.",
            ),
        ],
    ),
    "notify": (
        "optional(map(list(string)))",
        [
            (
                'alltrue([for key in try(keys(service.notify), []) : contains(["default", "error", "warning", "success", "info"], key)])',
                'notify: lists of channels by severity, as in {default = ["team"], error = ["oncall"]}.',
            ),
        ],
    ),
    "freezes": (
        """optional(list(object({
      weekly = optional(string)
      daily  = optional(string)
      from   = optional(string)
      to     = optional(string)
      zone   = string
      reason = optional(string)
    })))""",
        [
            (
                'alltrue([for one in coalesce(service.freezes, []) : one.zone != "" && length([for said in [one.weekly, one.daily, one.from] : said if said != null]) == 1 && (one.from == null) == (one.to == null)])',
                'freezes: each weekly, daily, or from and to, as in {weekly = "Fri 16:00 - Mon 08:00", zone = "Europe/Berlin"}.',
            ),
        ],
    ),
}

# The order of the sections of the document; new ones follow.
SECTIONS = ("names", "slack", "events", "deployment", "", "aws")

# What the installation adds to the meaning: of Terraform, of CloudFormation.
NOTES = {
    "CLUSTER_NAME_PATTERN": ("", "With another pattern than the default, give EcsClusterName, too."),
    "SERVICE_NAME_PATTERN": ("Not used for services that have a name.", "Not used with EcsServiceMap."),
    "TASK_FAMILY_PATTERN": (
        "Not used for services that have a name.",
        "Not used with EcsServiceMap. With another pattern than the default, give TaskFamilies, too.",
    ),
    "ENABLE_ECR_MONITORING": ("Off: the rule is not made.", "Off: the rule is not made."),
    "ENABLE_SSM_MONITORING": ("Off: the rule is not made.", "Off: the rule is not made."),
    "ENABLE_S3_MONITORING": (
        "Off, or without files: the rule is not made.",
        "The rule is made only if S3Buckets is given.",
    ),
    "ENABLE_MANUAL_DEPLOY": ("Off: the rule is not made.", "Off: the rule is not made."),
    "REQUESTS_WITHOUT_ENV": ("Several environments in one account: ignore.",) * 2,
    "ECR_DEPLOY_MODE": (
        "With revision the function may register revisions, and pass the roles of task_role_arns to them.",
        "With revision the function may register revisions, and pass the roles of TaskRoleArns to them.",
    ),
    "DEPLOYMENT_STRATEGY": (
        "An object is given by jsonencode(). Roles of Lambda hooks belong into hook_role_arns.",
        "Roles of Lambda hooks belong into HookRoleArns.",
    ),
    "TARGET_ORDER": ("Needs a longer timeout_seconds.", "Needs TimeoutSeconds = 900."),
    "ROLL_BACK_EARLIER_TARGETS": ("The role may then do what it may with rollback_on_failure.", "The role may then do what it may with RollbackOnFailure."),
    "WAIT_FOR_DEPLOYMENT": ("Needs a longer timeout_seconds.", "Needs TimeoutSeconds = 900."),
    "SWEEP_INTERVAL_SECONDS": ("Whole minutes. The rule is made with it.", "The rule is made with it."),
    "VERIFY_SCHEDULE_ROLE": (
        "Empty, with verify_alarms or verify_urls: the module makes one.",
        "Empty, with VerifyAlarms or VerifyUrls: the template makes one.",
    ),
    "VERIFY_SCHEDULE_GROUP": ("It has to exist.", "It has to exist."),
    "SCHEDULE_ROLE": (
        "Both empty, with holds, freeze_windows, change_calendars, approval_key, verify_alarms or verify_urls: the module makes one.",
        "Both empty, with Holds, FreezeWindows, ChangeCalendars, ApprovalKey, VerifyAlarms or VerifyUrls: the template makes one.",
    ),
    "SCHEDULE_GROUP": ("It has to exist.", "It has to exist."),
    "HOLDS": ("The role may then read, write and remove that tag.",) * 2,
    "FREEZE_WINDOWS": ("A list, given by jsonencode().", "JSON."),
    "PIPELINES": ("An object, given by jsonencode().", "JSON."),
    "CHANNELS": (
        "An object, given by jsonencode(). The role may read the secrets and publish to the topics that it names.",
        "JSON. The role may read what ChannelSecretArns and ChannelParameterArns name, and publish to the topics of ChannelTopicArns.",
    ),
    "NOTIFY": ("An object, given by jsonencode().", "JSON."),
    "PIPELINE_STATE_MACHINE": (
        "Empty, with enable_pipelines: the module makes one.",
        "Empty, with EnablePipelines: the template makes one.",
    ),
    "REGIONS": (
        "The role may deploy in these. Each other one than the function's needs modules/forwarding.",
        "The role may deploy in these. Each other one than the stack's needs a stack of target.yaml.",
    ),
    "FUNCTION_URL": (
        "Of enable_function_url it is the output of the same name, known once that is applied. The function may then invoke itself.",
        "Of EnableFunctionUrl it is the output of the same name, known once that is there. The function may then invoke itself.",
    ),
    "CODE_DEPLOY": ("The rule for its events and its permissions are made with it.",) * 2,
    "AWS_CA_BUNDLE": ("It comes in a layer of the function.", "It comes in a layer of the function."),
}


@dataclasses.dataclass(frozen=True)
class Special:
    """What an installation takes, where that is less than what the function takes."""

    pattern: str = ""
    expects: str = ""
    condition: str = ""  # of Terraform's validation; {var} is the variable
    values: tuple[str, ...] = ()  # CloudFormation can only offer a choice


ENDPOINT = Special(pattern=r"^https?://[^/\s]+$", expects="http://HOST[:PORT] or https://HOST[:PORT]")
SPECIAL = {
    "FUNCTION_URL": Special(pattern=r"^https://[^?#\s]+$", expects="https://HOST[/PATH], without ? and #"),
    "AWS_ENDPOINT_URL_ECS": ENDPOINT,
    "AWS_ENDPOINT_URL": ENDPOINT,
    "AWS_CA_BUNDLE": Special(pattern=r"^/.*$", expects="an absolute path, such as /opt/ca.pem"),
    "SWEEP_INTERVAL_SECONDS": Special(
        condition="{var} >= 0 && {var} <= 86400 && {var} % 60 == 0",
        expects="0 for no sweep, or a multiple of 60 from 60 to 86400, because EventBridge counts in minutes",
        values=tuple(
            "0 60 120 300 600 900 1200 1800 3600 7200 10800 14400 21600 43200 86400".split()
        ),  # as in Mappings.SweepSchedules
    ),
}


# The same for what is said of a service: pattern and example.
SPECIAL_MEMBERS = {
    "repositories": ("^[a-z0-9][a-z0-9._/-]*$", "names of repositories, without the registry and without a tag"),
    "parameters": ("^/?[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*/?$", "paths of parameters, such as /dev/shop/api"),
    "tags": ("", "globs such as v*, ranges of versions such as >=2.0 <3, or /regular expressions/, each with ! before it to exclude"),
    "files": ("", 'every file needs a bucket and a key, as in {bucket = "shop-env", key = "api.env"}'),
}


@dataclasses.dataclass(frozen=True)
class Setting:
    name: str
    section: str  # of the document; "" for what stands at its top
    meaning: str
    expects: str
    schema: dict

    @property
    def input(self) -> str:
        return self.name.lower()

    @property
    def parameter(self) -> str:
        return parameter_of(self.name)

    @property
    def kind(self) -> str:
        return "choice" if "enum" in self.schema else self.schema["type"]

    @property
    def is_secret(self) -> bool:
        return self.meaning.endswith("Never printed.")

    @property
    def special(self) -> Special:
        return SPECIAL.get(self.name, Special())

    @property
    def pattern(self) -> str:
        return self.special.pattern or self.schema.get("pattern", "")

    @property
    def bounds(self) -> tuple[int, int, bool]:
        """Of a whole number: the smallest, the largest, and whether 0 is taken beside them."""
        ranges = self.schema.get("anyOf", [self.schema])
        bounded = next(one for one in ranges if "maximum" in one)
        return bounded["minimum"], bounded["maximum"], {"const": 0} in ranges

    @property
    def default(self):
        return self.schema.get("default", [] if self.kind == "array" else "")


def parameter_of(name: str) -> str:
    return "".join(word.capitalize() for word in name.split("_"))


def plain(node):
    """A value that is a word or an object is a text for an installation: the word, or the object as JSON."""
    if isinstance(node, dict) and node.get("type") == ["string", "object"]:
        return {key: node[key] for key in ("description", "pattern") if key in node} | {"type": "string"}
    # So is a list of objects of several kinds.
    if isinstance(node, dict) and "Variable: FREEZE_WINDOWS." in str(node.get("description")):
        return {"description": node["description"], "pattern": r"^\s*\[[\s\S]*\]\s*$", "type": "string"}
    if isinstance(node, dict) and re.search(r"Variable: (PIPELINES|CHANNELS|NOTIFY)\.$", str(node.get("description"))):
        return {"description": node["description"], "pattern": r"^\s*\{[\s\S]*\}\s*$", "type": "string"}
    if isinstance(node, dict):
        return {key: plain(one) for key, one in node.items()}
    return node


def read_schema() -> dict:
    return plain(json.loads(SCHEMA.read_text()))


def leaves(node: dict, section: str = ""):
    for key, one in node["properties"].items():
        if key in ("$schema", "services", "defaults"):
            continue
        if one.get("type") == "object" and "properties" not in one:
            continue  # OTHER_MAPS: by hand
        if one.get("type") == "object":
            yield from leaves(one, key)
        else:
            yield section, one


def settings() -> list[Setting]:
    """In the order of SECTIONS, without those that Lambda sets."""
    found = []
    for section, one in leaves(read_schema()):
        said = re.fullmatch(r"(.*) Looks like: (.*)\. Variable: ([A-Z0-9_]+)\.", one["description"], re.DOTALL)
        assert said, f"{SCHEMA.name} describes a setting in another way than infra/generate.py expects: {one}"
        meaning, expects, name = said.groups()
        if name not in RESERVED:
            found.append(Setting(name, section, meaning, expects, one))
    order = {section: at for at, section in enumerate(SECTIONS)}
    return sorted(found, key=lambda setting: order.get(setting.section, len(order)))


def generated() -> list[Setting]:
    return [setting for setting in settings() if setting.name not in BY_HAND]


def without_marks(text: str) -> str:
    return text.replace("`", "")


def description(setting: Setting, names: dict[str, str], note: str) -> str:
    """In the words of the installation, whose names the settings have there."""
    meaning = re.sub(r"`([A-Z][A-Z0-9_]+)`", lambda found: names.get(found[1], found[0]), setting.meaning)
    meaning = " ".join(part for part in (without_marks(meaning), note) if part)
    return f"{meaning.removesuffix('.')} ({setting.name})."


# --- Terraform ----------------------------------------------------------------------------------------------------


def hcl(value) -> str:
    """A value, or a text in quotes."""
    return json.dumps(value, ensure_ascii=False).replace("${", "$${").replace("%{", "%%{")


def block(*lines: str) -> str:
    """Equal signs of neighbours below each other, as `terraform fmt` wants them."""
    pairs = [line.split(" = ", 1) for line in lines]
    width = max(len(pair[0]) for pair in pairs)
    return "\n".join(f"{name.ljust(width)} = {value}" for name, value in pairs)


HCL_TYPES = {"choice": "string", "string": "string", "boolean": "bool", "integer": "number", "array": "list(string)"}


def condition(setting: Setting) -> str:
    """What Terraform checks; nothing for a bool, which can only be one."""
    var = f"var.{setting.input}"
    if setting.special.condition:
        return setting.special.condition.replace("{var}", var)
    if setting.kind == "choice":
        return f"contains({hcl(setting.schema['enum'])}, {var})"
    if setting.kind == "integer":
        low, high, or_zero = setting.bounds
        inside = f"{var} >= {low} && {var} <= {high}"
        return f"{f'({var} == 0 || {inside})' if or_zero else inside} && floor({var}) == {var}"
    if setting.kind == "array":
        return f"alltrue([for one in {var} : can(regex({hcl(setting.schema['items']['pattern'])}, one))])"
    if setting.kind == "string":
        matches = f"can(regex({hcl(setting.pattern)}, {var}))"
        return matches if setting.default else f'{var} == "" || {matches}'
    return ""


def terraform_variable(setting: Setting) -> str:
    inputs = {one.name: one.input for one in settings()} | {name: name.lower() for name in (*MAPS, *OTHER_MAPS)}
    note = NOTES.get(setting.name, ("", ""))[0]
    lines = block(
        f"  type = {HCL_TYPES[setting.kind]}",
        f"  description = {hcl(description(setting, inputs, note))}",
        f"  default = {hcl(setting.default)}",
        "  nullable = false",
    )
    if check := condition(setting):
        message = without_marks(setting.special.expects or setting.expects)
        rule = block(f"    condition = {check}", f"    error_message = {hcl(f'{setting.input}: {message}.')}")
        lines += f"\n  validation {{\n{rule}\n  }}"
    return f'variable "{setting.input}" {{\n{lines}\n}}\n'


SERVICES = "The services by their ids, in place of the seven maps: what ECS calls each, what it runs and reads, and which events deploy it"


def is_said_for_all(key: str) -> bool:
    """Such a list says something when it is empty: that what is said for all does not hold."""
    return key in read_schema()["properties"]["defaults"]["properties"]


def member_type(key: str, member: dict) -> str:
    if key in OBJECTS_OF_A_SERVICE:
        return OBJECTS_OF_A_SERVICE[key][0]
    if member.get("type") == "array":
        item = member["items"]
        if item["type"] == "object":
            fields = "\n".join(f"      {line}" for line in block(*(f"{key} = string" for key in item["properties"])).splitlines())
            return f"optional(list(object({{\n{fields}\n    }})), [])"
        return "optional(list(string))" if is_said_for_all(key) else "optional(list(string), [])"
    return f"optional({HCL_TYPES['choice' if 'enum' in member else member['type']]})"


def services_variable() -> str:
    services = read_schema()["properties"]["services"]
    members = {key: one for key, one in services["additionalProperties"]["properties"].items() if key not in NOT_OF_A_SERVICE}
    fields, batch = [], []

    def flush():
        if batch:
            fields.extend(block(*batch).splitlines())
            batch.clear()

    for key, member in members.items():
        line = f"    {key} = {member_type(key, member)}"
        if "\n" in line:  # what has several lines stands for itself
            flush()
            fields.append(line)
        else:
            batch.append(line)
    flush()

    ids = hcl(services["propertyNames"]["pattern"])
    checks = [(f"alltrue([for id in keys(var.services) : can(regex({ids}, id))])", 'the ids have letters, digits, \'_\', \'-\' and \'.\' only; the backend is "backend"')]
    for key, member in members.items():
        if key in OBJECTS_OF_A_SERVICE:
            for check, message in OBJECTS_OF_A_SERVICE[key][1]:
                checks.append((f"alltrue([for service in values(var.services) : {check}])", message.removesuffix(".")))
            continue
        said = re.fullmatch(r"(.*) Looks like: (.*)\.", member["description"])[2]
        pattern, special = SPECIAL_MEMBERS.get(key, ("", ""))
        expects = f"{key}: {special or without_marks(said)}"
        items = f"service.{key} == null ? [] : service.{key}" if is_said_for_all(key) else f"service.{key}"
        all_of = f"alltrue(flatten([for service in values(var.services) : [for one in {items}"
        if "enum" in member:
            # contains() takes no null, and `||` looks at both of its sides.
            checks.append((f"alltrue([for service in values(var.services) : contains({hcl(member['enum'])}, coalesce(service.{key}, {hcl(member['enum'][0])}))])", expects))
        elif member["type"] == "string":
            checks.append((f"alltrue([for service in values(var.services) : service.{key} == null || can(regex({hcl(member['pattern'])}, service.{key}))])", expects))
        elif member["type"] == "array" and member["items"]["type"] == "string":
            checks.append((f"{all_of} : can(regex({hcl(pattern or member['items']['pattern'])}, one))]]))", expects))
        elif member["type"] == "array":
            filled = " && ".join(f'one.{field} != ""' for field in member["items"]["properties"])
            checks.append((f"{all_of} : {filled}]]))", expects))
    rules = "".join(
        "  validation {\n" + block(f"    condition = {check}", f"    error_message = {hcl(f'services: {message}.')}") + "\n  }\n"
        for check, message in checks
    )
    fields = "\n".join(fields)
    rest = block(f"  description = {hcl(f'{SERVICES} (CI_LAMBDA_CONFIG).')}", "  default = {}", "  nullable = false")
    return f'variable "services" {{\n  type = map(object({{\n{fields}\n  }}))\n{rest}\n{rules}}}\n'


def defaults_variable() -> str:
    members = read_schema()["properties"]["defaults"]["properties"]
    fields = block(*(f"    {key} = {member_type(key, member)}" for key, member in members.items()))
    rest = block(
        f'  description = {hcl("What holds for every service of services that does not say it itself (CI_LAMBDA_CONFIG).")}',
        "  default = {}",
        "  nullable = false",
    )
    rules = ""
    for key, member in members.items():
        if member["type"] != "array":  # a bool can only be one
            continue
        one = f"var.service_defaults.{key}"
        check = f"alltrue([for one in {one} == null ? [] : {one} : can(regex({hcl(member['items']['pattern'])}, one))])"
        message = hcl(f"service_defaults: {key}: {SPECIAL_MEMBERS[key][1]}.")
        rules += "  validation {\n" + block(f"    condition = {check}", f"    error_message = {message}") + "\n  }\n"
    return f'variable "service_defaults" {{\n  type = object({{\n{fields}\n  }})\n{rest}\n{rules}}}\n'


def value_of(setting: Setting) -> str:
    var = f"var.{setting.input}"
    if setting.kind == "array":
        return f'join(",", {var})'
    return f"tostring({var})" if setting.kind in ("boolean", "integer") else var


def written_default(setting: Setting) -> str:
    default = setting.default
    return {True: "true", False: "false"}[default] if isinstance(default, bool) else str(default)


def settings_tf() -> str:
    ours = generated()
    defaults = block(*(f"    {one.name} = {hcl(written_default(one))}" for one in ours if one.default not in ("", [])))
    values = block(*(f"    {one.name} = {value_of(one)}" for one in ours))
    parts = [
        f"# Generated by `{COMMAND}` (infra/generate.py) out of the table of settings, src/config/settings.cpp. Not to be edited.\n",
        services_variable(),
        defaults_variable(),
        *(terraform_variable(setting) for setting in ours),
        "locals {\n"
        "  # What the function takes when a variable is missing.\n"
        f"  function_defaults = {{\n{defaults}\n  }}\n\n"
        "  # The settings as the function's variables say them.\n"
        f"  plain_settings = {{\n{values}\n  }}\n"
        "}\n",
    ]
    return "\n".join(parts)


# --- the module's README ------------------------------------------------------------------------------------------


def blocks(kind: str, text: str) -> list[tuple[str, str]]:
    """Name and body of every block of a kind."""
    return re.findall(rf'^{kind} "(\w+)" \{{\n(.*?)^\}}', text, re.MULTILINE | re.DOTALL)


def attribute(body: str, name: str) -> str | None:
    """Its value, on one line."""
    found = re.search(rf"^  {name}\s+= (.*?)(?=^  \w|\Z)", body, re.MULTILINE | re.DOTALL)
    return " ".join(found[1].split()) if found else None


def text_of(body: str) -> str:
    return json.loads(attribute(body, "description"))


INPUT_FILES = ("variables.tf", "settings.tf")
OUTPUT_FILES = ("outputs.tf", "documents.tf")


def inputs_table(written: dict[pathlib.Path, str] | None = None, folder=MODULE, files=INPUT_FILES) -> str:
    rows = ["| input | type | default | what it is |", "|---|---|---|---|"]
    for name, body in [one for file in files for one in blocks("variable", text_in(folder / file, written))]:
        default = attribute(body, "default")
        shown = {None: "**required**", "null": "none"}.get(default, f"`{default}`")
        rows.append(f"| `{name}` | `{attribute(body, 'type')}` | {shown} | {text_of(body)} |")
    return "\n".join(rows) + "\n"


def outputs_table(written: dict[pathlib.Path, str] | None = None, folder=MODULE, files=OUTPUT_FILES) -> str:
    rows = ["| output | what it is |", "|---|---|"]
    for file in files:
        rows += [f"| `{name}` | {text_of(body)} |" for name, body in blocks("output", text_in(folder / file, written))]
    return "\n".join(rows) + "\n"


def text_in(path: pathlib.Path, written: dict[pathlib.Path, str] | None) -> str:
    return written[path] if written and path in written else path.read_text()


def with_table(text: str, table: str) -> str:
    """The table that has the same head, replaced."""
    head = table.split("\n", 1)[0]
    assert text.count(head) == 1, f"there is not one table that begins with {head}"
    return re.sub(re.escape(head) + r"\n(?:\|.*\n)*", lambda _: table, text)


# --- CloudFormation -----------------------------------------------------------------------------------------------


def yaml(text: str) -> str:
    """A text in double quotes."""
    return json.dumps(text, ensure_ascii=False)


def whole(pattern: str) -> str:
    """CloudFormation compares the whole value, so that neither end is said."""
    return pattern.removeprefix("^").removesuffix("$")


def cloudformation_parameter(setting: Setting) -> str:
    parameters = {one.name: one.parameter for one in settings()} | {name: parameter_of(name) for name in (*MAPS, *OTHER_MAPS)}
    note = NOTES.get(setting.name, ("", ""))[1]
    lines = ["Type: Number" if setting.kind == "integer" and not setting.special.values else "Type: String"]
    lines.append(f"Description: {yaml(description(setting, parameters, note))}")
    expects = f"ConstraintDescription: {yaml(without_marks(setting.special.expects or setting.expects))}"
    if setting.special.values:
        lines += [f"Default: {yaml(written_default(setting))}", f"AllowedValues: {json.dumps(setting.special.values)}"]
    elif setting.kind == "boolean":
        lines += [f"Default: {yaml(written_default(setting))}", 'AllowedValues: ["true", "false"]']
    elif setting.kind == "choice":
        lines += [f"Default: {yaml(setting.default)}", f"AllowedValues: {json.dumps(setting.schema['enum'])}"]
    elif setting.kind == "integer":
        low, high, or_zero = setting.bounds
        lines += [f"Default: {setting.default}", f"MinValue: {0 if or_zero else low}", f"MaxValue: {high}"]
    else:
        if setting.is_secret:
            lines.append("NoEcho: true")
        if setting.kind == "array":
            item = whole(setting.schema["items"]["pattern"])
            pattern = f"({item}(,{item})*)?"
        else:
            pattern = whole(setting.pattern) if setting.default else f"({whole(setting.pattern)})?"
        default = "" if setting.kind == "array" else setting.default
        lines += [f"Default: {yaml(default)}", f"AllowedPattern: {yaml(pattern)}", expects]
    return "\n".join([f"  {setting.parameter}:", *(f"    {line}" for line in lines)]) + "\n"


def said_defaults() -> dict[str, str]:
    """Variables that the template leaves to the document while their parameter is at its default, which is given as YAML."""
    found = {
        # A number as what it is.
        one.name: str(one.default) if one.kind == "integer" else yaml(written_default(one))
        for one in generated()
        if one.default not in ("", [])
    }
    # The function has to know what the template's own rule does.
    del found["SWEEP_INTERVAL_SECONDS"]
    return found | {"SERVICE_CONFIG": yaml("{}")}


def conditions() -> str:
    return "".join(
        f"  Says{parameter_of(name)}: !Or [!Not [{{ Condition: HasConfig }}], "
        f"!Not [!Equals [!Ref {parameter_of(name)}, {default}]]]\n"
        for name, default in said_defaults().items()
    )


def environment() -> str:
    names = ["PROJECT_NAME", "PROJECT_ENV", *MAPS, *OTHER_MAPS, "SLACK_WEBHOOK_URL", "VERIFY_ALARMS", "VERIFY_URLS", *(setting.name for setting in generated())]
    said = said_defaults()

    def value(name: str) -> str:
        parameter = parameter_of(name)
        if name == "VERIFY_SCHEDULE_ROLE":  # the template has one, where none is named
            return "!If [VerifyRoleWanted, !GetAtt VerifyRole.Arn, !Ref VerifyScheduleRole]"
        if name == "PIPELINE_STATE_MACHINE":  # so it has of these; its ARN is composed, as it is told the function's
            arn = "arn:${AWS::Partition}:states:${AWS::Region}:${AWS::AccountId}:stateMachine:${Name}-pipelines"
            function = '!If [HasFunctionName, !Ref FunctionName, !Sub "${ProjectName}_ci_lambda_${ProjectEnv}"]'
            return f'!If [StateMachineMade, !Sub ["{arn}", {{ Name: {function} }}], !Ref PipelineStateMachine]'
        return f"!If [Says{parameter}, !Ref {parameter}, !Ref AWS::NoValue]" if name in said else f"!Ref {parameter}"

    return "".join(f"          {name}: {value(name)}\n" for name in names)


def group(names: bool) -> str:
    ours = [setting.parameter for setting in generated() if (setting.section == "names") == names]
    return "".join(f"          - {name}\n" for name in ours)


def definition() -> str:
    """Of the state machine, in which ${Function} stands for the function's ARN."""
    text = STATE_MACHINE.read_text().replace("${Partition}", "${AWS::Partition}")
    lines = "".join(f"          {line}\n" for line in text.splitlines())
    return f"      DefinitionString: !Sub\n        - |\n{lines}        - Function: !GetAtt Function.Arn\n"


def dashboard() -> str:
    """Of the metrics, in which Terraform's names stand for what the template calls otherwise."""
    names = {"project": "ProjectName", "environment": "ProjectEnv", "function": "Function", "region": "AWS::Region"}
    text = re.sub(r"\$\{(\w+)\}", lambda found: f"${{{names[found[1]]}}}", DASHBOARD.read_text())
    return "      DashboardBody: !Sub |\n" + "".join(f"        {line}\n" for line in text.splitlines())


def template_parts() -> dict[str, str]:
    return {
        "names": group(names=True),
        "behaviour": group(names=False),
        "parameters": "".join(cloudformation_parameter(setting) for setting in generated()),
        "conditions": conditions(),
        "environment": environment(),
        "definition": definition(),
        "dashboard": dashboard(),
    }


def with_parts(text: str, parts: dict[str, str], template: pathlib.Path = TEMPLATE) -> str:
    """What stands between `# generated: NAME` and `# end of what is generated`, replaced."""
    for name, part in parts.items():
        between = re.compile(rf"^( *# generated: {name} .*\n)(?:.*\n)*?( *# end of what is generated\n)", re.MULTILINE)
        text, count = between.subn(lambda found, part=part: found[1] + part + found[2], text)
        assert count == 1, f"{template.name} does not have one place for {name}"
    return text


# --- the template of a further region or account -------------------------------------------------------------------
# Its rules and the statements of its role are those of the function's own stack, word for word where they can be; and of its
# conditions and parameters it has those that these need, if it does not say them itself.

RULES = ("EcrRule", "SsmRule", "SecretRule", "S3Rule", "EcsRule", "CodeDeployRule", "TaskRule", "ManualRule")
# Of the function's role: what belongs to the function itself.
NOT_OF_A_TARGET = {
    "AssumeTheRolesOfTargets", "AskWhetherCalendarsAreOpen", "WriteTheLog", "KeepWhatFailed", "PlanTheNextLook", "PassTheRoleOfTheLooks",
    "InvokeItself", "ReadSecretsOfChannels", "ReadParametersOfChannels", "PublishToChannels", "BeginPipelines", "LookAfterPipelines", "ReadSigningSecret", "ReadApprovalKey", "ReadPreviousApprovalKey",
    "TakeEventsOutOfTheQueue", "ReadTheConfiguration", "DecryptTheConfiguration", "ReadTheWebhook", "DecryptTheWebhook",
    "ReadTheEnvironment", "BeInTheNetwork", "LeaveTheNetworkToLambda",
}  # fmt: skip
TO_THE_HUB = """      Targets:
        - Id: hub
          Arn: !Ref BusArn
          RoleArn: !GetAtt SenderRole.Arn
          DeadLetterConfig:
            Arn: !GetAtt FailedEvents.Arn
"""


def section(text: str, name: str) -> dict[str, str]:
    """What a template has under one of its heads, by name, as it is written."""
    body = re.search(rf"^{name}:\n((?:[ #].*\n|\n)*)", text, re.MULTILINE)[1]
    found = re.findall(r"^  (\w+):((?: .*)?\n(?:    .*\n|\n(?=    ))*)", body, re.MULTILINE)
    return {one: f"  {one}:{rest}" for one, rest in found}


def rule_of_a_target(text: str) -> str:
    """A rule of the function's stack, for what happens here alone, and to the bus of the function."""
    text = re.sub(r"^( +(?:- )?account:) .*", r"\1 [!Ref AWS::AccountId]", text, flags=re.MULTILINE)
    text = re.sub(r"^( +region:) .*", r"\1 [!Ref AWS::Region]", text, flags=re.MULTILINE)
    # What happens elsewhere, and why.
    text = re.sub(r"^ +(- !If \[Has(Regions|Targets), \{|# Elsewhere:|# Nobody in a target's account).*\n", "", text, flags=re.MULTILINE)
    text = re.sub(r"^      Targets:\n(        .*\n)+", TO_THE_HUB, text, flags=re.MULTILINE)
    text = text.replace("Condition: ManualRuleWanted", "Condition: ManualRuleHere")
    return text.replace("${Function}-", "${FunctionName}-")


def statements_of_a_role(role: str) -> dict[str, str]:
    """By their names, each with the comment above it."""
    body = role.split("            Statement:\n", 2)[-1]
    items = re.findall(r"(?:^              # .*\n)*^              - .*\n(?:^               +.*\n)*", body, re.MULTILINE)
    return {re.search(r"Sid: (\w+)", item)[1]: item for item in items}


def needed(text: str, known: dict[str, str], patterns: tuple[str, ...]) -> set[str]:
    return {name for pattern in patterns for name in re.findall(pattern, text) if name in known}


CONDITION_USES = (r"!If \[(\w+),", r"!If\n\s+- (\w+)\n", r"Condition: (\w+)")
PARAMETER_USES = (r"!Ref (\w+)", r"\$\{(\w+)\}")


def target_parts(home: str) -> dict[str, str]:
    skeleton = with_parts(TARGET_TEMPLATE.read_text(), dict.fromkeys(TARGET_PARTS, ""), TARGET_TEMPLATE)
    resources, conditions, parameters = (section(home, name) for name in ("Resources", "Conditions", "Parameters"))
    rules = "\n".join(rule_of_a_target(resources[name]) for name in RULES)
    statements = statements_of_a_role(resources["FunctionRole"])
    allowed = "".join(text for name, text in statements.items() if name not in NOT_OF_A_TARGET)

    said = section(skeleton, "Conditions")
    conditions = {name: text for name, text in conditions.items() if name not in said}
    wanted = needed(skeleton + rules + allowed, conditions, CONDITION_USES)
    while (more := wanted | needed("".join(conditions[name] for name in wanted), conditions, CONDITION_USES)) != wanted:
        wanted = more
    ours = [name for name in conditions if name in wanted]
    text = skeleton + rules + allowed + "".join(conditions[name] for name in ours)
    taken = needed(text, parameters, PARAMETER_USES) - set(section(skeleton, "Parameters"))
    in_order = [name for name in parameters if name in taken]
    return {
        "group": "".join(f"          - {name}\n" for name in in_order),
        "parameters": "".join(parameters[name] for name in in_order),
        "conditions": "".join(conditions[name] for name in ours),
        "rules": rules,
        "statements": allowed,
    }


TARGET_PARTS = ("group", "parameters", "conditions", "rules", "statements")


# --- all of it ----------------------------------------------------------------------------------------------------


def files() -> dict[pathlib.Path, str]:
    """Every file that has something generated in it, as it should be."""
    written = {MODULE / "settings.tf": settings_tf()}
    readme = MODULE / "README.md"
    written[readme] = with_table(with_table(readme.read_text(), inputs_table(written)), outputs_table(written))
    for folder in SUBMODULES:
        readme = folder / "README.md"
        inputs, outputs = inputs_table(None, folder, ("variables.tf",)), outputs_table(None, folder, ("documents.tf", "main.tf"))
        written[readme] = with_table(with_table(readme.read_text(), inputs), outputs)
    written[TEMPLATE] = with_parts(TEMPLATE.read_text(), template_parts())
    written[TARGET_TEMPLATE] = with_parts(TARGET_TEMPLATE.read_text(), target_parts(written[TEMPLATE]), TARGET_TEMPLATE)
    return written


def stale() -> list[pathlib.Path]:
    return [path for path, text in files().items() if not path.exists() or path.read_text() != text]


def main() -> int:
    check = sys.argv[1:] == ["--check"]
    if sys.argv[1:] and not check:
        print(__doc__, file=sys.stderr)
        return 2
    wanted = files()
    for path in stale():
        print(f"{path.relative_to(ROOT)} {'is stale' if check else 'is written anew'}")
        if not check:
            path.write_text(wanted[path])
    if check and stale():
        print(f"`{COMMAND}` writes them anew.", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
