"""Instance proposals by comparing every point with every other, one class at a time, in sets."""

from __future__ import annotations

import numpy as np

from tests.references.components_reference import radius_components
from twist.classes import ClassTable
from twist.settings import ProposalSettings


def group_points(
    probability: np.ndarray,
    xyz: np.ndarray,
    shifted: np.ndarray,
    supervoxel: np.ndarray,
    table: ClassTable,
    settings: ProposalSettings,
) -> dict[tuple[int, frozenset[int]], float]:
    """(class, points) of each proposal -> its mean probability; O(N^2)."""
    predicted = probability.argmax(axis=1)
    found: dict[tuple[int, frozenset[int]], float] = {}
    for position, radius_m in ((xyz, settings.radius_m), (shifted, settings.radius_shifted_m)):
        for label in table.things.tolist():
            of_class = np.flatnonzero(predicted == label)
            components = radius_components(position[of_class], radius_m)
            for component in set(components.tolist()):
                points = set(of_class[components == component].tolist())
                if len(points) < settings.min_points:
                    continue
                if settings.snap_to_supervoxels:
                    points = _whole_supervoxels(points, supervoxel)
                    if len(points) < settings.min_points:
                        continue
                found[label, frozenset(points)] = float(np.mean(probability[sorted(points), label]))
    return found


def _whole_supervoxels(points: set[int], supervoxel: np.ndarray) -> set[int]:
    """The supervoxels that lie in a set of points with more than half of their own."""
    kept: set[int] = set()
    for piece in set(supervoxel.tolist()):
        members = set(np.flatnonzero(supervoxel == piece).tolist())
        if len(members & points) > len(members) / 2:
            kept |= members
    return kept
