"""Signals that stop a training between two steps."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def stop_signals() -> Iterator[list[signal.Signals]]:
    """While inside, SIGTERM, SIGINT and SIGUSR1 only end up in the list; the loop stops itself."""
    stopped: list[signal.Signals] = []

    def note(number: int, frame: FrameType | None) -> None:
        stopped.append(signal.Signals(number))

    numbers = (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1)
    before = {number: signal.signal(number, note) for number in numbers}
    try:
        yield stopped
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
