"""ScanFile: one scan of whatever format, as its file has it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from twist.errors import TwistError

#: Colour of points without one: the middle of what networks are given.
GREY = 127


@dataclass(frozen=True)
class ScanFile:
    """The points of one file, in its own order, unit and axes.

    xyz: (N, 3) float32 or float64; NaN and infinite where the file has no coordinates
    rgb: (N, 3) uint8, or None for a file without colours
    faces: (F, 3) int32 point indices, given as any whole numbers; F = 0 for a point cloud
    up: the axis that the format defines as upwards, such as ``y``; None where it defines none
    notes: what was left out or guessed, one line each
    """

    path: Path
    xyz: np.ndarray
    rgb: np.ndarray | None = None
    faces: np.ndarray = field(default_factory=lambda: np.zeros((0, 3), np.int32))
    up: str | None = None
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Check faces and have them as int32.

        Raises TwistError for a scan without points and for faces that point outside them.
        """
        n = len(self.xyz)
        if n == 0:
            raise TwistError(f"{self.path} has no points")
        if len(self.faces) and not (self.faces.min() >= 0 and self.faces.max() < n):
            raise TwistError(f"{self.path}: a face has a corner outside the {n} points")
        object.__setattr__(self, "faces", self.faces.astype(np.int32, copy=False))

    def __len__(self) -> int:
        return len(self.xyz)


def as_bytes(colours: np.ndarray, path: Path) -> np.ndarray:
    """Colours (N, 3) as uint8: 0 to 255 as they are, fractions up to 1 and 16 bit numbers scaled.

    A point with NaN among its colours is grey. Raises TwistError for what are no numbers, and for negative
    and larger ones; fractions may lie a little beyond, as writers that interpolate or round leave them.
    """
    if colours.dtype.kind not in "fiu":
        raise TwistError(f"{path}: colours are {colours.dtype}; expected numbers, 0 to 255 or 0 to 1")
    if colours.dtype == np.uint8:
        return np.ascontiguousarray(colours)
    missing = ~np.isfinite(colours).all(axis=1)
    if missing.any():
        result = np.full(colours.shape, GREY, np.uint8)
        result[~missing] = as_bytes(colours[~missing], path)
        return result
    highest, lowest = colours.max(initial=0), colours.min(initial=0)
    floating = colours.dtype.kind == "f"
    full = 1 if floating and highest < 1.5 else 255 if highest <= (511 if floating else 255) else 65535
    if lowest < (-0.02 * full if floating else 0) or highest > 65535:
        raise TwistError(f"{path}: colours go from {lowest:g} to {highest:g}; expected 0 to 255, or 0 to 1")
    colours = colours.clip(0, full)
    scaled = colours * 255.0 if full == 1 else colours / 257.0 if full == 65535 else colours
    return np.round(scaled).astype(np.uint8)


def read_bytes(path: Path) -> bytes:
    """The whole file. Raises TwistError where it cannot be read."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise TwistError(f"cannot read {path}: {error.strerror or error}") from error


def quoted(line: bytes) -> str:
    """The start of a line of a file, for an error."""
    return repr(line[:60].strip().decode(errors="replace"))
