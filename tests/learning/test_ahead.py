"""Batches are brought to a GPU one ahead; the order of streams is watched with a stand-in for CUDA's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest
import torch

from twist.errors import TwistError
from twist.learning.ahead import ahead

GPU = torch.device("cuda", 0)


@dataclass
class Recorder:
    """Notes what happens, in order, and plays CUDA's streams."""

    events: list[str] = field(default_factory=list)

    def batches(self, count: int) -> Iterator[Batch]:
        return (Batch(str(k), self) for k in range(count))


@dataclass
class Batch:
    name: str
    seen: Recorder

    def to(self, device: torch.device) -> Batch:
        self.seen.events.append(f"copy {self.name}")
        return self

    def tensors(self) -> Iterator[Batch]:
        yield self

    def record_stream(self, stream: Stream) -> None:
        self.seen.events.append(f"keep {self.name} for {stream.name}")


@dataclass
class Stream:
    name: str
    seen: Recorder

    def wait_stream(self, other: Stream) -> None:
        self.seen.events.append(f"{self.name} waits for {other.name}")


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> Recorder:
    recorder = Recorder()
    copying, working = Stream("copying", recorder), Stream("working", recorder)

    @contextmanager
    def on(stream: Stream) -> Iterator[None]:
        recorder.events.append(f"on {stream.name}")
        yield

    monkeypatch.setattr(torch.cuda, "Stream", lambda device: copying)
    monkeypatch.setattr(torch.cuda, "stream", on)
    monkeypatch.setattr(torch.cuda, "current_stream", lambda device: working)
    return recorder


@pytest.mark.parametrize("count", [0, 1, 4])
@pytest.mark.parametrize("device", [torch.device("cpu"), GPU])
def test_every_batch_comes_once_and_in_order(count: int, device: torch.device, seen: Recorder) -> None:
    assert [batch.name for batch in ahead(seen.batches(count), device)] == [str(k) for k in range(count)]
    assert [event for event in seen.events if event.startswith("copy")] == [f"copy {k}" for k in range(count)]


@pytest.mark.parametrize("device", [torch.device("cpu"), GPU])
def test_an_error_of_the_next_batch_costs_no_step(device: torch.device, seen: Recorder) -> None:
    def damaged() -> Iterator[Batch]:
        yield from seen.batches(2)
        raise TwistError("scene 3 is damaged")

    steps: list[str] = []
    with pytest.raises(TwistError, match="scene 3"):
        steps.extend(batch.name for batch in ahead(damaged(), device))
    assert [event for event in seen.events if event.startswith("copy")] == ["copy 0", "copy 1"]


def test_the_next_is_copied_before_a_step_begins_and_its_memory_kept(seen: Recorder) -> None:
    for batch in ahead(seen.batches(2), GPU):
        seen.events.append(f"step {batch.name}")
    assert seen.events == [
        "on copying", "copy 0",
        "working waits for copying", "keep 0 for working", "on copying", "copy 1", "step 0",
        "working waits for copying", "keep 1 for working", "on copying", "step 1",
    ]  # fmt: skip
