"""A name server on loopback. resolv.conf knows no ports, so it has port 53, on a loopback address of its own."""

from __future__ import annotations

import random
import socket
import struct
import threading

A, IN = 1, 1
ANSWER_NO_ERROR, ANSWER_FAILURE, ANSWER_NO_SUCH_NAME = 0x8180, 0x8182, 0x8183


def open_port() -> socket.socket:
    """A UDP socket on port 53 of a loopback address that nobody uses."""
    for _ in range(100):
        address = f"127.{random.randint(1, 254)}.{random.randint(1, 254)}.{random.randint(1, 254)}"
        server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            server.bind((address, 53))
            return server
        except PermissionError:
            server.close()
            raise
        except OSError:
            server.close()  # somebody is there already
    raise OSError("no free loopback address for port 53")


def may_serve_dns() -> bool:
    try:
        open_port().close()
        return True
    except OSError:
        return False


class Nameserver:
    """Answers its own address for the names it is told, or the address that is given for one, and that there is no
    other name. A silent one never answers, a failing one says so, a slow one takes its time."""

    def __init__(self) -> None:
        self.names: set[str] = set()
        self.addresses: dict[str, str] = {}
        self.silent = False
        self.failing = False
        self.seconds = 0.0  # that an answer takes
        self.asked: list[str] = []
        self._socket = open_port()
        self.address = self._socket.getsockname()[0]
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            query, client = self._socket.recvfrom(4096)
            if client == self._socket.getsockname():
                return  # from close()
            name, kind, question = self._question(query)
            self.asked.append(name)
            if self.silent:
                continue
            threading.Timer(self.seconds, self._send, (self._reply(query, name, kind, question), client)).start()

    def _reply(self, query: bytes, name: str, kind: int, question: bytes) -> bytes:
        address = self.addresses.get(name, self.address if name in self.names else None)
        answer = address is not None and kind == A and not self.failing
        flags = ANSWER_FAILURE if self.failing else ANSWER_NO_ERROR if address else ANSWER_NO_SUCH_NAME
        reply = query[:2] + struct.pack(">5H", flags, 1, int(answer), 0, 0) + question
        if answer:
            reply += struct.pack(">HHHIH", 0xC00C, A, IN, 60, 4) + socket.inet_aton(address)
        return reply

    def _send(self, reply: bytes, client: tuple[str, int]) -> None:
        try:
            self._socket.sendto(reply, client)
        except OSError:
            pass  # closed meanwhile

    @staticmethod
    def _question(query: bytes) -> tuple[str, int, bytes]:
        """Name, type and bytes of the one question (RFC 1035, section 4.1.2)."""
        position, labels = 12, []
        while length := query[position]:
            labels.append(query[position + 1 : position + 1 + length].decode())
            position += 1 + length
        (kind,) = struct.unpack_from(">H", query, position + 1)
        return ".".join(labels).lower(), kind, query[12 : position + 5]

    def __enter__(self):
        return self

    def __exit__(self, *unused) -> None:
        self._socket.sendto(b"end", self._socket.getsockname())
        self._thread.join()
        self._socket.close()
