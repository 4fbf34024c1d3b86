"""Connected components of the graph that links all points within a radius: exact, and fast on any density.

PointGroup groups points the same way but looks at no more than 1000 neighbours a point, which tears clusters
apart where points have collapsed onto their centres. Here no link is left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np
from scipy.spatial import cKDTree

from twist.errors import TwistError
from twist.geometry.component_kernels import join_cells, join_pairs, join_points
from twist.geometry.sorting import sorted_keys
from twist.regions import run_starts

#: Cell offsets up to two cells away, one of each opposite pair: (62, 3). Nearest first, as near cells join
#: most and every join saves later distance tests.
_HALF = np.array(
    sorted((o for o in product(range(-2, 3), repeat=3) if o > (0, 0, 0)), key=lambda o: np.dot(o, o))
)
#: Half of the eight columns of cells around one, (4, 3).
_COLUMNS = np.array([(0, 1, 0), (1, -1, 0), (1, 0, 0), (1, 1, 0)])
#: Cells of side radius / sqrt(3) hold mutual neighbours only. The little less makes that true of rounded
#: numbers too; cells three apart still are farther than the radius.
_FINE = (1 - 1e-6) / np.sqrt(3)
#: Of cells a little wider than the radius, those two apart are farther than the radius.
_WIDE = 1 + 1e-6
#: Up to so many other points in a point's wide cell, on average, testing all pairs of near points is faster.
_CROWDED = 24


def radius_components(xyz: np.ndarray, radius_m: float, group: np.ndarray | None = None) -> np.ndarray:
    """Connected components of the graph that links two points when squared distance <= radius_m ** 2.

    xyz: (N, 3) float, metres; group: (N,) integers or None: points of different groups (predicted classes,
    scenes of a batch) are never linked. Distances are taken in float64.
    Returns (N,) int32 ids 0..K-1, numbered by first point; the partition does not depend on point order.
    Raises TwistError for a radius that is not positive and for coordinates that are not finite.
    """
    if not 0 < radius_m < np.inf:
        raise TwistError(f"the clustering radius is {radius_m} m; it must be positive")
    points = np.ascontiguousarray(xyz, np.float64)
    if not np.isfinite(points).all():
        first = int((~np.isfinite(points)).any(axis=1).argmax())
        raise TwistError(f"cannot cluster: point {first} has coordinates {points[first].tolist()}")
    if len(points) == 0:
        return np.zeros(0, np.int32)
    group = np.zeros(len(points), np.int64) if group is None else _dense(group)
    fine = wide = cells_of(points, radius_m * _WIDE, group)
    if wide is not None and wide.neighbours > _CROWDED:
        fine = cells_of(points, radius_m * _FINE, group)
    if wide is None or fine is None:
        return components_by_tree(points, radius_m, group)
    if fine is wide:
        return components_by_points(points, radius_m, wide)
    return components_by_cells(points, radius_m, fine)


def _dense(group: np.ndarray) -> np.ndarray:
    """Groups as small numbers from 0, (N,) int64; without a sort where they are small already."""
    if group.min() >= 0 and group.max() < 2**10:
        return group.astype(np.int64)
    return np.unique(group, return_inverse=True)[1]


@dataclass(frozen=True)
class Cells:
    """The C occupied cells of a grid, by ascending key.

    order: (N,) int64, the points by cell; cell c holds order[bounds[c]:bounds[c + 1]]
    keys: (C,) int64; strides: (3,) int64, what a step along x, y and z adds to a key
    """

    order: np.ndarray
    bounds: np.ndarray
    keys: np.ndarray
    strides: np.ndarray

    @property
    def neighbours(self) -> float:
        """Number of other points in a point's cell, the mean over points."""
        sizes = np.diff(self.bounds).astype(np.float64)
        return float(sizes @ sizes / len(self.order)) - 1


def cells_of(points: np.ndarray, side_m: float, group: np.ndarray) -> Cells | None:
    """Points (N, 3) float64 by cells of a side; group: (N,) int64 from 0.

    Groups are set side by side along x, with two free cells between. None where the keys of so wide a grid
    do not fit into int64.
    """
    axes = np.ascontiguousarray(points.T)  # whole axes are faster to scan
    cells = np.floor((axes - axes.min(axis=1, keepdims=True)) / side_m)
    width = cells.max(axis=1) + 3
    if (group.max() + 1) * np.prod(width) >= 2.0**62:
        return None
    (x, y, z), width = cells.astype(np.int64), width.astype(np.int64)
    strides = np.array([width[1] * width[2], width[2], 1])
    order, ordered = sorted_keys((x + group * width[0]) * strides[0] + y * strides[1] + z)
    starts = run_starts(ordered)
    return Cells(order, np.append(starts, len(points)), ordered[starts], strides)


def components_by_cells(points: np.ndarray, radius_m: float, cells: Cells) -> np.ndarray:
    """``radius_components`` on cells of ``_FINE`` radii: joins whole cells, so it thrives on density."""
    arrays = (points[cells.order], cells.order, cells.bounds, cells.keys, _HALF @ cells.strides)
    return join_cells(*arrays, radius_m * radius_m)


def components_by_points(points: np.ndarray, radius_m: float, cells: Cells) -> np.ndarray:
    """``radius_components`` on cells of ``_WIDE`` radii: tests every pair in cells that touch."""
    arrays = (points[cells.order], cells.order, cells.bounds, cells.keys, _COLUMNS @ cells.strides)
    return join_points(*arrays, radius_m * radius_m)


def components_by_tree(points: np.ndarray, radius_m: float, group: np.ndarray) -> np.ndarray:
    """``radius_components`` on all pairs from a k-d tree: for points in space without bounds."""
    # The fourth axis keeps groups apart; the tree's own rounding is kept out by asking for a little more.
    apart = np.column_stack([points, group * (2 * radius_m)])
    pairs = cKDTree(apart).query_pairs(radius_m * (1 + 1e-9), output_type="ndarray")
    return join_pairs(points, pairs, radius_m * radius_m)
