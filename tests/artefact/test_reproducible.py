"""Built again elsewhere from nothing but the sources and Debian's packages, the zip is the same bytes."""

import hashlib
import os
import pathlib
import shutil
import subprocess
import time

from artefact import REPOSITORY, packaged_commit, zip_of

SOURCES = ("CMakeLists.txt", "cmake", "packaging", "src")
KEPT_FOR = 90 * 24 * 3600


def cache() -> pathlib.Path:
    """Beside the stamps of clang-tidy."""
    user = os.environ.get("XDG_CACHE_HOME") or pathlib.Path(os.environ.get("HOME") or REPOSITORY / ".cache") / ".cache"
    return pathlib.Path(user) / "ci_lambda" / "rebuilt"


def fingerprint() -> str:
    """Of all that goes into the program: the sources, the commit, what Debian sent, and every package of this machine,
    the compilers among them."""
    digest = hashlib.sha256(packaged_commit().encode())
    files = [path for name in SOURCES for path in (REPOSITORY / name, *(REPOSITORY / name).rglob("*")) if path.is_file()]
    debian = REPOSITORY / ".cache" / "debian"
    for path in sorted([*files, debian / "versions", debian / ".recipe"]):
        if path.suffix != ".pyc":
            content = path.read_bytes()
            digest.update(f"{path.relative_to(REPOSITORY)} {len(content)}\n".encode() + content)
    digest.update(subprocess.run(["dpkg-query", "-W"], check=True, capture_output=True).stdout)
    return digest.hexdigest()


def build_elsewhere(copy: pathlib.Path) -> pathlib.Path:
    (copy / ".cache").mkdir(parents=True)
    for name in SOURCES:
        source = REPOSITORY / name
        shutil.copytree(source, copy / name) if source.is_dir() else shutil.copy(source, copy / name)
    shutil.copytree(REPOSITORY / ".cache" / "debian", copy / ".cache" / "debian", symlinks=True)

    built = subprocess.run(
        [copy / "packaging" / "build.sh", "x86_64", packaged_commit()],
        env={**os.environ, "CCACHE_DISABLE": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert built.returncode == 0, built.stdout[-4000:]
    return copy / "dist" / "ci_lambda-x86_64.zip"


def test_another_build_in_another_place_is_the_same_bytes(tmp_path):
    """What was built elsewhere is kept, and compared again as long as nothing of what went into it has changed."""
    kept = cache() / f"{fingerprint()}.zip"
    kept.parent.mkdir(parents=True, exist_ok=True)
    for old in kept.parent.iterdir():
        if time.time() - old.stat().st_mtime > KEPT_FOR:
            old.unlink(missing_ok=True)
    if not kept.exists():
        new = kept.with_suffix(f".{os.getpid()}")
        shutil.copyfile(build_elsewhere(tmp_path / "somewhere" / "else"), new)
        new.replace(kept)
    kept.touch()
    assert kept.read_bytes() == zip_of("x86_64").read_bytes()
