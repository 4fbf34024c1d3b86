"""Reading back what verbs wrote (evaluate, finish, predict-scenes): foreign or damaged JSON is named."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from twist.errors import TwistError
from twist.files import read_json

#: What every eval.json holds, of the keys that somebody reads back. float takes whole numbers too.
_TYPES: dict[str, tuple[type, ...]] = {
    "dataset": (str,),
    "ratio_pct": (float, type(None)),
    "method": (str, type(None)),
    "variant": (str, type(None)),
    "seed": (int, type(None)),
    "rounds": (int, type(None)),
    "scenes": (int,),
    "mAP": (float, type(None)),
    "AP50": (float, type(None)),
    "AP25": (float, type(None)),
    "provenance": (dict,),
}
_PROVENANCE: dict[str, tuple[type, ...]] = {
    "settings": (str, type(None)),
    "versions": (dict,),
    "revision": (str, type(None)),
}
_MANIFEST: dict[str, tuple[type, ...]] = {"device": (str,), "wall_seconds": (float,)}


def read_records(path: str | Path) -> list[dict[str, Any]]:
    """Read an eval.json or a rounds.json. Raises TwistError naming file and key for anything else."""
    content = read_json(path)
    return read_round_records(path) if isinstance(content, list) else [_checked_record(content, str(path))]


def read_round_records(path: str | Path) -> list[dict[str, Any]]:
    """Read a rounds.json: the eval.json of each round of a run, in order. Raises TwistError likewise."""
    content = read_json(path)
    if not isinstance(content, list) or not content:
        raise TwistError(f"{path}: must hold a list of scores, one a round; delete it and run again")
    return [_checked_round(one, f"{path}: entry {number}") for number, one in enumerate(content, start=1)]


def read_round_record(path: str | Path) -> dict[str, Any]:
    """Read the eval.json of a run's round. Raises TwistError likewise, and where it does not say which."""
    return _checked_round(read_json(path), str(path))


def read_manifest(path: str | Path) -> dict[str, Any]:
    """Read the manifest of ``predict-scenes``. Raises TwistError naming file and key for anything else."""
    return _checked(read_json(path), _MANIFEST, str(path), "manifest of predict-scenes")


def _checked_round(value: Any, where: str) -> dict[str, Any]:
    record = _checked_record(value, where)
    if record["rounds"] is None:
        raise TwistError(f"{where}: `rounds` is null: this is not the score of a run's round")
    return record


def _checked_record(value: Any, where: str) -> dict[str, Any]:
    record = _checked(value, _TYPES, where, "score written by `evaluate`")
    source = _checked(record["provenance"], _PROVENANCE, f"{where}: provenance", "score's origin")
    if not isinstance(source["versions"].get("twist"), str):
        raise TwistError(f"{where}: provenance.versions does not name the version of twist")
    return record


def _checked(value: Any, types: dict[str, tuple[type, ...]], where: str, what: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise TwistError(f"{where}: not a {what}: a JSON object was expected")
    for key, allowed in types.items():
        if key not in value:
            raise TwistError(f"{where}: not a {what}: {key!r} is missing")
        if not _fits(value[key], allowed):
            raise TwistError(f"{where}: not a {what}: {key!r} is {str(value[key])[:40]!r}")
    return value


def _fits(value: Any, allowed: tuple[type, ...]) -> bool:
    if isinstance(value, bool):  # an int to Python, not to JSON
        return False
    if float in allowed and isinstance(value, (int, float)):
        return math.isfinite(value)
    return isinstance(value, allowed)
