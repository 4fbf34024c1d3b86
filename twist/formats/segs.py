"""ScanNet's segs.json: the over-segmentation of a mesh, one segment id a vertex."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from twist.errors import TwistError
from twist.files import read_json, write_text

_POWERS = 10 ** np.arange(1, 19)


def read_segments(path: str | Path, number_of_vertices: int, mesh: str | Path) -> np.ndarray:
    """Segment id of each vertex, (N,) int64, as the file has them: any non-negative numbers.

    Raises TwistError for a missing or broken file and, naming both files, when its length is not that of
    ``mesh``.
    """
    segments = _in_release_form(Path(path))
    content = read_json(path) if segments is None else {"segIndices": []}
    if not isinstance(content, dict) or "segIndices" not in content:
        raise TwistError(f"{path} is not a segs.json: it has no segIndices")
    segments = integer_array(content["segIndices"]) if segments is None else segments
    if segments is None:
        raise TwistError(f"{path}: segIndices must be a list of non-negative integers")
    if len(segments) != number_of_vertices:
        raise TwistError(
            f"{path} has {len(segments)} segment indices but {mesh} has {number_of_vertices} vertices; "
            "they do not belong together"
        )
    return segments


def _in_release_form(path: Path) -> np.ndarray | None:
    """The ids of a file as the release has them, without a Python number for each: half a reading's time.

    None for any other form, which the JSON reader then reads or refuses.
    """
    data = path.read_bytes() if path.is_file() else b""
    head, key, rest = data.partition(b'"segIndices":[')
    numbers, end, tail = rest.partition(b"]")
    marks = numbers.translate(None, b"0123456789")
    if data.count(b'"segIndices"') != 1 or marks != b"," * len(marks) or b",," in b"," + numbers + b",":
        return None
    try:
        content = json.loads(head + key + end + tail)
    except ValueError:
        return None
    if not isinstance(content, dict) or content.get("segIndices") != []:
        return None
    values = np.fromstring(numbers, np.int64, sep=",")
    digits = np.searchsorted(_POWERS, values, "right") + 1
    # More digits than the values have: zeros in front. Numbers of 19 digits may not fit.
    plain = digits.sum() == len(numbers) - len(marks) and digits.max() < 19
    return values if plain else None


def write_segments(
    path: str | Path, segments: np.ndarray, scene_id: str, k: float, min_vertices: int
) -> None:
    """Write the form that ScanNet's segmentation tool writes, atomically. segments: (N,) integers."""
    content = {
        "params": {"kThresh": k, "segMinVerts": min_vertices},
        "sceneId": scene_id,
        "segIndices": segments.tolist(),
    }
    write_text(path, json.dumps(content, separators=(",", ":")) + "\n")


def integer_array(values: Any) -> np.ndarray | None:
    """A JSON value as (N,) int64, or None where it is not a flat list of non-negative 63-bit integers."""
    if not isinstance(values, list) or not set(map(type, values)) <= {int}:
        return None  # bool is a kind of int, hence the strict test
    try:
        array = np.array(values, np.int64)
    except OverflowError:
        return None
    return None if (array < 0).any() else array
