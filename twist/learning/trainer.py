"""The training loop of Φ and Ψ: one function for round 0 and for every round after it.

It does not know which round it is in; it is given start weights, scenes and settings.
"""

from __future__ import annotations

import math
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np
import torch

from twist.classes import ClassTable
from twist.errors import TwistError
from twist.files import exclusive_lock
from twist.geometry.thinning import merge_equal, nearest_spacing
from twist.learning.batches import Batch, BatchSequence, Mix
from twist.learning.log import TrainingLog
from twist.learning.losses import class_weights, extraction_loss
from twist.learning.optimisation import MovingAverage, learning_rate, make_optimizer
from twist.learning.recorrecting import ProposalMemory, recorrection_step
from twist.learning.samples import SampleCache
from twist.learning.state import StateFolder
from twist.network.model import Model
from twist.settings import Settings

_PREDICTING = ("supervoxels", "proposals", "inference", "prediction")
_SPACING_SCENES = 5


@dataclass(frozen=True)
class TrainingPlan:
    """What one training is: everything that its result depends on, beside the settings.

    scene_folder, supervoxel_folder: prepared scans and their supervoxels
    mix: which scenes make a step
    start: model to go on from, None = random weights
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
    train_recorrection: bool
    origin: dict[str, str]


def train(plan: TrainingPlan, work: Path, out: Path, device: torch.device, name: str) -> None:
    """Train, or go on with the training that ``work`` holds, and write the model to ``out`` at the end.

    On the CPU a resumed training ends with the same weights, bit for bit, as an uninterrupted one.
    Raises TwistError when a loss is not finite (naming the scenes; the last good state stays), and when
    stopped by SIGTERM or SIGUSR1 (after saving).
    """
    with exclusive_lock(work / "lock", f"{out}"):
        log = TrainingLog(work, plan.iterations, name)
        trainer = Trainer(plan, work, device, log)
        if not trainer.finished:
            trainer.run()
        log.save_metrics(out.with_name("metrics.csv"))
        trainer.averaged_model().save(out, steps=plan.iterations, seed=plan.seed, **trainer.facts())
        log.line(f"wrote {out}")


class Trainer:
    """The state of one training, in memory; see ``train``."""

    def __init__(self, plan: TrainingPlan, work: Path, device: torch.device, log: TrainingLog) -> None:
        self.plan, self.device, self.log = plan, device, log
        self.settings = plan.settings.training
        self.states = StateFolder(work, plan.origin, log.line)
        torch.manual_seed(plan.seed)
        if plan.start is None:
            self.model = Model(plan.settings.network, plan.table, device)
        else:
            self.model = Model.load(plan.start, device)
            if self.model.settings != plan.settings.network or self.model.table != plan.table:
                raise TwistError(
                    f"{plan.start} was trained with other network settings than this run's; retrain it"
                )
        self.model.certainty_trained = self.model.certainty_trained or plan.train_recorrection
        self.average = MovingAverage(self.model, self.settings.ema_decay)
        self.optimizer = make_optimizer(self.model, self.settings)
        self.scaler = torch.amp.GradScaler(enabled=self._mixed)
        self.cache = SampleCache(
            plan.scene_folder, plan.supervoxel_folder, plan.table, self.settings.cache_gb
        )
        self.memory = ProposalMemory(plan.settings.recorrection.scenes_per_step)
        self.step, self.finished = 0, False
        self._restore()

    @property
    def _mixed(self) -> bool:
        return self.settings.mixed_precision and self.device.type == "cuda"

    def _restore(self) -> None:
        state = self.states.load()
        if state is None:
            return
        self.step, self.finished = state["step"], state["finished"]
        self.average.weights = {key: value.to(self.device) for key, value in state["average"].items()}
        if not self.finished:
            self.model.load_state_dict(state["model"])
            self.optimizer.load_state_dict(state["optimizer"])
            self.scaler.load_state_dict(state["scaler"])
            self.memory.restore(state["memory"], self.device)
            torch.set_rng_state(state["rng"])
            if self.device.type == "cuda":
                torch.cuda.set_rng_state(state["device_rng"], self.device)
        self.log.resume_at(self.step)
        self.log.line(f"goes on from the saved step {self.step} of {self.plan.iterations}")

    def save(self) -> None:
        """Save all that is needed to go on; once finished, only the result."""
        state: dict[str, Any] = {
            "step": self.step,
            "finished": self.step == self.plan.iterations,
            "average": self.average.weights,
        }
        if not state["finished"]:
            state |= {
                "model": self.model.state_dict(),
                "optimizer": self.optimizer.state_dict(),
                "scaler": self.scaler.state_dict(),
                "memory": self.memory.state(),
                "rng": torch.get_rng_state(),
            }
            if self.device.type == "cuda":
                state["device_rng"] = torch.cuda.get_rng_state(self.device)
        self.states.save(state)
        self.log.save_metrics(self.log.metrics)

    def averaged_model(self) -> Model:
        """The model with the averaged weights: what evaluates, labels and starts the next round."""
        self.model.load_state_dict(self.average.weights)
        return self.model.eval()

    def facts(self) -> dict[str, Any]:
        """What predicting any scan needs to know beside the network, kept in the model's file.

        spacing_m: median distance to the nearest point of the first labelled scenes
        settings: those of predicting, as they were at the end of the training
        """
        scenes = self.plan.mix.labelled[:_SPACING_SCENES]
        xyz = [self.cache.get(scene).xyz for scene in scenes]
        spacings = [nearest_spacing(points[merge_equal(points).chosen]) for points in xyz]
        known = [spacing for spacing in spacings if spacing is not None]
        chosen = self.plan.settings.to_dict()
        return {
            "spacing_m": float(np.median(known)) if known else None,
            "settings": {section: chosen[section] for section in _PREDICTING},
        }

    def run(self) -> None:
        """Train to the last step."""
        settings, total = self.settings, self.plan.iterations
        sequence = BatchSequence(
            self.cache, self.plan.mix, self.plan.settings, self.plan.seed, range(self.step, total)
        )
        self.class_weight = torch.from_numpy(self._class_weights()).to(self.device)
        self.model.train()
        saved_at = time.monotonic()
        with _stop_signals() as stopped:
            batches = sequence.loader(settings.workers, self.device)
            waiting_since = time.monotonic()
            for batch in batches:
                computing_since = time.monotonic()
                rate = learning_rate(self.step, total, settings)
                parts = self._train_step(batch.to(self.device), rate)
                self.step += 1
                self.average.update(self.model, self.step)
                now = time.monotonic()
                seconds = {"data_s": computing_since - waiting_since, "compute_s": now - computing_since}
                self.log.add(self.step, seconds, len(batch.indices), parts)
                if self.step % settings.log_every == 0 or self.step == total:
                    self.log.flush(self.step, rate)
                if self.step == total or stopped or now - saved_at >= settings.save_every_s:
                    self.save()
                    saved_at = time.monotonic()
                if stopped and self.step < total:
                    raise TwistError(
                        f"stopped by {stopped[0]} after step {self.step}; the same command goes on from there"
                    )
                waiting_since = time.monotonic()

    def _class_weights(self) -> np.ndarray:
        """Weights from the labelled scenes' point counts, so that labels alone decide them."""
        classes = len(self.plan.table)
        if self.settings.class_weight_power == 0:
            return np.ones(classes, np.float32)
        counts = np.zeros(classes, np.int64)
        for scene in self.plan.mix.labelled:
            semantic = self.cache.get(scene).semantic
            counts += np.bincount(semantic[semantic >= 0], minlength=classes)
        return class_weights(counts, self.settings.class_weight_power)

    def _train_step(self, batch: Batch, rate: float) -> dict[str, float]:
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.optimizer.zero_grad(set_to_none=True)
        with torch.autocast(self.device.type, torch.float16, enabled=self._mixed):
            extraction = self.model.extraction(batch.features, batch.indices, len(batch))
            losses = extraction_loss(
                extraction,
                batch,
                self.class_weight,
                self.settings.offset_weight,
                self.plan.settings.selftraining.pseudo_weight,
            )
            numbers: dict[str, float] = {}
            if self.plan.train_recorrection:
                more, numbers["proposals"] = recorrection_step(
                    self.model, extraction, batch, self.plan.settings, self.memory
                )
                losses |= {key: self.plan.settings.recorrection.alpha * value for key, value in more.items()}
            total = torch.stack(list(losses.values())).sum()
        self._require_finite({f"{key} loss": value for key, value in losses.items()}, batch)
        self.scaler.scale(total).backward()
        self.scaler.unscale_(self.optimizer)
        norm = torch.nn.utils.clip_grad_norm_(
            self.model.parameters(), self.settings.gradient_clip or math.inf
        )
        if not self._mixed:  # in mixed precision the scaler leaves such a step out and scales less
            self._require_finite({"gradient": norm}, batch)
        self.scaler.step(self.optimizer)
        self.scaler.update()
        return {key: float(value.detach()) for key, value in losses.items()} | numbers

    def _require_finite(self, values: dict[str, torch.Tensor], batch: Batch) -> None:
        if torch.isfinite(torch.stack(list(values.values()))).all():
            return
        bad = ", ".join(key for key, value in values.items() if not torch.isfinite(value))
        unclean = [
            scene
            for b, scene in enumerate(batch.names)
            if not torch.isfinite(batch.features[batch.indices[:, 0] == b]).all()
        ]
        suspects = f"scene {unclean[0]} has such input" if unclean else f"scenes {', '.join(batch.names)}"
        raise TwistError(
            f"the {bad} is NaN or infinite at step {self.step + 1} ({suspects}); the last good state is "
            "kept. Lower training.learning_rate or set training.gradient_clip, and run again"
        )


@contextmanager
def _stop_signals() -> Iterator[list[str]]:
    """While inside, SIGTERM, SIGINT and SIGUSR1 only leave their name in the list; the loop stops itself."""
    stopped: list[str] = []

    def note(number: int, frame: FrameType | None) -> None:
        stopped.append(signal.Signals(number).name)

    numbers = (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1)
    before = {number: signal.signal(number, note) for number in numbers}
    try:
        yield stopped
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
