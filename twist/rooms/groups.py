"""Asset groups: things that stand together in real rooms."""

from __future__ import annotations

import math

from twist.rooms.floorplan import Footprint, Opening, Pose, Wall
from twist.rooms.furnisher import Furnisher, Placed
from twist.rooms.furniture.wet import COUNTER_DEPTH_M, COUNTER_HEIGHT_M
from twist.rooms.shapes import Shape, bounds
from twist.rooms.shell import REVEAL_M


def bed_group(room: Furnisher, kind: str = "bed") -> Placed | None:
    """A bed with its head at a wall, nightstands with lamps, perhaps a picture above."""
    bed = room.at_wall(kind, front=0.45)
    if bed is None:
        return None
    for side in (-1, 1):
        if room.chance(0.65):
            stand = room.beside(bed, room.rng.choice(["nightstand", "side table", "cabinet"], p=[0.6, 0.25, 0.15]), side)
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
    table = room.free(kind, shape, margin=0.6) or room.free(kind, shape, margin=0.3)
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
    wanted = seats or int(room.rng.integers(2, len(places) + 1))
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
    out = reach - float(low[1]) - float(room.rng.uniform(-0.12, 0.16))
    # Side 0 is the table's front (-y): its chair faces +y, which is a half turn.
    angle = side * math.pi / 2
    dx, dy = x * math.cos(angle) + out * math.sin(angle), x * math.sin(angle) - out * math.cos(angle)
    turn = angle + math.pi + float(room.rng.normal(0, 0.12))
    return room.try_add("chair", chair, table.pose.beside(dx, dy, turn=turn), beneath=(table,)) is not None


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
    low, high = bounds(table)
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


def counter_run(room: Furnisher, *, cupboards: float = 0.85, with_stove: bool = True) -> bool:
    """Along one wall: refrigerator, cabinets under a worktop with a sink, a stove, cabinets above.

    Tries the walls from the longest; returns whether one had room.
    """
    fridge = room.model("refrigerator") if room.chance(0.85) else None
    fridge_width = float(bounds(fridge)[1][0] - bounds(fridge)[0][0]) + 0.04 if fridge else 0.0
    stove_width = 0.64 if with_stove else 0.0
    for wall in sorted(room.plan.walls, key=lambda wall: -wall.length):
        for from_start in room.rng.permutation([True, False]):
            # Several lengths: a door or an inner corner may leave room for a shorter run only.
            for share in (1.0, 0.75, 0.5):
                base = wall.length * share - 0.04 - fridge_width - stove_width
                if base >= 0.9 and _build_run(
                    room, wall, bool(from_start), fridge, fridge_width, stove_width, min(base, 3.2), cupboards
                ):
                    return True
    return False


def _build_run(
    room: Furnisher, wall: Wall, from_start: bool, fridge: Shape | None, fridge_width: float,
    stove_width: float, base: float, cupboards: float,
) -> bool:  # fmt: skip
    units = [("fridge", fridge_width)] if fridge else []
    if stove_width:
        first = base * float(room.rng.uniform(0.25, 0.4))
        units += [("base", first), ("stove", stove_width), ("base", base - first)]
    else:
        units += [("base", base)]
    total = sum(width for _, width in units)
    u = 0.02 if from_start else wall.length - total - 0.02
    half_depth = COUNTER_DEPTH_M / 2
    sink_unit = max(range(len(units)), key=lambda k: units[k][1] if units[k][0] == "base" else 0)
    start = wall.pose(u + total / 2, half_depth)
    if not room.plan.fits(Footprint.of(room.model("counter", total), start, front=0.5)):
        return False
    for k, (what, width) in enumerate(units):
        pose = wall.pose(u + width / 2, half_depth + 0.02)
        if what == "fridge":
            assert fridge is not None
            room.add("refrigerator", fridge, wall.pose(u + width / 2, float(bounds(fridge)[1][1]) + 0.04))
        elif what == "stove":
            room.add("stove", room.model("stove"), pose)
        else:
            _base_unit(room, pose, width, with_sink=k == sink_unit)
            if room.chance(cupboards) and width > 0.4:
                cupboard = room.model("wall cabinet", width - 0.02)
                deep = float(bounds(cupboard)[1][1])
                room.try_add("wall cabinet", cupboard, wall.pose(u + width / 2, deep + 0.01, 1.45))
        u += width
    return True


def _base_unit(room: Furnisher, pose: Pose, width: float, *, with_sink: bool) -> None:
    """Cabinets with their piece of worktop, with a sink let into it or not."""
    room.add("kitchen cabinets", room.model("kitchen cabinets", width), pose.beside(0, 0.03))
    if with_sink and width > 0.75:
        sink_width = float(room.rng.uniform(0.5, min(0.8, width - 0.2)))
        x = float(room.rng.uniform(-1, 1)) * (width - sink_width - 0.16) / 2
        top = room.add("counter", room.model("counter", width, x, sink_width, 0.44), pose)
        room.add("kitchen sink", room.model("kitchen sink", sink_width, 0.44), pose.beside(x, 0, COUNTER_HEIGHT_M))
    else:
        top = room.add("counter", room.model("counter", width), pose)
    room.on_top(top, "counter clutter", int(room.rng.integers(0, 3)), z=COUNTER_HEIGHT_M)


def bath_group(room: Furnisher) -> Placed | None:
    """A bathtub along a wall, mostly with a shower curtain at its open side."""
    tub = room.at_wall("bathtub", front=0.3, gap=0.005) or room.at_wall("bathtub", front=0.02, gap=0.005)
    if tub and room.chance(0.8):
        _shower_curtain(room, tub, float(tub.low[1]) - 0.03)
    return tub


def shower_corner(room: Furnisher) -> None:
    """A curtain that closes off a corner."""
    wall = room.plan.walls[int(room.rng.integers(len(room.plan.walls)))]
    width, top = float(room.rng.uniform(0.8, 1.1)), float(room.rng.uniform(1.9, 2.05))
    curtain = room.model("shower curtain", width, top)
    for u in (width / 2 + 0.06, wall.length - width / 2 - 0.06):
        if room.try_add("shower curtain", curtain, wall.pose(u, 0.85), front=0.1):
            room.keep_clear(wall, u - width / 2, u + width / 2, 0, 2, 0.8)
            return


def _shower_curtain(room: Furnisher, tub: Placed, y: float) -> None:
    top = float(room.rng.uniform(1.9, 2.05))
    whole = room.chance(0.4)
    width = tub.width * (0.95 if whole else float(room.rng.uniform(0.35, 0.65)))
    side = 0.0 if whole else (tub.width - width) / 2 * (1 if room.chance(0.5) else -1)
    curtain = room.model("shower curtain", width, top)
    room.try_add("shower curtain", curtain, tub.pose.beside(side, y), beneath=(tub,))


def vanity_group(room: Furnisher) -> Placed | None:
    """A cabinet with a counter and one or two bowls on it, under a mirror."""
    width = float(room.rng.choice([0.7, 0.9, 1.2, 1.4]))
    top = room.model("vanity top", width)
    counter = room.at_wall("vanity top", top, front=0.5)
    if counter is None:
        return None
    room.add("vanity", room.model("vanity", width), counter.pose.beside(0, -0.0))
    bowl = room.model("vessel sink")
    for x in (-width / 4, width / 4) if width > 1.3 else (0.0,):
        room.add("vessel sink", bowl, counter.pose.beside(x, -0.03, 0.85))
    room.on_top(counter, "table clutter", 1, z=0.85)
    if room.chance(0.75):
        mirror = room.model("mirror")
        room.try_add("mirror", mirror, counter.pose.beside(0, float(counter.high[1]) + 0.01, 1.2))
    return counter


def sink_group(room: Furnisher) -> Placed | None:
    """A pedestal sink, mostly with a mirror above it."""
    sink = room.at_wall("pedestal sink", front=0.5)
    if sink and room.chance(0.7):
        room.try_add("mirror", room.model("mirror"), sink.pose.beside(0, float(sink.high[1]) + 0.01, 1.25))
    return sink


def doorway(room: Furnisher, wall: Wall) -> bool:
    """A door, closed or ajar, or an open doorway; keeps the way to it free."""
    width, height = float(room.rng.uniform(0.8, 0.95)), float(room.rng.uniform(2.0, 2.1))
    if wall.length < width + 0.5:
        return False
    u = float(room.rng.uniform(width / 2 + 0.2, wall.length - width / 2 - 0.2))
    style = room.rng.random()
    ajar = 0.0 if style < 0.7 else float(room.rng.uniform(0.5, 1.5))
    opening = Opening("door" if style < 0.7 else "gap", u - width / 2, u + width / 2, 0.0, height)
    wall.openings.append(opening)
    pose = wall.pose(u)
    if style < 0.9:
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
    placed = room.add("window", room.model("window", width, top - sill, REVEAL_M - 0.06), wall.pose(u, 0.0, sill))
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
