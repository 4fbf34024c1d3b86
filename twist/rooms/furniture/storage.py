"""Cabinets, wardrobes, drawers and bookshelves. Each builder draws one model; see ``shapes`` for its pose."""

from __future__ import annotations

import numpy as np

from twist.rooms.paint import Paint, mix
from twist.rooms.shapes import Shape, box, four_legs, mirrored, moved, slab


def fronts(
    rng: np.random.Generator, paint: Paint, size: tuple[float, float, float], columns: int, rows: int
) -> Shape:
    """Doors or drawers on the -y side of a body of (width, depth, height) that stands on z = 0.

    They protrude by 2 cm with gaps of 3 cm between them, so that a depth camera can see the pattern.
    """
    width, depth, height = size
    handle = mix(rng, "metal", "plastic", "wood")
    gap, shape = 0.03, []
    for i in range(columns):
        for j in range(rows):
            x0, x1 = (
                -width / 2 + width * i / columns + gap / 2,
                -width / 2 + width * (i + 1) / columns - gap / 2,
            )
            z0, z1 = height * j / rows + gap / 2, height * (j + 1) / rows - gap / 2
            shape += box(paint, (x0, -depth / 2 - 0.02, z0), (x1, -depth / 2, z1))
            if z1 - z0 < x1 - x0:  # a drawer: its handle lies across
                x, z, w, h = (x0 + x1) / 2, (z0 + z1) / 2, 0.08, 0.015
            else:
                x, z, w, h = (x1 - 0.05 if i % 2 == 0 else x0 + 0.05), (z0 + z1) / 2, 0.015, 0.08
            shape += box(handle, (x - w, -depth / 2 - 0.05, z - h), (x + w, -depth / 2 - 0.02, z + h))
    return shape


def body(
    rng: np.random.Generator, size: tuple[float, float, float], columns: int, rows: int, *materials: str
) -> Shape:
    """A closed cabinet of (width, depth, height) with doors or drawers."""
    width, depth, height = size
    paint = mix(rng, *materials)
    front = paint if rng.random() < 0.6 else mix(rng, *materials)
    return slab(paint, width, depth, height, 0) + fronts(rng, front, size, columns, rows)


def cupboard(rng: np.random.Generator) -> Shape:
    """A sideboard: half-high, with two to four doors, some on legs."""
    width, depth, height = rng.uniform(0.8, 1.7), rng.uniform(0.38, 0.5), rng.uniform(0.6, 1.1)
    shape = body(rng, (width, depth, height), max(2, round(width / 0.45)), 1, "wood", "white", "wood")
    if rng.random() < 0.5:
        foot = rng.uniform(0.08, 0.16)
        legs = four_legs(mix(rng, "wood", "metal"), width, depth, foot, 0.05)
        shape = moved(shape, z=foot) + legs
    return shape


def drawers(rng: np.random.Generator) -> Shape:
    """A chest of drawers."""
    width, depth, height = rng.uniform(0.6, 1.3), rng.uniform(0.42, 0.52), rng.uniform(0.7, 1.15)
    return body(rng, (width, depth, height), 1 + (width > 0.9), int(rng.integers(3, 5)), "wood", "white")


def wardrobe(rng: np.random.Generator) -> Shape:
    """A tall cabinet with two or three doors."""
    width, height = rng.uniform(0.9, 1.8), rng.uniform(1.8, 2.25)
    return body(rng, (width, rng.uniform(0.5, 0.62), height), max(2, round(width / 0.55)), 1, "wood", "white")


def file_cabinet(rng: np.random.Generator) -> Shape:
    """An office cabinet with drawers or double doors, half-high or tall."""
    if rng.random() < 0.6:
        height = rng.uniform(0.65, 1.35)
        size = (rng.uniform(0.4, 0.5), rng.uniform(0.5, 0.62), height)
        return body(rng, size, 1, max(2, round(height / 0.33)), "metal", "white")
    size = (rng.uniform(0.8, 1.0), rng.uniform(0.4, 0.48), rng.uniform(1.2, 2.0))
    return body(rng, size, 2, 1, "metal", "white", "wood")


def nightstand(rng: np.random.Generator) -> Shape:
    """A small cabinet beside a bed."""
    size = (rng.uniform(0.4, 0.55), rng.uniform(0.36, 0.45), rng.uniform(0.42, 0.6))
    return body(rng, size, 1, int(rng.integers(1, 4)), "wood", "white")


def media_cabinet(rng: np.random.Generator) -> Shape:
    """A long, low cabinet under a television, with an open middle."""
    width, depth, height = rng.uniform(1.2, 2.0), rng.uniform(0.38, 0.48), rng.uniform(0.4, 0.58)
    paint = mix(rng, "wood", "white", "wood")
    side = moved(body(rng, (width / 3, depth, height - 0.04), 1, 1 + int(rng.integers(2)), "wood", "white"))
    shape = moved(side, x=-width / 3) + moved(side, x=width / 3)
    shape += slab(paint, width, depth, 0.04, height - 0.04)
    shape += box(paint, (-width / 6, depth / 2 - 0.03, 0), (width / 6, depth / 2, height - 0.04))
    return shape + slab(paint, width / 3, depth - 0.05, 0.04, height * 0.4)


def wall_cabinet(rng: np.random.Generator, width: float) -> Shape:
    """A kitchen cabinet of given width that hangs on the wall; its underside is at z = 0."""
    height = rng.uniform(0.55, 0.75)
    return body(rng, (width, 0.34, height), max(1, round(width / 0.45)), 1, "wood", "white", "white")


def bookcase(rng: np.random.Generator) -> Shape:
    """Shelves between side panels, mostly with a back, filled with books and boxes."""
    width, depth, height = rng.uniform(0.6, 1.3), rng.uniform(0.26, 0.36), rng.uniform(1.1, 2.1)
    return _shelves(rng, width, depth, height, with_back=rng.random() < 0.75)


def low_bookcase(rng: np.random.Generator) -> Shape:
    """A bookshelf up to the waist."""
    width, depth, height = rng.uniform(0.8, 1.5), rng.uniform(0.28, 0.38), rng.uniform(0.7, 1.0)
    return _shelves(rng, width, depth, height, with_back=True)


def cube_shelf(rng: np.random.Generator) -> Shape:
    """A grid of square compartments, some with boxes."""
    columns, rows = int(rng.integers(2, 5)), int(rng.integers(2, 5))
    cell, depth = rng.uniform(0.34, 0.4), rng.uniform(0.33, 0.4)
    paint = mix(rng, "white", "wood")
    width, height = columns * cell, rows * cell
    shape = [
        *(part for i in range(columns + 1) for part in _upright(paint, i * cell - width / 2, depth, height)),
        *(part for j in range(rows + 1) for part in slab(paint, width, depth, 0.04, j * cell)),
        *box(paint, (-width / 2, depth / 2 - 0.02, 0), (width / 2, depth / 2, height)),
    ]
    for i in range(columns):
        for j in range(rows):
            x, z = (i + 0.5) * cell - width / 2, j * cell + 0.04
            if rng.random() < 0.4:
                basket = slab(mix(rng, "fabric", "linen"), cell - 0.08, depth - 0.06, cell * 0.7, z)
                shape += moved(basket, x=x)
            elif rng.random() < 0.6:
                shape += moved(books(rng, cell - 0.08, depth, cell - 0.1), x=x, z=z)
    return shape


def _upright(paint: Paint, x: float, depth: float, height: float) -> Shape:
    return box(paint, (x - 0.02, -depth / 2, 0), (x + 0.02, depth / 2, height + 0.04))


def _shelves(
    rng: np.random.Generator, width: float, depth: float, height: float, *, with_back: bool
) -> Shape:
    paint = mix(rng, "wood", "wood", "white", "metal")
    right = _upright(paint, width / 2 - 0.02, depth, height - 0.04)
    shape = right + mirrored(right)
    if with_back:
        shape += box(paint, (-width / 2, depth / 2 - 0.025, 0), (width / 2, depth / 2, height))
    shelves = max(2, round(height / rng.uniform(0.3, 0.4)))
    pitch = (height - 0.1) / shelves
    fill = rng.uniform(0.5, 0.95)
    for k in range(shelves + 1):
        z = 0.06 + k * pitch
        shape += slab(paint, width, depth, 0.035, z)
        if k < shelves and rng.random() < fill:
            row = books(rng, width - 0.1, depth, pitch - 0.05)
            shape += moved(row, z=z + 0.035)
    return shape


def books(rng: np.random.Generator, width: float, depth: float, height: float) -> Shape:
    """A row of book blocks on z = 0, at most ``height`` high, that leaves some of ``width`` free."""
    shape: Shape = []
    x, end = -width / 2, width / 2 - rng.uniform(0, 0.4) * width
    while x < end - 0.06:
        block = min(rng.uniform(0.06, 0.22), end - x)
        paint = mix(rng, "linen", "plastic", "fabric")
        deep, high = rng.uniform(0.55, 0.85) * depth, rng.uniform(0.6, 0.95) * height
        shape += box(paint, (x, depth / 2 - 0.03 - deep, 0), (x + block, depth / 2 - 0.03, high))
        x += block + (rng.uniform(0.03, 0.1) if rng.random() < 0.2 else 0)
    return shape
