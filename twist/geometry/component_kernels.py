"""The compiled loops of ``geometry.components``: sets of points joined by distance tests."""

from __future__ import annotations

import numpy as np
from numba import njit

from twist.geometry.union_find import find, ids_by_first_member


@njit(cache=True, inline="always")
def _squared_distance(a: np.ndarray, b: np.ndarray) -> float:
    x, y, z = a[0] - b[0], a[1] - b[1], a[2] - b[2]
    return x * x + y * y + z * z


@njit(cache=True)
def join_pairs(points: np.ndarray, pairs: np.ndarray, squared_radius: float) -> np.ndarray:
    parent = np.arange(len(points)).astype(np.int32)
    for e in range(len(pairs)):
        i, j = pairs[e]
        if _squared_distance(points[i], points[j]) <= squared_radius:
            parent[find(parent, i)] = find(parent, j)
    return ids_by_first_member(parent)


@njit(cache=True)
def join_cells(
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


@njit(cache=True)
def join_points(
    points: np.ndarray,
    order: np.ndarray,
    bounds: np.ndarray,
    keys: np.ndarray,
    strides: np.ndarray,
    squared_radius: float,
) -> np.ndarray:
    """points: (N, 3) sorted by cell; order, bounds, keys as for ``join_cells``, of cells of the radius.

    strides: (4,) key differences of half of the neighbouring columns along z. The three cells that touch a
    cell in such a column follow one another, and so do their points.
    """
    cells = len(keys)
    parent = np.arange(len(points)).astype(np.int32)
    for c in range(cells):
        above = c + 1 < cells and keys[c + 1] == keys[c] + 1
        last = bounds[c + 2] if above else bounds[c + 1]
        for i in range(bounds[c], bounds[c + 1]):
            _join_near(points, parent, i, i + 1, last, squared_radius)
    for stride in strides:
        first = 0
        for c in range(cells):  # keys ascend, so the neighbours' place only moves forward
            lowest = keys[c] + stride - 1
            while first < cells and keys[first] < lowest:
                first += 1
            end = first
            while end < cells and keys[end] <= lowest + 2:
                end += 1
            if first < end:
                for i in range(bounds[c], bounds[c + 1]):
                    _join_near(points, parent, i, bounds[first], bounds[end], squared_radius)
    of_point = np.empty(len(points), np.int32)
    for i in range(len(points)):
        of_point[order[i]] = order[find(parent, i)]
    return ids_by_first_member(of_point)


@njit(cache=True, inline="always")
def _join_near(
    points: np.ndarray, parent: np.ndarray, i: int, start: int, stop: int, squared_radius: float
) -> None:
    """Join point i with those of start..stop - 1 within the radius."""
    for j in range(start, stop):
        if _squared_distance(points[i], points[j]) <= squared_radius:
            a, b = find(parent, i), find(parent, j)
            if a != b:
                parent[max(a, b)] = min(a, b)
