"""What a training was started from: a saved state of another origin is never continued.

Scans count by the hashes of what is learned from them, in order: neither other scans of the data set nor how
jobs divided the work among manifests begin a training anew.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from twist.errors import TwistError
from twist.files import file_sha256, read_json


def origin_of(files: Mapping[str, Path | None], depends: str, **more: Any) -> dict[str, str]:
    """As text by name: hashes of files, named by what they are and not by path; what it depends on (a JSON
    object: settings, version), and more. A file that is None is left out."""
    origin = {what: file_sha256(path) for what, path in files.items() if path}
    origin |= json.loads(depends) | more
    return {key: json.dumps(value) for key, value in origin.items()}


def prepared_scans(data: Path, scans: Iterable[str], scenes_json: Path | None = None) -> dict[str, str]:
    """Scenes and supervoxels of some scans in ``data``, by the data set's scenes.json or by reading them."""
    if scenes_json is None:
        parts = [data / part for part in ("scenes", "supervoxels")]
        return {
            "scans": _hashed(data, scans, lambda scan: [file_sha256(part / f"{scan}.npz") for part in parts])
        }
    facts = read_json(scenes_json)

    def hashes(scan: str) -> list[str]:
        return [facts[scan]["sha256"], facts[scan]["supervoxels"]["sha256"]]

    return {"scans": _hashed(scenes_json, scans, hashes)}


def results_for_scans(
    what: str, folder: Path, scans: Iterable[str], manifests: Sequence[Path] = ()
) -> dict[str, str]:
    """What `label` (``what``: pseudo-labels) or `views` made of some scans, by its manifests or the files."""
    if not manifests:
        return {what: _hashed(folder, scans, lambda scan: file_sha256(folder / f"{scan}.npz"))}
    facts: dict[str, Any] = {}
    for path in manifests:
        content = read_json(path)
        if not isinstance(content, Mapping):
            raise TwistError(f"{path} is no manifest of {what}; make it again")
        facts |= content.get("scenes", content)
    return {what: _hashed(manifests[0].parent, scans, lambda scan: facts[scan]["sha256"])}


def _hashed(source: Path, scans: Iterable[str], hashes: Callable[[str], Any]) -> str:
    digest = hashlib.sha256()
    for scan in scans:
        try:
            digest.update(json.dumps([scan, hashes(scan)]).encode())
        except (KeyError, TypeError) as error:
            raise TwistError(f"{source} does not describe scan {scan}; make it again") from error
    return digest.hexdigest()
