"""Chairs, armchairs, sofas and ottomans. Each builder draws one model; see ``shapes`` for its pose."""

from __future__ import annotations

import math

import numpy as np

from twist.rooms.paint import Paint, mix
from twist.rooms.shapes import Shape, box, cushion, cylinder, four_legs, mirrored, moved, rod, slab, turned


def wooden_chair(rng: np.random.Generator) -> Shape:
    """Four legs, a flat seat, and a back of posts with slats or a panel."""
    frame = mix(rng, "wood", "metal", "white")
    seat = frame if rng.random() < 0.5 else mix(rng, "fabric", "leather")
    width, depth = rng.uniform(0.40, 0.50), rng.uniform(0.40, 0.48)
    height, back = rng.uniform(0.42, 0.48), rng.uniform(0.38, 0.58)
    leg = rng.uniform(0.04, 0.055)
    shape = four_legs(frame, width, depth, height, leg)
    shape += slab(seat, width + 0.02, depth + 0.02, rng.uniform(0.035, 0.07), height)
    shape += _reclined(_slatted_back(rng, frame, width, back, leg), rng.uniform(0.05, 0.2), depth / 2, height)
    if rng.random() < 0.25:
        shape += _armrests(frame, width, depth, height, 0.2, leg)
    return shape


def _slatted_back(rng: np.random.Generator, paint: Paint, width: float, height: float, leg: float) -> Shape:
    """A chair back in the xz plane, standing on z = 0."""
    posts = [(-width / 2 + leg / 2, 0.0), (width / 2 - leg / 2, 0.0)]
    shape: Shape = []
    for x, y in posts:
        shape += rod(paint, (x, y, -0.02), (x, y, height), leg)
    inner = width / 2 - leg
    style = rng.integers(3)
    if style == 0:  # one panel
        shape += box(paint, (-inner, -0.02, height * rng.uniform(0.15, 0.4)), (inner, 0.02, height - 0.02))
    elif style == 1:  # ladder
        rungs = int(rng.integers(2, 4))
        for k in range(rungs):
            z = height * (k + 1) / rungs
            shape += box(paint, (-inner, -0.02, z - 0.09), (inner, 0.02, z - 0.01))
    else:  # upright slats under a rail
        shape += box(paint, (-inner, -0.02, height - 0.08), (inner, 0.02, height))
        for x in np.linspace(-inner, inner, 5)[1:-1]:
            shape += box(paint, (x - 0.025, -0.015, 0), (x + 0.025, 0.015, height - 0.08))
    return shape


def _reclined(back: Shape, angle: float, y: float, z: float) -> Shape:
    """Lean a back, built in the xz plane, towards +y and set it on the seat's rear edge."""
    return moved(turned(back, -angle, axis=0), y=y - 0.03, z=z)


def _armrests(paint: Paint, width: float, depth: float, seat: float, rise: float, thickness: float) -> Shape:
    """A rest on a post at either side."""
    x = width / 2 - thickness / 2
    right = rod(paint, (x, -depth / 4, seat), (x, -depth / 4, seat + rise), thickness)
    right += box(
        paint, (x - 0.03, -depth / 3, seat + rise), (x + 0.03, depth / 2 - 0.02, seat + rise + 0.035)
    )
    return right + mirrored(right)


def shell_chair(rng: np.random.Generator) -> Shape:
    """A moulded seat and back in one piece on splayed legs or a sled base."""
    shell = mix(rng, "plastic", "plastic", "fabric", "white")
    legs = mix(rng, "metal", "wood")
    width, depth, height = rng.uniform(0.42, 0.5), rng.uniform(0.4, 0.46), rng.uniform(0.42, 0.46)
    shape = slab(shell, width, depth, 0.045, height)
    for k in range(3):  # the back bends in three steps
        panel = box(shell, (-width / 2 + 0.02 * k, -0.02, 0), (width / 2 - 0.02 * k, 0.025, 0.17))
        shape += moved(
            turned(panel, -0.15 - 0.05 * k, axis=0), y=depth / 2 + 0.03 * k, z=height + 0.02 + 0.15 * k
        )
    if rng.random() < 0.6:
        shape += four_legs(legs, width - 0.06, depth - 0.06, height, 0.04, splay=0.04)
    else:
        side: Shape = []
        x = width / 2 - 0.04
        for a, b in (((x, -0.2, 0.02), (x, 0.2, 0.02)), ((x, -0.2, 0), (x, -0.15, height)),
                     ((x, 0.2, 0), (x, 0.15, height))):  # fmt: skip
            side += rod(legs, a, b, 0.04)
        shape += side + mirrored(side)
    return shape


def padded_chair(rng: np.random.Generator) -> Shape:
    """A dining or visitor chair with a thick seat and a padded back."""
    cloth, legs = mix(rng, "fabric", "leather", "linen"), mix(rng, "wood", "metal")
    width, depth, seat = rng.uniform(0.45, 0.55), rng.uniform(0.45, 0.54), rng.uniform(0.36, 0.4)
    back = rng.uniform(0.42, 0.6)
    shape = four_legs(legs, width - 0.02, depth - 0.02, seat, 0.05)
    shape += cushion(cloth, (-width / 2, -depth / 2, seat), (width / 2, depth / 2, seat + 0.1))
    panel = cushion(cloth, (-width / 2, -0.04, 0), (width / 2, 0.05, back), 0.03)
    shape += _reclined(panel, rng.uniform(0.08, 0.2), depth / 2 - 0.02, seat + 0.08)
    if rng.random() < 0.35:
        shape += _armrests(legs, width + 0.06, depth, seat, 0.3, 0.045)
    return shape


def office_chair(rng: np.random.Generator) -> Shape:
    """Five-star base, gas column, padded seat and back, often with armrests."""
    cloth, frame = mix(rng, "fabric", "leather", "plastic"), mix(rng, "plastic", "metal")
    width, depth, seat = rng.uniform(0.46, 0.54), rng.uniform(0.44, 0.5), rng.uniform(0.42, 0.52)
    shape = cylinder(frame, 0.035, 0.07, seat, 8)
    start = rng.uniform(0, 2 * math.pi)
    for k in range(5):
        angle = start + k * 2 * math.pi / 5
        tip = (0.31 * math.cos(angle), 0.31 * math.sin(angle), 0.05)
        shape += rod(frame, (0, 0, 0.11), tip, 0.05)
        shape += moved(cylinder(frame, 0.035, 0, 0.06, 6), tip[0], tip[1])
    shape += cushion(cloth, (-width / 2, -depth / 2, seat), (width / 2, depth / 2, seat + 0.09))
    back, gap = rng.uniform(0.42, 0.68), rng.uniform(0.02, 0.12)
    shape += rod(frame, (0, depth / 2 - 0.1, seat), (0, depth / 2 + 0.03, seat + gap + 0.2), 0.06)
    panel = cushion(cloth, (-width / 2 + 0.02, -0.03, 0), (width / 2 - 0.02, 0.04, back), 0.03)
    shape += moved(turned(panel, -rng.uniform(0.05, 0.18), axis=0), y=depth / 2 + 0.02, z=seat + 0.09 + gap)
    if rng.random() < 0.65:
        shape += _armrests(frame, width + 0.1, depth, seat + 0.02, 0.22, 0.05)
    return shape


def armchair(rng: np.random.Generator) -> Shape:
    """A sofa for one."""
    cloth = mix(rng, "fabric", "leather", "linen")
    return _upholstered(rng, cloth, rng.uniform(0.75, 0.95), rng.uniform(0.75, 0.9), 1)


def sofa(rng: np.random.Generator) -> Shape:
    """Two or three seats between box arms or slim ones; some with a chaise longue."""
    cloth = mix(rng, "fabric", "leather", "linen")
    seats = int(rng.integers(2, 4))
    width = 0.35 + seats * rng.uniform(0.58, 0.7)
    depth = rng.uniform(0.8, 0.98)
    shape = _upholstered(rng, cloth, width, depth, seats)
    if seats == 3 and rng.random() < 0.3:
        height = rng.uniform(0.38, 0.44)
        chaise = cushion(
            cloth,
            (-width / 2, -depth / 2 - rng.uniform(0.5, 0.7), 0.05),
            (-width / 6, -depth / 2 + 0.1, height),
        )
        shape += mirrored(chaise) if rng.random() < 0.5 else chaise
    return shape


def _upholstered(rng: np.random.Generator, cloth: Paint, width: float, depth: float, seats: int) -> Shape:
    arm, foot = rng.uniform(0.1, 0.22), rng.uniform(0.04, 0.14)
    seat, back, arms = rng.uniform(0.38, 0.46), rng.uniform(0.74, 0.92), rng.uniform(0.52, 0.66)
    w, d, pillow = width / 2, depth / 2, cloth.shaded(rng.uniform(0.85, 1.1))
    shape = box(cloth, (-w, -d, foot), (w, d, seat - 0.12))
    shape += moved(four_legs(mix(rng, "wood", "metal"), width - 0.1, depth - 0.1, foot, 0.06))
    shape += cushion(cloth, (-w, d - 0.2, foot), (w, d, back))
    right = cushion(cloth, (w - arm, -d, foot), (w, d - 0.05, arms))
    shape += right + mirrored(right)
    each = (width - 2 * arm) / seats
    loose_backs = rng.random() < 0.6
    for k in range(seats):
        x = -w + arm + k * each
        shape += cushion(pillow, (x + 0.01, -d + 0.01, seat - 0.12), (x + each - 0.01, d - 0.2, seat), 0.05)
        if loose_backs:
            low, high = (x + 0.02, d - 0.36, seat), (x + each - 0.02, d - 0.18, back + 0.03)
            shape += cushion(pillow, low, high, 0.05)
    return shape


def ottoman(rng: np.random.Generator) -> Shape:
    cloth = mix(rng, "fabric", "leather")
    height = rng.uniform(0.36, 0.45)
    if rng.random() < 0.4:
        return cylinder(cloth, rng.uniform(0.22, 0.32), 0, height, 14)
    w, d = rng.uniform(0.22, 0.4), rng.uniform(0.2, 0.3)
    return cushion(cloth, (-w, -d, 0.0), (w, d, height))
