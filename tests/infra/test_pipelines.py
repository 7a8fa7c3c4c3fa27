"""PIPELINE_STATE_MACHINE and the state machine itself: what it is, who it may be and call, what the function may do with it; and
nothing of it where nobody wants it."""

import json
import subprocess

import pytest

from support.iam import allows
from support.paths import tool
from support.stack import SESSION, Stack, policy_of

ACCOUNT = "123456789012"
FUNCTION = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:shop_ci_lambda_dev"
MADE = f"arn:aws:states:us-east-1:{ACCOUNT}:stateMachine:shop_ci_lambda_dev-pipelines"
GIVEN = f"arn:aws:states:eu-west-1:{ACCOUNT}:stateMachine:ours"
OF_MACHINE = ("states:StartExecution", "states:ListExecutions")
OF_EXECUTION = ("states:DescribeExecution", "states:StopExecution", "states:RedriveExecution")


def execution_of(machine: str) -> str:
    return machine.replace(":stateMachine:", ":execution:") + ":0123-4567"


def may_carry(policy: dict, machine: str) -> bool:
    """All of it; nothing of it is no either."""
    answers = {allows(policy, action, machine) for action in OF_MACHINE}
    answers |= {allows(policy, action, execution_of(machine)) for action in OF_EXECUTION}
    assert len(answers) == 1, "some of it only"
    return answers.pop()


def may_call_the_function_alone(policy: dict) -> bool:
    others = (f"{FUNCTION}_2", f"{FUNCTION}:live", FUNCTION.replace("us-east-1", "eu-west-1"))
    return allows(policy, "lambda:InvokeFunction", FUNCTION) and not any(
        allows(policy, "lambda:InvokeFunction", other) for other in others
    )


def may_be(trust: dict, machine: str) -> bool:
    of_role = {"Statement": [{**statement, "Resource": "role"} for statement in trust["Statement"]]}
    by = {"aws__SourceAccount": machine.split(":")[4], "aws__SourceArn": machine}
    return allows(of_role, "sts:AssumeRole", "role", principal={"Service": "states.amazonaws.com"}, **by)


def written_by_the_program() -> dict:
    command = [tool("CI_LAMBDA_CLI", "the program ci_lambda"), "pipeline", "asl", "--function", FUNCTION]
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True, timeout=60, env={}).stdout)


def test_terraform_makes_a_state_machine_that_carries_pipelines(terraform):
    rendered = terraform.render(enable_pipelines=True)
    assert rendered.environment["PIPELINE_STATE_MACHINE"] == MADE
    assert may_carry(rendered.policy, MADE)
    assert not may_carry(rendered.policy, MADE + "_2")
    assert may_call_the_function_alone(json.loads(rendered.pipelines["policy"]))
    trust = json.loads(rendered.pipelines["trust"])
    assert may_be(trust, MADE)
    assert not may_be(trust, MADE + "_2")
    assert not may_be(trust, MADE.replace(ACCOUNT, "210987654321"))


def test_terraform_makes_the_one_that_the_program_writes(terraform):
    assert json.loads(terraform.render(enable_pipelines=True).pipelines["definition"]) == written_by_the_program()


SERVICE = f"arn:aws:ecs:us-east-1:{ACCOUNT}:service/shop_cluster_dev/shop_service_dev"
BUS = f"arn:aws:events:us-east-1:{ACCOUNT}:event-bus/default"
ORDER = '{"release":{"stages":[{"services":["backend"]},{"services":["api"]}]}}'
PROMOTION = '{"release":{"stages":[{"services":["backend"]},{"promote":"prod"}]}}'


def may_say_which_run_is_the_latest(policy: dict) -> bool:
    def tags(key: str) -> bool:
        return allows(policy, "ecs:TagResource", SERVICE, aws__TagKeys=key, aws__PrincipalAccount=ACCOUNT)

    assert not tags("anything")
    return tags("ci_lambda:pipeline") and allows(policy, "ecs:ListTagsForResource", SERVICE, aws__PrincipalAccount=ACCOUNT)


def may_tell_others(policy: dict) -> bool:
    assert not allows(policy, "events:PutEvents", BUS, events__source="aws.ecs")
    return allows(policy, "events:PutEvents", BUS, events__source="action.prod")


@pytest.mark.parametrize("pipelines,promotes", [("", False), (ORDER, False), (PROMOTION, True)])
def test_terraform_lets_the_function_do_what_its_pipelines_need(terraform, pipelines, promotes):
    policy = terraform.render(pipelines=pipelines).policy
    assert may_say_which_run_is_the_latest(policy) == bool(pipelines)
    assert may_tell_others(policy) == promotes


@pytest.mark.parametrize("switch", [True, False])
def test_terraform_takes_a_state_machine_that_is_there(terraform, switch):
    rendered = terraform.render(pipeline_state_machine=GIVEN, enable_pipelines=switch)
    assert rendered.environment["PIPELINE_STATE_MACHINE"] == GIVEN
    assert rendered.pipelines is None
    assert may_carry(rendered.policy, GIVEN)
    assert not may_carry(rendered.policy, MADE)


@pytest.mark.parametrize("pipelines", ["", ORDER])
def test_cloudformation_lets_the_function_do_what_its_pipelines_need(aws, pipelines):
    policy = Stack(Pipelines=pipelines).policy
    assert may_say_which_run_is_the_latest(policy) == bool(pipelines)
    assert may_tell_others(policy) == bool(pipelines)


def machine_of(stack: Stack) -> dict:
    states = SESSION.client("stepfunctions")
    return states.describe_state_machine(stateMachineArn=stack.outputs["PipelineMachineArn"])


def test_cloudformation_makes_a_state_machine_that_carries_pipelines(aws):
    stack = Stack(EnablePipelines="true")
    assert stack.outputs["PipelineMachineArn"] == MADE
    assert stack.environment["PIPELINE_STATE_MACHINE"] == MADE
    assert may_carry(stack.policy, MADE)
    assert not may_carry(stack.policy, MADE + "_2")
    machine = machine_of(stack)
    assert machine["type"] == "STANDARD"
    assert json.loads(machine["definition"]) == written_by_the_program()
    assert may_call_the_function_alone(policy_of(machine["roleArn"]))
    role = SESSION.client("iam").get_role(RoleName=machine["roleArn"].split("/")[-1])["Role"]
    trust = role["AssumeRolePolicyDocument"]
    assert may_be(trust, MADE)
    assert not may_be(trust, MADE + "_2")


@pytest.mark.parametrize("switch", ["true", "false"])
def test_cloudformation_takes_a_state_machine_that_is_there(aws, switch):
    stack = Stack(PipelineStateMachine=GIVEN, EnablePipelines=switch)
    assert stack.environment["PIPELINE_STATE_MACHINE"] == GIVEN
    assert "PipelineMachineArn" not in stack.outputs
    assert may_carry(stack.policy, GIVEN)
    assert not may_carry(stack.policy, MADE)


def test_nothing_of_it_is_there_where_nobody_wants_it(terraform, aws):
    rendered, stack = terraform.render(), Stack()
    assert rendered.pipelines is None
    assert "PipelineMachineArn" not in stack.outputs
    for policy in (rendered.policy, stack.policy):
        assert not may_carry(policy, MADE)
    assert "PIPELINE_STATE_MACHINE" not in rendered.environment
    assert stack.environment["PIPELINE_STATE_MACHINE"] == ""
