"""A small furnished room as prepared scan, sample and settings, made without the generator of rooms."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from twist.classes import SCANNET
from twist.files import write_npz
from twist.learning.samples import SceneSample, load_sample
from twist.scene import Scene
from twist.settings import Settings

FLOOR, BED, CHAIR, TABLE = (SCANNET.names.index(name) for name in ("floor", "bed", "chair", "table"))

#: Two levels, a few thousand weights: a step takes milliseconds.
TINY: dict[str, dict[str, Any]] = {
    "network": {
        "voxel_size_m": 0.15,
        "features": ["rgb", "normal", "height", "supervoxel"],
        "stem_channels": 4,
        "encoder_channels": [6, 8],
        "encoder_blocks": [1, 1],
        "decoder_channels": [6, 4],
        "decoder_blocks": [1, 1],
        "recorrection_channels": [4, 6],
        "recorrection_grid": 4,
    },
    "augmentation": {"elastic_granularity_m": [0.4], "elastic_magnitude_m": [0.1]},
    "training": {"workers": 0, "ema_decay": 0.9, "log_every": 4},
    "proposals": {"radius_m": 0.15, "radius_shifted_m": 0.1, "min_points": 5},
}


def tiny_settings(**sections: dict[str, Any]) -> Settings:
    """Defaults overlaid by ``TINY`` and by sections."""
    return Settings.from_layers({"TINY": TINY, "test": sections})


def room(name: str = "room0", points: int = 500, seed: int = 0) -> tuple[Scene, dict[str, np.ndarray]]:
    """A floor with a bed, a table and two chairs in other places for each seed; its supervoxels and normals.

    Each piece of furniture is the upper side of a box and one supervoxel; the floor is four.
    """
    rng = np.random.default_rng([seed, 99])
    boxes = [(BED, 1.6, 0.5), (TABLE, 1.0, 0.8), (CHAIR, 0.4, 0.45), (CHAIR, 0.4, 0.45)]
    places = rng.permutation([(0.2, 0.2), (2.2, 0.3), (0.3, 2.3), (2.4, 2.2)])
    share = points // (len(boxes) + 2)
    count = points - share * len(boxes)
    floor = np.column_stack([rng.uniform(0, 4, (count, 2)), rng.normal(0, 0.005, count)])
    xyz, semantic = [floor], [np.full(count, FLOOR)]
    instance = [np.full(count, -1)]
    supervoxel = [(floor[:, 0] > 2) + 2 * (floor[:, 1] > 2)]
    for k, ((label, side, height), place) in enumerate(zip(boxes, places, strict=True)):
        flat = rng.uniform(0, side, (share, 2)) + place
        xyz.append(np.column_stack([flat, np.full(share, height)]))
        semantic.append(np.full(share, label))
        instance.append(np.full(share, 10 + k))
        supervoxel.append(np.full(share, 4 + k))
    labels = np.concatenate(semantic).astype(np.int32)
    scene = Scene(
        name=name,
        xyz=np.concatenate(xyz).astype(np.float32),
        rgb=np.clip(labels[:, None] * 10 + rng.integers(0, 40, (points, 3)), 0, 255).astype(np.uint8),
        faces=np.zeros((0, 3), np.int32),
        semantic=labels,
        instance=np.concatenate(instance).astype(np.int32),
    )
    up = np.tile(np.array([0, 0, 1], np.float32), (points, 1))
    return scene, {"supervoxel": np.concatenate(supervoxel).astype(np.int32), "normal": up}


def write_rooms(folder: Path, names: tuple[str, ...], points: int = 500) -> None:
    """Prepared rooms as ``folder/scenes`` and ``folder/supervoxels``, another room for each name."""
    for seed, name in enumerate(names):
        scene, supervoxels = room(name, points, seed)
        scene.save(folder / "scenes" / f"{name}.npz")
        write_npz(folder / "supervoxels" / f"{name}.npz", supervoxels)


def room_sample(folder: Path, points: int = 500, seed: int = 0, **changes: Any) -> SceneSample:
    """One room as a sample, by way of files in ``folder``."""
    scene, supervoxels = room("room0", points, seed)
    scene.save(folder / "room0.npz")
    write_npz(folder / "supervoxels.npz", supervoxels)
    return replace(load_sample(folder / "room0.npz", folder / "supervoxels.npz", SCANNET), **changes)
