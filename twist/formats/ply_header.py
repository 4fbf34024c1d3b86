"""The header of a PLY file: its encoding, elements and their properties."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from twist.errors import TwistError

_TYPES = {
    "char": "i1", "uchar": "u1", "short": "i2", "ushort": "u2", "int": "i4", "uint": "u4",
    "float": "f4", "double": "f8", "int8": "i1", "uint8": "u1", "int16": "i2", "uint16": "u2",
    "int32": "i4", "uint32": "u4", "float32": "f4", "float64": "f8",
}  # fmt: skip
_ENCODINGS = ("ascii", "binary_little_endian", "binary_big_endian")
#: numpy type code -> the name that every PLY reader knows
TYPE_NAMES = {code: name for name, code in reversed(_TYPES.items())}


@dataclass(frozen=True)
class Property:
    """A scalar property, or a list of ``dtype`` where ``count_dtype`` is set; numpy type codes."""

    name: str
    dtype: str
    count_dtype: str | None = None


@dataclass(frozen=True)
class Element:
    """``count`` rows with the same properties."""

    name: str
    count: int
    properties: list[Property]


@dataclass(frozen=True)
class Header:
    """encoding: as in the format line; size: bytes of the header; lines: its number of lines."""

    encoding: str
    elements: list[Element]
    size: int
    lines: int


def parse_header(path: Path, data: bytes, file_size: int) -> Header:
    """Parse the header in the file's first bytes. Raises TwistError naming the line that is wrong."""
    if not re.match(rb"ply[ \t]*\r?\n", data):
        raise TwistError(f"{path} is not a PLY file: its first line is not 'ply'")
    end = re.search(rb"\n[ \t]*end_header[ \t\r]*(?:\n|\Z)", data)
    if end is None:
        raise TwistError(f"{path}: the header has no end_header; is the file truncated?")
    encoding: str | None = None
    elements: list[Element] = []
    lines = data[: end.start()].split(b"\n")
    for number, line in enumerate(lines[1:], 2):
        if not line.strip() or line.lstrip().startswith((b"comment", b"obj_info")):
            continue
        match line.decode("ascii", "replace").split():
            case ["format", name, "1.0"] if name in _ENCODINGS and encoding is None:
                encoding = name
            case ["element", name, count] if name not in (other.name for other in elements):
                elements.append(Element(name, _checked_count(path, number, count, file_size), []))
            case ["property", *kind, name] if elements:
                elements[-1].properties.append(_property(path, number, kind, name, elements[-1]))
            case _:
                refuse(path, number, f"not a header line of a PLY file: {line[:60].strip()!r}")
    if encoding is None or any(element.count and not element.properties for element in elements):
        refuse(path, len(lines) + 1, "the header lacks a format line or an element's properties")
    return Header(encoding, elements, end.end(), len(lines) + 1)


def refuse(path: Path, line: int, why: str) -> NoReturn:
    """Raise the TwistError of a line that cannot be read."""
    raise TwistError(f"{path}:{line}: {why}")


def _checked_count(path: Path, line: int, digits: str, file_size: int) -> int:
    # Every row takes a byte at least, so a larger count is damage; refused before anything is allocated.
    if not re.fullmatch("[0-9]{1,18}", digits) or int(digits) > file_size:
        refuse(path, line, f"{digits[:20]!r} is no number of rows that the file has room for; truncated?")
    return int(digits)


def _property(path: Path, line: int, kind: list[str], name: str, element: Element) -> Property:
    if name in (other.name for other in element.properties):
        refuse(path, line, f"property {name} appears twice")
    match kind:
        case [value] if value in _TYPES:
            return Property(name, _TYPES[value])
        case ["list", count, value] if value in _TYPES and _TYPES.get(count, "f")[0] in "iu":
            return Property(name, _TYPES[value], _TYPES[count])
    refuse(path, line, f"property {name} has no type of the PLY format: {' '.join(kind)[:40]!r}")
