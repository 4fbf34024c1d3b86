"""Point lists in text (xyz, txt, csv, pts, asc) and in numpy's own files (npy, npz)."""

from __future__ import annotations

import re
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE
from pathlib import Path

import numpy as np

from twist.errors import TwistError
from twist.files import array_of_npy, read_npz
from twist.formats.number_rows import parse_rows
from twist.formats.scans.columns import Columns, guessed_columns, named_columns
from twist.formats.scans.record import ScanFile, as_bytes, quoted, read_bytes

_SEPARATORS = bytes.maketrans(b',;"', b"   ")
#: The beginning of a line such as ``1,25;-0,5;3`` or ``1,25 -0,5 3,0``, looked for in the first 4096 bytes.
_WITH_DECIMAL_COMMAS = re.compile(
    rb"^[ \t]*[-+]?\d+,\d+(?:[ \t]*;[ \t]*[-+]?\d+(?:,\d+)?[ \t]*;|[ \t]+[-+]?\d+,\d+[ \t]+[-+]?\d+,\d)",
    re.MULTILINE,
)
_DECIMAL_COMMAS = bytes.maketrans(b',;"', b".  ")
_COMMENT = re.compile(rb"^[ \t]*(?:#|//).*$", re.MULTILINE)
_LONGEST_HEADING = 1 << 16  # bytes


def read_text(path: Path) -> ScanFile:
    """Lines of numbers between blanks, commas or semicolons: x y z, and colours where they are told apart.

    Columns are those that the heading names (a comment or a first line with words), else guessed
    (``columns``). Comments (#, //) and the number of points in front are skipped. Commas in numbers between
    semicolons or blanks are decimal ones.
    Raises TwistError naming the line that has other numbers than the first one.
    """
    data = _plain_lines(read_bytes(path))
    decimal_commas = _WITH_DECIMAL_COMMAS.search(data[:4096])
    data = data.translate(_DECIMAL_COMMAS if decimal_commas else _SEPARATORS)
    skipped = _lines_before_points(path, data)
    heading = data[:_LONGEST_HEADING].split(b"\n")[:skipped]
    for _ in range(skipped):
        data = data[data.find(b"\n") + 1 or len(data) :]
    data = _COMMENT.sub(b"", data)
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

    rows = parse_rows(data, width, unusual)
    named = (named_columns(line.decode(errors="replace").split(), width) for line in heading)
    return _split(path, rows, next((columns for columns in named if columns), None))


def read_array(path: Path) -> ScanFile:
    """An array (N, 3) or wider as npy, or an npz with ``xyz`` and maybe ``rgb`` and ``faces``.

    The npz is what ``prepare`` writes. Raises TwistError for other arrays and damaged files.
    """
    data = read_bytes(path)
    if data.startswith(b"PK"):
        return _split_npz(path, read_npz(path, ("xyz", "rgb", "faces")))
    try:
        array = array_of_npy(data)
    except ValueError as error:
        raise TwistError(f"{path} is not a whole array of numbers ({error})") from error
    if array.ndim != 2 or array.shape[1] < 3 or array.dtype.kind not in "fiu":
        raise TwistError(f"{path} holds {array.dtype}{array.shape}; expected numbers (N, 3): x y z")
    if array.shape[0] in (3, 6) and array.shape[1] > 20:
        raise TwistError(f"{path} is an array {array.shape}; turn it, to a row for each point: array.T")
    return _split(path, array)


def _split_npz(path: Path, arrays: dict[str, np.ndarray]) -> ScanFile:
    xyz, rgb = arrays.get("xyz"), arrays.get("rgb")
    if xyz is None or xyz.ndim != 2 or xyz.shape[1] != 3 or xyz.dtype.kind not in "fiu":
        raise TwistError(f"{path}: expected numbers xyz (N, 3), and maybe rgb and faces")
    faces = arrays.get("faces", np.zeros((0, 3), np.int32))
    if faces.ndim != 2 or faces.shape[1] != 3 or (rgb is not None and rgb.shape != xyz.shape):
        raise TwistError(f"{path}: rgb and faces must be (N, 3) and (F, 3) beside xyz {xyz.shape}")
    if len(faces) and faces.dtype.kind not in "iu":
        raise TwistError(f"{path}: faces are {faces.dtype}; expected whole numbers of points")
    return ScanFile(path, _floats(xyz), None if rgb is None else as_bytes(rgb, path), faces)


def _split(path: Path, rows: np.ndarray, columns: Columns | None = None) -> ScanFile:
    """Coordinates and colours of rows (N, C); columns: where they stand, None = to be guessed."""
    columns = columns or guessed_columns(rows)
    rgb = None if columns.rgb is None else as_bytes(rows[:, columns.rgb], path)
    return ScanFile(path, _floats(rows[:, columns.xyz]), rgb, notes=columns.notes)


def _floats(xyz: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(xyz, xyz.dtype if xyz.dtype in (np.float32, np.float64) else np.float64)


def _plain_lines(data: bytes) -> bytes:
    """The text in ASCII or UTF-8 without a mark in front, its lines ended by a newline."""
    if data.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):
        data = data.decode("utf-16", "replace").encode()
    data = data.removeprefix(BOM_UTF8)
    return data if b"\n" in data else data.replace(b"\r", b"\n")


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
