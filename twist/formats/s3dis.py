"""S3DIS raw rooms (Stanford3dDataset_v1.2): one text file of coloured points an object."""

from __future__ import annotations

import filecmp
import re
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from twist.classes import S3DIS
from twist.errors import TwistError
from twist.files import unlinked
from twist.formats.report import ReadReport
from twist.formats.s3dis_points import read_points
from twist.scene import Scene

_OBJECT_FILE = re.compile(r"([A-Za-z]+)_\d+\.txt")
#: What a browser makes of a second download, such as ``wall_3 (1).txt``; the release holds one.
_COPY = re.compile(r"(.+?) ?\(\d+\)\.txt")
_CLUTTER = S3DIS.names.index("clutter")


def areas_folder(raw: str | Path) -> Path:
    """The folder that holds ``Area_1``, …: ``raw`` itself, or the one unpacked release in it.

    Raises TwistError where there is none, or both the plain and the aligned release.
    """
    raw = Path(raw)
    if _folders(raw, "Area_"):
        return raw
    inside = [folder for folder in _folders(raw, "Stanford3dDataset") if _folders(folder, "Area_")]
    if len(inside) != 1:
        found = f"{raw} holds " + (" and ".join(folder.name for folder in inside) or "no folders Area_*")
        raise TwistError(f"{found}; data.raw must be one unpacked Stanford3dDataset_v1.2, aligned or not")
    return inside[0]


def list_rooms(raw: str | Path) -> dict[str, Path]:
    """Every room below the data set's folder: name such as ``Area_1_office_1`` -> folder, sorted by name.

    A folder without annotations is no room; ``missing_rooms`` tells of those that a list expects.
    """
    rooms = {
        f"{area.name}_{room.name}": room
        for area in _folders(areas_folder(raw), "Area_")
        for room in _folders(area)
        if (room / "Annotations").is_dir()
    }
    if not rooms:
        raise TwistError(f"no rooms Area_*/*/Annotations in {raw}")
    return dict(sorted(rooms.items()))


def _folders(folder: Path, start: str = "") -> list[Path]:
    """The folders in a folder whose name begins so, sorted; none in what is no folder.

    Raises PermissionError for one that cannot be looked into, where ``Path.glob`` would find nothing.
    """
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir() if path.name.startswith(start) and path.is_dir())


def missing_rooms(raw: str | Path, names: Iterable[str]) -> list[str]:
    """Those of the rooms that are not in the data set's folder with their annotations, sorted."""
    return sorted(set(names) - list_rooms(raw).keys())


def find_room(raw: str | Path, name: str) -> Path:
    """Folder of a room named ``Area_1_office_1``: RAW/Area_1/office_1."""
    parts = re.fullmatch(r"(Area_[^_]+)_(.+)", name)
    folder = areas_folder(raw).joinpath(*parts.groups()) if parts else None
    if folder is None or not folder.is_dir():
        raise TwistError(f"room {name} is not in {raw}; expected a name like Area_1_office_1")
    return folder


def source_files(folder: str | Path) -> list[Path]:
    """The files of a room that ``read_room`` looks at."""
    folder, silent = Path(folder), ReadReport()
    angles = _angle_file(folder)
    files = [*annotation_files(folder, silent), _room_file(folder, silent), angles]
    return [path for path in files if path is not None and path.is_file()]


def read_room(folder: str | Path) -> tuple[Scene, ReadReport]:
    """One S3DIS room from its folder ``Area_N/ROOM``: the points of its annotation files, one after another.

    The raw instance id is the running number of the annotation file in sorted order. Classes that the
    benchmark does not have (``stairs``) become clutter. The room type, such as office, is the scene type.
    The plain release names each area's rotations in ``Area_N_alignmentAngle.txt``: they become the axis
    alignment; the aligned release has no such file. Every defect that is mended or left out is reported.
    Raises TwistError naming file and line for what cannot be read in one way only.
    """
    folder = Path(folder)
    room, area = unlinked(folder).name, unlinked(folder).parent.name
    report = ReadReport(scene_type=room.rpartition("_")[0] or None)
    paths = annotation_files(folder, report)
    if not paths:
        raise TwistError(f"{folder} has no annotation files Annotations/*.txt")
    classes = [_class_of(path, report) for path in paths]
    parts = [read_points(path, report) for path in paths]
    sizes = [len(xyz) for xyz, _ in parts]
    if sum(sizes) == 0:
        raise TwistError(f"{folder}: all annotation files are empty")
    _compare_with_room(_room_file(folder, report), sum(sizes), report)
    scene = Scene(
        name=f"{area}_{room}",
        xyz=np.concatenate([xyz for xyz, _ in parts]),
        rgb=np.concatenate([rgb for _, rgb in parts]),
        faces=np.zeros((0, 3), np.int32),
        semantic=np.repeat(np.array(classes, np.int32), sizes),
        instance=np.repeat(np.arange(len(paths), dtype=np.int32), sizes),
        axis_alignment=_axis_alignment(folder, report),
    )
    return scene, report


def annotation_files(folder: Path, report: ReadReport) -> list[Path]:
    """The object files of a room, sorted by name; strays and second copies are left out and reported."""
    objects, annotations = [], folder / "Annotations"
    for path in sorted(annotations.iterdir()) if annotations.is_dir() else []:
        copy = _COPY.fullmatch(path.name)
        original = path.with_name(f"{copy[1]}.txt") if copy else path
        if path.name.startswith(".") or path.suffix != ".txt":
            report.warn(f"{path} is no annotation file and was left out")
        elif copy and original.is_file():
            same = "the same" if filecmp.cmp(path, original, shallow=False) else "other"
            report.warn(f"{path} is a second {original.name} with {same} content and was left out")
        else:
            objects.append(path)
    return objects


def _class_of(path: Path, report: ReadReport) -> int:
    """Class index by the file's name. A name of another form tells no class: what it holds is not guessed."""
    name = _OBJECT_FILE.fullmatch(path.name)
    if name is None:
        raise TwistError(f"{path}: expected a name like chair_1.txt; rename or remove the file")
    if name[1] in S3DIS.names:
        return S3DIS.names.index(name[1])
    report.warn(f"{path}: {name[1]} is no class of the benchmark, taken as clutter")
    return _CLUTTER


def _room_file(folder: Path, report: ReadReport) -> Path | None:
    """The room's own point file. One of the release is misspelt: ``copy_Room_1.txt`` in ``copyRoom_1``."""
    expected = folder / f"{unlinked(folder).name}.txt"
    if expected.is_file():
        return expected
    others = sorted(path for path in folder.glob("*.txt") if not path.name.startswith("."))
    if len(others) == 1:
        report.warn(f"{expected} does not exist; {others[0].name} was taken for it")
        return others[0]
    report.warn(f"{expected} does not exist: the annotations were not compared with it")
    return None


def _compare_with_room(path: Path | None, number_of_points: int, report: ReadReport) -> None:
    """Say where the room's own point file holds another number of points than its annotations."""
    if path is None:
        return
    lines, ends_with_newline = 0, True
    try:
        with open(path, "rb") as handle:
            while block := handle.read(1 << 22):
                lines += block.count(b"\n")
                ends_with_newline = block.endswith(b"\n")
    except OSError as error:
        raise TwistError(f"cannot read {path}: {error.strerror or error}") from error
    lines += not ends_with_newline
    if lines != number_of_points:
        report.warn(f"{path} has {lines} points, the annotations {number_of_points}; the latter are used")


def _angle_file(folder: Path) -> Path:
    area = unlinked(folder).parent
    return area / f"{area.name}_alignmentAngle.txt"


def _axis_alignment(folder: Path, report: ReadReport) -> np.ndarray:
    """(4, 4) float64: the turn about the vertical that undoes the room's angle, in degrees; else none."""
    path, room = _angle_file(folder), unlinked(folder).name
    alignment = np.eye(4)
    if not path.is_file():
        return alignment
    angle = _angles(path).get(room)
    if angle is None:
        report.warn(f"{path} has no line for {room}: the room was not turned")
        return alignment
    cosine, sine = np.cos(np.radians(angle)), np.sin(np.radians(angle))
    alignment[:2, :2] = [[cosine, sine], [-sine, cosine]]
    return alignment


def _angles(path: Path) -> dict[str, float]:
    """Room -> angle in degrees, from lines ``office_1 180`` below comments that start with #."""
    angles = {}
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise TwistError(f"cannot read {path}: {error}") from error
    for number, line in enumerate(lines, 1):
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        known = len(words) == 2 and re.fullmatch(r"[+-]?\d{1,3}(\.\d+)?", words[1])
        if not known or words[0] in angles:
            raise TwistError(f"{path}:{number}: expected a room, once, and its angle in degrees: {line!r}")
        angles[words[0]] = float(words[1])
    return angles
