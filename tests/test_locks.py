"""Stale workflow locks: cleared after a run that was killed, never beside one that lives."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from twist import locks
from twist.locks import clear_stale_locks, sole_run


@pytest.fixture(autouse=True)
def _drop_own_locks() -> Iterator[None]:
    """A run ends with its process; here it ends with the test."""
    yield
    while locks._held:
        locks._held.pop().close()


def leave_locks(folder: Path) -> list[Path]:
    files = [folder / "locks" / "0.input.lock", folder / "locks" / "0.output.lock"]
    files[0].parent.mkdir(parents=True, exist_ok=True)
    for file in files:
        file.write_text("results/x\n")
    return files


def test_without_locks_nothing_happens(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert not clear_stale_locks(tmp_path / ".snakemake")
    assert capsys.readouterr().out == ""


def test_locks_of_a_live_run_stay_and_those_of_a_killed_one_go(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = (
        "import sys, time; from pathlib import Path; from twist.locks import clear_stale_locks\n"
        "clear_stale_locks(Path(sys.argv[1])); print('runs', flush=True); time.sleep(60)"
    )
    run = subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    try:
        assert run.stdout is not None
        assert run.stdout.readline() == "runs\n"
        files = leave_locks(tmp_path)
        assert not clear_stale_locks(tmp_path)
        assert all(file.exists() for file in files)
    finally:
        os.kill(run.pid, signal.SIGKILL)
        run.communicate()
    locks._held.pop().close()
    assert clear_stale_locks(tmp_path)
    assert not any(file.exists() for file in files)
    assert "Cleared the locks of a run that was killed" in capsys.readouterr().out


def test_a_run_that_joined_another_lives_on_without_it(tmp_path: Path) -> None:
    with open(tmp_path / "twist.live", "a") as first:
        fcntl.flock(first, fcntl.LOCK_SH)
        assert not clear_stale_locks(tmp_path)
    with open(tmp_path / "twist.live", "a") as third, pytest.raises(BlockingIOError):
        fcntl.flock(third, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_after_clearing_the_run_counts_as_live(tmp_path: Path) -> None:
    leave_locks(tmp_path)
    assert clear_stale_locks(tmp_path)
    with open(tmp_path / "twist.live", "a") as other:
        with pytest.raises(BlockingIOError):
            fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
        fcntl.flock(other, fcntl.LOCK_SH | fcntl.LOCK_NB)  # a second run may live beside it


def test_a_sole_run_keeps_others_from_starting_while_it_cleans_up(tmp_path: Path) -> None:
    clear_stale_locks(tmp_path)
    with open(tmp_path / "twist.live", "a") as other:
        with sole_run() as sole:
            assert sole
            with pytest.raises(BlockingIOError):
                fcntl.flock(other, fcntl.LOCK_SH | fcntl.LOCK_NB)
        fcntl.flock(other, fcntl.LOCK_SH | fcntl.LOCK_NB)
        with sole_run() as sole:
            assert not sole
            with open(tmp_path / "twist.live", "a") as third, pytest.raises(BlockingIOError):
                fcntl.flock(third, fcntl.LOCK_EX | fcntl.LOCK_NB)
