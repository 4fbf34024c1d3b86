"""Which points of two views match: mutual nearest neighbours within a radius."""

from __future__ import annotations

import numpy as np
from scipy.spatial import cKDTree


def mutual_neighbours(a: np.ndarray, b: np.ndarray, radius_m: float) -> np.ndarray:
    """Pairs (i, j) of points that are each other's nearest, within the radius: (M, 2) int64, i ascending.

    a: (N, 3) and b: (K, 3) float, metres. Of several equally near points one is taken, the same in every run.
    Source: PointContrast matches by radius alone; mutual neighbours give each point one match [our choice].
    """
    if len(a) == 0 or len(b) == 0:
        return np.zeros((0, 2), np.int64)
    distance, to_b = cKDTree(b).query(a)
    _, to_a = cKDTree(a).query(b)
    i = np.arange(len(a))
    mutual = (to_a[to_b] == i) & (distance <= radius_m)
    return np.stack([i[mutual], to_b[mutual]], axis=1)
