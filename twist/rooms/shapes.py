"""Painted primitives in numpy; furniture is made of these.

Lengths in metres, z up. Furniture stands with its footprint's middle at the origin, its back towards +y and
its front towards -y; its feet are at z = 0.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from twist.rooms.paint import Paint


@dataclass(frozen=True)
class Part:
    """A painted triangle mesh, outward faces counter-clockwise.

    vertices: (V, 3) float64, metres; faces: (F, 3) int64
    """

    vertices: np.ndarray
    faces: np.ndarray
    paint: Paint


Shape = list[Part]


def moved(shape: Iterable[Part], x: float = 0.0, y: float = 0.0, z: float = 0.0) -> Shape:
    return [replace(part, vertices=part.vertices + np.array([x, y, z])) for part in shape]


def turned(shape: Iterable[Part], angle: float, axis: int = 2) -> Shape:
    """Turn about a coordinate axis through the origin, radians, right-handed."""
    i, j = [(1, 2), (2, 0), (0, 1)][axis]
    rotation = np.eye(3)
    rotation[i, i] = rotation[j, j] = math.cos(angle)
    rotation[j, i], rotation[i, j] = math.sin(angle), -math.sin(angle)
    return [replace(part, vertices=part.vertices @ rotation.T) for part in shape]


def mirrored(shape: Iterable[Part]) -> Shape:
    """Left and right exchanged."""
    return [replace(part, vertices=part.vertices * (-1, 1, 1), faces=part.faces[:, ::-1]) for part in shape]


def bounds(shape: Iterable[Part]) -> tuple[np.ndarray, np.ndarray]:
    """Lowest and highest corner, (3,) each."""
    vertices = np.concatenate([part.vertices for part in shape])
    return vertices.min(axis=0), vertices.max(axis=0)


def box(paint: Paint, low: Sequence[float], high: Sequence[float]) -> Shape:
    """An axis-aligned box between two corners."""
    corners = np.array([[x, y, z] for z in (0, 1) for y in (0, 1) for x in (0, 1)], np.float64)
    vertices = np.asarray(low) + corners * (np.asarray(high, np.float64) - low)
    quads = [(0, 2, 3, 1), (4, 5, 7, 6), (0, 1, 5, 4), (2, 6, 7, 3), (0, 4, 6, 2), (1, 3, 7, 5)]
    return [Part(vertices, _quads(quads), paint)]


def slab(paint: Paint, width: float, depth: float, thickness: float, z: float) -> Shape:
    """A box centred on the z axis with its underside at ``z``."""
    return box(paint, (-width / 2, -depth / 2, z), (width / 2, depth / 2, z + thickness))


def cushion(paint: Paint, low: Sequence[float], high: Sequence[float], bevel: float = 0.04) -> Shape:
    """A box with a bevelled upper rim, as upholstery has."""
    (x0, y0, z0), (x1, y1, z1) = low, high
    b = min(bevel, (x1 - x0) / 3, (y1 - y0) / 3, (z1 - z0) / 2)
    rings = [(z0, 0.0), (z1 - b, 0.0), (z1, b)]
    vertices = np.array(
        [
            corner
            for z, inset in rings
            for corner in (
                (x0 + inset, y0 + inset, z), (x1 - inset, y0 + inset, z),
                (x1 - inset, y1 - inset, z), (x0 + inset, y1 - inset, z),
            )
        ]
    )  # fmt: skip
    quads = [(3, 2, 1, 0), (8, 9, 10, 11)]
    for ring in (0, 4):
        quads += [(ring + i, ring + (i + 1) % 4, ring + 4 + (i + 1) % 4, ring + 4 + i) for i in range(4)]
    return [Part(vertices, _quads(quads), paint)]


def lathe(
    paint: Paint,
    profile: Sequence[tuple[float, float]],
    segments: int = 14,
    stretch: tuple[float, float] = (1.0, 1.0),
) -> Shape:
    """A profile of (radius, z) points, from bottom to top on the outside, turned about the z axis.

    ``stretch`` scales x and y, for oval bowls and tubs. A profile that runs down again inside makes a bowl.
    """
    angles = np.arange(segments) * 2 * math.pi / segments
    circle = np.stack([np.cos(angles) * stretch[0], np.sin(angles) * stretch[1]], axis=1)
    rings = [np.column_stack([circle * radius, np.full(segments, z)]) for radius, z in profile]
    quads = [
        (k * segments + i, k * segments + j, (k + 1) * segments + j, (k + 1) * segments + i)
        for k in range(len(profile) - 1)
        for i, j in ((i, (i + 1) % segments) for i in range(segments))
    ]
    return [Part(np.concatenate(rings), _quads(quads), paint)]


def cylinder(paint: Paint, radius: float, z0: float, z1: float, segments: int = 12) -> Shape:
    """An upright, closed cylinder about the z axis."""
    return lathe(paint, [(0, z0), (radius, z0), (radius, z1), (0, z1)], segments)


def rod(paint: Paint, start: Sequence[float], end: Sequence[float], thickness: float) -> Shape:
    """A square bar between two points: legs, rails, handles."""
    a, b = np.asarray(start, np.float64), np.asarray(end, np.float64)
    axis = (b - a) / np.linalg.norm(b - a)
    side = np.cross(axis, [0, 0, 1.0] if abs(axis[2]) < 0.9 else [1.0, 0, 0])
    side /= np.linalg.norm(side)
    other = np.cross(axis, side)
    ring = [
        (sign_a * side + sign_b * other) * thickness / 2
        for sign_a, sign_b in ((-1, -1), (1, -1), (1, 1), (-1, 1))
    ]
    vertices = np.array([a + offset for offset in ring] + [b + offset for offset in ring])
    quads = [(3, 2, 1, 0), (4, 5, 6, 7)] + [(i, (i + 1) % 4, 4 + (i + 1) % 4, 4 + i) for i in range(4)]
    return [Part(vertices, _quads(quads), paint)]


def wavy_sheet(
    paint: Paint, width: float, z0: float, z1: float, wave_m: float, folds: float, thickness: float = 0.05
) -> Shape:
    """A hanging cloth: a sheet in the xz plane with vertical folds, closed, centred on x = 0."""
    columns = max(8, int(folds * 6))
    x = np.linspace(-width / 2, width / 2, columns)
    wave = wave_m * np.sin(np.linspace(0, folds * 2 * math.pi, columns))
    front = np.stack([x, wave - thickness / 2], axis=1)
    back = np.stack([x, wave + thickness / 2], axis=1)[::-1]
    loop = np.concatenate([front, back])
    n = len(loop)
    vertices = np.concatenate([np.column_stack([loop, np.full(n, z)]) for z in (z0, z1)])
    sides = [(i, (i + 1) % n, n + (i + 1) % n, n + i) for i in range(n)]
    strip = [(i, i + 1, n - 2 - i, n - 1 - i) for i in range(columns - 1)]
    top = [tuple(n + i for i in quad) for quad in strip]
    bottom = [quad[::-1] for quad in strip]
    return [Part(vertices, _quads(sides + top + bottom), paint)]


def open_box(
    paint: Paint, width: float, depth: float, height: float, wall: float, floor: float, inside: Paint
) -> Shape:
    """A box without lid, with walls and bottom of some thickness: tubs, basins, bins, drawers."""
    w, d = width / 2, depth / 2
    return [
        *box(inside, (-w + wall, -d + wall, 0), (w - wall, d - wall, floor)),
        *box(paint, (-w, -d, 0), (-w + wall, d, height)),
        *box(paint, (w - wall, -d, 0), (w, d, height)),
        *box(paint, (-w + wall, -d, 0), (w - wall, -d + wall, height)),
        *box(paint, (-w + wall, d - wall, 0), (w - wall, d, height)),
    ]


def four_legs(
    paint: Paint, width: float, depth: float, height: float, thickness: float, splay: float = 0.0
) -> Shape:
    """Legs under the corners of a width × depth plate; ``splay`` sets the feet outwards, metres."""
    legs: Shape = []
    for sx in (-1, 1):
        for sy in (-1, 1):
            x, y = sx * (width - thickness) / 2, sy * (depth - thickness) / 2
            legs += rod(paint, (x + sx * splay, y + sy * splay, 0), (x, y, height), thickness)
    return legs


def _quads(quads: Sequence[Sequence[int]]) -> np.ndarray:
    """(Q, 4) corners -> (2 Q, 3) triangles of the same orientation."""
    corners = np.asarray(quads, np.int64)
    return np.concatenate([corners[:, [0, 1, 2]], corners[:, [0, 2, 3]]])
