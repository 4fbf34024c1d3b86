"""Bins, lamps, screens and other small things; most of them stay unannotated, as in real scans."""

from __future__ import annotations

import math

import numpy as np

from twist.rooms.paint import Paint, mix
from twist.rooms.shapes import Shape, box, cushion, cylinder, lathe, moved, open_box, rod, slab, turned


def round_bin(rng: np.random.Generator) -> Shape:
    """A waste basket, wider at its rim."""
    paint = mix(rng, "plastic", "metal")
    radius, height = rng.uniform(0.13, 0.2), rng.uniform(0.3, 0.5)
    profile = [
        (0, 0), (radius * 0.8, 0), (radius, height), (radius - 0.04, height), (radius * 0.75, 0.05), (0, 0.05)
    ]  # fmt: skip
    return lathe(paint, profile, 14)


def square_bin(rng: np.random.Generator) -> Shape:
    paint = mix(rng, "plastic", "metal", "white")
    width, depth, height = rng.uniform(0.28, 0.42), rng.uniform(0.25, 0.35), rng.uniform(0.4, 0.75)
    if rng.random() < 0.5:
        return open_box(paint, width, depth, height, 0.035, 0.05, paint.shaded(0.7))
    lid = cushion(
        paint.shaded(0.8),
        (-width / 2 - 0.015, -depth / 2 - 0.015, height),
        (width / 2 + 0.015, depth / 2 + 0.015, height + 0.1),
    )
    return slab(paint, width, depth, height, 0) + lid


def monitor(rng: np.random.Generator) -> Shape:
    """A computer screen on its stand."""
    dark, width = mix(rng, "screen", "plastic"), rng.uniform(0.45, 0.65)
    height = width * 0.6
    shape = cylinder(dark, 0.1, 0, 0.02, 10) + rod(dark, (0, 0.02, 0), (0, 0.04, 0.2), 0.05)
    return shape + box(dark, (-width / 2, -0.02, 0.12), (width / 2, 0.02, 0.12 + height))


def keyboard(rng: np.random.Generator) -> Shape:
    return box(mix(rng, "plastic"), (-0.22, -0.07, 0), (0.22, 0.07, 0.025))


def laptop(rng: np.random.Generator) -> Shape:
    paint = mix(rng, "metal", "plastic")
    lid = turned(box(mix(rng, "screen"), (-0.17, -0.01, 0), (0.17, 0.01, 0.22)), -0.3, axis=0)
    return box(paint, (-0.17, -0.12, 0), (0.17, 0.11, 0.025)) + moved(lid, y=0.11)


def carton(rng: np.random.Generator) -> Shape:
    w, d, h = rng.uniform(0.1, 0.25), rng.uniform(0.1, 0.2), rng.uniform(0.12, 0.4)
    return box(mix(rng, "wood", "linen", "plastic"), (-w, -d, 0), (w, d, h))


def bottle(rng: np.random.Generator) -> Shape:
    radius, height = rng.uniform(0.03, 0.06), rng.uniform(0.15, 0.3)
    return lathe(
        mix(rng, "plastic", "linen"),
        [(0, 0), (radius, 0), (radius, height * 0.7), (0.02, height), (0, height)],
        8,
    )


def plant(rng: np.random.Generator) -> Shape:
    """A pot with a few blobs of leaves."""
    pot = mix(rng, "stone", "plastic", "white")
    green = Paint((50, 100, 50), "mottled", 0.3, 0.1, float(rng.uniform(0, 100)))
    size = rng.uniform(0.12, 0.28)
    shape = lathe(pot, [(0, 0), (size * 0.7, 0), (size, size * 1.3), (0, size * 1.3)], 10)
    for _ in range(4):
        x, y = rng.uniform(-size, size, 2)
        z, radius = size * rng.uniform(1.6, 3.2), size * rng.uniform(0.5, 0.9)
        profile = [(0, -1), (0.7, -0.6), (1, 0), (0.7, 0.6), (0, 1)]
        blob = lathe(green, [(radius * a, radius * b) for a, b in profile], 8)
        shape += moved(blob, x, y, z)
    return shape + rod(green, (0, 0, size), (0, 0, size * 2.2), 0.04)


def book_pile(rng: np.random.Generator) -> Shape:
    shape: Shape = []
    z = 0.0
    for _ in range(int(rng.integers(1, 5))):
        thick = rng.uniform(0.02, 0.05)
        w, d = rng.uniform(0.09, 0.14), rng.uniform(0.11, 0.16)
        book = box(mix(rng, "linen", "plastic"), (-w, -d, z), (w, d, z + thick))
        shape += turned(book, rng.uniform(-0.3, 0.3))
        z += thick
    return shape


def table_lamp(rng: np.random.Generator) -> Shape:
    foot, shade, height = mix(rng, "metal", "wood"), mix(rng, "linen", "white"), rng.uniform(0.3, 0.5)
    shape = cylinder(foot, 0.08, 0, 0.03, 10) + cylinder(foot, 0.025, 0.03, height, 8)
    profile = [(0.0, height - 0.02), (0.16, height - 0.02), (0.11, height + 0.2), (0, height + 0.2)]
    return shape + lathe(shade, profile, 12)


def floor_lamp(rng: np.random.Generator) -> Shape:
    foot, shade, height = mix(rng, "metal"), mix(rng, "linen", "white"), rng.uniform(1.3, 1.6)
    shape = cylinder(foot, 0.15, 0, 0.03, 12) + cylinder(foot, 0.022, 0.03, height, 8)
    return shape + lathe(shade, [(0, height), (0.2, height), (0.13, height + 0.24), (0, height + 0.24)], 12)


def bag(rng: np.random.Generator) -> Shape:
    """A backpack or a heap of clothes on the floor."""
    paint = mix(rng, "fabric", "plastic", "linen")
    a, b, h = rng.uniform(0.15, 0.25), rng.uniform(0.12, 0.2), rng.uniform(0.2, 0.45)
    return lathe(paint, [(0, 0), (0.9, 0), (1.0, h * 0.4), (0.75, h * 0.85), (0, h)], 10, (a, b))


def shoes(rng: np.random.Generator) -> Shape:
    paint = mix(rng, "leather", "fabric")
    one = cushion(paint, (-0.05, -0.14, 0), (0.05, 0.14, 0.09))
    return moved(one, x=-0.07) + moved(turned(one, rng.uniform(-0.3, 0.3)), x=0.08)


def pillow(rng: np.random.Generator) -> Shape:
    paint = mix(rng, "linen", "fabric")
    cushioned = cushion(paint, (-0.22, -0.07, 0), (0.22, 0.07, 0.38), 0.06)
    return turned(cushioned, -0.3, axis=0)


def microwave(rng: np.random.Generator) -> Shape:
    paint = mix(rng, "white", "metal", "plastic")
    return slab(paint, 0.5, 0.38, 0.29, 0) + box(
        mix(rng, "screen"), (-0.23, -0.205, 0.03), (0.12, -0.19, 0.26)
    )


def towel(rng: np.random.Generator) -> Shape:
    """A towel over a bar; the wall is at y = 0 and z = 0 is the towel's lower edge."""
    width, height = rng.uniform(0.35, 0.6), rng.uniform(0.4, 0.7)
    cloth = box(mix(rng, "linen"), (-width / 2, -0.09, 0), (width / 2, -0.05, height))
    return cloth + rod(
        mix(rng, "metal"), (-width / 2 - 0.08, -0.07, height), (width / 2 + 0.08, -0.07, height), 0.03
    )


def paper_stack(rng: np.random.Generator) -> Shape:
    angle = rng.uniform(-math.pi, math.pi)
    return turned(box(mix(rng, "white"), (-0.11, -0.15, 0), (0.11, 0.15, rng.uniform(0.01, 0.06))), angle)
