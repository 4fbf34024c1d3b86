"""Beds. Each builder draws one model with its head at +y; see ``shapes`` for its pose."""

from __future__ import annotations

import numpy as np

from twist.rooms.paint import Paint, mix
from twist.rooms.shapes import Shape, box, cushion, four_legs, mirrored, moved, rod

_WIDTHS = (0.95, 1.2, 1.4, 1.6, 1.8)


def framed_bed(rng: np.random.Generator) -> Shape:
    """A wooden or upholstered frame with a headboard, sometimes with a footboard."""
    frame = mix(rng, "wood", "fabric", "white", "leather")
    width, length = _mattress_size(rng)
    rail, top = rng.uniform(0.24, 0.34), rng.uniform(0.5, 0.64)
    w, d = width / 2 + 0.05, length / 2 + 0.05
    shape = box(frame, (-w, -d, 0.06), (w, d, rail))
    shape += moved(four_legs(frame, 2 * w, 2 * d, 0.06, 0.08))
    shape += box(frame, (-w, d - 0.02, 0), (w, d + 0.06, rng.uniform(0.85, 1.3)))
    if rng.random() < 0.35:
        shape += box(frame, (-w, -d - 0.05, 0), (w, -d, top + rng.uniform(0.0, 0.25)))
    return shape + _bedding(rng, width, length, rail, top)


def divan(rng: np.random.Generator) -> Shape:
    """A box spring on the floor without a frame; half of them have a headboard."""
    base = mix(rng, "fabric", "linen", "wood")
    width, length = _mattress_size(rng)
    w, d, rail, top = width / 2, length / 2, rng.uniform(0.26, 0.36), rng.uniform(0.52, 0.66)
    shape = box(base, (-w, -d, 0.04), (w, d, rail))
    if rng.random() < 0.5:
        board = mix(rng, "wood", "fabric", "leather")
        shape += box(board, (-w - 0.05, d, 0), (w + 0.05, d + 0.07, rng.uniform(0.9, 1.25)))
    return shape + _bedding(rng, width, length, rail, top)


def metal_bed(rng: np.random.Generator) -> Shape:
    """A frame of bars with open head and foot."""
    frame = mix(rng, "metal", "wood", "white")
    width, length = _mattress_size(rng)
    w, d, rail, top = width / 2, length / 2, rng.uniform(0.3, 0.4), rng.uniform(0.5, 0.62)
    shape = box(frame, (-w, -d, rail - 0.07), (w, d, rail))
    for y, height in ((d + 0.02, rng.uniform(0.9, 1.2)), (-d - 0.02, rng.uniform(0.55, 0.8))):
        post = rod(frame, (w, y, 0), (w, y, height), 0.05)
        shape += post + mirrored(post)
        shape += rod(frame, (-w, y, height - 0.03), (w, y, height - 0.03), 0.05)
        for x in np.linspace(-w, w, 7)[1:-1]:
            shape += rod(frame, (x, y, rail), (x, y, height - 0.03), 0.035)
    return shape + _bedding(rng, width, length, rail, top)


def bunk_bed(rng: np.random.Generator) -> Shape:
    """Two mattresses above each other between posts, with a ladder at the foot."""
    frame = mix(rng, "wood", "white", "metal")
    width, length = 0.95, rng.uniform(1.95, 2.05)
    w, d, height = width / 2 + 0.04, length / 2 + 0.04, rng.uniform(1.55, 1.75)
    shape: Shape = four_legs(frame, 2 * w, 2 * d, height, 0.08)
    for rail in (0.3, 1.2):
        shape += box(frame, (-w, -d, rail - 0.1), (w, d, rail))
        shape += _bedding(rng, width, length, rail, rail + 0.16)
    side = box(frame, (w - 0.03, -d, 1.45), (w, d, 1.53))
    shape += side + mirrored(side)
    for z in (0.5, 0.75, 1.0):
        shape += rod(frame, (-0.2, -d - 0.02, z), (0.2, -d - 0.02, z), 0.045)
    for x in (-0.2, 0.2):
        shape += rod(frame, (x, -d - 0.02, 0), (x, -d - 0.02, 1.3), 0.045)
    return shape


def _mattress_size(rng: np.random.Generator) -> tuple[float, float]:
    return _WIDTHS[int(rng.integers(len(_WIDTHS)))], float(rng.uniform(1.92, 2.05))


def _bedding(rng: np.random.Generator, width: float, length: float, rail: float, top: float) -> Shape:
    """Mattress, blanket over the lower two thirds, and pillows at the head."""
    sheet, blanket = mix(rng, "linen", "white"), mix(rng, "linen", "fabric")
    w, d = width / 2, length / 2
    shape = cushion(sheet, (-w, -d, rail), (w, d, top), 0.05)
    if rng.random() < 0.8:
        edge = d - rng.uniform(0.4, 0.7)
        hang = 0.04 if rng.random() < 0.6 else 0.0
        drop = max(rail - 0.05, top - rng.uniform(0.15, 0.3))
        shape += cushion(blanket, (-w - hang, -d - hang, drop), (w + hang, edge, top + 0.05), 0.05)
    return shape + _pillows(rng, width, d, top)


def _pillows(rng: np.random.Generator, width: float, d: float, top: float) -> Shape:
    paint: Paint = mix(rng, "linen", "white")
    count = 1 if width < 1.3 else 2
    shape: Shape = []
    for k in range(count):
        x = (k - (count - 1) / 2) * width / 2
        half = min(0.34, width / count / 2 - 0.04)
        shape += cushion(paint, (x - half, d - 0.48, top - 0.02), (x + half, d - 0.06, top + 0.12), 0.06)
    return shape
