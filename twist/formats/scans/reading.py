"""Any scan file, recognised by its first bytes, else by its extension."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from twist.errors import TwistError
from twist.formats.ply import read_ply
from twist.formats.scans.gltf import read_gltf
from twist.formats.scans.las import read_las
from twist.formats.scans.obj import read_obj
from twist.formats.scans.open3d_mesh import read_with_open3d
from twist.formats.scans.pcd import read_pcd
from twist.formats.scans.record import ScanFile, as_bytes
from twist.formats.scans.text import read_array, read_text

_PLY_COLOURS = (("red", "green", "blue"), ("diffuse_red", "diffuse_green", "diffuse_blue"), ("r", "g", "b"))


@dataclass(frozen=True)
class _Format:
    """suffixes: of its files' names; starts: what its files begin with, () where nothing tells them."""

    name: str
    suffixes: tuple[str, ...]
    read: Callable[[Path], ScanFile]
    starts: tuple[bytes, ...] = ()


def read_scan(path: str | Path) -> ScanFile:
    """Read a mesh or point cloud of any format that is known.

    Files that tell by their first bytes what they are may have any name; a name that says otherwise is noted.
    Raises TwistError for a file that is missing, empty, damaged or of an unknown format.
    """
    path = Path(path)
    if path.is_dir():
        raise TwistError(f"{path} is a folder; give the file of one scan")
    try:
        with open(path, "rb") as handle:
            start = handle.read(16)
    except OSError as error:
        raise TwistError(f"cannot read {path}: {error.strerror or error}") from error
    if not start:
        raise TwistError(f"{path} is empty")
    named = next((known for known in _FORMATS if path.suffix.lower() in known.suffixes), None)
    found = next((known for known in _FORMATS if start.startswith(known.starts)), named)
    if found is None:
        raise TwistError(f"{path} is of no format that is read: {' '.join(scan_suffixes())}")
    scan = found.read(path)
    if named is not None and named is not found:
        scan = replace(
            scan, notes=(f"the file is {found.name}, though its name says {named.name}", *scan.notes)
        )
    return scan


def scan_suffixes() -> tuple[str, ...]:
    """Extensions of the files that ``read_scan`` reads, in lower case."""
    return tuple(suffix for known in _FORMATS for suffix in known.suffixes)


def scans_in(folder: Path) -> dict[str, Path]:
    """The scan files of a folder by name, their extension left out, in order; hidden ones are none.

    Raises TwistError for a folder that does not exist, and where two files have one name.
    """
    if not folder.is_dir():
        raise TwistError(f"{folder} is not a folder; put scans there, or name another in config.yaml: scans")
    found: dict[str, Path] = {}
    for path in sorted(folder.iterdir()):
        hidden = path.name.startswith(".")  # such as what macOS leaves beside each file: ._kitchen.ply
        if path.suffix.lower() in scan_suffixes() and not hidden and path.is_file():
            if path.stem in found:
                raise TwistError(f"{found[path.stem]} and {path.name} have one name; rename one")
            found[path.stem] = path
    return found


def _read_ply(path: Path) -> ScanFile:
    ply = read_ply(path)
    xyz = ply.columns("x", "y", "z")
    spelt = {name.lower(): name for name in ply.vertex}  # "Red" in some files
    names = next((names for names in _PLY_COLOURS if set(names) <= spelt.keys()), None)
    rgb = as_bytes(ply.columns(*(spelt[name] for name in names)), path) if names else None
    return ScanFile(path, xyz if xyz.dtype.kind == "f" else xyz.astype(np.float64), rgb, ply.faces)


_FORMATS = (
    _Format("PLY", (".ply",), _read_ply, (b"ply\n", b"ply\r", b"ply ", b"ply\t")),
    _Format("PCD", (".pcd",), read_pcd, (b"# .PCD", b"VERSION ")),
    _Format("GLB", (".glb", ".gltf"), read_gltf, (b"glTF",)),
    _Format("LAS", (".las", ".laz"), read_las, (b"LASF",)),
    _Format("numpy", (".npy", ".npz"), read_array, (b"\x93NUMPY",)),
    _Format("OBJ", (".obj",), read_obj),
    _Format("text", (".xyz", ".txt", ".csv", ".pts", ".asc", ".xyzrgb", ".xyzn"), read_text),
    _Format("mesh", (".off", ".stl", ".fbx"), read_with_open3d),
)
