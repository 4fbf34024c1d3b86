"""Several processes: their step is that of one, they stop and resume together, a dead one ends all."""

from __future__ import annotations

import os
import signal
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.learning.trainings import (
    CPU,
    LABELLED,
    PSEUDO,
    ROUND,
    START,
    STEPS,
    assert_same,
    log_of,
    metrics_of,
    plan_of,
    run,
)
from tests.learning.two_processes import in_two, lose_the_second, tell_sums
from twist.errors import TwistError
from twist.learning.batches import BatchSequence, Mix
from twist.learning.launching import launch
from twist.learning.log import SilentLog, TrainingLog
from twist.learning.processes import ALONE, PartnerLost, Processes
from twist.learning.trainer import Trainer, TrainingPlan, train
from twist.network.blocks import BatchNorm, synchronise
from twist.network.model import Model


def mixed_plan(data: Path, stage: str, labelled: int, pseudo: int, **training: Any) -> TrainingPlan:
    plan = plan_of(data, stage, training={"save_every_s": 1000, "class_weight_power": 0.5, **training})
    return replace(plan, mix=Mix(LABELLED, labelled, PSEUDO if pseudo else (), pseudo, data / "labels"))


# --- what processes tell one another ----------------------------------------------------------------


def test_sums_gradients_and_values_reach_all(tmp_path: Path) -> None:
    assert in_two(tell_sums, tmp_path) == [0, 0]
    for rank in (0, 1):
        assert torch.load(tmp_path / f"{rank}.pt") == {
            "total": 3.0,
            "gradient": 3.0,
            "gathered": ["from 0", "from 1"],
            "first": "by 0",
            "table": [[0.0, 7.0], [1.0, 7.0]],
        }


@pytest.mark.parametrize(("things", "count"), [(4, 2), (5, 3), (3, 3), (7, 1)])
def test_every_thing_has_one_process_and_none_is_idle(things: int, count: int) -> None:
    parts = [list(range(things))[Processes(rank, count).part_of(things)] for rank in range(count)]
    assert [thing for part in parts for thing in part] == list(range(things))
    assert max(map(len, parts)) - min(map(len, parts)) <= 1
    assert all(parts)


def test_each_process_has_a_gpu_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert [Processes(rank, 2).device_name("auto") for rank in (0, 1)] == ["cuda:0", "cuda:1"]
    assert ALONE.device_name("cuda:1") == "cuda:1"
    with pytest.raises(TwistError, match="gpus_per_training is 3, but device cuda has 2 GPUs"):
        Processes(0, 3).device_name("cuda")
    with pytest.raises(TwistError, match="device cuda:1 has 2 GPUs"):
        Processes(0, 2).device_name("cuda:1")
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    assert Processes(1, 2).device_name("auto") == "cpu"


# --- the same step ------------------------------------------------------------------------------------


def test_batchnorm_over_processes_is_batchnorm() -> None:
    """Where one process has all voxels, forward, backward and running statistics are torch's."""
    torch.manual_seed(0)
    plain, shared = torch.nn.BatchNorm1d(5), BatchNorm(5)
    synchronise(shared, lambda values: values)
    for _ in range(3):
        values = torch.randn(40, 5) * 3 + 20
        inputs = [values.clone().requires_grad_() for _ in range(2)]
        weight = torch.randn(40, 5)
        outputs = [layer(x) for layer, x in zip((plain, shared), inputs, strict=True)]
        for output in outputs:
            (output * weight).sum().backward()
        torch.testing.assert_close(outputs[1], outputs[0], rtol=1e-3, atol=1e-4)
        torch.testing.assert_close(inputs[1].grad, inputs[0].grad, rtol=1e-3, atol=1e-4)
    torch.testing.assert_close(shared.state_dict(), plain.state_dict(), rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(shared.eval()(values), plain.eval()(values), rtol=1e-3, atol=1e-4)


def test_batchnorm_over_processes_in_mixed_precision() -> None:
    """float16 goes in and out; squares of such values overflow it, so statistics are of float32."""
    torch.manual_seed(0)
    half, single = BatchNorm(4), BatchNorm(4)
    for layer in (half, single):
        synchronise(layer, lambda values: values)
    values = (300 * torch.randn(50, 4) + 900).half()
    inputs = [values.clone().requires_grad_(), values.float().requires_grad_()]
    outputs = [layer(x) for layer, x in zip((half, single), inputs, strict=True)]
    (outputs[0].float().square().sum()).backward()
    (outputs[1].square().sum()).backward()
    assert (outputs[0].dtype, inputs[0].grad.dtype) == (torch.float16, torch.float16)
    torch.testing.assert_close(outputs[0].float(), outputs[1], rtol=1e-2, atol=1e-2)
    torch.testing.assert_close(inputs[0].grad.float(), inputs[1].grad, rtol=1e-2, atol=1e-3)
    torch.testing.assert_close(half.state_dict(), single.state_dict())
    assert half.running_var.dtype == torch.float32


def test_a_failed_exchange_tells_its_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of several GPUs all may fail at once, for want of shared memory: no process has ended then."""

    def failing(*_: Any) -> None:
        raise RuntimeError("NCCL error: unhandled system error\nLast error: /dev/shm is full")

    monkeypatch.setattr(torch.distributed, "all_reduce", failing)
    with pytest.raises(TwistError, match=r"has ended, .* \(NCCL error: unhandled .*\); where none has"):
        Processes(0, 2).total(torch.ones(3))


def test_a_partner_lost_within_a_step_is_told_as_such(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not as an error of the scenes: the launcher must not name this process as the one that failed."""

    def failing(*_: Any) -> None:
        raise RuntimeError("Connection closed by peer")

    monkeypatch.setattr(torch.distributed, "broadcast_object_list", lambda values: None)
    monkeypatch.setattr(torch.distributed, "all_reduce", failing)
    plan, processes = mixed_plan(data, START, 2, 0), Processes(0, 2)
    trainer = Trainer(plan, tmp_path, CPU, SilentLog(tmp_path, STEPS, ""), processes)
    batch = BatchSequence(trainer.cache, plan.mix, plan.settings, plan.seed, range(1), processes).batch(0)
    trainer.model.train()
    with pytest.raises(PartnerLost, match=r"^another process .*closed by peer"):
        trainer.losses(batch)


def test_processes_divide_the_scenes_that_one_would_see(data: Path, tmp_path: Path) -> None:
    plan = mixed_plan(data, ROUND, 1, 2)
    cache = Trainer(plan, tmp_path, CPU, SilentLog(tmp_path, STEPS, "")).cache
    whole, *parts = (
        BatchSequence(cache, plan.mix, plan.settings, plan.seed, range(1), processes).batch(0)
        for processes in (ALONE, Processes(0, 2), Processes(1, 2))
    )
    assert parts[0].names + parts[1].names == whole.names
    for key in ("xyz", "features", "semantic", "centre"):
        joined = torch.cat([getattr(part, key) for part in parts])
        assert torch.equal(joined, getattr(whole, key)), key


def some_steps(processes: Processes, plan: TrainingPlan, folder: Path) -> None:
    """Four steps of SGD; the gradient of the first and the weights after the last."""
    trainer = Trainer(plan, folder, CPU, SilentLog(folder, STEPS, "test"), processes)
    trainer.model.train()
    sequence = BatchSequence(trainer.cache, plan.mix, plan.settings, plan.seed, range(4), processes)
    said: dict[str, Any] = {"parts": []}
    for step in range(4):
        said["parts"].append(trainer.train_step(sequence.batch(step), 0.02))
        if step == 0:
            named = trainer.model.named_parameters()
            said["gradient"] = {key: p.grad.clone() for key, p in named if p.grad is not None}
    said["weights"] = trainer.model.state_dict()
    torch.save(said, folder / f"{processes.rank}of{processes.count}.pt")


@pytest.mark.parametrize(
    ("stage", "labelled", "pseudo"),
    [
        (START, 2, 0),
        (ROUND, 1, 1),  # labels on one process, pseudo-labels on the other
        (ROUND, 2, 1),  # not the same number each
    ],
)
def test_the_step_of_two_is_the_step_of_one(
    stage: str, labelled: int, pseudo: int, data: Path, tmp_path: Path
) -> None:
    """BatchNorm, class weights, dropout and Ψ's memory included; only sums are rounded in another order."""
    plan = mixed_plan(data, stage, labelled, pseudo, optimizer="sgd", gradient_clip=0.0)
    some_steps(ALONE, plan, tmp_path)
    assert in_two(some_steps, plan, tmp_path) == [0, 0]
    one, first, second = (torch.load(tmp_path / f"{name}.pt") for name in ("0of1", "0of2", "1of2"))
    assert first["gradient"].keys() == one["gradient"].keys()
    for key, gradient in one["gradient"].items():
        assert (first["gradient"][key] - gradient).norm() <= 1e-3 * gradient.norm() + 1e-6, key
    for parts, alone in zip(first["parts"], one["parts"], strict=True):
        assert parts == pytest.approx(alone, rel=1e-2, abs=1e-4)
    if stage == ROUND:
        assert one["parts"][-1]["proposals"] > 0
    assert_same(first["weights"], second["weights"])
    for key, weights in one["weights"].items():
        # as a whole: four steps through BatchNorms of few voxels let single weights drift apart
        apart = (first["weights"][key].double() - weights.double()).norm()
        assert apart <= 1e-2 * weights.double().norm() + 1e-3, key


# --- whole trainings --------------------------------------------------------------------------------


def train_in_two(processes: Processes, plan: TrainingPlan, folder: Path, stop_second_at: int = 0) -> None:
    plain = TrainingLog.add

    def add(log: TrainingLog, step: int, *rest: Any) -> None:
        plain(log, step, *rest)
        if step == stop_second_at and not processes.first:
            os.kill(os.getpid(), signal.SIGTERM)

    TrainingLog.add = add
    train(plan, folder / "work", folder / "model.pt", CPU, "test", processes)


def test_two_learn_stop_together_and_go_on_bit_for_bit(
    data: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    plan = mixed_plan(data, ROUND, 1, 1)
    assert in_two(train_in_two, plan, tmp_path / "whole") == [0, 0]
    capfd.readouterr()
    assert in_two(train_in_two, plan, tmp_path / "stopped", 5) == [1, 0]
    assert capfd.readouterr().err == (
        "twist, process 0 of 2: stopped by SIGTERM after step 5; the same command goes on from there\n"
    )
    assert not (tmp_path / "stopped" / "model.pt").exists()
    assert in_two(train_in_two, plan, tmp_path / "stopped") == [0, 0]
    assert "goes on from the saved step 5" in log_of(tmp_path / "stopped")
    whole, stopped = (Model.load(tmp_path / name / "model.pt").state_dict() for name in ("whole", "stopped"))
    assert_same(whole, stopped)
    rows = metrics_of(tmp_path / "whole")
    assert [row["step"] for row in rows] == ["4", "8", "12"]
    assert log_of(tmp_path / "whole").count("step 4/12") == 1


def test_one_goes_on_with_what_two_have_saved(data: Path, tmp_path: Path) -> None:
    plan = mixed_plan(data, ROUND, 1, 1)
    assert in_two(train_in_two, plan, tmp_path, 5) == [1, 0]
    weights = run(plan, tmp_path)
    assert all(torch.isfinite(value).all() for value in weights.values())
    assert f"goes on from the saved step 5 of {STEPS}" in log_of(tmp_path)


def nan_on_the_second(processes: Processes, plan: TrainingPlan, folder: Path) -> None:
    plain = BatchSequence.batch

    def batch(sequence: BatchSequence, step: int) -> Any:
        found = plain(sequence, step)
        return found if processes.first else replace(found, features=found.features * torch.nan)

    BatchSequence.batch = batch
    train(plan, folder / "work", folder / "model.pt", CPU, "test", processes)


def test_nan_on_one_process_is_told_once_with_its_scene(
    data: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    plan = mixed_plan(data, START, 2, 0)
    second = plan.mix.scenes_of_step(0, plan.seed)[1][0]
    assert in_two(nan_on_the_second, plan, tmp_path) == [1, 0]
    said = capfd.readouterr().err
    assert said.count("twist, process") == 1
    assert f"NaN or infinite at step 1 (scene {second} has such input)" in said


def test_more_processes_than_scenes_are_refused(data: Path, tmp_path: Path) -> None:
    plan = plan_of(data, START)
    with pytest.raises(TwistError, match="gpus_per_training is 2, but a step has 1 scenes; lower it, or"):
        train(plan, tmp_path, tmp_path / "model.pt", CPU, "test", Processes(0, 2))


# --- torch's launcher -------------------------------------------------------------------------------


def test_the_launcher_starts_two_that_find_each_other(tmp_path: Path) -> None:
    launch(2, tell_sums, tmp_path)
    assert torch.load(tmp_path / "1.pt")["gathered"] == ["from 0", "from 1"]


def test_a_dead_process_ends_all(tmp_path: Path) -> None:
    with pytest.raises(TwistError, match=r"process 1 of the 2 of this training ended with exit code -9"):
        launch(2, lose_the_second, tmp_path)
    for rank in (0, 1):
        with pytest.raises(ProcessLookupError):
            os.kill(int((tmp_path / f"pid{rank}").read_text()), 0)


def test_one_process_is_not_launched_at_all() -> None:
    seen: list[Any] = []
    launch(1, lambda *arguments: seen.extend(arguments), "work")
    assert seen == [ALONE, "work"]
