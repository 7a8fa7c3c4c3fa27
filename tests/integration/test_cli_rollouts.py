"""`deploy --wait`, `status` and `rollback` of the command line, on the sandbox's ECS."""

import json
import re

from support.programs import Sandbox, cli, function_environment

NEW = "shop_service_api_dev:42"
OLD = "shop_service_api_dev:9"


def run(sandbox: Sandbox, *arguments: str, **settings: str):
    environment = function_environment(sandbox.url, LOG_LEVEL="info", **settings)
    return cli(*arguments, environment=environment)


def test_deploy_wait_shows_the_progress_and_ends_with_the_verdict():
    with Sandbox("--speed", "20") as sandbox:
        done = run(sandbox, "deploy", "api", "--wait")
    assert done.code == 0, done.err
    assert re.fullmatch(rf"api: completed after \d+ s: 2 of 2 tasks run {NEW}\n", done.out)
    assert re.search(rf"\d+ s  {NEW}: [012] of 2 tasks run.*; {OLD}: [012]", done.err), done.err


def test_deploy_wait_fails_unless_the_rollout_completed():
    with Sandbox("--speed", "100", "--scenario", "api=image-not-found") as sandbox:
        done = run(sandbox, "deploy", "api", "--wait", ROLLBACK_ON_FAILURE="true")
        assert done.code == 1
        assert re.search(rf"api: rolled back after .*ECS rolled it back to {OLD}.*CannotPullContainerError", done.out)
        assert "ci_lambda: api: rolled back" in done.err
        shown = run(sandbox, "status", "api")
    assert re.search(rf"api +steady +{OLD} +2/2", shown.out)


def test_deploy_wait_answers_machines_too():
    with Sandbox("--speed", "100") as sandbox:
        answer = json.loads(run(sandbox, "deploy", "api", "--wait", "--json").out)
    assert answer["status"] == "completed"
    assert answer["deployments"][0]["status"] == "completed"
    assert answer["deployments"][0]["outcome"] == f"2 of 2 tasks run {NEW}"
    assert answer["deployments"][0]["took_seconds"] >= 0


def test_status_shows_all_services_that_are_ours():
    with Sandbox() as sandbox:
        table = run(sandbox, "status").out.splitlines()
        listed = json.loads(run(sandbox, "status", "worker", "--json").out)
    assert table[0] == "shop_cluster_dev in us-east-1"
    assert table[1].split() == ["SERVICE", "STATE", "REVISION", "TASKS", "ROLLOUT"]
    assert [line.split()[:4] for line in table[2:]] == [
        ["api", "steady", OLD, "2/2"],
        ["backend", "steady", "shop_service_dev:9", "2/2"],
        ["worker", "steady", "shop_service_worker_dev:9", "1/1"],
    ]
    assert [one["service"] for one in listed] == ["worker"]
    assert listed[0]["deployments"][0]["status"] == "PRIMARY"


def test_status_says_what_is_rolling():
    with Sandbox("--speed", "1", "--scenario", "slow") as sandbox:
        run(sandbox, "deploy", "api")
        shown = run(sandbox, "status", "api").out
    assert re.search(rf"api +rolling +{NEW} +2/2 +since \d+ s: 0 of 2 new tasks, 2 of {OLD}", shown)


def test_status_of_a_service_that_is_not_there():
    with Sandbox() as sandbox:
        unknown = run(sandbox, "status", "no/such")
        missing = run(sandbox, "status", "ghost")
    assert unknown.code == 2
    assert 'there is no service "no/such"' in unknown.err
    assert re.search(r"ghost +missing +ECS does not know this service", missing.out)


def test_rollback_of_a_finished_deployment_brings_the_one_before_back():
    with Sandbox("--speed", "100") as sandbox:
        run(sandbox, "deploy", "api", "--wait")
        back = run(sandbox, "rollback", "api", "--wait")
        shown = run(sandbox, "status", "api").out
        again = run(sandbox, "rollback", "api")
    assert back.code == 0, back.err
    assert f"{OLD} is deployed again" in back.out
    assert re.search(r"api +steady +shop_service_api_dev-rollback:1 ", shown)
    assert again.code == 1
    assert "a rollback itself" in again.err


def test_rollback_of_a_rollout_under_way_asks_ecs():
    with Sandbox("--speed", "100", "--scenario", "api=crash-after-start") as sandbox:
        run(sandbox, "deploy", "api")
        back = run(sandbox, "rollback", "api", "--wait")
        shown = run(sandbox, "status", "api").out
    assert back.code == 0, back.err
    assert "ECS was asked to roll it back" in back.out
    assert re.search(rf"api +steady +{OLD} ", shown)


def test_rollback_without_a_past_says_so():
    with Sandbox() as sandbox:
        back = run(sandbox, "rollback", "api")
    assert back.code == 1
    assert "no earlier rollout of the service that succeeded" in back.err
