"""Pushes of images: their events, and those that the sandbox makes."""

from __future__ import annotations

import json

from .programs import Sandbox
from .waiting import eventually


def push_event(repository: str, tag: str, digest: str, time: str, end_of_id: str) -> dict:
    """ECR's event of a push, as EventBridge delivers it."""
    first = "00000000-0000-4000-8000-000000000000"
    return {
        "version": "0",
        "id": first[: len(first) - len(end_of_id)] + end_of_id,
        "detail-type": "ECR Image Action",
        "source": "aws.ecr",
        "account": "123456789012",
        "time": time,
        "region": "us-east-1",
        "resources": [],
        "detail": {
            "action-type": "PUSH",
            "result": "SUCCESS",
            "repository-name": repository,
            "image-tag": tag,
            "image-digest": digest,
        },
    }


def start_push(sandbox: Sandbox, image: str) -> str:
    """Puts a new image into the sandbox's registry; its digest."""
    status, _, body = sandbox.post("/sandbox/push", image.encode())
    assert status == 200, body
    return json.loads(body)["digest"]


def answer_to_push(sandbox: Sandbox, digest: str) -> dict:
    """What the function answers to the event of the image's index, once it has."""

    def answer() -> dict | None:
        for one in sandbox.get("/sandbox/invocations"):
            detail = one["event"].get("detail", {})
            if one["from"] == "ecr" and one["status"] == "done" and detail.get("image-digest") == digest:
                return one["answer"]
        return None

    return eventually(answer, "the push's answer")
