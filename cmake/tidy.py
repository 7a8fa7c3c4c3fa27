"""Runs clang-tidy over the C++ files of the project, only over those that changed since they last passed.

usage: tidy.py CLANG_TIDY BUILD_DIR STAMP_DIR [DIRECTORY: only the files in it]

A file is checked again when it, a header that it includes, the way it is compiled, a .clang-tidy, clang-tidy itself or
this script has changed. Which headers it includes is known from ninja, so the build must be up to date.

What takes the time is walking through the headers, so up to eight files are looked at as one: a file that includes them
and has their flags. Only "nothing found" is believed of such a batch. If something is found, or the files cannot be
compiled together (two of them may give one name to two things), each half is looked at again, down to the single file.

A stamp says that a file has passed. It does not depend on where the repository is, so all clones on a machine share
them. Stamps that nobody asked for in a long time are deleted.
"""

from __future__ import annotations

import concurrent.futures
import dataclasses
import functools
import hashlib
import json
import os
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile
import time

# The directories in HeaderFilterRegex of .clang-tidy. One above the repository makes clang-tidy look at more headers.
FILTERED = {"src", "sandbox", "tests", "fuzz"}
STAMP_LIFETIME = 90 * 24 * 3600
# A note that clang-tidy prints for each file, whatever it finds.
NOISE = re.compile(r"^\d+ warnings? (and \d+ errors? )?(generated|treated as errors?)\.?$")
LARGEST_BATCH = 8
# What bugprone-suspicious-include and misc-unused-alias-decls are about; these two look at the main file alone.
ONLY_SEEN_IN_THE_MAIN_FILE = re.compile(rb'^\s*(#\s*include\s*["<][^">]*\.c\w*[">]|namespace\s+\w+\s*=)', re.MULTILINE)
GCC_ABOUT_UNITIES = " -Wno-subobject-linkage "  # clang does not know it
INCLUDED = re.compile(r'^#include "(.*)"$', re.MULTILINE)


@dataclasses.dataclass(frozen=True)
class Source:
    path: pathlib.Path
    arguments: tuple[str, ...]  # of the compiler, with the path in it
    directory: str
    stamp: pathlib.Path

    def compiled_as(self, path: pathlib.Path) -> dict:
        arguments = [str(path) if argument == str(self.path) else argument for argument in self.arguments]
        return {"file": str(path), "directory": self.directory, "arguments": arguments}

    @property
    def companions(self) -> tuple:
        """The same for files that can be in one batch: those of a target, which the unity builds compile as one, too."""
        shown = FILTERED.intersection(self.path.parts)
        if not shown or ONLY_SEEN_IN_THE_MAIN_FILE.search(self.path.read_bytes()):
            return (str(self.path),)
        flags = list(self.arguments)
        target, _, _ = flags.pop(flags.index("-o") + 1).partition(".dir/")
        flags.remove(str(self.path))
        return (target, *flags)


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


def unity_as_single_files(entries: list[dict]) -> list[dict]:
    """The files that CMake has compiled as one, as if each had been compiled alone."""
    singles = []
    for entry in entries:
        file = pathlib.Path(entry["file"])
        if file.parent.name != "Unity":
            singles.append(entry)
            continue
        command = entry["command"].replace(GCC_ABOUT_UNITIES, " ")
        for source in INCLUDED.findall(file.read_text()):
            singles.append({**entry, "file": source, "command": command.replace(str(file), source)})
    return singles


def fingerprint(entry: dict, headers: list[pathlib.Path], root: pathlib.Path, common: bytes) -> str:
    digest = hashlib.sha256(common)
    digest.update(entry["command"].replace(str(root), "").encode())
    # Sorted by what they are: where the repository's files come among the system's would depend on where it is.
    for state in sorted({state_of(path, root) for path in {pathlib.Path(entry["file"]), *headers}}):
        digest.update(f"{len(state)}:".encode() + state)
    return digest.hexdigest()


def config_of(source: pathlib.Path) -> pathlib.Path:
    return next(above / ".clang-tidy" for above in source.parents if (above / ".clang-tidy").exists())


def run_clang_tidy(program: str, source: pathlib.Path, database: pathlib.Path, *options: str) -> tuple[bool, str]:
    done = subprocess.run(
        [program, "-p", database, "--quiet", "--warnings-as-errors=*", *options, source],
        capture_output=True,
        text=True,
    )
    lines = (done.stdout + done.stderr).splitlines()
    return done.returncode == 0, "\n".join(line for line in lines if line and not NOISE.match(line))


def check(program: str, batch: list[Source], build_dir: pathlib.Path) -> list[tuple[Source, str]]:
    """The files in which something is found, each with what it is. Those that pass get their stamps."""
    # Below the root, whose .clang-tidy is the parent of the one that is copied.
    with tempfile.TemporaryDirectory(prefix="tidy-", dir=build_dir) as name:
        directory = pathlib.Path(name)
        main_file, options = batch[0].path, []
        if len(batch) > 1:
            options = ["--checks=-bugprone-suspicious-include"]
            main_file = directory / "batch.cpp"
            main_file.write_text("".join(f'#include "{source.path}"\n' for source in batch))
            (directory / ".clang-tidy").write_bytes(config_of(batch[0].path).read_bytes())
        (directory / "compile_commands.json").write_text(json.dumps([batch[0].compiled_as(main_file)]))
        passed, text = run_clang_tidy(program, main_file, directory, *options)
    if passed:
        for source in batch:
            source.stamp.touch()
        return []
    if len(batch) == 1:
        return [(batch[0], text)]
    half = len(batch) // 2
    return check(program, batch[:half], build_dir) + check(program, batch[half:], build_dir)


def timed_check(program: str, batch: list[Source], build_dir: pathlib.Path) -> tuple[list[tuple[Source, str]], float]:
    start = time.monotonic()
    return check(program, batch, build_dir), time.monotonic() - start


def batches_of(sources: list[Source]) -> list[list[Source]]:
    """The largest ones first; few files are spread over all processors instead."""
    size = max(1, min(LARGEST_BATCH, len(sources) // (os.cpu_count() or 1)))
    alike: dict[tuple, list[Source]] = {}
    for source in sources:
        alike.setdefault(source.companions, []).append(source)
    batches = [group[i : i + size] for group in alike.values() for i in range(0, len(group), size)]
    return sorted(batches, key=len, reverse=True)


def common_to_all(program: str, root: pathlib.Path) -> bytes:
    version = subprocess.run([program, "--version"], check=True, capture_output=True).stdout
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
    program = sys.argv[1]
    build_dir = pathlib.Path(sys.argv[2]).resolve()
    stamps = pathlib.Path(sys.argv[3])
    stamps.mkdir(parents=True, exist_ok=True)

    common = common_to_all(program, root)
    headers = included_headers(build_dir)
    wanted = root.joinpath(*sys.argv[4:])
    entries = [
        entry
        for entry in unity_as_single_files(json.loads((build_dir / "compile_commands.json").read_text()))
        if pathlib.Path(entry["file"]).is_relative_to(wanted)
    ]
    todo: dict[pathlib.Path, Source] = {}
    for entry in entries:
        stamp = stamps / fingerprint(entry, headers.get(object_file(entry), []), root, common)
        if stamp.exists():
            stamp.touch()
        else:
            path = pathlib.Path(entry["file"])
            todo[path] = Source(path, tuple(shlex.split(entry["command"])), entry["directory"], stamp)
    print(f"    {len(entries)} files, {len(todo)} to check", flush=True)

    done, failed = 0, 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        running = {pool.submit(timed_check, program, batch, build_dir): batch for batch in batches_of(list(todo.values()))}
        for future in concurrent.futures.as_completed(running):
            batch = running[future]
            findings, seconds = future.result()
            done += len(batch)
            failed += len(findings)
            names = " ".join(str(source.path.relative_to(root)) for source in batch)
            verdict = "FOUND SOMETHING" if findings else "ok"
            print(f"    [{done}/{len(todo)}] {verdict} ({seconds:.0f} s) {names}", flush=True)
            for source, text in findings:
                print(f"{source.path.relative_to(root)}:\n{text}", flush=True)
    forget_old(stamps)
    if failed:
        print(f"clang-tidy found something in {failed} files", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
