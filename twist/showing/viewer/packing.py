"""Integers in few bytes: themselves or their differences, whichever is smaller, in byte planes, deflated.

Scans are packed in an order in which neighbours in the file are neighbours in space, so that differences of
coordinates, colours and labels are small. ``page/decode.js`` is the reader.
"""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Mapping
from typing import Any

import numpy as np


def pack(facts: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> str:
    """Facts (JSON) and one-dimensional arrays of integers below 2^30 in size as base64 text.

    Layout before deflating: length of the header, uint32; the header, JSON: the facts and ``arrays``, a
    list of [name, length, planes, differenced]; then the planes of each array.
    """
    parts, entries = [], []
    for name, values in arrays.items():
        steps = np.diff(np.asarray(values, np.int64), prepend=0)
        options = [_planes(steps), _planes(values)]
        differenced = len(zlib.compress(options[0], 1)) <= len(zlib.compress(options[1], 1))
        coded = options[0 if differenced else 1]
        parts.append(coded)
        entries.append([name, len(values), len(coded) // max(1, len(values)), int(differenced)])
    header = json.dumps({**facts, "arrays": entries}, allow_nan=False).encode()
    whole = b"".join([np.array(len(header), "<u4").tobytes(), header, *parts])
    return base64.b64encode(zlib.compress(whole, 9)).decode()


def _planes(values: np.ndarray) -> bytes:
    """Zigzag-coded values, all lowest bytes first, then the next ones, as many as the largest needs."""
    values = np.asarray(values, np.int64)
    zigzag = ((values << 1) ^ (values >> 63)).astype("<u4")
    width = max(1, (int(zigzag.max(initial=0)).bit_length() + 7) // 8)
    return zigzag.view(np.uint8).reshape(-1, 4)[:, :width].T.tobytes()


def spatial_order(xyz: np.ndarray) -> np.ndarray:
    """(N,) int64 order of points (N, 3) along a Z-order curve; equal cells keep their order."""
    low = xyz.min(axis=0, initial=np.inf)
    side = max(float((xyz.max(axis=0, initial=-np.inf) - low).max(initial=0)), 1e-9)
    cell = np.clip((xyz - low) * (1023 / side), 0, 1023).astype(np.int64)
    return np.argsort(
        _spread(cell[:, 0]) | _spread(cell[:, 1]) << 1 | _spread(cell[:, 2]) << 2, kind="stable"
    )


def _spread(bits: np.ndarray) -> np.ndarray:
    """Each of ten bits three places further than the one before it."""
    bits = (bits | bits << 16) & 0x030000FF
    bits = (bits | bits << 8) & 0x0300F00F
    bits = (bits | bits << 4) & 0x030C30C3
    return (bits | bits << 2) & 0x09249249
