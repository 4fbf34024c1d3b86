"""Small trainings over four rooms, shared by the tests of training and of resuming it."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import torch

from tests.synthetic import tiny_settings
from twist.classes import SCANNET
from twist.devices import open_device
from twist.learning.batches import Mix
from twist.learning.trainer import TrainingPlan, train
from twist.network.model import Model

#: Weights by name.
Weights = dict[str, torch.Tensor]

CPU = open_device("cpu")
STEPS = 12
LABELLED, PSEUDO = ("room0", "room1"), ("room2", "room3")
#: What round 0 trains, and what a later round does.
START, ROUND = "start", "round"


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
        backbone=None,
        train_recorrection=later,
        origin={"stage": stage, "seed": "5"},
    )


def run(plan: TrainingPlan, folder: Path) -> Weights:
    """Weights after training in ``folder``, going on with what it holds."""
    train(plan, folder / "work", folder / "model.pt", CPU, "test")
    return Model.load(folder / "model.pt").state_dict()


def assert_same(a: Weights, b: Weights) -> None:
    assert a.keys() == b.keys()
    different = [key for key in a if not torch.equal(a[key], b[key])]
    assert different == []


def log_of(folder: Path) -> str:
    return (folder / "work" / "log.txt").read_text(encoding="utf-8")


def metrics_of(folder: Path) -> list[dict[str, str]]:
    with (folder / "metrics.csv").open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))
