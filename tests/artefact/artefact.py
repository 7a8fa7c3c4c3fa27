"""What ./dev package has made, and the empty root in which it runs."""

from __future__ import annotations

import functools
import json
import os
import pathlib
import platform
import shutil
import subprocess
import zipfile

import pytest

REPOSITORY = pathlib.Path(__file__).parents[2]
DIST = pathlib.Path(os.environ.get("CI_LAMBDA_DIST", REPOSITORY / "dist"))
ARCHITECTURES = ("x86_64", "arm64")

# Where Lambda's provided.al2023 has it.
AMAZON_LINUX_BUNDLE = pathlib.PurePosixPath("etc/pki/tls/certs/ca-bundle.crt")


def zip_of(arch: str) -> pathlib.Path:
    return DIST / f"ci_lambda-{arch}.zip"


def bill() -> dict:
    """The bill of materials."""
    return json.loads((DIST / "ci_lambda.cdx.json").read_text())


def packaged_commit() -> str:
    (commit,) = [one["value"] for one in bill()["metadata"]["component"]["properties"] if one["name"] == "commit"]
    return commit


def unpacked(arch: str, directory: pathlib.Path) -> pathlib.Path:
    """The program of a zip, ready to run."""
    program = directory / "bootstrap"
    if not program.exists():
        directory.mkdir(parents=True)
        with zipfile.ZipFile(zip_of(arch)) as archive:
            program.write_bytes(archive.read("bootstrap"))
        program.chmod(0o755)
    return program


def runner(arch: str) -> list[str]:
    """What runs programs of an architecture here: nothing, or qemu's user emulation."""
    machine = {"x86_64": "x86_64", "arm64": "aarch64"}[arch]
    if platform.machine() == machine:
        return []
    emulator = shutil.which(f"qemu-{machine}-static") or shutil.which(f"qemu-{machine}")
    if not emulator:
        pytest.skip(f"qemu-{machine}-static is not installed (Debian: qemu-user-static)")
    return [emulator]


def change_root(root: pathlib.Path | str) -> list[str]:
    chroot = shutil.which("chroot", path="/usr/sbin:/usr/bin:/sbin:/bin") or "chroot"
    unshare = shutil.which("unshare", path="/usr/bin:/bin") or "unshare"
    return [*([] if os.geteuid() == 0 else [unshare, "--map-root-user"]), chroot, str(root)]


@functools.cache
def can_change_root() -> bool:
    try:
        return subprocess.run([*change_root("/"), "/bin/true"], capture_output=True).returncode == 0
    except OSError:
        return False


class EmptyRoot:
    """A root directory with the program, /tmp, a resolver configuration and a bundle of authorities; nothing else."""

    def __init__(self, path: pathlib.Path, bootstrap: pathlib.Path, authorities: bytes) -> None:
        self.path = path
        self.bundle = path / AMAZON_LINUX_BUNDLE
        self.bundle.parent.mkdir(parents=True)
        self.bundle.write_bytes(authorities)
        (path / "tmp").mkdir()
        shutil.copy(bootstrap, path / "bootstrap")
        self.resolve_with("nameserver 127.0.0.1")

    def resolve_with(self, *lines: str) -> None:
        (self.path / "etc" / "resolv.conf").write_text("\n".join(lines) + "\n")

    @property
    def command(self) -> list[str]:
        return [*change_root(self.path), "/bootstrap"]

    def files(self) -> set[str]:
        return {str(file.relative_to(self.path)) for file in self.path.rglob("*") if not file.is_dir()}
