"""The state machine that carries pipelines, and the sandbox's Step Functions.

Nobody here wrote what judges them: boto3 calls the sandbox, cfn-lint's schema reads the definition, and moto's
interpreter of the language carries it out beside the sandbox's, with the same function.
"""

import json
import pathlib
from unittest import mock

import boto3
import cfnlint
import jsonschema
import pytest
from botocore.exceptions import ClientError
from moto.core.config import default_user_config
from moto.stepfunctions.parser.asl.component.state.exec.state_task import lambda_eval_utils

from support.clients import sandbox_client
from support.moto_ecs import client
from support.programs import Sandbox
from support.scripted_function import input_of, scripted_function
from support.waiting import eventually

ACCOUNT = "arn:aws:states:us-east-1:123456789012"
MACHINE = f"{ACCOUNT}:stateMachine:shop_pipelines_dev"
PATIENT = 0.1
ROLE = "arn:aws:iam::123456789012:role/pipelines"
# Name -> what the function answers, and how it ends.
SCRIPTS = {
    "one-stage": (["look", "look", "completed"], "SUCCEEDED", None),
    "two-stages": (["look", "start", "look", "completed"], "SUCCEEDED", None),
    "superseded": (["look", "superseded"], "SUCCEEDED", None),
    "taken-back": (["look", "compensate", "look", "failed"], "FAILED", "PipelineFailed"),
    "stopped": (["stopped"], "FAILED", "PipelineStopped"),
    "newer-function": (["dance"], "FAILED", "PipelineNotUnderstood"),
    "heals": ([{"next": "completed", "fails": ["Function.DeploymentFailed"]}], "SUCCEEDED", None),
    "stays-wrong": ([{"next": "completed", "fails": ["Function.InvalidEvent"]}], "FAILED", "Function.InvalidEvent"),
}

ENDLESS = "endless"


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory):
    scripts = {name: script for name, (script, *_) in SCRIPTS.items()}
    function = scripted_function(tmp_path_factory.mktemp("function"), {**scripts, ENDLESS: ["look"] * 10_000})
    with Sandbox("--bootstrap", function, "--speed", "20") as running:
        yield running


@pytest.fixture
def states(sandbox):
    return sandbox_client("stepfunctions", sandbox.url)


def definition(states) -> str:
    return states.describe_state_machine(stateMachineArn=MACHINE)["definition"]


def ended(states, arn: str) -> dict:
    """The execution once it is over."""

    def look():
        execution = states.describe_execution(executionArn=arn)
        return execution if execution["status"] != "RUNNING" else None

    return eventually(look, f"the end of {arn}", PATIENT)


def history(states, arn: str) -> list[dict]:
    pages = states.get_paginator("get_execution_history").paginate(executionArn=arn)
    return [event for page in pages for event in page["events"]]


def carried_out(states, script: str, name: str) -> tuple[dict, list[dict]]:
    started = states.start_execution(stateMachineArn=MACHINE, name=name, input=input_of(script, name))
    return ended(states, started["executionArn"]), history(states, started["executionArn"])


# --- the definition -----------------------------------------------------------------------------------------------


def test_cfn_lints_schema_of_the_language_takes_the_definition(states):
    where = pathlib.Path(cfnlint.__file__).parent / "data/schemas/other/step_functions/statemachine.json"
    judge = jsonschema.Draft202012Validator(json.loads(where.read_text()))
    asl = json.loads(definition(states))
    assert [f"{error.json_path}: {error.message}" for error in judge.iter_errors(asl)] == []
    del asl["States"]["Wait"]["SecondsPath"]
    asl["States"]["Start"]["Retry"][0]["MaxAttempts"] = "often"
    assert list(judge.iter_errors(asl)), "the schema would take anything"


# --- two interpreters ---------------------------------------------------------------------------------------------


@pytest.fixture
def motos(states, sandbox, moto_url):
    """moto's Step Functions with the definition that the sandbox has; what its tasks call is the sandbox's function."""

    def client_of(service, **_):
        assert service == "lambda"
        return boto3.client(
            "lambda",
            endpoint_url=sandbox.url,
            region_name="us-east-1",
            aws_access_key_id="moto",
            aws_secret_access_key="moto",
        )

    with (
        mock.patch.dict(default_user_config["stepfunctions"], {"execute_state_machine": True}),
        mock.patch.object(lambda_eval_utils, "boto_client_for", client_of),
    ):
        theirs = client("stepfunctions", moto_url)
        made = theirs.create_state_machine(name="shop_pipelines_dev", definition=definition(states), roleArn=ROLE)
        assert made["stateMachineArn"] == MACHINE
        yield theirs
        theirs.delete_state_machine(stateMachineArn=MACHINE)


def asked(events: list[dict]) -> list[dict]:
    """What the function was sent, without who the run is."""
    details = [event["taskScheduledEventDetails"] for event in events if event["type"] == "TaskScheduled"]
    parameters = [json.loads(one["parameters"]) for one in details]
    for one in parameters:
        one["Payload"]["run"].pop("id")
    return parameters


def states_of(events: list[dict]) -> list[tuple[str, str]]:
    return [(one["type"], one["stateEnteredEventDetails"]["name"]) for one in events if "stateEnteredEventDetails" in one]


def without_id(text: str | None, name: str) -> str | None:
    return text and json.loads(text.replace(name, "ID"))


@pytest.mark.parametrize("script", SCRIPTS)
def test_moto_and_the_sandbox_carry_out_the_same(script, states, motos):
    _, status, error = SCRIPTS[script]
    ours, our_history = carried_out(states, script, f"ours-{script}")
    theirs, their_history = carried_out(motos, script, f"theirs-{script}")
    for execution in (ours, theirs):
        assert (execution["status"], execution.get("error")) == (status, error)
    assert without_id(ours.get("output"), f"ours-{script}") == without_id(theirs.get("output"), f"theirs-{script}")
    if error and error.startswith("Pipeline"):
        assert ours["cause"] == theirs["cause"]
    assert asked(our_history) == asked(their_history)
    assert states_of(our_history) == states_of(their_history)
    assert [one["type"] for one in our_history] == [one["type"] for one in their_history]


# --- the sandbox as boto3 sees it ---------------------------------------------------------------------------------


def test_an_event_that_comes_twice_begins_one_run(states):
    def start():
        return states.start_execution(stateMachineArn=MACHINE, name="twice", input=input_of(ENDLESS, "twice"))

    first = start()
    again = start()
    assert (first["executionArn"], first["startDate"]) == (again["executionArn"], again["startDate"])
    states.stop_execution(executionArn=first["executionArn"])
    with pytest.raises(states.exceptions.ExecutionAlreadyExists):
        start()
    assert [one["type"] for one in history(states, first["executionArn"])].count("ExecutionStarted") == 1


def test_a_broken_task_is_redriven_and_goes_on_there(states):
    ended_at, _ = carried_out(states, "stays-wrong", "redriven")
    assert (ended_at["status"], ended_at["redriveStatus"]) == ("FAILED", "REDRIVABLE")
    states.redrive_execution(executionArn=ended_at["executionArn"])
    after = ended(states, ended_at["executionArn"])
    assert (after["status"], after["redriveCount"]) == ("SUCCEEDED", 1)
    types = [one["type"] for one in history(states, ended_at["executionArn"])]
    assert types.count("ExecutionStarted") == types.count("ExecutionRedriven") == 1
    with pytest.raises(states.exceptions.ExecutionNotRedrivable):
        states.redrive_execution(executionArn=ended_at["executionArn"])


def test_what_the_function_has_ended_is_not_begun_again_by_a_redrive(states):
    stopped, before = carried_out(states, "stopped", "not-again")
    states.redrive_execution(executionArn=stopped["executionArn"])
    assert ended(states, stopped["executionArn"])["status"] == "FAILED"
    assert asked(history(states, stopped["executionArn"])) == asked(before)


def test_a_run_is_stopped_and_listed(states, sandbox):
    started = states.start_execution(stateMachineArn=MACHINE, name="halted", input=input_of(ENDLESS, "halted"))
    arn = started["executionArn"]
    states.stop_execution(executionArn=arn, error="Stopped", cause="by alice")
    assert ended(states, arn)["status"] == "ABORTED"
    listed = states.list_executions(stateMachineArn=MACHINE, statusFilter="ABORTED")["executions"]
    assert listed[0]["name"] == "halted"
    (shown,) = [one for one in sandbox.get("/sandbox/executions") if one["name"] == "halted"]
    assert (shown["status"], shown["cause"]) == ("ABORTED", "by alice")


def test_what_the_sandbox_would_not_carry_out_is_no_machine(states):
    with pytest.raises(ClientError, match="does not know the type of state 'Map' at /States/Each"):
        states.create_state_machine(
            name="each",
            definition=json.dumps({"StartAt": "Each", "States": {"Each": {"Type": "Map", "End": True}}}),
            roleArn=ROLE,
        )
