"""LAS and LAZ, the format of laser scanners and surveys, through laspy."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from twist.errors import TwistError
from twist.formats.scans.record import ScanFile, as_bytes


def read_las(path: Path) -> ScanFile:
    """Read coordinates, float64, and colours where the points have them; the format's z axis is up.

    Raises TwistError for files that are damaged or truncated.
    """
    import laspy  # noqa: PLC0415  half a second to import

    try:
        with laspy.open(path) as reader:
            announced = reader.header.point_count
            points = reader.read()
            xyz = np.stack([np.asarray(points[axis], np.float64) for axis in "xyz"], axis=1)
            names = set(points.point_format.dimension_names)
            colours = None
            if {"red", "green", "blue"} <= names:
                colours = np.stack([np.asarray(points[name]) for name in ("red", "green", "blue")], axis=1)
    except Exception as error:  # laspy and its decompressor raise whatever damaged bytes lead them to
        raise TwistError(
            f"{path} is not a whole LAS or LAZ file ({error or type(error).__name__})"
        ) from error
    if len(xyz) != announced:
        raise TwistError(
            f"{path} is truncated: {len(xyz)} points of the {announced} that its header announces"
        )
    if colours is not None and not colours.any():
        note = "all its colours are black, so they are taken as missing"
        return ScanFile(path, xyz, up="z", notes=(note,))
    return ScanFile(path, xyz, None if colours is None else as_bytes(colours, path), up="z")
