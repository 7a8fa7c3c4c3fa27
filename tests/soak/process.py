"""The built program as a child process, its log, and what the kernel says about it."""

from __future__ import annotations

import collections
import dataclasses
import os
import pathlib
import re
import subprocess

LOG_LINES = 400


@dataclasses.dataclass(frozen=True)
class Size:
    """What a process holds."""

    kib: int  # of its own: heap, stacks, data
    resident: int  # KiB, with what it has read of the files of its code
    files: int
    threads: int

    def __str__(self) -> str:
        return f"{self.kib:,} KiB (resident: {self.resident:,}), {self.files} file descriptors, {self.threads} threads"


def size_of(pid: int) -> Size:
    directory = pathlib.Path("/proc") / str(pid)
    # The sum over all mappings: the counters in /proc/PID/status may be off by some pages for each thread.
    memory, status = (directory / "smaps_rollup").read_text(), (directory / "status").read_text()
    return Size(
        kib=number_in(memory, "Anonymous"),
        resident=number_in(memory, "Rss"),
        files=len(os.listdir(directory / "fd")),
        threads=number_in(status, "Threads"),
    )


def number_in(text: str, name: str) -> int:
    return int(re.search(rf"^{name}:\s+(\d+)", text, re.MULTILINE)[1])


class Program:
    """Runs until it is stopped. Of its log the last lines are kept."""

    def __init__(self, command: list[str], environment: dict[str, str]) -> None:
        self._process = subprocess.Popen(
            command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        self.pid = self._process.pid
        self.log_fd = self._process.stdout.fileno()
        os.set_blocking(self.log_fd, False)
        self._log: collections.deque[bytes] = collections.deque(maxlen=LOG_LINES)
        self._rest = b""
        self.ended = False

    def read_log(self) -> None:
        try:
            data = os.read(self.log_fd, 1 << 20)
        except BlockingIOError:
            return
        if not data:
            self.ended = True
            return
        *lines, self._rest = (self._rest + data).split(b"\n")
        self._log.extend(lines)

    def log_of(self, request_ids: list[str]) -> list[str]:
        """The lines of these invocations, and those of none, such as a sanitizer's report."""
        lines = [line.decode("utf-8", "replace") for line in [*self._log, self._rest] if line]
        return [line for line in lines if '"request_id":' not in line or any(one in line for one in request_ids)]

    def size(self) -> Size:
        return size_of(self.pid)

    def exit_code(self) -> int | None:
        """Once its output has ended."""
        return self._process.wait(10) if self.ended else self._process.poll()

    def stop(self) -> None:
        self._process.kill()
        self._process.wait()
        self._process.stdout.close()
