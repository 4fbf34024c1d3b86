"""Asset groups of dry rooms: things that stand together in real rooms."""

from __future__ import annotations

import math

from twist.rooms.furnisher import Furnisher, Placed
from twist.rooms.shapes import Shape, bounds


def bed_group(room: Furnisher, kind: str = "bed") -> Placed | None:
    """A bed with its head at a wall, nightstands with lamps, perhaps a picture above."""
    shape = room.model(kind)
    bed = room.at_wall(kind, shape, front=0.45) or room.at_wall(kind, shape, front=0.1, tries=80)
    if bed is None:
        return None
    for side in (-1, 1):
        if room.chance(0.65):
            stand = room.beside(
                bed, room.rng.choice(["nightstand", "side table", "cabinet"], p=[0.6, 0.25, 0.15]), side
            )
            if stand:
                room.on_top(stand, "lamp" if room.chance(0.6) else "table clutter", 1)
    if kind == "bed" and room.chance(0.5):
        room.above(bed, "picture", float(room.rng.uniform(0.15, 0.35)))
    if room.chance(0.5):
        room.on_top(bed, "floor clutter", 1, z=0.6)
    return bed


def desk_group(room: Furnisher, *, free: bool = False) -> Placed | None:
    """A desk with its chair, a screen and what lies on desks."""
    shape = room.model("desk")
    desk = room.free("desk", shape, margin=0.4) if free else room.at_wall("desk", shape, front=0.75)
    desk = desk or room.at_wall("desk", shape, front=0.5)
    if desk is None:
        return None
    chair = room.model("office chair" if room.chance(0.75) else "chair")
    low, _ = bounds(chair)
    pushed = float(room.rng.uniform(-0.25, 0.12))
    turn = math.pi + float(room.rng.normal(0, 0.35))
    pose = desk.pose.beside(-0.12, float(desk.low[1] + low[1] + pushed), turn=turn)
    room.try_add("office chair", chair, pose, beneath=(desk,))
    if room.chance(0.8):
        monitor = room.model("monitor")
        pose = desk.pose.beside(-0.12, float(desk.high[1]) - 0.28, _top(desk))
        room.try_add("monitor", monitor, pose, beneath=(desk,))
    room.on_top(desk, "desk clutter", int(room.rng.integers(1, 5)), z=_top(desk))
    return desk


def _top(desk: Placed) -> float:
    """Height of a desk's plate: hutches rise above it."""
    return min(float(desk.high[2]), 0.75)


def dining_group(room: Furnisher, kind: str = "dining table", seats: int | None = None) -> Placed | None:
    """A table with chairs around it, mostly of one model."""
    shape = room.model(kind)
    table = room.free(kind, shape, margin=0.5, tries=60) or room.free(kind, shape, margin=0.25)
    table = table or room.at_wall(kind, shape, front=0.5)
    if table is None:
        return None
    model = room.model("chair")
    per_side = max(1, int(table.width / 0.62))
    depth = float(table.high[1] - table.low[1])
    places = [(x, side) for side in (0, 2) for x in _spread(table.width, per_side)]
    if depth > 0.7:
        places += [(0.0, 1), (0.0, 3)]
    room.rng.shuffle(places)
    wanted = seats or int(room.rng.integers(3, 2 + len(places)))
    for x, side in places:
        chair = model if room.chance(0.85) else room.model("chair")
        wanted -= wanted > 0 and _pull_up(room, table, chair, float(x), int(side))
    room.on_top(table, "table clutter", int(room.rng.integers(0, 4)))
    return table


def _spread(width: float, count: int) -> list[float]:
    return [(k + 0.5) / count * width - width / 2 for k in range(count)]


def _pull_up(room: Furnisher, table: Placed, chair: Shape, x: float, side: int) -> bool:
    """Set a chair at side 0..3 of a table (front, right, back, left), facing it, more or less pushed in."""
    half_width, half_depth = table.width / 2, float(table.high[1] - table.low[1]) / 2
    reach = half_width if side % 2 else half_depth
    low, _ = bounds(chair)
    # Side 0 is the table's front (-y): its chair faces +y, which is a half turn.
    angle = side * math.pi / 2
    for pushed in (float(room.rng.uniform(-0.12, 0.16)), 0.2):
        out = reach - float(low[1]) - pushed
        dx, dy = x * math.cos(angle) + out * math.sin(angle), x * math.sin(angle) - out * math.cos(angle)
        turn = angle + math.pi + float(room.rng.normal(0, 0.12))
        if room.try_add("chair", chair, table.pose.beside(dx, dy, turn=turn), beneath=(table,)):
            return True
    return False


def chair_row(room: Furnisher, count: int) -> None:
    """Chairs of one model side by side at a wall, as in waiting rooms."""
    shape = room.model("chair")
    chair = room.at_wall("chair", shape, front=0.4)
    for _ in range(count - 1):
        if chair:
            chair = room.beside(chair, "chair", 1, shape, gap=float(room.rng.uniform(0.04, 0.2)))


def sofa_group(room: Furnisher) -> Placed | None:
    """A sofa with a coffee table before it, pillows, perhaps armchairs and an end table."""
    sofa = room.at_wall("sofa", front=0.9) or room.at_wall("sofa", front=0.4)
    if sofa is None:
        return None
    table = room.model("coffee table")
    _, high = bounds(table)
    gap = float(room.rng.uniform(0.3, 0.5))
    placed = room.try_add("coffee table", table, sofa.pose.beside(0.0, float(sofa.low[1] - gap - high[1])))
    if placed:
        room.on_top(placed, "table clutter", int(room.rng.integers(0, 4)))
    for side in (-1, 1):
        pick = room.rng.random()
        if pick < 0.35:
            stand = room.beside(sofa, "side table", side, gap=0.08)
            if stand:
                room.on_top(stand, "lamp", 1)
        elif pick < 0.55:
            room.beside(sofa, "floor lamp", side, gap=0.1)
    for _ in range(int(room.rng.integers(0, 3))):
        _pillow(room, sofa)
    if placed and room.chance(0.45):
        _facing_armchair(room, placed)
    if room.chance(0.5):
        room.above(sofa, "picture", float(room.rng.uniform(0.25, 0.45)))
    return sofa


def _pillow(room: Furnisher, sofa: Placed) -> None:
    dx = float(room.rng.uniform(sofa.low[0] + 0.45, sofa.high[0] - 0.45))
    dy = float(sofa.high[1]) - 0.48
    room.try_add("pillow", room.model("pillow"), sofa.pose.beside(dx, dy, 0.44), beneath=(sofa,))


def _facing_armchair(room: Furnisher, table: Placed) -> None:
    """An armchair across the end of a coffee table."""
    chair = room.model("armchair")
    low, _ = bounds(chair)
    side = 1 if room.chance(0.5) else -1
    dx = side * (table.width / 2 + 0.35 - float(low[1]))
    turn = -side * math.pi / 2 + math.pi + float(room.rng.normal(0, 0.15))
    room.try_add("armchair", chair, table.pose.beside(dx, 0.0, turn=turn + math.pi))


def television_group(room: Furnisher) -> None:
    """A low cabinet with a screen on it or on the wall above."""
    cabinet = room.at_wall("media cabinet", front=0.6)
    if cabinet is None:
        return
    if room.chance(0.75):
        room.above(cabinet, "television", float(room.rng.uniform(0.1, 0.4)))
    room.on_top(cabinet, "table clutter", int(room.rng.integers(0, 3)))
