"""The training of Φ and Ψ: one function for round 0 and for every round after it.

It does not know which round it is in; it is given start weights, scenes and settings.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch

from twist.classes import ClassTable
from twist.devices import describe
from twist.errors import TwistError, naming
from twist.files import exclusive_lock
from twist.geometry.thinning import merge_equal, nearest_spacing
from twist.learning.batches import Batch, BatchSequence, Mix
from twist.learning.log import SilentLog, TrainingLog
from twist.learning.loop import TrainingLoop
from twist.learning.losses import class_weights, extraction_loss
from twist.learning.processes import ALONE, Processes
from twist.learning.recorrecting import ProposalMemory, recorrection_step
from twist.learning.samples import SampleCache
from twist.learning.state import StateFolder
from twist.network.blocks import synchronise
from twist.network.model import Model
from twist.network.pretrained import load_backbone
from twist.provenance import training_provenance
from twist.settings import Settings

_PREDICTING = ("supervoxels", "proposals", "inference", "prediction")
_SPACING_SCENES = 5


@dataclass(frozen=True)
class TrainingPlan:
    """What one training is: everything that its result depends on, beside the settings.

    scene_folder, supervoxel_folder: prepared scans and their supervoxels
    mix: which scenes make a step
    start: model to go on from, None = random weights
    backbone: pre-trained backbone for a training from random weights, None = none
    train_recorrection: Ψ learns too (every round but 0)
    origin: what it was started from, as text a key; another origin never continues a saved state
    """

    settings: Settings
    table: ClassTable
    scene_folder: Path
    supervoxel_folder: Path
    mix: Mix
    iterations: int
    seed: int
    start: Path | None
    backbone: Path | None
    train_recorrection: bool
    origin: dict[str, str]


def train(
    plan: TrainingPlan, work: Path, out: Path, device: torch.device, name: str, processes: Processes = ALONE
) -> None:
    """Train, or go on with the training that ``work`` holds, and write the model to ``out`` at the end.

    On the CPU a resumed training ends with the same weights, bit for bit, as an uninterrupted one by as many
    processes. Of several processes the first alone reads and writes ``work`` and ``out``.
    Raises TwistError when a loss is not finite (naming the scenes; the last good state stays), when stopped
    by SIGTERM, SIGINT or SIGUSR1 (after saving), and for more processes than a step has scenes.
    """
    if plan.mix.scenes_per_step < processes.count:
        raise processes.common(
            TwistError(
                f"training.gpus_per_training is {processes.count}, but a step has {plan.mix.scenes_per_step} "
                "scenes; lower it, or raise training.scenes_per_step or selftraining.pseudo_per_step"
            )
        )
    with exclusive_lock(work / "lock", f"{out}") if processes.first else nullcontext():
        log = (TrainingLog if processes.first else SilentLog)(work, plan.iterations, name)
        Trainer(plan, work, device, log, processes).complete(out)


class Trainer(TrainingLoop[Batch]):
    """The state of one training, in memory; see ``train``."""

    model: Model

    def __init__(
        self,
        plan: TrainingPlan,
        work: Path,
        device: torch.device,
        log: TrainingLog,
        processes: Processes = ALONE,
    ) -> None:
        self.plan = plan
        settings = plan.settings.training
        self.cache = SampleCache(
            plan.scene_folder,
            plan.supervoxel_folder,
            plan.table,
            settings.cache_gb,
            plan.settings.network.features,
        )
        self.memory = ProposalMemory(plan.settings.recorrection.scenes_per_step)
        torch.manual_seed(plan.seed)
        model = _start_model(plan, device, log)
        model.certainty_trained = model.certainty_trained or plan.train_recorrection
        if processes.count > 1:
            synchronise(model.extraction, processes.total)
        states = StateFolder(work, plan.origin, log.line)
        # Of the code that runs: by the end, the checkout may be another.
        self._trained_with = training_provenance(describe(device))
        super().__init__(model, settings, plan.iterations, states, device, log, processes=processes)

    def further_state(self) -> dict[str, Any]:
        return {"memory": self.memory.state()}

    def restore_further(self, state: dict[str, Any]) -> None:
        self.memory.restore(state["memory"], self.device)

    def batches(self, steps: range) -> Iterator[Batch]:
        _ = self.class_weight  # to weigh classes reads the labelled scenes, which the loaders then inherit
        plan = self.plan
        sequence = BatchSequence(self.cache, plan.mix, plan.settings, plan.seed, steps, self.processes)
        return sequence.loader(self.settings.workers, self.device)

    def losses(self, batch: Batch) -> tuple[dict[str, torch.Tensor], dict[str, float]]:
        with naming(f"scenes {', '.join(batch.names)}"):
            return self._losses(batch)

    def _losses(self, batch: Batch) -> tuple[dict[str, torch.Tensor], dict[str, float]]:
        settings = self.plan.settings
        extraction = self.model.extraction(batch.features, batch.indices, len(batch), batch.largest_index)
        losses = extraction_loss(
            extraction,
            batch,
            self.class_weight,
            settings.training.offset_weight,
            settings.selftraining.pseudo_weight,
            settings.selftraining.pseudo_class_weight_power,
            self.processes.total,
        )
        if not self.plan.train_recorrection:
            return losses, {}
        more, proposals = recorrection_step(
            self.model, extraction, batch, settings, self.memory, self.processes
        )
        losses |= {key: settings.recorrection.alpha * value for key, value in more.items()}
        return losses, {"proposals": proposals}

    def of_step(self, losses: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        """Of Φ's losses each process has its share, of Ψ's the whole."""
        shares = torch.stack([losses["semantic"].detach(), losses["offset"].detach()])
        semantic, offset = self.processes.total(shares)
        return losses | {"semantic": semantic, "offset": offset}

    def sum_gradients(self) -> None:
        self.processes.sum_gradients(self.model.extraction, self.model.recorrection)

    def facts(self) -> dict[str, Any]:
        facts = {"steps": self.plan.iterations, "seed": self.plan.seed, **self._predicting_facts()}
        return facts | {"trained_with": self._trained_with}

    def write(self, out: Path, facts: dict[str, Any]) -> None:
        """The model with the averaged weights: what evaluates, labels and starts the next round."""
        self.model.load_state_dict(self.average.weights)
        self.model.eval().save(out, **facts)

    def _predicting_facts(self) -> dict[str, Any]:
        """What predicting any scan needs to know beside the network, kept in the model's file.

        spacing_m: median distance to the nearest point of the first labelled scenes
        class_points: points of each class in all of them
        settings: those of predicting, as they were at the end of the training
        """
        scenes = self.plan.mix.labelled[:_SPACING_SCENES]
        xyz = [self.cache.get(scene).xyz for scene in scenes]
        spacings = [nearest_spacing(points[merge_equal(points).chosen]) for points in xyz]
        known = [spacing for spacing in spacings if spacing is not None]
        chosen = self.plan.settings.to_dict()
        return {
            "spacing_m": float(np.median(known)) if known else None,
            "class_points": self.class_points.tolist(),
            "settings": {section: chosen[section] for section in _PREDICTING},
        }

    @cached_property
    def class_weight(self) -> torch.Tensor:
        """(classes,) float32 from the labelled scenes' point counts, so that labels alone decide them."""
        if self.settings.class_weight_power == 0:
            return torch.ones(len(self.plan.table), device=self.device)
        weight = class_weights(self.class_points, self.settings.class_weight_power)
        return torch.from_numpy(weight).to(self.device)

    @cached_property
    def class_points(self) -> np.ndarray:
        """(classes,) int64 points of each class in the labelled scenes."""
        counts = np.zeros(len(self.plan.table), np.int64)
        for scene in self.plan.mix.labelled:
            semantic = self.cache.get(scene).semantic
            counts += np.bincount(semantic[semantic >= 0], minlength=len(counts))
        return counts


def _start_model(plan: TrainingPlan, device: torch.device, log: TrainingLog) -> Model:
    if plan.start is None:
        model = Model(plan.settings.network, plan.table, device)
        if plan.backbone is not None:
            log.line(f"{plan.backbone}: {load_backbone(model, plan.backbone)}")
        return model
    model = Model.load(plan.start, device)
    if model.settings != plan.settings.network or model.table != plan.table:
        raise TwistError(f"{plan.start} was trained with other network settings than this run's; retrain it")
    return model
