"""The Terraform module's input `services`: the document that is made of it, where that is kept, who may read it."""

import json
import re

import pytest

from support.iam import allows
from support.paths import TERRAFORM_MODULE
from support.program import configuration
from support.projects import BY_MAP, BY_SERVICES, SERVICES
from support.terraform import LEAST, Refused, Terraform, copy_module

REGION = "us-east-1:123456789012"
KEY = "arn:aws:kms:us-east-1:123456789012:key/1"


def many(count: int) -> dict:
    """Services that take 66 bytes of the document each, and ten quotes."""
    return {f"s{i:03}": {"service_name": f"service--{i:03}", "task_family": f"family-{i:03}"} for i in range(count)}


def size(text: str) -> int:
    return len(text.encode())


def added(policy: dict, without: dict) -> list[dict]:
    """The statements that the other policy does not have."""
    return [one for one in policy["Statement"] if one not in without["Statement"]]


def test_services_give_the_same_rules_role_and_configuration_as_the_maps(terraform):
    by_map = terraform.render(**BY_MAP.variables)
    by_services = terraform.render(**BY_SERVICES.variables)

    assert by_services.patterns == by_map.patterns
    assert by_services.policy == by_map.policy
    ours, theirs = configuration(by_services.environment), configuration(by_map.environment)
    assert ours["services"] == theirs["services"]
    assert ours["defaults"] == theirs["defaults"]


def test_the_document_says_what_is_said_and_nothing_else(terraform):
    services = {
        "api": {"repositories": ["shop/api"], "tags": [">=2.0 <3", "!*-rc*"]},
        "worker": {"auto_deploy": False, "tags": []},
        "backend": {},
    }
    documents = terraform.render(services=services)
    assert json.loads(documents.configuration["document"]) == {"services": services}
    assert documents.environment == {
        "PROJECT_NAME": "shop",
        "PROJECT_ENV": "dev",
        "CI_LAMBDA_CONFIG": documents.configuration["document"],
    }

    documents = terraform.render(services=services, service_defaults={"auto_deploy": False})
    assert json.loads(documents.configuration["document"])["defaults"] == {"auto_deploy": False}
    assert configuration(documents.environment)["defaults"] == {"auto_deploy": False, "tags": []}

    defaults = {"tags": ["v*", "/main-[0-9]+/"]}
    documents = terraform.render(services=services, service_defaults=defaults)
    assert json.loads(documents.configuration["document"])["defaults"] == defaults
    said = configuration(documents.environment)
    assert said["defaults"] == {"auto_deploy": True} | defaults
    assert {id: service.get("tags") for id, service in said["services"].items()} == {
        "api": [">=2.0 <3", "!*-rc*"],
        "worker": [],
        "backend": None,
    }


def test_without_services_there_is_no_document_and_nothing_to_read(terraform):
    documents = terraform.render()
    assert documents.configuration is None
    assert "CI_LAMBDA_CONFIG" not in documents.environment
    # What is said of it has no effect either.
    assert terraform.render(config_store="ssm").policy == documents.policy


def test_services_without_a_name_leave_the_role_and_the_names_to_the_patterns(terraform):
    by_rule = terraform.render()
    documents = terraform.render(services={"api": {"auto_deploy": False}, "backend": {}})
    assert documents.policy == by_rule.policy
    assert documents.patterns == by_rule.patterns


@pytest.mark.parametrize("pattern", ["{project}_service_{name}_{env}", "{name}_{project}", "{project}-{name}-{env}"])
def test_where_one_service_has_a_name_the_role_names_all_as_the_function_does(pattern, terraform):
    services = {"api": {"service_name": "front-door", "task_family": "f"}, "worker": {}, "backend": {}}
    patterns = {"service_name_pattern": pattern, "task_family_pattern": pattern}
    documents = terraform.render(services=services, **patterns)

    known = configuration(documents.environment)["services"]
    assert set(known) == set(services)
    families = {id: service["task_family"] for id, service in known.items()}
    # With one pattern for both, who has no name of its own is called like its family.
    names = {id: service.get("service_name", families[id]) for id, service in known.items()}
    (roll,) = [one for one in documents.policy["Statement"] if one["Sid"] == "RollTheServicesOfThisCluster"]
    assert {one.rsplit("/", 1)[1] for one in roll["Resource"]} == set(names.values())
    bound = {one.rsplit("/", 1)[1].split(":")[0] for one in roll["Condition"]["ArnLikeIfExists"]["ecs:task-definition"]}
    assert {one for one in bound if not one.endswith("-rollback")} == set(families.values())


# --- where the document is kept ---


def test_the_smallest_store_that_fits_is_chosen(terraform):
    chosen = {}
    for count in (1, 40, 50, 110, 130):
        documents = terraform.render(services=many(count))
        configuration = documents.configuration
        chosen[count] = configuration["store"]
        assert configuration["bytes"] == size(configuration["document"])
        # As Lambda measures it: all variables as one JSON object.
        assert size(json.dumps(documents.environment, separators=(",", ":"))) <= 4096
        if configuration["store"] == "ssm":
            assert configuration["bytes"] <= 8192
    assert chosen == {1: "environment", 40: "environment", 50: "ssm", 110: "ssm", 130: "package"}


def test_sizes_are_counted_in_bytes(terraform):
    files = {"api": {"files": [{"bucket": "shop-env", "key": "ü" * 1200}]}}
    documents = terraform.render(services=files)
    assert documents.configuration["bytes"] == size(documents.configuration["document"]) > 2400

    files["api"]["files"] *= 2
    assert terraform.render(services=files).configuration["store"] == "ssm"


def test_what_is_in_the_other_variables_counts_and_a_webhook_changes_nothing(terraform):
    services = many(40)
    alone = terraform.render(services=services).configuration["store"]
    assert alone == "environment"
    webhook = {"slack_webhook_url": "https://hooks.example.com/services/" + "x" * 60}
    assert terraform.render(services=services, **webhook).configuration["store"] == alone
    accounts = {"event_accounts": [f"{i:012}" for i in range(60)]}
    assert terraform.render(services=services, **accounts).configuration["store"] == "ssm"


REFERENCES = {
    "package": "file:/opt/ci_lambda.json",
    "ssm": "ssm:/ci_lambda/shop_ci_lambda_dev",
    "s3": "s3://shop-config/ci_lambda/shop_ci_lambda_dev.json",
}
STORES = {
    "environment": {"config_store": "environment"},
    "package": {"config_store": "package"},
    "ssm": {"config_store": "ssm"},
    "s3": {"config_store": "s3", "config_s3": {"bucket": "shop-config"}},
}
ONE = {"api": {"auto_deploy": False}}


@pytest.mark.parametrize("store", STORES)
def test_the_function_is_told_where_the_document_is(store, terraform):
    documents = terraform.render(services=ONE, **STORES[store])
    assert documents.configuration["store"] == store
    reference = documents.environment["CI_LAMBDA_CONFIG"]
    assert reference == REFERENCES.get(store, documents.configuration["document"])


def test_the_parameter_is_none_whose_change_deploys_something(terraform):
    documents = terraform.render(services=ONE, config_store="ssm")
    name = documents.environment["CI_LAMBDA_CONFIG"].removeprefix("ssm:")
    prefixes = [one["prefix"] for one in documents.patterns["ssm"]["detail"]["name"]]
    assert not name.startswith(tuple(prefixes))


MAY_READ = {
    "environment": [],
    "package": [],
    "ssm": [(["ssm:GetParameter"], [f"arn:aws:ssm:{REGION}:parameter/ci_lambda/shop_ci_lambda_dev"])],
    "s3": [(["s3:GetObject"], ["arn:aws:s3:::shop-config/ci_lambda/shop_ci_lambda_dev.json"])],
}


@pytest.mark.parametrize("store", STORES)
def test_the_role_may_read_the_document_and_nothing_beside_it(store, terraform):
    statements = added(terraform.render(services=ONE, **STORES[store]).policy, terraform.render().policy)
    assert [(one["Action"], one["Resource"]) for one in statements] == MAY_READ[store]


def test_with_a_key_of_the_bucket_only_the_document_is_decrypted(terraform):
    s3 = {"bucket": "shop-config", "key": "dev/ci_lambda.json", "kms_key_arn": KEY}
    policy = terraform.render(services=ONE, config_store="s3", config_s3=s3).policy

    def may_decrypt(arn: str) -> bool:
        return allows(policy, "kms:Decrypt", KEY, **{"kms:EncryptionContext:aws:s3:arn": arn})

    assert may_decrypt("arn:aws:s3:::shop-config/dev/ci_lambda.json")
    # Where the bucket has a bucket key.
    assert may_decrypt("arn:aws:s3:::shop-config")
    assert not may_decrypt("arn:aws:s3:::shop-config/dev/another.json")
    assert not allows(policy, "kms:Decrypt", KEY)
    assert allows(policy, "s3:GetObject", "arn:aws:s3:::shop-config/dev/ci_lambda.json")


REFUSED = {
    "services and maps": ({"services": ONE} | BY_MAP.variables, "ecr_repo_map, ecs_service_map, s3_service_map, ssm_service_map"),
    "an id with a blank": ({"services": {"my api": {}}}, "services: the ids"),
    "an id that is empty": ({"services": {"": {}}}, 'the backend is "backend"'),
    "an ARN as a name": ({"services": {"api": {"service_name": "arn:aws:ecs:x"}}}, "without ARN"),
    "a family with a revision": ({"services": {"api": {"task_family": "f:7"}}}, "without ARN and revision"),
    "a repository with a tag": ({"services": {"api": {"repositories": ["shop/api:v1"]}}}, "without a tag"),
    "a path with an empty segment": ({"services": {"api": {"parameters": ["/dev//api"]}}}, "such as /dev/shop/api"),
    "a tag that is no pattern": ({"services": {"api": {"tags": ["v1,v2"]}}}, "services: tags: globs such as v*"),
    "a tag for all that is no pattern": (
        {"services": ONE, "service_defaults": {"tags": ["v*", ""]}},
        "service_defaults: tags: globs such as v*",
    ),
    "a filter of tags that is no pattern": ({"ecr_tag_filter": {"api": ["v[1]"]}}, "ecr_tag_filter: globs such as v*"),
    "a filter of tags for no service": ({"ecr_tag_filter": {"a b": ["v*"]}}, "or default for all others"),
    "services and a filter of tags": ({"services": ONE, "ecr_tag_filter": {"default": ["v*"]}}, "ecr_tag_filter as well"),
    "a file without a key": ({"services": {"api": {"files": [{"bucket": "b", "key": ""}]}}}, "a bucket and a key"),
    "a file of which a member is missing": ({"services": {"api": {"files": [{"bucket": "b"}]}}}, "key"),
    "two services with one name": (
        {"services": {id: {"service_name": "a"} for id in ("x", "y")}},
        "two services have the same name in ECS",
    ),
    "a name that a pattern makes as well": (
        {"services": {"x": {"service_name": "shop_service_y_dev"}, "y": {}}},
        "two services have the same name in ECS",
    ),
    "the backend twice": (
        {"services": {"backend": {}, "core": {}}, "backend_service_name": "core"},
        "backend and core are the same service",
    ),
    "a backend without a name": (
        {"services": {"backend": {}, "a": {"service_name": "x"}}, "service_name_pattern": "{name}"},
        "the patterns leave no name for the backend",
    ),
    "an unknown store": ({"services": ONE, "config_store": "dynamodb"}, "environment, package, ssm or s3"),
    "too much for the environment": (
        {"services": many(60), "config_store": "environment"},
        "Leave config_store out, or make it ssm, package or s3",
    ),
    "too much for a parameter": ({"services": many(130), "config_store": "ssm"}, "Make config_store package or s3"),
    "too much for the function": ({"services": {"api": {"files": [{"bucket": "b", "key": "k" * 1000}] * 1100}}}, "Divide the project"),
    "no bucket": ({"services": ONE, "config_store": "s3"}, 'config_s3 = { bucket = ".." }'),
    "a bucket for nothing": (
        {"services": ONE, "config_s3": {"bucket": "shop-config"}},
        'Give config_store = "s3", or leave config_s3 out',
    ),
    "a bucket with a key in it": ({"config_s3": {"bucket": "shop-config/dev"}}, "name of a bucket"),
    "an object for all": ({"config_s3": {"bucket": "shop-config", "key": "*"}}, "config_s3: key"),
    "an alias for the bucket": (
        {"config_s3": {"bucket": "shop-config", "kms_key_arn": "alias/x"}},
        "config_s3: kms_key_arn",
    ),
    "a sixth layer": (
        {
            "services": ONE,
            "config_store": "package",
            "layers": [f"arn:aws:lambda:{REGION}:layer:authorities:{i}" for i in range(5)],
        },
        "Give four layers",
    ),
}


@pytest.mark.parametrize("what", REFUSED)
def test_it_refuses(what, terraform):
    variables, word = REFUSED[what]
    with pytest.raises(Refused) as refused:
        terraform.render(**variables)
    # Terraform breaks lines where it likes.
    assert word in " ".join(re.sub(r"[│\x1b]", " ", str(refused.value)).split())


def test_a_change_of_the_document_reaches_the_function_however_it_is_kept():
    """Which only a provider could render."""
    kept, main = ((TERRAFORM_MODULE / name).read_text() for name in ("config_kept.tf", "main.tf"))
    blocks = dict(re.findall(r'^(?:resource|data) "(\w+)" "config" \{\n(.*?)^\}', kept, re.MULTILINE | re.DOTALL))

    assert re.search(r"^  insecure_value +\= local\.document$", blocks["aws_ssm_parameter"], re.MULTILINE)
    assert re.search(r'^  tier +\= "Intelligent-Tiering"$', blocks["aws_ssm_parameter"], re.MULTILINE)
    assert re.search(r"^  content +\= local\.document$", blocks["aws_s3_object"], re.MULTILINE)
    assert re.search(r"^  input += local\.document$", blocks["terraform_data"], re.MULTILINE)
    assert re.search(r"^    content +\= terraform_data\.config\[0\]\.output$", blocks["archive_file"], re.MULTILINE)
    assert "data.archive_file.config[0].output_base64sha256" in blocks["aws_lambda_layer_version"]
    for store, kind in {"ssm": "aws_ssm_parameter", "s3": "aws_s3_object", "package": "aws_lambda_layer_version"}.items():
        assert f'count = local.config_store == "{store}" ? 1 : 0\n' in blocks[kind]
        # The old one goes when the function knows the new one.
        assert "create_before_destroy = true" in blocks[kind]
    assert "aws_ssm_parameter.config, aws_s3_object.config" in re.search(r"depends_on = \[.*?\]", main, re.DOTALL)[0]


def test_the_zip_of_the_layer_is_made_anew_exactly_when_the_document_changes(tmp_path, terraform):
    """terraform_data is built in: its output is unknown while a change of its input is planned, so that the zip, which is
    made of it, is made while that is applied."""
    kept = (TERRAFORM_MODULE / "config_kept.tf").read_text()
    block = re.search(r'^resource "terraform_data" "config" \{\n.*?^\}\n', kept, re.MULTILINE | re.DOTALL)[0]
    block = block.replace('local.config_store == "package" ? 1 : 0', "1").replace("local.document", "var.document")
    (tmp_path / "main.tf").write_text(
        f'variable "document" {{\n  type = string\n}}\n{block}output "zipped" {{\n  value = terraform_data.config[0].output\n}}\n'
    )
    stand_in = Terraform.in_folder(terraform.program, tmp_path)
    stand_in.run("apply", "-auto-approve", "-no-color", "-var", "document=one")

    assert "No changes" in stand_in.run("plan", "-no-color", "-var", "document=one")
    assert re.search(r'\+?~? *zipped += "one" -> \(known after apply\)', stand_in.run("plan", "-no-color", "-var", "document=two"))


UNKNOWN_NAME = """
variable "store" {
  type    = string
  default = null
}
resource "terraform_data" "name" {
  input = "front-door"
}
module "ci_lambda" {
  source         = "./module"
  project_name   = "shop"
  project_env    = "dev"
  package_path   = "ci_lambda-arm64.zip"
  task_role_arns = []
  config_store   = var.store
  services = {
    api = { service_name = terraform_data.name.output, files = [{ bucket = terraform_data.name.output, key = "api.env" }] }
  }
}
"""
# What main.tf, events.tf and config_kept.tf must know when Terraform plans.
COUNTS = """
resource "terraform_data" "counted" {
  count = local.config_store == "ssm" ? 1 : 0
}
resource "terraform_data" "rules" {
  for_each = local.rules
}
"""


def test_names_that_are_known_only_after_the_apply_are_taken_where_the_store_is_given(tmp_path, terraform):
    (tmp_path / "module").mkdir()
    copy_module(tmp_path / "module")
    (tmp_path / "module" / "counts.tf").write_text(COUNTS)
    (tmp_path / "main.tf").write_text(UNKNOWN_NAME)
    stand_in = Terraform.in_folder(terraform.program, tmp_path)

    for store in ("environment", "package", "ssm"):
        assert "to add" in stand_in.run("plan", "-no-color", "-var", f"store={store}")
    # What the guide says of it.
    with pytest.raises(Refused, match="Invalid count argument"):
        stand_in.run("plan", "-no-color")


# --- the secret ---

SECRET = f"arn:aws:secretsmanager:{REGION}:secret:"
WEBHOOKS = {
    "secretsmanager:shop/slack": ("secretsmanager:GetSecretValue", f"{SECRET}shop/slack-??????"),
    f"secretsmanager:{SECRET}shop/slack-AbCdEf": ("secretsmanager:GetSecretValue", f"{SECRET}shop/slack-AbCdEf"),
    "ssm:/shop/dev/slack": ("ssm:GetParameter", f"arn:aws:ssm:{REGION}:parameter/shop/dev/slack"),
}


@pytest.mark.parametrize("reference", WEBHOOKS)
def test_a_webhook_that_is_kept_elsewhere_stays_out_of_the_environment_and_can_be_read(reference, terraform):
    documents = terraform.render(slack_webhook_url=reference)
    assert documents.environment["SLACK_WEBHOOK_URL"] == reference
    (statement,) = added(documents.policy, terraform.render().policy)
    assert ([statement["Action"]], statement["Resource"]) == ([[WEBHOOKS[reference][0]]], [WEBHOOKS[reference][1]])


def test_a_webhook_that_is_given_itself_asks_for_no_permission(terraform):
    webhook = "https://hooks.example.com/services/very/secret"
    assert terraform.render(slack_webhook_url=webhook).policy == terraform.render().policy


def test_only_that_secret_is_read_and_decrypted(terraform):
    policy = terraform.render(slack_webhook_url="secretsmanager:shop/slack", slack_webhook_kms_key_arn=KEY).policy

    def may_read(name: str) -> bool:
        return allows(policy, "secretsmanager:GetSecretValue", SECRET + name)

    def may_decrypt(name: str) -> bool:
        return allows(policy, "kms:Decrypt", KEY, **{"kms:EncryptionContext:SecretARN": SECRET + name})

    for may in (may_read, may_decrypt):
        assert may("shop/slack-AbCdEf")
        assert not may("shop/slack2-AbCdEf")
        assert not may("shop/slack-other-AbCdEf")
    assert not allows(policy, "kms:Decrypt", KEY)


def test_a_parameter_is_decrypted_by_its_name(terraform):
    policy = terraform.render(slack_webhook_url="ssm:/shop/dev/slack", slack_webhook_kms_key_arn=KEY).policy
    parameter = f"arn:aws:ssm:{REGION}:parameter/shop/dev/slack"
    assert allows(policy, "kms:Decrypt", KEY, **{"kms:EncryptionContext:PARAMETER_ARN": parameter})
    assert not allows(policy, "kms:Decrypt", KEY, **{"kms:EncryptionContext:PARAMETER_ARN": parameter + "2"})


def test_a_key_without_a_secret_opens_nothing(terraform):
    webhook = {"slack_webhook_url": "https://hooks.example.com/a/b", "slack_webhook_kms_key_arn": KEY}
    assert not allows(terraform.render(**webhook).policy, "kms:Decrypt", KEY)


@pytest.mark.parametrize("reference", ["secretsmanager:", "secretsmanager:*", "ssm:shop", "ssm:/shop/*", "s3://b/k", "file:/x"])
def test_it_refuses_references_to_no_single_secret(reference, terraform):
    with pytest.raises(Refused, match="slack_webhook_url"):
        terraform.render(slack_webhook_url=reference)


# --- the example: 30 services of Meroku ---


@pytest.fixture(scope="module")
def meroku(terraform, tmp_path_factory):
    """environment_limit -> the example."""
    made = {}

    def example(environment_limit: int = 4096) -> Terraform:
        if environment_limit not in made:
            folder = tmp_path_factory.mktemp("meroku")
            made[environment_limit] = Terraform.of_example(
                terraform.program, folder, "meroku-30-services", environment_limit
            )
        return made[environment_limit]

    return example


ROLES = {"task_role_arns": LEAST["task_role_arns"]}


def test_the_maps_of_30_services_do_not_fit_and_their_services_do(meroku):
    with pytest.raises(Refused) as refused:
        meroku().apply(ROLES | {"with_services": False})
    message = " ".join(re.sub(r"[│\x1b]", " ", str(refused.value)).split())
    assert "longer than the 4 KB that Lambda allows" in message and "Give services in place of the maps" in message

    documents = meroku().apply(ROLES)
    configuration = documents.configuration
    assert len(json.loads(configuration["document"])["services"]) == 30
    assert configuration["bytes"] > 8192 and configuration["store"] == "package"
    assert documents.environment["CI_LAMBDA_CONFIG"] == "file:/opt/ci_lambda.json"
    assert size(json.dumps(documents.environment)) < 300


def test_the_30_services_get_the_same_rules_role_and_configuration_as_by_their_maps(meroku):
    now = meroku().apply(ROLES)
    before = meroku(environment_limit=100000).apply(ROLES | {"with_services": False})

    assert set(now.patterns) == {"ecr", "ssm", "s3", "ecs", "manual"}
    assert now.pattern_texts == before.pattern_texts
    assert now.schedules == before.schedules
    assert now.policy == before.policy

    ours = configuration(now.environment | {"CI_LAMBDA_CONFIG": now.configuration["document"]})
    theirs = configuration(before.environment)
    assert len(theirs["services"]) == 30
    assert all(len(service["files"]) == 2 for service in theirs["services"].values())
    assert ours["services"] == theirs["services"]
    assert ours["defaults"] == theirs["defaults"]


def test_the_guide_makes_services_of_the_maps(meroku, tmp_path_factory, terraform):
    """The expression of MIGRATION.md, in place of what is written out."""
    guide = (TERRAFORM_MODULE / "MIGRATION.md").read_text()
    (expression,) = re.findall(r"```hcl\n(locals \{.*?)```", guide, re.DOTALL)
    folder = tmp_path_factory.mktemp("guide")
    by_guide = Terraform.of_example(terraform.program, folder, "meroku-30-services", 4096)
    (folder / "services.tf").write_text(expression)

    documents = [json.loads(one.apply(ROLES).configuration["document"]) for one in (by_guide, meroku())]
    assert documents[0] == documents[1]
