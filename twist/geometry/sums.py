"""Sums and means of point values over sets of points."""

from __future__ import annotations

import numpy as np
from numba import njit

from twist.regions import Regions


def mean_over(regions: Regions, values: np.ndarray, column: np.ndarray | None = None) -> np.ndarray:
    """Mean of point values (N, C) over each region, float64: (K, C), or (K,) of one ``column`` (K,) a region.

    0 over a region without points.
    """
    if column is not None:
        picked = values[regions.index, column[regions.region_of_entry]]
        return np.bincount(regions.region_of_entry, picked, len(regions)) / np.maximum(regions.sizes, 1)
    return sums_over(regions.index, regions.offsets, values) / np.maximum(regions.sizes, 1)[:, None]


def sums_over(index: np.ndarray, offsets: np.ndarray, values: np.ndarray) -> np.ndarray:
    """(K, C) float64: set k's sum of the rows index[offsets[k]:offsets[k + 1]] of values (N, C), in order.

    Bit for bit what the sparse product of the sets' incidence with ``values`` in float64 gives, without the
    copies: several times as fast.
    """
    return _sums(index, offsets, np.ascontiguousarray(values))


@njit(cache=True)
def _sums(index: np.ndarray, offsets: np.ndarray, values: np.ndarray) -> np.ndarray:
    channels = values.shape[1]
    result = np.zeros((len(offsets) - 1, channels))
    for k in range(len(offsets) - 1):
        row = result[k]
        for entry in range(offsets[k], offsets[k + 1]):
            point = index[entry]
            for c in range(channels):
                row[c] += values[point, c]
    return result
