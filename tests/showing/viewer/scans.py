"""A small scan with three boxes that do not hide each other, and what a model may say of it."""

from __future__ import annotations

import numpy as np

from twist.classes import SCANNET
from twist.regions import Regions
from twist.scene import Scene
from twist.showing.viewer import Labelling, ViewedScene

FLOOR, BED, CHAIR, TABLE = (SCANNET.names.index(name) for name in ("floor", "bed", "chair", "table"))
POINTS = 400  # of each box


def three_boxes(name: str = "boxes", *, faces: bool = False, labelled: bool = True) -> Scene:
    """A floor of 6 m × 3 m, and on it a bed, a table and a chair: squares of 1 m at heights of their own."""
    side = np.linspace(0, 1, 20)
    square = np.stack(np.meshgrid(side, side, indexing="ij"), axis=-1).reshape(-1, 2)
    grid = np.arange(19)[:, None] * 20 + np.arange(19)
    corner = grid.ravel()
    plate = np.concatenate([
        np.column_stack([corner, corner + 20, corner + 1]),
        np.column_stack([corner + 1, corner + 20, corner + 21]),
    ])  # fmt: skip
    xyz = [np.column_stack([square * [6, 3] - [3, 1.5], np.zeros(POINTS)])]
    for k, height in enumerate((0.3, 0.5, 0.4)):
        xyz.append(np.column_stack([square + np.array([2 * k - 2.5, -0.5]), np.full(POINTS, height)]))
    semantic = np.repeat([FLOOR, BED, TABLE, CHAIR], POINTS)
    instance = np.repeat([-1, 4, 7, 9], POINTS)
    colours = np.repeat([[150, 150, 150], [200, 60, 40], [40, 160, 90], [50, 80, 220]], POINTS, axis=0)
    if not labelled:
        semantic, instance = np.full_like(semantic, -1), np.full_like(instance, -1)
    every = np.concatenate([plate + POINTS * k for k in range(4)])
    return Scene(
        name,
        np.concatenate(xyz).astype(np.float32),
        colours.astype(np.uint8),
        (every if faces else every[:0]).astype(np.int32),
        semantic.astype(np.int32),
        instance.astype(np.int32),
        labelled=labelled,
    )


def predictions(size: int = 4 * POINTS) -> Regions:
    """The bed found, a chair where the table is, and the right chair missed."""
    ids = np.full(size, -1)
    ids[POINTS : 2 * POINTS], ids[2 * POINTS : 3 * POINTS] = 0, 1
    return Regions.from_ids(ids).with_labels(np.array([BED, CHAIR]), np.array([0.9, 0.4]))


def viewed(**options: bool) -> ViewedScene:
    scene = three_boxes(**options)
    pieces = np.arange(len(scene)) // 100
    return ViewedScene(scene, "scored scan", [Labelling("Predictions", predictions())], pieces)
