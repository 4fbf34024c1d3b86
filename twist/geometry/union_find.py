"""Disjoint sets for numba kernels: a parent array, find with path halving, and ids by first member.

numba caches a kernel by its own file's time stamp: after a change here, delete ``__pycache__`` of the
modules that import it.
"""

from __future__ import annotations

import numpy as np
from numba import njit


@njit(cache=True, inline="always")
def find(parent: np.ndarray, i: int) -> int:
    """Root of i; parent: (N,) int32, changed in place (path halving)."""
    while parent[i] != i:
        parent[i] = parent[parent[i]]
        i = parent[i]
    return i


@njit(cache=True)
def ids_by_first_member(parent: np.ndarray) -> np.ndarray:
    """(N,) int32 ids 0..K-1 of the sets, numbered in the order of their first members."""
    ids = np.full(len(parent), -1, np.int32)
    of_root = np.full(len(parent), -1, np.int32)
    number = 0
    for i in range(len(parent)):
        root = find(parent, i)
        if of_root[root] < 0:
            of_root[root] = number
            number += 1
        ids[i] = of_root[root]
    return ids
