"""The unit of a scan and which of its axes points up, told from its points. The limits are our choice."""

from __future__ import annotations

import numpy as np

from twist.errors import TwistError

#: Metres in a unit.
UNITS = {"m": 1.0, "cm": 0.01, "mm": 0.001, "in": 0.0254, "ft": 0.3048}
_NAMES = {"m": "metres", "cm": "centimetres", "mm": "millimetres", "in": "inches", "ft": "feet"}
#: Rows: where the working axes x, y, z point in the file's axes. All are rotations, none a mirror image.
AXES = {
    "z": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "y": ((1, 0, 0), (0, 0, -1), (0, 1, 0)),
    "x": ((0, 1, 0), (0, 0, 1), (1, 0, 0)),
    "-z": ((1, 0, 0), (0, -1, 0), (0, 0, -1)),
    "-y": ((1, 0, 0), (0, 0, 1), (0, -1, 0)),
    "-x": ((0, 1, 0), (0, 0, -1), (-1, 0, 0)),
}

#: What indoor scans are, in metres: their longest side, their least height, and the distance between points.
LONGEST_M, _WIDE_ENOUGH, _SPACING = 300.0, 0.5, 0.3
_USUAL_HEIGHT = 2.5
#: No hall is higher, so what is may be a room in another unit.
_HIGHEST_M = 40.0
#: Cosine to an axis from which on a surface counts as facing it: 15 degrees.
_FACING = 0.966


def extent_of(xyz: np.ndarray) -> np.ndarray:
    """(3,) sides of the box that holds all points but 1 % at either end of each axis: strays do not count."""
    low, high = np.percentile(xyz[:: max(1, len(xyz) // 200_000)], (1, 99), axis=0)
    return np.asarray(high - low, np.float64)


def unit_of(extent: np.ndarray, spacing: float | None, up: str) -> str:
    """The unit in which a scan is an indoor scan: metres where they can be, else centi- or millimetres.

    Metres can be where the scan is no higher than a hall, or no other unit fits.

    extent: (3,) of ``extent_of``, in the unit asked for; spacing: distance between neighbouring points, the
    same; up: a key of AXES. Raises TwistError where no unit fits, with the sides as metres.
    """
    sizes = [unit for unit in ("m", "cm", "mm") if _WIDE_ENOUGH <= extent.max() * UNITS[unit] <= LONGEST_M]
    dense = [unit for unit in sizes if spacing is None or spacing * UNITS[unit] <= _SPACING]
    fitting = dense or sizes  # a scan of few points is as wide as another, but not as dense
    height = float(np.abs(AXES[up][2]) @ extent)
    if ("m" in fitting and (height <= _HIGHEST_M or len(fitting) == 1)) or extent.max() < _WIDE_ENOUGH:
        return "m"
    if not fitting:
        raise TwistError(
            f"the scan measures {_sides(extent)} in its own unit, which is no room in "
            f"metres, centimetres or millimetres; give its unit with --unit {'|'.join(UNITS)}"
        )
    return min(fitting, key=lambda unit: abs(np.log(height * UNITS[unit] / _USUAL_HEIGHT)))


def describe_unit(unit: str, extent: np.ndarray, given: bool) -> str:
    """One line on the unit and the scan's size in metres."""
    sides = f"{_sides(extent * UNITS[unit])} m"
    if given or unit == "m":
        return f"{sides}, the file's unit is {_NAMES[unit]}"
    return f"taken as {_NAMES[unit]}, since that makes it {sides}; --unit says otherwise"


def _sides(extent: np.ndarray) -> str:
    return " x ".join(f"{side:.3g}" for side in extent)


def likely_up(normal: np.ndarray, extent: np.ndarray) -> str | None:
    """Another axis than z that seems to point up, ``x`` or ``y``; None where z may well do.

    normal: (N, 3) unit or zero; extent: (3,). Floors, ceilings and table tops make the vertical the axis that
    most surface faces, and rooms are wider than high. Both must speak clearly for another axis than z.
    """
    facing = (np.abs(normal) > _FACING).mean(axis=0)
    best = int(np.argmax(facing))
    clear = facing[best] > 1.4 * facing[2] and extent[best] < 0.8 * extent[2]
    return "xyz"[best] if best != 2 and clear else None
