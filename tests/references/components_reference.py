"""Connected components of a radius graph by comparing every point with every other."""

from __future__ import annotations

import numpy as np


def radius_components(xyz: np.ndarray, radius_m: float, group: np.ndarray | None = None) -> np.ndarray:
    """(N,) ids by first point, as ``twist.geometry.components.radius_components``; O(N^2)."""
    points = np.asarray(xyz, np.float64)
    group = np.zeros(len(points)) if group is None else group
    ids = np.full(len(points), -1, np.int32)
    number = 0
    for start in range(len(points)):
        if ids[start] >= 0:
            continue
        ids[start] = number
        front = [start]
        while front:
            i = front.pop()
            x, y, z = (points - points[i]).T
            linked = (x * x + y * y + z * z <= radius_m * radius_m) & (group == group[i]) & (ids < 0)
            ids[linked] = number
            front += np.flatnonzero(linked).tolist()
        number += 1
    return ids
