"""Resuming: a training stopped or killed, however often, ends with the weights of one that ran through."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.learning.trainings import (
    CPU,
    ROUND,
    START,
    STEPS,
    Weights,
    assert_same,
    log_of,
    metrics_of,
    plan_of,
    run,
)
from twist.errors import TwistError
from twist.files import file_sha256
from twist.learning.log import TrainingLog
from twist.learning.state import StateFolder
from twist.learning.trainer import Trainer, TrainingPlan
from twist.settings import PredictionSettings


def run_slowly(plan: TrainingPlan, folder: Path, pause_s: float = 0.01) -> None:
    """``run`` in a process of its own, with time between steps to be killed in."""
    plain = TrainingLog.add

    def add(*arguments: Any) -> None:
        plain(*arguments)
        time.sleep(pause_s)

    TrainingLog.add = add
    run(plan, folder)


def run_in_a_group(plan: TrainingPlan, folder: Path) -> None:
    """``run_slowly`` as the first of a group of processes; what stopped it is left in ``said``."""
    os.setpgrp()
    try:
        run_slowly(plan, folder, pause_s=0.1)
    except TwistError as error:
        (folder / "said").write_text(str(error))


@pytest.fixture
def stop_at(monkeypatch: pytest.MonkeyPatch) -> Any:
    """stop_at(step, number): this process gets a signal within a step, once."""

    def arrange(step: int, number: signal.Signals) -> None:
        plain, left = TrainingLog.add, [step]

        def add(log: TrainingLog, at: int, *rest: Any) -> None:
            plain(log, at, *rest)
            if at in left:
                left.remove(at)
                os.kill(os.getpid(), number)

        monkeypatch.setattr(TrainingLog, "add", add)

    return arrange


@pytest.mark.parametrize("stage", [START, ROUND])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGUSR1, signal.SIGINT])
def test_a_stopped_training_goes_on_bit_for_bit(
    stage: str,
    number: signal.Signals,
    data: Path,
    uninterrupted: dict[str, Weights],
    stop_at: Any,
    tmp_path: Path,
) -> None:
    plan = plan_of(data, stage, training={"save_every_s": 1000})  # nothing but the signal saves
    before = signal.getsignal(number)
    stop_at(5, number)
    with pytest.raises(TwistError, match=rf"stopped by {number.name} after step 5; the same command"):
        run(plan, tmp_path)
    assert signal.getsignal(number) is before
    assert not (tmp_path / "model.pt").exists()
    assert_same(run(plan, tmp_path), uninterrupted[stage])
    assert f"goes on from the saved step 5 of {STEPS}" in log_of(tmp_path)
    assert [row["step"] for row in metrics_of(tmp_path)] == ["4", "8", "12"]


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGUSR1, signal.SIGINT])
def test_a_signal_to_all_processes_of_a_training_saves_it(
    workers: int, number: signal.Signals, data: Path, uninterrupted: dict[str, Weights], tmp_path: Path
) -> None:
    """As Slurm sends it: the processes that load scans get it, too."""
    plan = plan_of(data, training={"save_every_s": 1000, "workers": workers, "log_every": 1})
    process = multiprocessing.get_context("fork").Process(target=run_in_a_group, args=(plan, tmp_path))
    process.start()
    log = tmp_path / "work" / "log.txt"
    while process.is_alive() and not (log.exists() and f"step 2/{STEPS}" in log_of(tmp_path)):
        time.sleep(0.01)
    os.killpg(process.pid, number)
    process.join()
    assert f"stopped by {number.name} after step" in (tmp_path / "said").read_text()
    assert_same(run(plan, tmp_path), uninterrupted[START])
    assert "goes on from the saved step" in log_of(tmp_path)


@pytest.mark.parametrize(("chosen", "saving", "pause"), [(0, 9, 0), (30, 0.1, 30), (30, 3, 147)])
def test_saving_takes_no_more_than_a_fiftieth_of_the_time(
    chosen: float, saving: float, pause: float, data: Path, tmp_path: Path
) -> None:
    plan = plan_of(data, training={"save_every_s": chosen})
    trainer = Trainer(plan, tmp_path, CPU, TrainingLog(tmp_path, STEPS, "test"))
    assert trainer._pause_after(saving) == pytest.approx(pause)


@pytest.mark.parametrize("stage", [START, ROUND])
def test_a_killed_training_goes_on_bit_for_bit(
    stage: str, data: Path, uninterrupted: dict[str, Weights], tmp_path: Path
) -> None:
    """kill -9 at random moments, each at least one saved step after the last."""
    plan, rng, kills = plan_of(data, stage), np.random.default_rng(0), 0
    slots = [tmp_path / "work" / f"state.{k}" for k in (0, 1)]

    def written() -> list[int]:
        return [slot.stat().st_mtime_ns for slot in slots if slot.exists()]

    for _ in range(3):
        seen = written()
        process = multiprocessing.get_context("fork").Process(target=run_slowly, args=(plan, tmp_path))
        process.start()
        while process.is_alive() and written() == seen:
            time.sleep(0.001)
        time.sleep(rng.uniform(0, 0.04))
        process.kill()
        process.join()
        kills += process.exitcode == -signal.SIGKILL
    assert kills  # on a busy machine the last ones may come too late
    assert_same(run(plan, tmp_path), uninterrupted[stage])
    assert "goes on from the saved step" in log_of(tmp_path)
    assert [row["step"] for row in metrics_of(tmp_path)] == ["4", "8", "12"]


def test_a_damaged_newest_state_falls_back_to_the_one_before(
    data: Path, uninterrupted: dict[str, Weights], stop_at: Any, tmp_path: Path
) -> None:
    plan = plan_of(data)
    stop_at(6, signal.SIGTERM)
    with pytest.raises(TwistError, match="stopped"):
        run(plan, tmp_path)
    newest = max((tmp_path / "work").glob("state.*"), key=lambda path: path.stat().st_mtime_ns)
    newest.write_bytes(newest.read_bytes()[:-1])
    assert_same(run(plan, tmp_path), uninterrupted[START])
    assert f"{newest.name} is damaged" in log_of(tmp_path)
    assert "goes on from the saved step 5" in log_of(tmp_path)


def test_a_full_disk_stops_it_and_it_goes_on_later(
    data: Path,
    uninterrupted: dict[str, Weights],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plan, plain = plan_of(data), StateFolder.save

    def full(states: StateFolder, content: dict[str, Any]) -> None:
        if content["step"] == 7:
            raise TwistError("cannot write state: No space left on device")
        plain(states, content)

    with monkeypatch.context() as patch:
        patch.setattr(StateFolder, "save", full)
        with pytest.raises(TwistError, match="No space left"):
            run(plan, tmp_path)
    assert_same(run(plan, tmp_path), uninterrupted[START])
    assert "goes on from the saved step 6" in log_of(tmp_path)


def test_a_finished_training_ends_at_once(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = plan_of(data, steps=3)
    weights = run(plan, tmp_path)
    digest = file_sha256(tmp_path / "model.pt")
    (tmp_path / "model.pt").unlink()  # killed between the last state and the model

    def never(_: Trainer) -> None:
        raise AssertionError("it trains again")

    monkeypatch.setattr(Trainer, "run", never)
    monkeypatch.setattr("twist.learning.trainer.training_provenance", lambda device: {"revision": "later"})
    later = replace(plan, settings=replace(plan.settings, prediction=PredictionSettings(min_score=0.5)))
    assert_same(run(later, tmp_path), weights)
    assert file_sha256(tmp_path / "model.pt") == digest, "what follows from it would be made anew"


def test_another_origin_starts_anew(data: Path, tmp_path: Path) -> None:
    plan = plan_of(data, steps=3)
    run(plan, tmp_path / "a")
    faster = replace(
        plan_of(data, steps=3, training={"learning_rate": 0.02}),
        origin=plan.origin | {"learning_rate": "0.02"},
    )
    assert_same(run(faster, tmp_path / "a"), run(faster, tmp_path / "b"))
    assert "another learning_rate" in log_of(tmp_path / "a")
    assert len(metrics_of(tmp_path / "a")) == len(metrics_of(tmp_path / "b"))
