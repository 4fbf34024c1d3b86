"""Voxels: points gathered into the cubes of a regular grid."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from twist.errors import TwistError
from twist.geometry.sorting import sorted_keys
from twist.regions import run_starts

_BITS = 21  # an axis; three fit into the 63 bits of a non-negative int64
_MOST = 1 << _BITS
#: Of ``distinct``, nine bytes each.
MOST_MARKS = 1 << 24


@dataclass(frozen=True)
class Voxels:
    """The occupied voxels of one cloud, sorted by coordinates (x first), so independent of point order.

    coordinates: (V, 3) int32, non-negative
    voxel_of_point: (N,) int64, index of each point's voxel
    first: (V,) int64, the smallest point index in each voxel
    counts: (V,) int64, number of points in each voxel
    """

    coordinates: np.ndarray
    voxel_of_point: np.ndarray
    first: np.ndarray
    counts: np.ndarray

    def __len__(self) -> int:
        return len(self.coordinates)


def voxelise(xyz: np.ndarray, voxel_size_m: float, origin: np.ndarray | None = None) -> Voxels:
    """Gather points into voxels: voxel = floor((xyz - origin) / voxel_size_m), in float64.

    xyz: (N, 3) float, metres; origin: (3,) metres, no point may lie below; None = smallest coordinates.
    Raises TwistError for NaN, for points below the origin, and for grids over 2 097 152 voxels an axis.
    """
    if not voxel_size_m > 0:
        raise TwistError(f"voxel_size_m is {voxel_size_m}; it must be positive")
    axes = np.array(np.transpose(xyz), np.float64, order="C").reshape(3, -1)  # whole axes are faster to scan
    lowest = axes.min(axis=1, initial=np.inf) if origin is None else np.asarray(origin, np.float64)
    cells = np.floor((axes - lowest[:, None]) / voxel_size_m)
    if not (cells.min(initial=0) >= 0 and cells.max(initial=0) < _MOST):  # also true for NaN
        bad = ~np.isfinite(axes) if not np.isfinite(axes).all() else ~((cells >= 0) & (cells < _MOST))
        first = int(bad.any(axis=0).argmax())
        raise TwistError(
            f"point {first} at {axes[:, first].tolist()} lies outside the voxel grid (origin "
            f"{lowest.tolist()}, voxel_size_m {voxel_size_m}); a grid may have {_MOST} voxels an axis"
        )
    cells = cells.astype(np.int64)
    _, wide, high = (int(side) + 1 for side in cells.max(axis=1, initial=0))
    # One sort of packed keys instead of np.unique over rows: ten times faster or more.
    order, ordered = sorted_keys((cells[0] * wide + cells[1]) * high + cells[2])
    starts = run_starts(ordered)
    voxel_of_point = np.empty(len(order), np.int64)
    counts = np.diff(starts, append=len(order))
    voxel_of_point[order] = np.repeat(np.arange(len(starts)), counts)
    first = order[starts]  # the sort is stable
    return Voxels(np.ascontiguousarray(cells[:, first].T, np.int32), voxel_of_point, first, counts)


def distinct(numbers: np.ndarray, bound: int) -> tuple[np.ndarray, np.ndarray]:
    """The distinct ones of (N,) integers in 0..bound - 1, ascending, and each one's place among them, int64.

    ``np.unique(numbers, return_inverse=True)`` in ``bound`` steps, without a sort, while they fit in memory.
    """
    if bound > MOST_MARKS:
        found, place = np.unique(numbers, return_inverse=True)
        return found.astype(np.int64), place
    occurs = np.zeros(bound, bool)
    occurs[numbers] = True
    place = np.cumsum(occurs)
    place -= 1
    return np.flatnonzero(occurs), place[numbers]


def scatter_mean(values: np.ndarray, index: np.ndarray, n: int) -> np.ndarray:
    """Mean of the values that share an index, summed in float64.

    values: (N,) or (N, C) numbers; index: (N,) int in 0..n-1. Returns (n,) or (n, C) float32, 0 where an
    index does not occur.
    """
    values = np.asarray(values, np.float64)
    columns = values.reshape(len(values), math.prod(values.shape[1:]))
    means = np.empty((n, columns.shape[1]), np.float32)
    counts = np.maximum(np.bincount(index, minlength=n), 1)
    for c, column in enumerate(columns.T):
        means[:, c] = np.bincount(index, column, n) / counts
    return means.reshape(n, *values.shape[1:])
