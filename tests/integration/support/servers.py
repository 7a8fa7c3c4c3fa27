"""HTTP servers on loopback that play AWS and Slack, and remember what they were sent.

None of them sleeps or uses a fixed port. Timeouts exist only so that a broken program fails a test instead of hanging
it: no test waits for one when all is well.
"""

from __future__ import annotations

import dataclasses
import http.server
import json
import queue
import socket
import ssl
import threading
import time
import uuid
from collections.abc import Callable

PATIENCE = 60.0  # seconds; only a failure takes that long


@dataclasses.dataclass
class Request:
    method: str
    path: str
    headers: dict[str, str]  # as sent, names included
    body: bytes
    connection: int  # number of the TCP connection, from 1 on

    def header(self, name: str) -> str | None:
        for key, value in self.headers.items():
            if key.lower() == name.lower():
                return value
        return None

    def json(self):
        return json.loads(self.body)


@dataclasses.dataclass
class Response:
    status: int = 200
    body: bytes | str | dict = b""
    headers: dict[str, str] = dataclasses.field(default_factory=dict)

    def payload(self) -> bytes:
        if isinstance(self.body, dict):
            return json.dumps(self.body).encode()
        return self.body.encode() if isinstance(self.body, str) else self.body


# An answer that is no proper one: it does with the connection whatever it likes, and then the connection is closed.
RawAnswer = Callable[[socket.socket], None]


class HttpStub:
    """A threaded HTTP/1.1 server; subclasses answer. `handle` runs on the connection's own thread and may block.

    With `tls` it is an HTTPS server, with the certificate that is in there.
    """

    def __init__(self, tls: ssl.SSLContext | None = None, bind: tuple[str, int] = ("127.0.0.1", 0)) -> None:
        self.connections = 0
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        stub = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def setup(self) -> None:
                super().setup()
                with stub._lock:
                    stub.connections += 1
                    stub._open.add(self.connection)
                    self.number = stub.connections

            def finish(self) -> None:
                with stub._lock:
                    stub._open.discard(self.connection)
                super().finish()

            def handle_one_request(self) -> None:
                if stub.arrives(self.connection, self.number):
                    super().handle_one_request()
                else:
                    self.close_connection = True

            def serve(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                headers = dict(self.headers.items())
                request = Request(self.command, self.path, headers, body, self.number)
                response = stub.handle(request)
                if response is None:  # the subclass wants the connection to break
                    self.close_connection = True
                    return
                if not isinstance(response, Response):
                    self.close_connection = True
                    response(self.connection)
                    return
                payload = response.payload()
                self.send_response(response.status)
                for name, value in response.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(payload)))
                self.end_headers()
                self.wfile.write(payload)

            do_GET = do_POST = do_PUT = serve

            def log_message(self, *arguments) -> None:
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True
            block_on_close = False
            request_queue_size = 128

            def handle_error(self, request, client_address) -> None:
                pass  # a client that goes away in the middle is nothing to report

        self._server = Server(bind, Handler)
        self.address = f"{bind[0]}:{self._server.server_address[1]}"
        self.url = f"http://{self.address}"
        if tls is not None:
            # The handshake is left to the connection's own thread: a client that refuses it must not stop the others.
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True, do_handshake_on_connect=False)
            self.url = f"https://{self.address}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()

    def arrives(self, connection: socket.socket, number: int) -> bool:
        """Called before a request is read, before its first byte and before a TLS handshake. False: it is not read, and
        the connection is closed."""
        return True

    def handle(self, request: Request) -> Response | RawAnswer | None:
        raise NotImplementedError

    def drop_connections(self) -> None:
        """Closes every open connection, as a server or a NAT gateway does with idle ones."""
        with self._lock:
            connections = list(self._open)
        for connection in connections:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # it is closed already

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self.drop_connections()

    def __enter__(self):
        return self

    def __exit__(self, *unused) -> None:
        self.close()


# --- the Lambda Runtime API ---------------------------------------------------------------------------------------


@dataclasses.dataclass
class Outcome:
    """What the function answered to one event."""

    kind: str  # "response" or "error"
    body: dict
    error_type: str | None  # header Lambda-Runtime-Function-Error-Type
    request_id: str
    text: str


class RuntimeApi(HttpStub):
    """The Lambda Runtime API, one event at a time (AWS Lambda developer guide, "Runtime API")."""

    PREFIX = "/2018-06-01/runtime"

    def __init__(self) -> None:
        self.events: queue.Queue = queue.Queue()
        self.outcomes: queue.Queue[Outcome] = queue.Queue()
        self.init_errors: queue.Queue[Outcome] = queue.Queue()
        self.requests: list[Request] = []
        super().__init__()

    def send(self, event: bytes, deadline_in: float = 60.0) -> str:
        """Queues one event; the deadline counts from now, as the function is idle."""
        request_id = str(uuid.uuid4())
        self.events.put((request_id, event, deadline_in))
        return request_id

    def handle(self, request: Request) -> Response | RawAnswer | None:
        self.requests.append(request)
        path = request.path.removeprefix(self.PREFIX)
        if request.method == "GET" and path == "/invocation/next":
            return self._next()
        if request.method == "POST" and path == "/init/error":
            self.init_errors.put(self._outcome("init/error", request))
            return Response(202, {"status": "OK"})
        parts = path.strip("/").split("/")
        if (
            request.method == "POST"
            and len(parts) == 3
            and parts[0] == "invocation"
            and parts[2] in ("response", "error")
        ):
            self.outcomes.put(self._outcome(parts[2], request))
            return Response(202, {"status": "OK"})
        return Response(404, {"errorMessage": "unknown path", "errorType": "NotFound"})

    def _next(self) -> Response | None:
        event = self.events.get()
        if event is None:
            return None
        request_id, body, deadline_in = event
        return Response(
            200,
            body,
            {
                "Content-Type": "application/json",
                "Lambda-Runtime-Aws-Request-Id": request_id,
                "Lambda-Runtime-Deadline-Ms": str(int((time.time() + deadline_in) * 1000)),
                "Lambda-Runtime-Invoked-Function-Arn": "arn:aws:lambda:us-east-1:123456789012:function:ci_lambda",
                "Lambda-Runtime-Trace-Id": "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Parent=9a9197af755a6419;Sampled=1",
            },
        )

    @staticmethod
    def _outcome(kind: str, request: Request) -> Outcome:
        parts = request.path.split("/")
        return Outcome(
            kind=kind,
            body=request.json(),
            error_type=request.header("Lambda-Runtime-Function-Error-Type"),
            request_id=parts[-2] if kind != "init/error" else "",
            text=request.body.decode(),
        )

    def close(self) -> None:
        self.events.put(None)  # releases a waiting `next`
        super().close()


# --- Amazon ECS ---------------------------------------------------------------------------------------------------

ACCOUNT = "123456789012"
ECS_PREFIX = "AmazonEC2ContainerServiceV20141113."


def aws_error(code: str, message: str, status: int = 400) -> Response:
    return Response(status, {"__type": code, "message": message}, {"Content-Type": "application/x-amz-json-1.1"})


class EcsStub(HttpStub):
    """An ECS in which every service and every family exists, that can be told to misbehave.

    `on_call` sees each request first: what it returns is the answer, unless it is None.
    """

    REVISIONS = (9, 10, 42)

    def __init__(
        self,
        on_call: Callable[[str, Request], Response | RawAnswer | None] | None = None,
        tls: ssl.SSLContext | None = None,
        bind: tuple[str, int] = ("127.0.0.1", 0),
    ) -> None:
        self.on_call = on_call
        self.calls: list[tuple[str, Request]] = []
        self._calls_lock = threading.Lock()
        super().__init__(tls, bind)

    def requests(self, operation: str | None = None) -> list[Request]:
        with self._calls_lock:
            return [request for name, request in self.calls if operation in (None, name)]

    def updated_services(self) -> list[str]:
        return sorted(request.json()["service"] for request in self.requests("UpdateService"))

    def handle(self, request: Request) -> Response | RawAnswer | None:
        operation = (request.header("X-Amz-Target") or "").removeprefix(ECS_PREFIX)
        with self._calls_lock:
            self.calls.append((operation, request))
        if self.on_call is not None:
            special = self.on_call(operation, request)
            if special is not None:
                return special
        return self.carry_out(operation, request)

    def carry_out(self, operation: str, request: Request) -> Response:
        answer = getattr(self, f"_{operation}", None)
        if answer is None:
            return aws_error("UnknownOperationException", operation)
        return Response(200, answer(request.json()), {"Content-Type": "application/x-amz-json-1.1"})

    @staticmethod
    def _revision(family: str, revision: int) -> str:
        return f"arn:aws:ecs:us-east-1:{ACCOUNT}:task-definition/{family}:{revision}"

    def _ListTaskDefinitions(self, body: dict) -> dict:
        # Oldest first, whatever was asked for: the order must not matter to the program.
        return {"taskDefinitionArns": [self._revision(body["familyPrefix"], number) for number in self.REVISIONS]}

    def _service(self, cluster: str, name: str) -> dict:
        return {
            "serviceName": name,
            "serviceArn": f"arn:aws:ecs:us-east-1:{ACCOUNT}:service/{cluster}/{name}",
            "clusterArn": f"arn:aws:ecs:us-east-1:{ACCOUNT}:cluster/{cluster}",
            "status": "ACTIVE",
            "desiredCount": 1,
            "runningCount": 1,
            "pendingCount": 0,
            "taskDefinition": self._revision(name, 9),
            "deployments": [],
        }

    def _DescribeServices(self, body: dict) -> dict:
        return {"services": [self._service(body["cluster"], name) for name in body["services"]], "failures": []}

    def _ListServices(self, body: dict) -> dict:
        return {"serviceArns": []}

    def _DescribeClusters(self, body: dict) -> dict:
        return {"clusters": [{"clusterName": name, "status": "ACTIVE"} for name in body["clusters"]], "failures": []}

    def _UpdateService(self, body: dict) -> dict:
        service = self._service(body["cluster"], body["service"])
        service["deployments"] = [
            {
                "id": "ecs-svc/1234567890123456789",
                "status": "PRIMARY",
                "taskDefinition": body["taskDefinition"],
                "rolloutState": "IN_PROGRESS",
                "createdAt": 1.7e9,
            }
        ]
        return {"service": service}


# --- Slack --------------------------------------------------------------------------------------------------------


class SlackStub(HttpStub):
    """An incoming webhook. `answers` are given one after the other, then `ok` for ever."""

    PATH = "/services/T00000000/B00000000/XXXXXXXXSECRETXXXXXXXXXX"

    def __init__(
        self,
        answers: list[Response] | None = None,
        path: str = PATH,
        tls: ssl.SSLContext | None = None,
        bind: tuple[str, int] = ("127.0.0.1", 0),
    ) -> None:
        self.messages: list[dict] = []
        self._answers: queue.Queue[Response] = queue.Queue()
        for answer in answers or []:
            self._answers.put(answer)
        self._path = path
        self._released = threading.Event()
        self.hangs = False
        super().__init__(tls, bind)

    @property
    def webhook(self) -> str:
        return self.url + self.PATH

    def handle(self, request: Request) -> Response | RawAnswer | None:
        if request.path != self._path:
            return Response(404, "no_service")
        self.messages.append(request.json())
        if self.hangs:
            self._released.wait(PATIENCE)
            return None
        try:
            return self._answers.get_nowait()
        except queue.Empty:
            return Response(200, "ok")

    def close(self) -> None:
        self._released.set()
        super().close()
