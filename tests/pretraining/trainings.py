"""Small pre-trainings over three rooms, shared by the tests of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from tests.synthetic import tiny_settings, write_rooms
from twist.classes import SCANNET
from twist.devices import open_device
from twist.learning.samples import SampleCache
from twist.network.model import load_tensors
from twist.pretraining.batches import PairSequence
from twist.pretraining.trainer import PretrainingPlan, pretrain
from twist.scene import Scene
from twist.settings import Settings
from twist.views.pairs import Views

CPU = open_device("cpu")
SCANS = ("room0", "room1", "room2")
STEPS = 8


def write_data(folder: Path, points: int = 400) -> None:
    """Prepared rooms with three views each, of which two pairs overlap."""
    write_rooms(folder, SCANS, points)
    for name in SCANS:
        x = Scene.load(folder / "scenes" / f"{name}.npz").xyz[:, 0]
        seen = np.stack([x < 2.6, x > 1.2, x > 2.2])
        Views(seen, np.array([[0, 1], [1, 2]], np.int32)).save(folder / "views" / f"{name}.npz")


def settings_of(method: str = "pc", **sections: Any) -> Settings:
    small = {
        "iterations": STEPS,
        "pairs_per_step": 2,
        "matches_per_step": 100,
        "matches_per_pair": 50,
        "channels": 6,
        "probe_scans": 3,
    }
    small |= {"method": method, "partition_radii_m": [0.2, 1.0]} | sections.pop("pretraining", {})
    training = {"save_every_s": 0} | sections.pop("training", {})
    return tiny_settings(pretraining=small, training=training, **sections)


def sequence_of(data: Path, settings: Settings, steps: range = range(10)) -> PairSequence:
    cache = SampleCache(data / "scenes", data / "supervoxels", SCANNET, 1.0)
    return PairSequence(cache, data / "views", SCANS, settings, 3, steps)


def plan_of(data: Path, method: str = "pc", **sections: Any) -> PretrainingPlan:
    return PretrainingPlan(
        settings=settings_of(method, **sections),
        table=SCANNET,
        scene_folder=data / "scenes",
        supervoxel_folder=data / "supervoxels",
        view_folder=data / "views",
        scans=SCANS,
        seed=4,
        origin={"method": method},
    )


def run(plan: PretrainingPlan, folder: Path) -> dict[str, Any]:
    """Weights after pre-training in ``folder``, going on with what it holds."""
    pretrain(plan, folder / "work", folder / "model.pt", CPU, "test")
    return load_tensors(folder / "model.pt")["weights"]
