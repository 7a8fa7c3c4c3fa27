"""`deploy --wait`, `wait`, `status` and `rollback` of the command line, on the sandbox's ECS."""

import json
import re
import signal

import pytest

from support.programs import Sandbox, cli, function_environment, post_aws_json
from support.terminal import OnTerminal

NEW = "shop_service_api_dev:42"
OLD = "shop_service_api_dev:9"


def run(sandbox: Sandbox, *arguments: str, **settings: str):
    environment = function_environment(sandbox.url, LOG_LEVEL="info", **settings)
    return cli(*arguments, environment=environment)


def test_deploy_wait_shows_the_progress_and_ends_with_the_verdict():
    with Sandbox("--speed", "8") as sandbox:
        done = run(sandbox, "deploy", "api", "--wait")
    assert done.code == 0, done.err
    assert re.fullmatch(
        rf"api: completed after \d+ s: 2 of 2 tasks run {NEW}; runs v1\.42@sha256:[0-9a-f]{{12}}\n", done.out
    )
    assert re.search(rf"\d+ s  api: {NEW}: [012] of 2 tasks run.*; [012] of {OLD} still run", done.err), done.err
    said = [line[13:] for line in done.err.splitlines()]
    assert len(said) == len(set(said)), "one line for each change"
    assert "{" not in done.err, "people see no log lines"


def test_deploy_wait_shows_what_is_watched_after_completion():
    with Sandbox("--speed", "60") as sandbox:
        done = run(sandbox, "deploy", "api", "--wait", VERIFY_ALARMS="shop-5xx", VERIFY_SECONDS="1")
    assert done.code == 0, done.err
    assert re.search(r"api: ECS has completed it; .*alarm.* watched until .* UTC", done.err), done.err
    assert done.out.startswith("api: completed after")


def test_deploy_wait_fails_unless_the_rollout_completed():
    with Sandbox("--speed", "100", "--scenario", "api=image-not-found") as sandbox:
        done = run(sandbox, "deploy", "api", "--wait", ROLLBACK_ON_FAILURE="true")
        assert done.code == 1
        assert re.search(rf"api: rolled back after .*ECS rolled it back to {OLD}.*CannotPullContainerError", done.out)
        assert "rolled back after" not in done.err, "a failure is said once"
        shown = run(sandbox, "status", "api")
        waited = run(sandbox, "wait", "api")
    assert re.search(rf"api +steady +2/2 +{OLD} +v1.9@sha256:[0-9a-f]{{12}} ", shown.out)
    assert re.search(rf"last rollout: {NEW} began .* ago and was rolled back: .*CannotPullContainerError", shown.out)
    assert waited.code == 1
    assert re.search(rf"api: {NEW} began .* ago and was rolled back: .*CannotPullContainerError", waited.out)


def test_deploy_says_that_it_took_an_older_revision_and_that_is_no_success():
    with Sandbox("--speed", "100", "--scenario", "api=image-not-found") as sandbox:
        run(sandbox, "deploy", "api", "--wait", ROLLBACK_ON_FAILURE="true")
        sandbox.post("/sandbox/scenario", b"api=healthy")
        done = run(sandbox, "deploy", "api", "--wait", ROLLBACK_ON_FAILURE="true")
    assert done.code == 1
    assert f"is not the newest revision: {NEW} was left out" in done.err


def test_deploy_wait_attaches_to_the_same_rollout_and_begins_no_second_one():
    with Sandbox("--speed", "20") as sandbox:
        run(sandbox, "deploy", "api")
        attached = run(sandbox, "deploy", "api", "worker", "--wait")
        forced = run(sandbox, "deploy", "api", "--wait", "--force")
        records = deployments_of(sandbox, "shop_service_api_dev")
    assert attached.code == 0, attached.err
    assert re.search(rf"api: {NEW} is rolling already \(ecs-svc/\d+, begun \d+ s ago\)", attached.err)
    assert "worker: completed after" in attached.out and "api: completed after" in attached.out
    assert forced.code == 0
    assert len(records) == 3, "the one before, the first of the three deployments, and the one that was forced"


def deployments_of(sandbox: Sandbox, service: str) -> list:
    answer = post_aws_json(
        sandbox,
        "AmazonEC2ContainerServiceV20141113.ListServiceDeployments",
        {"cluster": "shop_cluster_dev", "service": service},
    )
    return json.loads(answer)["serviceDeployments"]


def test_wait_follows_what_somebody_else_has_begun():
    with Sandbox("--speed", "20") as sandbox:
        idle = run(sandbox, "wait", "api")
        run(sandbox, "deploy", "api")
        done = run(sandbox, "wait", "api", "--json")
    assert idle.code == 0
    assert re.search(rf"api: nothing is rolling: 2 of 2 tasks run {OLD} since 30 d", idle.out)
    assert done.code == 0, done.err
    assert done.json()["deployments"][0]["status"] == "completed"


def test_a_wait_that_is_over_before_the_rollout_says_what_to_do_next():
    with Sandbox("--speed", "1", "--scenario", "slow") as sandbox:
        done = run(sandbox, "deploy", "api", "--wait", "--timeout", "1")
        waited = run(sandbox, "wait", "api", "--timeout", "1")
    for one in (done, waited):
        assert one.code == 1
        assert re.search(rf"api: in progress after \d+ s: [01] of 2 tasks run {NEW}", one.out), one.out
        assert "ci_lambda wait api" in one.err and "ci_lambda rollback api" in one.err


def test_the_log_of_the_function_is_there_for_machines():
    with Sandbox("--speed", "100") as sandbox:
        done = run(sandbox, "deploy", "api", "--wait", "--log", "json", "--json")
    assert done.json()["status"] == "completed"
    assert "deployment accepted by ECS" in [json.loads(line)["message"] for line in done.err.splitlines()]


@pytest.mark.parametrize("columns", [60, 80, 100, 130])
def test_on_a_terminal_one_block_is_redrawn_in_place_at_any_width(columns):
    with Sandbox("--speed", "10", "--scenario", "crash-on-start") as sandbox:
        environment = function_environment(sandbox.url, LOG_LEVEL="info", ROLLBACK_ON_FAILURE="true")
        with OnTerminal("deploy", "api", "worker", "--wait", environment=environment, columns=columns) as terminal:
            assert terminal.finish() == 1
    blocks = [screen for screen in terminal.screens if any(re.match(r" +\d+ s  ", line) for line in screen)]
    assert blocks
    for screen in blocks:
        heads = [line for line in screen if re.match(r" *\d+ (s|min .*)  (api|worker): ", line)]
        assert len(heads) == len({head.split(":")[0].split()[-1] for head in heads}) <= 2, "\n".join(screen)
        for line in screen:
            assert line in heads or line.startswith(" " * 13), f"a stale fragment: {line!r}"
    assert any("ended with exit code 1" in " ".join(" ".join(screen).split()) for screen in blocks)
    last = " ".join(terminal.screens[-1])
    assert last.startswith("api: rolled back after") and "worker: rolled back after" in last
    assert all(len(line) <= columns for line in terminal.screens[-1])


def test_ctrl_c_says_that_the_rollout_goes_on_and_how_to_follow_it():
    with Sandbox("--speed", "1", "--scenario", "slow") as sandbox:
        environment = function_environment(sandbox.url, LOG_LEVEL="info")
        with OnTerminal("deploy", "api", "--wait", environment=environment, columns=80) as terminal:
            terminal.read_until(lambda lines: any("tasks run" in line for line in lines))
            terminal.interrupt()
            assert terminal.finish() == -signal.SIGINT
        shown = run(sandbox, "status", "api").out
    assert "nothing was stopped: ECS goes on with api" in "\n".join(terminal.screen.text())
    assert "ci_lambda wait api" in "\n".join(terminal.screen.text())
    assert " rolling " in shown


def test_status_watch_refreshes_in_place():
    with Sandbox("--speed", "20") as sandbox:
        environment = function_environment(sandbox.url, LOG_LEVEL="info")
        with OnTerminal("status", "--watch", environment=environment, columns=80) as terminal:
            terminal.read_until(lambda lines: any("worker" in line for line in lines))
            run(sandbox, "deploy", "api")
            terminal.read_until(lambda lines: any(NEW in line for line in lines))
            terminal.interrupt()
            assert terminal.finish() == -signal.SIGINT
    for screen in terminal.screens:
        assert sum(line.startswith("SERVICE") for line in screen) <= 1, "\n".join(screen)


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
    assert table[1].split() == ["SERVICE", "STATE", "TASKS", "REVISION", "IMAGE", "SINCE"]
    rows = [line.split()[:5] for line in table[2:]]
    assert [row[:4] for row in rows] == [
        ["api", "steady", "2/2", OLD],
        ["backend", "steady", "2/2", "shop_service_dev:9"],
        ["web", "steady", "2/2", "shop_cluster_dev-shop_service_web_dev:1"],
        ["worker", "steady", "1/1", "shop_service_worker_dev:9"],
    ]
    assert all(re.fullmatch(r"v1\.9@sha256:[0-9a-f]{12}", row[4]) for row in rows)
    assert [one["service"] for one in listed] == ["worker"]
    assert listed[0]["deployments"][0]["status"] == "PRIMARY"
    assert listed[0]["images"][0]["image"].endswith("/shop_service_worker:v1.9")
    assert re.fullmatch("sha256:[0-9a-f]{64}", listed[0]["images"][0]["digest"])


def test_status_says_what_is_rolling():
    with Sandbox("--speed", "1", "--scenario", "slow") as sandbox:
        run(sandbox, "deploy", "api")
        shown = run(sandbox, "status", "api").out
    row = rf"api +rolling +2/2 +{NEW} +v1.42\S* +\d+ s\n"
    assert re.search(rf"{row} +0 of 2 new tasks run.*; 2 of {OLD} still run", shown)


def test_status_of_a_service_that_is_not_there():
    with Sandbox() as sandbox:
        unknown = run(sandbox, "status", "no/such")
        missing = run(sandbox, "status", "wroker", "api")
    assert unknown.code == 2
    assert 'there is no service "no/such"' in unknown.err
    assert missing.code == 1
    assert re.search(r"wroker +missing\n +ECS has no service shop_service_wroker_dev", missing.out)
    assert re.search(r"api +steady", missing.out)
    assert 'did you mean "worker"?' in missing.err


def test_an_empty_status_says_why():
    with Sandbox() as sandbox:
        done = run(sandbox, "status", ECS_SERVICE_MAP=None, PROJECT_ENV="stage", ECS_CLUSTER_NAME="shop_cluster_dev")
        nowhere = run(sandbox, "status", PROJECT_ENV="stage")
    assert "No services: no service of the cluster shop_cluster_dev has a name like shop_service_NAME_stage" in done.out
    assert "shop_service_api_dev" in done.out
    assert nowhere.code == 1
    assert "There is no cluster shop_cluster_stage; check AWS_REGION" in nowhere.err


@pytest.mark.parametrize("verb", [("deploy",), ("deploy", "--dry-run"), ("wait",), ("rollback",)], ids=" ".join)
def test_a_typo_in_a_service_gets_a_suggestion_and_changes_nothing(verb):
    with Sandbox() as sandbox:
        before = deployments_of(sandbox, "shop_service_api_dev")
        done = run(sandbox, *verb, "ap1")
        assert deployments_of(sandbox, "shop_service_api_dev") == before
    assert done.code == 1
    assert 'did you mean "api"? Services: api, backend, web, worker.' in done.err
    assert "register" not in done.err


@pytest.mark.parametrize("dry_run", [(), ("--dry-run",)], ids=["real", "dry-run"])
def test_a_named_revision_is_looked_up_before_anything_is_sent(dry_run):
    with Sandbox() as sandbox:
        missing = run(sandbox, "deploy", "api", "--task-definition", "77", *dry_run)
        foreign = run(sandbox, "deploy", "api", "--task-definition", "shop_service_worker_dev:9", *dry_run)
        back = run(sandbox, "rollback", "api", "--to", "77", *dry_run)
        assert len(deployments_of(sandbox, "shop_service_api_dev")) <= 1
    assert (missing.code, foreign.code, back.code) == (1, 1, 1)
    assert "there is no revision shop_service_api_dev:77" in missing.err
    assert "shop_service_worker_dev:9" in foreign.err and "family" in foreign.err
    assert "there is no revision shop_service_api_dev:77" in back.err


def test_rollback_to_a_revision_that_is_named():
    with Sandbox("--speed", "100") as sandbox:
        run(sandbox, "deploy", "api", "--wait")
        would = run(sandbox, "rollback", "api", "--to", "10", "--dry-run")
        assert len(deployments_of(sandbox, "shop_service_api_dev")) == 2, "a dry run changes nothing"
        back = run(sandbox, "rollback", "api", "--to", "10", "--reason", "500s since noon", "--wait")
        shown = run(sandbox, "status", "api").out
    assert would.code == 0, would.err
    assert "shop_service_api_dev:10 would be deployed again" in would.out
    assert back.code == 0, back.err
    assert "shop_service_api_dev:10 is deployed again, as was asked for" in back.out
    assert re.search(r"api +steady +2/2 +shop_service_api_dev-rollback:1 +v1.10", shown)


def test_a_dry_rollback_says_what_it_would_do():
    with Sandbox("--speed", "100") as sandbox:
        run(sandbox, "deploy", "api", "--wait")
        would = run(sandbox, "rollback", "api", "--dry-run")
        sandbox.post("/sandbox/scenario", b"api=slow")
        run(sandbox, "deploy", "api")
        stop = run(sandbox, "rollback", "api", "--dry-run", "--json")
        states = [one["status"] for one in deployments_of(sandbox, "shop_service_api_dev")]
    assert would.code == 0, would.err
    assert re.search(rf"api: {OLD} would be deployed again, as a copy", would.out)
    assert stop.json()["status"] == "dry_run"
    assert "ECS would be asked to stop it" in stop.json()["detail"]
    assert not any("ROLLBACK" in state for state in states)


def test_rollback_of_a_finished_deployment_brings_the_one_before_back():
    with Sandbox("--speed", "100") as sandbox:
        run(sandbox, "deploy", "api", "--wait")
        back = run(sandbox, "rollback", "api", "--wait")
        shown = run(sandbox, "status", "api").out
        again = run(sandbox, "rollback", "api")
    assert back.code == 0, back.err
    assert f"{OLD} is deployed again" in back.out
    assert re.search(r"api +steady +2/2 +shop_service_api_dev-rollback:1 ", shown)
    assert again.code == 1
    assert "a rollback itself" in again.err


def test_rollback_of_a_rollout_under_way_asks_ecs():
    with Sandbox("--speed", "100", "--scenario", "api=crash-after-start") as sandbox:
        run(sandbox, "deploy", "api")
        back = run(sandbox, "rollback", "api", "--wait")
        shown = run(sandbox, "status", "api").out
    assert back.code == 0, back.err
    assert "ECS was asked to roll it back" in back.out
    assert re.search(rf"api +steady +2/2 +{OLD} ", shown)


def test_rollback_without_a_past_says_so():
    with Sandbox() as sandbox:
        back = run(sandbox, "rollback", "api")
    assert back.code == 1
    assert "no earlier rollout of the service that succeeded" in back.err
