"""The time of day of a program: a number in a file that it and we map into memory (clock.cpp)."""

from __future__ import annotations

import mmap
import tempfile

MILLISECOND = 1_000_000


class MovedTime:
    """In milliseconds since 1970. It stands still, but where the program sleeps: then it is later at once."""

    def __init__(self) -> None:
        self._file = tempfile.NamedTemporaryFile(prefix="soak-clock-")
        self._file.truncate(8)
        self._memory = mmap.mmap(self._file.fileno(), 8)
        self._number = memoryview(self._memory).cast("q")

    @property
    def path(self) -> str:
        return self._file.name

    @property
    def now(self) -> int:
        """A part of a millisecond counts as a whole one."""
        return -(-self._number[0] // MILLISECOND)

    def move_to(self, moment: int) -> None:
        self._number[0] = moment * MILLISECOND

    def close(self) -> None:
        self._number.release()
        self._memory.close()
        self._file.close()
