"""What every training shares: steps, saved state, moving average, log, stop signals, refusal of NaN."""

from __future__ import annotations

import json
import math
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from pathlib import Path
from signal import Signals
from typing import Any, Generic, Protocol, Self, TypeVar

import torch
from torch import nn

from twist.devices import enough_memory
from twist.errors import TwistError
from twist.files import remove_unfinished
from twist.learning.ahead import ahead
from twist.learning.log import TrainingLog
from twist.learning.optimisation import MovingAverage, learning_rate, make_optimizer
from twist.learning.processes import ALONE, Processes
from twist.learning.state import StateFolder
from twist.learning.stopping import stop_signals
from twist.settings import TrainingSettings


class StepBatch(Protocol):
    """What the loop knows of a batch: its scenes' names, and the features and indices of their voxels."""

    @property
    def names(self) -> tuple[str, ...]: ...
    @property
    def features(self) -> torch.Tensor: ...
    @property
    def indices(self) -> torch.Tensor: ...
    def to(self, device: torch.device) -> Self: ...
    def tensors(self) -> Iterator[torch.Tensor]: ...


B = TypeVar("B", bound=StepBatch)

#: Most of the time that saving may take: where a save takes long, the next one comes later.
_SAVING_SHARE = 0.02
#: Steps in a row that mixed precision may leave out; from its first scale, 65536, sixteen reach 1.
_MOST_LEFT_OUT = 50


class TrainingLoop(ABC, Generic[B]):
    """The state of one training, in memory. A training says what its batches, losses and result are.

    On the CPU a resumed training ends with the same weights, bit for bit, as an uninterrupted one: a batch is
    a pure function of its step, and ``further_state`` holds whatever else the losses depend on.
    Several processes hold the same at every step; the first of them reads, saves and writes.
    """

    #: The section of the settings that holds the learning rate.
    section = "training"
    #: What to do where a GPU has too little memory for a step.
    memory_advice = (
        "lower augmentation.voxels_max (larger scans are cropped), training.scenes_per_step or "
        "selftraining.pseudo_per_step; with other settings the training starts anew"
    )

    def __init__(
        self,
        model: nn.Module,
        settings: TrainingSettings,
        iterations: int,
        states: StateFolder,
        device: torch.device,
        log: TrainingLog,
        momentum: float = 0.9,
        processes: Processes = ALONE,
    ) -> None:
        self.model, self.settings, self.iterations = model, settings, iterations
        self.states, self.device, self.log, self.processes = states, device, log, processes
        self.average = MovingAverage(model, settings.ema_decay)
        self.optimizer = make_optimizer(model, settings, momentum)
        self.scaler = torch.amp.GradScaler(enabled=self._mixed)
        self.step, self.left_out = 0, 0
        self.finished: str | None = None  # once it is: the result's facts, as JSON
        self._restore()

    @abstractmethod
    def batches(self, steps: range) -> Iterator[B]:
        """The batches of some steps, in order."""

    @abstractmethod
    def losses(self, batch: B) -> tuple[dict[str, torch.Tensor], dict[str, float]]:
        """The parts of the loss, each weighted, and further numbers for the log."""

    def of_step(self, losses: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        """The parts of the step's loss, where ``losses`` gives this process's share of them."""
        return losses

    def sum_gradients(self) -> None:
        """Make the gradient that of the step, where each process has the one of its share."""

    @abstractmethod
    def facts(self) -> dict[str, Any]:
        """What the result's file tells beside the weights, as JSON values.

        Asked for once, at the last step: a result that is written again is the same to the last byte.
        """

    @abstractmethod
    def write(self, out: Path, facts: dict[str, Any]) -> None:
        """Write the result, from ``average``."""

    def figures(self) -> dict[str, float]:
        """Numbers measured at a line of the log; they change nothing that is learned."""
        return {}

    def further_state(self) -> dict[str, Any]:
        """What a subclass needs to go on, as plain values and tensors."""
        return {}

    def restore_further(self, state: dict[str, Any]) -> None:
        """Take over what ``further_state`` gave."""

    @property
    def _mixed(self) -> bool:
        return self.settings.mixed_precision and self.device.type == "cuda"

    def _restore(self) -> None:
        state = self.processes.from_the_first(self.states.load() if self.processes.first else None)
        if state is None:
            return
        self.step, self.finished = state["step"], state["finished"]
        self.average.weights = {key: value.to(self.device) for key, value in state["average"].items()}
        if self.finished is None:
            self.model.load_state_dict(state["model"])
            self.optimizer.load_state_dict(state["optimizer"])
            if state["scaler"]:  # empty where it was saved on the CPU
                self.scaler.load_state_dict(state["scaler"])
            self.restore_further(state)
            torch.set_rng_state(state["rng"])
            if self.device.type == "cuda" and "device_rng" in state:
                torch.cuda.set_rng_state(state["device_rng"], self.device)
        self.log.resume_at(self.step)
        self.log.line(f"goes on from the saved step {self.step} of {self.iterations}")

    def save(self) -> None:
        """Save all that is needed to go on; once finished, only the result."""
        if not self.processes.first:
            return
        if self.step == self.iterations:
            self.finished = json.dumps(self.facts())
        state: dict[str, Any] = {
            "step": self.step,
            "finished": self.finished,
            "average": self.average.weights,
        }
        if self.finished is None:
            state |= {
                "model": self.model.state_dict(),
                "optimizer": self.optimizer.state_dict(),
                "scaler": self.scaler.state_dict(),
                "rng": torch.get_rng_state(),
            }
            state |= self.further_state()
            if self.device.type == "cuda":
                state["device_rng"] = torch.cuda.get_rng_state(self.device)
        self.log.save_metrics(self.log.metrics)  # first: killed in between, it has rows too many, not too few
        self.states.save(state)

    def complete(self, out: Path) -> None:
        """Train what is left to train and write the result, with its metrics beside it."""
        if self.finished is None:
            self.run()
        if not self.processes.first or self.finished is None:
            return
        metrics = out.with_name("metrics.csv")
        for file in (out, metrics, self.log.metrics):
            remove_unfinished(file)
        self.log.save_metrics(metrics)
        self.write(out, json.loads(self.finished))
        self.log.line(f"wrote {out}")

    def run(self) -> None:
        """Train to the last step. Raises TwistError when a loss is not finite or a signal stops it."""
        settings, total = self.settings, self.iterations
        self.model.train()
        saved_at, pause_s = time.monotonic(), settings.save_every_s
        with stop_signals() as stopped, enough_memory(self.memory_advice):
            waiting_since = time.monotonic()
            for batch in ahead(self.batches(range(self.step, total)), self.device):
                computing_since = time.monotonic()
                rate = learning_rate(self.step, total, settings)
                parts = self.train_step(batch, rate)
                now = time.monotonic()
                seconds = {"data_s": computing_since - waiting_since, "compute_s": now - computing_since}
                voxels = int(self.processes.table([len(batch.indices)]).sum())
                self.log.add(self.step, seconds, voxels, parts)
                if self.step % settings.log_every == 0 or self.step == total:
                    self.log.flush(self.step, rate, self.figures())
                stop, due = self._agree(stopped, now - saved_at >= pause_s)
                if self.step == total or stop or due:
                    self.save()
                    saved_at = time.monotonic()
                    pause_s = self._pause_after(saved_at - now)
                if stop and self.step < total:
                    message = f"stopped by {stop} after step {self.step}; the same command goes on from there"
                    raise self.processes.common(TwistError(message))
                waiting_since = time.monotonic()

    def _pause_after(self, saving_s: float) -> float:
        """Seconds until the next save is due; 0 = after every step."""
        chosen = self.settings.save_every_s
        return max(chosen, saving_s * (1 / _SAVING_SHARE - 1)) if chosen else 0.0

    def _agree(self, stopped: list[Signals], due: bool) -> tuple[str, bool]:
        """The signal that any of the processes got, by name, and whether one of them finds a save due."""
        table = self.processes.table([stopped[0] if stopped else 0, due])
        number = int(table[:, 0].max())
        return Signals(number).name if number else "", bool(table[:, 1].any())

    def train_step(self, batch: B, rate: float) -> dict[str, float]:
        """One step at a learning rate, moving average included: its losses and other figures by name.

        Raises TwistError when a loss or the gradient is not finite.
        """
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.optimizer.zero_grad(set_to_none=True)
        with torch.autocast(self.device.type, torch.float16, enabled=self._mixed):
            losses, numbers = self.losses(batch)
            total = torch.stack(list(losses.values())).sum()
            of_step = self.of_step(losses)
        self.scaler.scale(total).backward()
        self.sum_gradients()
        self.scaler.unscale_(self.optimizer)
        norm = torch.nn.utils.clip_grad_norm_(
            self.model.parameters(), self.settings.gradient_clip or math.inf
        )
        # All numbers come over at once: a GPU is waited for here, after the last of its work was given to it.
        said = torch.stack([*(value.detach().float() for value in of_step.values()), norm.float()]).tolist()
        parts = dict(zip(of_step, said, strict=False))
        self._require_finite({f"{key} loss": value for key, value in parts.items()}, batch)
        self._require_usable_gradient(said[-1], batch)
        self.scaler.step(self.optimizer)
        self.scaler.update()
        self.step += 1
        self.average.update(self.model, self.step)
        return parts | numbers

    def _require_usable_gradient(self, norm: float, batch: B) -> None:
        """In mixed precision the scaler leaves a step without finite gradient out, and scales less.

        Where no gradient is ever finite that would go on to the end, and nothing be learned. A resumed
        training counts anew. A loss that is not finite is never tolerated: no scale changes it.
        """
        self.left_out = 0 if math.isfinite(norm) else self.left_out + 1
        if not self.scaler.is_enabled() or self.left_out > _MOST_LEFT_OUT:
            self._require_finite({"gradient": norm}, batch)

    def _require_finite(self, values: dict[str, float], batch: B) -> None:
        bad = ", ".join(key for key, value in values.items() if not math.isfinite(value))
        if not bad:
            return
        unclean = [
            scene
            for b, scene in enumerate(batch.names)
            if not torch.isfinite(batch.features[batch.indices[:, 0] == b]).all()
        ]
        parts = self.processes.gather((unclean, batch.names))
        unclean, names = ([name for part in parts for name in part[k]] for k in (0, 1))
        suspects = f"scene {unclean[0]} has such input" if unclean else f"scenes {', '.join(names)}"
        cure = "Set training.mixed_precision: false, lower" if self.scaler.is_enabled() else "Lower"
        raise self.processes.common(
            TwistError(
                f"the {bad} is NaN or infinite at step {self.step + 1} ({suspects}); the last good state is "
                f"kept. {cure} {self.section}.learning_rate or set training.gradient_clip, and run again"
            )
        )
