"""The rollouts of `ci_lambda sandbox`: boto3, the AWS CLI and botocore's model as judges, and ECS's own events."""

import json
import pathlib
from concurrent.futures import ThreadPoolExecutor

import botocore
import pytest

from support.model import call
from support.programs import Sandbox, aws_cli, cli
from support.waiting import eventually

CLUSTER = "shop_cluster_dev"
API = "shop_service_api_dev"
BLUE_GREEN_WITH_APPROVAL = {
    "strategy": "BLUE_GREEN",
    "bakeTimeInMinutes": 1,
    "lifecycleHooks": [
        {
            "targetType": "PAUSE",
            "lifecycleStages": ["POST_TEST_TRAFFIC_SHIFT"],
            "timeoutConfiguration": {"timeoutInMinutes": 20160, "action": "ROLLBACK"},
        }
    ],
}
WITHIN_THE_QUOTA = 0.2  # seconds between looks that ECS's quota of requests allows for ever
BREAKER = {"deploymentCircuitBreaker": {"enable": True, "rollback": True}}


def service(sandbox: Sandbox, **more) -> dict:
    return call(sandbox, "DescribeServices", cluster=CLUSTER, services=[API], **more)["services"][0]


def deploy(sandbox: Sandbox, **more) -> dict:
    request = {"cluster": CLUSTER, "service": API, "taskDefinition": f"{API}:42", "forceNewDeployment": True}
    return call(sandbox, "UpdateService", **request, **more)["service"]


def service_deployment(sandbox: Sandbox) -> dict:
    newest = call(sandbox, "ListServiceDeployments", cluster=CLUSTER, service=API)["serviceDeployments"][0]
    arns = [newest["serviceDeploymentArn"]]
    return call(sandbox, "DescribeServiceDeployments", serviceDeploymentArns=arns)["serviceDeployments"][0]


def events_of_ecs(sandbox: Sandbox) -> list[str]:
    """The names of what ECS itself told the function."""
    invocations = sandbox.get("/sandbox/invocations")
    return [one["event"]["detail"]["eventName"] for one in invocations if one["from"] == "ecs"]


def test_every_strategy_and_hook_answers_as_the_model_has_it():
    with Sandbox("--speed", "600") as sandbox:
        deploy(sandbox, deploymentConfiguration=BLUE_GREEN_WITH_APPROVAL)

        def waiting_hook() -> dict | None:
            service(sandbox)
            hooks = service_deployment(sandbox).get("lifecycleHookDetails", [])
            return next((hook for hook in hooks if hook["status"] == "AWAITING_ACTION"), None)

        hook = eventually(waiting_hook, "the hook", WITHIN_THE_QUOTA)
        arn = service_deployment(sandbox)["serviceDeploymentArn"]
        call(sandbox, "ContinueServiceDeployment", serviceDeploymentArn=arn, hookId=hook["hookId"], action="CONTINUE")
        eventually(lambda: service_deployment(sandbox)["status"] == "SUCCESSFUL", "the end", WITHIN_THE_QUOTA)

        call(sandbox, "UpdateService", cluster=CLUSTER, service=API, deploymentConfiguration={"lifecycleHooks": []})
        for scenario, end in (
            ("linear", "SUCCESSFUL"),
            ("canary", "SUCCESSFUL"),
            ("alarm", "ROLLBACK_SUCCESSFUL"),
            ("bake", "SUCCESSFUL"),
            ("protected", "SUCCESSFUL"),
        ):
            sandbox.post("/sandbox/scenario", f"api={scenario}".encode())
            deploy(sandbox)
            eventually(
                lambda: service(sandbox) and service_deployment(sandbox)["status"] == end, scenario, WITHIN_THE_QUOTA
            )


def test_every_operation_answers_as_the_model_has_it():
    with Sandbox("--speed", "200", "--scenario", "api=crash-on-start") as sandbox:
        arn = service(sandbox)["serviceArn"]
        call(sandbox, "TagResource", resourceArn=arn, tags=[{"key": "team", "value": "a"}])
        assert call(sandbox, "ListTagsForResource", resourceArn=arn)["tags"] == [{"key": "team", "value": "a"}]
        assert service(sandbox, include=["TAGS"])["tags"] == [{"key": "team", "value": "a"}]
        call(sandbox, "UntagResource", resourceArn=arn, tagKeys=["team"])

        deploy(sandbox, deploymentConfiguration=BREAKER)
        for _ in range(3):  # in whatever state it is
            service_deployment(sandbox)
            service(sandbox)
        ended = eventually(
            lambda: (now := service_deployment(sandbox))["status"] == "ROLLBACK_SUCCESSFUL" and now, "the rollback"
        )

        revisions = [ended["rollback"]["serviceRevisionArn"], ended["targetServiceRevision"]["arn"]]
        answer = call(sandbox, "DescribeServiceRevisions", serviceRevisionArns=revisions)
        for revision in answer["serviceRevisions"]:
            assert revision["containerImages"][0]["imageDigest"].startswith("sha256:")
        for status in ("RUNNING", "STOPPED"):
            tasks = call(sandbox, "ListTasks", cluster=CLUSTER, serviceName=API, desiredStatus=status)["taskArns"]
            assert tasks
            described = call(sandbox, "DescribeTasks", cluster=CLUSTER, tasks=[*tasks, "nosuch"])
            assert len(described["tasks"]) == len(tasks)
            assert described["failures"][0]["reason"] == "MISSING"
        assert {task["containers"][0]["exitCode"] for task in described["tasks"]} == {1}
        for operation in ("ListClusters", "ListTaskDefinitionFamilies", "ListTaskDefinitions"):
            call(sandbox, operation)
        call(sandbox, "ListServices", cluster=CLUSTER)
        call(sandbox, "DescribeClusters", clusters=[CLUSTER])
        call(sandbox, "DescribeTaskDefinition", taskDefinition=API, include=["TAGS"])


def test_stop_service_deployment_rolls_back():
    with Sandbox("--speed", "200", "--scenario", "crash-after-start") as sandbox:
        before = service(sandbox)["deployments"][0]["id"]
        deploy(sandbox)
        stopped = service_deployment(sandbox)["serviceDeploymentArn"]
        answer = call(sandbox, "StopServiceDeployment", serviceDeploymentArn=stopped, stopType="ROLLBACK")
        assert answer == {"serviceDeploymentArn": stopped}
        eventually(lambda: service_deployment(sandbox)["status"] == "ROLLBACK_SUCCESSFUL", "the rollback")
        assert [one["id"] for one in service(sandbox)["deployments"]] == [before]


def quick_waiters(directory: pathlib.Path) -> pathlib.Path:
    """botocore's own waiters of ECS, asking every second instead of every 15: a directory for AWS_DATA_PATH."""
    original = pathlib.Path(botocore.__file__).parent / "data/ecs/2014-11-13/waiters-2.json"
    waiters = json.loads(original.read_text())
    for waiter in waiters["waiters"].values():
        waiter["delay"] = 1
    copy = directory / "ecs/2014-11-13/waiters-2.json"
    copy.parent.mkdir(parents=True)
    copy.write_text(json.dumps(waiters))
    return directory


def test_the_aws_cli_waits_until_services_are_stable(tmp_path):
    wait = ("ecs", "wait", "services-stable", "--cluster", CLUSTER, "--services", API)
    with Sandbox("--speed", "200", "--scenario", "api=no-capacity") as sandbox, ThreadPoolExecutor() as pool:
        deploy(sandbox)
        known = len(sandbox.get("/sandbox/ecs/calls"))

        def looks() -> list[dict]:
            calls = [one for one in sandbox.get("/sandbox/ecs/calls")[known:] if one["operation"] == "DescribeServices"]
            return [one["response"]["services"][0] for one in calls if one["caller"] == "sandbox"]

        waiter = pool.submit(aws_cli, sandbox, *wait, AWS_DATA_PATH=str(quick_waiters(tmp_path)))
        # The rollout comes to its end only after the first look, however long that takes on a busy machine.
        eventually(lambda: looks() or waiter.done(), "the waiter's first look")
        sandbox.post("/sandbox/scenario", b"api=healthy")
        deploy(sandbox)
        done = waiter.result()
        assert done.returncode == 0, done.stderr
        seen = looks()
        assert len(seen[0]["deployments"]) == 2, "it had to wait"
        assert len(seen[-1]["deployments"]) == 1
        assert seen[-1]["runningCount"] == seen[-1]["desiredCount"] == 2


def test_the_events_of_ecs_reach_the_function():
    with Sandbox("--speed", "200") as sandbox:
        deploy(sandbox)
        expected = ["SERVICE_DEPLOYMENT_IN_PROGRESS", "SERVICE_DEPLOYMENT_COMPLETED", "SERVICE_STEADY_STATE"]
        eventually(lambda: events_of_ecs(sandbox) == expected, "the events of a healthy rollout")
        eventually(
            lambda: all(one["status"] == "done" for one in sandbox.get("/sandbox/invocations")), "the function's end"
        )
        assert all("answer" in one for one in sandbox.get("/sandbox/invocations")), "the function refused one"


def test_the_scenario_can_be_changed_while_it_runs():
    with Sandbox("--speed", "200") as sandbox:
        status, _, body = sandbox.post("/sandbox/scenario", b"api=no-capacity")
        assert status == 200
        assert json.loads(body)["services"] == {
            API: "no-capacity",
            "shop_service_dev": "healthy",
            "shop_service_api_prod": "healthy",
            "shop_service_web_dev": "healthy",
            "shop_service_worker_dev": "healthy",
        }
        assert sandbox.get("/sandbox/scenario")["services"][API] == "no-capacity"
        deploy(sandbox)
        eventually(lambda: "SERVICE_TASK_PLACEMENT_FAILURE" in events_of_ecs(sandbox), "the placement failure")
        assert "Capacity is unavailable" in service(sandbox)["events"][0]["message"]


@pytest.mark.parametrize(
    "choice, words", [("nonsense", "crash-on-start"), ("nosuch=slow", "worker"), ("=slow", "SERVICE=NAME")]
)
def test_a_wrong_scenario_is_answered_with_what_there_is(choice, words):
    done = cli("sandbox", "--scenario", choice)
    assert done.code != 0 and done.out == ""
    assert choice.strip("=").split("=")[0] in done.err and words in done.err


def test_a_wrong_speed_is_refused():
    for speed in ("0", "-1", "fast", "nan", "100000"):
        done = cli("sandbox", "--speed", speed)
        assert done.code != 0 and "speed" in done.err


def test_a_wrong_scenario_by_http_changes_nothing():
    with Sandbox() as sandbox:
        status, _, body = sandbox.post("/sandbox/scenario", b"api=nonsense")
        assert status == 400 and "crash-after-start" in json.loads(body)["message"]
        assert set(sandbox.get("/sandbox/scenario")["services"].values()) == {"healthy"}


def test_the_last_word_is_told_at_the_default_speed():
    """At which a bad rollout comes and goes within the minute in which the function takes a fact for said."""
    with Sandbox(ROLLBACK_ON_FAILURE="true") as sandbox:

        def told() -> list[str]:
            texts = [one["message"]["text"] for one in sandbox.get("/sandbox/slack")]
            return [text for text in texts if "api" in text]

        sandbox.invoke(b'{"service":"api"}')
        eventually(lambda: any("completed" in text for text in told()), "the end of the good rollout")
        sandbox.post("/sandbox/scenario", b"api=crash-on-start")
        sandbox.invoke(b'{"service":"api"}')
        eventually(lambda: "rolled back" in told()[-1], "the last word")
        assert service_deployment(sandbox)["status"] == "ROLLBACK_SUCCESSFUL"


def test_the_function_is_as_patient_as_ecs_is_fast():
    with Sandbox() as sandbox:
        assert sandbox.get("/sandbox/settings")["DEPLOYMENT_TIMEOUT_SECONDS"] == "30"
    with Sandbox("--speed", "2", DEPLOYMENT_TIMEOUT_SECONDS="200") as sandbox:
        assert sandbox.get("/sandbox/settings")["DEPLOYMENT_TIMEOUT_SECONDS"] == "100"


def test_the_function_waits_and_answers_with_the_verdict():
    # As long as it takes on a busy machine.
    settings = {
        "WAIT_FOR_DEPLOYMENT": "true",
        "ROLLBACK_ON_FAILURE": "true",
        "DEPLOYMENT_TIMEOUT_SECONDS": "30000",
    }
    with Sandbox("--speed", "100", "--scenario", "worker=crash-on-start", **settings) as sandbox:
        _, good = sandbox.invoke(b'{"service":"api"}')
        _, bad = sandbox.invoke(b'{"service":"worker"}')
        _, swept = sandbox.invoke(b'{"action":"sweep"}')
    assert good["status"] == "completed"
    assert good["deployments"][0]["outcome"] == "2 of 2 tasks run shop_service_api_dev:42"
    assert bad["status"] == "rolled_back", bad
    assert "ended with exit code 1" in bad["detail"]
    assert swept["detail"] == "looked at 4 services, 0 overdue"
