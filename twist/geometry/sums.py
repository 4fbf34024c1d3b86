"""Sums of rows over sets of points."""

from __future__ import annotations

import numpy as np
from numba import njit


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
