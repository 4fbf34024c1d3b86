"""Which runs of a folder live, and stale Snakemake locks: cleared only when no live run can own them."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from twist.files import try_lock

_held = []  # the open file of this run's shared lock; closing it would drop the lock


def clear_stale_locks(snakemake_folder: Path) -> bool:
    """Join the live runs of this folder; if there is none, delete the lock files that dead ones left.

    Snakemake's own lock is a list of files without an owner, which outlives kill -9. Here each run holds a
    shared lock on one file for as long as it lives; whoever gets it exclusively knows that nobody else
    lives. Two live runs are still refused by Snakemake itself. Where one may read alone (a report of someone
    else's results) nothing is done. Returns whether locks were deleted.
    Raises TwistError where the file system knows no locks.
    """
    try:
        snakemake_folder.mkdir(exist_ok=True)
        # "a+", not "a": on NFS a shared lock needs a file that is open for reading
        handle = open(snakemake_folder / "twist.live", "a+")  # noqa: SIM115 (kept open on purpose)
    except OSError:
        return False
    _held.append(handle)
    if not try_lock(handle):
        fcntl.flock(handle, fcntl.LOCK_SH)
        return False
    stale = list(snakemake_folder.glob("locks/*"))
    for path in stale:
        path.unlink(missing_ok=True)
    fcntl.flock(handle, fcntl.LOCK_SH)
    if stale:
        print("Cleared the locks of a run that was killed; going on where it stopped.", flush=True)
    return bool(stale)


@contextmanager
def sole_run() -> Iterator[bool]:
    """Whether no other run lives in the folder of ``clear_stale_locks``; inside, no other one can start."""
    if not _held:
        yield False
        return
    handle = _held[-1]
    sole = try_lock(handle)
    if not sole:
        fcntl.flock(handle, fcntl.LOCK_SH)  # the attempt gave it up
    try:
        yield sole
    finally:
        fcntl.flock(handle, fcntl.LOCK_SH)
