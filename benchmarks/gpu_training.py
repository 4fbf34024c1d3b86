"""Trainings as they run, loader and all: steps a second, and the share of a step spent waiting for data."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from benchmarks.bench.inputs import folded_sheet
from benchmarks.bench.teaching import preset
from twist.classes import SCANNET
from twist.files import write_npz
from twist.learning.batches import Mix
from twist.learning.log import SilentLog
from twist.learning.samples import SceneSample
from twist.learning.trainer import Trainer, TrainingPlan
from twist.pretraining.trainer import Pretrainer, PretrainingPlan
from twist.settings import Settings
from twist.views.pairs import Views

SCENES = 4
#: Left out of the means: they compile, choose algorithms and fill caches.
WARM = 10


class Times(SilentLog):
    """Notes what every step took."""

    def __init__(self, folder: Path, steps: int) -> None:
        super().__init__(folder, steps, "benchmark")
        self.steps: list[dict[str, float]] = []

    def add(self, step: int, seconds: dict[str, float], voxels: int, parts: dict[str, float]) -> None:
        self.steps.append(seconds)

    def figures(self) -> dict[str, float]:
        data, compute = (np.array([s[key] for s in self.steps[WARM:]]) for key in ("data_s", "compute_s"))
        whole = data.sum() + compute.sum()
        return {
            "steps a second": len(data) / whole,
            "share of waiting for data, %": 100 * data.sum() / whole,
            "peak memory, MB": torch.cuda.max_memory_allocated() / 1e6 if torch.cuda.is_available() else 0.0,
        }


def write_scenes(folder: Path, sample: SceneSample) -> tuple[str, ...]:
    """One scene under the names of a step's scenes, with its supervoxels and two overlapping views."""
    scene, _ = folded_sheet(len(sample))
    names = tuple(f"scene{k:04d}_00" for k in range(SCENES))
    rank = np.argsort(np.argsort(sample.xyz[:, 0]))
    seen = np.stack([rank < 0.7 * len(rank), rank >= 0.3 * len(rank)])
    for name in names:
        replace(scene, name=name).save(folder / f"{name}.npz")
        write_npz(folder / "supervoxels" / f"{name}.npz", {"supervoxel": sample.supervoxel})
        Views(seen, np.array([[0, 1]], np.int32)).save(folder / "views" / f"{name}.npz")
    return names


def training(
    device: torch.device, sample: SceneSample, steps: int, mixed: bool, settings: Settings | None = None
) -> dict[str, float]:
    """Steps of Φ and Ψ at four annotated scenes, as a round trains."""
    chosen = settings or preset("paper")
    options = replace(chosen.training, mixed_precision=mixed, save_every_s=3600.0)
    chosen = replace(chosen, training=options)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        names = write_scenes(folder, sample)
        log = Times(folder, WARM + steps)
        plan = TrainingPlan(
            chosen, SCANNET, folder, folder / "supervoxels", Mix(names, SCENES), WARM + steps, 0, None, None,
            True, {},
        )  # fmt: skip
        trainer = Trainer(plan, folder, device, log)
        _reset_peak(device)
        trainer.run()
    return log.figures()


def pretraining(
    device: torch.device, sample: SceneSample, steps: int, settings: Settings | None = None
) -> dict[str, float]:
    """Steps of contrastive pre-training."""
    chosen = settings or preset("paper")
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        names = write_scenes(folder, sample)
        chosen = replace(
            chosen,
            training=replace(chosen.training, save_every_s=3600.0),
            pretraining=replace(chosen.pretraining, iterations=WARM + steps),
        )
        log = Times(folder, WARM + steps)
        plan = PretrainingPlan(
            chosen, SCANNET, folder, folder / "supervoxels", folder / "views", names, 0, {}
        )
        pretrainer = Pretrainer(plan, folder, device, log)
        _reset_peak(device)
        pretrainer.run()
    figures = log.figures()
    return figures | {"pairs a second": figures["steps a second"] * chosen.pretraining.pairs_per_step}


def _reset_peak(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
