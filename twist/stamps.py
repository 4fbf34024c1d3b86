"""What a file was made from, kept beside it: current files are not made again, outdated ones are.

Beside ``scene.npz`` lies ``scene.stamp.json`` with three things: the *stamp* (settings, and size and change
time of every source file), the *facts* that making it brought to light, and the file's SHA-256. The file is
current when the stamp of today's settings and sources is the stored one and the bytes have that hash. The
stamp is written after the file, so that a kill between the two only has the file made again.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from twist.errors import TwistError
from twist.files import file_sha256, read_json, write_json


def stamp(settings: dict[str, Any], sources: Iterable[Path]) -> dict[str, Any]:
    """Identity of what a file is made from. settings: JSON values, with a version of the code among them."""
    files = {}
    for path in sources:
        status = path.stat()
        files[path.name] = [status.st_size, status.st_mtime_ns]
    return {"settings": settings, "sources": files}


def current_facts(product: Path, wanted: dict[str, Any]) -> dict[str, Any] | None:
    """The facts stored with ``product`` when it is whole and current, else None."""
    try:
        stored = read_json(_stamp_path(product))
        if stored["stamp"] == wanted and file_sha256(product) == stored["facts"]["sha256"]:
            return stored["facts"]
    except (TwistError, OSError, KeyError, TypeError):
        pass  # a missing or broken stamp or product: make it
    return None


def store_facts(product: Path, made_from: dict[str, Any], facts: dict[str, Any]) -> dict[str, Any]:
    """Stamp a file just written; returns the facts with its sha256."""
    facts = facts | {"sha256": file_sha256(product)}
    write_json(_stamp_path(product), {"stamp": made_from, "facts": facts})
    return facts


def _stamp_path(product: Path) -> Path:
    return product.with_name(product.stem + ".stamp.json")
