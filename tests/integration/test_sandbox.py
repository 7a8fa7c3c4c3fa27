"""`ci_lambda sandbox`: a local AWS that runs the real `bootstrap`, spoken to as people and programs speak to it."""

import datetime
import http.client
import json
import pathlib
import socket
import subprocess
import urllib.error
import urllib.request
import uuid

import pytest
from botocore.exceptions import ClientError

from support.clients import sandbox_client
from support.kinds import KINDS, Kind, ecs_service, near_misses, s3_configuration
from support.programs import Sandbox, aws_cli, base_environment, cli, free_ports, program
from support.servers import PATIENCE

CLUSTER = "shop_cluster_dev"


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox(S3_SERVICE_MAP=s3_configuration()) as sandbox:
        yield sandbox


@pytest.fixture
def ecs(sandbox):
    return sandbox_client("ecs", sandbox.url)


@pytest.fixture
def events(sandbox):
    return sandbox_client("events", sandbox.url)


class News:
    """What the sandbox has seen since this was made. What its own ECS has brought about is left out: rollouts go on
    while tests run."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self._before = self._state()

    def _state(self) -> dict[str, list]:
        return {
            path: self.sandbox.get(path) for path in ("/sandbox/ecs/calls", "/sandbox/slack", "/sandbox/invocations")
        }

    def _since(self, path: str) -> list:
        return self.sandbox.get(path)[len(self._before[path]) :]

    def _since_from_outside(self, path: str) -> list:
        new = self._since(path)
        from_ecs = {one["request_id"] for one in self.sandbox.get("/sandbox/invocations") if one["from"] == "ecs"}
        return [one for one in new if one["invocation"] not in from_ecs]

    def updates(self) -> list[dict]:
        calls = self._since_from_outside("/sandbox/ecs/calls")
        return [call["request"] for call in calls if call["operation"] == "UpdateService"]

    def messages(self) -> list[dict]:
        return self._since_from_outside("/sandbox/slack")

    def invocations(self) -> list[dict]:
        return [one for one in self._since("/sandbox/invocations") if one["from"] == "outside"]


# --- events -------------------------------------------------------------------------------------------------------


def newest(event: bytes) -> bytes:
    """The event, as of a change after all that the shared sandbox has begun, so that it begins a rollout of its own."""
    later = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=1)
    changed = json.loads(event)
    if "time" in changed:
        changed |= {"time": later.strftime("%Y-%m-%dT%H:%M:%SZ"), "id": str(uuid.uuid4())}
    return json.dumps(changed).encode()


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_each_kind_ends_in_the_right_calls(kind: Kind, sandbox):
    news = News(sandbox)

    headers, answer = sandbox.invoke(newest(kind.event))

    assert "X-Amz-Function-Error" not in headers
    assert answer["status"] == kind.status, answer
    updates = sorted(news.updates(), key=lambda update: update["service"])
    assert [update["service"] for update in updates] == [ecs_service(id) for id in kind.services]
    for update in updates:
        assert update["cluster"] == CLUSTER and update["forceNewDeployment"] is True
        assert update["taskDefinition"].endswith(f"/{update['service']}:42")
    assert len(news.messages()) == 1
    assert all(message["status"] == 200 for message in news.messages()), "Slack refused a message"


@pytest.mark.parametrize("name", near_misses())
def test_a_near_miss_makes_no_call(name, sandbox):
    event, word = near_misses()[name]
    news = News(sandbox)

    _, answer = sandbox.invoke(json.dumps(event).encode())

    assert answer["status"] == "ignored" and word in answer["detail"]
    assert news.updates() == [] and news.messages() == []


def test_a_raw_event_is_delivered_as_it_is(sandbox):
    news = News(sandbox)
    event = newest(KINDS[0].event)
    status, _, body = sandbox.post("/sandbox/events", event)
    assert status == 202
    sandbox.invoke(b'{"source":"aws.ec2","detail":{}}')  # events are handled in order: the first is done now

    first = news.invocations()[0]
    assert first["request_id"] == json.loads(body)["request_id"]
    assert first["event"] == json.loads(event)
    assert first["status"] == "done" and first["answer"]["status"] == "deployed"
    assert [update["service"] for update in news.updates()] == ["shop_service_api_dev"]


def test_an_invocation_that_fails_is_told_as_lambda_tells_it(sandbox):
    headers, answer = sandbox.invoke(b'{"source":"action.deploy","detail-type":"DEPLOY","detail":{}}')
    assert headers["X-Amz-Function-Error"] == "Unhandled"
    assert answer["errorType"] == "Function.InvalidEvent"
    assert "service" in answer["errorMessage"]


def test_a_service_that_is_not_there_fails_by_name(sandbox):
    _, answer = sandbox.invoke(b'{"service":"nosuch"}')
    assert answer["errorType"] == "Function.DeploymentFailed"
    assert "nosuch" in answer["errorMessage"]


def test_put_events_reaches_the_function_and_a_bad_entry_is_told_apart(sandbox, events):
    news = News(sandbox)
    answer = events.put_events(
        Entries=[
            {"Source": "action.deploy", "DetailType": "DEPLOY", "Detail": '{"service":"worker"}'},
            {"Source": "action.deploy", "DetailType": "DEPLOY", "Detail": "no json"},
            {"Source": "aws.ecr", "DetailType": "ECR Image Action", "Detail": "{}"},
        ]
    )
    sandbox.invoke(b'{"source":"aws.ec2","detail":{}}')  # events are handled in order

    assert answer["FailedEntryCount"] == 2
    accepted, malformed, forbidden = answer["Entries"]
    assert accepted["EventId"] and "ErrorCode" not in accepted
    assert malformed["ErrorCode"] == "MalformedDetail" and "EventId" not in malformed
    assert forbidden["ErrorCode"] == "NotAuthorizedForSourceException"
    assert [update["service"] for update in news.updates()] == ["shop_service_worker_dev"]
    event = news.invocations()[0]["event"]
    assert event["id"] == accepted["EventId"]
    assert {"version", "id", "detail-type", "source", "account", "time", "region", "resources", "detail"} <= set(event)
    assert event["detail"] == {"service": "worker"}


# --- ECS, as botocore's own model has it ----------------------------------------------------------------------------


def test_describe_services(ecs):
    answer = ecs.describe_services(cluster=CLUSTER, services=["shop_service_api_dev", "nosuch"])
    (service,) = answer["services"]
    assert service["serviceName"] == "shop_service_api_dev"
    assert service["status"] == "ACTIVE"
    assert service["serviceArn"].startswith("arn:aws:ecs:us-east-1:123456789012:service/")
    assert service["deployments"][0]["status"] == "PRIMARY"
    assert service["deployments"][0]["createdAt"].year >= 2020  # botocore has made a datetime of it
    (failure,) = answer["failures"]
    assert failure["reason"] == "MISSING" and failure["arn"].endswith("nosuch")


def test_at_most_ten_services_are_described_at_once(ecs):
    with pytest.raises(ClientError) as caught:
        ecs.describe_services(cluster=CLUSTER, services=[f"s{number}" for number in range(11)])
    assert caught.value.response["Error"]["Code"] == "InvalidParameterException"


def test_lists_come_in_pages(ecs):
    pages = list(ecs.get_paginator("list_services").paginate(cluster=CLUSTER, PaginationConfig={"PageSize": 1}))
    names = [arn.split("/")[-1] for page in pages for arn in page["serviceArns"]]
    assert len(pages) >= 3
    assert sorted(names) == ["shop_service_api_dev", "shop_service_dev", "shop_service_web_dev", "shop_service_worker_dev"]

    paginator = ecs.get_paginator("list_task_definitions")
    pages = list(paginator.paginate(familyPrefix="shop_service_api_dev", sort="DESC", PaginationConfig={"PageSize": 2}))
    revisions = [int(arn.split(":")[-1]) for page in pages for arn in page["taskDefinitionArns"]]
    assert len(pages) == 2
    assert revisions == [42, 10, 9]
    assert ecs.list_task_definitions(familyPrefix="nosuch")["taskDefinitionArns"] == []


def test_describe_task_definition(ecs):
    newest = ecs.describe_task_definition(taskDefinition="shop_service_api_dev")["taskDefinition"]
    assert newest["revision"] == 42 and newest["status"] == "ACTIVE"
    assert newest["containerDefinitions"][0]["image"]
    assert ecs.describe_task_definition(taskDefinition="shop_service_api_dev:9")["taskDefinition"]["revision"] == 9


def test_describe_clusters(ecs):
    answer = ecs.describe_clusters(clusters=[CLUSTER, "nosuch"])
    assert [cluster["clusterName"] for cluster in answer["clusters"]] == [CLUSTER]
    assert answer["clusters"][0]["status"] == "ACTIVE"
    assert answer["failures"][0]["reason"] == "MISSING"


def test_update_service_starts_a_deployment(ecs):
    before = ecs.describe_services(cluster=CLUSTER, services=["shop_service_dev"])["services"][0]
    updated = ecs.update_service(
        cluster=CLUSTER, service="shop_service_dev", taskDefinition="shop_service_dev:10", forceNewDeployment=True
    )["service"]
    primary = [one for one in updated["deployments"] if one["status"] == "PRIMARY"]
    assert len(primary) == 1
    assert primary[0]["id"].startswith("ecs-svc/") and primary[0]["id"] != before["deployments"][0]["id"]
    assert primary[0]["taskDefinition"].endswith("shop_service_dev:10")
    assert primary[0]["rolloutState"] == "IN_PROGRESS"
    assert updated["taskDefinition"].endswith("shop_service_dev:10")


UNKNOWN = {
    "cluster": ("ClusterNotFoundException", lambda ecs: ecs.describe_services(cluster="nosuch", services=["a"])),
    "service": ("ServiceNotFoundException", lambda ecs: ecs.update_service(cluster=CLUSTER, service="nosuch")),
    "revision": ("ClientException", lambda ecs: ecs.describe_task_definition(taskDefinition="shop_service_dev:7")),
    "operation": ("UnknownOperationException", lambda ecs: ecs.list_container_instances(cluster=CLUSTER)),
}


@pytest.mark.parametrize("thing", UNKNOWN)
def test_what_does_not_exist_is_a_client_error(thing, ecs):
    code, call = UNKNOWN[thing]
    with pytest.raises(ClientError) as caught:
        call(ecs)
    assert caught.value.response["Error"]["Code"] == code
    assert caught.value.response["Error"]["Message"]


def test_an_unsigned_request_is_refused(sandbox):
    request = urllib.request.Request(
        sandbox.url + "/",
        data=b"{}",
        headers={"X-Amz-Target": "AmazonEC2ContainerServiceV20141113.ListClusters"},
    )
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(request, timeout=PATIENCE)
    assert caught.value.code == 400
    assert json.loads(caught.value.read())["__type"] == "MissingAuthenticationTokenException"


def test_slack_refuses_what_slack_would_refuse(sandbox):
    assert sandbox.post("/slack/services/T000/B000/sandbox", b"no json")[0] == 400
    assert sandbox.post("/slack/services/T000/B000/sandbox", b"{}")[0] == 400


def test_the_front_page_says_what_this_is(sandbox):
    with urllib.request.urlopen(sandbox.url + "/", timeout=PATIENCE) as answer:
        page = answer.read().decode()
    assert "sandbox" in page and sandbox.url in page


# --- the AWS CLI, as in the README ----------------------------------------------------------------------------------


def aws(sandbox: Sandbox, *arguments: str) -> dict:
    done = aws_cli(sandbox, *arguments)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_the_aws_cli_deploys_by_hand(sandbox):
    news = News(sandbox)
    answer = aws(
        sandbox,
        *("events", "put-events", "--entries"),
        r'Source=action.deploy,DetailType=DEPLOY,Detail="{\"service\":\"api\"}"',
    )
    sandbox.invoke(b'{"source":"aws.ec2","detail":{}}')  # events are handled in order

    assert answer["FailedEntryCount"] == 0
    assert [update["service"] for update in news.updates()] == ["shop_service_api_dev"]


def test_the_aws_cli_describes_services(sandbox):
    answer = aws(sandbox, "ecs", "describe-services", "--cluster", CLUSTER, "--services", "shop_service_api_dev")
    assert answer["services"][0]["serviceName"] == "shop_service_api_dev"


# --- one line that points a shell at it -----------------------------------------------------------------------------


def shell(script: str, **environment: str) -> subprocess.CompletedProcess:
    """A POSIX shell with `ci_lambda` in its path."""
    directory = pathlib.Path(program("CI_LAMBDA_CLI")).parent
    return subprocess.run(
        ["/bin/sh", "-c", script],
        env={**base_environment(), "PATH": f"{directory}:/usr/bin:/bin", **environment},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )


def port_of(sandbox: Sandbox) -> str:
    return sandbox.url.rpartition(":")[2]


def test_one_line_points_the_command_at_the_sandbox():
    # As it is typed in a shell that was set up for something else.
    elsewhere = {
        "PROJECT_NAME": "mine",
        "ECS_CLUSTER_NAME": "other",
        "AWS_PROFILE": "nosuch",
        "AWS_SESSION_TOKEN": "token",
        "AWS_ENDPOINT_URL_ECS": "http://127.0.0.1:9",
        "SLACK_WEBHOOK_URL": "http://127.0.0.1:9/real",
    }
    with Sandbox() as sandbox:
        line = f'eval "$(ci_lambda sandbox --env --port {port_of(sandbox)})"'
        done = shell(f"{line}; ci_lambda deploy api --wait && ci_lambda status api", **elsewhere)

        assert done.returncode == 0, done.stderr
        assert "shop_service_api_dev" in done.stdout
        updates = [one for one in sandbox.get("/sandbox/ecs/calls") if one["operation"] == "UpdateService"]
        assert [(one["caller"], one["request"]["service"]) for one in updates] == [("sandbox", "shop_service_api_dev")]
        told = [one["message"]["text"] for one in sandbox.get("/sandbox/slack") if one["invocation"] == ""]
        assert "started: api" in told[0], "the command told another Slack than the sandbox's, or the function did"


def test_the_line_is_told_by_the_sandbox_itself(sandbox):
    text = "\n".join(sandbox.stdout)
    assert f'ci_lambda sandbox --env --port {port_of(sandbox)})"' in text
    for option in ("--endpoint-url", "AWS_ACCESS_KEY_ID="):
        assert option not in text, "what the line has done need not be done again"


def test_without_a_sandbox_the_line_changes_nothing_and_says_so():
    (port,) = free_ports(1)
    done = shell(f'eval "$(ci_lambda sandbox --env --port {port})"; echo "endpoint=$AWS_ENDPOINT_URL"')
    assert done.stdout == "endpoint=\n"
    assert f"no sandbox answers at http://127.0.0.1:{port}" in done.stderr
    assert cli("sandbox", "--env", "--port", str(port)).code == 1


def test_a_port_that_is_taken_is_named_with_a_way_out():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = cli("sandbox", "--port", str(port))
    assert done.code == 1
    assert str(port) in done.err and "--port 0" in done.err


# --- nobody but programs of this machine -----------------------------------------------------------------------------


def test_a_page_in_a_browser_cannot_drive_it(sandbox):
    news = News(sandbox)
    form = {"Content-Type": "text/plain", "Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
    rebound = {"Content-Type": "text/plain", "Host": f"evil.example:{port_of(sandbox)}"}
    for headers in (form, rebound):
        for path in ("/", "/sandbox/events", "/sandbox/scenario", "/2015-03-31/functions/ci_lambda/invocations"):
            request = urllib.request.Request(sandbox.url + path, data=b'{"service":"api"}', headers=headers)
            with pytest.raises(urllib.error.HTTPError) as caught:
                urllib.request.urlopen(request, timeout=PATIENCE)
            assert caught.value.code == 403
    image = urllib.request.Request(
        sandbox.url + "/2018-06-01/runtime/invocation/next", headers={"Sec-Fetch-Site": "cross-site"}
    )
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(image, timeout=PATIENCE)
    assert caught.value.code == 403
    assert news.invocations() == [] and news.updates() == []


def test_slow_connections_keep_nobody_waiting():
    with Sandbox() as sandbox:
        address = ("127.0.0.1", int(port_of(sandbox)))
        slow = [socket.create_connection(address, timeout=PATIENCE) for _ in range(200)]
        for connection in slow:
            connection.sendall(b"POST /sandbox/events HTTP/1.1\r\nContent-Le")
        _, answer = sandbox.invoke(b'{"service":"api"}')
        assert answer["status"] == "deployed"
        sandbox.process.terminate()
        assert sandbox.wait() == 0, "and it ends, while they are still open"
        for connection in slow:
            connection.close()


def test_a_chunked_body_that_never_fits_is_refused(sandbox):
    block = b"x" * 1_000_000
    connection = http.client.HTTPConnection("127.0.0.1", int(port_of(sandbox)), timeout=PATIENCE)
    connection.request("POST", "/sandbox/events", body=iter([block] * 12), encode_chunked=True)
    assert connection.getresponse().status == 413
    connection.close()
