"""Reading a packed scan as the 3D page's JavaScript does, entry by entry."""

from __future__ import annotations

import base64
import json
import zlib
from typing import Any


def unpacked(text: str) -> tuple[dict[str, Any], dict[str, list[int]]]:
    """Facts and arrays of what ``pack`` wrote."""
    whole = zlib.decompress(base64.b64decode(text))
    start = 4 + int.from_bytes(whole[:4], "little")
    facts = json.loads(whole[4:start])
    arrays = {}
    for name, length, planes, differenced in facts.pop("arrays"):
        arrays[name], before = [], 0
        for i in range(length):
            coded = sum(whole[start + plane * length + i] << (8 * plane) for plane in range(planes))
            value = (coded >> 1) ^ -(coded & 1)
            before = value + (before if differenced else 0)
            arrays[name].append(before)
        start += length * planes
    assert start == len(whole)
    return facts, arrays


def triangles(distances: list[int]) -> list[list[int]]:
    corners, unused = [], 0
    for distance in distances:
        corners.append(unused - distance)
        unused += distance == 0
    return [corners[k : k + 3] for k in range(0, len(corners), 3)]
