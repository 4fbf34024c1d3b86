"""Signals that stop a training between two steps."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

#: What clusters and people send to end a training in good order.
STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1)


@contextmanager
def stop_signals() -> Iterator[list[signal.Signals]]:
    """While inside, stop signals only end up in the list; the loop stops itself."""
    stopped: list[signal.Signals] = []

    def note(number: int, frame: FrameType | None) -> None:
        stopped.append(signal.Signals(number))

    before = {number: signal.signal(number, note) for number in STOP_SIGNALS}
    try:
        yield stopped
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def ignore_stop_signals(_: int = 0) -> None:
    """For processes that end with the training's own, or are ending already."""
    for number in STOP_SIGNALS:
        signal.signal(number, signal.SIG_IGN)
