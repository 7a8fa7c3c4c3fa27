"""A function that answers what a test wrote down, in place of ours: what carries a pipeline is tried with it.

A script is a list of steps, and the run knows at which of them it is (`{"id": .., "step": N}`), as ours does. A step is
what comes next ("look", "completed", ..), or how often it fails first: {"next": "look", "fails": ["Function.X", ..]}.
"""

from __future__ import annotations

import json
import pathlib
import sys

RUNTIME = '''#!{python}
import json, os, urllib.error, urllib.request

API = "http://" + os.environ["AWS_LAMBDA_RUNTIME_API"] + "/2018-06-01/runtime/"
SCRIPTS = {scripts}
failed = {{}}

def send(path, body, headers=()):
    urllib.request.urlopen(urllib.request.Request(API + path, json.dumps(body).encode(), dict(headers))).read()

while True:
    with urllib.request.urlopen(API + "invocation/next") as answer:
        event, request_id = json.loads(answer.read()), answer.headers["Lambda-Runtime-Aws-Request-Id"]
    run = event["run"]
    step = SCRIPTS[run["script"]][run["step"]]
    step = step if isinstance(step, dict) else {{"next": step}}
    fails = step.get("fails", [])
    tries = failed.setdefault((run["id"], run["step"]), 0)
    failed[run["id"], run["step"]] += 1
    path = "invocation/" + request_id
    if tries < len(fails):
        error = {{"errorType": fails[tries], "errorMessage": "as it is written"}}
        send(path + "/error", error, {{"Lambda-Runtime-Function-Error-Type": fails[tries]}}.items())
        continue
    words = event["action"] + " " + event["step"] + ": " + step["next"]
    wait = 0 if step["next"] == "start" else 1
    run = {{**run, "step": run["step"] + 1}}
    pipeline = {{"run": run, "next": step["next"], "wait_seconds": wait, "words": words}}
    send(path + "/response", {{"status": "deployed", "pipeline": pipeline}})
'''


def scripted_function(directory: pathlib.Path, scripts: dict[str, list]) -> str:
    """The path of a program that the sandbox runs as its function."""
    path = directory / "scripted_function"
    path.write_text(RUNTIME.format(python=sys.executable, scripts=repr(scripts)))
    path.chmod(0o755)
    return str(path)


def input_of(script: str, name: str) -> str:
    return json.dumps({"pipeline_run": {"script": script, "id": name, "step": 0}})
