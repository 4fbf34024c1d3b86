"""Where figures come from: the settings, versions, device, time and revision that made them."""

from __future__ import annotations

import platform
import subprocess
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path
from typing import Any

import twist

#: The wheel that serves ``import spconv`` is named after its CUDA version.
SPCONV_WHEELS = ("spconv-cu118", "spconv-cu120", "spconv-cu121", "spconv-cu124", "spconv-cu126", "spconv")


def provenance(
    *,
    settings_fingerprint: str | None = None,
    device: str | None = None,
    wall_seconds: float | None = None,
    trained_with: Iterable[dict[str, Any] | None] = (),
) -> dict[str, Any]:
    """What a result was made with and from; no host name, user name or path.

    device: such as "cpu" or the GPU's model, as the caller knows it
    wall_seconds: time that the result took; of a run's score: predicting and scoring, without training
    trained_with: ``training_provenance`` of the models that answered, as far as it is known; equal ones are
        named once
    """
    origins = [origin for origin in trained_with if origin]
    trained = [origin for k, origin in enumerate(origins) if origin not in origins[:k]]
    return {
        "settings": settings_fingerprint,
        "versions": versions(),
        "revision": git_revision(),
        "device": device,
        "wall_seconds": wall_seconds if wall_seconds is None else round(wall_seconds, 3),
    } | ({"trained_with": trained} if trained else {})


def training_provenance(device: str) -> dict[str, Any]:
    """What a model keeps of the training that wrote it: often another code than that which scores it."""
    return {"versions": versions(), "revision": git_revision(), "device": device}


def versions() -> dict[str, str | None]:
    """Versions of twist, Python and the packages that figures depend on; None for what is not installed.

    Read from the packages' metadata: nothing is imported.
    """
    spconv = next((name for name in SPCONV_WHEELS if _version(name)), "spconv")
    return {"twist": twist.__version__, "python": platform.python_version()} | {
        name: _version(name) for name in ("numpy", "scipy", "numba", "torch", spconv)
    }


def git_revision() -> str | None:
    """Commit of the checkout that runs, with ``-dirty`` for local changes; None outside a checkout."""
    root = Path(__file__).resolve().parent.parent
    if not (root / ".git").exists():  # installed elsewhere: another project's revision would mislead
        return None
    command = ["git", "-C", str(root), "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, timeout=20, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return answer.stdout.strip() or None


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None
