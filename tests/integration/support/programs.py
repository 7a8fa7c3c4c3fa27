"""The built programs as child processes, with an environment that holds what a test says and nothing else."""

from __future__ import annotations

import dataclasses
import json
import os
import pathlib
import queue
import re
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.request

from .servers import PATIENCE, Outcome, RuntimeApi

ACCESS_KEY_ID = "AKIDEXAMPLE000000001"
SECRET_ACCESS_KEY = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY="
SESSION_TOKEN = "IQoJb3JpZ2luX2VjEXAMPLE//////////+ETOKEN=="
# Extras of function_environment().
NO_CREDENTIALS = {"AWS_ACCESS_KEY_ID": None, "AWS_SECRET_ACCESS_KEY": None, "AWS_SESSION_TOKEN": None}


def program(variable: str) -> str:
    """The path of a built program; CMake passes it in."""
    path = os.environ.get(variable)
    if not path:
        raise RuntimeError(f"{variable} is not set: run these tests through ./dev test, or ctest")
    return path


def base_environment(home: pathlib.Path | str = "/nonexistent") -> dict[str, str]:
    """Nothing of the machine's: no proxies, no certificates, no AWS settings of the one who runs the tests. What a
    sanitizer is told (`./dev tsan`) goes on to the programs that it watches."""
    sanitizers = {name: value for name, value in os.environ.items() if name.endswith("SAN_OPTIONS")}
    return {"PATH": "/usr/bin:/bin", "HOME": str(home), "LANG": "C.UTF-8", **sanitizers}


def function_environment(ecs_url: str, **extra: str | None) -> dict[str, str]:
    """A complete configuration of the project `shop` in `dev`. An extra of None leaves a variable out."""
    environment: dict[str, str | None] = {
        **base_environment(),
        "PROJECT_NAME": "shop",
        "PROJECT_ENV": "dev",
        "SERVICE_CONFIG": "{}",
        "AWS_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": ACCESS_KEY_ID,
        "AWS_SECRET_ACCESS_KEY": SECRET_ACCESS_KEY,
        "AWS_SESSION_TOKEN": SESSION_TOKEN,
        "AWS_ENDPOINT_URL_ECS": ecs_url,
        # The waits of 5 s and more are proven by unit tests with a clock of their own.
        "MAX_DEPLOYMENT_RETRIES": "0",
        "ENABLE_SLACK_NOTIFICATIONS": "false",
        "LOG_LEVEL": "debug",
    }
    environment.update(extra)
    return {name: value for name, value in environment.items() if value is not None}


class Child:
    """A child process whose output is read all the time, so that it never blocks on a full pipe."""

    def __init__(
        self, command: list[str], environment: dict[str, str], cwd: str | None = None, stdout: int = subprocess.PIPE
    ) -> None:
        self.process = subprocess.Popen(
            command, env=environment, cwd=cwd, stdin=subprocess.DEVNULL, stdout=stdout, stderr=subprocess.PIPE
        )
        self.stdout: list[str] = []
        self.stderr: list[str] = []
        self._changed = threading.Condition()
        self._readers = [
            threading.Thread(target=self._read, args=(stream, lines), daemon=True)
            for stream, lines in ((self.process.stdout, self.stdout), (self.process.stderr, self.stderr))
            if stream is not None
        ]
        self._reading = len(self._readers)
        for reader in self._readers:
            reader.start()

    def _read(self, stream, lines: list[str]) -> None:
        for line in stream:
            with self._changed:
                lines.append(line.decode("utf-8", "replace").rstrip("\n"))
                self._changed.notify_all()
        with self._changed:
            self._reading -= 1
            self._changed.notify_all()

    def wait_for_line(self, pattern: str) -> re.Match:
        """The first line of stdout that matches."""
        found: list[re.Match] = []

        def look() -> bool:
            found[:] = [match for line in self.stdout if (match := re.search(pattern, line))]
            return bool(found) or self._reading == 0

        with self._changed:
            self._changed.wait_for(look, PATIENCE)
        assert found, f"no line like {pattern!r} came:\n{self.output()}"
        return found[0]

    def wait(self) -> int:
        """The exit code, once all output is read."""
        code = self.process.wait(PATIENCE)
        for reader in self._readers:
            reader.join(PATIENCE)
        return code

    def output(self) -> str:
        return "\n".join(self.stdout + self.stderr)

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                self.process.kill()
        self.wait()

    def __enter__(self):
        return self

    def __exit__(self, *unused) -> None:
        self.stop()
        print(f"--- output of {self.process.args}\n{self.output()}")  # pytest shows it when the test fails


class Function(Child):
    """`bootstrap` as Lambda runs it, behind a Runtime API of our own. `command` is another way to start it, `stdout`
    another place for its log."""

    def __init__(
        self,
        environment: dict[str, str],
        command: list[str] | None = None,
        api: RuntimeApi | None = None,
        stdout: int = subprocess.PIPE,
    ) -> None:
        self.api = api or RuntimeApi()
        super().__init__(
            command or [program("CI_LAMBDA_BOOTSTRAP")],
            {**environment, "AWS_LAMBDA_RUNTIME_API": self.api.address},
            stdout=stdout,
        )

    def give(self, event: bytes | str | dict, deadline_in: float = 60.0) -> str:
        """The request id of the event that the function is to handle next."""
        body = json.dumps(event) if isinstance(event, dict) else event
        return self.api.send(body.encode() if isinstance(body, str) else body, deadline_in)

    def invoke(self, event: bytes | str | dict, deadline_in: float = 60.0) -> Outcome:
        request_id = self.give(event, deadline_in)
        outcome = self._take(self.api.outcomes, "an answer")
        assert outcome.request_id == request_id
        return outcome

    def init_error(self) -> Outcome:
        return self._take(self.api.init_errors, "an init error")

    def _take(self, outcomes: queue.Queue, what: str) -> Outcome:
        for _ in range(int(PATIENCE)):
            try:
                return outcomes.get(timeout=1)
            except queue.Empty:
                if self.process.poll() is not None and outcomes.empty():
                    break
        raise AssertionError(f"the function gave no sign of {what} (exit code {self.process.poll()}):\n{self.output()}")

    def log(self) -> list[dict]:
        """The log lines without the metrics; every line of a Lambda's output is one JSON object. Ends the function: only
        then is it certain that none is still on its way through the pipe."""
        self.process.kill()
        self.wait()
        return [line for line in map(json.loads, filter(None, self.stdout + self.stderr)) if "_aws" not in line]

    def metrics(self) -> list[dict]:
        """The lines in the embedded metric format. Ends the function."""
        self.process.kill()
        self.wait()
        return metric_lines(self.stdout)

    def stop(self) -> None:
        # Lambda kills a function that has no extensions with SIGKILL (RIE, shutdown.go).
        self.process.kill()
        super().stop()
        self.api.close()


def metric_lines(lines: list[str]) -> list[dict]:
    return [json.loads(line) for line in lines if line.startswith('{"_aws"')]


@dataclasses.dataclass
class Finished:
    code: int
    out: str
    err: str

    def json(self):
        return json.loads(self.out)


def cli(*arguments: str, environment: dict[str, str] | None = None, stdin: str | bytes = "") -> Finished:
    """`ci_lambda` with these arguments, to its end."""
    done = subprocess.run(
        [program("CI_LAMBDA_CLI"), *arguments],
        env=base_environment() if environment is None else environment,
        input=stdin.encode() if isinstance(stdin, str) else stdin,
        capture_output=True,
        timeout=PATIENCE,
    )
    finished = Finished(done.returncode, done.stdout.decode(), done.stderr.decode())
    print(f"--- ci_lambda {' '.join(arguments)} -> {finished.code}\n{finished.out}\n{finished.err}")
    return finished


class Sandbox(Child):
    """`ci_lambda sandbox` with the real function in it, at any free port."""

    def __init__(self, *arguments: str, **environment: str) -> None:
        command = [program("CI_LAMBDA_CLI"), "sandbox", "--port", "0", *arguments]
        super().__init__(command, {**base_environment(), **environment})
        self.url = self.wait_for_line(r"^sandbox: ready at (http://127\.0\.0\.1:\d+)").group(1)

    def get(self, path: str):
        with urllib.request.urlopen(self.url + path, timeout=PATIENCE) as answer:
            return json.loads(answer.read())

    def post(self, path: str, body: bytes) -> tuple[int, dict[str, str], bytes]:
        return post(self.url + path, body)

    def invoke(self, event: bytes) -> tuple[dict[str, str], dict]:
        """Headers and body of a synchronous Invoke: it returns when the function has answered."""
        status, headers, body = self.post("/2015-03-31/functions/ci_lambda/invocations", event)
        assert status == 200, body
        return headers, json.loads(body)


class Emulator(Child):
    """AWS's own Lambda Runtime Interface Emulator, running `bootstrap`. `command` is another way to start it."""

    def __init__(self, environment: dict[str, str], command: list[str] | None = None) -> None:
        # The emulator cannot say which port it was given, so two free ones are chosen for it.
        invoke_port, runtime_port = free_ports(2)
        self.url = f"http://127.0.0.1:{invoke_port}"
        super().__init__(
            [
                program("CI_LAMBDA_RIE"),
                "--log-level",
                "warning",
                "--runtime-interface-emulator-address",
                f"127.0.0.1:{invoke_port}",
                "--runtime-api-address",
                f"127.0.0.1:{runtime_port}",
                *(command or [program("CI_LAMBDA_BOOTSTRAP")]),
            ],
            environment,
        )
        wait_for_port(invoke_port, self)

    def invoke(self, event: bytes) -> dict:
        """The answer, or the error: the emulator tells them apart by the body alone (but for a failed start: 502)."""
        _, _, body = post(self.url + "/2015-03-31/functions/function/invocations", event)
        return json.loads(body)


def post(url: str, body: bytes) -> tuple[int, dict[str, str], bytes]:
    request = urllib.request.Request(url, data=body, headers={"Content-Type": "application/json"}, method="POST")
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            return answer.status, dict(answer.headers.items()), answer.read()
    except urllib.error.HTTPError as error:
        return error.code, dict(error.headers.items()), error.read()


def aws_cli(sandbox: Sandbox, *arguments: str, **environment: str) -> subprocess.CompletedProcess:
    """The AWS CLI with these arguments, to its end."""
    program = pathlib.Path(sys.executable).parent / "aws"
    return subprocess.run(
        # By way of Python: the first line of the script does not work in a directory with a blank in its name.
        [sys.executable, program, *arguments, "--endpoint-url", sandbox.url],
        env={
            **base_environment(),
            "AWS_ACCESS_KEY_ID": "sandbox",
            "AWS_SECRET_ACCESS_KEY": "sandbox",
            # Version 1 of the AWS CLI, which is the one on PyPI, knows this name only.
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_PAGER": "",
            **environment,
        },
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )


def post_aws_json(sandbox: Sandbox, target: str, request: dict) -> bytes:
    """The body of an answer in AWS JSON 1.1, as it came."""
    call = urllib.request.Request(
        sandbox.url + "/",
        data=json.dumps(request).encode(),
        headers={
            "Authorization": f"AWS4-HMAC-SHA256 Credential={ACCESS_KEY_ID}/20260101/us-east-1/ecs/aws4_request",
            "Content-Type": "application/x-amz-json-1.1",
            "X-Amz-Target": target,
        },
    )
    with urllib.request.urlopen(call, timeout=PATIENCE) as answer:
        return answer.read()


def free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


def wait_for_port(port: int, child: Child) -> None:
    """Until somebody listens. The kernel has no event for that, so it is asked again and again."""
    pause = threading.Event()
    for _ in range(int(PATIENCE / 0.02)):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            assert child.process.poll() is None, f"the program ended early:\n{child.output()}"
            pause.wait(0.02)
    raise AssertionError(f"nobody listens on port {port}")
