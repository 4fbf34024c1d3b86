"""What TWIST costs on ScanNet, and on more: python -m benchmarks.scale --bench results/bench/bench.json

Processor hours follow from the benchmark suite's figures. GPU hours follow from two numbers that must be
given, as benchmarks/gpu.py measures them; their defaults are its goals, not measurements.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

from benchmarks.bench.teaching import preset
from twist.files import read_json
from twist.settings import Settings

#: ScanNet v2: training and validation scans, and about so many vertices each.
TRAIN, VAL, VERTICES = 1201, 312, 148_000
#: Bytes a vertex on disk: xyz 12, colour 3, two faces of 12, class and id 4 each; supervoxel 4; pseudo-labels
#: class, id, weight 12, their evidence about 2; predictions about 8.
SCENE, SUPERVOXEL, LABELS, PREDICTIONS = 47, 4, 14, 8
HOUR = 3600.0


@dataclass(frozen=True)
class Costs:
    """Processor seconds a vertex of each step, from ``bench.json`` at the size nearest to a ScanNet scan."""

    prepare: float
    supervoxels: float
    augment: float
    voxelise: float
    cluster: float
    label: float
    evaluate: float

    @classmethod
    def read(cls, path: Path) -> Costs:
        rows = read_json(path)["rows"]

        def of(case: str, vertices_each: int = 1) -> float:
            found = [row for row in rows if row["case"].startswith(case)]
            if not found:
                raise SystemExit(f"{path} has no case {case}: run `make bench` to the end")
            row = min(found, key=lambda row: abs(row["amount"] * vertices_each - VERTICES))
            return row["ours"]["cpu_s"] / (row["amount"] * vertices_each)

        return cls(
            prepare=of("reading"),
            supervoxels=of("mesh supervoxels"),
            augment=of("augmentation"),
            voxelise=of("voxelisation"),
            cluster=of("clustering, original") + of("clustering, shifted, spread"),
            label=of("pseudo-labels"),
            evaluate=of("evaluation", 132_000),
        )


@dataclass(frozen=True)
class Scale:
    """How much there is to do: scans to train on and to score, of ``vertices`` each, and training steps."""

    train: int
    val: int
    vertices: int
    steps_first: int
    steps_round: int
    rounds: int
    scenes_first: int
    scenes_round: int

    @classmethod
    def of(cls, settings: Settings, train: int, val: int) -> Scale:
        chosen, rounds = settings.training, settings.selftraining
        scenes_round = rounds.labelled_per_step + rounds.pseudo_per_step
        return cls(
            train, val, VERTICES, chosen.iterations, rounds.iterations, rounds.rounds, chosen.scenes_per_step,
            scenes_round,
        )  # fmt: skip

    @property
    def steps(self) -> int:
        return self.steps_first + self.rounds * self.steps_round

    @property
    def scans_trained(self) -> int:
        """Augmented scans that all steps take."""
        return self.steps_first * self.scenes_first + self.rounds * self.steps_round * self.scenes_round

    def cpu_hours(self, costs: Costs) -> dict[str, float]:
        """Once for the data, and for one run of all rounds."""
        scans, labelled, scored = self.train + self.val, self.rounds * self.train, self.rounds * self.val
        clustered = labelled - self.train + scored  # round 1 labels without proposals
        seconds = {
            "reading and preparing": scans * costs.prepare,
            "supervoxels (where not the release's)": scans * costs.supervoxels,
            "augmentation and voxelisation of all steps": self.scans_trained
            * (costs.augment + costs.voxelise),
            "clustering and pseudo-labels, all rounds": clustered * costs.cluster + labelled * costs.label,
            "evaluation, all rounds": scored * costs.evaluate,
        }
        return {key: value * self.vertices / HOUR for key, value in seconds.items()}

    def disk_gb(self) -> dict[str, float]:
        """Beside the download."""
        scans = self.train + self.val
        bytes_each = {
            "prepared scans and supervoxels": scans * (SCENE + SUPERVOXEL),
            "pseudo-labels, all rounds": self.rounds * self.train * LABELS,
            "predictions, all rounds": self.rounds * self.val * PREDICTIONS,
        }
        return {key: value * self.vertices / 1e9 for key, value in bytes_each.items()}

    def gpu_hours(self, steps_a_second: float, scene_ms: float) -> tuple[float, float]:
        """Of training, and of predicting unlabelled and validation scans in all rounds, on one GPU."""
        predicted = self.rounds * (self.train + self.val)
        return self.steps / steps_a_second / HOUR, predicted * scene_ms / 1000 / HOUR

    def wall_hours(self, steps_a_second: float, scene_ms: float, gpus: int) -> float:
        """One run on some GPUs: a training uses no more of them than a step has scenes."""
        training, predicting = self.gpu_hours(steps_a_second, scene_ms)
        return training / min(gpus, self.scenes_first, self.scenes_round) + predicting / gpus


def as_markdown(scale: Scale, costs: Costs, steps_a_second: float, scene_ms: float) -> str:
    lines = [f"{scale.train} + {scale.val} scans, {scale.rounds} rounds, {scale.steps} steps", ""]
    for title, figures in (("CPU hours", scale.cpu_hours(costs)), ("disk, GB", scale.disk_gb())):
        lines += [
            f"| {title} | |",
            "|---|---|",
            *(f"| {key} | {value:.2f} |" for key, value in figures.items()),
        ]
        lines += [f"| in all | {sum(figures.values()):.2f} |", ""]
    training, predicting = scale.gpu_hours(steps_a_second, scene_ms)
    lines += [
        f"At {steps_a_second:g} steps a second and {scene_ms:g} ms a scene: training {training:.1f} GPU "
        f"hours, predicting {predicting:.2f}.",
        "",
        "| GPUs | hours of one run, at best |",
        "|---|---|",
    ]
    lines += [f"| {n} | {scale.wall_hours(steps_a_second, scene_ms, n):.1f} |" for n in (1, 4, 8)]
    return "\n".join(lines)


def main(words: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--bench", type=Path, default=Path("results/bench/bench.json"))
    parser.add_argument("--steps-a-second", type=float, default=4.0, help="of preset paper on one GPU")
    parser.add_argument("--scene-ms", type=float, default=60.0, help="of a scene's prediction on one GPU")
    parser.add_argument("--train", type=int, default=TRAIN)
    parser.add_argument("--val", type=int, default=VAL)
    arguments = parser.parse_args(words)
    scale = Scale.of(preset("paper"), arguments.train, arguments.val)
    costs = Costs.read(arguments.bench)
    print(as_markdown(scale, costs, arguments.steps_a_second, arguments.scene_ms))


if __name__ == "__main__":
    main()
