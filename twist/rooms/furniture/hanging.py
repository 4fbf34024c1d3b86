"""What hangs on walls and fills their openings: pictures, mirrors, boards, curtains, windows and doors.

Wall things have the wall at y = 0 and protrude towards -y; they are centred on x = 0.
"""

from __future__ import annotations

import math

import numpy as np

from twist.rooms.paint import Paint, mix
from twist.rooms.shapes import Shape, box, mirrored, moved, rod, turned, wavy_sheet


def picture(rng: np.random.Generator) -> Shape:
    """A framed print or a canvas, 3 to 6 cm thick, or no scan would show it; z = 0 is its lower edge."""
    width, height = rng.uniform(0.4, 1.1), rng.uniform(0.4, 0.85)
    base = mix(rng, "linen", "fabric", "plastic")
    canvas = Paint(base.rgb, "print", rng.uniform(0.2, 0.5), rng.uniform(0.1, 0.3), rng.uniform(0, 100))
    deep = rng.uniform(0.03, 0.06)
    if rng.random() < 0.35:
        return box(canvas, (-width / 2, -deep, 0), (width / 2, 0, height))
    frame = mix(rng, "wood", "metal", "white", "plastic")
    return _framed(frame, canvas, width, height, deep, rng.uniform(0.03, 0.07))


def _framed(frame: Paint, pane: Paint, width: float, height: float, deep: float, bar: float) -> Shape:
    w = width / 2
    return [
        *box(pane, (-w + bar, -deep * 0.6, bar), (w - bar, 0, height - bar)),
        *box(frame, (-w, -deep, 0), (w, 0, bar)),
        *box(frame, (-w, -deep, height - bar), (w, 0, height)),
        *box(frame, (-w, -deep, bar), (-w + bar, 0, height - bar)),
        *box(frame, (w - bar, -deep, bar), (w, 0, height - bar)),
    ]


def mirror(rng: np.random.Generator) -> Shape:
    """A mirror; a depth camera hardly sees its glass."""
    glass = mix(rng, "glass")
    return _framed(
        mix(rng, "wood", "metal", "white"), glass, rng.uniform(0.5, 1.0), rng.uniform(0.6, 0.95), 0.04, 0.05
    )


def whiteboard(rng: np.random.Generator) -> Shape:
    return _framed(
        mix(rng, "metal"), mix(rng, "porcelain"), rng.uniform(1.2, 2.2), rng.uniform(0.9, 1.2), 0.035, 0.04
    )


def television(rng: np.random.Generator) -> Shape:
    """A flat screen on the wall."""
    width = rng.uniform(0.8, 1.4)
    return _framed(mix(rng, "screen"), mix(rng, "screen"), width, width * 0.57, 0.07, 0.03)


def curtain(rng: np.random.Generator, width: float, top: float, bottom: float) -> Shape:
    """A hanging cloth of given width between two heights above the floor, 12 cm before the wall."""
    paint = mix(rng, "linen", "fabric", "linen")
    sheet = wavy_sheet(
        paint, width, bottom, top, rng.uniform(0.025, 0.045), max(2.0, width / rng.uniform(0.12, 0.2))
    )
    return moved(sheet, y=-0.12)


def curtain_rod(rng: np.random.Generator, width: float, top: float) -> Shape:
    return rod(mix(rng, "metal", "wood"), (-width / 2, -0.12, top), (width / 2, -0.12, top), 0.04)


def blinds(rng: np.random.Generator, width: float, height: float) -> Shape:
    """Slats in front of a window; z = 0 is its lower edge, some are half drawn up."""
    paint = mix(rng, "white", "linen")
    start = height * rng.choice([0.0, 0.0, 0.5])
    shape = box(paint, (-width / 2, -0.09, height - 0.06), (width / 2, -0.02, height))
    for z in np.arange(start, height - 0.08, 0.06):
        slat = box(paint, (-width / 2, -0.025, -0.004), (width / 2, 0.025, 0.004))
        shape += moved(turned(slat, 0.6, axis=0), y=-0.055, z=z + 0.03)
    return shape


def window(rng: np.random.Generator, width: float, height: float, recess: float) -> Shape:
    """Casing, sill, sashes and panes in an opening of width × height; z = 0 is its lower edge.

    The casing stands 3 cm out of the wall; sashes and panes lie ``recess`` behind it.
    """
    frame, glass = mix(rng, "white", "white", "wood", "metal"), mix(rng, "glass")
    bar, w = rng.uniform(0.05, 0.09), width / 2
    shape = [
        *box(frame, (-w - bar, -0.03, -bar), (w + bar, 0.01, 0)),
        *box(frame, (-w - bar, -0.03, height), (w + bar, 0.01, height + bar)),
        *box(frame, (-w - bar, -0.03, 0), (-w, 0.01, height)),
        *box(frame, (w, -0.03, 0), (w + bar, 0.01, height)),
        *box(frame, (-w - bar, -rng.uniform(0.05, 0.12), -bar - 0.03), (w + bar, 0, -bar)),
    ]
    sashes = max(1, round(width / rng.uniform(0.6, 0.9)))
    for k in range(sashes):
        sash = _framed(frame, glass, width / sashes, height, 0.05, 0.06)
        shape += moved(sash, x=-w + (k + 0.5) * width / sashes, y=recess)
    if rng.random() < 0.4:
        shape += box(frame, (-w, recess - 0.05, height * 0.48), (w, recess, height * 0.52))
    return shape


def casing(rng: np.random.Generator, width: float, height: float) -> Shape:
    """The frame of a doorway without a door."""
    return _casing(rng, mix(rng, "wood", "white"), width, height)


def _casing(rng: np.random.Generator, paint: Paint, width: float, height: float) -> Shape:
    """A casing around a doorway that stands 3 cm out of the wall."""
    bar, w = rng.uniform(0.06, 0.1), width / 2
    left = box(paint, (-w - bar, -0.03, 0), (-w, 0.02, height))
    right = box(paint, (w, -0.03, 0), (w + bar, 0.02, height))
    return left + right + box(paint, (-w - bar, -0.03, height), (w + bar, 0.02, height + bar))


def door(rng: np.random.Generator, width: float, height: float, recess: float, ajar: float) -> Shape:
    """A door leaf with its casing; ``ajar`` is its angle into the room, radians; hinged at one side."""
    paint = mix(rng, "wood", "white", "wood")
    frame = paint if rng.random() < 0.5 else mix(rng, "white", "wood", "metal")
    knob = mix(rng, "metal")
    leaf = box(paint, (0, -0.02, 0.01), (width, 0.025, height))
    panels = int(rng.integers(3))
    for k in range(panels):
        low, high = 0.2 + k * 0.95, min(height - 0.15, 0.2 + k * 0.95 + 0.8)
        leaf += box(paint.shaded(0.92), (0.14, -0.035, low), (width - 0.14, -0.02, high))
    for y in (-0.02, 0.025):
        side = math.copysign(0.07, y)
        leaf += rod(knob, (width - 0.08, y, 1.0), (width - 0.08, y + side, 1.0), 0.035)
        leaf += rod(knob, (width - 0.08, y + side, 1.0), (width - 0.2, y + side, 1.0), 0.035)
    leaf = turned(leaf, -ajar)
    leaf = moved(leaf, x=-width / 2, y=recess if ajar == 0 else 0.0)
    if rng.random() < 0.5:
        leaf = mirrored(leaf)
    return leaf + _casing(rng, frame, width, height)


def radiator(rng: np.random.Generator) -> Shape:
    """A panel or column radiator; z = 0 is the floor."""
    paint = mix(rng, "white", "white", "metal")
    width, low, high = rng.uniform(0.6, 1.4), rng.uniform(0.1, 0.16), rng.uniform(0.6, 0.8)
    if rng.random() < 0.5:
        return box(paint, (-width / 2, -0.12, low), (width / 2, -0.03, high))
    shape: Shape = []
    for x in np.arange(-width / 2, width / 2, 0.1):
        shape += box(paint, (x, -0.15, low), (x + 0.06, -0.04, high))
    shape += box(paint, (-width / 2, -0.12, low), (width / 2, -0.07, low + 0.05))
    return shape + box(paint, (-width / 2, -0.12, high - 0.05), (width / 2, -0.07, high))
