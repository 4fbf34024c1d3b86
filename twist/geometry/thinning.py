"""Fewer points that stand for all: coinciding ones as one, or one a cell of a grid."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from twist.geometry.voxels import voxelise

_SAMPLE = 2000  # points whose nearest neighbour is looked up


@dataclass(frozen=True)
class Thinned:
    """M of N points.

    chosen: (M,) int64 indices of the points that stay, ascending
    of_point: (N,) int64, the place in ``chosen`` of the point that stands for each; -1 = none does
    """

    chosen: np.ndarray
    of_point: np.ndarray

    def __len__(self) -> int:
        return len(self.chosen)

    def then(self, second: Thinned) -> Thinned:
        """This thinning, and ``second`` of what it left."""
        place = np.append(second.of_point, -1)[self.of_point]
        return Thinned(self.chosen[second.chosen], place)


def keep(stay: np.ndarray) -> Thinned:
    """The points that are asked for, (N,) bool; nothing stands for the others."""
    return Thinned(np.flatnonzero(stay), np.where(stay, np.cumsum(stay) - 1, -1))


def finite_points(xyz: np.ndarray) -> Thinned:
    """The points (N, 3) without NaN and infinite coordinates; nothing stands for the others."""
    return keep(np.isfinite(xyz).all(axis=1))


def merge_equal(xyz: np.ndarray) -> Thinned:
    """One point a place: the first of those with equal coordinates. xyz: (N, 3), finite."""
    order = np.lexsort(xyz.T)  # stable, so a run begins with its smallest index
    ordered = xyz[order]
    begins = np.append(True, (ordered[1:] != ordered[:-1]).any(axis=1))[: len(xyz)]
    place = np.empty(len(xyz), np.int64)
    place[order] = np.cumsum(begins) - 1
    return _in_order(order[begins], place)


def thin(xyz: np.ndarray, spacing_m: float) -> Thinned:
    """One point a cell of edge ``spacing_m``: the first. xyz: (N, 3) float, metres, finite."""
    grid = voxelise(xyz, spacing_m)
    return _in_order(grid.first, grid.voxel_of_point)


def nearest_spacing(xyz: np.ndarray) -> float | None:
    """Median distance to the nearest point, of 2000 points. xyz: (N, 3), all apart; None for fewer than 2."""
    if len(xyz) < 2:
        return None
    asked = np.random.default_rng(0).choice(len(xyz), min(_SAMPLE, len(xyz)), replace=False)
    distance, _ = cKDTree(xyz).query(xyz[asked], k=2)
    return float(np.median(distance[:, 1]))


def _in_order(first: np.ndarray, place: np.ndarray) -> Thinned:
    """Sets of points, given by their smallest index (M,) and each point's set (N,), in order of the index."""
    return Thinned(np.sort(first), np.argsort(np.argsort(first))[place])
