"""The training's log: lines, metrics and what a resume keeps of them."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from twist.learning.log import TrainingLog


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))


def add(log: TrainingLog, step: int, loss: float) -> None:
    log.add(step, {"data_s": 0.25, "compute_s": 0.75}, 1000, {"semantic": loss})


def test_a_row_holds_the_means_since_the_last(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log = TrainingLog(tmp_path, 4, "run round 0")
    for step, loss in ((1, 1.0), (2, 3.0)):
        add(log, step, loss)
    log.flush(2, 0.01)
    for step, loss in ((3, 5.0), (4, 7.0)):
        add(log, step, loss)
    log.flush(4, 0.005)
    log.flush(4, 0.005)  # nothing new: no row
    log.save_metrics(tmp_path / "metrics.csv")
    found = rows(tmp_path / "metrics.csv")
    assert [(row["step"], row["semantic"], row["learning_rate"]) for row in found] == [
        ("2", "2", "0.01"), ("4", "6", "0.005"),
    ]  # fmt: skip
    assert (found[0]["voxels_per_s"], found[0]["data_s"], found[0]["compute_s"]) == ("1000", "0.25", "0.75")
    printed = capsys.readouterr().out
    assert "run round 0 | step 2/4  semantic 2 " in printed
    assert (tmp_path / "log.txt").read_text(encoding="utf-8") == printed


def test_figures_measured_at_a_line_are_no_means(tmp_path: Path) -> None:
    log = TrainingLog(tmp_path, 4, "run")
    for step in (1, 2, 3):
        add(log, step, 1.0)
    log.flush(3, 0.1, {"probe": 0.25})
    add(log, 4, 1.0)
    log.flush(4, 0.1)
    log.save_metrics(tmp_path / "metrics.csv")
    assert [row["probe"] for row in rows(tmp_path / "metrics.csv")] == ["0.25", ""]


def test_the_time_left_may_be_days(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter([0.0, 10.0, 20.0])
    monkeypatch.setattr("twist.learning.log.time.monotonic", lambda: next(clock))
    log = TrainingLog(tmp_path, 20_001, "run")
    add(log, 1, 0.0)  # began at 10 - 1 s
    log.flush(1, 0.1)
    assert capsys.readouterr().out.rstrip().endswith("ETA 2 days, 13:06:40")


def test_a_resume_keeps_the_rows_up_to_its_step(tmp_path: Path) -> None:
    log = TrainingLog(tmp_path, 9, "run")
    for step in (1, 2, 3):
        add(log, step, step)
        log.flush(step, 0.1)
    log.save_metrics(log.metrics)
    again = TrainingLog(tmp_path, 9, "run")
    again.resume_at(2)
    again.add(3, {"data_s": 1, "compute_s": 1}, 10, {"semantic": 30, "certainty": 4})
    again.flush(3, 0.1)
    again.save_metrics(again.metrics)
    found = rows(again.metrics)
    assert [(row["step"], row["semantic"], row["certainty"]) for row in found] == [
        ("1", "1", ""), ("2", "2", ""), ("3", "30", "4"),
    ]  # fmt: skip


def test_a_resume_without_metrics_and_a_new_start_have_none(tmp_path: Path) -> None:
    log = TrainingLog(tmp_path, 9, "run")
    log.resume_at(5)
    log.save_metrics(log.metrics)
    assert rows(log.metrics) == []
