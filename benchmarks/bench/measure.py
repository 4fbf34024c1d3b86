"""Processor time and memory of the two sides of a task."""

from __future__ import annotations

import ctypes
import gc
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.bench.case import Task

#: Repeats go on until both sides together have taken so long, or were called so often.
BUDGET_S = 0.8
_MOST_REPEATS = 15


@dataclass(frozen=True)
class Side:
    """cpu_s: processor time of one call, the least of the repeats; memory_mb: peak beyond the input."""

    cpu_s: float
    memory_mb: float | None


@dataclass(frozen=True)
class Measured:
    """Both sides of one task. amount: what a call works through."""

    amount: int
    ours: Side
    reference: Side
    repeats: int

    @property
    def ratio(self) -> float:
        """How many times as long the reference takes."""
        return self.reference.cpu_s / self.ours.cpu_s


def measure(task: Task, budget_s: float = BUDGET_S) -> Measured:
    """Check that both sides agree, then time them in turn. Raises AssertionError where they do not."""
    task.check(task.ours(), task.reference())  # compiles and warms caches, too
    work = (task.ours, task.reference)
    memory, least = ([*figures] for figures in zip(*(peak_mb(side) for side in work), strict=True))
    repeats, spent = 1, sum(least)
    while repeats < _MOST_REPEATS and spent < budget_s:
        for k, side in enumerate(work):
            taken = cpu_seconds(side)
            least[k] = min(least[k], taken)
            spent += taken
        repeats += 1
    ours, reference = (Side(s, mb) for s, mb in zip(least, memory, strict=True))
    return Measured(task.amount, ours, reference, repeats)


def cpu_seconds(work: Callable[[], Any]) -> float:
    """Processor time of one call, all threads together; the result's release is not counted."""
    gc.collect()
    gc.disable()
    try:
        start = time.process_time()
        result = work()
        taken = time.process_time() - start
        del result
    finally:
        gc.enable()
    return taken


def peak_mb(work: Callable[[], Any]) -> tuple[float | None, float]:
    """By how much one call raises the process's memory at most, and its processor time.

    The memory is None where Linux does not tell.
    """
    if sys.platform != "linux":
        return None, cpu_seconds(work)
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)  # else memory that is free, but kept, would hide what the call takes
    Path("/proc/self/clear_refs").write_text("5")  # the peak starts anew
    before = _status_mb("VmRSS")
    taken = cpu_seconds(work)
    return max(_status_mb("VmHWM") - before, 0.0), taken


def _status_mb(field: str) -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    line = next(line for line in lines if line.startswith(f"{field}:"))
    return int(line.split()[1]) / 1024
