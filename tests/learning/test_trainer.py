"""Training: that it learns, what decides its weights, and numbers that are none."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from scipy.spatial import cKDTree

from tests.learning.trainings import (
    CPU,
    LABELLED,
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
from twist.classes import S3DIS, SCANNET
from twist.errors import TwistError
from twist.learning import loop, trainer
from twist.learning.log import TrainingLog
from twist.learning.losses import class_weights
from twist.learning.samples import SampleCache
from twist.learning.trainer import Trainer
from twist.network.model import Model
from twist.network.pretrained import ContrastiveNetwork
from twist.scene import Scene
from twist.settings import Settings


@pytest.mark.parametrize("stage", [START, ROUND])
def test_it_learns(stage: str, data: Path, tmp_path: Path) -> None:
    run(plan_of(data, stage, steps=40, training={"learning_rate": 0.02, "save_every_s": 1000}), tmp_path)
    rows = metrics_of(tmp_path)
    assert float(rows[-1]["semantic"]) < 0.7 * float(rows[0]["semantic"])
    assert float(rows[-1]["offset"]) < float(rows[0]["offset"])
    assert ("certainty" in rows[0]) == (stage == ROUND)


@pytest.mark.parametrize(
    "training", [{"workers": 2}, {"cache_gb": 0.0}, {"log_every": 1}, {"mixed_precision": True}]
)
def test_settings_of_speed_change_no_weight(
    training: dict[str, Any], data: Path, uninterrupted: dict[str, Weights], tmp_path: Path
) -> None:
    """Mixed precision is for GPUs: the CPU always computes in float32."""
    assert_same(run(plan_of(data, training=training), tmp_path), uninterrupted[START])


def test_another_seed_gives_other_weights(
    data: Path, uninterrupted: dict[str, Weights], tmp_path: Path
) -> None:
    other = run(replace(plan_of(data), seed=6), tmp_path)
    assert any(not torch.equal(other[key], weights) for key, weights in uninterrupted[START].items())


@pytest.mark.parametrize("stage", [START, ROUND])
def test_the_model_says_whether_its_certainty_is_trained(stage: str, data: Path, tmp_path: Path) -> None:
    run(plan_of(data, stage, steps=2), tmp_path)
    model = Model.load(tmp_path / "model.pt")
    assert model.certainty_trained == (stage == ROUND)
    trained = Model.load(tmp_path / "model.pt").recorrection.state_dict()
    torch.manual_seed(5)
    fresh = Model(model.settings, SCANNET).recorrection.state_dict()
    learned = [key for key in fresh if "norm" not in key and not torch.equal(fresh[key], trained[key])]
    assert bool(learned) == (stage == ROUND)


def test_the_model_tells_what_predicting_any_scan_needs(data: Path, tmp_path: Path) -> None:
    plan = plan_of(data, steps=2, prediction={"min_score": 0.25})
    run(plan, tmp_path)
    facts = Model.load(tmp_path / "model.pt").facts
    settings = Settings.from_layers({"model": facts["settings"]})
    assert (settings.prediction, settings.proposals) == (plan.settings.prediction, plan.settings.proposals)
    nearest = [
        np.median(cKDTree(xyz).query(xyz, k=2)[0][:, 1])
        for xyz in (Scene.load(data / "scenes" / f"{name}.npz").xyz for name in LABELLED)
    ]
    assert facts["spacing_m"] == pytest.approx(np.median(nearest), rel=1e-3)
    labels = np.concatenate([Scene.load(data / "scenes" / f"{name}.npz").semantic for name in LABELLED])
    assert facts["class_points"] == np.bincount(labels[labels >= 0], minlength=20).tolist()


def test_it_starts_from_a_given_model(data: Path, tmp_path: Path) -> None:
    weights = run(plan_of(data, ROUND, steps=2), tmp_path)
    plan = replace(plan_of(data), start=tmp_path / "model.pt")
    (tmp_path / "next").mkdir()
    started = Trainer(plan, tmp_path / "next", CPU, TrainingLog(tmp_path / "next", STEPS, "test"))
    assert_same(started.model.state_dict(), weights)
    assert started.model.certainty_trained


def test_it_starts_with_a_pre_trained_backbone_and_the_seeds_own_heads(data: Path, tmp_path: Path) -> None:
    plan = plan_of(data)
    torch.manual_seed(99)
    network = ContrastiveNetwork(plan.settings.network, 6)
    network.save(tmp_path / "backbone.pt")
    starts = []
    for backbone in (None, tmp_path / "backbone.pt"):
        work = tmp_path / str(len(starts))
        work.mkdir()
        log = TrainingLog(work, STEPS, "test")
        starts.append(Trainer(replace(plan, backbone=backbone), work, CPU, log).model.state_dict())
    plain, started = starts
    for key, weights in started.items():
        inside = key.removeprefix("extraction.")
        expected = network.state_dict()[inside] if inside.startswith("backbone.") else plain[key]
        assert torch.equal(weights, expected), key
    said = (tmp_path / "1" / "log.txt").read_text(encoding="utf-8")
    assert "backbone.pt: loaded: " in said
    assert "fresh: " in said


def test_a_start_of_another_shape_is_refused(data: Path, tmp_path: Path) -> None:
    run(plan_of(data, steps=1), tmp_path)
    wider = plan_of(data, network={"stem_channels": 5})
    with pytest.raises(TwistError, match=r"model\.pt was trained with other network settings"):
        run(replace(wider, start=tmp_path / "model.pt"), tmp_path / "wider")
    with pytest.raises(TwistError, match="other network settings"):
        run(replace(plan_of(data), start=tmp_path / "model.pt", table=S3DIS), tmp_path / "other")


def test_class_weights_come_from_the_labelled_scenes_alone(data: Path, tmp_path: Path) -> None:
    plan = plan_of(data, ROUND, training={"class_weight_power": 0.5})
    counts = np.zeros(20, np.int64)
    for name in LABELLED:
        counts += np.bincount(Scene.load(data / "scenes" / f"{name}.npz").semantic, minlength=20)
    started = Trainer(plan, tmp_path, CPU, TrainingLog(tmp_path, STEPS, "test"))
    np.testing.assert_array_equal(started.class_weight, class_weights(counts, 0.5))


# --- numbers that are none -----------------------------------------------------------------------


def test_nan_in_a_scene_stops_with_its_name_and_keeps_the_last_state(
    data: Path,
    uninterrupted: dict[str, Weights],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plan, plain = plan_of(data), SampleCache.get
    first = plan.mix.scenes_of_step(0, plan.seed)[0][0]
    bad = next(name for name in LABELLED if name != first)
    step = next(s for s in range(STEPS) if (bad, False) in plan.mix.scenes_of_step(s, plan.seed))

    def get(cache: SampleCache, name: str, *rest: Any) -> Any:
        sample = plain(cache, name, *rest)
        return replace(sample, rgb=np.full_like(sample.rgb, np.nan)) if name == bad else sample

    with monkeypatch.context() as patch:
        patch.setattr(SampleCache, "get", get)
        with pytest.raises(
            TwistError, match=rf"loss is NaN or infinite at step {step + 1} \(scene {bad} has"
        ):
            run(plan, tmp_path)
    assert_same(run(plan, tmp_path), uninterrupted[START])
    assert f"goes on from the saved step {step}" in log_of(tmp_path)


def test_too_little_memory_on_a_gpu_says_what_to_lower(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def loss(*_: Any) -> Weights:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")

    monkeypatch.setattr(trainer, "extraction_loss", loss)
    with pytest.raises(TwistError, match=r"2\.00 GiB\.\); lower augmentation\.voxels_max .* anew$"):
        run(plan_of(data), tmp_path)


def test_a_model_names_the_code_that_trained_it(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not the one that lies in the checkout by the end."""
    plan, plain = plan_of(data, steps=3), TrainingLog.add

    def add(log: TrainingLog, *rest: Any) -> None:
        monkeypatch.setattr(trainer, "training_provenance", lambda device: {"revision": "later"})
        plain(log, *rest)

    monkeypatch.setattr(trainer, "training_provenance", lambda device: {"revision": "first"})
    monkeypatch.setattr(TrainingLog, "add", add)
    run(plan, tmp_path)
    assert Model.load(tmp_path / "model.pt").facts["trained_with"] == {"revision": "first"}


@pytest.mark.parametrize("clip", [0.0, 10.0])
def test_a_gradient_that_is_nan_never_reaches_the_weights(
    clip: float,
    data: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A finite loss can have such a gradient; saved weights would be lost for good."""
    plan, plain = plan_of(data, training={"gradient_clip": clip}), trainer.extraction_loss
    steps = iter(range(STEPS))

    def loss(extraction: Any, *rest: Any) -> Weights:
        losses = plain(extraction, *rest)
        if next(steps) == 3:
            losses["semantic"] = losses["semantic"] + torch.sqrt((0 * extraction.logits).sum())
        return losses

    with monkeypatch.context() as patch:
        patch.setattr(trainer, "extraction_loss", loss)
        with pytest.raises(TwistError, match=r"gradient is NaN or infinite at step 4 \(scenes room"):
            run(plan, tmp_path / "a")
    assert_same(run(plan, tmp_path / "a"), run(plan, tmp_path / "b"))


def test_in_mixed_precision_steps_are_left_out_but_not_for_ever(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The scaler, played here on the CPU, leaves a step without finite gradient out."""
    plain, steps = trainer.extraction_loss, iter(range(STEPS))

    def loss(extraction: Any, *rest: Any) -> Weights:
        losses = plain(extraction, *rest)
        if next(steps) >= 1:
            losses["semantic"] = losses["semantic"] + torch.sqrt((0 * extraction.logits).sum())
        return losses

    monkeypatch.setattr(trainer, "extraction_loss", loss)
    monkeypatch.setattr(torch.amp.GradScaler, "is_enabled", lambda self: True)
    monkeypatch.setattr(torch.amp.GradScaler, "step", lambda self, optimizer: None)
    monkeypatch.setattr(loop, "_MOST_LEFT_OUT", 2)
    with pytest.raises(TwistError, match=r"gradient is NaN or infinite at step 4 \(scenes room"):
        run(plan_of(data), tmp_path)


def test_scenes_without_any_label_train(data: Path, tmp_path: Path) -> None:
    """Nothing to learn from gives zero losses and the weights of weight decay, not a crash."""
    for name in LABELLED:
        scene = Scene.load(data / "scenes" / f"{name}.npz").without_labels()
        scene.save(tmp_path / "scenes" / f"{name}.npz")
    plan = replace(plan_of(data, steps=2), scene_folder=tmp_path / "scenes", train_recorrection=True)
    settings = replace(plan.settings, proposals=replace(plan.settings.proposals, min_points=10_000))
    weights = run(replace(plan, settings=settings), tmp_path)
    assert all(torch.isfinite(value).all() for value in weights.values())
    assert {row["proposals"] for row in metrics_of(tmp_path)} == {"0"}
    assert {row["semantic"] for row in metrics_of(tmp_path)} == {"0"}
