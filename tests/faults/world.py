"""The servers around the function, each with a script of what goes wrong."""

from __future__ import annotations

import json
import re
import socket
import ssl
import threading
import time
from collections.abc import Callable, Mapping, Sequence

from faults import Call, Fault
from support.servers import (
    PATIENCE,
    EcsStub,
    HttpStub,
    RawAnswer,
    Request,
    Response,
    RuntimeApi,
    SlackStub,
    aws_error,
)

Script = Mapping[str, Sequence[Fault | None]]

# What a script may name beside the operations of ECS. A connection's faults befall it before its first byte is read.
CONNECTION, SLACK, CREDENTIALS, NEXT, ANSWER = "connection", "slack", "credentials", "next", "answer"

AN_HOUR = 3600.0


class Faults:
    """The faults that are still to come: of each kind of call, the first for the first one. None is none."""

    def __init__(self, script: Script) -> None:
        self._left = {what: list(faults) for what, faults in script.items()}
        self._lock = threading.Lock()

    def take(self, what: str, unread: bool) -> Fault | None:
        """The next one, if it belongs to this moment: before the request is read, or after."""
        with self._lock:
            left = self._left.get(what)
            if not left:
                return None
            belongs_before = what == CONNECTION if left[0] is None else left[0].unread
            return left.pop(0) if belongs_before == unread else None

    def expects(self, *whats: str) -> bool:
        return any(self._left.get(what) for what in whats)

    def left(self) -> dict[str, list[Fault | None]]:
        with self._lock:
            return {what: list(faults) for what, faults in self._left.items() if any(faults)}


class Surroundings:
    """What the servers of one row have in common."""

    def __init__(self, script: Script, elsewhere: str) -> None:
        self.faults = Faults(script)
        self.elsewhere = elsewhere
        self.interrupt: Callable[[], None] = lambda: None


class Faulty(HttpStub):
    """A server that meets with its faults. `kind_of` tells calls apart by the bytes or the text of their head."""

    around: Surroundings
    connection_kind: str | None = None  # what a script calls the connections to this server

    def __init__(self, around: Surroundings, **more) -> None:
        self.around = around
        self.closing = threading.Event()
        self._met: set[int] = set()
        super().__init__(**more)

    def kind_of(self, head: str) -> str:
        raise NotImplementedError

    def do(self, request: Request) -> Response | RawAnswer | None:
        """The right thing."""
        raise NotImplementedError

    def example(self, request: Request | None) -> Response:
        """An answer of the right kind, without having done anything."""
        return Response(200, {})

    def arrives(self, connection: socket.socket, number: int) -> bool:
        # Below TLS: the head of a request can be read without taking it on plain HTTP only.
        head = socket.socket.recv(connection, 65536, socket.MSG_PEEK)
        kinds = [self.kind_of(head.decode("latin-1"))] if head else []
        if self.connection_kind and number not in self._met:
            kinds.insert(0, self.connection_kind)
        self._met.add(number)
        for kind in kinds:
            fault = self.around.faults.take(kind, unread=True)
            if fault is not None:
                fault.give(self._call(None, self.example(None)))(connection)
                return False
        return True

    def handle(self, request: Request) -> Response | RawAnswer | None:
        head = f"{request.method} {request.path}\r\n" + "".join(f"{k}: {v}\r\n" for k, v in request.headers.items())
        fault = self.around.faults.take(self.kind_of(head), unread=False)
        self.record(request)
        if fault is None:
            return self.do(request)
        good = self.do(request) if fault.carried_out else self.example(request)
        return fault.give(self._call(request, good))

    def record(self, request: Request) -> None:
        pass

    def _call(self, request: Request | None, good: Response) -> Call:
        return Call(request, good, self.closing, self.around.elsewhere, self.around.interrupt)

    def close(self) -> None:
        self.closing.set()
        super().close()


class Shop:
    """ECS's memory: which deployments the services have, and what it was asked."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.rollouts: list[str] = []  # one service for each UpdateService that was carried out
        self._deployments: dict[str, list[dict]] = {}
        self._lock = threading.Lock()

    def record(self, operation: str) -> None:
        with self._lock:
            self.calls.append(operation)

    def deployments(self, service: str, revision: str) -> list[dict]:
        with self._lock:
            return list(self._of(service, revision))

    def begin(self, service: str, before: str, revision: str) -> list[dict]:
        with self._lock:
            self.rollouts.append(service)
            deployments = self._of(service, before)
            deployments[0]["status"] = "ACTIVE"
            deployments.insert(0, self._deployment(1000 + len(self.rollouts), revision, time.time(), "IN_PROGRESS"))
            return list(deployments)

    def _of(self, service: str, revision: str) -> list[dict]:
        first = [self._deployment(999, revision, time.time() - AN_HOUR, "COMPLETED")]
        return self._deployments.setdefault(service, first)

    @staticmethod
    def _deployment(number: int, revision: str, created_at: float, state: str) -> dict:
        return {
            "id": f"ecs-svc/{number}",
            "status": "PRIMARY",
            "taskDefinition": revision,
            "rolloutState": state,
            "createdAt": created_at,
        }


class FaultyEcs(Faulty, EcsStub):
    connection_kind = CONNECTION

    def __init__(
        self,
        around: Surroundings,
        shop: Shop,
        tls: ssl.SSLContext | None = None,
        bind: tuple[str, int] = ("127.0.0.1", 0),
    ) -> None:
        self.shop = shop
        self.denied = False
        # The two calls of the first pre-flight, where one of them meets with a fault: neither is answered before both
        # are there, so each has a connection of its own, and libcurl sends nothing again by itself.
        pre_flight = ("DescribeServices", "ListTaskDefinitions")
        self._pre_flight = {name: threading.Event() for name in pre_flight if around.faults.expects(*pre_flight)}
        super().__init__(around, tls=tls, bind=bind)

    def kind_of(self, head: str) -> str:
        found = re.search(r"x-amz-target: *\w+\.(\w+)", head, re.IGNORECASE)
        return found[1] if found else ""

    def _operation(self, request: Request) -> str:
        return self.kind_of(f"X-Amz-Target: {request.header('X-Amz-Target')}")

    def record(self, request: Request) -> None:
        operation = self._operation(request)
        self.shop.record(operation)
        if operation in self._pre_flight:
            self._pre_flight[operation].set()
            for arrived in self._pre_flight.values():
                arrived.wait(PATIENCE)

    def do(self, request: Request) -> Response:
        operation = self._operation(request)
        if self.denied and operation == "DescribeServices":
            return aws_error("AccessDeniedException", "User: ci_lambda is not authorized to perform this")
        return self.carry_out(operation, request)

    def example(self, request: Request | None) -> Response:
        # Reading changes nothing; what UpdateService would answer is as good as DescribeServices' service.
        if request is None or self._operation(request) != "UpdateService":
            return Response(200, {}) if request is None else self.do(request)
        body = request.json()
        answer = {"service": self._service(body["cluster"], body["service"])}
        return Response(200, answer, {"Content-Type": "application/x-amz-json-1.1"})

    def _service(self, cluster: str, name: str) -> dict:
        deployments = self.shop.deployments(name, self._revision(name, 9))
        return {
            **super()._service(cluster, name),
            "taskDefinition": deployments[0]["taskDefinition"],
            "deployments": deployments,
        }

    def _ListServiceDeployments(self, body: dict) -> dict:
        return {"serviceDeployments": []}

    def _UpdateService(self, body: dict) -> dict:
        name, revision = body["service"], body["taskDefinition"]
        self.shop.begin(name, self._revision(name, 9), revision)
        return {"service": self._service(body["cluster"], name)}


class FaultySlack(Faulty, SlackStub):
    def __init__(self, around: Surroundings, **more) -> None:
        self.posts = 0  # also those that it does not take
        super().__init__(around, **more)

    def kind_of(self, head: str) -> str:
        return SLACK

    def record(self, request: Request) -> None:
        self.posts += 1

    def do(self, request: Request) -> Response | RawAnswer | None:
        return SlackStub.handle(self, request)

    def example(self, request: Request | None) -> Response:
        return Response(200, "ok", {"Content-Type": "text/html"})


class CredentialsEndpoint(Faulty):
    """The container's endpoint for credentials: a new key each time."""

    def __init__(self, around: Surroundings) -> None:
        self.given = 0
        super().__init__(around)

    def kind_of(self, head: str) -> str:
        return CREDENTIALS

    def do(self, request: Request) -> Response:
        self.given += 1
        return Response(
            200,
            {
                "AccessKeyId": f"AKIDEXAMPLE{self.given:09}",
                "SecretAccessKey": f"containers-secret-key-{self.given}",
                "Token": f"containers-session-token-{self.given}",
                "Expiration": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + AN_HOUR)),
            },
            {"Content-Type": "application/json"},
        )


class FaultyRuntimeApi(Faulty, RuntimeApi):
    def kind_of(self, head: str) -> str:
        if head.startswith("GET"):
            return NEXT
        return ANSWER if "/invocation/" in head.split("\r\n", 1)[0] else "init"

    def do(self, request: Request) -> Response | RawAnswer | None:
        return RuntimeApi.handle(self, request)

    def example(self, request: Request | None) -> Response:
        # What the function wanted to answer is remembered, also where it is not accepted.
        if request is not None and request.method == "POST":
            self.do(request)
        return Response(200, {})


class Elsewhere(HttpStub):
    """Nobody has any business here."""

    def handle(self, request: Request) -> Response:
        return Response(200, json.dumps({"taken": "in"}))
