"""The points of one S3DIS text file, with the defects of the release mended where one reading is possible."""

from __future__ import annotations

import re
from codecs import BOM_UTF8
from pathlib import Path

import numpy as np

from twist.errors import TwistError
from twist.formats.number_rows import parse_rows
from twist.formats.report import ReadReport, some

_TEXT = b"0123456789+-.eE \t\r"
#: The release holds a few bytes that lost the bit 0x20: '0' became 0x10, a space became 0x00.
_RESTORED = bytes(c | 0x20 if c < 0x20 and c not in b"\t\r" and c | 0x20 in _TEXT else c for c in range(256))
_COLOUR = re.compile(rb"\d|[1-9]\d|1\d\d|2[0-4]\d|25[0-5]")


def read_points(path: Path, report: ReadReport) -> tuple[np.ndarray, np.ndarray]:
    """Coordinates (N, 3) float32, metres, and colours (N, 3) uint8 of a file with lines ``x y z r g b``.

    Reports mended lines and an empty file. Raises TwistError naming file and line for anything else that is
    not six numbers or no colour 0..255.
    """
    try:
        text = path.read_bytes().removeprefix(BOM_UTF8)
    except OSError as error:
        raise TwistError(f"cannot read {path}: {error.strerror or error}") from error
    mended: list[str] = []

    def mend(number: int, line: bytes) -> list[float]:
        if (point := _numbers(line)) is not None:
            return point  # spelt in another way, such as 1e-3
        for repair in (_restored(line), _parted(line)):
            if repair is not None and (point := _numbers(repair)) is not None:
                mended.append(f"line {number}: {repair.strip().decode()!r}")
                return point
        raise TwistError(f"{path}:{number}: expected six numbers x y z r g b, found {line[:80].strip()!r}")

    points = parse_rows(text, 6, mend)
    if mended:
        report.warn(f"{path}: damaged lines mended, {some(mended)}")
    if len(points) == 0:
        report.warn(f"{path} is empty")
    colours = points[:, 3:]
    bad = ~((colours >= 0) & (colours <= 255) & (colours == np.round(colours))).all(axis=1)
    if bad.any():
        row = int(bad.argmax())
        line = _line_of_row(text, row)
        raise TwistError(f"{path}:{line}: colour {colours[row].tolist()} is not three whole numbers 0 to 255")
    with np.errstate(over="ignore"):  # what is too large becomes inf, which Scene refuses
        return points[:, :3].astype(np.float32), colours.astype(np.uint8)


def _numbers(line: bytes) -> list[float] | None:
    """The six numbers of a line, or None. Words such as nan, and 1_0, are none."""
    if line.translate(None, _TEXT):
        return None
    try:
        numbers = [float(word) for word in line.split()]
    except ValueError:
        return None
    return numbers if len(numbers) == 6 else None


def _restored(line: bytes) -> bytes | None:
    """The line with the lost bit given back to its control characters."""
    restored = line.translate(_RESTORED)
    return restored if restored != line else None


def _parted(line: bytes) -> bytes | None:
    """The line with two colours parted that have run together, where one way alone gives two colours.

    Only four or more digits prove it: in any other line of five numbers one may as well be missing.
    """
    words = line.split()
    joined = [k for k, word in enumerate(words) if k > 2 and not _COLOUR.fullmatch(word)]
    if len(words) != 5 or len(joined) != 1 or len(words[joined[0]]) < 4:
        return None
    word = words[joined[0]]
    ways = [(word[:cut], word[cut:]) for cut in range(1, len(word))]
    pairs = [way for way in ways if all(_COLOUR.fullmatch(colour) for colour in way)]
    return b" ".join([*words[: joined[0]], *pairs[0], *words[joined[0] + 1 :]]) if len(pairs) == 1 else None


def _line_of_row(text: bytes, row: int) -> int:
    """Line number of a row: blank lines hold none."""
    return [number for number, line in enumerate(text.split(b"\n"), 1) if line.strip()][row]
