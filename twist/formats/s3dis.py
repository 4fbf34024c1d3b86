"""S3DIS raw rooms (Stanford3dDataset_v1.2): one text file of coloured points an object."""

from __future__ import annotations

import re
from io import BytesIO
from pathlib import Path

import numpy as np

from twist.classes import S3DIS
from twist.errors import TwistError
from twist.formats.report import ReadReport, some
from twist.scene import Scene

_OBJECT_FILE = re.compile(r"([A-Za-z]+)_\d+\.txt")
_CLUTTER = S3DIS.names.index("clutter")
_TEXT = b"0123456789+-.eE \t\r\n"
#: The release holds a few bytes that lost the bit 0x20: '0' became 0x10, a space became 0x00.
_RESTORED = bytes(
    c | 0x20 if c < 0x20 and c not in b"\t\r\n" and c | 0x20 in _TEXT else c for c in range(256)
)


def list_rooms(raw: str | Path) -> dict[str, Path]:
    """Every room below the data set's folder: name such as ``Area_1_office_1`` -> folder, sorted by name."""
    rooms = {
        f"{path.parent.parent.name}_{path.parent.name}": path.parent
        for path in Path(raw).glob("Area_*/*/Annotations")
        if path.is_dir()
    }
    if not rooms:
        raise TwistError(f"no rooms Area_*/*/Annotations in {raw}")
    return dict(sorted(rooms.items()))


def find_room(raw: str | Path, name: str) -> Path:
    """Folder of a room named ``Area_1_office_1``: RAW/Area_1/office_1."""
    parts = re.fullmatch(r"(Area_[^_]+)_(.+)", name)
    folder = Path(raw, *parts.groups()) if parts else None
    if folder is None or not folder.is_dir():
        raise TwistError(f"room {name} is not in {raw}; expected a name like Area_1_office_1")
    return folder


def source_files(folder: str | Path) -> list[Path]:
    """The files of a room that ``read_room`` looks at."""
    folder = Path(folder)
    room = folder / f"{folder.resolve().name}.txt"
    return [*sorted((folder / "Annotations").glob("*.txt")), *([room] if room.is_file() else [])]


def read_room(folder: str | Path) -> tuple[Scene, ReadReport]:
    """One S3DIS room from its folder ``Area_N/ROOM``: the points of its annotation files, one after another.

    The raw instance id is the running number of the annotation file in sorted order. Classes that the
    benchmark does not have (``stairs``) become clutter. The room type, such as office, is the scene type.
    Bytes that the release damaged are restored where only one reading is possible, and reported.
    Raises TwistError naming file and line for anything else that is not six numbers, x y z r g b.
    """
    folder = Path(folder)
    room, area = folder.resolve().name, folder.resolve().parent.name
    report = ReadReport(scene_type=room.rpartition("_")[0] or None)
    paths = sorted((folder / "Annotations").glob("*.txt"))
    if not paths:
        raise TwistError(f"{folder} has no annotation files Annotations/*.txt")
    parts = [_read_object(path, report) for path in paths]
    sizes = [len(xyz) for xyz, _ in parts]
    classes = [_class_of(path, report) for path in paths]
    if sum(sizes) == 0:
        raise TwistError(f"{folder}: all annotation files are empty")
    _compare_with_room(folder / f"{room}.txt", sum(sizes), report)
    scene = Scene(
        name=f"{area}_{room}",
        xyz=np.concatenate([xyz for xyz, _ in parts]),
        rgb=np.concatenate([rgb for _, rgb in parts]),
        faces=np.zeros((0, 3), np.int32),
        semantic=np.repeat(np.array(classes, np.int32), sizes),
        instance=np.repeat(np.arange(len(paths), dtype=np.int32), sizes),
    )
    return scene, report


def _class_of(path: Path, report: ReadReport) -> int:
    name = _OBJECT_FILE.fullmatch(path.name)
    if name and name[1] in S3DIS.names:
        return S3DIS.names.index(name[1])
    report.warn(f"{path}: {name[1] if name else path.stem!r} is no class of the benchmark, taken as clutter")
    return _CLUTTER


def _read_object(path: Path, report: ReadReport) -> tuple[np.ndarray, np.ndarray]:
    """Coordinates (N, 3) float32, metres, and colours (N, 3) uint8 of one annotation file."""
    try:
        text = path.read_bytes()
    except OSError as error:
        raise TwistError(f"cannot read {path}: {error.strerror or error}") from error
    if text.translate(None, _TEXT):
        text = _restore(path, text, report)
    if not text.strip():
        report.warn(f"{path} is empty")
        return np.zeros((0, 3), np.float32), np.zeros((0, 3), np.uint8)
    try:
        points = np.loadtxt(BytesIO(text), comments=None, ndmin=2)
    except ValueError:
        points = np.zeros((0, 0))
    if points.shape[1] != 6:
        raise TwistError(_first_bad_line(path, text))
    colours = points[:, 3:]
    bad = ~((colours >= 0) & (colours <= 255) & (colours == np.round(colours))).all(axis=1)
    if bad.any():
        row = int(bad.argmax())
        line = _line_numbers(text)[row]
        raise TwistError(f"{path}:{line}: colour {colours[row].tolist()} is not three whole numbers 0 to 255")
    with np.errstate(over="ignore"):  # what is too large becomes inf, which Scene refuses
        return points[:, :3].astype(np.float32), colours.astype(np.uint8)


def _restore(path: Path, text: bytes, report: ReadReport) -> bytes:
    """Give control characters back the bit that they lost; what that does not mend is refused."""
    restored = text.translate(_RESTORED)
    lines = zip(text.split(b"\n"), restored.split(b"\n"), strict=True)
    damaged = [(number, old, new) for number, (old, new) in enumerate(lines, 1) if old.translate(None, _TEXT)]
    for number, old, new in damaged:
        if new.translate(None, _TEXT):
            raise TwistError(f"{path}:{number}: not numbers: {old[:80]!r}; correct the line by hand")
        if not _is_point(new):
            raise TwistError(f"{path}:{number}: damaged beyond repair: {old[:80]!r}; correct it by hand")
    listed = some([f"line {number}: {new.strip().decode()!r}" for number, _, new in damaged])
    report.warn(f"{path}: control characters restored in {listed}")
    return restored


def _is_point(line: bytes) -> bool:
    try:
        return len([float(word) for word in line.split()]) == 6
    except ValueError:
        return False


def _line_numbers(text: bytes) -> list[int]:
    """Line number of each row: blank lines hold no row."""
    return [number for number, line in enumerate(text.split(b"\n"), 1) if line.strip()]


def _first_bad_line(path: Path, text: bytes) -> str:
    for number, line in enumerate(text.split(b"\n"), 1):
        if line.strip() and not _is_point(line):
            return f"{path}:{number}: expected six numbers x y z r g b, found {line[:80].strip()!r}"
    return f"{path}: expected six numbers x y z r g b a line"


def _compare_with_room(path: Path, number_of_points: int, report: ReadReport) -> None:
    """Say where the room's own point file holds another number of points than its annotations."""
    if not path.is_file():
        report.warn(f"{path} does not exist: the annotations were not compared with it")
        return
    lines = 0
    with open(path, "rb") as handle:
        ends_with_newline = True
        while block := handle.read(1 << 22):
            lines += block.count(b"\n")
            ends_with_newline = block.endswith(b"\n")
    lines += not ends_with_newline
    if lines != number_of_points:
        report.warn(f"{path} has {lines} points, the annotations {number_of_points}; the latter are used")
