"""What the trust in AWS costs on a cold start, by the CPU clock of the packaged program itself.

The program talks to what it takes for ecs.us-east-1.amazonaws.com, through a proxy, so that no name has to be resolved.
Nobody but Amazon has a certificate that its built-in roots vouch for. So one of these five roots, as text in a copy of
the program, is overwritten by one of the bench's own, of the same kind (RSA, 2048 bits): nothing else differs from what
is shipped, and handshake and deployment are complete.
"""

from __future__ import annotations

import contextlib
import datetime
import io
import pathlib
import socket
import socketserver
import ssl
import sys
import threading
import time

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

REPOSITORY = pathlib.Path(__file__).parents[1]
sys.path.append(str(REPOSITORY / "tests" / "integration"))

from support.programs import Function, function_environment  # noqa: E402: found by the line above
from support.servers import EcsStub  # noqa: E402

AWS = "ecs.us-east-1.amazonaws.com"
DEBIAN_BUNDLE = pathlib.Path("/etc/ssl/certs/ca-certificates.crt")
PLAIN, BUILT_IN, BUNDLE = "plain", "built-in", "bundle"


def environment(**extra: str | None) -> dict[str, str]:
    """What every function of the bench is configured with."""
    return function_environment(extra.pop("ecs_url", None) or "", LOG_LEVEL="info", **extra)


# --- certificates, as AWS has them: RSA of 2048 bits, one authority between the root and the server ----------------


def certificate(name: str, key, issuer: x509.Name, issuer_key, extension: x509.ExtensionType) -> bytes:
    now = datetime.datetime.now(datetime.timezone.utc)
    return (
        x509.CertificateBuilder()
        .subject_name(named(name))
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(extension, critical=True)
        .sign(issuer_key, hashes.SHA256())
        .public_bytes(serialization.Encoding.PEM)
    )


def named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


class Chain:
    def __init__(self, work: pathlib.Path) -> None:
        root, between, server = (rsa.generate_private_key(public_exponent=65537, key_size=2048) for _ in range(3))
        authority = x509.BasicConstraints(ca=True, path_length=None)
        self.root = certificate("root", root, named("root"), root, authority)
        chain = certificate(AWS, server, named("between"), between, x509.SubjectAlternativeName([x509.DNSName(AWS)]))
        chain += certificate("between", between, named("root"), root, authority)
        key = server.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        file = work / "server.pem"
        file.write_bytes(key + chain)
        self.server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.server.load_cert_chain(file)


def with_root(program: pathlib.Path, root: bytes, to: pathlib.Path) -> pathlib.Path:
    """A copy of the program in which the first built-in root is another one, and the bytes after it are where they were."""
    content = program.read_bytes()
    roots = (REPOSITORY / "src" / "net" / "amazon_roots.pem").read_bytes()
    end = b"-----END CERTIFICATE-----\n"
    first = roots[roots.index(b"-----BEGIN") : roots.index(end) + len(end)]
    if content.count(first) != 1 or len(root) > len(first):
        sys.exit("bench: the first built-in root cannot be replaced: it is not in the program, or it is too short")
    to.write_bytes(content.replace(first, root.ljust(len(first), b"\n")))
    to.chmod(0o755)
    return to


# --- the way to "AWS" -------------------------------------------------------------------------------------------------


class Proxy(socketserver.ThreadingTCPServer):
    """An HTTP proxy that leads everything for AWS to the bench's ECS."""

    daemon_threads = True

    def __init__(self, ecs: EcsStub) -> None:
        host, port = ecs.address.split(":")
        self.target = (host, int(port))
        super().__init__(("127.0.0.1", 0), Tunnel)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class Tunnel(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        asked = b""
        while b"\r\n\r\n" not in asked:
            asked += self.request.recv(4096)
        if not asked.startswith(f"CONNECT {AWS}:443 ".encode()):
            return
        with socket.create_connection(self.server.target) as ecs:
            self.request.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            back = threading.Thread(target=copy, args=(ecs, self.request), daemon=True)
            back.start()
            copy(self.request, ecs)
            back.join()


def copy(source: socket.socket, to: socket.socket) -> None:
    try:
        while data := source.recv(65536):
            to.sendall(data)
        to.shutdown(socket.SHUT_WR)
    except OSError:
        pass  # the function is killed when it has been measured


# --- measuring --------------------------------------------------------------------------------------------------------


def cpu_ms(pid: int) -> float:
    """User and system time of all threads of another process (clock_getcpuclockid)."""
    return time.clock_gettime_ns((~pid << 3) | 2) / 1e6


def cost(program: pathlib.Path, ecs: EcsStub, settings: dict[str, str]) -> float:
    before = len(ecs.updated_services())
    said = io.StringIO()  # the tests' Function shows the program's log at its end
    with contextlib.redirect_stdout(said), Function(settings, [str(program)]) as function:
        outcome = function.invoke({"service": "api"})
        spent = cpu_ms(function.process.pid)
    if outcome.kind != "response" or len(ecs.updated_services()) != before + 1:
        sys.exit(f"bench: the event was not deployed: {outcome.text}\n{said.getvalue()}")
    return spent


def measure(program: pathlib.Path, work: pathlib.Path, rounds: int) -> dict[str, list[float]]:
    """CPU in ms, from the program's start to the answer to its first event; one value for each round."""
    chain = Chain(work)
    patched = with_root(program, chain.root, work / "bootstrap-tls")
    bundle = work / "bundle.pem"
    bundle.write_bytes(DEBIAN_BUNDLE.read_bytes() + chain.root)
    costs: dict[str, list[float]] = {PLAIN: [], BUILT_IN: [], BUNDLE: []}
    with EcsStub() as plain, EcsStub(tls=chain.server) as aws, Proxy(aws) as proxy:
        to_aws = {"AWS_ENDPOINT_URL_ECS": None, "HTTPS_PROXY": proxy.url}
        settings = {
            PLAIN: (plain, environment(ecs_url=plain.url)),
            BUILT_IN: (aws, environment(**to_aws)),
            BUNDLE: (aws, environment(**to_aws, AWS_CA_BUNDLE=str(bundle.resolve()))),
        }
        for _ in range(rounds):
            for name, (ecs, variables) in settings.items():
                costs[name].append(cost(patched, ecs, variables))
        proxy.shutdown()
    return costs
