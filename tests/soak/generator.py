"""Makes up events, and lets the world go on between them: new revisions, other people's deployments, ends of rollouts.

Everything is drawn from one source of chance, so that a seed gives the same events again."""

from __future__ import annotations

import collections
import dataclasses
import json
import random
import time
import urllib.parse
from collections.abc import Callable

from cluster import (
    ACCOUNT,
    CLUSTER,
    COMMON,
    COMPLETED,
    FAILED,
    FROZEN,
    GHOST,
    IN_PROGRESS,
    NAMED_TAG,
    SECOND,
    SERVICES,
    Cluster,
    arn_of,
    ecs_name,
    repository_of,
)
from events import FIFO, QUEUE, SINGLE, TOPIC, Broken, Deploy, Event, Item, Meaning, Message, News, Nothing, Sweep

BUCKET = "shop-env"
TOO_OLD = 100 * SECOND  # a deployment whose start is no news any more
SAME_NEWS = 120 * SECOND  # what is said again within that may be the same
# Where several services or messages are at it, none waits, so that the order in which they act makes no difference.
A_WHILE = 6 * SECOND
RECENT = 8  # events back: surely remembered
HISTORY = 2000
MOST_TRIES = 2  # after the first one
QUEUE_ARN = f"arn:aws:sqs:us-east-1:{ACCOUNT}:shop"

# Events that are no part of the soak, but are measured after.
QUIET, WIDEST = "quiet", "the widest"

GARBAGE = (
    (b"", "empty"),
    (b"{", "cut off"),
    (b"no json", "text"),
    (b"[1,2]", "a list"),
    (b'"text"', "a text"),
    (b"\xff\xfe{}", "no UTF-8"),
    (b'{"a":' + b"[" * 2000, "deep"),
    (b'{"action":"explode"}', "an unknown action"),
    (b'{"service":7}', "a number as the service"),
    (b'{"source":"aws.ssm","detail-type":"Parameter Store Change"}', "without detail"),
    (b'{"source":"action.deploy","detail-type":"D","detail":"{\\"service\\":\\"api\\"}"}', "detail in quotes"),
    (b'{"source":"action.deploy","detail-type":"D","detail":{}}', "without service"),
    (b'{"source":"aws.ecr","detail-type":"ECR Image Action","detail":[]}', "detail is a list"),
)
NEWS = (
    ("SERVICE_DEPLOYMENT_COMPLETED", "INFO", "completed"),
    ("SERVICE_DEPLOYMENT_FAILED", "ERROR", "failed"),
    ("SERVICE_DEPLOYMENT_IN_PROGRESS", "INFO", "in progress"),
    ("SERVICE_TASK_START_IMPAIRED", "WARN", "impaired"),
    ("SERVICE_TASK_PLACEMENT_FAILURE", "ERROR", "task placement failure"),
)


def service_config() -> str:
    """SERVICE_CONFIG: each service has a file of its own, some share one, and all share one."""
    config = {}
    for service in (*SERVICES, FROZEN):
        keys = [f"{service}.env", "all.env", *(["common.env"] if service in COMMON else [])]
        config[service] = [{"bucket": BUCKET, "key": key} for key in keys]
    return json.dumps(config)


def rfc3339(moment: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(moment // SECOND))


class Generator:
    def __init__(self, dice: random.Random, cluster: Cluster) -> None:
        self._dice = dice
        self._cluster = cluster
        self._numbers = 0
        self._announced: dict[tuple[str, str], tuple[int, int]] = {}  # since when it is PRIMARY again, and when told
        self._past: collections.deque[Event] = collections.deque(maxlen=HISTORY)
        self._again: list[Event] = []  # what Lambda or SQS gives once more
        self._tries: collections.Counter[bytes] = collections.Counter()
        self._kinds: list[tuple[Callable[[], Event], float]] = [
            (self._one_change, 50),
            (self._file_of_several, 5),
            (self._news, 7),
            (self._near_miss, 7),
            (self._garbage, 2),
            (self._queue, 10),
            (self._fifo, 4),
            (self._topic, 3),
            (self._notification, 3),
            (self._sweep, 1),
            (self._file_of_all, 0.5),
        ]

    # --- the next event ----------------------------------------------------------------------------------------------

    def next(self) -> Event:
        self._let_time_pass()
        dice = self._dice
        if self._again and dice.random() < 0.5:
            event = self._again.pop(0)
        elif self._past and dice.random() < 0.06:
            event = self._duplicate()
        else:
            makers, weights = zip(*self._kinds, strict=True)
            event = dice.choices(makers, weights)[0]()
        self._past.append(event)
        return event

    def quiet(self) -> Event:
        """Always the same kind: one call after the other, and one message."""
        self._cluster.now += SECOND
        service = "api"
        meaning = Deploy((service,), None, self._cluster.services[service].newest)
        body = {"service": service, "task_definition": meaning.revision}
        return self._single(QUIET, json.dumps(body), "", meaning)

    def widest(self) -> Event:
        """As many services and messages at the same time as there can be, so that every thread has been needed."""
        self._cluster.now += 60 * SECOND
        item = self._native_file("", self._now_in_seconds() - A_WHILE, "all.env")
        return self._of_item(WIDEST, item)

    def answered(self, event: Event, failed_messages: list[str] | None, failed: bool) -> None:
        """Lambda tries failed events and refused answers again, twice; SQS gives failed messages again."""
        if failed_messages:
            again = [message for message in event.messages if message.id in failed_messages]
            event = self._batch(event.source, again)
        elif not failed:
            return
        self._tries[event.body] += 1
        if self._tries[event.body] <= MOST_TRIES:
            self._again.append(event)

    def _duplicate(self) -> Event:
        past = self._past
        if self._dice.random() < 0.9:
            return past[-self._dice.randint(1, min(RECENT, len(past)))]
        old = past[self._dice.randrange(len(past))]
        # The function may have forgotten it. Then only the rules of deployments say what happens.
        simple = old.source == SINGLE and isinstance(old.items[0].meaning, (Deploy, Nothing, Broken))
        return old if simple else past[-1]

    # --- the world ---------------------------------------------------------------------------------------------------

    def _let_time_pass(self) -> None:
        dice, cluster = self._dice, self._cluster
        # Long enough for the quotas of ECS to fill again; now and then too short for that.
        cluster.now += dice.randint(5 * SECOND, 20 * SECOND) if dice.random() < 0.9 else dice.randint(200, SECOND)
        service = cluster.services[dice.choice((*SERVICES, FROZEN))]
        self._let_rollbacks_begin()
        # What is slow on purpose takes longer than a sweep has patience with others.
        if service.primary.state == IN_PROGRESS and dice.random() < (0.05 if service.nature.on_purpose else 0.5):
            bad = 0.3 if service.nature.comes_back and not service.primary.back else 0.1
            cluster.end(service, FAILED if dice.random() < bad else COMPLETED)
        chance = dice.random()
        if chance < 0.02:
            service.register(cluster.now, dice.randrange(len(service.revisions)))
        elif chance < 0.04:
            newer = dice.randrange(len(service.revisions)) if chance < 0.03 else None
            cluster.somebody_deploys(service.id, cluster.now, newer)
            cluster.now += dice.randint(0, 3 * SECOND)
        elif chance < 0.06:
            cluster.ask_to_go_back(service, cluster.now)
            cluster.now += dice.randint(0, 3 * SECOND)

    def _let_rollbacks_begin(self) -> None:
        """That ECS was asked for."""
        for service in self._cluster.services.values():
            if service.asked_to_go_back and self._dice.random() < 0.7:
                self._cluster.roll_back(service, self._cluster.now)

    def _time_for(self, service: str, latest: int = 0) -> int:
        """Before, after and around the beginning of what runs, in whole seconds, and never later than so long ago."""
        dice, cluster = self._dice, self._cluster
        known = cluster.services.get(service)
        created = known.primary.created if known else cluster.now
        chance = dice.random()
        if chance < 0.5:
            moment = cluster.now - dice.randint(0, 5 * SECOND)
        elif chance < 0.8:
            moment = created - dice.randint(2 * SECOND, 3600 * SECOND)
        else:
            moment = created + dice.randint(-3, 3) * SECOND
        moment = min(moment, cluster.now - latest)
        return moment - moment % SECOND

    # --- single events -----------------------------------------------------------------------------------------------

    def _number(self) -> int:
        self._numbers += 1
        return self._numbers

    def _id(self) -> str:
        return f"00000000-0000-4000-8000-{self._number():012}"

    def _single(self, kind: str, body: str | bytes, event_id: str, meaning: Meaning) -> Event:
        data = body.encode() if isinstance(body, str) else body
        item = Item(event_id, data.decode("latin-1"), meaning)
        return Event(kind, data, SINGLE, (Message("", "", (item,)),))

    def _of_item(self, kind: str, item: Item) -> Event:
        return Event(kind, item.text.encode(), SINGLE, (Message("", "", (item,)),))

    def _item(
        self, source: str, detail_type: str, detail: dict, moment: int, meaning: Meaning, *resources: str
    ) -> Item:
        event_id = self._id()
        body = {
            "version": "0",
            "id": event_id,
            "detail-type": detail_type,
            "source": source,
            "account": ACCOUNT,
            "time": rfc3339(moment),
            "region": "us-east-1",
            "resources": list(resources),
            "detail": detail,
        }
        return Item(event_id, json.dumps(body), meaning)

    def _one_change(self) -> Event:
        return self._of_item("a change", self._change())

    def _change(self, service: str | None = None, latest: int = 0) -> Item:
        """One service has changed: an image, a parameter, a file, or somebody wants it."""
        dice = self._dice
        if service is None:
            service = GHOST if dice.random() < 0.01 else dice.choice(SERVICES)
        moment = self._time_for(service, latest)
        kinds = [self._push, self._parameter, self._native_file, self._trail_file, self._request, self._bare]
        if service == GHOST:
            kinds = [self._push, self._parameter, self._bare]
        return dice.choices(kinds, (20, 20, 8, 6, 6, 3)[: len(kinds)])[0](service, moment)

    def _push(self, service: str, moment: int) -> Item:
        named = self._dice.random() < 0.5
        detail = {
            "action-type": "PUSH",
            "result": "SUCCESS",
            "repository-name": repository_of(service),
            "image-tag": NAMED_TAG if named else f"v{self._number()}",
            "image-digest": "sha256:" + "7f5b2640" * 8,
        }
        meaning = Deploy((service,), moment, pushed=named)
        if self._dice.random() < 0.1:
            detail |= {"action-type": "REPLICATE", "source-account": ACCOUNT, "source-region": "us-west-2"}
            return self._item("aws.ecr", "ECR Replication Action", detail, moment, meaning)
        return self._item("aws.ecr", "ECR Image Action", detail, moment, meaning)

    def _parameter(self, service: str, moment: int) -> Item:
        name = f"/dev/shop/{service}/KEY_{self._number()}"
        detail = {"operation": self._dice.choice(("Update", "Create")), "name": name, "type": "SecureString"}
        return self._item("aws.ssm", "Parameter Store Change", detail, moment, Deploy((service,), moment))

    def _native_file(self, service: str, moment: int, key: str | None = None) -> Item:
        name = key or f"{service}.env"
        kind = self._dice.choice(("Object Created", "Object Deleted"))
        detail = {"bucket": {"name": BUCKET}, "object": {"key": name, "size": self._number()}}
        return self._item("aws.s3", kind, detail, moment, Deploy(self._readers(name), moment))

    def _trail_file(self, service: str, moment: int, key: str | None = None) -> Item:
        name = key or f"{service}.env"
        detail = {
            "eventSource": "s3.amazonaws.com",
            "eventName": self._dice.choice(("PutObject", "CopyObject", "CompleteMultipartUpload", "DeleteObject")),
            "requestParameters": {"bucketName": BUCKET, "key": name},
            "responseElements": None,
        }
        return self._item("aws.s3", "AWS API Call via CloudTrail", detail, moment, Deploy(self._readers(name), moment))

    @staticmethod
    def _readers(key: str) -> tuple[str, ...]:
        shared = {"all.env": SERVICES, "common.env": COMMON}
        return shared.get(key) or (key.removesuffix(".env"),)

    def _request(self, service: str, moment: int) -> Item:
        revision, more = self._revision_asked_for(service)
        detail = {"service": service, "reason": f"hotfix <{self._number()}> & more", **more}
        source = self._dice.choice(("action.deploy", "action.dev", "github.actions.dev", "terraform.dev"))
        return self._item(source, "DEPLOY", detail, moment, Deploy((service,), moment, revision))

    def _bare(self, service: str, _moment: int) -> Item:
        revision, more = self._revision_asked_for(service)
        meaning = Deploy((service,), None, revision)
        return Item("", json.dumps({"service": service, "reason": f"number {self._number()}", **more}), meaning)

    def _revision_asked_for(self, service: str) -> tuple[str | None, dict]:
        known = self._cluster.services.get(service)
        if known is None or self._dice.random() < 0.5:
            return None, {}
        number = self._dice.choice(known.revisions)
        arn = arn_of(service, number)
        return arn, {
            "task_definition": self._dice.choice((arn, f"{ecs_name(service)}:{number}", f":{number}", str(number)))
        }

    def _file_of_several(self) -> Event:
        make = self._dice.choice((self._native_file, self._trail_file))
        return self._of_item(
            "a file of several", make("", self._time_for(self._dice.choice(COMMON), A_WHILE), "common.env")
        )

    def _file_of_all(self) -> Event:
        moment = self._time_for(self._dice.choice(SERVICES), A_WHILE)
        return self._of_item("a file of all", self._native_file("", moment, "all.env"))

    def _sweep(self) -> Event:
        if self._dice.random() < 0.5:
            item = self._item("aws.events", "Scheduled Event", {}, self._cluster.now, Sweep(self._now_in_seconds()))
            return self._of_item("a sweep", item)
        return self._single("a sweep", '{"action":"sweep"}', "", Sweep(None))

    def _now_in_seconds(self) -> int:
        return self._cluster.now - self._cluster.now % SECOND

    # --- news --------------------------------------------------------------------------------------------------------

    def _news(self) -> Event:
        return self._of_item("news", self._news_item())

    def _news_item(self) -> Item:
        service = self._cluster.services[self._dice.choice(SERVICES)]
        primary = service.primary
        name, level, words = self._dice.choice(NEWS)
        is_start = name == "SERVICE_DEPLOYMENT_IN_PROGRESS"
        again = primary.since if primary.back else 0
        last = self._announced.get((primary.id, name))
        # What a rollback has brought back completes once more.
        is_news = last is None or (last[0] != again and self._cluster.now - last[1] > SAME_NEWS)
        if not is_news or (is_start and (primary.back or self._cluster.now - primary.created > TOO_OLD)):
            name, level, words = "SERVICE_STEADY_STATE", "INFO", ""
        self._announced[primary.id, name] = (again, self._cluster.now)
        moment = self._now_in_seconds()
        meaning: Meaning = News(service.id, primary.id, name, words, moment, again) if words else Nothing("steady")
        return self._ecs_item(service.id, primary.id, name, level, moment, meaning)

    def _ecs_item(
        self,
        service: str,
        deployment: str,
        name: str,
        level: str,
        moment: int,
        meaning: Meaning,
        cluster: str = CLUSTER,
    ) -> Item:
        detail = {"eventType": level, "eventName": name, "deploymentId": deployment, "reason": f"ECS says {name}."}
        kind = "ECS Service Action" if name == "SERVICE_STEADY_STATE" else "ECS Deployment State Change"
        resource = f"arn:aws:ecs:us-east-1:{ACCOUNT}:service/{cluster}/{ecs_name(service)}"
        return self._item("aws.ecs", kind, detail, moment, meaning, resource)

    # --- what is none of our business --------------------------------------------------------------------------------

    def _near_miss(self) -> Event:
        return self._of_item("a near miss", self._miss())

    def _miss(self) -> Item:
        moment, number = self._now_in_seconds(), self._number()
        image = {"action-type": "PUSH", "result": "SUCCESS", "repository-name": "shop_service_api", "image-tag": "v1"}
        trail = {
            "eventSource": "s3.amazonaws.com",
            "eventName": "PutObject",
            "requestParameters": {"bucketName": BUCKET, "key": "api.env"},
        }
        parameter = {"operation": "Update", "name": "/dev/shop/api/KEY"}
        failed_copy = {**image, "action-type": "REPLICATE", "result": "FAILED"}
        old_version = {
            "bucket": {"name": BUCKET},
            "object": {"key": "api.env", "version-id": "mtB0cV.jejK63XkRNceanNMC.qXPWLeK"},
            "reason": "Lifecycle Expiration",
            "deletion-type": "Permanently Deleted",
        }
        choices: list[tuple[str, str, str, dict]] = [
            ("other project", "aws.ecr", "ECR Image Action", {**image, "repository-name": "other_service_api"}),
            ("failed push", "aws.ecr", "ECR Image Action", {**image, "result": "FAILURE"}),
            ("no tag", "aws.ecr", "ECR Image Action", {**image, "image-tag": ""}),
            ("signature", "aws.ecr", "ECR Image Action", {**image, "image-tag": "sha256-7f5b.sig"}),
            ("deleted image", "aws.ecr", "ECR Image Action", {**image, "action-type": "DELETE"}),
            ("failed copy", "aws.ecr", "ECR Replication Action", failed_copy),
            ("scan", "aws.ecr", "ECR Image Scan", {"scan-status": "COMPLETE"}),
            ("deleted parameter", "aws.ssm", "Parameter Store Change", {**parameter, "operation": "Delete"}),
            ("other env", "aws.ssm", "Parameter Store Change", {**parameter, "name": "/prod/shop/api/KEY"}),
            ("placeholder", "aws.ssm", "Parameter Store Change", {"operation": "Create", "name": "/dev/shop/api/env"}),
            ("failed change", "aws.ssm", "Parameter Store Change", {**parameter, "exception": "no"}),
            ("switched off", "aws.ssm", "Parameter Store Change", {**parameter, "name": f"/dev/shop/{FROZEN}/KEY"}),
            ("denied call", "aws.s3", "AWS API Call via CloudTrail", {**trail, "errorCode": "AccessDenied"}),
            ("no parameters", "aws.s3", "AWS API Call via CloudTrail", {**trail, "requestParameters": None}),
            ("old version", "aws.s3", "Object Deleted", old_version),
            ("read", "aws.s3", "AWS API Call via CloudTrail", {**trail, "eventName": "GetObject"}),
            ("other key", "aws.s3", "Object Created", {"bucket": {"name": BUCKET}, "object": {"key": f"{number}"}}),
            ("other env", "github.actions.prod", "DEPLOY", {"service": "api"}),
            ("other project", "action.deploy", "DEPLOY", {"service": "api", "project": "other"}),
            ("no interest", "aws.ec2", "EC2 Instance State-change Notification", {"state": "running"}),
        ]
        if self._dice.random() < 0.1:
            return self._ecs_item("api", "ecs-svc/1", NEWS[0][0], "INFO", moment, Nothing("other cluster"), "other")
        if self._dice.random() < 0.1:
            return self._from_elsewhere(moment, image)
        why, source, kind, detail = self._dice.choice(choices)
        return self._item(source, kind, detail, moment, Nothing(why))

    def _from_elsewhere(self, moment: int, image: dict) -> Item:
        """A change of ours in all, but of another account or region."""
        item = self._item("aws.ecr", "ECR Image Action", image, moment, Nothing("from elsewhere"))
        foreign = self._dice.choice(({"account": "999999999999"}, {"region": "eu-west-1"}))
        return Item(item.id, json.dumps(json.loads(item.text) | foreign), item.meaning)

    def _garbage(self) -> Event:
        body, why = self._dice.choice(GARBAGE)
        return self._single("garbage", body, "", Broken(why))

    # --- batches -----------------------------------------------------------------------------------------------------

    def _some_item(self, services: tuple[str, ...]) -> Item:
        chance = self._dice.random()
        if chance < 0.75:
            return self._change(self._dice.choice(services), A_WHILE)
        if chance < 0.85:
            return self._miss()
        if chance < 0.92:
            return self._news_item()
        body, why = self._dice.choice([one for one in GARBAGE if b"\xff" not in one[0]])
        return Item("", body.decode(), Broken(why))

    def _queue(self) -> Event:
        services = tuple(self._dice.sample(SERVICES, self._dice.randint(1, 4)))
        return self._batch(QUEUE, [self._message(services, "") for _ in range(self._dice.randint(1, 10))])

    def _fifo(self) -> Event:
        services = tuple(self._dice.sample(SERVICES, self._dice.randint(1, 3)))
        groups = [f"group-{number}" for number in range(self._dice.randint(1, 3))]
        messages = [self._message(services, self._dice.choice(groups)) for _ in range(self._dice.randint(1, 10))]
        return self._batch(FIFO, messages)

    def _message(self, services: tuple[str, ...], group: str) -> Message:
        message_id, sent = self._id(), self._cluster.now - A_WHILE
        item = self._some_item(services)
        text = item.text
        if self._dice.random() < 0.15:
            text = json.dumps(
                {
                    "Type": "Notification",
                    "MessageId": self._id(),
                    "Message": text,
                    "Timestamp": rfc3339(sent),
                    "TopicArn": f"arn:aws:sns:us-east-1:{ACCOUNT}:shop",
                }
            )
            item = self._completed(item, json.loads(text)["MessageId"], sent - sent % SECOND)
        else:
            item = self._completed(item, message_id, sent)
        attributes = {"ApproximateReceiveCount": "1", "SentTimestamp": str(sent)}
        if group:
            attributes["MessageGroupId"] = group
        record = {
            "messageId": message_id,
            "receiptHandle": "EXAMPLE",
            "body": text,
            "attributes": attributes,
            "messageAttributes": {},
            "eventSource": "aws:sqs",
            "awsRegion": "us-east-1",
        }
        return Message(message_id, group, (item,), record)

    @staticmethod
    def _completed(item: Item, message_id: str, sent: int) -> Item:
        """An event without an id or a time of its own gets its message's."""
        meaning = item.meaning
        if isinstance(meaning, Deploy) and meaning.time is None:
            meaning = dataclasses.replace(meaning, time=sent)
        return Item(item.id or message_id, item.text, meaning)

    @staticmethod
    def _batch(source: str, messages: list[Message]) -> Event:
        arn = QUEUE_ARN + (".fifo" if source == FIFO else "")
        records = [{**message.record, "eventSourceARN": arn} for message in messages]
        return Event(f"a batch of {source}", json.dumps({"Records": records}).encode(), source, tuple(messages))

    def _topic(self) -> Event:
        """SNS without a queue."""
        message_id, sent = self._id(), self._cluster.now - A_WHILE
        item = self._completed(self._some_item(SERVICES), message_id, sent - sent % SECOND)
        record = {
            "EventSource": "aws:sns",
            "EventVersion": "1.0",
            "Sns": {"MessageId": message_id, "Message": item.text, "Timestamp": rfc3339(sent)},
        }
        body = json.dumps({"Records": [record]}).encode()
        return Event("a message of SNS", body, TOPIC, (Message(message_id, "", (item,)),))

    def _notification(self) -> Event:
        """S3's own notification, with its form-encoded key, sent straight to the function: it has no id."""
        service = self._dice.choice(SERVICES)
        moment = self._time_for(service, A_WHILE)
        key = self._dice.choice((f"{service}.env", "common.env", "sub dir/é+.env"))
        ours = key.endswith((f"{service}.env", "common.env"))
        meaning: Meaning = Deploy(self._readers(key), moment) if ours else Nothing("other key")
        record = {
            "eventSource": "aws:s3",
            "eventVersion": "2.1",
            "eventTime": rfc3339(moment).replace("Z", ".000Z"),
            "eventName": self._dice.choice(("ObjectCreated:Put", "ObjectRemoved:Delete", "LifecycleExpiration:Delete")),
            "awsRegion": "us-east-1",
            "s3": {"bucket": {"name": BUCKET}, "object": {"key": urllib.parse.quote_plus(key)}},
        }
        body = json.dumps({"Records": [record]})
        item = Item("", body, meaning)
        return Event("a notification of S3", body.encode(), TOPIC, (Message("", "", (item,)),))
