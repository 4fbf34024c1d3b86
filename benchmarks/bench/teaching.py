"""Networks that speak as if they were trained: fresh weights, with the annotations added to what Φ says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from twist.checking import read_yaml
from twist.classes import SCANNET
from twist.learning.batches import Batch, Mix
from twist.learning.log import SilentLog
from twist.learning.samples import SceneSample
from twist.learning.trainer import Trainer, TrainingPlan
from twist.network.extraction import Extraction
from twist.network.model import Model
from twist.settings import Settings

PRESETS = Path(__file__).parents[2] / "config" / "presets"
#: Logits are those of fresh weights plus so much for a certain class; offsets go so far towards the centre.
_SURE, _FAR = 8.0, 0.9


def preset(name: str, **sections: dict[str, Any]) -> Settings:
    """The settings of a preset, overlaid by sections."""
    return Settings.from_layers({name: read_yaml(PRESETS / f"{name}.yaml"), "benchmark": sections})


def believed(sample: SceneSample) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities (N, C) that favour the annotated class, and true offsets (N, 3) of a scene's points."""
    probability = np.full((len(sample), len(SCANNET)), 0.2 / (len(SCANNET) - 1), np.float32)
    known = sample.semantic >= 0
    probability[known, sample.semantic[known]] = 0.8
    offset = np.zeros_like(sample.xyz)
    for k in np.unique(sample.instance[sample.instance >= 0]):
        inside = sample.instance == k
        offset[inside] = sample.xyz[inside].mean(axis=0) - sample.xyz[inside]
    return probability, offset


def teach(model: Model, batch: Batch, samples: Sequence[SceneSample]) -> None:
    """Let Φ say of the voxels of a batch of these scenes, as they are, what a trained one would."""
    probability, offset = (np.concatenate(parts) for parts in zip(*map(believed, samples), strict=True))
    host = batch.in_memory
    rows = torch.zeros(len(host.indices), dtype=torch.int64)
    rows[host.voxel_of_point] = torch.arange(len(host.voxel_of_point))  # a point of each voxel
    logits = (_SURE * torch.from_numpy(probability)[rows]).to(model.device)
    towards = (_FAR * torch.from_numpy(offset)[rows]).to(model.device)

    def taught(_: nn.Module, __: Any, said: Extraction) -> Extraction:
        return replace(said, logits=said.logits + logits, offset=(1 - _FAR) * said.offset + towards)

    model.extraction.register_forward_hook(taught)


def new_trainer(
    folder: Path, batch: Batch, samples: Sequence[SceneSample], settings: Settings, device: torch.device
) -> Trainer:
    """A training with Ψ, before its first step, on one batch of scenes over and over."""
    plan = TrainingPlan(
        settings, SCANNET, folder, folder, Mix(batch.names, len(batch)), 1000, 0, None, None, True, {}
    )
    trainer = Trainer(plan, folder, device, SilentLog(folder, 1000, "bench"))
    trainer.model.train()
    trainer.class_weight = torch.ones(len(SCANNET), device=device)
    teach(trainer.model, batch, samples)
    return trainer
