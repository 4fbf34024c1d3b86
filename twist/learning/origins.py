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


def origin_of(files: Iterable[Path], depends: str, **more: Any) -> dict[str, str]:
    """As text by name: hashes of files, what it depends on (a JSON object: settings, version), and more."""
    origin = {str(path): file_sha256(path) for path in files}
    origin |= json.loads(depends) | more
    return {key: json.dumps(value) for key, value in origin.items()}


def prepared_scans(scenes: Path | None, scans: Iterable[str]) -> dict[str, str]:
    """Scenes and supervoxels of some scans, by the data set's scenes.json; nothing without that file."""
    if scenes is None:
        return {}
    facts = read_json(scenes)
    return {
        "scans": _hashed(
            scenes, scans, lambda scan: [facts[scan]["sha256"], facts[scan]["supervoxels"]["sha256"]]
        )
    }


def scans_of_manifests(what: str, manifests: Sequence[Path], scans: Iterable[str]) -> dict[str, str]:
    """Files of some scans, by the manifests of `label` (``what``: pseudo-labels) or `views`."""
    if not manifests:
        return {}
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
