"""LZF, the compression of PCD files: runs of plain bytes, and copies from what was unpacked before."""

from __future__ import annotations

import numpy as np
from numba import njit


def decompress(packed: bytes, size: int) -> bytes | None:
    """The ``size`` bytes that were packed; None for damaged data."""
    out = np.empty(size, np.uint8)
    whole = _decompress(np.frombuffer(packed, np.uint8), out)
    return out.tobytes() if whole else None


@njit(cache=True)
def _decompress(packed: np.ndarray, out: np.ndarray) -> bool:
    """Fill ``out``; False where ``packed`` does not make exactly that."""
    at, to = 0, 0
    while at < len(packed):
        control = np.int64(packed[at])
        at += 1
        if control < 32:  # control + 1 plain bytes
            length, back = control + 1, 0
            if at + length > len(packed):
                return False
        else:  # a copy: 3 bits of length, 255 more in the next byte; 13 bits of distance
            length = control >> 5
            if length == 7:
                if at >= len(packed):
                    return False
                length += np.int64(packed[at])
                at += 1
            if at >= len(packed):
                return False
            back = ((control & 31) << 8) + np.int64(packed[at]) + 1
            at += 1
            length += 2
            if back > to:
                return False
        if to + length > len(out):
            return False
        for _ in range(length):
            if back:  # byte by byte: a copy may overlap what it writes
                out[to] = out[to - back]
            else:
                out[to] = packed[at]
                at += 1
            to += 1
    return to == len(out)
