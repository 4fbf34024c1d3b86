"""Learning-rate schedules by hand, and the moving average against its recursion."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch

from twist.learning.optimisation import MovingAverage, learning_rate, make_optimizer
from twist.settings import TrainingSettings

PLAIN = TrainingSettings(learning_rate=0.1)


@pytest.mark.parametrize(
    ("schedule", "at_quarter"),
    [("cosine", 0.1 * (1 + math.sqrt(0.5)) / 2), ("poly", 0.1 * 0.75**0.9), ("constant", 0.1)],
)
def test_schedules(schedule: str, at_quarter: float) -> None:
    settings = replace(PLAIN, schedule=schedule)
    rates = [learning_rate(step, 100, settings) for step in range(100)]
    assert rates[0] == 0.1
    assert rates[25] == pytest.approx(at_quarter)
    assert rates == sorted(rates, reverse=True)
    assert 0 < rates[99] <= (0.1 if schedule == "constant" else 0.002)


def test_warm_up_rises_to_the_peak_and_the_schedule_begins_there() -> None:
    settings = replace(PLAIN, warmup=4, schedule="cosine")
    rates = [learning_rate(step, 8, settings) for step in range(8)]
    assert rates == pytest.approx([0.025, 0.05, 0.075, 0.1, *(
        0.1 * (1 + math.cos(math.pi * k / 4)) / 2 for k in range(4)
    )])  # fmt: skip
    assert learning_rate(2, 3, settings) == pytest.approx(0.075)  # a training shorter than its warm-up


@pytest.mark.parametrize(("name", "kind"), [("adamw", torch.optim.AdamW), ("sgd", torch.optim.SGD)])
def test_optimizer_takes_its_settings(name: str, kind: type) -> None:
    optimizer = make_optimizer(torch.nn.Linear(2, 2), replace(PLAIN, optimizer=name, weight_decay=0.3))
    assert type(optimizer) is kind
    assert optimizer.param_groups[0]["weight_decay"] == 0.3


def test_momentum_is_pre_trainings_own() -> None:
    model, settings = torch.nn.Linear(2, 2), replace(PLAIN, optimizer="sgd")
    groups = [make_optimizer(model, settings, *rest).param_groups[0] for rest in ((), (0.8,), (0.0,))]
    assert [group["momentum"] for group in groups] == [0.9, 0.8, 0.0]
    assert not any(group["nesterov"] for group in groups), "PointContrast and CSC have plain momentum"


def test_moving_average_is_its_recursion() -> None:
    model = torch.nn.BatchNorm1d(1)
    average = MovingAverage(model, 0.5)
    expected, running = 1.0, 0.0
    for step in range(1, 20):
        with torch.no_grad():
            model.weight.fill_(step)
            model.running_mean.fill_(-step)
            model.num_batches_tracked.fill_(step)
        average.update(model, step)
        decay = min(0.5, step / (step + 9))
        expected = decay * expected + (1 - decay) * step
        running = decay * running - (1 - decay) * step
    assert average.weights["weight"].item() == pytest.approx(expected)
    assert average.weights["running_mean"].item() == pytest.approx(running)
    assert average.weights["num_batches_tracked"].item() == 19


def test_decay_0_is_the_plain_weights() -> None:
    model = torch.nn.Linear(2, 2)
    average = MovingAverage(model, 0.0)
    with torch.no_grad():
        model.weight.add_(1)
    assert not torch.equal(average.weights["weight"], model.weight)
    average.update(model, 1)
    assert torch.equal(average.weights["weight"], model.weight)
