"""Jobs that a killed run left in Slurm's queue, which Snakemake never takes up again: they are cancelled."""

from __future__ import annotations

import shutil
import subprocess
import time
from pathlib import Path

_POLL_S = 1.0
_TRIES = 5  # a controller that is busy or starts anew answers soon


def cancel_orphans(folder: Path, grace_s: float = 60.0) -> list[str]:
    """Cancel the jobs that Snakemake submitted from ``folder``, and wait until they have ended.

    Call it only where no other run of this folder lives. A training has ``grace_s`` to save its state, for
    which a plain scancel leaves no time. Returns the jobs' ids; none where no Slurm is, or none that answers.
    """
    orphans = _jobs_of(folder)
    if not orphans:
        return []
    print(f"Cancelling what a killed run left in Slurm's queue: {' '.join(orphans)}", flush=True)
    subprocess.run(["scancel", "--state=PENDING", *orphans], check=False)
    subprocess.run(["scancel", "--signal=TERM", *orphans], capture_output=True, check=False)
    if left := _left_after(grace_s, folder):
        subprocess.run(["scancel", *left], check=False)
        if left := _left_after(grace_s, folder):
            print(f"Still there after {2 * grace_s:.0f} s: {' '.join(left)}; going on", flush=True)
    return orphans


def _left_after(seconds: float, folder: Path) -> list[str]:
    """The jobs that are still there after this time; returns as soon as there are none."""
    deadline = time.monotonic() + seconds
    while (left := _jobs_of(folder)) and time.monotonic() < deadline:
        time.sleep(_POLL_S)
    return left


def _jobs_of(folder: Path) -> list[str]:
    """Ids of the user's jobs in the queue with this working folder and a comment of the executor plugin.

    A job that runs Snakemake itself has no such comment.
    """
    if not shutil.which("squeue"):
        return []
    words = ["squeue", "--me", "--noheader", "--format=%i|%k|%Z"]
    has_submitted = (folder / ".snakemake" / "slurm_logs").exists()
    for _ in range(_TRIES if has_submitted else 1):
        answer = subprocess.run(words, capture_output=True, text=True, check=False)
        if answer.returncode == 0:
            break
        time.sleep(_POLL_S if has_submitted else 0)
    else:
        if has_submitted:
            print(
                f"squeue does not tell what a killed run left in the queue: {answer.stderr.strip()}",
                flush=True,
            )
        return []
    rows = (line.split("|", 2) for line in answer.stdout.splitlines() if line.count("|") >= 2)
    return [
        job
        for job, comment, place in rows
        if comment.startswith("rule_") and Path(place).resolve() == folder.resolve()
    ]
