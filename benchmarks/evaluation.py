"""Time and memory of evaluating as many scenes as ScanNet's validation part: python -m benchmarks.evaluation

Scenes are random: points in contiguous instances, predictions near them. A dozen distinct ones stand on
disk under as many names as wanted: the figures hold reading, matching and scoring, but no cold disk.
"""

from __future__ import annotations

import argparse
import os
import resource
import tempfile
import time
from pathlib import Path

import numpy as np

from benchmarks.bench.inputs import random_predictions
from twist.classes import SCANNET
from twist.formats.submission import write_submission
from twist.regions import Regions
from twist.scene import Scene
from twist.scoring.evaluation import Evaluation, evaluate_run, evaluate_submission

DISTINCT = 12


def random_scene(points: int, predictions: int, seed: int) -> tuple[Scene, Regions]:
    """40 contiguous instances; predictions are instances, moved by up to a tenth of their length."""
    semantic, instance, guesses = random_predictions(points, predictions, seed)
    scene = Scene(
        name="random",
        xyz=np.random.default_rng(seed).random((points, 3), np.float32),
        rgb=np.zeros((points, 3), np.uint8),
        faces=np.zeros((0, 3), np.int32),
        semantic=semantic,
        instance=instance,
    )
    return scene, guesses


def write_scenes(folder: Path, scenes: int, points: int, predictions: int) -> list[str]:
    """``folder/scenes`` and ``folder/predictions``; returns the names."""
    names = [f"scene{k:04d}_00" for k in range(scenes)]
    for k, name in enumerate(names):
        scene_file, guess_file = (folder / part / f"{name}.npz" for part in ("scenes", "predictions"))
        if k < DISTINCT:
            scene, guesses = random_scene(points, predictions, k)
            scene.save(scene_file)
            guesses.save(guess_file)
        else:
            for file in (scene_file, guess_file):
                os.link(file.with_name(f"{names[k % DISTINCT]}.npz"), file)
    return names


def peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


class Clock:
    """Seconds since it was made, on the wall and of this process."""

    def __init__(self) -> None:
        self.wall, self.cpu = time.perf_counter(), time.process_time()

    def report(self, what: str) -> None:
        wall, cpu = time.perf_counter() - self.wall, time.process_time() - self.cpu
        print(f"{what}: {wall:.1f} s, {cpu:.1f} s of CPU, peak {peak_mb():.0f} MB", flush=True)


def figures(form: str, evaluation: Evaluation) -> str:
    ap = evaluation.ap
    return f"{form}: {ap.scenes} scenes, {ap.predictions} predictions, mAP {100 * ap.mean_ap:.2f}"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--scenes", type=int, default=312)
    parser.add_argument("--points", type=int, default=150_000)
    parser.add_argument("--predictions", type=int, default=100, help="a scene")
    parser.add_argument(
        "--text-scenes", type=int, default=12, help="of these also as a zip; it is much slower"
    )
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        names = write_scenes(folder, arguments.scenes, arguments.points, arguments.predictions)
        scenes, predictions = folder / "scenes", folder / "predictions"
        for some in (names[:DISTINCT], names):
            clock = Clock()
            clock.report(figures("npz", evaluate_run(some, scenes, predictions, SCANNET)))

        some, zipped = names[: arguments.text_scenes], folder / "submission.zip"
        submitted = ((name, Regions.load(predictions / f"{name}.npz")) for name in some)
        clock = Clock()
        write_submission(zipped, submitted, SCANNET)
        clock.report(f"zip of {len(some)} scenes written, {zipped.stat().st_size / 1e6:.1f} MB")
        clock = Clock()
        clock.report(figures("zip", evaluate_submission(some, scenes, zipped, SCANNET)))


if __name__ == "__main__":
    main()
