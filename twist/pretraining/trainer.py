"""Contrastive pre-training of Φ's backbone on pairs of views of the training scans."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch

from twist.classes import ClassTable
from twist.errors import TwistError
from twist.files import exclusive_lock
from twist.learning.log import TrainingLog
from twist.learning.loop import TrainingLoop
from twist.learning.samples import SampleCache
from twist.learning.state import StateFolder
from twist.network.pretrained import ContrastiveNetwork
from twist.pretraining.batches import PairBatch, PairSequence
from twist.pretraining.contrast import (
    close_matches,
    hardest_contrastive,
    partitioned_info_nce,
    point_info_nce,
)
from twist.pretraining.probes import HIT_M, linear_probe, match_recall
from twist.settings import Settings, TrainingSettings

#: The probes are taken this many times, evenly over a pre-training.
_PROBES = 10
#: At least so many matches make a contrast.
_FEWEST_MATCHES = 2


@dataclass(frozen=True)
class PretrainingPlan:
    """What one pre-training is: everything that its result depends on.

    settings: ``pretraining.method`` is pc or csc
    scene_folder, supervoxel_folder, view_folder: prepared scans, their supervoxels and views
    scans: training scans with at least one pair of views
    origin: what it was started from, as text a key; another origin never continues a saved state
    """

    settings: Settings
    table: ClassTable
    scene_folder: Path
    supervoxel_folder: Path
    view_folder: Path
    scans: tuple[str, ...]
    seed: int
    origin: dict[str, str]


def pretrain(plan: PretrainingPlan, work: Path, out: Path, device: torch.device, name: str) -> None:
    """Pre-train, or go on with what ``work`` holds, and write the backbone to ``out`` at the end.

    Resumes, and raises TwistError, as ``learning.trainer.train`` does.
    """
    if not plan.scans:
        raise TwistError("no training scan has a pair of views that overlap; lower views.min_overlap")
    with exclusive_lock(work / "lock", f"{out}"):
        log = TrainingLog(work, plan.settings.pretraining.iterations, name)
        Pretrainer(plan, work, device, log).complete(out)


class Pretrainer(TrainingLoop[PairBatch]):
    """The state of one pre-training, in memory; see ``pretrain``."""

    section = "pretraining"
    memory_advice = "lower pretraining.pairs_per_step or augmentation.voxels_max, and it starts anew"
    model: ContrastiveNetwork

    def __init__(self, plan: PretrainingPlan, work: Path, device: torch.device, log: TrainingLog) -> None:
        self.plan, self.options = plan, plan.settings.pretraining
        self.cache = SampleCache(
            plan.scene_folder,
            plan.supervoxel_folder,
            plan.table,
            plan.settings.training.cache_gb,
            plan.settings.network.features,
        )
        torch.manual_seed(plan.seed)
        network = ContrastiveNetwork(plan.settings.network, self.options.channels, device)
        super().__init__(
            network,
            loop_settings(plan.settings),
            self.options.iterations,
            StateFolder(work, plan.origin, log.line),
            device,
            log,
            self.options.momentum,
        )

    def batches(self, steps: range) -> Iterator[PairBatch]:
        return self._sequence(steps).loader(self.settings.workers, self.device)

    def _sequence(self, steps: range) -> PairSequence:
        plan = self.plan
        return PairSequence(self.cache, plan.view_folder, plan.scans, plan.settings, plan.seed, steps)

    def losses(self, batch: PairBatch) -> tuple[dict[str, torch.Tensor], dict[str, float]]:
        _, projected = self.model(batch.features, batch.indices, len(batch.views))
        numbers = {"matches": float(len(batch.rows))}
        if len(batch.rows) < _FEWEST_MATCHES:
            return {"contrast": projected.sum() * 0.0}, numbers
        a, b = projected[batch.rows[:, 0]], projected[batch.rows[:, 1]]
        with torch.autocast(self.device.type, enabled=False):  # float16 would round the similarities
            return {"contrast": self._contrast(a, b, batch)}, numbers

    def _contrast(self, a: torch.Tensor, b: torch.Tensor, batch: PairBatch) -> torch.Tensor:
        options = self.options
        if options.method == "csc":
            bounds = options.partition_radii_m, options.partition_heights_m
            return partitioned_info_nce(a, b, batch.xyz, batch.sizes, *bounds, options.temperature)
        if options.loss == "hardest":
            radius_m = options.match_radius_voxels * self.plan.settings.network.voxel_size_m
            same = close_matches(batch.xyz, batch.pair, radius_m)
            return hardest_contrastive(a, b, same, options.margin_positive, options.margin_negative)
        return point_info_nce(a, b, options.temperature)

    def run(self) -> None:
        """Train to the last step; says what the features were worth before, and how fast it went."""
        first, began = self.step, time.monotonic()
        if first == 0:
            shown = "  ".join(f"{key} {value:.3g}" for key, value in self.probe().items())
            self.log.line(f"random weights: {shown}")
        super().run()
        pairs = (self.step - first) * self.options.pairs_per_step
        self.log.line(f"{pairs} pairs, {pairs / (time.monotonic() - began):.1f} pairs/s, probes included")

    def figures(self) -> dict[str, float]:
        """The probes, at a tenth of the lines or at the nearest later ones."""
        every = self.settings.log_every
        due = self.step * _PROBES // self.iterations > (self.step - every) * _PROBES // self.iterations
        return self.probe() if due or self.step == self.iterations else {}

    @torch.inference_mode()
    def probe(self) -> dict[str, float]:
        """Figures of the weights as they are, on fixed training scans; see ``pretraining.probes``.

        The linear probe reads the annotations of these scans. They end in the log and nowhere else.
        """
        self.model.eval()
        fitted, tested = self._probe_scans
        batch = self._sequence(range(0)).pairs_of([*fitted, *tested], [self.plan.seed, 3]).to(self.device)
        hit_m = max(HIT_M, self.options.match_radius_voxels * self.plan.settings.network.voxel_size_m)
        samples = [[self.cache.get(scan) for scan in scans] for scans in (fitted, tested)]
        figures = match_recall(self.model, batch, hit_m)
        figures |= linear_probe(self.model, *samples, len(self.plan.table))
        self.model.train()
        return figures

    @cached_property
    def _probe_scans(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Scans to fit and to test the linear probe on."""
        order = np.random.default_rng([self.plan.seed, 2]).permutation(len(self.plan.scans))
        scans = tuple(self.plan.scans[k] for k in order[: self.options.probe_scans])
        return scans[: (len(scans) + 1) // 2], scans[(len(scans) + 1) // 2 :]

    def facts(self) -> dict[str, Any]:
        return {"method": self.options.method, "steps": self.iterations, "seed": self.plan.seed}

    def write(self, out: Path, facts: dict[str, Any]) -> None:
        self.model.load_state_dict(self.average.weights)
        self.model.eval().save(out, **facts)


def loop_settings(settings: Settings) -> TrainingSettings:
    """The settings of the loop: those of ``training`` with pre-training's optimiser and schedule."""
    options = settings.pretraining
    return replace(
        settings.training,
        optimizer=options.optimizer,
        learning_rate=options.learning_rate,
        weight_decay=options.weight_decay,
        schedule=options.schedule,
        warmup=0,
    )
