"""Precision-recall curves: their area is the average precision, and they reach plot and CSV."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from tests.synthetic import room
from twist.__main__ import main
from twist.classes import SCANNET
from twist.regions import Regions
from twist.scoring.average_precision import (
    AT_50,
    area_under_curve,
    average_precision,
    class_curves,
    precision_and_recall,
)
from twist.scoring.matching import match_scene

CHAIR = SCANNET.names.index("chair")


def test_a_curve_by_hand() -> None:
    """Right at .9, wrong at .8 and .5, right at .5; four instances. Equal scores are one point."""
    score, is_true = np.array([0.5, 0.9, 0.8, 0.5]), np.array([True, True, False, False])
    precision, recall = precision_and_recall(score, is_true, 4)
    np.testing.assert_allclose(precision, [2 / 4, 1 / 2, 1, 1])
    np.testing.assert_allclose(recall, [2 / 4, 1 / 4, 1 / 4, 0])


def test_nothing_predicted_is_the_artificial_end_alone() -> None:
    precision, recall = precision_and_recall(np.zeros(0), np.zeros(0, bool), 3)
    assert (precision.tolist(), recall.tolist()) == ([1.0], [0.0])
    assert area_under_curve(np.zeros(0), np.zeros(0, bool), 3) == 0.0


def scenes() -> list:
    """Rooms whose instances are predicted with some points cut off, and with mistakes in between."""
    matches = []
    for seed in range(4):
        rng = np.random.default_rng(seed)
        scene, _ = room(points=3000, seed=seed)
        guess = np.where(
            rng.random(3000) < rng.choice([0.3, 0.7, 1.0], 20)[scene.instance % 20], scene.instance, -1
        )
        regions = Regions.from_ids(guess, label=scene.semantic)
        label = np.where(rng.random(len(regions)) < 0.2, CHAIR, regions.label)
        regions = regions.with_labels(label, rng.random(len(regions)))
        matches.append(match_scene(scene.semantic, scene.instance, regions, SCANNET))
    return matches


def test_the_areas_are_the_benchmarks_figures() -> None:
    """A point weighs half the recall between its two neighbours."""
    matches = scenes()
    scores, curves = average_precision(matches, SCANNET), class_curves(matches, SCANNET, 0.5)
    assert set(curves) == {name for name, count in zip(scores.names, scores.instances, strict=True) if count}
    assert len({round(ap, 3) for ap in scores.class_ap50 if not np.isnan(ap)}) > 1
    for name, (precision, recall) in curves.items():
        before, after = [recall[0], *recall[:-1]], [*recall[1:], 0.0]
        area = sum(p * (b - a) / 2 for p, b, a in zip(precision, before, after, strict=True))
        assert area == pytest.approx(scores.ap[scores.names.index(name), AT_50], abs=1e-12)
        assert (np.diff(recall) <= 0).all()
        assert recall[0] <= 1


def test_the_verb_writes_curves_and_plot(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    scene, _ = room("one", 3000)
    scene.save(tmp_path / "scenes" / "one.npz")
    Regions.from_ids(scene.instance, label=scene.semantic).save(tmp_path / "predictions" / "one.npz")
    (tmp_path / "val.txt").write_text("one\n")
    words = ["precision-recall", "--dataset", "rooms", "--scenes", str(tmp_path / "scenes")]
    words += ["--list", str(tmp_path / "val.txt"), "--predictions", str(tmp_path / "predictions")]
    words += ["--csv", str(tmp_path / "pr.csv"), "--plot", str(tmp_path / "pr")]
    assert main(words) == 0
    assert "AP50 100.0 on 1 scenes" in capsys.readouterr().out
    assert (tmp_path / "pr.png").stat().st_size > 5000
    assert (tmp_path / "pr.svg").exists()
    rows = list(csv.DictReader((tmp_path / "pr.csv").open()))
    assert {row["class"] for row in rows} == {"bed", "chair", "table"}
    assert {row["iou"] for row in rows} == {"0.5", "0.25"}
    assert {row["precision"] for row in rows} == {"1.0"}
    (tmp_path / "predictions" / "one.npz").unlink()
    assert main(words) == 1
    assert "scene one" in capsys.readouterr().err
