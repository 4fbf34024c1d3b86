"""Memory of a training over its steps, and what saving its state costs: python -m benchmarks.training_memory

Trains as the run's rounds do, on labels alone and in one process, so that all memory is its own. The scenes'
cache is kept small, so that scenes come and go. Writes a table, a row a step, and a figure of it.
"""

from __future__ import annotations

import argparse
import csv
import os
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from matplotlib.figure import Figure

from twist.classes import CLASS_TABLES
from twist.devices import open_device
from twist.files import atomic_write, read_names
from twist.learning.batches import Mix
from twist.learning.log import TrainingLog
from twist.learning.trainer import Trainer, TrainingPlan
from twist.runs import Run

PAGE_MB = os.sysconf("SC_PAGE_SIZE") / 1e6


def resident_mb() -> float:
    """Physical memory of this process."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE_MB


class WatchingLog(TrainingLog):
    """Notes memory after every step."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.rows: list[dict[str, float]] = []

    def add(self, step: int, seconds: dict[str, float], *rest: Any) -> None:
        super().add(step, seconds, *rest)
        row = {"step": step, "resident_mb": round(resident_mb(), 1)}
        if torch.cuda.is_available():
            row["gpu_mb"] = round(torch.cuda.memory_allocated() / 1e6, 1)
        self.rows.append(row)


class WatchingTrainer(Trainer):
    """Notes the time of every save."""

    def save(self) -> None:
        began, began_cpu = time.monotonic(), time.process_time()
        super().save()
        self.saves = [
            *getattr(self, "saves", []),
            (time.monotonic() - began, time.process_time() - began_cpu),
        ]


def plan_of(run: Run, config: Path, data: Path, labelled: tuple[str, ...], steps: int) -> TrainingPlan:
    settings = run.resolve(config, {"training": {"workers": 0, "cache_gb": 0.1}})
    return TrainingPlan(
        settings=settings,
        table=CLASS_TABLES[settings.data.format],
        scene_folder=data / "scenes",
        supervoxel_folder=data / "supervoxels",
        mix=Mix(labelled, settings.training.scenes_per_step),
        iterations=steps,
        seed=0,
        start=None,
        backbone=None,
        train_recorrection=True,
        origin={},
    )


def draw(rows: list[dict[str, float]], path: Path) -> None:
    figure = Figure(figsize=(6, 2.4), layout="constrained")
    axes = figure.subplots()
    axes.plot([row["step"] for row in rows], [row["resident_mb"] for row in rows], color="#0072B2")
    highest = max(row["resident_mb"] for row in rows)
    axes.set(xlabel="step", ylabel="resident memory, MB", ylim=(0, 1.1 * highest))
    axes.grid(color="#E5E5E5")
    with atomic_write(path) as handle:
        figure.savefig(handle, format="png", dpi=150, metadata={"Software": None})


def saving(plan: TrainingPlan, folder: Path, device: torch.device) -> tuple[float, float, float]:
    """(MB, wall seconds, processor seconds) of the third of three saves of a full state."""
    folder.mkdir()
    trainer = WatchingTrainer(plan, folder, device, WatchingLog(folder, 1, "saving"))
    for parameter in trainer.model.parameters():
        parameter.grad = torch.zeros_like(parameter)
    trainer.optimizer.step()  # makes its state
    for _ in range(3):
        trainer.save()
    return trainer.states.slots[0].stat().st_size / 1e6, *trainer.saves[-1]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--run", default="rooms_100pct-control")
    parser.add_argument("--config", type=Path, default=Path("config"))
    parser.add_argument("--data", type=Path, default=Path("results/data/rooms"))
    parser.add_argument("--labelled", type=Path, help="list of scenes; without it, only saving is measured")
    parser.add_argument("--steps", type=int, default=240)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--out", type=Path, default=Path("memory"), help="stem of the .csv and .png")
    arguments = parser.parse_args()

    device = open_device(arguments.device)
    names = read_names(arguments.labelled) if arguments.labelled else ("none",)
    plan = plan_of(Run.parse(arguments.run), arguments.config, arguments.data, names, arguments.steps)
    with tempfile.TemporaryDirectory(dir=".") as folder:
        size, wall, cpu = saving(replace(plan, iterations=1), Path(folder, "saving"), device)
        interval = plan.settings.training.save_every_s
        share = wall / (max(interval, 49 * wall) + wall)
        print(f"{arguments.run}: a state has {size:.1f} MB; saving takes {wall:.3f} s ({cpu:.3f} s CPU)")
        print(f"and {100 * share:.2f} % of the time at the interval of {interval:g} s")
        if not arguments.labelled:
            return
        log = WatchingLog(Path(folder), arguments.steps, "training")
        trainer = WatchingTrainer(plan, Path(folder), device, log)
        trainer.run()
    with atomic_write(arguments.out.with_suffix(".csv"), "w") as handle:
        writer = csv.DictWriter(handle, log.rows[0], lineterminator="\n")
        writer.writeheader()
        writer.writerows(log.rows)
    draw(log.rows, arguments.out.with_suffix(".png"))
    memory = np.array([row["resident_mb"] for row in log.rows])
    half = len(memory) // 2
    slope = np.polyfit(np.arange(half), memory[-half:], 1)[0]
    print(f"{len(memory)} steps, second half: {memory[-half:].mean():.0f} MB, {1000 * slope:+.1f} kB a step")


if __name__ == "__main__":
    main()
