"""Optimiser, learning-rate schedule, and the moving average of the weights."""

from __future__ import annotations

import math

import torch
from torch import nn

from twist.settings import TrainingSettings


def make_optimizer(
    model: nn.Module, settings: TrainingSettings, momentum: float = 0.9
) -> torch.optim.Optimizer:
    """AdamW, or SGD with momentum, each as one kernel over all weights."""
    if settings.optimizer == "adamw":
        return torch.optim.AdamW(
            model.parameters(), settings.learning_rate, weight_decay=settings.weight_decay, fused=True
        )
    return torch.optim.SGD(
        model.parameters(),
        settings.learning_rate,
        momentum=momentum,
        weight_decay=settings.weight_decay,
        # Not on a GPU: where the first step overflows in float16, the fused kernel skips it but leaves the
        # momentum that was allocated for it unset.
        fused=True if next(model.parameters()).device.type == "cpu" else None,
    )


def learning_rate(step: int, total: int, settings: TrainingSettings) -> float:
    """Learning rate of a step, counted from 0: linear warm-up, then the schedule to 0 at ``total``."""
    if step < settings.warmup:
        return settings.learning_rate * (step + 1) / settings.warmup
    progress = (step - settings.warmup) / max(total - settings.warmup, 1)
    decay = {
        "cosine": (1 + math.cos(math.pi * progress)) / 2,
        "poly": (1 - progress) ** 0.9,
        "constant": 1.0,
    }
    return settings.learning_rate * decay[settings.schedule]


class MovingAverage:
    """Exponential moving average of a model's weights and running statistics.

    The decay grows from 0.1 to its full value over the first steps, so that a short training is not held
    back by its random start; decay 0 means the plain weights.
    """

    def __init__(self, model: nn.Module, decay: float) -> None:
        self.decay = decay
        self.weights = {key: value.detach().clone() for key, value in model.state_dict().items()}

    @torch.no_grad()
    def update(self, model: nn.Module, step: int) -> None:
        """Take in the weights after ``step`` (from 1)."""
        decay = min(self.decay, step / (step + 9))
        current = model.state_dict()
        moving = [key for key, value in current.items() if value.is_floating_point()]
        torch._foreach_lerp_([self.weights[k] for k in moving], [current[k] for k in moving], 1 - decay)
        for key in current.keys() - set(moving):
            self.weights[key].copy_(current[key])
