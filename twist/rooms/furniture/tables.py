"""Tables and desks of all heights. Each builder draws one model; see ``shapes`` for its pose."""

from __future__ import annotations

import numpy as np

from twist.rooms.paint import Paint, mix
from twist.rooms.shapes import Shape, box, cylinder, four_legs, lathe, mirrored, moved, rod, slab


def dining_table(rng: np.random.Generator) -> Shape:
    """A rectangular table for four to eight on four legs or two trestles."""
    width, depth = rng.uniform(1.1, 2.0), rng.uniform(0.75, 0.95)
    return _rectangular_table(rng, width, depth)


def meeting_table(rng: np.random.Generator) -> Shape:
    """A long table, larger than a home has."""
    return _rectangular_table(rng, rng.uniform(2.0, 3.2), rng.uniform(0.95, 1.3))


def _rectangular_table(rng: np.random.Generator, width: float, depth: float) -> Shape:
    top, frame = mix(rng, "wood", "wood", "white", "stone"), mix(rng, "wood", "metal", "white")
    height, thickness = rng.uniform(0.7, 0.77), rng.uniform(0.035, 0.06)
    under = height - thickness
    shape = slab(top, width, depth, thickness, under)
    style = rng.random()
    if style < 0.6:
        shape += four_legs(frame, width - 0.08, depth - 0.08, under, rng.uniform(0.05, 0.08))
        if rng.random() < 0.5:  # an apron under the top
            shape += _apron(frame, width - 0.12, depth - 0.12, under)
    elif style < 0.8:
        right = _trestle(frame, width / 2 - rng.uniform(0.2, 0.4), depth - 0.15, under)
        shape += right + mirrored(right)
    else:
        x = width / 2 - 0.03
        right = box(frame, (x - 0.05, -depth / 2 + 0.05, 0), (x, depth / 2 - 0.05, under))
        shape += right + mirrored(right)
    return shape


def _apron(paint: Paint, width: float, depth: float, under: float) -> Shape:
    w, d = width / 2, depth / 2
    low, high = under - 0.08, under
    return [
        *box(paint, (-w, -d, low), (w, -d + 0.03, high)),
        *box(paint, (-w, d - 0.03, low), (w, d, high)),
        *box(paint, (-w, -d, low), (-w + 0.03, d, high)),
        *box(paint, (w - 0.03, -d, low), (w, d, high)),
    ]


def _trestle(paint: Paint, x: float, depth: float, under: float) -> Shape:
    """One foot of a T- or H-shaped support."""
    return [
        *box(paint, (x - 0.04, -depth / 2, 0), (x + 0.04, depth / 2, 0.05)),
        *box(paint, (x - 0.04, -0.06, 0.05), (x + 0.04, 0.06, under)),
        *box(paint, (x - 0.04, -depth / 3, under - 0.05), (x + 0.04, depth / 3, under)),
    ]


def round_table(rng: np.random.Generator) -> Shape:
    """A round top on a pedestal or on three or four splayed legs."""
    top, frame = mix(rng, "wood", "white", "stone"), mix(rng, "wood", "metal", "white")
    radius, height = rng.uniform(0.4, 0.65), rng.uniform(0.7, 0.76)
    shape = cylinder(top, radius, height - 0.04, height, 20)
    if rng.random() < 0.6:
        foot = radius * rng.uniform(0.5, 0.65)
        profile = [
            (0, 0),
            (foot, 0),
            (foot, 0.03),
            (0.06, 0.08),
            (0.05, height - 0.06),
            (0.2, height - 0.04),
            (0, height - 0.04),
        ]
        return shape + lathe(frame, profile, 14)
    side = radius * 1.1
    return shape + four_legs(frame, side, side, height - 0.04, 0.05, splay=0.04)


def coffee_table(rng: np.random.Generator) -> Shape:
    """A low table: with legs and perhaps a shelf, a box, or round."""
    top, frame = mix(rng, "wood", "wood", "stone", "white"), mix(rng, "wood", "metal")
    height = rng.uniform(0.36, 0.5)
    style = rng.random()
    if style < 0.25:
        radius = rng.uniform(0.35, 0.5)
        legs = four_legs(frame, radius * 1.2, radius * 1.2, height - 0.04, 0.05)
        return cylinder(top, radius, height - 0.04, height, 20) + legs
    width, depth = rng.uniform(0.8, 1.3), rng.uniform(0.5, 0.7)
    shape = slab(top, width, depth, 0.045, height - 0.045)
    if style < 0.4:
        w, d = width / 2 - 0.04, depth / 2 - 0.04
        return shape + box(frame, (-w, -d, 0), (w, d, height - 0.045))
    shape += four_legs(frame, width - 0.04, depth - 0.04, height - 0.045, 0.055)
    if rng.random() < 0.5:
        shape += slab(top, width - 0.1, depth - 0.1, 0.03, 0.12)
    return shape


def side_table(rng: np.random.Generator) -> Shape:
    """A small table beside a sofa or a bed."""
    top, frame = mix(rng, "wood", "white", "metal"), mix(rng, "wood", "metal")
    height, size = rng.uniform(0.45, 0.62), rng.uniform(0.38, 0.5)
    if rng.random() < 0.4:
        profile = [
            (0, 0),
            (size * 0.35, 0),
            (size * 0.35, 0.03),
            (0.04, 0.06),
            (0.04, height - 0.04),
            (0, height - 0.04),
        ]
        return cylinder(top, size / 2, height - 0.04, height, 16) + lathe(frame, profile, 10)
    shape = slab(top, size, size, 0.04, height - 0.04) + four_legs(frame, size, size, height - 0.04, 0.045)
    return shape + slab(top, size - 0.05, size - 0.05, 0.03, 0.15)


def panel_desk(rng: np.random.Generator) -> Shape:
    """A desk on two side panels with a modesty panel behind the knees."""
    board = mix(rng, "wood", "wood", "white")
    width, depth, height = rng.uniform(1.1, 1.7), rng.uniform(0.6, 0.8), rng.uniform(0.71, 0.76)
    shape = slab(board, width, depth, 0.04, height - 0.04)
    x = width / 2
    right = box(board, (x - 0.045, -depth / 2 + 0.03, 0), (x, depth / 2, height - 0.04))
    shape += right + mirrored(right)
    shape += box(board, (-x, depth / 2 - 0.1, 0.3), (x, depth / 2 - 0.06, height - 0.04))
    return shape


def drawer_desk(rng: np.random.Generator) -> Shape:
    """A writing desk with a block of drawers at one or both sides."""
    board, front = mix(rng, "wood", "white", "wood"), mix(rng, "wood", "white")
    width, depth, height = rng.uniform(1.15, 1.7), rng.uniform(0.6, 0.8), rng.uniform(0.72, 0.77)
    under = height - 0.04
    shape = slab(board, width, depth, 0.04, under)
    x, block = width / 2, rng.uniform(0.36, 0.45)
    right = box(board, (x - block, -depth / 2 + 0.04, 0), (x, depth / 2 - 0.02, under))
    drawers = int(rng.integers(2, 4))
    for k in range(drawers):
        z0, z1 = under * k / drawers + 0.03, under * (k + 1) / drawers - 0.02
        right += box(front, (x - block + 0.02, -depth / 2 + 0.015, z0), (x - 0.02, -depth / 2 + 0.04, z1))
    shape += right
    if rng.random() < 0.4 and width > 1.4:
        shape += mirrored(right)
    else:
        leg = 0.05
        shape += box(board, (-x, -depth / 2 + 0.03, 0), (-x + leg, -depth / 2 + 0.03 + leg, under))
        shape += box(board, (-x, depth / 2 - leg - 0.02, 0), (-x + leg, depth / 2 - 0.02, under))
    if rng.random() < 0.35:  # a hutch on top
        shape += _hutch(board, width, depth, height, rng.uniform(0.3, 0.5))
    return shape


def _hutch(paint: Paint, width: float, depth: float, z: float, height: float) -> Shape:
    x, y = width / 2, depth / 2
    right = box(paint, (x - 0.04, y - 0.25, z), (x, y, z + height))
    shelf = box(paint, (-x, y - 0.25, z + height), (x, y, z + height + 0.035))
    back = box(paint, (-x, y - 0.03, z), (x, y, z + height))
    return right + mirrored(right) + shelf + back


def frame_desk(rng: np.random.Generator) -> Shape:
    """An office desk on a T- or C-shaped metal frame, often with a drawer unit under it."""
    top, frame = mix(rng, "wood", "white", "white"), mix(rng, "metal", "plastic")
    width, depth, height = rng.uniform(1.2, 1.8), rng.uniform(0.7, 0.85), rng.uniform(0.7, 0.78)
    shape = slab(top, width, depth, 0.04, height - 0.04)
    right = _trestle(frame, width / 2 - 0.12, depth - 0.1, height - 0.04)
    shape += right + mirrored(right)
    shape += rod(frame, (-width / 2 + 0.12, 0, height - 0.1), (width / 2 - 0.12, 0, height - 0.1), 0.05)
    if rng.random() < 0.5:  # a pedestal that belongs to the desk
        unit = slab(mix(rng, "metal", "white", "wood"), 0.4, 0.5, 0.5, 0.04)
        shape += moved(unit, x=(width / 2 - 0.4) * (1 if rng.random() < 0.5 else -1), y=0.02)
    return shape
