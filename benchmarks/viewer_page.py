"""Size of the 3D page of ten scans of 100 000 points: python -m benchmarks.viewer_page --out page.html

Each scan is a room of 5 by 4 m as one sheet with 30 boxes pressed out of it, 4 mm of noise and a colour a
box, with annotation, predictions, the labels of two rounds, and supervoxels of its own mesh.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np

from twist.classes import SCANNET
from twist.geometry.supervoxels import segment_mesh
from twist.regions import Regions
from twist.scene import Scene
from twist.showing.viewer import Labelling, ViewedScene, write_viewer

SIDE = np.array([400, 250])  # points
BOXES = 30


def room(seed: int) -> Scene:
    rng = np.random.default_rng(seed)
    row, column = (grid.ravel() for grid in np.indices(SIDE))
    xyz = np.column_stack([row, column, np.zeros_like(row)]) * [5 / SIDE[0], 4 / SIDE[1], 0]
    instance = np.full(len(xyz), -1, np.int32)
    for box, (x, y) in enumerate(rng.uniform((0.3, 0.3), (4.5, 3.5), (BOXES, 2))):
        instance[(np.abs(xyz[:, :2] - (x, y)) < rng.uniform(0.15, 0.4, 2)).all(axis=1)] = box
    colour, height = rng.integers(40, 220, (BOXES + 1, 3)), rng.uniform(0.3, 1.5, BOXES + 1)
    xyz[:, 2] = np.where(instance >= 0, height[instance], 0)
    corner = (np.arange(SIDE[0] - 1)[:, None] * SIDE[1] + np.arange(SIDE[1] - 1)).ravel()
    right, below = corner + 1, corner + SIDE[1]
    faces = np.concatenate([np.stack([corner, below, right], 1), np.stack([right, below, below + 1], 1)])
    thing = SCANNET.things[np.arange(BOXES + 1) % len(SCANNET.things)]
    return Scene(
        f"room{seed}",
        (xyz + rng.normal(0, 0.004, xyz.shape)).astype(np.float32),
        np.clip(colour[instance] + rng.normal(0, 6, xyz.shape), 0, 255).astype(np.uint8),
        faces.astype(np.int32),
        np.where(instance >= 0, thing[instance], 1).astype(np.int32),
        instance,
    )


def viewed(scene: Scene) -> ViewedScene:
    found = Regions.from_ids(scene.instance, label=scene.semantic)
    found = found.with_labels(found.label, np.linspace(0.95, 0.1, len(found)))
    names = ("Predictions", "Pseudo-labels, round 1", "Pseudo-labels, round 2")
    labellings = [Labelling(name, found) for name in names]
    return ViewedScene(scene, "scored scan", labellings, segment_mesh(scene.xyz, scene.faces))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True)
    out = parser.parse_args().out
    scans = [viewed(room(seed)) for seed in range(10)]
    start = time.process_time()
    write_viewer(out, scans, title="ten rooms")
    points, faces = len(scans[0].scene), len(scans[0].scene.faces)
    seconds = time.process_time() - start
    print(f"{points} points, {faces} faces a scan: {out.stat().st_size / 1e6:.1f} MB, {seconds:.1f} CPU s")


if __name__ == "__main__":
    main()
