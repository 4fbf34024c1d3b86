"""Point lists in text (xyz, txt, csv, pts, asc) and in numpy's own files (npy, npz)."""

from __future__ import annotations

import io
import re
from codecs import BOM_UTF8
from pathlib import Path

import numpy as np

from twist.errors import TwistError
from twist.files import read_npz
from twist.formats.number_rows import parse_rows
from twist.formats.scans.record import ScanFile, as_bytes, quoted, read_bytes

_SEPARATORS = bytes.maketrans(b",;", b"  ")
#: The beginning of a line such as ``1,25;-0,5;3``, looked for in the first 4096 bytes.
_WITH_DECIMAL_COMMAS = re.compile(rb"^[ \t]*[-+]?\d+,\d+[ \t]*;[ \t]*[-+]?\d+(,\d+)?[ \t]*;", re.MULTILINE)
_DECIMAL_COMMAS = bytes.maketrans(b",;", b". ")
_LARGEST_LABEL = 40
_LONGEST_HEADING = 1 << 16  # bytes


def read_text(path: Path) -> ScanFile:
    """Lines of numbers between blanks, commas or semicolons: x y z, and colours where they are told apart.

    Comments (#, //) in front and a first line that holds words, or the number of points alone, are skipped.
    See ``_split`` for columns.
    Commas in numbers between semicolons are decimal ones.
    Raises TwistError naming the line that has other numbers than the first one.
    """
    data = read_bytes(path).removeprefix(BOM_UTF8)
    decimal_commas = _WITH_DECIMAL_COMMAS.search(data[:4096])
    data = data.translate(_DECIMAL_COMMAS if decimal_commas else _SEPARATORS)
    skipped = _lines_before_points(path, data)
    for _ in range(skipped):
        data = data[data.find(b"\n") + 1 or len(data) :]
    first = next((line for line in data.split(b"\n", 100) if line.strip()), b"")
    width = len(first.split())
    if not data.strip():
        raise TwistError(f"{path} has no points: no line of numbers")
    if width < 3:
        raise TwistError(f"{path}:{skipped + 1}: expected x y z on each line, found {quoted(first)}")

    def unusual(line: int, text: bytes) -> list[float]:
        """Spelt in another way than plain decimals: nan, 1e-3."""
        numbers = _numbers(text)
        if numbers is None or len(numbers) != width:
            raise TwistError(f"{path}:{skipped + line}: expected {width} numbers, found {quoted(text)}")
        return numbers

    return _split(path, parse_rows(data, width, unusual))


def read_array(path: Path) -> ScanFile:
    """An array (N, 3) or wider as npy, or an npz with ``xyz`` and maybe ``rgb`` and ``faces``.

    The npz is what ``prepare`` writes. Raises TwistError for other arrays and damaged files.
    """
    data = read_bytes(path)
    if data.startswith(b"PK"):
        return _split_npz(path, read_npz(path))
    try:
        array = np.load(io.BytesIO(data), allow_pickle=False)
    except (ValueError, EOFError, OSError) as error:
        raise TwistError(f"{path} is not a whole array of numbers ({error})") from error
    if array.ndim != 2 or array.shape[1] < 3 or array.dtype.kind not in "fiu":
        raise TwistError(f"{path} holds {array.dtype}{array.shape}; expected numbers (N, 3): x y z")
    return _split(path, array)


def _split_npz(path: Path, arrays: dict[str, np.ndarray]) -> ScanFile:
    xyz, rgb = arrays.get("xyz"), arrays.get("rgb")
    if xyz is None or xyz.ndim != 2 or xyz.shape[1] != 3 or xyz.dtype.kind not in "fiu":
        raise TwistError(f"{path} holds {', '.join(arrays)}; expected xyz (N, 3), and maybe rgb and faces")
    faces = arrays.get("faces", np.zeros((0, 3), np.int32))
    if faces.ndim != 2 or faces.shape[1] != 3 or (rgb is not None and rgb.shape != xyz.shape):
        raise TwistError(f"{path}: rgb and faces must be (N, 3) and (F, 3) beside xyz {xyz.shape}")
    return ScanFile(path, _floats(xyz), None if rgb is None else as_bytes(rgb, path), faces.astype(np.int32))


def _split(path: Path, rows: np.ndarray) -> ScanFile:
    """Coordinates and colours of rows (N, C): x y z r g b with 6 columns, x y z intensity r g b with 7.

    Where columns 4 to 6 look like colours and either 7 holds small whole numbers (x y z r g b label, as S3DIS
    is often kept) or there are more, they are the colours. Three columns in -1..1 with a negative one among
    them are normals. Other columns are left out, and told.
    """
    width = rows.shape[1]
    start = {6: 3, 7: 4}.get(width)
    notes = []
    if width > 6 and _are_colours(rows[:, 3:6]) and (width > 7 or _are_labels(rows[:, 6])):
        left_out = "7 is" if width == 7 else f"7 to {width} are"
        notes.append(f"columns 4 to 6 are taken as colours, {left_out} left out")
        start = 3
    colours = None if start is None else rows[:, start : start + 3]
    if colours is None:
        if rows.shape[1] > 3:
            notes.append(f"columns 4 to {rows.shape[1]} are left out; colours are read from x y z r g b")
    elif colours.min(initial=0) < 0 and np.abs(colours).max() <= 1:
        notes.append("the last three columns look like normals and are left out: normals are estimated")
        colours = None
    rgb = None if colours is None else as_bytes(colours, path)
    return ScanFile(path, _floats(rows[:, :3]), rgb, notes=tuple(notes))


def _are_colours(columns: np.ndarray) -> bool:
    """Whole numbers from 0 to 255, more than 0 and 1 among them."""
    whole = (columns == np.round(columns)).all()
    return bool(whole and columns.min(initial=0) >= 0 and 1 < columns.max(initial=0) <= 255)


def _are_labels(column: np.ndarray) -> bool:
    """Whole numbers that are small, as those of a benchmark's classes."""
    whole = (column == np.round(column)).all()
    return bool(whole and column.min(initial=0) >= 0 and column.max(initial=0) <= _LARGEST_LABEL)


def _floats(xyz: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(xyz, xyz.dtype if xyz.dtype in (np.float32, np.float64) else np.float64)


def _lines_before_points(path: Path, data: bytes) -> int:
    """Comments, and behind them up to two lines: a heading and the number of points."""
    lines = data[:_LONGEST_HEADING].split(b"\n")
    comments = next((k for k, line in enumerate(lines) if not line.lstrip().startswith((b"#", b"//"))), 0)
    for number, line in enumerate(lines[comments : comments + 2], comments):
        if b"\0" in line:
            raise TwistError(f"{path} is not text; rename it to what it is")
        numbers = _numbers(line)
        if numbers is not None and len(numbers) > 1:
            return number
    return min(comments + 2, data.count(b"\n"))


def _numbers(line: bytes) -> list[float] | None:
    try:
        return [float(word) for word in line.split()]
    except ValueError:
        return None
