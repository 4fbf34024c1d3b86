"""Pre-training: that it learns, goes on bit for bit, reads no labels, and says what goes wrong."""

from __future__ import annotations

import csv
import os
import re
import signal
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests.pretraining.trainings import SCANS, STEPS, plan_of, run
from twist.errors import TwistError
from twist.learning.log import TrainingLog
from twist.learning.samples import SampleCache
from twist.pretraining.trainer import Pretrainer
from twist.scene import Scene
from twist.views.pairs import Views


def assert_same(a: dict[str, Any], b: dict[str, Any]) -> None:
    assert a.keys() == b.keys()
    assert [key for key in a if not torch.equal(a[key], b[key])] == []


def metrics_of(folder: Path) -> list[dict[str, str]]:
    with (folder / "metrics.csv").open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))


def log_of(folder: Path) -> str:
    return (folder / "work" / "log.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("method", "options"),
    [("pc", {}), ("pc", {"loss": "hardest"}), ("csc", {})],
    ids=["pc", "hardest", "csc"],
)
def test_it_learns(method: str, options: dict[str, Any], data: Path, tmp_path: Path) -> None:
    schedule = {"iterations": 60, "optimizer": "adamw", "learning_rate": 0.01}
    plan = plan_of(data, method, pretraining=schedule | options, training={"save_every_s": 1000})
    run(plan, tmp_path)
    rows = metrics_of(tmp_path)
    early, late = (np.mean([float(row["contrast"]) for row in part]) for part in (rows[:3], rows[-3:]))
    assert late < 0.95 * early
    probed = [row for row in rows if row["hits"]]
    assert 10 <= len(probed) <= 11
    assert probed[-1] is rows[-1]
    assert {"hits", "recall", "matches"} <= rows[-1].keys()
    untrained = re.search(r"random weights: hits .* probe ([0-9.]+)", log_of(tmp_path))
    assert untrained
    assert float(probed[-1]["probe"]) > float(untrained[1]) + 0.05
    assert "pairs/s" in log_of(tmp_path)


@pytest.mark.parametrize("method", ["pc", "csc"])
def test_a_stopped_pre_training_goes_on_bit_for_bit(
    method: str,
    data: Path,
    uninterrupted: dict[str, dict[str, Any]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plan, plain, left = plan_of(data, method, training={"save_every_s": 1000}), TrainingLog.add, [3, 6]

    def add(log: TrainingLog, at: int, *rest: Any) -> None:
        plain(log, at, *rest)
        if at in left:
            left.remove(at)
            os.kill(os.getpid(), signal.SIGTERM)

    monkeypatch.setattr(TrainingLog, "add", add)
    for step in (3, 6):
        with pytest.raises(TwistError, match=f"stopped by SIGTERM after step {step}; the same command"):
            run(plan, tmp_path)
        assert not (tmp_path / "model.pt").exists()
    assert_same(run(plan, tmp_path), uninterrupted[method])
    assert f"goes on from the saved step 6 of {STEPS}" in log_of(tmp_path)


def test_methods_give_different_weights(uninterrupted: dict[str, dict[str, Any]]) -> None:
    pc, csc = uninterrupted["pc"], uninterrupted["csc"]
    assert pc.keys() == csc.keys()
    assert any(not torch.equal(pc[key], csc[key]) for key in pc)


def test_annotations_change_no_weight(
    data: Path, uninterrupted: dict[str, dict[str, Any]], tmp_path: Path
) -> None:
    """They are read for the linear probe alone; without them there is none."""
    for name in SCANS:
        Scene.load(data / "scenes" / f"{name}.npz").without_labels().save(tmp_path / f"scenes/{name}.npz")
    weights = run(replace(plan_of(data), scene_folder=tmp_path / "scenes"), tmp_path)
    assert_same(weights, uninterrupted["pc"])
    assert "probe" not in metrics_of(tmp_path)[-1]


def test_only_the_named_scans_are_read(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read, plain, views = [], SampleCache.get, Views.load

    def get(cache: SampleCache, name: str, *rest: Any) -> Any:
        read.append(name)
        return plain(cache, name, *rest)

    def load(path: Path) -> Views:
        read.append(path.stem)
        return views(path)

    monkeypatch.setattr(SampleCache, "get", get)
    monkeypatch.setattr(Views, "load", load)
    run(replace(plan_of(data), scans=SCANS[:2]), tmp_path)
    assert set(read) == set(SCANS[:2])


@pytest.mark.parametrize("training", [{"workers": 2}, {"log_every": 1}])
def test_settings_of_comfort_change_no_weight(
    training: dict[str, Any], data: Path, uninterrupted: dict[str, dict[str, Any]], tmp_path: Path
) -> None:
    """With a line a step there are more probes: they must not disturb what is learned."""
    assert_same(run(plan_of(data, training=training), tmp_path), uninterrupted["pc"])


def test_a_finished_pre_training_ends_at_once(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = plan_of(data, pretraining={"iterations": 2})
    weights = run(plan, tmp_path)
    (tmp_path / "model.pt").unlink()

    def never(_: Pretrainer) -> None:
        raise AssertionError("it trains again")

    monkeypatch.setattr(Pretrainer, "run", never)
    assert_same(run(plan, tmp_path), weights)


def test_views_without_a_match_teach_nothing_but_do_not_crash(data: Path, tmp_path: Path) -> None:
    for name in SCANS:
        seen = Views.load(data / "views" / f"{name}.npz").seen
        apart = np.stack([seen[0] & ~seen[1], seen[2]])
        Views(apart, np.array([[0, 1]], np.int32)).save(tmp_path / "views" / f"{name}.npz")
    weights = run(replace(plan_of(data), view_folder=tmp_path / "views"), tmp_path)
    assert all(torch.isfinite(value).all() for value in weights.values())
    assert float(metrics_of(tmp_path)[-1]["matches"]) < 5


def test_nan_in_a_scan_stops_with_its_name_and_the_right_setting(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = SampleCache.get

    def get(cache: SampleCache, name: str, *rest: Any) -> Any:
        sample = plain(cache, name, *rest)
        return replace(sample, normal=np.full_like(sample.normal, np.nan)) if name == "room1" else sample

    monkeypatch.setattr(SampleCache, "get", get)
    plan = plan_of(data, pretraining={"probe_scans": 2})
    with pytest.raises(TwistError, match=r"scene room1 has such input.*Lower pretraining\.learning_rate"):
        run(plan, tmp_path)


def test_no_scan_with_a_pair_is_an_error(data: Path, tmp_path: Path) -> None:
    with pytest.raises(TwistError, match=r"no training scan has a pair of views.*views\.min_overlap"):
        run(replace(plan_of(data), scans=()), tmp_path)
