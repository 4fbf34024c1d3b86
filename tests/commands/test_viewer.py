"""``viewer``: from the files of a run to the page."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.references.viewer_reference import unpacked
from tests.regions import scored_regions
from tests.showing.viewer.scans import BED, CHAIR, POINTS, predictions, three_boxes
from twist.__main__ import main
from twist.files import write_npz, write_text
from twist.regions import Regions
from twist.selftraining.evidence import Evidence
from twist.selftraining.pseudolabels import PseudoLabels
from twist.selftraining.viewed import pseudo_labelling


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """Two scored scans with predictions, one unlabelled with the labels of two rounds."""
    for name in ("val0", "val1", "train0"):
        scene = replace(three_boxes(), name=name)
        scene.save(tmp_path / "scenes" / f"{name}.npz")
        write_npz(tmp_path / "supervoxels" / f"{name}.npz", {"supervoxel": np.arange(len(scene)) // 50})
        predictions().save(tmp_path / "predictions" / f"{name}.npz")
    for stage in (1, 2):
        save_pseudo_labels(tmp_path / f"round{stage}" / "train0.npz", with_instances=stage == 2)
    write_text(tmp_path / "val.txt", "val0\nval1\n")
    write_text(tmp_path / "unlabelled.txt", "train0\n")
    return tmp_path


def save_pseudo_labels(path: Path, *, with_instances: bool) -> None:
    size = 4 * POINTS
    semantic, instance = np.full(size, -1, np.int32), np.full(size, -1, np.int32)
    semantic[POINTS : 2 * POINTS], semantic[-POINTS:] = BED, CHAIR
    proposals = Regions.empty(size)
    if with_instances:
        instance[POINTS : 2 * POINTS], instance[-POINTS:] = 5, 3
        proposals = Regions.from_ids(np.arange(size) // POINTS - 1)
        proposals = proposals.with_labels(np.array([BED, -1, CHAIR]), np.array([0.6, 0.1, 0.8]))
    probability = np.full((size, 20), 0.01, np.float32)
    probability[:, 0] = 0.81
    Evidence.of(probability, proposals).save(path)
    PseudoLabels(semantic, instance, np.ones(size, np.float32)).save(path)


def words(run: Path, *more: str) -> list[str]:
    files = ["--scenes", str(run / "val.txt"), "--predictions", str(run / "predictions")]
    return [
        "viewer",
        "--dataset",
        "rooms",
        "--data",
        str(run),
        *files,
        "--out",
        str(run / "viewer.html"),
        *more,
    ]


def with_rounds(run: Path) -> list[str]:
    rounds = [str(run / "round1"), str(run / "round2")]
    return ["--unlabelled", str(run / "unlabelled.txt"), "--pseudo-labels", *rounds]


def scans_of(page: Path) -> dict[str, list[str]]:
    """Name of each scan and titles of its layers."""
    packed = re.findall(r'class="scene" data-name="[^"]*">([^<]*)<', page.read_text(encoding="utf-8"))
    facts = [unpacked(text)[0] for text in packed]
    return {scan["name"]: [layer["title"] for layer in scan["layers"]] for scan in facts}


def test_a_run_with_rounds(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words(run, *with_rounds(run))) == 0
    assert "3 scans in" in capsys.readouterr().out
    rounds = ["Pseudo-labels, round 1", "Pseudo-labels, round 2"]
    assert scans_of(run / "viewer.html") == {
        "val0": ["Ground truth", "Predictions", "Supervoxels"],
        "val1": ["Ground truth", "Predictions", "Supervoxels"],
        "train0": ["Ground truth", *rounds, "Supervoxels"],
    }


def test_chosen_scans_alone(run: Path) -> None:
    assert main(words(run, *with_rounds(run), "--only", "train0", "val1")) == 0
    assert list(scans_of(run / "viewer.html")) == ["val1", "train0"]


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--only", "nowhere"], "--only: nowhere not in the lists of scenes"),
        (["--unlabelled", "list.txt"], "--unlabelled and --pseudo-labels together"),
    ],
)
def test_what_does_not_fit_is_said(
    run: Path, more: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words(run, *more)) == 1
    assert said in capsys.readouterr().err
    assert not (run / "viewer.html").exists()


def test_missing_predictions_are_named(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (run / "predictions" / "val1.npz").unlink()
    assert main(words(run)) == 1
    assert "val1.npz does not exist" in capsys.readouterr().err


def test_pseudo_labels_come_by_certainty(run: Path) -> None:
    labelling = pseudo_labelling("round 2", run / "round2" / "train0.npz")
    assert labelling.regions.label.tolist() == [CHAIR, BED]
    assert labelling.regions.score.tolist() == pytest.approx([0.8, 0.6])
    assert labelling.certainty == pytest.approx(0.81, abs=0.003)


def test_an_instance_has_the_certainty_of_the_proposal_that_was_kept(tmp_path: Path) -> None:
    """.95 takes two points of the one with .9; what is left fits the rejected .4 better."""
    parts = ((range(6), BED, 0.95), (range(4, 10), CHAIR, 0.9), (range(6, 10), CHAIR, 0.4))
    proposals = scored_regions(*parts, size=10)
    Evidence.of(np.full((10, 20), 0.05, np.float32), proposals).save(tmp_path / "scan.npz")
    instance = np.array([0] * 6 + [1] * 4, np.int32)
    semantic = np.array([BED] * 6 + [CHAIR] * 4, np.int32)
    PseudoLabels(semantic, instance, np.ones(10, np.float32)).save(tmp_path / "scan.npz")
    shown = pseudo_labelling("round 2", tmp_path / "scan.npz").regions
    assert shown.score.tolist() == pytest.approx([0.95, 0.9])


def test_round_one_has_no_instances(run: Path) -> None:
    assert len(pseudo_labelling("round 1", run / "round1" / "train0.npz").regions) == 0
