"""Runs clang-tidy-19 over the C++ files of the project, only over those that changed since they last passed.

usage: tidy.py BUILD_DIR STAMP_DIR [DIRECTORY: only the files in it]

A file is checked again when it, a header that it includes, the way it is compiled, a .clang-tidy, clang-tidy itself or
this script has changed. Which headers it includes is known from ninja, so the build must be up to date.

A stamp says that a file has passed. It does not depend on where the repository is, so all clones on a machine share
them. Stamps that nobody asked for in a long time are deleted.
"""

import concurrent.futures
import functools
import hashlib
import json
import os
import pathlib
import re
import shlex
import subprocess
import sys
import time

CLANG_TIDY = "clang-tidy-19"
# The directories in HeaderFilterRegex of .clang-tidy. One above the repository makes clang-tidy look at more headers.
FILTERED = {"src", "sandbox", "tests", "fuzz"}
STAMP_LIFETIME = 90 * 24 * 3600
# A note that clang-tidy prints for each file, whatever it finds.
NOISE = re.compile(r"^\d+ warnings? (and \d+ errors? )?(generated|treated as errors?)\.?$")


@functools.cache
def resolved(path: pathlib.Path) -> pathlib.Path:
    return path.resolve()


@functools.cache
def state_of(path: pathlib.Path, root: pathlib.Path) -> bytes:
    """What a file is: one of ours by its content, one of the system's by what an upgrade changes."""
    if path.is_relative_to(root):
        return str(path.relative_to(root)).encode() + b"\0" + path.read_bytes()
    status = path.stat()
    return f"{path} {status.st_size} {status.st_mtime_ns}".encode()


def included_headers(build_dir: pathlib.Path) -> dict[str, list[pathlib.Path]]:
    """Object file -> the files that went into it."""
    listing = subprocess.run(
        ["ninja", "-C", build_dir, "-t", "deps"], check=True, capture_output=True, text=True
    ).stdout
    headers: dict[str, list[pathlib.Path]] = {}
    current: list[pathlib.Path] = []
    for line in listing.splitlines():
        if line.startswith("    "):
            current.append(resolved(build_dir / line.strip()))
        elif ": #deps" in line:
            current = headers.setdefault(line.split(":")[0], [])
    return headers


def object_file(entry: dict) -> str:
    arguments = shlex.split(entry["command"])
    return arguments[arguments.index("-o") + 1]


def fingerprint(entry: dict, headers: list[pathlib.Path], root: pathlib.Path, common: bytes) -> str:
    digest = hashlib.sha256(common)
    digest.update(entry["command"].replace(str(root), "").encode())
    # Sorted by what they are: where the repository's files come among the system's would depend on where it is.
    for state in sorted({state_of(path, root) for path in {pathlib.Path(entry["file"]), *headers}}):
        digest.update(f"{len(state)}:".encode() + state)
    return digest.hexdigest()


def check(source: pathlib.Path, build_dir: pathlib.Path) -> tuple[bool, str, float]:
    start = time.monotonic()
    done = subprocess.run(
        [CLANG_TIDY, "-p", build_dir, "--quiet", "--warnings-as-errors=*", source],
        capture_output=True,
        text=True,
    )
    lines = (done.stdout + done.stderr).splitlines()
    text = "\n".join(line for line in lines if line and not NOISE.match(line))
    return done.returncode == 0, text, time.monotonic() - start


def common_to_all(root: pathlib.Path) -> bytes:
    version = subprocess.run([CLANG_TIDY, "--version"], check=True, capture_output=True).stdout
    configs = [root / ".clang-tidy", *(path for name in sorted(FILTERED) for path in (root / name).rglob(".clang-tidy"))]
    above = sorted(FILTERED.intersection(root.parts))
    return b"\0".join(
        [version, str(above).encode(), *(path.read_bytes() for path in [pathlib.Path(__file__), *configs])]
    )


def forget_old(stamps: pathlib.Path) -> None:
    for stamp in stamps.iterdir():
        if time.time() - stamp.stat().st_mtime > STAMP_LIFETIME:
            stamp.unlink(missing_ok=True)


def main() -> int:
    root = pathlib.Path.cwd().resolve()
    build_dir = pathlib.Path(sys.argv[1]).resolve()
    stamps = pathlib.Path(sys.argv[2])
    stamps.mkdir(parents=True, exist_ok=True)

    common = common_to_all(root)
    headers = included_headers(build_dir)
    todo: dict[pathlib.Path, pathlib.Path] = {}
    wanted = root.joinpath(*sys.argv[3:])
    entries = [
        entry
        for entry in json.loads((build_dir / "compile_commands.json").read_text())
        if pathlib.Path(entry["file"]).is_relative_to(wanted)
    ]
    for entry in entries:
        stamp = stamps / fingerprint(entry, headers.get(object_file(entry), []), root, common)
        if stamp.exists():
            stamp.touch()
        else:
            todo[pathlib.Path(entry["file"])] = stamp
    print(f"    {len(entries)} files, {len(todo)} to check", flush=True)

    failed = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        running = {pool.submit(check, source, build_dir): source for source in todo}
        for number, future in enumerate(concurrent.futures.as_completed(running), 1):
            source = running[future]
            passed, text, seconds = future.result()
            if passed:
                todo[source].touch()
            else:
                failed += 1
            verdict = "ok" if passed else "FOUND SOMETHING"
            print(f"    [{number}/{len(todo)}] {source.relative_to(root)} {verdict} ({seconds:.0f} s)", flush=True)
            if not passed:
                print(text, flush=True)
    forget_old(stamps)
    if failed:
        print(f"clang-tidy found something in {failed} files", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
