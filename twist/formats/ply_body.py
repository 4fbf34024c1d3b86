"""The rows of a PLY file: as one block where they are alike, else one by one (polygons of mixed size)."""

from __future__ import annotations

import math
import re
from collections.abc import Container
from pathlib import Path

import numpy as np

from twist.errors import TwistError
from twist.formats.ply_header import TYPE_NAMES, Element, Header, Property, refuse

#: Property name -> (rows,) array, (rows, length) for lists of one length, or a list of arrays.
Table = dict[str, "np.ndarray | list[np.ndarray]"]

_WINDOWS_NAN = re.compile(rb"[+-]?(nan\(\w+\)|1\.#(QNAN|SNAN|IND)\w*)", re.IGNORECASE)


def read_rows(path: Path, data: bytes, header: Header, wanted: Container[str]) -> dict[str, Table]:
    """Rows of the wanted elements by element name, in the file's types and native byte order.

    Raises TwistError for a body that does not hold exactly what the header announces.
    """
    if header.encoding == "ascii":
        return _read_ascii(path, data, header)
    order = "<" if header.encoding == "binary_little_endian" else ">"
    tables = {}
    at = header.size
    for element in header.elements:
        is_wanted = element.name in wanted
        tables[element.name], at = _binary_element(path, data, at, element, order, is_wanted)
    if data[at:].strip():  # a newline at the end is some writers' habit
        raise TwistError(
            f"{path} holds {len(data) - at} bytes more than its header announces; its counts are wrong"
        )
    return tables


# ---- binary


def _binary_element(
    path: Path, data: bytes, at: int, element: Element, order: str, is_wanted: bool
) -> tuple[Table, int]:
    row = _row_like_first(data, at, element, order)
    if row is not None and at + element.count * row.itemsize <= len(data):
        rows = np.frombuffer(data, row, element.count, at)
        if all(_is_constant(rows[name]) for name in row.names if name.startswith("count of ")):
            table = {
                prop.name: rows[prop.name].astype(prop.dtype) for prop in element.properties if is_wanted
            }
            return table, at + element.count * row.itemsize
    return _binary_rows(path, data, at, element, order)


def _row_like_first(data: bytes, at: int, element: Element, order: str) -> np.dtype | None:
    """The row type if every list were as long as in the first row; None where that row is cut off."""
    fields: list[tuple] = []
    for prop in element.properties:
        shape: tuple[int, ...] = ()
        if prop.count_dtype:
            used = np.dtype(fields).itemsize if fields else 0
            length = _list_length(data, at + used, prop, order) if element.count else 0
            if length is None:
                return None
            fields.append((f"count of {prop.name}", order + prop.count_dtype))
            shape = (length,)
        fields.append((prop.name, order + prop.dtype, shape))
    return np.dtype(fields)


def _binary_rows(path: Path, data: bytes, at: int, element: Element, order: str) -> tuple[Table, int]:
    columns: dict[str, list[np.ndarray]] = {prop.name: [] for prop in element.properties}
    for row in range(element.count):
        for prop in element.properties:
            length: int | None = 1
            if prop.count_dtype:
                length = _list_length(data, at, prop, order)
                at += np.dtype(prop.count_dtype).itemsize
            if length is None or at + length * np.dtype(prop.dtype).itemsize > len(data):
                raise TwistError(
                    f"{path} is truncated or damaged: it ends in row {row} of the {element.count} rows "
                    f"of element {element.name}"
                )
            values = np.frombuffer(data, order + prop.dtype, length, at)
            columns[prop.name].append(values.astype(prop.dtype))
            at += values.nbytes
    return _table(element, columns), at


def _list_length(data: bytes, at: int, prop: Property, order: str) -> int | None:
    """The length in front of a list; None where the file has no room for so long a list."""
    dtype = np.dtype(order + str(prop.count_dtype))
    if at + dtype.itemsize > len(data):
        return None
    length = int(np.frombuffer(data, dtype, 1, at)[0])
    return length if 0 <= length * np.dtype(prop.dtype).itemsize <= len(data) else None


# ---- ASCII


def _read_ascii(path: Path, data: bytes, header: Header) -> dict[str, Table]:
    lines = [line.split() for line in data[header.size :].split(b"\n")]
    rows = [row for row in lines if row]
    numbers = header.lines + 1 + np.flatnonzero([bool(row) for row in lines])
    announced = sum(element.count for element in header.elements)
    if len(rows) != announced:
        raise TwistError(
            f"{path} has {len(rows)} lines after its header, which announces {announced}; "
            "it is truncated or its counts are wrong"
        )
    tables = {}
    at = 0
    for element in header.elements:
        own = slice(at, at + element.count)
        tables[element.name] = _ascii_element(path, rows[own], element, numbers[own])
        at += element.count
    return tables


def _ascii_element(path: Path, rows: list[list[bytes]], element: Element, lines: np.ndarray) -> Table:
    """The values of an element; lines: (rows,) the number of each row's line in the file."""
    table: Table = {}
    at = 0
    if not rows or any(len(row) != len(rows[0]) for row in rows):
        return _ascii_rows(path, rows, element, lines)
    words = np.array(rows, "S")
    for prop in element.properties:
        length = 1
        if prop.count_dtype:
            if at >= words.shape[1] or not _is_constant(words[:, at]) or not words[0, at].isdigit():
                return _ascii_rows(path, rows, element, lines)
            length, at = int(words[0, at][:9]), at + 1
        column = _numbers(path, words[:, at : at + length], prop, lines)
        table[prop.name] = column if prop.count_dtype else column.reshape(-1)
        at += length
    return table if at == words.shape[1] else _ascii_rows(path, rows, element, lines)


def _ascii_rows(path: Path, rows: list[list[bytes]], element: Element, lines: np.ndarray) -> Table:
    columns: dict[str, list[np.ndarray]] = {prop.name: [] for prop in element.properties}
    for line, row in zip(lines.tolist(), rows, strict=True):
        at = 0
        for prop in element.properties:
            length = 1
            if prop.count_dtype:
                if at >= len(row) or not row[at].isdigit() or int(row[at][:9]) > len(row):
                    refuse(path, line, f"list {prop.name} has no length that fits the line")
                length, at = int(row[at]), at + 1
            words = np.array(row[at : at + length], "S").reshape(1, -1)
            columns[prop.name].append(_numbers(path, words, prop, np.array([line]))[0])
            at += length
        if at != len(row):
            refuse(path, line, f"{len(row)} values, expected {at}")
    return _table(element, columns)


def _numbers(path: Path, words: np.ndarray, prop: Property, lines: np.ndarray) -> np.ndarray:
    """Words (rows, length) as the property's type; a value that the type cannot hold is refused."""
    try:
        values = words.astype(np.float64)
    except ValueError:
        values = np.array([[_number(word) for word in row] for row in words.tolist()])
        unknown = np.argwhere(values == None)  # noqa: E711 (elementwise)
        if len(unknown):
            row, column = unknown[0]
            refuse(path, lines[row], f"{_text(words[row, column])} is not a number")
        values = values.astype(np.float64)
    if prop.dtype[0] == "f":
        with np.errstate(over="ignore"):
            return values.astype(prop.dtype)
    limits = np.iinfo(prop.dtype)
    fits = (values >= limits.min) & (values <= limits.max) & (values == np.round(values))
    if not fits.all():
        row, column = np.argwhere(~fits)[0]
        refuse(path, lines[row], f"{_text(words[row, column])} is no {TYPE_NAMES[prop.dtype]} ({prop.name})")
    return values.astype(prop.dtype)


def _text(word: bytes) -> str:
    return repr(word[:20].decode("ascii", "replace"))


def _number(word: bytes) -> float | None:
    """A number, also as Windows prints what is none: ``-nan(ind)``, ``1.#QNAN``."""
    try:
        return float(word)
    except ValueError:
        return math.nan if _WINDOWS_NAN.fullmatch(word) else None


# ---- both


def _is_constant(values: np.ndarray) -> bool:
    return bool((values == values[:1]).all())


def _table(element: Element, columns: dict[str, list[np.ndarray]]) -> Table:
    return {
        prop.name: columns[prop.name]
        if prop.count_dtype
        else np.concatenate([np.zeros(0, prop.dtype), *columns[prop.name]])
        for prop in element.properties
    }
