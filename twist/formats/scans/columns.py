"""Which columns of a list of points are coordinates and colours: by their heading, else by what they hold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

_COORDINATES = ({"x"}, {"y"}, {"z"})
#: The second: CloudCompare's colours as fractions, which may stand beside others.
_COLOURS = ({"r", "red"}, {"g", "green"}, {"b", "blue"}), ({"rf"}, {"gf"}, {"bf"})
_LARGEST_LABEL = 40


@dataclass(frozen=True)
class Columns:
    """xyz, rgb: three column numbers from 0, rgb None where there are no colours; notes: one line each."""

    xyz: tuple[int, ...]
    rgb: tuple[int, ...] | None
    notes: tuple[str, ...] = ()


def named_columns(heading: Sequence[str], width: int) -> Columns | None:
    """The columns that a heading names ``x y z`` and ``r g b`` (or ``red green blue``), in either case.

    None where it does not name x, y and z once each, or has not ``width`` names.
    """
    names = [name.strip("\"'/#").lower() for name in heading]
    if len(names) == width + 1 and not names[0]:  # the mark of a comment, set apart
        names = names[1:]
    if len(names) != width:
        return None
    xyz = _found(names, _COORDINATES)
    if xyz is None:
        return None
    rgb = next((found for wanted in _COLOURS if (found := _found(names, wanted))), None)
    used = {*xyz, *(rgb or ())}
    unused = [name for k, name in enumerate(names) if k not in used]
    notes = (
        (f"by the heading; left out: {', '.join(name or 'a column' for name in unused)}",) if unused else ()
    )
    return Columns(xyz, rgb, notes)


def _found(names: Sequence[str], wanted: Sequence[set[str]]) -> tuple[int, ...] | None:
    places = [[k for k, name in enumerate(names) if name in spellings] for spellings in wanted]
    return tuple(place[0] for place in places) if all(len(place) == 1 for place in places) else None


def guessed_columns(rows: np.ndarray) -> Columns:
    """The columns of rows (N, C) without a heading: x y z, x y z r g b, x y z intensity r g b [our guesses].

    A first column that counts the rows is none of them, nor are a row and a column number in front of
    x y z r g b. Colours stand in columns 4 to 6 where those look like colours and what follows does not, or
    is labels, one value (alpha), or two columns and more; behind normals in columns 7 to 9. What is left out
    is told.
    """
    known = rows[np.isfinite(rows).all(axis=1)]
    first, notes = _first_coordinate(known)
    if first:
        notes.append(
            "column 1 counts rows: left out" if first == 1 else "columns 1 and 2 count rows: left out"
        )
    width = rows.shape[1] - first
    columns = known[:, first:]
    start = _first_colour(columns)
    if width >= 6 and start is None and _are_normals(columns[:, 3:6]):
        notes.append("three columns look like normals and are left out: normals are estimated")
    elif start is None and width > 3:
        notes.append(
            f"columns {first + 4} to {first + width} are left out; colours are read from x y z r g b"
        )
    elif start is not None and width > 6:
        taken = f"columns {first + start + 1} to {first + start + 3} are taken as colours"
        others = [k for k in range(4, width + 1) if not start < k <= start + 3]
        numbers = ", ".join(str(first + k) for k in others)
        notes.append(f"{taken}, {numbers} left out")
    rgb = None if start is None else tuple(range(first + start, first + start + 3))
    return Columns(tuple(range(first, first + 3)), rgb, tuple(notes))


def _first_coordinate(rows: np.ndarray) -> tuple[int, list[str]]:
    """0, 1 behind a column that counts the rows, 2 behind a row and a column number."""
    width = rows.shape[1]
    counted = len(rows) > 3 and bool((np.diff(rows[:, 0]) == 1).all() and rows[0, 0] == round(rows[0, 0]))
    if width >= 4 and counted:
        return 1, []
    grid = width == 8 and len(rows) > 3 and _are_whole(rows[:, :2]) and rows[:, :2].min() >= 0
    if grid and not _are_whole(rows[:, 2:5]) and _are_colours(rows[:, 5:8]):
        return 2, []
    return 0, []


def _first_colour(columns: np.ndarray) -> int | None:
    """Where the colours begin behind x y z; None where there are none. columns: (N, C) finite."""
    width = columns.shape[1]
    if width < 6:
        return None
    behind = columns[:, 3:6]
    if width == 6:
        return None if _are_normals(behind) else 3
    if width >= 9 and _are_normals(behind) and _are_colours(columns[:, 6:9]):
        return 6
    seventh = columns[:, 6]
    shifted = _are_colours(columns[:, 4:7]) or _are_fractions(columns[:, 4:7])
    alpha = len(seventh) > 1 and seventh.min() == seventh.max()
    if _are_colours(behind) and (width > 7 or alpha or not shifted or _are_labels(seventh)):
        return 3
    if _are_fractions(behind) and (alpha or not shifted):
        return 3
    return 4 if width == 7 else None


def _are_whole(columns: np.ndarray) -> bool:
    return bool((columns == np.round(columns)).all())


def _are_colours(columns: np.ndarray) -> bool:
    """Whole numbers from 0 to 255, more than 0 and 1 among them."""
    return _are_whole(columns) and columns.min(initial=0) >= 0 and 1 < columns.max(initial=0) <= 255


def _are_fractions(columns: np.ndarray) -> bool:
    """From 0 to 1, and not only the two."""
    return bool(columns.min(initial=0) >= 0 and columns.max(initial=0) <= 1) and not _are_whole(columns)


def _are_normals(columns: np.ndarray) -> bool:
    """From -1 to 1 with a negative one among them."""
    return bool(columns.min(initial=0) < 0 and np.abs(columns).max(initial=0) <= 1)


def _are_labels(column: np.ndarray) -> bool:
    """Whole numbers that are small, as those of a benchmark's classes."""
    return _are_whole(column) and column.min(initial=0) >= 0 and column.max(initial=0) <= _LARGEST_LABEL
