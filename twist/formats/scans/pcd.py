"""PCD files of the Point Cloud Library: ASCII, binary and compressed binary."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from twist.errors import TwistError
from twist.formats.number_rows import parse_rows
from twist.formats.scans.lzf import decompress
from twist.formats.scans.record import GREY, ScanFile, as_bytes, quoted, read_bytes

_KINDS = {"F": "f", "U": "u", "I": "i"}
_SIZES = {"F": (4, 8), "U": (1, 2, 4, 8), "I": (1, 2, 4, 8)}
_ENCODINGS = ("ascii", "binary", "binary_compressed")


@dataclass(frozen=True)
class _Header:
    """fields: (name, numpy type, count); size: bytes of the header; lines: its number of lines."""

    fields: list[tuple[str, str, int]]
    points: int
    encoding: str
    size: int
    lines: int


def read_pcd(path: Path) -> ScanFile:
    """Read coordinates and colours. Points without coordinates, usual in organised clouds, are NaN.

    Raises TwistError for a header that is not understood, a truncated body, and words that are no numbers.
    """
    data = read_bytes(path)
    header = _parse_header(path, data)
    columns = (
        _ascii_columns(path, data, header) if header.encoding == "ascii" else _binary(path, data, header)
    )
    if not {"x", "y", "z"} <= columns.keys():
        raise TwistError(f"{path} has the fields {', '.join(columns)}; x, y and z are needed")
    xyz = np.stack([columns[axis] for axis in "xyz"], axis=1)
    return ScanFile(
        path, xyz if xyz.dtype.kind == "f" else xyz.astype(np.float64), _colours(path, columns, header)
    )


def _parse_header(path: Path, data: bytes) -> _Header:
    end = re.search(rb"^DATA[ \t]+(\w+)[ \t]*\r?(?:\n|\Z)", data, re.MULTILINE)
    if end is None:
        raise TwistError(f"{path} has no DATA line, so it is not a PCD file, or is truncated")
    words: dict[str, list[str]] = {}
    lines = data[: end.end()].decode("ascii", "replace").splitlines()
    for line in lines:
        key, *values = line.split() or [""]
        if not key.startswith("#"):
            words[key.upper()] = values
    names, encoding = [name.lower() for name in words.get("FIELDS", [])], end[1].decode().lower()
    types, sizes = words.get("TYPE", []), words.get("SIZE", [])
    counts = words.get("COUNT", ["1"] * len(names))
    points = words.get("POINTS") or words.get("WIDTH", []) + words.get("HEIGHT", [])
    fits = len(names) == len(types) == len(sizes) == len(counts) > 0 and len(points) in (1, 2)
    digits = all(word.isdecimal() for word in (*sizes, *counts, *points))
    known = digits and all(
        int(size) in _SIZES.get(kind, ()) for kind, size in zip(types, sizes, strict=False)
    )
    if not fits or not known or encoding not in _ENCODINGS:
        raise TwistError(
            f"{path}: FIELDS, TYPE, SIZE, COUNT, POINTS and DATA of the header do not fit together"
        )
    fields = [
        (name, f"<{_KINDS[kind]}{size}", int(count))
        for name, kind, size, count in zip(names, types, sizes, counts, strict=True)
    ]
    return _Header(fields, math.prod(map(int, points)), encoding, end.end(), len(lines))


def _ascii_columns(path: Path, data: bytes, header: _Header) -> dict[str, np.ndarray]:
    width = sum(count for _, _, count in header.fields)

    def unusual(line: int, text: bytes) -> list[float]:
        """Spelt in another way than plain decimals: nan, 1e-3."""
        try:
            numbers = [float(word) for word in text.split()]
        except ValueError:
            numbers = []
        if len(numbers) != width:
            raise TwistError(f"{path}:{header.lines + line}: expected {width} numbers, found {quoted(text)}")
        return numbers

    rows = parse_rows(data[header.size :], width, unusual)
    if len(rows) != header.points:
        raise TwistError(
            f"{path} has {len(rows)} points, and its header announces {header.points}; is it truncated?"
        )
    columns, at = {}, 0
    for name, dtype, count in header.fields:
        with np.errstate(invalid="ignore", over="ignore"):
            columns[name] = rows[:, at].astype(dtype)
        at += count
    return columns


def _binary(path: Path, data: bytes, header: _Header) -> dict[str, np.ndarray]:
    """Columns of a binary body: rows one after another, or compressed and field after field."""
    names = [f"{place}" for place in range(len(header.fields))]  # a field's name may repeat: padding is "_"
    row = np.dtype([(name, field[1], field[2]) for name, field in zip(names, header.fields, strict=True)])
    body = data[header.size :]
    if header.encoding == "binary":
        if len(body) < header.points * row.itemsize:
            raise TwistError(
                f"{path} is truncated: {len(body)} bytes for {header.points} points of {row.itemsize}"
            )
        rows = np.frombuffer(body, row, header.points)
        return {
            field[0]: rows[name].reshape(header.points, field[2])[:, 0]
            for name, field in zip(names, header.fields, strict=True)
            if field[2]
        }
    body = _decompressed(path, body, header.points * row.itemsize)
    columns, at = {}, 0
    for name, dtype, count in header.fields:
        values = np.frombuffer(body, dtype, header.points * count, at)
        at += values.nbytes
        if count:
            columns[name] = values.reshape(header.points, count)[:, 0]
    return columns


def _decompressed(path: Path, body: bytes, expected: int) -> bytes:
    if len(body) >= 8:
        packed, size = (int(number) for number in np.frombuffer(body, "<u4", 2))
        if packed <= len(body) - 8 and size == expected:
            plain = decompress(body[8 : 8 + packed], size)
            if plain is not None:
                return plain
    raise TwistError(f"{path} is truncated or damaged: its compressed points cannot be unpacked")


def _colours(path: Path, columns: dict[str, np.ndarray], header: _Header) -> np.ndarray | None:
    """(N, 3) uint8 from r, g, b, or from one field that packs them into the bits of a number."""
    if {"r", "g", "b"} <= columns.keys():
        return as_bytes(np.stack([columns[name] for name in "rgb"], axis=1), path)
    packed = columns.get("rgb", columns.get("rgba"))
    if packed is None or packed.dtype.itemsize != 4:
        return None
    bits = np.ascontiguousarray(packed).view(np.uint32)
    rgb = np.stack([bits >> 16 & 255, bits >> 8 & 255, bits & 255], axis=1).astype(np.uint8)
    if header.encoding == "ascii":  # the bits of a written nan are lost; in a binary file they are a colour
        rgb[np.isnan(packed)] = GREY
    return rgb
