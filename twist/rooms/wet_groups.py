"""Asset groups of kitchens and bathrooms."""

from __future__ import annotations

from twist.rooms.floorplan import Footprint, Pose, Wall
from twist.rooms.furnisher import Furnisher, Placed
from twist.rooms.furniture.wet import COUNTER_DEPTH_M, COUNTER_HEIGHT_M
from twist.rooms.shapes import bounds

#: Lengths of cabinets that a counter run tries, metres.
_CABINET_LENGTHS_M = (3.2, 2.6, 2.0, 1.5, 1.1, 0.9)


def counter_run(room: Furnisher, *, cupboards: float = 0.85, with_stove: bool = True) -> bool:
    """Along one wall: refrigerator, cabinets under a worktop with a sink, a stove, cabinets above.

    As long as fits: the longest run of ``_CABINET_LENGTHS_M`` that some wall has room for. Returns whether
    there was one.
    """
    fridge = room.model("refrigerator") if room.chance(0.95) else None
    fridge_width = float(bounds(fridge)[1][0] - bounds(fridge)[0][0]) + 0.04 if fridge else 0.0
    stove_width = 0.64 if with_stove else 0.0
    for cabinets in _CABINET_LENGTHS_M:
        stretch = _free_stretch(room, fridge_width + stove_width + cabinets)
        if stretch:
            wall, u = stretch
            units = _cabinets_and_stove(room, cabinets, stove_width)
            _build_units(room, wall, u + fridge_width, units, cupboards)
            if fridge:
                pose = wall.pose(u + fridge_width / 2, float(bounds(fridge)[1][1]) + 0.04)
                if room.try_add("refrigerator", fridge, pose) is None:  # a window may be in its way
                    room.at_wall("refrigerator", fridge)
            return True
    return False


def _free_stretch(room: Furnisher, length: float) -> tuple[Wall, float] | None:
    """A wall with free floor of some length before it, and where that begins; the longest walls first."""
    half, half_depth = length / 2, COUNTER_DEPTH_M / 2
    for wall in sorted(room.plan.walls, key=lambda wall: -wall.length):
        slack = wall.length - length - 0.04
        if slack >= 0:
            for share in room.rng.permutation([0.0, 0.5, 1.0]):
                u = 0.02 + slack * float(share)
                corners = (-half, -half_depth - 0.5), (half, half_depth)
                pose = wall.pose(u + half, half_depth)
                if room.plan.fits(Footprint.rectangle(pose, *corners, 0, COUNTER_HEIGHT_M + 0.2)):
                    return wall, u
    return None


def _cabinets_and_stove(room: Furnisher, cabinets: float, stove: float) -> list[tuple[str, float]]:
    """Kinds and widths along the run: a stove, if any, amid long cabinets or before short ones."""
    first = cabinets * float(room.rng.uniform(0.25, 0.4))
    if stove == 0:
        return [("base", cabinets)]
    if first < 0.45:
        return [("stove", stove), ("base", cabinets)]
    return [("base", first), ("stove", stove), ("base", cabinets - first)]


def _build_units(
    room: Furnisher, wall: Wall, u: float, units: list[tuple[str, float]], cupboards: float
) -> None:
    """Set cabinets and stove, (kind, width) each, side by side from ``u`` on; the last one has the sink."""
    for k, (kind, width) in enumerate(units):
        pose = wall.pose(u + width / 2, COUNTER_DEPTH_M / 2 + 0.02)
        if kind == "stove":
            room.add("stove", room.model("stove"), pose)
        else:
            _base_unit(room, pose, width, with_sink=k == len(units) - 1)
            if width > 0.4 and room.chance(cupboards):
                cupboard = room.model("wall cabinet", width - 0.02)
                deep = float(bounds(cupboard)[1][1])
                room.try_add("wall cabinet", cupboard, wall.pose(u + width / 2, deep + 0.01, 1.45))
        u += width


def _base_unit(room: Furnisher, pose: Pose, width: float, *, with_sink: bool) -> None:
    """Cabinets with their piece of worktop, with a sink let into it or not."""
    room.add("kitchen cabinets", room.model("kitchen cabinets", width), pose.beside(0, 0.03))
    if with_sink and width > 0.65:
        sink_width = float(room.rng.uniform(0.45, min(0.8, width - 0.18)))
        x = float(room.rng.uniform(-1, 1)) * (width - sink_width - 0.16) / 2
        top = room.add("counter", room.model("counter", width, x, sink_width, 0.44), pose)
        room.add(
            "kitchen sink", room.model("kitchen sink", sink_width, 0.44), pose.beside(x, 0, COUNTER_HEIGHT_M)
        )
    else:
        top = room.add("counter", room.model("counter", width), pose)
    room.on_top(top, "counter clutter", int(room.rng.integers(0, 3)), z=COUNTER_HEIGHT_M)


def bath_group(room: Furnisher) -> Placed | None:
    """A bathtub along a wall, mostly with a shower curtain at its open side."""
    tub = room.at_wall("bathtub", front=0.3, gap=0.005) or room.at_wall("bathtub", front=0.02, gap=0.005)
    if tub and room.chance(0.9):
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
    cabinet = room.at_wall("vanity", room.model("vanity", width), front=0.5)
    if cabinet is None:
        return None
    counter = room.add("vanity top", room.model("vanity top", width), cabinet.pose)
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
    shape = room.model("pedestal sink")
    sink = room.at_wall("pedestal sink", shape, front=0.5) or room.at_wall("pedestal sink", shape, front=0.25)
    if sink and room.chance(0.7):
        room.try_add("mirror", room.model("mirror"), sink.pose.beside(0, float(sink.high[1]) + 0.01, 1.25))
    return sink
