"""Several processes train one model, one a GPU: what they tell one another (launching.py starts them).

The scenes of a step are divided among the processes, and whatever is a sum over scenes is summed over the
processes: the losses' denominators, BatchNorm's statistics, the gradient. So a step is that of one process,
up to the rounding of sums.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import distributed, nn

from twist.errors import TwistError


class LeftToTheFirst(Exception):
    """A process ends without a word: the first one tells the error that all of them met."""


class PartnerLost(TwistError):
    """Another process of the training has ended before its work was done."""


@dataclass(frozen=True)
class Processes:
    """The processes of one training, seen from one of them.

    rank: 0 to count - 1; the first writes the log, the states and the model
    """

    rank: int = 0
    count: int = 1

    @property
    def first(self) -> bool:
        return self.rank == 0

    def part_of(self, things: int) -> slice:
        """This process's share of some things: neighbours, as many as the others have or one more."""
        return slice(self.rank * things // self.count, (self.rank + 1) * things // self.count)

    def device_name(self, name: str) -> str:
        """``cuda`` and ``auto`` are a GPU of its own for each process. Raises TwistError for too few."""
        if self.count == 1 or name == "cpu":
            return name
        gpus = torch.cuda.device_count()
        if name == "auto" and gpus == 0:
            return "cpu"
        if name not in ("auto", "cuda") or gpus < self.count:
            raise TwistError(
                f"training.gpus_per_training is {self.count}, but device {name} has {gpus} GPUs for it; "
                "lower the setting, or give the job more"
            )
        return f"cuda:{self.rank}"

    def total(self, values: torch.Tensor) -> torch.Tensor:
        """The sum of all processes' ``values``; it lets gradients through to each of them."""
        return values if self.count == 1 else _Total.apply(values)

    def sum_gradients(self, divided: nn.Module, replicated: nn.Module) -> None:
        """Give every process the gradient of the step.

        Of ``divided`` each has the part of its scenes; of ``replicated`` each has the whole, and the mean
        keeps rounding from driving the copies apart. One message for all: the networks are small.
        """
        if self.count == 1:
            return
        parts = [p.grad for p in divided.parameters() if p.grad is not None]
        copies = [p.grad for p in replicated.parameters() if p.grad is not None]
        flat = torch.cat([g.flatten() for g in parts] + [g.flatten() / self.count for g in copies])
        with _partners_needed():
            distributed.all_reduce(flat)
        gradients = parts + copies
        for gradient, summed in zip(gradients, flat.split([g.numel() for g in gradients]), strict=True):
            gradient.copy_(summed.view_as(gradient))

    def table(self, numbers: list[float]) -> np.ndarray:
        """(count, len(numbers)) float64: a row from each process."""
        own = torch.tensor(numbers, dtype=torch.float64)
        if self.count == 1:
            return own.numpy()[None]
        rows = [torch.empty_like(own) for _ in range(self.count)]
        with _partners_needed():
            distributed.all_gather(rows, own)
        return torch.stack(rows).numpy()

    def gather(self, value: Any) -> list[Any]:
        """What each process gives, by rank."""
        if self.count == 1:
            return [value]
        values = [None] * self.count
        with _partners_needed():
            distributed.all_gather_object(values, value)
        return values

    def from_the_first(self, value: Any) -> Any:
        """What the first process gives, in all of them."""
        if self.count == 1:
            return value
        values = [value]
        with _partners_needed():
            distributed.broadcast_object_list(values)
        return values[0]

    def common(self, error: TwistError) -> Exception:
        """What to raise for an error that all processes meet at once: one line is enough."""
        return error if self.first else LeftToTheFirst()


#: A training by one process.
ALONE = Processes()


class _Total(torch.autograd.Function):
    """Sum over processes. The loss is a sum over them too, so its gradient is summed on the way back."""

    @staticmethod
    def forward(context: Any, values: torch.Tensor) -> torch.Tensor:
        return _summed(values)

    @staticmethod
    def backward(context: Any, gradient: torch.Tensor) -> torch.Tensor:
        return _summed(gradient)


def _summed(values: torch.Tensor) -> torch.Tensor:
    total = values.detach().clone(memory_format=torch.contiguous_format)
    with _partners_needed():
        distributed.all_reduce(total)
    return total


@contextmanager
def _partners_needed() -> Iterator[None]:
    try:
        yield
    except torch.OutOfMemoryError:
        raise
    except RuntimeError as error:
        why = (str(error).splitlines() or [type(error).__name__])[0]
        raise PartnerLost(
            f"another process of this training has ended, so that this one ends, too ({why}); where none "
            "has, NCCL_DEBUG=WARN tells more"
        ) from error
