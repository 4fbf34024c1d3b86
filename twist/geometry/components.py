"""Connected components of the graph that links all points within a radius: exact, and fast on any density.

PointGroup groups points the same way but looks at no more than 1000 neighbours a point, which tears clusters
apart where points have collapsed onto their centres. Here no link is left out.
"""

from __future__ import annotations

from itertools import product

import numpy as np
from numba import njit
from scipy.spatial import cKDTree

from twist.errors import TwistError
from twist.geometry.union_find import find, ids_by_first_member
from twist.geometry.voxels import run_starts

#: Cell offsets up to two cells away, one of each opposite pair: (62, 3). Nearest first, as near cells join
#: most and every join saves later distance tests.
_HALF = np.array(
    sorted((o for o in product(range(-2, 3), repeat=3) if o > (0, 0, 0)), key=lambda o: np.dot(o, o))
)
#: Cells of side radius / sqrt(3) hold mutual neighbours only. The little less makes that true of rounded
#: numbers too; cells three apart still are farther than the radius.
_SIDE = (1 - 1e-6) / np.sqrt(3)


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
    grid = cell_keys(points, radius_m, group)
    if grid is None:
        return components_by_tree(points, radius_m, group)
    return components_by_cells(points, radius_m, *grid)


def _dense(group: np.ndarray) -> np.ndarray:
    """Groups as small numbers from 0, (N,) int64; without a sort where they are small already."""
    if group.min() >= 0 and group.max() < 2**10:
        return group.astype(np.int64)
    return np.unique(group, return_inverse=True)[1]


def cell_keys(points: np.ndarray, radius_m: float, group: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
    """Key of each point's cell, (N,) int64, and the key differences of the 62 neighbour offsets, (62,) int64.

    Groups are set side by side along x, with two free cells between. None where the keys of so wide a grid
    do not fit into int64.
    """
    axes = np.ascontiguousarray(points.T)  # whole axes are faster to scan
    cells = np.floor((axes - axes.min(axis=1, keepdims=True)) / (radius_m * _SIDE))
    width = cells.max(axis=1) + 3
    if (group.max() + 1) * np.prod(width) >= 2.0**62:
        return None
    (x, y, z), width = cells.astype(np.int64), width.astype(np.int64)
    strides = np.array([width[1] * width[2], width[2], 1])
    keys = (x + group * width[0]) * strides[0] + y * strides[1] + z
    return keys, _HALF @ strides


def components_by_cells(
    points: np.ndarray, radius_m: float, keys: np.ndarray, offsets: np.ndarray
) -> np.ndarray:
    """``radius_components`` on the grid of ``cell_keys``: joins whole cells, so it thrives on density."""
    order = np.argsort(keys)
    ordered = keys[order]
    starts = run_starts(ordered)
    bounds = np.append(starts, len(points))
    return _join_cells(points[order], order, bounds, ordered[starts], offsets, radius_m * radius_m)


def components_by_tree(points: np.ndarray, radius_m: float, group: np.ndarray) -> np.ndarray:
    """``radius_components`` on all pairs from a k-d tree: for sparse points in space without bounds."""
    # The fourth axis keeps groups apart; the tree's own rounding is kept out by asking for a little more.
    apart = np.column_stack([points, group * (2 * radius_m)])
    pairs = cKDTree(apart).query_pairs(radius_m * (1 + 1e-9), output_type="ndarray")
    return _join_pairs(points, pairs, radius_m * radius_m)


@njit(cache=True, inline="always")
def _squared_distance(a: np.ndarray, b: np.ndarray) -> float:
    x, y, z = a[0] - b[0], a[1] - b[1], a[2] - b[2]
    return x * x + y * y + z * z


@njit(cache=True)
def _join_pairs(points: np.ndarray, pairs: np.ndarray, squared_radius: float) -> np.ndarray:
    parent = np.arange(len(points)).astype(np.int32)
    for e in range(len(pairs)):
        i, j = pairs[e]
        if _squared_distance(points[i], points[j]) <= squared_radius:
            parent[find(parent, i)] = find(parent, j)
    return ids_by_first_member(parent)


@njit(cache=True)
def _join_cells(
    points: np.ndarray,
    order: np.ndarray,
    bounds: np.ndarray,
    keys: np.ndarray,
    offsets: np.ndarray,
    squared_radius: float,
) -> np.ndarray:
    """points: (N, 3) sorted by cell; order: (N,) their indices; cell c holds bounds[c]..bounds[c + 1]."""
    cells = len(keys)
    parent = np.arange(cells).astype(np.int32)
    box = np.empty((cells, 2, 3))
    for c in range(cells):
        for axis in range(3):
            inside = points[bounds[c] : bounds[c + 1], axis]
            box[c, 0, axis], box[c, 1, axis] = inside.min(), inside.max()
    for offset in offsets:
        other = 0
        for c in range(cells):  # keys ascend, so the neighbour's place only moves forward
            while other < cells and keys[other] < keys[c] + offset:
                other += 1
            if other == cells:
                break
            if keys[other] == keys[c] + offset:
                a, b = find(parent, c), find(parent, other)
                if a != b and _cells_touch(points, bounds, box[other], c, other, squared_radius):
                    parent[max(a, b)] = min(a, b)
    of_point = np.empty(len(points), np.int32)
    for c in range(cells):
        of_point[order[bounds[c] : bounds[c + 1]]] = order[bounds[find(parent, c)]]
    return ids_by_first_member(of_point)


@njit(cache=True)
def _cells_touch(
    points: np.ndarray, bounds: np.ndarray, box: np.ndarray, a: int, b: int, squared_radius: float
) -> bool:
    """Is a point of cell a within the radius of a point of cell b, whose bounding box is ``box``?

    The distance to the box is computed with the same roundings, each of them monotone, so it never exceeds
    the distance to a point in the box: leaving points out by it is exact.
    """
    for i in range(bounds[a], bounds[a + 1]):
        nearest = 0.0
        for axis in range(3):
            gap = max(box[0, axis] - points[i, axis], points[i, axis] - box[1, axis], 0.0)
            nearest += gap * gap
        if nearest > squared_radius:
            continue
        for j in range(bounds[b], bounds[b + 1]):
            if _squared_distance(points[i], points[j]) <= squared_radius:
                return True
    return False
