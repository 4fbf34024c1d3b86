"""StepSequence: the batches of a training, made by worker processes, resumable at any step."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import TypeVar

import torch

from twist.errors import TwistError
from twist.learning.stopping import ignore_stop_signals

B = TypeVar("B")


class StepSequence(torch.utils.data.IterableDataset[B | TwistError], ABC):
    """The batches of steps start, start + 1, …, stop - 1.

    Each is a pure function of its step, so a resumed training sees exactly what an uninterrupted one sees,
    with any number of workers.
    """

    def __init__(self, steps: range) -> None:
        self.steps = steps

    @abstractmethod
    def batch(self, step: int) -> B:
        """The batch of one step."""

    def __iter__(self) -> Iterator[B | TwistError]:
        """This worker's share of the batches; an error is handed over, because one raised in a worker
        reaches the user as a traceback."""
        worker = torch.utils.data.get_worker_info()
        mine = self.steps if worker is None else self.steps[worker.id :: worker.num_workers]
        for step in mine:
            try:
                yield self.batch(step)
            except TwistError as error:
                yield error
                return

    def loader(self, workers: int, device: torch.device) -> Iterator[B]:
        """Iterate with worker processes; batches come in order of step. Raises TwistError as ``batch``."""
        loader = torch.utils.data.DataLoader(
            self,
            batch_size=None,
            num_workers=min(workers, len(self.steps)),
            prefetch_factor=4 if workers and len(self.steps) else None,
            # one of several processes would start them anew, at the cost of importing torch again
            multiprocessing_context="fork" if workers and len(self.steps) else None,
            pin_memory=device.type == "cuda",
            # Slurm signals every process of a job; a worker that died of it would fail the training's saving
            worker_init_fn=ignore_stop_signals,
            # of its own: a loader draws a seed when it starts, and a resumed training starts one more
            generator=torch.Generator(),
        )
        for batch in loader:
            if isinstance(batch, TwistError):
                raise batch
            yield batch
