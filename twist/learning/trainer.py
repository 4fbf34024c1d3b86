"""The training loop of Φ and Ψ: one function for round 0 and for every round after it.

It does not know which round it is in; it is given start weights, scenes and settings.
"""

from __future__ import annotations

import math
import signal
import time
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from twist.classes import ClassTable
from twist.errors import TwistError
from twist.files import exclusive_lock, remove_unfinished
from twist.learning.batches import Batch, BatchSequence, Mix
from twist.learning.log import SilentLog, TrainingLog
from twist.learning.losses import class_weights, extraction_loss
from twist.learning.optimisation import MovingAverage, learning_rate, make_optimizer
from twist.learning.processes import ALONE, Processes
from twist.learning.recorrecting import ProposalMemory, recorrection_step
from twist.learning.samples import SampleCache
from twist.learning.state import StateFolder
from twist.learning.stopping import stop_signals
from twist.network.model import Model
from twist.network.sparse import synchronise
from twist.settings import Settings

#: Most of the time that saving may take: where a save takes long, the next one comes later.
_SAVING_SHARE = 0.02


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


def train(
    plan: TrainingPlan,
    work: Path,
    out: Path,
    device: torch.device,
    name: str,
    processes: Processes = ALONE,
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
        if processes.first:
            for written in (out, out.with_name("metrics.csv"), work / "metrics.csv"):
                remove_unfinished(written)
        log = (TrainingLog if processes.first else SilentLog)(work, plan.iterations, name)
        trainer = Trainer(plan, work, device, log, processes)
        if not trainer.finished:
            trainer.run()
        if processes.first:
            log.save_metrics(out.with_name("metrics.csv"))
            trainer.averaged_model().save(out, steps=plan.iterations, seed=plan.seed)
            log.line(f"wrote {out}")


class Trainer:
    """The state of one training, in memory; see ``train``."""

    def __init__(
        self,
        plan: TrainingPlan,
        work: Path,
        device: torch.device,
        log: TrainingLog,
        processes: Processes = ALONE,
    ) -> None:
        self.plan, self.device, self.log, self.processes = plan, device, log, processes
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
        if processes.count > 1:
            synchronise(self.model.extraction, processes.total)
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
        state = self.processes.from_the_first(self.states.load() if self.processes.first else None)
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
        """Save all that is needed to go on; once finished, only the result.

        All processes hold the same, so that the first saves for all, and any number can go on with it.
        """
        if not self.processes.first:
            return
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

    def run(self) -> None:
        """Train to the last step."""
        settings, total = self.settings, self.plan.iterations
        plan, steps = self.plan, range(self.step, total)
        sequence = BatchSequence(self.cache, plan.mix, plan.settings, plan.seed, steps, self.processes)
        self.class_weight = torch.from_numpy(self._class_weights()).to(self.device)
        self.model.train()
        saved_at, pause_s = time.monotonic(), settings.save_every_s
        with stop_signals() as stopped:
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
                self.log.add(self.step, seconds, int(parts.pop("voxels")), parts)
                if self.step % settings.log_every == 0 or self.step == total:
                    self.log.flush(self.step, rate)
                stop, due = self._agree(stopped, now - saved_at >= pause_s)
                if self.step == total or stop or due:
                    self.save()
                    saved_at = time.monotonic()
                    pause_s = self._pause_after(saved_at - now)
                if stop and self.step < total:
                    raise self.processes.common(
                        TwistError(
                            f"stopped by {stop} after step {self.step}; the same command goes on from there"
                        )
                    )
                waiting_since = time.monotonic()

    def _pause_after(self, saving_s: float) -> float:
        """Seconds until the next save is due; 0 = after every step."""
        chosen = self.settings.save_every_s
        return max(chosen, saving_s * (1 / _SAVING_SHARE - 1)) if chosen else 0.0

    def _agree(self, stopped: list[signal.Signals], due: bool) -> tuple[str, bool]:
        """The signal that any of the processes got, by name, and whether one of them finds a save due."""
        table = self.processes.table([stopped[0] if stopped else 0, due])
        number = int(table[:, 0].max())
        return signal.Signals(number).name if number else "", bool(table[:, 1].any())

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
                self.processes.total,
            )
            of_step = self._of_step(losses, batch)
            if self.plan.train_recorrection:
                more, proposals = recorrection_step(
                    self.model, extraction, batch, self.plan.settings, self.memory, self.processes
                )
                more = {key: self.plan.settings.recorrection.alpha * value for key, value in more.items()}
                losses, of_step = losses | more, of_step | more | {"proposals": torch.tensor(proposals)}
            total = torch.stack(list(losses.values())).sum()
        self._require_finite({f"{key} loss": of_step[key] for key in losses}, batch)
        self.scaler.scale(total).backward()
        self.processes.sum_gradients(self.model.extraction, self.model.recorrection)
        self.scaler.unscale_(self.optimizer)
        norm = torch.nn.utils.clip_grad_norm_(
            self.model.parameters(), self.settings.gradient_clip or math.inf
        )
        if not self._mixed:  # in mixed precision the scaler leaves such a step out and scales less
            self._require_finite({"gradient": norm}, batch)
        self.scaler.step(self.optimizer)
        self.scaler.update()
        return {key: float(value.detach()) for key, value in of_step.items()}

    def _of_step(self, losses: dict[str, torch.Tensor], batch: Batch) -> dict[str, torch.Tensor]:
        """Φ's losses and the voxels of the whole step, of which this process has its share."""
        voxels = torch.tensor(float(len(batch.indices)), device=self.device)
        sums = self.processes.total(torch.stack([value.detach() for value in losses.values()] + [voxels]))
        return dict(zip([*losses, "voxels"], sums, strict=True))

    def _require_finite(self, values: dict[str, torch.Tensor], batch: Batch) -> None:
        if torch.isfinite(torch.stack(list(values.values()))).all():
            return
        bad = ", ".join(key for key, value in values.items() if not torch.isfinite(value))
        unclean = [
            scene
            for b, scene in enumerate(batch.names)
            if not torch.isfinite(batch.features[batch.indices[:, 0] == b]).all()
        ]
        parts = self.processes.gather((unclean, batch.names))
        unclean, names = ([name for part in parts for name in part[k]] for k in (0, 1))
        suspects = f"scene {unclean[0]} has such input" if unclean else f"scenes {', '.join(names)}"
        raise self.processes.common(
            TwistError(
                f"the {bad} is NaN or infinite at step {self.step + 1} ({suspects}); the last good state is "
                "kept. Lower training.learning_rate or set training.gradient_clip, and run again"
            )
        )
