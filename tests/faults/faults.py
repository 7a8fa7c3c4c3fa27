"""What can go wrong with one answer of a server, for any of the servers that the function talks to.

Each fault does what the name says to the connection or to the bytes of the answer, and says in words what that is, for
the table. Whether the server has done what it was asked to do before the answer went wrong is the other half of it.
"""

from __future__ import annotations

import dataclasses
import os
import socket
import struct
import threading
from collections.abc import Callable

from support.programs import SESSION_TOKEN
from support.servers import PATIENCE, RawAnswer, Request, Response, aws_error

BIG = 10 * 1024 * 1024
JSON = {"Content-Type": "application/x-amz-json-1.1"}


@dataclasses.dataclass(frozen=True)
class Call:
    """One request that a fault befalls."""

    request: Request | None  # None: not even read
    good: Response  # what the server would answer
    closing: threading.Event  # set when the test is over
    elsewhere: str  # the URL of a server that must never be asked
    interrupt: Callable[[], None]  # sends the function a SIGTERM


@dataclasses.dataclass(frozen=True)
class Fault:
    words: str  # "answers 503": for the table
    give: Callable[[Call], Response | RawAnswer]
    unread: bool = False  # it happens before the request is read
    carried_out: bool = False  # the server has done what it was asked before it answers like this

    def after_doing_it(self) -> Fault:
        return dataclasses.replace(self, words=f"{self.words}, having carried it out", carried_out=True)


def answering(words: str, response: Response) -> Fault:
    return Fault(words, lambda call: response)


def raw(words: str, act: Callable[[Call, socket.socket], None], **more) -> Fault:
    return Fault(words, lambda call: lambda connection: act(call, connection), **more)


# --- what is done to a connection -----------------------------------------------------------------------------------


def reset(connection: socket.socket) -> None:
    """Ends the connection with an RST, below any TLS."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    os.close(connection.detach())


def cut(connection: socket.socket) -> None:
    """Ends the connection with a FIN, below any TLS: no close_notify is sent."""
    fd = os.dup(connection.fileno())
    below = socket.socket(fileno=fd)
    below.shutdown(socket.SHUT_WR)
    below.close()


def read_some_and_reset(connection: socket.socket) -> None:
    socket.socket.recv(connection, 40)
    reset(connection)


def send(connection: socket.socket, status: str, headers: dict[str, str], body: bytes) -> None:
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    connection.sendall(f"HTTP/1.1 {status}\r\n{head}\r\n".encode() + body)


def send_slowly(call: Call, connection: socket.socket, piece: int, pause: float) -> None:
    payload = call.good.payload()
    send(connection, "200 OK", {**call.good.headers, "Content-Length": str(len(payload))}, b"")
    for start in range(0, len(payload), piece):
        if call.closing.wait(pause):
            return
        connection.sendall(payload[start : start + piece])


def send_for_ever(call: Call, connection: socket.socket) -> None:
    send(connection, "200 OK", {**call.good.headers, "Content-Length": "100000"}, b"")
    while not call.closing.wait(0.2):
        connection.sendall(b" ")


def send_half(call: Call, connection: socket.socket, end: Callable[[socket.socket], None]) -> None:
    payload = call.good.payload()
    send(connection, "200 OK", {**call.good.headers, "Content-Length": str(len(payload))}, payload[: len(payload) // 2])
    end(connection)


def send_with_length(call: Call, connection: socket.socket, length: Callable[[int], str]) -> None:
    payload = call.good.payload()
    send(connection, "200 OK", {**call.good.headers, "Content-Length": length(len(payload))}, payload)
    call.closing.wait(PATIENCE)  # whoever waits for more waits in vain


def interrupt_and_hold(call: Call) -> None:
    call.interrupt()
    call.closing.wait(PATIENCE)


# --- answers --------------------------------------------------------------------------------------------------------


def error_page(call: Call) -> str:
    """As proxies make them, who like to repeat what they were sent. Where our messages end (after 100 characters of
    Slack's words, 200 of ECS's), there is a secret."""
    path, headers = (call.request.path, call.request.headers) if call.request else ("", {})
    page = "<html><head><title>503 Service Unavailable</title></head><body>".ljust(80) + path
    return f"{page:180}{SESSION_TOKEN} {path} {headers}</body></html>"


def padded(call: Call) -> Response:
    payload = call.good.payload()
    return Response(200, payload + b" " * (BIG - len(payload)), call.good.headers)


THROTTLED = answering("answers 400 ThrottlingException", aws_error("ThrottlingException", "Rate exceeded"))
SERVER_ERROR = answering("answers 500 ServerException", aws_error("ServerException", "Service Unavailable", 500))
UNAVAILABLE = Fault(
    "answers 503 with the HTML page of a proxy",
    lambda call: Response(503, error_page(call), {"Content-Type": "text/html"}),
)
TOO_MANY = answering("answers 429", Response(429, {"__type": "TooManyRequestsException", "message": "slow down"}, JSON))
TOO_MANY_FOR_LONG = answering("answers 429, to come again after 300 s", Response(429, "", {"Retry-After": "300"}))
NOT_FOUND = answering("answers 404", Response(404, "no_service", {"Content-Type": "text/html"}))
DENIED = answering(
    "refuses: the IAM policy does not allow it",
    aws_error("AccessDeniedException", "User: ci_lambda is not authorized to perform this"),
)
EXPIRED = answering(
    "says that the credentials have expired",
    aws_error("ExpiredTokenException", "The security token included in the request is expired"),
)
FAREWELL = Fault(
    "answers and closes the connection",
    lambda call: dataclasses.replace(call.good, headers={**call.good.headers, "Connection": "close"}),
    carried_out=True,
)

RESET_BEFORE = raw("resets the connection before it reads the request", lambda _, c: reset(c), unread=True)
RESET_DURING = raw(
    "resets the connection in the middle of the request", lambda _, c: read_some_and_reset(c), unread=True
)
RESET_AFTER = raw("resets the connection instead of an answer", lambda _, c: reset(c))
CLOSED = raw("closes the connection instead of an answer", lambda *_: None)
SILENT = raw("accepts and never answers", lambda call, _: call.closing.wait(PATIENCE))
SLOW = raw("answers slowly, 16 bytes at a time", lambda call, c: send_slowly(call, c, 16, 0.02), carried_out=True)
ENDLESS = raw("never comes to an end of its answer", send_for_ever)
TRUNCATED = raw("truncates its answer", lambda call, c: send_half(call, c, lambda _: None))
TRUNCATED_BY_RESET = raw("resets the connection in the middle of its answer", lambda call, c: send_half(call, c, reset))
TRUNCATED_BELOW_TLS = raw(
    "is cut off in the middle of its answer, without a TLS goodbye", lambda call, c: send_half(call, c, cut)
)
TOO_SHORT = raw(
    "announces half of its answer's length", lambda call, c: send_with_length(call, c, lambda n: str(n // 2))
)
TOO_LONG = raw("announces more than it sends", lambda call, c: send_with_length(call, c, lambda n: str(n + 1000)))
NO_NUMBER = raw("announces a length that is no number", lambda call, c: send_with_length(call, c, lambda _: "many"))
NO_HTTP = raw("answers something that is not HTTP", lambda _, c: c.sendall(b"220 mail.example.com ESMTP\r\n"))
EMPTY = answering("answers 200 and nothing", Response(200, b""))
HTML = Fault("answers 200 with HTML", lambda call: Response(200, error_page(call), {"Content-Type": "text/html"}))
REDIRECT = Fault(
    "redirects to another host",
    lambda call: Response(307, b"", {"Location": call.elsewhere}),
)
UTF_16 = Fault(
    "answers in UTF-16",
    lambda call: Response(
        200,
        call.good.payload().decode().encode("utf-16"),
        {"Content-Type": "application/x-amz-json-1.1; charset=utf-16"},
    ),
)
LATIN_1 = answering(
    "refuses in Latin-1",
    Response(
        400,
        '{"__type":"InvalidParameterException","message":"größer als möglich"}'.encode("latin-1"),
        {"Content-Type": "application/x-amz-json-1.1; charset=iso-8859-1"},
    ),
)
TEN_MEGABYTES = Fault("answers 10 MB", padded)

HANDSHAKE_RESET = raw("resets the connection in the TLS handshake", lambda _, c: reset(c), unread=True)
HANDSHAKE_CUT = raw("closes the connection in the TLS handshake", lambda *_: None, unread=True)
HANDSHAKE_SILENT = raw(
    "accepts and says nothing in the TLS handshake", lambda call, _: call.closing.wait(PATIENCE), unread=True
)
NO_TLS = raw(
    "speaks HTTP where TLS is expected",
    lambda _, c: socket.socket.sendall(c, b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"),
    unread=True,
)

TERMINATED = raw("has the request when the function gets a SIGTERM", lambda call, _: interrupt_and_hold(call))

TOO_LARGE = answering("answers 413", Response(413, {"errorType": "RequestEntityTooLarge", "errorMessage": "too large"}))
FORBIDDEN = answering("answers 403", Response(403, {"errorType": "InvalidStateTransition", "errorMessage": "too late"}))
NO_REQUEST_ID = Fault(
    "gives an event without a request id",
    lambda call: dataclasses.replace(
        call.good, headers={k: v for k, v in call.good.headers.items() if k != "Lambda-Runtime-Aws-Request-Id"}
    ),
    carried_out=True,
)
