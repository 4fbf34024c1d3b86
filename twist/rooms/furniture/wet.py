"""Kitchens and bathrooms: counters, sinks, appliances, toilets, tubs and shower curtains."""

from __future__ import annotations

import math

import numpy as np

from twist.rooms.furniture.storage import body, fronts
from twist.rooms.paint import Paint, mix
from twist.rooms.shapes import Shape, box, cushion, cylinder, lathe, moved, open_box, rod, slab, wavy_sheet

#: Depth of kitchen base cabinets, height of the worktop above the floor, depth of its basins, metres.
COUNTER_DEPTH_M = 0.62
COUNTER_HEIGHT_M = 0.9
BASIN_DEPTH_M = 0.17


def refrigerator(rng: np.random.Generator) -> Shape:
    """Tall: one door, a freezer above or below, or two doors side by side."""
    paint = mix(rng, "white", "metal", "metal", "plastic")
    style = int(rng.integers(3))
    width = rng.uniform(0.85, 0.95) if style == 2 else rng.uniform(0.58, 0.75)
    depth, height = rng.uniform(0.62, 0.72), rng.uniform(1.55, 1.85)
    shape = slab(paint.shaded(0.9), width, depth - 0.06, height, 0)
    split = 1.0 if style == 0 else rng.choice([0.33, 0.66])
    doors = [(0.0, 1.0, 0.04, 1.0)] if style == 0 else [(0.0, 1.0, 0.04, split), (0.0, 1.0, split, 1.0)]
    if style == 2:
        doors = [(0.0, 0.5, 0.04, 1.0), (0.5, 1.0, 0.04, 1.0)]
    handle = mix(rng, "metal", "plastic")
    front = -(depth - 0.06) / 2
    for x0, x1, z0, z1 in doors:
        left, right = (x0 - 0.5) * width + 0.012, (x1 - 0.5) * width - 0.012
        low, high = z0 * height + 0.012, z1 * height - 0.012
        shape += box(paint, (left, front - 0.06, low), (right, front, high))
        x = right - 0.06 if x1 - x0 == 1 or x0 == 0 else left + 0.06
        middle, half = (low + high) / 2, min(0.3, (high - low) * 0.35)
        shape += box(
            handle, (x - 0.015, front - 0.11, middle - half), (x + 0.015, front - 0.06, middle + half)
        )
    return moved(shape, y=0.03)


def mini_refrigerator(rng: np.random.Generator) -> Shape:
    """Waist-high, as in hotel rooms and offices."""
    paint = mix(rng, "white", "plastic", "metal")
    width, depth, height = rng.uniform(0.46, 0.55), rng.uniform(0.46, 0.54), rng.uniform(0.7, 0.9)
    shape = slab(paint.shaded(0.9), width, depth, height, 0)
    shape += box(paint, (-width / 2, -depth / 2 - 0.05, 0.05), (width / 2, -depth / 2 - 0.01, height - 0.2))
    return shape + box(
        paint, (-width / 2, -depth / 2 - 0.05, height - 0.17), (width / 2, -depth / 2 - 0.01, height)
    )


def base_cabinets(rng: np.random.Generator, width: float) -> Shape:
    """Kitchen cabinets under a worktop, of given width; hollow above, so that a basin can hang in."""
    depth, height = COUNTER_DEPTH_M - 0.06, COUNTER_HEIGHT_M - 0.05
    paint = mix(rng, "wood", "white", "white")
    rows = 1 if rng.random() < 0.6 else 2
    shape = slab(paint, width, depth, height - BASIN_DEPTH_M - 0.02, 0)
    x, y = width / 2, depth / 2
    for low, high in (((-x, -y), (x, -y + 0.03)), ((-x, -y), (-x + 0.03, y)), ((x - 0.03, -y), (x, y))):
        shape += box(paint, (*low, 0.5), (*high, height))
    return shape + fronts(rng, paint, (width, depth, height), max(1, round(width / 0.5)), rows)


def worktop(
    rng: np.random.Generator,
    width: float,
    hole_x: float = 0.0,
    hole_width: float = 0.0,
    hole_depth: float = 0.0,
) -> Shape:
    """A worktop with a splash-back, perhaps with a hole for a basin around ``hole_x``; z = 0 is the floor."""
    paint = mix(rng, "stone", "wood", "stone", "white")
    under, top, x, d = COUNTER_HEIGHT_M - 0.05, COUNTER_HEIGHT_M, width / 2, COUNTER_DEPTH_M / 2
    shape = box(paint, (-x, d - 0.035, top), (x, d, top + rng.uniform(0.08, 0.16)))
    if hole_width == 0:
        return shape + box(paint, (-x, -d - 0.02, under), (x, d, top))
    left, right, half = hole_x - hole_width / 2, hole_x + hole_width / 2, hole_depth / 2
    return [
        *shape,
        *box(paint, (-x, -d - 0.02, under), (left, d, top)),
        *box(paint, (right, -d - 0.02, under), (x, d, top)),
        *box(paint, (left, -d - 0.02, under), (right, -half, top)),
        *box(paint, (left, half, under), (right, d, top)),
    ]


def island(rng: np.random.Generator) -> Shape:
    """A free-standing counter: a closed body under an overhanging top."""
    width, depth, height = rng.uniform(1.2, 2.0), rng.uniform(0.6, 0.9), rng.uniform(0.88, 1.05)
    shape = slab(mix(rng, "wood", "white", "wall"), width - 0.12, depth - 0.24, height - 0.06, 0)
    return shape + slab(mix(rng, "stone", "wood", "white"), width, depth, 0.06, height - 0.06)


def kitchen_sink(rng: np.random.Generator, width: float, depth: float) -> Shape:
    """A basin that hangs in a hole of width × depth; its rim lies on the worktop, which is at z = 0."""
    paint, rim = mix(rng, "metal", "porcelain", "metal"), 0.025
    basin = open_box(paint, width, depth, BASIN_DEPTH_M + rim, 0.03, 0.02, paint.shaded(0.85))
    shape = moved(basin, z=-BASIN_DEPTH_M)
    if width > 0.65 and rng.random() < 0.5:  # a second basin
        shape += box(paint, (-0.02, -depth / 2, -BASIN_DEPTH_M), (0.02, depth / 2, 0))
    return shape + moved(_tap(rng), y=depth / 2 - 0.015, z=0.02)


def vessel_sink(rng: np.random.Generator) -> Shape:
    """A bowl on top of a bathroom counter at z = 0."""
    paint = mix(rng, "porcelain", "porcelain", "stone")
    width, depth = rng.uniform(0.45, 0.6), rng.uniform(0.38, 0.44)
    if rng.random() < 0.5:
        bowl = _bowl(paint, 0.5, 0.13, (width, depth))
    else:
        bowl = open_box(paint, width, depth, 0.12, 0.04, 0.02, paint.shaded(0.85))
    return bowl + moved(_tap(rng), y=depth / 2 - 0.02)


def _bowl(paint: Paint, radius: float, height: float, stretch: tuple[float, float]) -> Shape:
    inner = radius * 0.84
    profile = [(0, 0), (radius * 0.7, 0), (radius, height), (inner, height), (inner * 0.6, 0.03), (0, 0.03)]
    return lathe(paint, profile, 18, stretch)


def _tap(rng: np.random.Generator) -> Shape:
    metal, height = mix(rng, "metal"), rng.uniform(0.16, 0.3)
    shape = cylinder(metal, 0.025, 0, height, 8)
    return shape + rod(metal, (0, 0.01, height), (0, -0.16, height - 0.02), 0.04)


def pedestal_sink(rng: np.random.Generator) -> Shape:
    """A wash basin on a column, or on the wall with its drain below."""
    paint = mix(rng, "porcelain")
    width, depth, top = rng.uniform(0.5, 0.65), rng.uniform(0.42, 0.5), rng.uniform(0.8, 0.88)
    shape = moved(_bowl(paint, 0.5, 0.18, (width, depth)), z=top - 0.18)
    shape += box(paint, (-width / 2, depth / 2 - 0.12, top - 0.16), (width / 2, depth / 2 + 0.02, top + 0.02))
    if rng.random() < 0.7:
        shape += lathe(paint, [(0, 0), (0.13, 0), (0.09, 0.1), (0.09, top - 0.15), (0, top - 0.15)], 10)
    else:
        shape += cylinder(mix(rng, "metal"), 0.035, 0, top - 0.15, 8)
    return shape + moved(_tap(rng), y=depth / 2 - 0.05, z=top)


def vanity(rng: np.random.Generator, width: float) -> Shape:
    """The cabinet under a bathroom counter, of given width and 0.8 m high."""
    return body(rng, (width, 0.48, 0.8), max(1, round(width / 0.45)), 1, "wood", "white", "white")


def vanity_top(rng: np.random.Generator, width: float) -> Shape:
    """A bathroom counter with a splash-back; z = 0 is the floor."""
    paint = mix(rng, "stone", "white", "stone")
    shape = box(paint, (-width / 2 - 0.02, -0.28, 0.8), (width / 2 + 0.02, 0.24, 0.85))
    return shape + box(paint, (-width / 2 - 0.02, 0.205, 0.85), (width / 2 + 0.02, 0.24, 0.95))


def toilet(rng: np.random.Generator) -> Shape:
    """A bowl with seat and lid and a cistern behind it; the lid may be up."""
    paint = mix(rng, "porcelain")
    height, length, width = rng.uniform(0.38, 0.42), rng.uniform(0.42, 0.48), rng.uniform(0.36, 0.4)
    bowl = lathe(
        paint,
        [
            (0, 0),
            (0.3, 0),
            (0.28, height * 0.4),
            (0.5, height),
            (0.4, height),
            (0.25, height - 0.12),
            (0, height - 0.14),
        ],
        16,
        (width, length),
    )
    shape = moved(bowl, y=-0.12)
    lid_open = rng.random() < 0.35
    lid = mix(rng, "porcelain") if rng.random() < 0.85 else mix(rng, "wood", "plastic")
    if lid_open:
        shape += box(lid, (-width / 2 + 0.02, 0.08, height), (width / 2 - 0.02, 0.12, height + 0.4))
    else:
        disc = lathe(lid, [(0, 0), (0.5, 0), (0.5, 0.035), (0, 0.04)], 16, (width, length))
        shape += moved(disc, y=-0.12, z=height)
    shape += box(paint, (-0.1, 0.0, 0), (0.1, 0.2, height - 0.03))
    tank, top = rng.uniform(0.19, 0.24), rng.uniform(0.72, 0.85)
    shape += cushion(paint, (-tank, 0.13, height - 0.02), (tank, 0.33, top), 0.02)
    shape += box(paint, (-tank - 0.015, 0.115, top), (tank + 0.015, 0.335, top + 0.035))
    return moved(shape, y=0.0)


def wall_hung_toilet(rng: np.random.Generator) -> Shape:
    """A bowl on the wall with the cistern hidden in a low box behind it."""
    paint, length = mix(rng, "porcelain"), rng.uniform(0.46, 0.52)
    profile = [(0, 0.08), (0.3, 0.1), (0.5, 0.4), (0, 0.4)]
    bowl = lathe(paint, profile, 16, (0.37, length))
    lid = lathe(mix(rng, "porcelain"), [(0, 0.4), (0.5, 0.4), (0.5, 0.44), (0, 0.44)], 16, (0.38, length))
    case = cushion(paint.shaded(0.97), (-0.24, 0.2, 0), (0.24, 0.34, rng.uniform(0.85, 1.1)), 0.02)
    return moved(bowl + lid, y=-0.03) + case


def built_in_tub(rng: np.random.Generator) -> Shape:
    """A tub behind an apron, for a wall along its back."""
    paint = mix(rng, "porcelain")
    apron = paint if rng.random() < 0.6 else mix(rng, "tiles")
    width, depth, height = rng.uniform(1.5, 1.75), rng.uniform(0.7, 0.8), rng.uniform(0.45, 0.58)
    tub = open_box(paint, width - 0.004, depth - 0.004, height, 0.09, 0.14, paint.shaded(0.95))
    shape = tub + box(
        apron, (-width / 2, -depth / 2 - 0.01, 0), (width / 2, -depth / 2 + 0.03, height - 0.05)
    )
    return shape + moved(_tap(rng), x=width / 2 - 0.12, z=height)


def standing_tub(rng: np.random.Generator) -> Shape:
    """An oval tub that stands free."""
    paint = mix(rng, "porcelain")
    stretch = (rng.uniform(1.5, 1.75), rng.uniform(0.7, 0.8))
    height = rng.uniform(0.5, 0.6)
    profile = [(0, 0), (0.42, 0), (0.5, height), (0.44, height), (0.36, 0.15), (0, 0.13)]
    return lathe(paint, profile, 24, stretch)


def shower_curtain(rng: np.random.Generator, width: float, top: float) -> Shape:
    """A cloth of given width that hangs from a rod at height ``top``; z = 0 is the floor."""
    paint = mix(rng, "linen", "white", "plastic")
    sheet = wavy_sheet(
        paint, width, rng.uniform(0.1, 0.3), top, rng.uniform(0.03, 0.05), width / rng.uniform(0.14, 0.22)
    )
    return sheet + rod(
        mix(rng, "metal"), (-width / 2 - 0.05, 0, top + 0.02), (width / 2 + 0.05, 0, top + 0.02), 0.035
    )


def stove(rng: np.random.Generator) -> Shape:
    """A cooker with four plates and an oven door."""
    paint, dark = mix(rng, "white", "metal", "metal"), mix(rng, "screen")
    shape = slab(paint, 0.6, 0.6, COUNTER_HEIGHT_M - 0.02, 0)
    shape += box(dark, (-0.25, -0.33, 0.2), (0.25, -0.3, 0.65)) + slab(
        dark, 0.56, 0.52, 0.02, COUNTER_HEIGHT_M - 0.02
    )
    shape += rod(mix(rng, "metal"), (-0.22, -0.35, 0.72), (0.22, -0.35, 0.72), 0.035)
    return shape + box(
        paint, (-0.3, 0.26, COUNTER_HEIGHT_M), (0.3, 0.3, COUNTER_HEIGHT_M + rng.uniform(0.02, 0.16))
    )


def washing_machine(rng: np.random.Generator) -> Shape:
    """A front loader with a round door."""
    paint = mix(rng, "white", "white", "metal")
    shape = slab(paint, 0.6, 0.58, 0.85, 0)
    turn = np.arange(16) * 2 * math.pi / 16
    ring = [(0.19 * math.cos(a), 0.19 * math.sin(a)) for a in turn]
    door = mix(rng, "screen", "metal")
    for (x0, z0), (x1, z1) in zip(ring, ring[1:] + ring[:1], strict=True):
        shape += rod(door, (x0, -0.31, 0.45 + z0), (x1, -0.31, 0.45 + z1), 0.05)
    return shape + box(mix(rng, "plastic"), (-0.28, -0.31, 0.72), (0.28, -0.29, 0.82))
