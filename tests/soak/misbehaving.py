"""A function that ignores every event, and does something wrong besides: what the soak must find out."""

import http.client
import json
import os
import sys
import threading

PREFIX = "/2018-06-01/runtime/invocation/"
IGNORED = json.dumps({"status": "ignored", "detail": "", "deployments": []})

kept: list = []


def post(connection: http.client.HTTPConnection, request_id: str, answer: str) -> None:
    connection.request("POST", f"{PREFIX}{request_id}/response", answer)
    connection.getresponse().read()


def misbehave(how: str) -> None:
    if how == "memory":
        kept.append(b"x" * 16_000)
    elif how == "files":
        kept.append(open(os.devnull))
    elif how == "threads":
        kept.append(threading.Thread(target=threading.Event().wait, daemon=True))
        kept[-1].start()
    elif how == "end":
        sys.exit(3)


def main(how: str) -> None:
    connection = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
    while True:
        connection.request("GET", PREFIX + "next")
        answer = connection.getresponse()
        answer.read()
        request_id = answer.headers["Lambda-Runtime-Aws-Request-Id"]
        misbehave(how)
        if how == "silence":
            continue
        post(connection, request_id, "nonsense" if how == "nonsense" else IGNORED)
        if how == "twice":
            post(connection, request_id, IGNORED)


main(sys.argv[1])
