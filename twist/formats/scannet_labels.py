"""ScanNet's label map: the tsv from raw categories, as annotators typed them, to NYU40 label ids."""

from __future__ import annotations

import csv
from io import StringIO
from pathlib import Path

from twist.errors import TwistError
from twist.files import unlinked

LABEL_MAP = "scannetv2-labels.combined.tsv"
#: SHA-256 of the file that comes with the release.
LABEL_MAP_SHA256 = "b61935044995214cd8ec40e36f99dadcc4794b75967ddc3222ebc02ebc99688b"
_CATEGORY, _LABEL = "raw_category", "nyu40id"


def find_label_map(folder: str | Path) -> Path:
    """The label map in the scan's folder or the nearest folder above it, also above what a link leads to."""
    folder = Path(folder)
    for place in (folder, *folder.parents, *unlinked(folder).parents, *folder.resolve().parents):
        if (place / LABEL_MAP).is_file():
            return place / LABEL_MAP
    raise TwistError(
        f"{LABEL_MAP} is neither in {unlinked(folder)} nor in a folder above it; it comes with the ScanNet "
        "download (or give its place with --label-map)"
    )


def read_label_map(path: str | Path) -> dict[str, int]:
    """Raw category -> NYU40 id from a tsv with the columns raw_category and nyu40id, among any others.

    LF and CRLF lines, quoted and plain fields, any case in the header. The last of several rows for a
    category counts, as in ScanNet's own scripts. Raises TwistError naming file and line.
    """
    try:
        text = Path(path).read_bytes().decode("utf-8-sig")
        reader = csv.DictReader(StringIO(text, newline=""), delimiter="\t")
        reader.fieldnames = [name.strip().lower() for name in reader.fieldnames or []]
        if not {_CATEGORY, _LABEL} <= set(reader.fieldnames):
            raise TwistError(
                f"{path}:1: a label map needs the columns {_CATEGORY} and {_LABEL}, separated by tabs; "
                f"it has {', '.join(reader.fieldnames)[:200] or 'none'} (ScanNet v2's is {LABEL_MAP})"
            )
        rows = [(reader.line_num, row) for row in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise TwistError(f"cannot read {path}: {error}") from error
    if not rows:
        raise TwistError(f"{path} maps no category; is it truncated?")
    line, last = rows[-1]
    if None in last.values() and not text.endswith("\n"):
        raise TwistError(f"{path}:{line}: the last line is cut off; download the file again")
    return {row[_CATEGORY]: _checked_label(path, line, row) for line, row in rows}


def _checked_label(path: str | Path, line: int, row: dict[str, str | None]) -> int:
    category, label = row[_CATEGORY], row[_LABEL]
    if category is None or label is None or not label.strip().isdecimal() or len(label) > 9:
        raise TwistError(
            f"{path}:{line}: {category!r} has {_LABEL} {label!r}, not a whole number (0 = unlabelled)"
        )
    return int(label)
