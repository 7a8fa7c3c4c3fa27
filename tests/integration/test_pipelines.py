"""Pipelines that a state machine carries: the real function is its worker, the sandbox's Step Functions and moto's carry it."""

import json
import re
import shlex
import time
from unittest import mock

import boto3
import pytest
from moto.core.config import default_user_config
from moto.stepfunctions.parser.asl.component.state.exec.state_task import lambda_eval_utils

from support.clients import sandbox_client
from support.moto_ecs import client
from support.programs import Sandbox, base_environment, cli
from support.waiting import eventually

MACHINE = "arn:aws:states:us-east-1:123456789012:stateMachine:shop_pipelines_dev"
SERVICES = {"backend": "shop_service_dev", "api": "shop_service_api_dev", "worker": "shop_service_worker_dev"}
PATIENT = 0.2  # seconds between looks that ECS's quota of requests allows for ever


def pipelines(on_failure: str = "stop") -> str:
    stages = [{"services": ["backend"]}, {"services": ["api", "worker"]}]
    return json.dumps({"release": {"stages": stages, "on_failure": on_failure}})


@pytest.fixture
def sandbox():
    with Sandbox("--speed", "60", PIPELINES=pipelines("roll_back_earlier")) as running:
        yield running


@pytest.fixture
def states(sandbox):
    return sandbox_client("stepfunctions", sandbox.url)


def run_cli(sandbox: Sandbox, *arguments: str, **more: str):
    """As in a shell that speaks to the sandbox."""
    port = sandbox.url.rsplit(":", 1)[1]
    printed = cli("sandbox", "--env", "--port", port, environment=base_environment())
    assert printed.code == 0, printed.err
    variables = dict(re.findall(r"^export ([A-Z0-9_]+)=(.*)$", printed.out, re.MULTILINE))
    shell = {name: shlex.split(value)[0] if value else "" for name, value in variables.items()}
    return cli(*arguments, environment={**base_environment(), **shell, "USER": "alice", **more})


def begun(sandbox: Sandbox) -> dict:
    """What the state machine carries once the pipeline was handed to it."""
    done = run_cli(sandbox, "pipeline", "start", "release", "--detach")
    assert done.code == 0, done.err
    (execution,) = sandbox.get("/sandbox/executions")
    return execution


def ended(states) -> dict:
    """The latest execution, once it is over."""

    def look():
        executions = states.list_executions(stateMachineArn=MACHINE)["executions"]
        latest = max(executions, key=lambda one: one["startDate"])
        execution = states.describe_execution(executionArn=latest["executionArn"])
        return execution if execution["status"] != "RUNNING" else None

    return eventually(look, "the end of the run", PATIENT)


def entered(states, name: str) -> list[str]:
    """The states that an execution has entered so far."""
    arn = MACHINE.replace(":stateMachine:", ":execution:") + f":{name}"
    events = states.get_execution_history(executionArn=arn)["events"]
    return [one["stateEnteredEventDetails"]["name"] for one in events if "stateEnteredEventDetails" in one]


def updates(sandbox: Sandbox) -> list[str]:
    """Which services were deployed, in this order."""
    calls = [one for one in sandbox.get("/sandbox/ecs/calls") if one["operation"] == "UpdateService"]
    assert all(one["status"] == 200 for one in calls)
    return [one["request"]["service"].split("/")[-1] for one in calls]


def test_a_run_is_carried_from_stage_to_stage(sandbox, states):
    begun(sandbox)
    execution = ended(states)
    assert execution["status"] == "SUCCEEDED", execution.get("cause")
    deployed = updates(sandbox)
    assert deployed[0] == SERVICES["backend"]
    assert sorted(deployed) == sorted(SERVICES.values()), "each once"
    shown = run_cli(sandbox, "pipeline", "status", "release")
    assert re.search(r"run release-\w+ succeeded", shown.out), shown.out


def test_a_stage_that_fails_ends_the_run_with_its_words_and_takes_the_earlier_one_back(sandbox, states):
    assert sandbox.post("/sandbox/scenario", b"api=crash-on-start")[0] == 200
    sandbox_client("ecs", sandbox.url).update_service(
        cluster="shop_cluster_dev",
        service=SERVICES["api"],
        deploymentConfiguration={"deploymentCircuitBreaker": {"enable": True, "rollback": True}},
    )
    begun(sandbox)
    execution = ended(states)
    assert (execution["status"], execution["error"]) == ("FAILED", "PipelineFailed")
    assert "api" in execution["cause"]
    assert updates(sandbox).count(SERVICES["backend"]) == 2, "deployed, and taken back"


def run_of_five_seconds_ago(sandbox: Sandbox, states) -> str:
    """What a state machine would carry had somebody asked for it five seconds ago: the clocks of ECS and of who asked may
    differ by less. It is handed to a machine that does nothing with it."""
    idle = states.create_state_machine(
        name="idle",
        definition=json.dumps({"StartAt": "Idle", "States": {"Idle": {"Type": "Succeed"}}}),
        roleArn="arn:aws:iam::123456789012:role/pipelines",
    )["stateMachineArn"]
    done = run_cli(sandbox, "pipeline", "start", "release", "--detach", PIPELINE_STATE_MACHINE=idle)
    assert done.code == 0, done.err
    (execution,) = states.list_executions(stateMachineArn=idle)["executions"]
    run = states.describe_execution(executionArn=execution["executionArn"])["input"]
    return re.sub(r'"at":\d+', f'"at":{int((time.time() - 5) * 1000)}', run)


def test_two_interpreters_that_carry_one_run_begin_nothing_twice(sandbox, states, moto_url):
    """A replayed execution: moto carries the very run that the sandbox carries, at the same time."""
    run = run_of_five_seconds_ago(sandbox, states)
    name = json.loads(run)["pipeline_run"]["id"]

    def client_of(service, **_):
        return boto3.client(
            service,
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
        definition = states.describe_state_machine(stateMachineArn=MACHINE)["definition"]
        theirs.create_state_machine(
            name="shop_pipelines_dev", definition=definition, roleArn="arn:aws:iam::123456789012:role/pipelines"
        )
        for who in (states, theirs):
            who.start_execution(stateMachineArn=MACHINE, name=name, input=run)
        # Its looks are fifteen real seconds apart.
        eventually(lambda: entered(theirs, name).count("Start") == 2, "the second stage", PATIENT)
        ends = [ended(who) for who in (states, theirs)]
        theirs.delete_state_machine(stateMachineArn=MACHINE)
    assert [one["status"] for one in ends] == ["SUCCEEDED", "SUCCEEDED"], [one.get("cause") for one in ends]
    assert sorted(updates(sandbox)) == sorted(SERVICES.values()), "each once"
