"""Inputs that every run makes anew, the same ones each time."""

from __future__ import annotations

from functools import cache

import numpy as np

from twist.classes import SCANNET
from twist.geometry.supervoxels import segment_mesh
from twist.learning.samples import SceneSample, make_sample
from twist.regions import Regions
from twist.rooms.generate import ScanQuality, make_scene
from twist.rooms.plan import plan_benchmark
from twist.scene import Scene

CHAIR = SCANNET.names.index("chair")
#: Points of an object in ``objects_apart``, and the distance between them on its surface.
_OF_OBJECT, _SPACING_M = 700, 0.024


@cache
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
    scene = Scene(
        name="scene0000_00",
        xyz=xyz,
        rgb=np.random.default_rng(1).integers(0, 256, xyz.shape, np.uint8),
        faces=np.concatenate([upper, lower]).astype(np.int32),
        semantic=np.full(len(xyz), CHAIR, np.int32),
        instance=(segment // 25).astype(np.int32),
    )
    return scene, segment


def sheet_sample(vertices: int) -> SceneSample:
    """The sheet as a training scene."""
    scene, _ = folded_sheet(vertices)
    return make_sample(scene, {"supervoxel": segment_mesh(scene.xyz, scene.faces)}, SCANNET)


@cache
def room_samples(count: int) -> tuple[SceneSample, ...]:
    """Scans of the generated benchmark, of up to 30 000 vertices each, as training scenes."""
    scans = [make_scene(plan, ScanQuality()) for plan in plan_benchmark(count, 0, seed=0)]
    return tuple(make_sample(scan.scene, {"supervoxel": scan.segments}, SCANNET) for scan in scans)


def objects_apart(points: int, collapse: float) -> tuple[np.ndarray, np.ndarray]:
    """Points of objects' surfaces (N, 3) float32 and their classes (N,), moved to their centres by a share.

    A collapse of 0 is the scan itself, where a point has 5 others within 3 cm; 0.85 (some 200 others) is what
    a trained offset makes of it. Objects are as many as the points need, on a floor that grows with them.
    """
    rng = np.random.default_rng(0)
    objects, side = points // _OF_OBJECT, np.sqrt(_OF_OBJECT) * _SPACING_M
    corner = np.column_stack([rng.uniform(0, np.sqrt(2 * objects), (objects, 2)), np.zeros(objects)])
    owner = np.repeat(np.arange(objects), _OF_OBJECT)
    flat = np.column_stack([rng.uniform(0, side, (len(owner), 2)), rng.normal(0, 0.003, len(owner))])
    centre = np.array([side / 2, side / 2, 0])
    return (corner[owner] + flat + collapse * (centre - flat)).astype(np.float32), owner % len(SCANNET)


def random_predictions(points: int, predictions: int, seed: int) -> tuple[np.ndarray, np.ndarray, Regions]:
    """Classes and ids of 40 contiguous instances, and predictions: instances moved by up to a tenth."""
    rng, instances = np.random.default_rng(seed), 40
    cuts = np.sort(rng.choice(np.arange(1, points), instances - 1, replace=False))
    starts, ends = np.append(0, cuts), np.append(cuts, points)
    instance = np.repeat(np.arange(instances, dtype=np.int32), ends - starts)
    label = rng.integers(-1, len(SCANNET), instances)
    chosen = rng.integers(0, instances, predictions)
    lengths = ends[chosen] - starts[chosen]
    first = starts[chosen] + (rng.uniform(-0.1, 0.1, predictions) * lengths).astype(int)
    index = [np.arange(max(a, 0), min(a + n, points)) for a, n in zip(first, lengths, strict=True)]
    guesses = Regions(
        index=np.concatenate(index).astype(np.int32),
        offsets=np.cumsum([0, *map(len, index)]).astype(np.int64),
        label=np.maximum(label[chosen], 2).astype(np.int32),
        score=rng.random(predictions, np.float32),
        size_of_scene=points,
    )
    return label[instance].astype(np.int32), instance, guesses
