"""What is generated out of the table of settings is up to date, and a new setting needs nothing else."""

import copy

import generate
import pytest

import support.stack
from support.settings import settings
from support.stack import Stack
from support.terraform import Terraform


def test_what_is_generated_is_up_to_date():
    stale = [str(path.relative_to(generate.ROOT)) for path in generate.stale()]
    assert stale == [], f"`{generate.COMMAND}` writes them anew"


def test_the_schema_has_every_setting_but_the_maps():
    assert {setting.name for setting in generate.settings()} | {*generate.MAPS, *generate.OTHER_MAPS} == set(settings())


# What a row of the table would become in the schema: its member, and another value as an input and in the environment.
NEW = {
    "FREEZE": ({"type": "boolean", "default": False}, True, "true"),
    "PATIENCE_SECONDS": ({"type": "integer", "minimum": 5, "maximum": 50, "default": 7}, 9, "9"),
    "PAUSE_SECONDS": (
        {"type": "integer", "anyOf": [{"const": 0}, {"minimum": 60, "maximum": 600}], "default": 0},
        90,
        "90",
    ),
    "VOICE": ({"enum": ["low", "loud"], "default": "low"}, "loud", "loud"),
    "NICKNAME": ({"type": "string", "pattern": "^[a-z]+$"}, "shoppy", "shoppy"),
    "FRIENDS": ({"type": "array", "items": {"type": "string", "pattern": "^[a-z]+$"}}, ["ann", "bob"], "ann,bob"),
}


@pytest.fixture
def with_new_settings(monkeypatch):
    """The schema with a section more, whose settings are of all kinds."""
    schema = copy.deepcopy(generate.read_schema())
    schema["properties"]["manners"] = {
        "type": "object",
        "properties": {
            name.lower(): member | {"description": f"What it is. Looks like: something `good`. Variable: {name}."}
            for name, (member, _, _) in NEW.items()
        },
    }
    monkeypatch.setattr(generate, "read_schema", lambda: schema)


def test_a_new_setting_is_an_input_of_the_module(with_new_settings, terraform, tmp_path):
    module = Terraform(terraform.program, tmp_path)
    (tmp_path / "settings.tf").write_text(generate.settings_tf())

    environment = module.render(**{name.lower(): value for name, (_, value, _) in NEW.items()}).environment

    assert {name: environment.get(name) for name in NEW} == {name: text for name, (_, _, text) in NEW.items()}
    assert not set(NEW) & set(module.render().environment), "a default is said"


def test_a_new_setting_is_a_parameter_of_the_template(with_new_settings, aws, monkeypatch, tmp_path):
    template = tmp_path / "template.yaml"
    template.write_text(generate.with_parts(generate.TEMPLATE.read_text(), generate.template_parts()))
    monkeypatch.setattr(support.stack, "TEMPLATE", template)

    environment = Stack(**{generate.parameter_of(name): text for name, (_, _, text) in NEW.items()}).environment

    assert {name: environment[name] for name in NEW} == {name: text for name, (_, _, text) in NEW.items()}


def test_a_new_setting_stands_in_the_readme(with_new_settings):
    table = generate.inputs_table({generate.MODULE / "settings.tf": generate.settings_tf()})
    assert "| `patience_seconds` | `number` | `7` | What it is (PATIENCE_SECONDS). |" in table
