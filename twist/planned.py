"""The configuration that a workflow was planned with, kept for its jobs.

A job may start days after its plan, and ``config/`` be edited meanwhile. Snakemake records the plan's
settings with each result: a job that read the edited files would make something else under their name.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from twist.errors import TwistError
from twist.files import atomic_write

#: Names the kept copy in the environment of a workflow's jobs, those of Slurm included.
VARIABLE = "TWIST_CONFIG"


def config_folder() -> Path:
    """Where a command reads the configuration: what its workflow was planned with, else ``config``."""
    return Path(os.environ.get(VARIABLE, "config"))


def keep_configuration(config: Path, folder: Path) -> Path:
    """A copy of the YAML files of ``config``, below ``folder``; the same one as long as they say the same.

    Links are followed; hidden files, as editors make them, are not looked at. Raises TwistError for what
    cannot be read or written.
    """
    files = _yaml_files(config)
    digest = hashlib.sha256()
    for name, content in files.items():
        digest.update(f"{name} {len(content)}\n".encode() + content)
    kept = folder / digest.hexdigest()[:16]
    for name, content in files.items():
        path = kept / name
        if not path.is_file() or path.read_bytes() != content:  # a power cut may have emptied it
            with atomic_write(path) as handle:
                handle.write(content)
    return kept


def _yaml_files(config: Path) -> dict[str, bytes]:
    """Content by path below ``config``, sorted."""
    names = [
        os.path.relpath(Path(folder, name), config)
        for folder, _, inside in os.walk(config, followlinks=True)
        for name in inside
        if name.endswith(".yaml") and not name.startswith(".")
    ]
    try:
        return {name: (config / name).read_bytes() for name in sorted(names)}
    except OSError as error:
        raise TwistError(f"{error.filename}: {error.strerror or error}") from error
