"""How much of a training step on the CPU its kernels take: python -m benchmarks.step_share

For each preset, one thread and a few generated scenes: the whole step of Φ and Ψ, and in it the sparse
convolutions (gathering, BLAS, scattering), spconv's rulebooks and the products of dense layers. Wall time,
median of several steps; the machine should have nothing else to do.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before NumPy and torch are imported

import argparse
import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

import torch

from benchmarks.bench.inputs import room_samples
from benchmarks.bench.teaching import new_trainer, preset
from twist.learning.batches import make_batch
from twist.network import rulebook, sparse

KERNELS = {
    "convolutions": ((rulebook, "_multiply"), (rulebook, "_weight_gradient")),
    "rulebooks": ((sparse, "_cpu_rules"),),
    "dense products": ((torch.nn.functional, "linear"),),
}


@contextmanager
def timed(seconds: dict[str, float]) -> Iterator[None]:
    """Inside, the time in the kernels is added up by kind."""

    def timing(kind: str, kernel: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any) -> Any:
            begin = time.perf_counter()
            result = kernel(*arguments)
            seconds[kind] += time.perf_counter() - begin
            return result

        return call

    with ExitStack() as stack:
        for kind, places in KERNELS.items():
            for module, name in places:
                kernel = getattr(module, name)
                stack.enter_context(mock.patch.object(module, name, timing(kind, kernel)))
        yield


def step_parts(name: str, scenes: int, steps: int) -> tuple[int, dict[str, float]]:
    """Voxels of the step, and milliseconds by kind, ``whole`` among them."""
    samples = room_samples(scenes)
    settings = preset(name)
    batch = make_batch(list(samples), settings.network)
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        trainer = new_trainer(Path(folder), batch, samples, settings, torch.device("cpu"))
        for _ in range(steps + 1):
            seconds: dict[str, float] = defaultdict(float)
            begin = time.perf_counter()
            with timed(seconds):
                trainer.train_step(batch, 1e-3)
            rows.append(seconds | {"whole": time.perf_counter() - begin})
    median = {key: 1000 * statistics.median(row[key] for row in rows[1:]) for key in rows[-1]}
    return len(batch.indices), median


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scenes", type=int, default=4)
    parser.add_argument("--steps", type=int, default=5)
    arguments = parser.parse_args()
    columns = ["preset", "voxels", "whole", *KERNELS]
    print(f"| {' | '.join([*columns, 'share'])} |\n{'|---' * (len(columns) + 1)}|")
    for name in ("small", "paper"):
        voxels, parts = step_parts(name, arguments.scenes, arguments.steps)
        times = [f"{parts[kind]:.0f} ms" for kind in columns[2:]]
        share = sum(parts[kind] for kind in KERNELS) / parts["whole"]
        print(f"| {' | '.join([name, str(voxels), *times, f'{100 * share:.0f} %'])} |", flush=True)


if __name__ == "__main__":
    main()
