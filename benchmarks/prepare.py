"""CPU seconds of preparing one scan of 150 000 vertices, beyond start-up: python benchmarks/prepare.py

The scan is a folded sheet in ScanNet's raw layout with 60 objects. Prints the median of repeated runs.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from twist.classes import SCANNET
from twist.formats.scannet_labels import LABEL_MAP
from twist.formats.scannet_write import write_scannet_scan
from twist.inspection.scans import inspector
from twist.preparation import prepare_scenes, supervoxels_for_scenes
from twist.scene import Scene
from twist.settings import Settings, SupervoxelSettings

NAME = "scene0000_00"


def folded_sheet(vertices: int) -> tuple[Scene, np.ndarray]:
    """A square sheet of noisy height, 2 cm between vertices, cut into 60 objects of 25 segments each."""
    side = int(np.sqrt(vertices))
    row, column = np.divmod(np.arange(side * side), side)
    height = 0.3 * np.abs(np.sin(column / 20)) + np.random.default_rng(0).normal(0, 0.002, side * side)
    xyz = np.column_stack([0.02 * column, 0.02 * row, height]).astype(np.float32)
    corner = np.arange(side * side).reshape(side, side)[:-1, :-1].ravel()
    upper = np.column_stack([corner, corner + 1, corner + side])
    lower = np.column_stack([corner + 1, corner + side + 1, corner + side])
    segment = (row * 30 // side) * 50 + column * 50 // side
    instance = (segment // 25).astype(np.int32)
    scene = Scene(
        NAME,
        xyz,
        np.random.default_rng(1).integers(0, 256, xyz.shape, np.uint8),
        np.concatenate([upper, lower]).astype(np.int32),
        np.full(len(xyz), SCANNET.names.index("chair"), np.int32),
        instance,
    )
    return scene, segment


def cpu_seconds(work: Callable[[], object], repeats: int) -> float:
    """Median CPU seconds of this process; the first run, which compiles and warms caches, is left out."""
    work()
    times = []
    for _ in range(repeats):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return statistics.median(times)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--vertices", type=int, default=150_000)
    parser.add_argument("--repeats", type=int, default=5)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        raw = Path(folder)
        scene, segment = folded_sheet(arguments.vertices)
        objects = ("chair",) * int(scene.instance.max() + 1)
        write_scannet_scan(raw / "scans" / NAME, scene, segment, objects, "Office")
        (raw / LABEL_MAP).write_text("raw_category\tnyu40id\nchair\t5\n")
        folders = {NAME: raw / "scans" / NAME}
        scenes = {NAME: raw / "out" / f"{NAME}.npz"}
        release = {NAME: raw / "scans" / NAME / f"{NAME}_vh_clean_2.0.010000.segs.json"}
        look = inspector(Settings(), raw, {"chair": 5}, quick=False)

        def prepared() -> object:
            return prepare_scenes(folders, "scannet", None, raw / "out", force=True)

        def supervoxels(source: str) -> object:
            settings = SupervoxelSettings(source=source)
            return supervoxels_for_scenes(scenes, release, SCANNET, raw / "supervoxels", settings, force=True)

        steps = {
            "check, without density": lambda: look((NAME, False)),
            "check, with density": lambda: look((NAME, True)),
            "prepare": prepared,
            "supervoxels of the release": lambda: supervoxels("release"),
            "supervoxels computed": lambda: supervoxels("computed"),
        }
        print(f"{len(scene)} vertices, {len(scene.faces)} faces; CPU seconds, median of {arguments.repeats}")
        for what, work in steps.items():
            print(f"{cpu_seconds(work, arguments.repeats):8.3f}  {what}")


if __name__ == "__main__":
    main()
