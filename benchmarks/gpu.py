"""TWIST on a GPU, checked against the CPU first and then timed: python -m benchmarks.gpu [--device cuda]

Writes results/bench/gpu.md and gpu.json. With --device cpu only the check runs, of the CPU against itself.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch

from benchmarks.bench.inputs import sheet_sample
from benchmarks.bench.teaching import preset, teach
from benchmarks.gpu_correctness import TOLERANCES, check, compare, mixed_against_float32
from benchmarks.gpu_training import pretraining, training
from twist.classes import SCANNET
from twist.devices import describe, open_device
from twist.files import write_json, write_text
from twist.inference import infer
from twist.learning.batches import make_batch
from twist.learning.samples import SceneSample
from twist.network.ensemble import Ensemble
from twist.network.model import Model
from twist.network.proposal_voxels import proposal_voxels
from twist.provenance import provenance
from twist.regions import Regions
from twist.selftraining.proposals import group_points
from twist.settings import Settings

BATCH_SIZES = (1, 2, 4, 8)
#: A scene's Φ, clustering and Ψ; and paper-preset training steps a second at batch 4.
GOAL_MS, GOAL_STEPS = 60.0, 4.0


def device_ms(work: Callable[[], Any], repeats: int = 20, warm: int = 5) -> float:
    """Median milliseconds between two events on the device around a call."""
    times = []
    for k in range(warm + repeats):
        start, stop = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        start.record()
        work()
        stop.record()
        stop.synchronize()
        if k >= warm:
            times.append(start.elapsed_time(stop))
    return statistics.median(times)


def wall_ms(work: Callable[[], Any], repeats: int = 10, warm: int = 3) -> float:
    """Median milliseconds on the wall of a call and of all that it gave the device to do."""
    times = []
    for k in range(warm + repeats):
        torch.cuda.synchronize()
        start = time.perf_counter()
        work()
        torch.cuda.synchronize()
        if k >= warm:
            times.append(1000 * (time.perf_counter() - start))
    return statistics.median(times)


@torch.inference_mode()
def latency(device: torch.device, settings: Settings, sample: SceneSample) -> dict[str, float]:
    """Milliseconds of one scene: whole, and in parts; ``device`` parts by events, the others on the wall."""
    model = Model(settings.network, SCANNET, device).eval()
    model.certainty_trained = True
    host = make_batch([sample], settings.network).pin_memory()
    teach(model, host, [sample])
    batch = host.to(device)
    said = model.extraction(batch.features, batch.indices, 1, batch.largest_index)
    probability = torch.softmax(said.logits, 1)[batch.voxel_of_point].cpu().numpy()
    shifted = (batch.position + said.offset)[batch.voxel_of_point].cpu().numpy()
    pieces = Regions.from_ids(sample.supervoxel)

    def grouping() -> Regions:
        return group_points(probability, sample.xyz, shifted, pieces, SCANNET, settings.proposals)

    proposals, grid = grouping(), settings.network.recorrection_grid
    voxel, position = host.voxel_of_point.numpy(), host.position.numpy()

    def shapes() -> Any:
        return proposal_voxels(proposals, voxel, position, probability, SCANNET, grid)

    inputs = shapes().to(device)
    torch.cuda.reset_peak_memory_stats()
    return {
        "points": len(sample),
        "voxels": len(host.indices),
        "proposals": len(proposals),
        "scene, from points to certainties": wall_ms(
            lambda: infer(Ensemble((model,)), sample, settings.proposals, settings.inference)
        ),
        "voxelising": wall_ms(lambda: make_batch([sample], settings.network)),
        "copying to the device": device_ms(lambda: host.to(device)),
        "Φ (device)": device_ms(
            lambda: model.extraction(batch.features, batch.indices, 1, batch.largest_index)
        ),
        "clustering": wall_ms(grouping),
        "Ψ's voxels": wall_ms(shapes),
        "Ψ (device)": device_ms(lambda: model.recorrection(said.features, inputs)),
        "peak memory, MB": torch.cuda.max_memory_allocated() / 1e6,
    }


@torch.inference_mode()
def throughput(device: torch.device, settings: Settings, sample: SceneSample) -> dict[str, dict[str, float]]:
    """Φ on several scenes at once: scenes a second and peak memory by batch size."""
    model = Model(settings.network, SCANNET, device).eval()
    found = {}
    for size in BATCH_SIZES:
        batch = make_batch([sample] * size, settings.network).to(device)
        torch.cuda.reset_peak_memory_stats()
        taken = device_ms(
            lambda batch=batch: model.extraction(
                batch.features, batch.indices, len(batch), batch.largest_index
            ),
            repeats=10,
        )
        peak = torch.cuda.max_memory_allocated() / 1e6
        found[str(size)] = {"scenes a second": 1000 * size / taken, "peak memory, MB": peak}
    return found


def as_markdown(record: dict[str, Any]) -> str:
    facts, lines = record["provenance"], ["# On a GPU", ""]
    lines += [f"{facts['device']}, revision {facts['revision']}; versions: {facts['versions']}.", ""]
    for title, figures in record.items():
        if title == "provenance":
            continue
        lines += [f"## {title}", "", "| | |", "|---|---|"]
        for key, value in figures.items():
            shown = value if isinstance(value, dict) else {"": value}
            text = ", ".join(f"{name} {number:.4g}".strip() for name, number in shown.items())
            lines.append(f"| {key} | {text} |")
        lines.append("")
    return "\n".join(lines)


def measured(device: torch.device, points: int, steps: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """Title and figures of one part after another, as they are measured."""
    settings, sample = preset("paper"), sheet_sample(points)
    one_scene = latency(device, settings, sample)
    parts = sum(one_scene[key] for key in ("Φ (device)", "clustering", "Ψ's voxels", "Ψ (device)"))
    one_scene |= {"Φ, clustering and Ψ": parts, "goal, ms": GOAL_MS}
    yield "latency, ms", one_scene
    yield "Φ by batch size", throughput(device, settings, sample)
    for mixed in (False, True):
        figures = training(device, sample, steps, mixed)
        title = f"training, {'mixed precision' if mixed else 'float32 and TF32'}"
        yield title, figures | {"goal, steps a second": GOAL_STEPS}
    yield "pre-training", pretraining(device, sample, steps)
    scenes = [sheet_sample(points // 6), sheet_sample(points // 12)]
    with tempfile.TemporaryDirectory() as folder:
        differences = mixed_against_float32(device, settings, scenes, Path(folder))
    yield "one step in mixed precision, differences from float32", differences


def write(record: dict[str, Any], folder: Path) -> None:
    write_json(folder / "gpu.json", record)
    write_text(folder / "gpu.md", as_markdown(record))


def main(words: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--points", type=int, default=132_000)
    parser.add_argument("--check-points", type=int, default=20_000, help="of the two scenes of the check")
    parser.add_argument("--steps", type=int, default=30, help="of each training")
    parser.add_argument("--preset", default="paper", choices=("paper", "small"), help="of the check")
    parser.add_argument("--out", type=Path, default=Path("results/bench"), help="gets gpu.md and gpu.json")
    arguments = parser.parse_args(words)
    if arguments.device != "cpu" and not torch.cuda.is_available():
        raise SystemExit("no GPU: torch sees none, so nothing was measured; --device cpu runs the check")
    device = open_device(arguments.device)
    scenes = [sheet_sample(arguments.check_points), sheet_sample(arguments.check_points // 2)]
    with tempfile.TemporaryDirectory() as folder:
        differences = compare(device, preset(arguments.preset), scenes, Path(folder))
    shown = ", ".join(f"{key} {value:.2g} (of {TOLERANCES[key]:g})" for key, value in differences.items())
    print(f"{describe(device)} against the CPU: {shown}", flush=True)
    check(differences)
    record: dict[str, Any] = {"provenance": provenance(device=describe(device))}
    record["differences from the CPU"] = differences
    write(record, arguments.out)
    if device.type == "cuda":
        for title, figures in measured(device, arguments.points, arguments.steps):
            record[title] = figures
            write(record, arguments.out)  # what was measured outlives a part that fails
            print(f"{title}: measured", flush=True)
    print(f"wrote {arguments.out / 'gpu.md'} and gpu.json")


if __name__ == "__main__":
    main()
