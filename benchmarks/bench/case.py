"""What is measured: a step of TWIST, and the plain code that does the same."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Task:
    """One step on one input.

    ours, reference: give the step's result, again and again
    check: raises AssertionError where the two results are not the same
    amount: how much one call works through, in the case's unit
    """

    ours: Callable[[], Any]
    reference: Callable[[], Any]
    check: Callable[[Any, Any], None]
    amount: int


@dataclass(frozen=True)
class Case:
    """One row of the table, at three sizes.

    name: of the step; unit: of throughput, in the plural
    plain: the reference in words; agreement: how nearly both results agree, in words
    sizes: smallest first, as ``task`` takes them
    task: (size, empty folder) -> the task; making the input is not measured
    """

    name: str
    unit: str
    plain: str
    agreement: str
    sizes: tuple[int, int, int]
    task: Callable[[int, Path], Task]
