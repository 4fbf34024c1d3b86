"""Faults: a training killed anywhere, on a full disk, after a power cut, or started twice, ends the same."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests.learning.trainings import ROUND, START, Weights, assert_same, log_of, metrics_of, plan_of, run
from twist import files
from twist.errors import TwistError
from twist.learning.log import TrainingLog
from twist.learning.loop import TrainingLoop
from twist.learning.optimisation import MovingAverage
from twist.learning.trainer import TrainingPlan

FORK = multiprocessing.get_context("fork")

KILLS, LONG = 24, 20


# --- killed anywhere --------------------------------------------------------------------------------


class HalvingFile:
    """A file that is written in two halves, so that a process can be killed between them."""

    def __init__(self, handle: Any, moment: Callable[[str], None]) -> None:
        self.handle, self.moment = handle, moment

    def write(self, content: Any) -> None:
        half = len(content) // 2
        self.handle.write(content[:half])
        self.handle.flush()
        self.moment("write")
        self.handle.write(content[half:])

    def __getattr__(self, name: str) -> Any:
        return getattr(self.handle, name)

    def __enter__(self) -> HalvingFile:
        return self

    def __exit__(self, *error: object) -> None:
        self.handle.close()


def run_until(moments: int, plan: TrainingPlan, folder: Path, last_words: Path) -> None:
    """``run``, killed by SIGKILL at the given one of the moments around its steps and within its saves."""
    left = moments

    def moment(what: str) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            with last_words.open("a") as handle:
                handle.write(what + "\n")
            os.kill(os.getpid(), signal.SIGKILL)

    def around(owner: Any, name: str, what: str) -> None:
        plain = getattr(owner, name)

        def wrapped(*arguments: Any, **options: Any) -> Any:
            moment(f"before {what}")
            result = plain(*arguments, **options)
            moment(f"after {what}")
            return result

        setattr(owner, name, wrapped)

    around(TrainingLoop, "train_step", "step")
    around(torch.Tensor, "backward", "backward")
    around(MovingAverage, "update", "average")
    around(TrainingLog, "add", "log")
    for name in ("fsync", "replace"):
        around(os, name, name)
    plain_open = os.fdopen
    os.fdopen = lambda *arguments, **options: HalvingFile(plain_open(*arguments, **options), moment)
    run(plan, folder)


def test_killed_at_more_than_twenty_random_moments_it_ends_the_same(data: Path, tmp_path: Path) -> None:
    """One training, killed before, in and after steps and saves; the kills are drawn, the same each time."""
    plan = plan_of(data, ROUND, steps=LONG)
    undisturbed = run(plan, tmp_path / "undisturbed")
    rng, killed = np.random.default_rng(0), tmp_path / "killed"
    for _ in range(KILLS):
        arguments = (int(rng.integers(1, 28)), plan, killed, tmp_path / "last_words")
        process = FORK.Process(target=run_until, args=arguments)
        process.start()
        process.join()
        assert process.exitcode == -signal.SIGKILL
    assert_same(run(plan, killed), undisturbed)
    assert [row["step"] for row in metrics_of(killed)] == ["4", "8", "12", "16", "20"]
    moments = Counter(word.split()[-1] for word in (tmp_path / "last_words").read_text().splitlines())
    assert sum(moments.values()) == KILLS
    assert sum(moments[what] for what in ("write", "fsync", "replace")) >= 5
    assert sum(moments[what] for what in ("step", "backward", "average", "log")) >= 5
    assert {path.name for path in (killed / "work").iterdir()} == {
        "lock", "log.txt", "metrics.csv", "state.0", "state.1",
    }  # fmt: skip


# --- the disk ---------------------------------------------------------------------------------------


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of eight megabytes."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(folder)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("mounting a small file system needs root; test_state.py fills a disk by other means")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_full_disk_stops_it_in_one_line_and_it_goes_on_when_there_is_room(
    data: Path,
    uninterrupted: dict[str, Weights],
    small_disk: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plan, plain, filler = plan_of(data), TrainingLog.add, small_disk / "other users' files"

    def add(log: TrainingLog, step: int, *rest: Any) -> None:
        plain(log, step, *rest)
        if step == 7:
            room = os.statvfs(small_disk)
            filler.write_bytes(bytes(room.f_bavail * room.f_frsize - 4096))

    with monkeypatch.context() as patch:
        patch.setattr(TrainingLog, "add", add)
        with pytest.raises(TwistError, match=r"cannot write .*/state\.\d: No space left on device; the file"):
            run(plan, small_disk / "run")
    filler.unlink()
    assert_same(run(plan, small_disk / "run"), uninterrupted[START])
    assert "goes on from the saved step 6" in log_of(small_disk / "run")


def no_data(raw: bytes) -> bytes:
    return bytes(len(raw))


def no_end(raw: bytes) -> bytes:
    return raw[:4096] + bytes(len(raw) - 4096)


def stop_at(plan: TrainingPlan, folder: Path, step: int, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = TrainingLog.add

    def add(log: TrainingLog, at: int, *rest: Any) -> None:
        plain(log, at, *rest)
        if at == step:
            os.kill(os.getpid(), signal.SIGTERM)

    with monkeypatch.context() as patch:
        patch.setattr(TrainingLog, "add", add)
        with pytest.raises(TwistError, match=f"stopped by SIGTERM after step {step}"):
            run(plan, folder)


@pytest.mark.parametrize("lost", [no_data, no_end])
def test_a_power_cut_that_loses_the_newest_state_goes_on_with_the_one_before(
    lost: Callable[[bytes], bytes],
    data: Path,
    uninterrupted: dict[str, Weights],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The name reached the disk and the blocks did not: a file of the right size, full of zeros."""
    plan = plan_of(data)
    stop_at(plan, tmp_path, 6, monkeypatch)
    newest = max((tmp_path / "work").glob("state.*"), key=lambda path: path.stat().st_mtime_ns)
    newest.write_bytes(lost(newest.read_bytes()))
    assert_same(run(plan, tmp_path), uninterrupted[START])
    assert f"{newest.name} is damaged (its checksum does not fit); it is not used" in log_of(tmp_path)
    assert "goes on from the saved step 5" in log_of(tmp_path)


def test_what_killed_writers_left_is_removed_and_nothing_else(tmp_path: Path) -> None:
    kept = [tmp_path / name for name in ("state.0", ".state.0.note", ".state.01.abc.part", "state.0.x.part")]
    left = [tmp_path / name for name in (".state.0.abc.part", ".state.0.x.y.part")]
    for path in kept + left:
        path.touch()
    files.remove_unfinished(tmp_path / "state.0")
    assert sorted(tmp_path.iterdir()) == sorted(kept)


# --- two at once, and other settings ----------------------------------------------------------------


def test_two_runs_on_one_target_train_it_once(
    data: Path, uninterrupted: dict[str, Weights], tmp_path: Path
) -> None:
    plan = plan_of(data)
    pair = [FORK.Process(target=run, args=(plan, tmp_path)) for _ in range(2)]
    for process in pair:
        process.start()
    for process in pair:
        process.join()
    assert [process.exitcode for process in pair] == [0, 0]
    assert_same(run(plan, tmp_path), uninterrupted[START])
    assert log_of(tmp_path).count("step 12/12") == 1
    assert log_of(tmp_path).count("goes on from the saved step 12 of 12") == 2


def test_settings_changed_between_kill_and_restart_start_anew_and_say_why(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = plan_of(data)
    stop_at(plan, tmp_path / "changed", 6, monkeypatch)
    faster = plan_of(data, training={"learning_rate": 0.02})
    faster = replace(faster, origin=plan.origin | {"training.learning_rate": "0.02"})
    assert_same(run(faster, tmp_path / "changed"), run(faster, tmp_path / "fresh"))
    said = log_of(tmp_path / "changed")
    assert said.count("was started from another training.learning_rate; it is not used") == 2
    assert "goes on" not in said
