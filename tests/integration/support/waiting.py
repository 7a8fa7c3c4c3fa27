"""Waiting for what nothing tells of."""

from __future__ import annotations

import threading

from .servers import PATIENCE


def eventually(look, what: str, every: float = 0.02):
    """The first true value that look() returns. There is nothing in the AWS API to wait for, so it is asked again."""
    pause = threading.Event()
    for _ in range(int(PATIENCE / every)):
        if value := look():
            return value
        pause.wait(every)
    raise AssertionError(f"{what}: never came")
