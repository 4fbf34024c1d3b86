"""Tiles: a scan too large for the network at once, cut into upright blocks that bring their surroundings."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Tile:
    """One block of voxels, by row of the scan's voxels.

    rows: (R,) int64, ascending: the core and its surroundings, what the network sees
    in_core: (R,) bool, those whose answer counts; every voxel of a scan is in the core of one tile
    """

    rows: np.ndarray
    in_core: np.ndarray


def cut(coordinates: np.ndarray, voxels_max: int, margin: int) -> list[Tile]:
    """Halve a scan across its longer horizontal side until every tile has at most ``voxels_max`` voxels.

    coordinates: (V, 3) int voxels, at least one; margin: voxels around a core, on all horizontal sides.
    A scan that fits is one tile of all its voxels. Where a core would have to be narrower than its margin, in
    a dense hall, the tile stays larger: more memory is better than no answer.
    """
    plane = np.ascontiguousarray(coordinates[:, :2].T, np.int64)
    return _halve(
        plane, plane.min(axis=1), plane.max(axis=1) + 1, np.arange(len(coordinates)), voxels_max, margin
    )


def _halve(
    plane: np.ndarray, low: np.ndarray, high: np.ndarray, rows: np.ndarray, voxels_max: int, margin: int
) -> list[Tile]:
    """Tiles of the core box low <= (x, y) < high. rows: the voxels in it and in its margin."""
    here = plane[:, rows]
    in_core = ((here >= low[:, None]) & (here < high[:, None])).all(axis=0)
    if not in_core.any():
        return []
    axis = int(np.argmax(high - low))
    if len(rows) <= voxels_max or high[axis] - low[axis] <= max(margin, 1):
        return [Tile(rows, in_core)]
    middle = int(np.clip(np.ceil(np.median(here[axis, in_core])), low[axis] + 1, high[axis] - 1))
    tiles = []
    for start, stop in ((low[axis], middle), (middle, high[axis])):
        first, last = low.copy(), high.copy()
        first[axis], last[axis] = start, stop
        near = (here[axis] >= start - margin) & (here[axis] < stop + margin)
        tiles += _halve(plane, first, last, rows[near], voxels_max, margin)
    return tiles
