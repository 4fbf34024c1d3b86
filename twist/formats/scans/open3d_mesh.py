"""Mesh formats that are rare for scans, through open3d."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from twist.errors import TwistError
from twist.formats.scans.record import ScanFile, as_bytes


def read_with_open3d(path: Path) -> ScanFile:
    """Read vertices, colours and triangles of an OFF, STL or FBX file.

    Raises TwistError where open3d cannot be imported, for want of system libraries, or reads nothing.
    """
    try:
        import open3d  # noqa: PLC0415  900 MB, and libraries that a bare system lacks
    except (ImportError, OSError) as error:
        raise TwistError(
            f"{path.suffix} is read by open3d, which cannot start here ({error}). Install libgl1, "
            "libegl1, libx11-6, libusb-1.0-0 and libgomp1, or save the scan as PLY"
        ) from error
    with open3d.utility.VerbosityContextManager(open3d.utility.VerbosityLevel.Error):
        mesh = open3d.io.read_triangle_mesh(str(path))
    xyz = np.asarray(mesh.vertices, np.float64).copy()
    if len(xyz) == 0:
        raise TwistError(f"open3d finds no vertices in {path}; is it damaged?")
    rgb = as_bytes(np.asarray(mesh.vertex_colors), path) if mesh.has_vertex_colors() else None
    return ScanFile(path, xyz, rgb, np.asarray(mesh.triangles, np.int32).copy())
