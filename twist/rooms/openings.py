"""Doors and windows: openings in the walls and what belongs to them."""

from __future__ import annotations

from twist.rooms.floorplan import Opening, Wall
from twist.rooms.furnisher import Furnisher, Placed
from twist.rooms.shell import REVEAL_M


def doorway(room: Furnisher, wall: Wall) -> bool:
    """A door, closed or ajar, or an open doorway; keeps the way to it free."""
    width, height = float(room.rng.uniform(0.8, 0.95)), float(room.rng.uniform(2.0, 2.1))
    if wall.length < width + 0.5:
        return False
    u = float(room.rng.uniform(width / 2 + 0.2, wall.length - width / 2 - 0.2))
    style = room.rng.random()
    ajar = 0.0 if style < 0.75 else float(room.rng.uniform(0.5, 1.5))
    opening = Opening("door" if style < 0.75 else "gap", u - width / 2, u + width / 2, 0.0, height)
    wall.openings.append(opening)
    pose = wall.pose(u)
    if style < 0.92:
        room.add("door", room.model("door", width, height, 0.03, ajar), pose)
    else:
        room.add("door frame", room.model("door frame", width, height), pose)
    room.keep_clear(wall, u - width / 2 - 0.12, u + width / 2 + 0.12, 0.0, height + 0.1, 0.9)
    return True


def window_group(room: Furnisher, wall: Wall, *, curtains: float, high: bool = False) -> bool:
    """A window with curtains or blinds, and sometimes a radiator below."""
    width = float(room.rng.uniform(0.6, 1.2) if high else room.rng.uniform(0.8, 2.0))
    sill = float(room.rng.uniform(1.12, 1.3) if high else room.rng.uniform(0.75, 1.0))
    top = min(float(room.rng.uniform(2.0, 2.25)), room.plan.height - 0.25)
    slack = wall.length - width - 0.6
    if slack <= 0:
        return False
    u = width / 2 + 0.3 + slack * float(room.rng.random())
    opening = Opening("window", u - width / 2, u + width / 2, sill, top)
    if any(o.u0 - 0.35 < opening.u1 and opening.u0 < o.u1 + 0.35 for o in wall.openings):
        return False
    wall.openings.append(opening)
    placed = room.add(
        "window", room.model("window", width, top - sill, REVEAL_M - 0.06), wall.pose(u, 0.0, sill)
    )
    if room.chance(curtains):
        _curtains(room, wall, u, width, sill, top, placed)
    elif room.chance(0.3):
        room.add("blinds", room.model("blinds", width, top - sill), wall.pose(u, 0.0, sill))
    if room.chance(0.35) and not high:
        room.try_add("radiator", room.model("radiator"), wall.pose(u))
    room.keep_clear(wall, opening.u0, opening.u1, sill, top, 0.3)
    return True


def _curtains(
    room: Furnisher, wall: Wall, u: float, width: float, sill: float, top: float, window: Placed
) -> None:
    hem = 0.06 if room.chance(0.65) else sill - 0.12
    upper = min(top + 0.15, room.plan.height - 0.04)
    closed = room.chance(0.25)
    half = width / 2 + 0.25
    each = half if closed else float(room.rng.uniform(0.3, 0.55))
    model = int(room.rng.integers(1 << 20))
    for side in (-1, 1):
        if closed or room.chance(0.75):
            cloth = room.building.model("curtain", model, each - 0.01, upper, hem)
            middle = u + side * (half - each / 2)
            room.try_add("curtain", cloth, wall.pose(middle), beneath=(window,))
    room.add("curtain rod", room.model("curtain rod", 2 * half, upper + 0.02), wall.pose(u))
