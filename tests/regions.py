"""Regions from sets of points, as tests write them."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np

from twist.regions import Regions


def regions_of(
    sets: Sequence[Collection[int]],
    size: int,
    label: Sequence[int] | None = None,
    score: Sequence[float] | None = None,
) -> Regions:
    """Regions of a scene of ``size`` points; label 0 and score 1 where none are given."""
    return Regions(
        index=np.array([point for points in sets for point in points], np.int32),
        offsets=np.cumsum([0, *map(len, sets)]).astype(np.int64),
        label=np.array([0] * len(sets) if label is None else label, np.int32),
        score=np.array([1.0] * len(sets) if score is None else score, np.float32),
        size_of_scene=size,
    )


def scored_regions(*parts: tuple[Collection[int], int, float], size: int) -> Regions:
    """Regions of a scene of ``size`` points from (points, label, score)."""
    points, label, score = zip(*parts, strict=True) if parts else ((), (), ())
    return regions_of(points, size, label, score)
