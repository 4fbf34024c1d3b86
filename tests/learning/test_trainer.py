"""Training: however often it is stopped or killed, it ends with the weights of one that ran through."""

from __future__ import annotations

import csv
import multiprocessing
import os
import signal
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests.synthetic import tiny_settings, write_rooms
from twist.classes import S3DIS, SCANNET
from twist.devices import open_device
from twist.errors import TwistError
from twist.learning import trainer
from twist.learning.batches import Mix
from twist.learning.log import TrainingLog
from twist.learning.losses import class_weights
from twist.learning.samples import SampleCache
from twist.learning.state import StateFolder
from twist.learning.trainer import Trainer, TrainingPlan, train
from twist.network.model import Model
from twist.scene import Scene
from twist.selftraining.pseudolabels import PseudoLabels
from twist.settings import Settings

CPU = open_device("cpu")
STEPS = 12
LABELLED, PSEUDO = ("room0", "room1"), ("room2", "room3")
#: What round 0 trains, and what a later round does.
START, ROUND = "start", "round"


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four prepared rooms, two of them with pseudo-labels."""
    folder = tmp_path_factory.mktemp("data")
    write_rooms(folder, LABELLED + PSEUDO, 300)
    for name in PSEUDO:
        scene = Scene.load(folder / "scenes" / f"{name}.npz")
        labels = PseudoLabels(scene.semantic, scene.instance, np.full(len(scene), 0.5, np.float32))
        labels.save(folder / "labels" / f"{name}.npz")
    return folder


def plan_of(data: Path, stage: str = START, steps: int = STEPS, **sections: Any) -> TrainingPlan:
    training = {"save_every_s": 0} | sections.pop("training", {})
    later = stage == ROUND
    return TrainingPlan(
        settings=tiny_settings(training=training, **sections),
        table=SCANNET,
        scene_folder=data / "scenes",
        supervoxel_folder=data / "supervoxels",
        mix=Mix(LABELLED, 1, PSEUDO, 1, data / "labels") if later else Mix(LABELLED, 1),
        iterations=steps,
        seed=5,
        start=None,
        train_recorrection=later,
        origin={"stage": stage, "seed": "5"},
    )


def run(plan: TrainingPlan, folder: Path) -> dict[str, torch.Tensor]:
    """Weights after training in ``folder``, going on with what it holds."""
    train(plan, folder / "work", folder / "model.pt", CPU, "test")
    return Model.load(folder / "model.pt").state_dict()


def run_slowly(plan: TrainingPlan, folder: Path) -> None:
    """``run`` in a process of its own, with time between steps to be killed in."""
    plain = TrainingLog.add

    def add(*arguments: Any) -> None:
        plain(*arguments)
        time.sleep(0.01)

    TrainingLog.add = add
    run(plan, folder)


def assert_same(a: dict[str, torch.Tensor], b: dict[str, torch.Tensor]) -> None:
    assert a.keys() == b.keys()
    different = [key for key in a if not torch.equal(a[key], b[key])]
    assert different == []


def log_of(folder: Path) -> str:
    return (folder / "work" / "log.txt").read_text(encoding="utf-8")


def metrics_of(folder: Path) -> list[dict[str, str]]:
    with (folder / "metrics.csv").open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))


@pytest.fixture(scope="module")
def uninterrupted(data: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, torch.Tensor]]:
    return {stage: run(plan_of(data, stage), tmp_path_factory.mktemp(stage)) for stage in (START, ROUND)}


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


# --- stopped, killed and resumed -----------------------------------------------------------------


@pytest.mark.parametrize("stage", [START, ROUND])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGUSR1, signal.SIGINT])
def test_a_stopped_training_goes_on_bit_for_bit(
    stage: str,
    number: signal.Signals,
    data: Path,
    uninterrupted: dict[str, dict[str, torch.Tensor]],
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


@pytest.mark.parametrize("stage", [START, ROUND])
def test_a_killed_training_goes_on_bit_for_bit(
    stage: str, data: Path, uninterrupted: dict[str, dict[str, torch.Tensor]], tmp_path: Path
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
    data: Path, uninterrupted: dict[str, dict[str, torch.Tensor]], stop_at: Any, tmp_path: Path
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
    uninterrupted: dict[str, dict[str, torch.Tensor]],
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
    (tmp_path / "model.pt").unlink()  # killed between the last state and the model

    def never(_: Trainer) -> None:
        raise AssertionError("it trains again")

    monkeypatch.setattr(Trainer, "run", never)
    assert_same(run(plan, tmp_path), weights)


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


# --- what it does --------------------------------------------------------------------------------


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
    training: dict[str, Any], data: Path, uninterrupted: dict[str, dict[str, torch.Tensor]], tmp_path: Path
) -> None:
    """Mixed precision is for GPUs: the CPU always computes in float32."""
    assert_same(run(plan_of(data, training=training), tmp_path), uninterrupted[START])


def test_another_seed_gives_other_weights(
    data: Path, uninterrupted: dict[str, dict[str, torch.Tensor]], tmp_path: Path
) -> None:
    other = run(replace(plan_of(data), seed=6), tmp_path)
    assert any(not torch.equal(other[key], weights) for key, weights in uninterrupted[START].items())


@pytest.mark.parametrize("stage", [START, ROUND])
def test_the_model_says_whether_its_certainty_is_trained(stage: str, data: Path, tmp_path: Path) -> None:
    run(plan_of(data, stage, steps=2), tmp_path)
    model = Model.load(tmp_path / "model.pt")
    assert model.certainty_trained == (stage == ROUND)
    untrained = Model.load(tmp_path / "model.pt").recorrection.state_dict()
    torch.manual_seed(5)
    fresh = Model(model.settings, SCANNET).recorrection.state_dict()
    learned = [key for key in fresh if "norm" not in key and not torch.equal(fresh[key], untrained[key])]
    assert bool(learned) == (stage == ROUND)


def test_it_starts_from_a_given_model(data: Path, tmp_path: Path) -> None:
    weights = run(plan_of(data, ROUND, steps=2), tmp_path)
    plan = replace(plan_of(data), start=tmp_path / "model.pt")
    (tmp_path / "next").mkdir()
    started = Trainer(plan, tmp_path / "next", CPU, TrainingLog(tmp_path / "next", STEPS, "test"))
    assert_same(started.model.state_dict(), weights)
    assert started.model.certainty_trained


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
    np.testing.assert_array_equal(started._class_weights(), class_weights(counts, 0.5))


# --- numbers that are none -----------------------------------------------------------------------


def test_nan_in_a_scene_stops_with_its_name_and_keeps_the_last_state(
    data: Path,
    uninterrupted: dict[str, dict[str, torch.Tensor]],
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

    def loss(extraction: Any, *rest: Any) -> dict[str, torch.Tensor]:
        losses = plain(extraction, *rest)
        if next(steps) == 3:
            losses["semantic"] = losses["semantic"] + torch.sqrt((0 * extraction.logits).sum())
        return losses

    with monkeypatch.context() as patch:
        patch.setattr(trainer, "extraction_loss", loss)
        with pytest.raises(TwistError, match=r"gradient is NaN or infinite at step 4 \(scenes room"):
            run(plan, tmp_path / "a")
    assert_same(run(plan, tmp_path / "a"), run(plan, tmp_path / "b"))


def test_scenes_without_any_label_train(data: Path, tmp_path: Path) -> None:
    """Nothing to learn from gives zero losses and the weights of weight decay, not a crash."""
    for name in LABELLED:
        scene = Scene.load(data / "scenes" / f"{name}.npz").without_labels()
        scene.save(tmp_path / "scenes" / f"{name}.npz")
    plan = replace(plan_of(data, steps=2), scene_folder=tmp_path / "scenes", train_recorrection=True)
    plan = replace(plan, settings=with_no_proposals(plan.settings))
    weights = run(plan, tmp_path)
    assert all(torch.isfinite(value).all() for value in weights.values())
    assert {row["proposals"] for row in metrics_of(tmp_path)} == {"0"}
    assert {row["semantic"] for row in metrics_of(tmp_path)} == {"0"}


def with_no_proposals(settings: Settings) -> Settings:
    return replace(settings, proposals=replace(settings.proposals, min_points=10_000))
