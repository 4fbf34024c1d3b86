"""Means over seeds, with what they scatter, and differences seed by seed."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Estimate:
    """A mean over ``count`` seeds; spread: its standard deviation or error, None for a single seed."""

    mean: float
    spread: float | None
    count: int


def mean_over_seeds(values: Sequence[float]) -> Estimate | None:
    """Mean and sample standard deviation; None without values, or where one is NaN: no mean of a part."""
    if not values or any(math.isnan(value) for value in values):
        return None
    spread = statistics.stdev(values) if len(values) > 1 else None
    return Estimate(statistics.fmean(values), spread, len(values))


def mean_difference(pairs: Sequence[tuple[float, float]]) -> Estimate | None:
    """Mean of first − second over pairs of the same seed, and its standard error; None as above."""
    difference = mean_over_seeds([first - second for first, second in pairs])
    if difference is None or difference.spread is None:
        return difference
    return replace(difference, spread=difference.spread / math.sqrt(difference.count))
