"""Runs clang-tidy-19 over the C++ files of the project, only over those that changed since they last passed.

usage: tidy.py BUILD_DIR STAMP_DIR

A file is checked again when it, a header of ours that it includes, the way it is compiled, a .clang-tidy or
clang-tidy itself has changed. Which headers it includes is known from ninja, so the build must be up to date.
"""

import concurrent.futures
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
# A note that clang-tidy prints for each file, whatever it finds.
NOISE = re.compile(r"^\d+ warnings? (and \d+ errors? )?(generated|treated as errors?)\.?$")


def included_headers(build_dir: pathlib.Path, root: pathlib.Path) -> dict[str, list[pathlib.Path]]:
    """Object file -> the project's own files that went into it."""
    listing = subprocess.run(
        ["ninja", "-C", build_dir, "-t", "deps"], check=True, capture_output=True, text=True
    ).stdout
    headers: dict[str, list[pathlib.Path]] = {}
    current: list[pathlib.Path] = []
    for line in listing.splitlines():
        if line.startswith("    "):
            path = (build_dir / line.strip()).resolve()
            if path.is_relative_to(root):
                current.append(path)
        elif ": #deps" in line:
            current = headers.setdefault(line.split(":")[0], [])
    return headers


def object_file(entry: dict) -> str:
    arguments = shlex.split(entry["command"])
    return arguments[arguments.index("-o") + 1]


def fingerprint(entry: dict, headers: list[pathlib.Path], common: bytes) -> str:
    digest = hashlib.sha256(common)
    digest.update(entry["command"].encode())
    for path in sorted({pathlib.Path(entry["file"]), *headers}):
        digest.update(str(path).encode() + b"\0" + path.read_bytes())
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


def main() -> int:
    root = pathlib.Path.cwd().resolve()
    build_dir = pathlib.Path(sys.argv[1]).resolve()
    stamps = pathlib.Path(sys.argv[2])
    stamps.mkdir(parents=True, exist_ok=True)

    common = subprocess.run([CLANG_TIDY, "--version"], check=True, capture_output=True).stdout
    for config in sorted([root / ".clang-tidy", *root.glob("*/.clang-tidy")]):
        common += config.read_bytes()

    headers = included_headers(build_dir, root)
    todo: dict[pathlib.Path, pathlib.Path] = {}
    entries = json.loads((build_dir / "compile_commands.json").read_text())
    for entry in entries:
        stamp = stamps / fingerprint(entry, headers.get(object_file(entry), []), common)
        if not stamp.exists():
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
    if failed:
        print(f"clang-tidy found something in {failed} files", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
