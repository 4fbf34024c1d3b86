"""Diagnosis of folders of pseudo-labels, and the verb that writes it."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.synthetic import BED, CHAIR, FLOOR, TABLE, room
from twist.__main__ import main
from twist.classes import SCANNET
from twist.errors import TwistError
from twist.regions import Regions
from twist.scene import Scene
from twist.selftraining.diagnosis import Diagnosis, diagnose_scans
from twist.selftraining.evidence import Evidence
from twist.selftraining.pseudolabels import PseudoLabels
from twist.settings import RecorrectionSettings

NAMES = ("room0", "room1")


def write_labels(scene: Scene, folder: Path, *, with_instances: bool) -> None:
    """Labels as a model would make them that takes every table for a bed, and is sure of all else."""
    semantic = np.where(scene.semantic == TABLE, BED, scene.semantic).astype(np.int32)
    instance = scene.instance if with_instances else np.full(len(scene), -1, np.int32)
    path = folder / f"{scene.name}.npz"
    PseudoLabels(semantic, instance, np.ones(len(scene), np.float32)).save(path)
    proposals = Regions.from_ids(instance, label=semantic)
    certainty = np.where(proposals.label == BED, 0.75, 0.95)
    probability = np.eye(len(SCANNET), dtype=np.float32)[semantic] * 0.8
    Evidence.of(probability, proposals.with_labels(proposals.label, certainty)).save(path)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two rooms of 600 points: 200 of the floor, 100 of a bed, a table, and each of two chairs."""
    for seed, name in enumerate(NAMES):
        scene, _ = room(name, 600, seed)
        scene.save(tmp_path / "scenes" / f"{name}.npz")
        write_labels(scene, tmp_path / "labels", with_instances=True)
    return tmp_path


def diagnose(folder: Path, names: tuple[str, ...] = NAMES) -> Diagnosis:
    return diagnose_scans(names, folder / "scenes", folder / "labels", SCANNET, RecorrectionSettings())


def test_two_scans_together(folder: Path) -> None:
    diagnosis = diagnose(folder)
    assert diagnosis.labels.true_points[[FLOOR, BED, CHAIR, TABLE]].tolist() == [400, 200, 400, 200]
    assert diagnosis.labels.right_points[[FLOOR, BED, CHAIR, TABLE]].tolist() == [400, 200, 400, 0]
    assert diagnosis.labels.right_instances.sum() == 6
    assert diagnosis.labels.fitting_instances.sum() == 8
    assert diagnosis.certainty.count.tolist() == [0, 0, 0, 0, 0, 0, 0, 4, 0, 4]
    assert diagnosis.certainty.right.tolist() == [0, 0, 0, 0, 0, 0, 0, 2, 0, 4]
    assert diagnosis.certainty.target.sum() == 8
    assert (diagnosis.thing_probability.count.sum(), diagnosis.thing_probability.right.sum()) == (800, 600)
    assert diagnosis.stuff_probability.right.sum() == diagnosis.stuff_probability.count.sum() == 400


def test_no_scans_are_refused(folder: Path) -> None:
    with pytest.raises(TwistError, match="there are no scans"):
        diagnose(folder, ())


def test_a_scan_without_annotations_is_named(folder: Path) -> None:
    Scene.load(folder / "scenes/room1.npz").without_labels().save(folder / "scenes/room1.npz")
    with pytest.raises(TwistError, match="scene room1 came without annotations"):
        diagnose(folder)


def test_labels_of_another_scan_are_named(folder: Path) -> None:
    other, _ = room("room1", 300)
    write_labels(other, folder / "labels", with_instances=False)
    with pytest.raises(TwistError, match=r"scene room1 has 600 points, its pseudo-labels .* have 300"):
        diagnose(folder)


def test_a_damaged_certainty_is_named(folder: Path) -> None:
    labels = folder / "labels/room1.npz"
    evidence = Evidence.load(labels)
    proposals = evidence.proposals
    broken = proposals.with_labels(proposals.label, np.full(len(proposals), np.nan))
    replace(evidence, proposals=broken).save(labels)
    with pytest.raises(TwistError, match="scene room1: a score is nan"):
        diagnose(folder)


@pytest.mark.parametrize("with_instances", [True, False])
def test_the_verb_writes_two_tables(
    folder: Path, with_instances: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in NAMES:
        scene = Scene.load(folder / "scenes" / f"{name}.npz")
        write_labels(scene, folder / "labels", with_instances=with_instances)
    (folder / "scenes.txt").write_text("\n".join(NAMES))
    words = ["diagnose", "--run", "tiny_50pct", "--data", str(folder), "--scenes", str(folder / "scenes.txt")]
    words += ["--pseudo-labels", str(folder / "labels"), "--round", "2"]
    words += ["--out", str(folder / "quality.csv"), "--calibration", str(folder / "calibration.csv")]
    assert main(words) == 0
    rows = {row["class"]: row for row in csv.DictReader((folder / "quality.csv").open())}
    assert [*rows] == [*SCANNET.names, "mean things", "mean stuff", "all things", "all stuff", "all"]
    assert {row["round"] for row in rows.values()} == {"2"}
    assert (rows["bed"]["precision"], rows["table"]["precision"], rows["sofa"]["recall"]) == ("0.5", "", "")
    assert rows["all things"]["instance_recall"] == ("0.75" if with_instances else "")
    bins = list(csv.DictReader((folder / "calibration.csv").open()))
    assert [row["score"] for row in bins[::10]] == ["certainty", "thing_probability", "stuff_probability"]
    assert (bins[7]["low"], bins[7]["count"]) == ("0.7", "4" if with_instances else "0")
    assert bins[28] | {"mean_score": ""} == {
        "round": "2", "score": "stuff_probability", "low": "0.8", "high": "0.9",
        "count": "400", "mean_score": "", "share_right": "1", "mean_target": "",
    }  # fmt: skip
    assert "round 2, 2 scans; objects: precision 0.75, coverage 1.00" in capsys.readouterr().out
