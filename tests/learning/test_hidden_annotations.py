"""Self-training never learns from the annotations of scans that count as unlabelled."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.learning.trainings import PSEUDO, ROUND, assert_same, plan_of, run
from tests.synthetic import CHAIR
from twist.__main__ import main
from twist.files import read_npz
from twist.scene import Scene


@pytest.fixture(params=["without", "all of one class"])
def hidden(request: pytest.FixtureRequest, data: Path, tmp_path: Path) -> Path:
    """The same data without the annotations of the unlabelled scans, or with wrong ones."""
    folder = shutil.copytree(data, tmp_path / "hidden")
    for name in PSEUDO:
        path = folder / "scenes" / f"{name}.npz"
        scene = Scene.load(path)
        assert scene.labelled
        wrong = replace(scene, semantic=np.full_like(scene.semantic, CHAIR))
        (scene.without_labels() if request.param == "without" else wrong).save(path)
    return folder


@pytest.mark.parametrize("more", [{}, {"paste": 2}])
def test_a_round_s_weights_are_the_same(
    more: dict[str, int], data: Path, hidden: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With weights of the classes, and with instances pasted into the pseudo-labelled scans."""
    monkeypatch.setattr("twist.learning.paste._MIN_POINTS", 20)  # these rooms have smaller furniture
    training = {"class_weight_power": 0.5, "save_every_s": 1000}
    seen, unseen = (
        run(plan_of(folder, ROUND, steps=4, training=training, selftraining=more), tmp_path / name)
        for folder, name in ((data, "seen"), (hidden, "unseen"))
    )
    assert_same(unseen, seen)


@pytest.mark.parametrize("round_number", [1, 2])
def test_pseudo_labels_are_the_same(round_number: int, data: Path, hidden: Path, tmp_path: Path) -> None:
    plan = plan_of(data, ROUND, steps=40, training={"learning_rate": 0.02, "save_every_s": 1000})
    run(plan, tmp_path)
    (tmp_path / "unlabelled.txt").write_text("\n".join(PSEUDO))
    words = ["label", "--run", "tiny_50pct", "--model", str(tmp_path / "model.pt"), "--device", "cpu"]
    words += ["--scenes", str(tmp_path / "unlabelled.txt"), "--round", str(round_number), "--override"]
    words += ["{data: {raw: unused}, pseudolabels: {semantic_threshold: 0.3, certainty_threshold: [0.1]}}"]
    for folder, out in ((data, tmp_path / "seen"), (hidden, tmp_path / "unseen")):
        places = ["--data", str(folder), "--out-dir", str(out), "--manifest", str(out / "all.json")]
        assert main([*words, *places]) == 0
    for name in PSEUDO:
        seen, unseen = (read_npz(tmp_path / out / f"{name}.npz") for out in ("seen", "unseen"))
        assert (seen["semantic"] >= 0).any()
        for key, values in seen.items():
            np.testing.assert_array_equal(values, unseen[key])
