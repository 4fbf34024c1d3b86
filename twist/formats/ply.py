"""PLY files: every scalar vertex property and the faces, in ASCII and both binary byte orders."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from twist.errors import TwistError
from twist.files import atomic_write
from twist.formats.ply_body import Table, read_rows
from twist.formats.ply_header import TYPE_NAMES, Element, Header, parse_header
from twist.geometry.mesh import strip_triangles

_FACES = ("face", "tristrips")
_CORNERS = ("vertex_indices", "vertex_index")
_LONGEST_HEADER = 1 << 16  # bytes; ours are under a kilobyte


@dataclass(frozen=True)
class Ply:
    """The vertices and triangles of one PLY file.

    path: the file they were read from
    vertex: property name -> (N,) array of the file's own type, in the file's order
    faces: (F, 3) int32 vertex indices; polygons are cut into fans, strips into triangles; F = 0 for a bare
    point cloud
    """

    path: Path
    vertex: dict[str, np.ndarray]
    faces: np.ndarray

    def columns(self, *names: str) -> np.ndarray:
        """Vertex properties side by side, (N, len(names)), in their common type.

        Raises TwistError when the file lacks one.
        """
        missing = [name for name in names if name not in self.vertex]
        if missing:
            raise TwistError(f"{self.path} has no vertex property {', '.join(missing)}")
        return np.stack([self.vertex[name] for name in names], axis=1)

    @property
    def xyz(self) -> np.ndarray:
        """(N, 3) float32, in the file's unit; unchanged bit for bit where the file holds float32."""
        with np.errstate(over="ignore"):  # what is too large becomes inf, which Scene refuses
            return self.columns("x", "y", "z").astype(np.float32)

    @property
    def rgb(self) -> np.ndarray:
        """(N, 3) uint8. Raises TwistError for colours that are missing or not 8 bit."""
        colours = self.columns("red", "green", "blue")
        if colours.dtype != np.uint8:
            raise TwistError(f"{self.path} stores colours as {colours.dtype}; expected uchar, 0 to 255")
        return colours


def read_ply(path: str | Path, *, with_faces: bool = True) -> Ply:
    """Read a PLY file. See ``Ply`` for what it holds; other elements and list properties are skipped.

    with_faces: False leaves out the faces, which are then none.
    Raises TwistError for a missing or truncated file, a malformed header (with its line), counts that do not
    fit the data, and faces that point outside the vertices.
    """
    path = Path(path)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise TwistError(f"cannot read {path}: {error.strerror or error}") from error
    header = parse_header(path, data, len(data))
    tables = read_rows(path, data, header, {"vertex", *_FACES} if with_faces else {"vertex"})
    scalars = [
        prop.name
        for element in header.elements
        for prop in element.properties
        if element.name == "vertex" and not prop.count_dtype
    ]
    if not scalars:
        raise TwistError(f"{path} has no vertices with properties")
    vertex = {name: np.asarray(tables["vertex"][name]) for name in scalars}
    faces = _triangles(path, tables if with_faces else {}, len(vertex[scalars[0]]))
    return Ply(path, vertex, faces)


def count_vertices(path: str | Path) -> int:
    """Number of vertices as the header has it, without reading the body.

    Raises TwistError for a file that cannot be read, a malformed header, and a file that is too short for
    what its header announces, were all its faces triangles.
    """
    path = Path(path)
    try:
        size = path.stat().st_size
        with open(path, "rb") as handle:
            start = handle.read(_LONGEST_HEADER)
    except OSError as error:
        raise TwistError(f"cannot read {path}: {error.strerror or error}") from error
    header = parse_header(path, start, size)
    least = header.size + sum(element.count * _least_row(element, header) for element in header.elements)
    if size < least:
        raise TwistError(f"{path} is truncated: {size} bytes, and its header announces at least {least}")
    return next((element.count for element in header.elements if element.name == "vertex"), 0)


def _least_row(element: Element, header: Header) -> int:
    """Bytes of the shortest row that makes sense."""
    if header.encoding == "ascii":
        return 2 * len(element.properties) - 1
    row = 0
    for prop in element.properties:
        length = 1 if not prop.count_dtype else 3 if prop.name in _CORNERS else 0
        row += length * np.dtype(prop.dtype).itemsize
        row += np.dtype(prop.count_dtype).itemsize if prop.count_dtype else 0
    return row


def write_ply(path: str | Path, vertex: dict[str, np.ndarray], faces: np.ndarray | None = None) -> None:
    """Write a binary little-endian PLY, atomically.

    vertex: property name -> (N,) array of an 8 to 32 bit integer or 32 or 64 bit float type
    faces: (F, 3) vertex indices, or None for a bare point cloud
    """
    n = len(next(iter(vertex.values())))
    header = ["ply", "format binary_little_endian 1.0", f"element vertex {n}"]
    header += [f"property {TYPE_NAMES[values.dtype.str[1:]]} {name}" for name, values in vertex.items()]
    rows = np.empty(n, [(name, values.dtype.newbyteorder("<")) for name, values in vertex.items()])
    for name, values in vertex.items():
        rows[name] = values
    triangles = np.empty(0 if faces is None else len(faces), [("count", "u1"), ("corners", "<i4", 3)])
    if faces is not None:
        triangles["count"], triangles["corners"] = 3, faces
        header += [f"element face {len(faces)}", "property list uchar int vertex_indices"]
    with atomic_write(path) as handle:
        handle.write("\n".join([*header, "end_header", ""]).encode())
        handle.write(rows.tobytes())
        handle.write(triangles.tobytes())


def _triangles(path: Path, tables: dict[str, Table], n: int) -> np.ndarray:
    polygons, strips = (_corners(tables.get(element, {})) for element in _FACES)
    faces = (
        _fans(polygons)
        if isinstance(polygons, np.ndarray)
        else np.concatenate([np.zeros((0, 3), np.int32), *(_fans(polygon[None]) for polygon in polygons)])
    )
    if len(strips):
        faces = np.concatenate([faces, *(part for strip in strips for part in _strips(strip))])
    if faces.dtype.kind == "f":
        raise TwistError(f"{path} stores vertex indices as floating-point numbers")
    if len(faces) and not (faces.min() >= 0 and faces.max() < n):
        wrong = faces[((faces < 0) | (faces >= n)).any(axis=1)][0].tolist()
        raise TwistError(f"{path}: a face has corners {wrong}, outside the {n} vertices")
    return np.ascontiguousarray(faces, np.int32)


def _corners(table: Table) -> np.ndarray | list[np.ndarray]:
    return next((table[name] for name in _CORNERS if name in table), np.zeros((0, 3), np.int32))


def _strips(corners: np.ndarray) -> list[np.ndarray]:
    """(…, 3) triangles of each strip of a list of corners; -1 parts the strips."""
    strips = np.split(corners, np.flatnonzero(corners == -1))
    return [strip_triangles(strip[strip != -1]) for strip in strips]


def _fans(polygons: np.ndarray) -> np.ndarray:
    """(P, C) corners -> (P * (C - 2), 3): each polygon as a fan around its first corner."""
    corners = polygons.shape[1]
    if corners == 3:
        return polygons
    fans = [polygons[:, [0, i, i + 1]] for i in range(1, corners - 1)]
    return np.concatenate(fans, axis=1).reshape(-1, 3) if fans else np.zeros((0, 3), np.int32)
