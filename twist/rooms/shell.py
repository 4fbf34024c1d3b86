"""The empty room: outline, walls with openings, floor and ceiling."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from twist.rooms.floorplan import Floorplan, Opening, Wall
from twist.rooms.paint import Paint
from twist.rooms.shapes import Part, Shape, box

#: How deep doorways and windows are set into a wall, metres.
REVEAL_M = 0.12


def rectangle(width: float, depth: float) -> np.ndarray:
    """Outline (4, 2) of a rectangular room, counter-clockwise."""
    return np.array([(0, 0), (width, 0), (width, depth), (0, depth)], np.float64)


def l_shape(width: float, depth: float, cut_width: float, cut_depth: float) -> np.ndarray:
    """Outline (6, 2) of a rectangle without its (+x, +y) corner."""
    inner_x, inner_y = width - cut_width, depth - cut_depth
    return np.array(
        [(0, 0), (width, 0), (width, inner_y), (inner_x, inner_y), (inner_x, depth), (0, depth)], np.float64
    )


def floor_and_ceiling(plan: Floorplan, floor: Paint, ceiling: Paint) -> tuple[Shape, Shape]:
    """Both as flat parts that face into the room."""
    low: Shape = []
    high: Shape = []
    for (x0, y0), (x1, y1) in _rectangles_of(plan.outline):
        quad = np.array([(x0, y0), (x1, y0), (x1, y1), (x0, y1)])
        low.append(_flat(quad, 0.0, floor))
        high.append(_flat(quad[::-1], plan.height, ceiling))
    return low, high


def _rectangles_of(outline: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    if len(outline) == 4:
        return [(outline[0], outline[2])]
    (x1, _), (_, inner_y), (inner_x, depth) = outline[1], outline[2], outline[4]
    return [(outline[0], np.array([x1, inner_y])), (np.array([0.0, inner_y]), np.array([inner_x, depth]))]


def _flat(quad: np.ndarray, z: float, paint: Paint) -> Part:
    return Part(np.column_stack([quad, np.full(4, z)]), np.array([[0, 1, 2], [0, 2, 3]]), paint)


def wall_surface(wall: Wall, height: float, paint: Paint) -> Shape:
    """A wall without its openings, with the reveals that lead into them."""
    us = sorted({0.0, wall.length, *(u for o in wall.openings for u in (o.u0, o.u1))})
    zs = sorted({0.0, height, *(z for o in wall.openings for z in (o.z0, o.z1))})
    shape: Shape = []
    for u0, u1 in pairwise(us):
        for z0, z1 in pairwise(zs):
            middle = ((u0 + u1) / 2, (z0 + z1) / 2)
            if not any(o.u0 < middle[0] < o.u1 and o.z0 < middle[1] < o.z1 for o in wall.openings):
                shape.append(_wall_quad(wall, [(u1, 0, z0), (u0, 0, z0), (u0, 0, z1), (u1, 0, z1)], paint))
    for opening in wall.openings:
        shape += _reveals(wall, opening, paint)
    return shape


def _reveals(wall: Wall, o: Opening, paint: Paint) -> Shape:
    deep = -REVEAL_M
    rims = [
        [(o.u0, 0, o.z0), (o.u0, 0, o.z1), (o.u0, deep, o.z1), (o.u0, deep, o.z0)],
        [(o.u1, 0, o.z1), (o.u1, 0, o.z0), (o.u1, deep, o.z0), (o.u1, deep, o.z1)],
        [(o.u0, 0, o.z1), (o.u1, 0, o.z1), (o.u1, deep, o.z1), (o.u0, deep, o.z1)],
    ]
    if o.kind == "window":
        rims.append([(o.u1, 0, o.z0), (o.u0, 0, o.z0), (o.u0, deep, o.z0), (o.u1, deep, o.z0)])
    return [_wall_quad(wall, rim, paint) for rim in rims]


def _wall_quad(wall: Wall, corners: list[tuple[float, float, float]], paint: Paint) -> Part:
    """Corners as (along the wall, into the room, up)."""
    u, into, z = np.array(corners, np.float64).T
    xy = wall.start + u[:, None] * wall.direction + into[:, None] * wall.normal
    return Part(np.column_stack([xy, z]), np.array([[0, 1, 2], [0, 2, 3]]), paint)


def corridor(wall: Wall, opening: Opening, paint: Paint) -> Shape:
    """What a camera sees through an open doorway: a strip of floor and a wall 1.3 m behind it."""
    u0, u1 = opening.u0 - 0.6, opening.u1 + 0.6
    floor = [(u0, -1.3, 0), (u1, -1.3, 0), (u1, -REVEAL_M, 0), (u0, -REVEAL_M, 0)]
    back = [(u0, -1.3, 0), (u1, -1.3, 0), (u1, -1.3, 2.4), (u0, -1.3, 2.4)]
    return [_wall_quad(wall, floor, paint.shaded(0.7)), _wall_quad(wall, back, paint)]


def column(paint: Paint, x: float, y: float, size: float, height: float) -> Shape:
    """A pillar from floor to ceiling."""
    return box(paint, (x - size / 2, y - size / 2, 0), (x + size / 2, y + size / 2, height))


def beam(paint: Paint, plan: Floorplan, y: float, thickness: float, drop: float) -> Shape:
    """A beam under the ceiling along x, from wall to wall of a rectangular room."""
    low, high = plan.outline.min(axis=0), plan.outline.max(axis=0)
    return box(
        paint, (low[0], y - thickness / 2, plan.height - drop), (high[0], y + thickness / 2, plan.height)
    )
