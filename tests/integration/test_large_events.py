"""The largest events that Lambda hands over, whatever is in them, fit into the smallest function."""

import itertools
import json
import os
import re

import pytest

from support.programs import Function, function_environment
from support.servers import EcsStub

SANITIZED = any(name.endswith("SAN_OPTIONS") for name in os.environ)
# What Lambda hands over at most; with a sanitizer, which takes ten times as long and has memory of its own, less.
LARGEST_BYTES = (1 if SANITIZED else 6) * 1024 * 1024 - 200

IMAGE_PUSHED = {
    "source": "aws.ecr",
    "detail-type": "ECR Image Action",
    "detail": {"action-type": "PUSH", "result": "SUCCESS", "repository-name": "shop_service_api", "image-tag": "v7"},
}


def filled(head: str, item: str, tail: str) -> str:
    """As many items as Lambda hands over at most."""
    return head + ",".join([item] * ((LARGEST_BYTES - len(head) - len(tail)) // (len(item) + 1))) + tail


def queue() -> str:
    """A batch of SQS, each message with an event of its own."""
    records = []
    for number in itertools.count():
        record = {
            "messageId": f"m-{number}",
            "receiptHandle": "A" * 180,
            "body": json.dumps({**IMAGE_PUSHED, "id": f"e-{number}"}),
            "attributes": {"ApproximateReceiveCount": "1", "SentTimestamp": "1767262083000", "SenderId": "AIDA"},
            "messageAttributes": {},
            "eventSource": "aws:sqs",
            "eventSourceARN": "arn:aws:sqs:us-east-1:123456789012:changes",
        }
        records.append(json.dumps(record))
        if (len(records[-1]) + 1) * len(records) > LARGEST_BYTES - 10_000:
            return '{"Records":[' + ",".join(records) + "]}"


EVENTS = {
    "numbers": (filled('{"service":"api","x":[', "0", "]}"), "error"),
    "lists": (filled('{"service":"api","x":[', "[]", "]}"), "error"),
    "names": (filled('{"service":"api","x":[', '{"%s":"%s"}' % ("n" * 30, "v" * 30), "]}"), "response"),
    "text": ('{"service":"api","reason":"' + "r" * (LARGEST_BYTES - 40) + '"}', "response"),
    "service": ('{"service":"' + "r" * (LARGEST_BYTES - 40) + '"}', "error"),
    "garbage": ("r" * LARGEST_BYTES, "error"),
    "queue": (queue(), "response"),
}


@pytest.mark.parametrize("event,level", [*((event, "info") for event in EVENTS), ("text", "debug"), ("names", "debug")])
def test_the_largest_event_fits_into_the_smallest_function(event, level):
    text, kind = EVENTS[event]
    with EcsStub() as ecs, Function(function_environment(ecs.url, LOG_LEVEL=level)) as function:
        outcome = function.invoke(text)
        peak = int(re.search(r"VmHWM:\s+(\d+) kB", open(f"/proc/{function.process.pid}/status").read()).group(1))
    assert outcome.kind == kind, outcome.text[:1000]
    if event in ("numbers", "lists"):
        assert "more than 200000 values" in outcome.text
    # Of 128 MB, Lambda itself and the next event need some.
    assert SANITIZED or peak < 80 * 1024
