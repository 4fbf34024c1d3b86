"""Jobs that a killed run left in Slurm's queue, which Snakemake never takes up again: they are cancelled."""

from __future__ import annotations

import shutil
import subprocess
import time
from pathlib import Path

_POLL_S = 1.0


def cancel_orphans(folder: Path, wait_s: float = 120.0) -> list[str]:
    """Cancel the jobs that Snakemake submitted from ``folder``, and wait until they have ended.

    Call it only where no other run of this folder lives. A cancelled training saves its state first. Returns
    the ids of the cancelled jobs; none where there is no Slurm, or none that answers.
    """
    orphans = _jobs_of(folder)
    if not orphans:
        return []
    print(f"Cancelling what a killed run left in Slurm's queue: {' '.join(orphans)}", flush=True)
    subprocess.run(["scancel", *orphans], check=False)
    deadline = time.monotonic() + wait_s
    while left := _jobs_of(folder):
        if time.monotonic() > deadline:
            print(f"Still ending after {wait_s:.0f} s: {' '.join(left)}; going on", flush=True)
            break
        time.sleep(_POLL_S)
    return orphans


def _jobs_of(folder: Path) -> list[str]:
    """Ids of the user's jobs in the queue with this working folder and a comment of the executor plugin.

    A job that runs Snakemake itself has no such comment.
    """
    if not shutil.which("squeue"):
        return []
    words = ["squeue", "--me", "--noheader", "--format=%i|%k|%Z"]
    answer = subprocess.run(words, capture_output=True, text=True, check=False)
    rows = (line.split("|", 2) for line in answer.stdout.splitlines() if line.count("|") >= 2)
    return [
        job
        for job, comment, place in rows
        if comment.startswith(("rule_", "group_")) and Path(place).resolve() == folder.resolve()
    ]
