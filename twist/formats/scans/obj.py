"""Wavefront OBJ: vertices, their colours where they are written behind the coordinates, and faces."""

from __future__ import annotations

from codecs import BOM_UTF8
from pathlib import Path

import numpy as np

from twist.errors import TwistError
from twist.formats.scans.record import ScanFile, as_bytes, quoted, read_bytes


def read_obj(path: Path) -> ScanFile:
    """Read all objects of the file as one mesh; polygons are cut into fans, textures are not read.

    Raises TwistError naming the line of a vertex or face that is not understood.
    """
    vertices: list[list[float]] = []
    corners: list[int] = []
    textured = False
    for number, line in enumerate(read_bytes(path).removeprefix(BOM_UTF8).splitlines(), 1):
        kind, *words = line.split(b"#", 1)[0].split() or [b""]
        try:
            if kind == b"v":
                vertices.append([float(word) for word in words])
            elif kind == b"f":
                polygon = [_index(word, len(vertices)) for word in words]
                for k in range(1, len(polygon) - 1):
                    corners += (polygon[0], polygon[k], polygon[k + 1])
            textured = textured or kind == b"vt"
        except ValueError as error:
            raise TwistError(f"{path}:{number}: not understood: {quoted(line)}") from error
    widths = {len(vertex) for vertex in vertices}
    if len(widths) > 1 or not widths <= {3, 4, 6, 7}:
        raise TwistError(f"{path}: vertices must all be x y z or x y z r g b; found {sorted(widths)} numbers")
    if not vertices:
        raise TwistError(f"{path} has no points")
    rows = np.array(vertices, np.float64)
    coloured = rows.shape[1] >= 6
    # of seven numbers the fourth is the weight that OBJ allows, always 1, or the last one is alpha
    first = 4 if rows.shape[1] == 7 and (rows[:, 3] == 1).all() else 3
    rgb = as_bytes(rows[:, first : first + 3], path) if coloured else None
    notes = () if coloured or not textured else ("its colours lie in a texture, which is read from GLB only",)
    if corners and not (min(corners) >= 0 and max(corners) < len(rows)):
        raise TwistError(f"{path}: a face has a corner outside the {len(rows)} vertices")
    faces = np.array(corners, np.int32).reshape(-1, 3)
    return ScanFile(path, rows[:, :3].copy(), rgb, faces, notes=notes)


def _index(word: bytes, vertices: int) -> int:
    """Index of a face's corner ``3/1/2``: from 1, or from the last vertex so far where negative."""
    number = int(word.split(b"/", 1)[0])
    if number == 0:
        raise ValueError("indices count from 1")
    return number - 1 if number > 0 else vertices + number
