"""The recipes of docs/production.md, each with the document and the commands that stand there."""

import json
import pathlib
import re
import shlex

import pytest

from support.model import call
from support.programs import Sandbox, base_environment, cli
from support.waiting import eventually

DOCS = pathlib.Path(__file__).parents[2] / "docs" / "production.md"
CLUSTER = "shop_cluster_dev"
SERVICES = {"backend": "shop_service_dev", "api": "shop_service_api_dev", "worker": "shop_service_worker_dev"}
PATIENT = 0.2  # seconds between looks that ECS's quota of requests allows for ever

RECIPE = re.compile(r"<!-- recipe: (\w+) -->\n```json\n(.*?)```\n```bash\n(.*?)```", re.DOTALL)


def recipes() -> dict[str, tuple[str, list[str]]]:
    return {name: (document, commands.strip().splitlines()) for name, document, commands in RECIPE.findall(DOCS.read_text())}


def tools(sandbox: Sandbox, document: str) -> dict[str, str]:
    """What the page says for the second terminal."""
    printed = cli("sandbox", "--env", "--port", port_of(sandbox), environment=base_environment())
    # The document itself has several lines.
    variables = dict(re.findall(r"^export ([A-Z0-9_]+)='([^'\n]*)'$", printed.out, re.MULTILINE))
    return {**base_environment(), **variables, "CI_LAMBDA_CONFIG": document, "USER": "alice"}


def port_of(sandbox: Sandbox) -> str:
    return sandbox.url.rsplit(":", 1)[1]


def primary(sandbox: Sandbox, service: str) -> dict:
    return call(sandbox, "DescribeServices", cluster=CLUSTER, services=[SERVICES[service]])["services"][0]["deployments"][0]


def runs_42(sandbox: Sandbox, service: str) -> bool:
    one = primary(sandbox, service)
    return one["taskDefinition"].endswith(":42") and one["rolloutState"] == "COMPLETED"


def titles(sandbox: Sandbox) -> str:
    return json.dumps(sandbox.get("/sandbox/slack"))


def run(sandbox: Sandbox, document: str, line: str) -> None:
    words = shlex.split(line)
    assert words[0] == "ci_lambda"
    more = ["--port", port_of(sandbox)] if words[1] == "sandbox" else []
    environment = tools(sandbox, document)
    # A click needs the message first, which comes by and by.
    if words[2:3] == ["click"]:
        eventually(lambda: "to be approved" in titles(sandbox), "the question", PATIENT)
    done = cli(*words[1:], *more, environment=environment)
    assert done.code == 0, f"{line}: {done.out}{done.err}"


def asked_and_answered(sandbox: Sandbox) -> None:
    eventually(lambda: runs_42(sandbox, "api"), "the rollout", PATIENT)
    assert "approved by alice" in titles(sandbox)


def passed(sandbox: Sandbox) -> None:
    assert runs_42(sandbox, "api")
    assert "started past a hold" in titles(sandbox)


def released(sandbox: Sandbox) -> None:
    assert runs_42(sandbox, "backend")


def tasks_ran(sandbox: Sandbox) -> None:
    assert runs_42(sandbox, "backend")
    calls = [one for one in sandbox.get("/sandbox/ecs/calls") if one["operation"] == "RunTask"]
    assert len(calls) == 2, "each once"


def in_order(sandbox: Sandbox) -> None:
    calls = [json.loads(one["request"]) if isinstance(one["request"], str) else one["request"] for one in sandbox.get("/sandbox/ecs/calls") if one["operation"] == "UpdateService"]
    order = [one["service"].rsplit("/", 1)[-1] for one in calls]
    assert order[0] == SERVICES["backend"]
    assert sorted(order[1:]) == sorted([SERVICES["api"], SERVICES["worker"]])
    assert all(runs_42(sandbox, service) for service in SERVICES)


def prod_was_told(sandbox: Sandbox) -> None:
    eventually(lambda: any("action.prod" in json.dumps(one) for one in sandbox.get("/sandbox/invocations")), "the event for prod", PATIENT)


PROOFS = {"approval": asked_and_answered, "freeze": passed, "hold": released, "tasks": tasks_ran, "order": in_order, "promotion": prod_was_told}


def test_each_recipe_of_the_page_is_tried():
    assert set(recipes()) == set(PROOFS)


@pytest.mark.parametrize("name", PROOFS)
def test_the_recipe_does_what_the_page_says(name):
    document, commands = recipes()[name]
    with Sandbox("--speed", "60", CI_LAMBDA_CONFIG=document) as sandbox:
        for line in commands:
            run(sandbox, document, line)
        PROOFS[name](sandbox)
