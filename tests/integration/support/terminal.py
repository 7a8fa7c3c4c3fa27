"""A terminal for a program to run on: a pseudo-terminal of a given size, and what one sees on it."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time

from .programs import program
from .servers import PATIENCE

ESCAPE = re.compile(r"\x1b\[(\d*)([A-Za-z])")


class Screen:
    """As much of a terminal as the command line uses: text that wraps at the last column, `\\r`, `\\n`, cursor up,
    erase to the end of the line and of the screen, colours. Scrolls like one: what has left the top cannot be reached."""

    def __init__(self, columns: int, rows: int) -> None:
        self.columns, self.rows = columns, rows
        self.lines: list[list[str]] = [[]]
        self.row = self.column = 0

    def write(self, text: str) -> None:
        at = 0
        while at < len(text):
            if found := ESCAPE.match(text, at):
                self._escape(int(found[1] or 1), found[2])
                at = found.end()
                continue
            self._put(text[at])
            at += 1

    def _put(self, character: str) -> None:
        if character == "\r":
            self.column = 0
        elif character == "\n":
            self._down()
        else:
            if self.column == self.columns:
                self._down()
                self.column = 0
            line = self.lines[self.row]
            line.extend(" " * (self.column + 1 - len(line)))
            line[self.column] = character
            self.column += 1

    def _down(self) -> None:
        self.row += 1
        while len(self.lines) <= self.row:
            self.lines.append([])

    def _escape(self, count: int, what: str) -> None:
        if what == "A":
            top = max(0, len(self.lines) - self.rows)
            self.row = max(top, self.row - count)
        elif what in "KJ":
            del self.lines[self.row][self.column :]
            if what == "J":
                del self.lines[self.row + 1 :]
        else:
            assert what == "m", f"an escape sequence that nobody expects: {what}"

    def text(self) -> list[str]:
        """What one sees, from the first line ever, without what is empty at the end."""
        lines = ["".join(line).rstrip() for line in self.lines]
        while lines and not lines[-1]:
            lines.pop()
        return lines


class OnTerminal:
    """`ci_lambda` on a terminal of this size. `screens` has what was seen after each piece of output."""

    def __init__(self, *arguments: str, environment: dict[str, str], columns: int, rows: int = 24) -> None:
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.process = subprocess.Popen(
            [program("CI_LAMBDA_CLI"), *arguments],
            env={**environment, "TERM": "xterm"},
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )
        os.close(slave)
        self.screen = Screen(columns, rows)
        self.screens: list[list[str]] = []

    def read_until(self, condition) -> None:
        """Goes on until `condition(lines on the screen)` holds, or the program has ended."""
        end = time.monotonic() + PATIENCE
        while not condition(self.screen.text()):
            assert time.monotonic() < end, "\n".join(self.screen.text())
            readable, _, _ = select.select([self._master], [], [], 1)
            if not readable:
                continue
            try:
                data = os.read(self._master, 65536)
            except OSError:  # EIO: nobody is at the other end any more
                data = b""
            if not data:
                return
            self.screen.write(data.decode())
            self.screens.append(self.screen.text())

    def interrupt(self) -> None:
        """Ctrl-C."""
        os.write(self._master, b"\x03")

    def finish(self) -> int:
        """The exit code; negative for a signal."""
        self.read_until(lambda _: False)
        return self.process.wait(PATIENCE)

    def __enter__(self):
        return self

    def __exit__(self, *unused) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()
        os.close(self._master)
        print("--- the terminal\n" + "\n".join(self.screen.text()))
