"""An HTTP/1.1 server for many requests a second: one thread, connections that are kept, and hardly any parsing.

The stubs of the integration tests have a thread for each connection, which is too slow for 100,000 events."""

from __future__ import annotations

import dataclasses
import enum
import select
import socket
import struct
from collections.abc import Callable

PIECES = 4  # of an answer that comes bit by bit
A_MOMENT = 10.0  # seconds; what the kernel's buffers do not take is read by the other side within that


class End(enum.Enum):
    """What becomes of a connection after an answer."""

    KEEP = enum.auto()
    CLOSE = enum.auto()
    RESET = enum.auto()


@dataclasses.dataclass(frozen=True)
class Reply:
    data: bytes
    end: End = End.KEEP
    in_pieces: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class Request:
    line: bytes  # "POST /path HTTP/1.1"
    head: bytes
    body: bytes
    connection: Connection

    def header(self, name: bytes) -> bytes:
        """As libcurl writes it: "Name: value", in the case of the one who set it."""
        start = self.head.find(b"\r\n" + name + b": ")
        if start < 0:
            return b""
        start += len(name) + 4
        end = self.head.find(b"\r\n", start)
        return self.head[start:] if end < 0 else self.head[start:end]


# None: there is no answer yet; `Wire.send` gives it later.
Handler = Callable[[Request], Reply | None]


class Connection:
    __slots__ = ("handler", "received", "served", "socket")

    def __init__(self, accepted: socket.socket, handler: Handler) -> None:
        self.socket = accepted
        self.handler = handler
        self.received = b""
        self.served = 0  # requests that were answered


def http(status: int, body: bytes, headers: bytes = b"", length: int | None = None) -> bytes:
    announced = len(body) if length is None else length
    return b"HTTP/1.1 %d .\r\nContent-Length: %d\r\n%b\r\n%b" % (status, announced, headers, body)


class Wire:
    """All servers, and whatever else is to be waited for."""

    def __init__(self) -> None:
        self._epoll = select.epoll()
        self._listening: dict[int, tuple[socket.socket, Handler]] = {}
        self._connections: dict[int, Connection] = {}
        self._readers: dict[int, Callable[[], None]] = {}

    def listen(self, handler: Handler) -> str:
        """Host and port of a new server."""
        server = socket.create_server(("127.0.0.1", 0), backlog=128)
        server.setblocking(False)
        self._listening[server.fileno()] = (server, handler)
        self._epoll.register(server.fileno(), select.EPOLLIN)
        return f"127.0.0.1:{server.getsockname()[1]}"

    def watch(self, fd: int, on_readable: Callable[[], None]) -> None:
        self._readers[fd] = on_readable
        self._epoll.register(fd, select.EPOLLIN)

    def forget(self, fd: int) -> None:
        del self._readers[fd]
        self._epoll.unregister(fd)

    def turn(self, timeout: float) -> bool:
        """Handles what has arrived. False: nothing has."""
        arrived = self._epoll.poll(timeout)
        for fd, _ in arrived:
            if fd in self._connections:
                self._read(self._connections[fd])
            elif fd in self._listening:
                self._accept(*self._listening[fd])
            elif fd in self._readers:
                self._readers[fd]()
        return bool(arrived)

    def drop(self, *handlers: Handler) -> None:
        """Closes the connections to these servers, as load balancers do with idle ones."""
        for connection in list(self._connections.values()):
            if connection.handler in handlers:
                self._end(connection, End.CLOSE)

    def close(self) -> None:
        for connection in list(self._connections.values()):
            self._end(connection, End.CLOSE)
        for server, _ in self._listening.values():
            server.close()
        self._epoll.close()

    def _accept(self, server: socket.socket, handler: Handler) -> None:
        try:
            accepted, _ = server.accept()
        except BlockingIOError:
            return
        accepted.setblocking(False)
        accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._connections[accepted.fileno()] = Connection(accepted, handler)
        self._epoll.register(accepted.fileno(), select.EPOLLIN)

    def _read(self, connection: Connection) -> None:
        try:
            data = connection.socket.recv(1 << 18)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._end(connection, End.CLOSE)
            return
        connection.received += data
        request = self._take(connection)
        if request is None:
            return
        reply = connection.handler(request)
        if reply is not None:
            self.send(connection, reply)

    @staticmethod
    def _take(connection: Connection) -> Request | None:
        received = connection.received
        end = received.find(b"\r\n\r\n")
        if end < 0:
            return None
        head = received[:end]
        body = end + 4
        at = head.find(b"\r\nContent-Length: ")
        if at >= 0:
            length = head[at + 18 : at + 30].split(b"\r", 1)[0]
            if len(received) < body + int(length):
                return None
        connection.received = b""
        return Request(head[: head.find(b"\r\n")], head, received[body:], connection)

    def send(self, connection: Connection, reply: Reply) -> None:
        connection.served += 1
        try:
            if reply.in_pieces:
                size = len(reply.data) // PIECES + 1
                for start in range(0, len(reply.data), size):
                    connection.socket.sendall(reply.data[start : start + size])
            elif reply.data:
                self._send_all(connection.socket, reply.data)
        except OSError:
            self._end(connection, End.CLOSE)  # the other side has had enough, as of an answer of 10 MB
            return
        if reply.end is not End.KEEP:
            self._end(connection, reply.end)

    @staticmethod
    def _send_all(connection: socket.socket, data: bytes) -> None:
        sent = 0
        try:
            sent = connection.send(data)
        except BlockingIOError:
            pass
        if sent == len(data):
            return
        connection.settimeout(A_MOMENT)
        connection.sendall(data[sent:])
        connection.setblocking(False)

    def _end(self, connection: Connection, end: End) -> None:
        fd = connection.socket.fileno()
        if self._connections.pop(fd, None) is None:
            return
        self._epoll.unregister(fd)
        if end is End.RESET:
            connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.socket.close()
