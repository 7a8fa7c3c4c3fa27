"""Runs one row: its servers, the program, the row's event, and then another one when all is well again."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import functools
import itertools
import json
import os
import pathlib
import queue
import re
import shutil
import ssl
import subprocess
import time
from collections.abc import Callable

from certificates import Authority
from nameserver import Nameserver, may_serve_dns
from rows import Row
from support.kinds import event_json
from support.programs import Function, function_environment, program
from support.servers import PATIENCE, Outcome
from world import (
    ANSWER,
    NEXT,
    CredentialsEndpoint,
    Elsewhere,
    FaultyEcs,
    FaultyRuntimeApi,
    FaultySlack,
    Shop,
    Surroundings,
)

# What the tags of the newest revision say is asked where they may be read, and decides nothing in here: no letter.
LETTERS = {
    "DescribeTaskDefinition": "",
    "DescribeServices": "D",
    "ListServiceDeployments": "S",
    "ListTaskDefinitions": "L",
    "UpdateService": "U",
}
ECS_NAME, SLACK_NAME = "ecs.shop.test", "hooks.shop.test"
A_WHILE, A_MINUTE = 5.0, 60.0

# How the log may be lost: the shell's words for it. What is not here is a pipe, made below.
CLOSED, BOTH_CLOSED = "is closed", "is closed, and stderr too"
REDIRECTIONS = {CLOSED: ">&-", BOTH_CLOSED: ">&- 2>&-", "is a file on a full disk": ">/dev/full"}
FULL, ABANDONED = "is a pipe that nobody empties", "is a pipe that nobody reads any more"


@dataclasses.dataclass
class SlackSeen:
    posts: int  # for the row's event
    messages: int  # those of them that it took
    after: int  # messages for the event after that


@dataclasses.dataclass
class Told:
    """What became of one event."""

    request_id: str
    outcome: Outcome | None  # None: the process ended without an answer
    calls: str
    rollouts: int


@dataclasses.dataclass
class Seen:
    """What a row led to."""

    event: Told
    again: Told | None
    after: Told
    exit_code: int | None  # of the first process, where it ended by itself
    log: list[str]  # what the first process printed
    output: str  # all that was printed and answered
    stdout: str  # the file that is the program's standard output
    slack: SlackSeen | None
    left: dict  # faults that did not happen
    taken_in: int  # connections to where nobody has any business


# --- what a machine must be able to do ------------------------------------------------------------------------------


def with_resolver(resolv_conf: pathlib.Path, command: list[str]) -> list[str]:
    """The command where /etc/resolv.conf is this file: in a mount namespace of its own, so that nobody else sees it."""
    unshare = shutil.which("unshare", path="/usr/bin:/bin") or "unshare"
    user = [] if os.geteuid() == 0 else ["--map-root-user"]
    mount = 'mount --bind "$1" /etc/resolv.conf && shift && exec "$@"'
    return [unshare, *user, "--mount", "sh", "-c", mount, "sh", str(resolv_conf), *command]


@functools.cache
def can_change_resolver() -> bool:
    try:
        return subprocess.run(with_resolver(pathlib.Path("/dev/null"), ["true"]), capture_output=True).returncode == 0
    except OSError:
        return False


def missing(row: Row) -> str | None:
    """Why the row cannot be run on this machine."""
    if not (row.dns or row.slack_dns):
        return None
    if not may_serve_dns():
        return "DNS has one port, 53, and opening it on loopback needs root here"
    if not can_change_resolver():
        return "no mount namespace (unshare --mount) can be made here, to have another /etc/resolv.conf in it"
    return None


# --- events ---------------------------------------------------------------------------------------------------------


def event_at(when: float) -> dict:
    """A parameter of the service `api` has been changed: an event of its own, with an id and a time."""
    moment = datetime.datetime.fromtimestamp(int(when), datetime.timezone.utc)
    return {
        **event_json("ssm-update"),
        "id": f"00000000-0000-4000-8000-{next(_numbers):012}",
        "time": moment.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }


_numbers = itertools.count(1)


def in_letters(operations: list[str]) -> str:
    """DLU: what is read between two updates is in order of the alphabet, as it may be read at the same time."""
    letters = "".join(LETTERS.get(operation, "?") for operation in operations)
    return "".join("".join(sorted(part)) for part in re.split("(U+)", letters))


# --- TLS ------------------------------------------------------------------------------------------------------------


class Certificate:
    """What a server shows: at first the one of a row, then one that is right."""

    def __init__(self, authority: Authority, kind: str, name: str) -> None:
        self._shown = {
            "right": lambda: authority.server(name),
            "of another authority": lambda: Authority("somebody else").server(name),
            "of another name": lambda: authority.server("127.0.0.2", "other.shop.test"),
            "that has expired": lambda: authority.server(name, expired=True),
        }[kind]()
        self._right = authority.server(name)
        self.context = authority.server(name)
        self.context.sni_callback = self._show

    def _show(self, connection: ssl.SSLObject, _name: str | None, _context: ssl.SSLContext) -> None:
        connection.context = self._shown

    def heal(self) -> None:
        self._shown = self._right


# --- one row --------------------------------------------------------------------------------------------------------


class Run:
    def __init__(self, row: Row, directory: pathlib.Path, authority: Authority) -> None:
        self._row = row
        self._directory = directory
        self._authority = authority
        self._shop = Shop()
        self._started = False
        self._world = contextlib.ExitStack()
        self._meanwhile: list[Callable[[], None]] = []  # what heals before the next event

    def run(self) -> Seen:
        with self._world:
            return self._run()

    def _run(self) -> Seen:
        row = self._row
        elsewhere = self._world.enter_context(Elsewhere())
        self._around = Surroundings(row.script, elsewhere.url + "/")
        self._nameserver = self._world.enter_context(Nameserver()) if row.dns or row.slack_dns else None
        self._slack: FaultySlack | None = None
        environment = self._environment()
        self._command = self._wrapped([program("CI_LAMBDA_BOOTSTRAP")])

        first = self._start(environment)
        self._around.interrupt = first.process.terminate
        event = event_at(time.time() - A_WHILE)
        told = self._tell(first, event, row.deadline)
        exit_code = first.wait() if row.exits is not None else first.process.poll()
        # Those of the Runtime API come when the answer is out, so they have time until the end.
        left = {what: faults for what, faults in self._around.faults.left().items() if what not in (NEXT, ANSWER)}
        stdout = self._file(first.process.pid, 1)
        posts, messages = (self._slack.posts, len(self._slack.messages)) if self._slack else (0, 0)
        for heal in self._meanwhile:
            heal()
        working = first if row.exits is None else self._start(environment)
        again = self._tell(working, event) if row.again else None
        after = self._tell(working, event_at(time.time() + A_MINUTE))
        functions = [first] if working is first else [first, working]
        for function in functions:
            function.stop()
        answers = [json.dumps(message) for message in self._slack.messages] if self._slack else []
        answers += [told.outcome.text for told in (told, again, after) if told and told.outcome]
        return Seen(
            event=told,
            again=again,
            after=after,
            exit_code=exit_code,
            log=first.stdout,
            output="\n".join([line for one in functions for line in one.stdout + one.stderr] + answers),
            stdout=stdout,
            slack=SlackSeen(posts, messages, len(self._slack.messages) - messages) if self._slack else None,
            left=left | self._around.faults.left(),
            taken_in=elsewhere.connections,
        )

    # --- the servers and what the function is told about them

    def _environment(self) -> dict[str, str]:
        row = self._row
        environment: dict[str, str | None] = {"MAX_DEPLOYMENT_RETRIES": str(row.retries)}
        ecs = self._ecs()
        if row.tls or row.slack_tls:
            bundle = self._directory / "authority.pem"
            bundle.write_bytes(self._authority.pem)
            environment["AWS_CA_BUNDLE"] = str(bundle)
        if row.slack:
            self._slack = self._world.enter_context(
                FaultySlack(self._around, tls=self._tls(row.slack_tls, SLACK_NAME if row.slack_dns else "127.0.0.1"))
            )
            webhook = self._slack.url + self._slack.PATH
            if row.slack_dns:
                webhook = webhook.replace("127.0.0.1", SLACK_NAME)
                self._resolve(SLACK_NAME, "127.0.0.1", row.slack_dns)
            environment |= {"ENABLE_SLACK_NOTIFICATIONS": "true", "SLACK_WEBHOOK_URL": webhook}
        if row.dns:
            environment["ALLOW_PLAIN_HTTP"] = "true"  # ECS has a name, and no certificate
        if row.credentials == "container":
            endpoint = self._world.enter_context(CredentialsEndpoint(self._around))
            environment |= dict.fromkeys(("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"))
            environment["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = endpoint.url + "/credentials"
        return function_environment(ecs, **environment)

    def _ecs(self) -> str:
        """The URL of ECS."""
        row = self._row
        ecs = self._world.enter_context(
            FaultyEcs(self._around, self._shop, tls=self._tls(row.tls, ECS_NAME if row.dns else "127.0.0.1"))
        )
        ecs.denied = row.denied
        self._meanwhile.append(lambda: setattr(ecs, "denied", False))
        if not row.dns:
            return ecs.url
        self._resolve(ECS_NAME, "127.0.0.1", row.dns)
        if row.dns == "changes":
            self._meanwhile.append(lambda: self._move(ecs))
        return ecs.url.replace("127.0.0.1", ECS_NAME)

    def _tls(self, kind: str | None, name: str) -> ssl.SSLContext | None:
        if kind is None:
            return None
        certificate = Certificate(self._authority, kind, name)
        self._meanwhile.append(certificate.heal)
        return certificate.context

    def _resolve(self, name: str, address: str, how: str) -> None:
        server = self._nameserver
        assert server is not None

        def heal() -> None:
            server.addresses.setdefault(name, address)
            server.silent, server.failing, server.seconds = False, False, 0.0

        if how != "does not know the name":
            server.addresses[name] = address
        server.silent = how == "is silent"
        server.failing = how == "fails"
        server.seconds = 1.0 if how == "is slow" else 0.0
        self._meanwhile.append(heal)

    def _move(self, ecs: FaultyEcs) -> None:
        """ECS is at another address from now on, and nobody is at the old one."""
        assert self._nameserver is not None
        port = int(ecs.address.rpartition(":")[2])
        ecs.close()
        moved = self._world.enter_context(FaultyEcs(self._around, self._shop, bind=(self._nameserver.address, port)))
        self._nameserver.addresses[ECS_NAME] = moved.address.rpartition(":")[0]

    # --- the program

    def _wrapped(self, command: list[str]) -> list[str]:
        row = self._row
        if row.stdout in REDIRECTIONS:
            command = ["/bin/sh", "-c", f'exec "$@" {REDIRECTIONS[row.stdout]}', "sh", *command]
        if self._nameserver is not None:
            resolv_conf = self._directory / "resolv.conf"
            # One try of the resolver's, so that a name server that is silent costs less than our own limits.
            resolv_conf.write_text(f"nameserver {self._nameserver.address}\noptions timeout:30 attempts:1\n")
            command = with_resolver(resolv_conf, command)
        return command

    def _start(self, environment: dict[str, str]) -> Function:
        stdout = subprocess.PIPE
        if self._row.stdout == FULL:
            stdout = self._full_pipe()
        elif self._row.stdout == ABANDONED:
            reader, stdout = os.pipe()
            os.close(reader)
            self._world.callback(os.close, stdout)
        api = FaultyRuntimeApi(self._around)
        if self._row.refused and not self._started:
            api.close()
        self._started = True
        return self._world.enter_context(Function(environment, self._command, api, stdout))

    def _full_pipe(self) -> int:
        reader, writer = os.pipe()
        self._world.callback(os.close, reader)
        self._world.callback(os.close, writer)
        os.set_blocking(writer, False)
        with contextlib.suppress(BlockingIOError):
            while True:
                os.write(writer, b" " * 4096)
        os.set_blocking(writer, True)
        return writer

    def _tell(self, function: Function, event: dict, deadline: float = 60.0) -> Told:
        calls, rollouts = len(self._shop.calls), len(self._shop.rollouts)
        request_id = function.give(event, deadline)
        outcome = self._outcome(function, request_id)
        return Told(
            request_id=request_id,
            outcome=outcome,
            calls=in_letters(self._shop.calls[calls:]),
            rollouts=len(self._shop.rollouts) - rollouts,
        )

    @staticmethod
    def _file(pid: int, descriptor: int) -> str:
        try:
            return os.readlink(f"/proc/{pid}/fd/{descriptor}")
        except OSError:
            return ""  # the process has ended

    @staticmethod
    def _outcome(function: Function, request_id: str) -> Outcome | None:
        """The answer; None when the function ended without one. An answer that was sent twice counts once."""
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            ended = function.process.poll() is not None
            with contextlib.suppress(queue.Empty):
                outcome = function.api.outcomes.get(timeout=0.2)
                if outcome.request_id == request_id:
                    return outcome
                continue
            if ended:
                return None
        raise AssertionError(f"the function neither answered nor ended:\n{function.output()}")
