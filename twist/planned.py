"""The configuration that a workflow was planned with, kept for its jobs.

A job may start days after its plan, and ``config/`` be edited meanwhile. Snakemake records the plan's
settings with each result: a job that read the edited files would make something else under their name.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from pathlib import Path

#: Names the kept copy in the environment of a workflow's jobs, those of Slurm included.
VARIABLE = "TWIST_CONFIG"


def config_folder() -> Path:
    """Where a command reads the configuration: what its workflow was planned with, else ``config``."""
    return Path(os.environ.get(VARIABLE, "config"))


def keep_configuration(config: Path, folder: Path) -> Path:
    """A copy of the YAML files of ``config``, below ``folder``; the same one as long as they say the same."""
    files = {path.relative_to(config): path.read_bytes() for path in sorted(config.rglob("*.yaml"))}
    digest = hashlib.sha256()
    for name, content in files.items():
        digest.update(f"{name} {len(content)}\n".encode() + content)
    kept = folder / digest.hexdigest()[:16]
    if kept.is_dir():
        return kept
    folder.mkdir(parents=True, exist_ok=True)
    unfinished = Path(tempfile.mkdtemp(dir=folder))
    for name, content in files.items():
        (unfinished / name).parent.mkdir(parents=True, exist_ok=True)
        (unfinished / name).write_bytes(content)
    try:
        unfinished.rename(kept)
    except OSError:  # another workflow of this folder was quicker
        shutil.rmtree(unfinished)
    return kept
