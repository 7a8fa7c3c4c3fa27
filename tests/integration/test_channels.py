"""The channels, each as its receiver has it: signatures are judged by `standardwebhooks`, SNS by moto."""

import json
import pathlib
import re
import threading

import boto3
import pytest
from standardwebhooks.webhooks import Webhook

from support.programs import Function, cli, function_environment
from support.servers import HttpStub, Response, SlackStub

DOCS = pathlib.Path(__file__).parents[2] / "docs" / "channels.md"
KEY = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
ROUTING_KEY = "0123456789abcdef0123456789abcdef"
SECRET = "veryverysecret"


class Receivers(HttpStub):
    """Teams, Discord, PagerDuty and a webhook, by their paths."""

    def __init__(self) -> None:
        self.requests: dict[str, list] = {"teams": [], "discord": [], "pagerduty": [], "hook": []}
        self.gone: set[str] = set()
        self._mine = threading.Lock()
        super().__init__()

    def handle(self, request):
        kind = request.path.split("/")[1]
        with self._mine:
            if kind in self.gone:
                return Response(410, f"gone: {request.path}")
            self.requests[kind].append(request)
        return Response(202 if kind in ("teams", "pagerduty") else 200, "{}")

    def settings(self) -> dict[str, str]:
        channels = {
            "team": {"type": "teams", "webhook": "env:TEAMS_URL"},
            "chat": {"type": "discord", "webhook": "env:DISCORD_URL"},
            "oncall": {"type": "pagerduty", "routing_key": "env:PAGER", "endpoint": f"{self.url}/pagerduty/v2/enqueue"},
            "portal": {"type": "webhook", "url": "env:HOOK_URL", "secret": "env:HOOK_KEY"},
        }
        return {
            "CHANNELS": json.dumps(channels),
            "TEAMS_URL": f"{self.url}/teams/{SECRET}",
            "DISCORD_URL": f"{self.url}/discord/webhooks/1/{SECRET}",
            "PAGER": ROUTING_KEY,
            "HOOK_URL": f"{self.url}/hook",
            "HOOK_KEY": KEY,
        }


@pytest.fixture
def receivers():
    with Receivers() as stub:
        yield stub


def headers_of(request) -> dict[str, str]:
    return {name.lower(): value for name, value in request.headers.items()}


def test_each_channel_takes_the_samples(receivers, moto):
    done = cli("notify", "--test", "--json", environment=function_environment(moto.url, **receivers.settings()))

    assert done.code == 0, done.err
    assert json.loads(done.out) == [
        {"channel": name, "taken": True}
        for name in ("chat (discord)", "oncall (pagerduty)", "portal (webhook)", "team (teams)")
    ]
    assert SECRET not in done.out + done.err
    cards = [request.json()["attachments"][0]["content"] for request in receivers.requests["teams"]]
    assert [card["type"] for card in cards] == ["AdaptiveCard"] * 4
    assert [request.path for request in receivers.requests["discord"]] == [f"/discord/webhooks/1/{SECRET}?wait=true"] * 4
    alerts = [request.json() for request in receivers.requests["pagerduty"]]
    assert [(one["event_action"], one["routing_key"]) for one in alerts] == [("trigger", ROUTING_KEY), ("resolve", ROUTING_KEY)]
    assert alerts[0]["dedup_key"] == alerts[1]["dedup_key"]


def test_the_signature_of_a_webhook_is_good_to_standardwebhooks(receivers, moto):
    cli("notify", "--test", environment=function_environment(moto.url, **receivers.settings()))

    sent = receivers.requests["hook"]
    bodies = [Webhook(KEY).verify(request.body, headers_of(request)) for request in sent]
    assert [body["type"] for body in bodies] == [
        "deployment.started",
        "deployment.to_be_approved",
        "deployment.failed",
        "deployment.completed",
    ]
    assert all(body["data"]["version"] == 1 and body["data"]["environment"] == "dev" for body in bodies)
    assert len({headers_of(request)["webhook-id"] for request in sent}) == 4


def test_a_topic_of_sns_gets_a_message_that_can_be_filtered(moto, moto_url):
    def client(service: str):
        return boto3.client(service, region_name="us-east-1", endpoint_url=moto_url, aws_access_key_id="x", aws_secret_access_key="x")

    topic = client("sns").create_topic(Name="deployments")["TopicArn"]
    queue = client("sqs").create_queue(QueueName="heard")["QueueUrl"]
    client("sns").subscribe(
        TopicArn=topic,
        Protocol="sqs",
        Endpoint="arn:aws:sqs:us-east-1:123456789012:heard",
        Attributes={"FilterPolicy": json.dumps({"severity": ["error"], "service": ["sample"]}), "RawMessageDelivery": "true"},
    )
    channels = json.dumps({"mail": {"type": "sns", "topic": topic}})

    done = cli("notify", "--test", environment=function_environment(moto.url, CHANNELS=channels, AWS_ENDPOINT_URL_SNS=moto_url))

    assert done.code == 0, done.out + done.err
    heard = client("sqs").receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", [])
    assert len(heard) == 1
    assert heard[0]["Body"].startswith("Test: Deployment failed: sample\n")


def test_the_others_say_that_a_channel_takes_nothing(receivers, moto):
    receivers.gone = {"teams"}
    with SlackStub() as slack:
        environment = function_environment(
            moto.url,
            **receivers.settings(),
            ENABLE_SLACK_NOTIFICATIONS="true",
            SLACK_WEBHOOK_URL=slack.webhook,
            NOTIFY='{"default":["team","slack"]}',
        )
        with Function(environment) as function:
            outcome = function.invoke(b'{"service":"api"}')
            assert outcome.body["status"] == "deployed", outcome.text
            function.invoke(b'{"service":"worker"}')

        texts = [message["text"] for message in slack.messages]
    assert [("do not arrive: team" in text, SECRET in text) for text in texts].count((True, False)) == 1, texts
    assert len(texts) == 3
    # Of the rest it is not to hear, but that somebody hears nothing is to be known.
    assert [request.json()["embeds"][0]["title"] for request in receivers.requests["discord"]] == ["⚠️ Notifications do not arrive\\: team \\(teams\\)"]


def test_a_message_leads_to_the_service_in_the_console(receivers, moto):
    with Function(function_environment(moto.url, **receivers.settings())) as function:
        outcome = function.invoke(b'{"service":"api"}')
    assert outcome.body["status"] == "deployed", outcome.text

    page = "https://us-east-1.console.aws.amazon.com/ecs/v2/clusters/shop_cluster_dev/services/shop_service_api_dev/health?region=us-east-1"
    body = Webhook(KEY).verify(receivers.requests["hook"][0].body, headers_of(receivers.requests["hook"][0]))
    assert [link["url"] for link in body["data"]["deployments"][0]["links"]] == [page]
    assert page in receivers.requests["teams"][0].body.decode()
    assert page in receivers.requests["discord"][0].body.decode()


def test_notify_says_what_each_channel_hears(receivers, moto):
    environment = function_environment(moto.url, **receivers.settings(), NOTIFY='{"default":["team"],"error":["oncall"]}')

    listed = {one["name"]: one["hears"] for one in json.loads(cli("notify", "--json", environment=environment).out)}

    assert listed == {"chat": [], "oncall": ["error", "success"], "portal": [], "team": ["warning", "success", "info"]}


def test_the_recipe_of_the_docs_is_a_good_configuration(moto, tmp_path):
    recipe = re.search(r"<!-- recipe: .*? -->\n```json\n(.*?)```", DOCS.read_text(), re.DOTALL)[1]
    document = tmp_path / "ci_lambda.json"
    document.write_text(recipe)
    environment = function_environment(moto.url, CI_LAMBDA_CONFIG=f"file:{document}", PORTAL_URL="https://portal.example.com/in")
    environment.pop("SERVICE_CONFIG")

    done = cli("config", "--json", environment=environment)

    assert done.code == 0, done.err
