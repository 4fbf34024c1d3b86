"""Batches brought to the device: to a GPU one ahead, while it works on the one before."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol, Self, TypeVar

import torch


class Movable(Protocol):
    """What can be copied to a device."""

    def to(self, device: torch.device) -> Self: ...
    def tensors(self) -> Iterator[torch.Tensor]: ...


B = TypeVar("B", bound=Movable)


def ahead(batches: Iterator[B], device: torch.device) -> Iterator[B]:
    """The batches on the device, in order.

    To a GPU each is copied on a stream of its own, from the pinned memory that the loader fills, while the
    step before it is computed.
    """
    if device.type != "cuda":
        yield from (batch.to(device) for batch in batches)
        return
    copying = torch.cuda.Stream(device)

    def copied() -> B | None:
        batch = next(batches, None)
        with torch.cuda.stream(copying):
            return None if batch is None else batch.to(device)

    coming = copied()
    while coming is not None:
        batch, working = coming, torch.cuda.current_stream(device)
        working.wait_stream(copying)
        for tensor in batch.tensors():
            tensor.record_stream(working)  # else its memory could be given away while a step still reads it
        failure = None
        try:
            coming = copied()
        except Exception as error:  # of the next batch; this one is whole
            failure = error
        yield batch
        if failure is not None:
            raise failure
