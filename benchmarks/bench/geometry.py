"""Cases of geometry: supervoxels, voxels, augmentation, clustering."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
from scipy import ndimage, sparse
from scipy.interpolate import RegularGridInterpolator
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from benchmarks.bench.case import Case, Task
from benchmarks.bench.inputs import folded_sheet, objects_apart, sheet_sample
from twist.geometry.components import radius_components
from twist.geometry.voxels import Voxels, voxelise
from twist.learning.augment import augment
from twist.learning.samples import SceneSample
from twist.sections import AugmentationSettings

RADIUS_M = 0.03
VOXEL_M = 0.02


def same_arrays(ours: tuple[np.ndarray, ...], reference: tuple[np.ndarray, ...]) -> None:
    """Both results hold the same numbers, bit for bit."""
    for mine, other in zip(ours, reference, strict=True):
        np.testing.assert_array_equal(mine, other)


def voxel_task(points: int, _: Path) -> Task:
    xyz = folded_sheet(points)[0].xyz

    def ours() -> tuple[np.ndarray, ...]:
        voxels: Voxels = voxelise(xyz, VOXEL_M)
        return voxels.coordinates, voxels.first, voxels.voxel_of_point, voxels.counts

    def reference() -> tuple[np.ndarray, ...]:
        cells = np.floor((xyz.astype(np.float64) - xyz.min(axis=0).astype(np.float64)) / VOXEL_M)
        return np.unique(
            cells.astype(np.int64), axis=0, return_index=True, return_inverse=True, return_counts=True
        )

    return Task(ours, reference, same_arrays, len(xyz))


def cluster_task(points: int, _: Path, collapse: float) -> Task:
    xyz, label = objects_apart(points, collapse)

    def reference() -> np.ndarray:
        apart = np.column_stack([xyz.astype(np.float64), label * (2 * RADIUS_M)])
        pairs = cKDTree(apart).query_pairs(RADIUS_M, output_type="ndarray")
        links = sparse.coo_array((np.ones(len(pairs), bool), pairs.T), (len(xyz), len(xyz)))
        return connected_components(links, directed=False)[1]

    return Task(lambda: radius_components(xyz, RADIUS_M, label), reference, same_partition, len(xyz))


def same_partition(ours: np.ndarray, reference: np.ndarray) -> None:
    """Ids pair up one to one."""
    pairs = np.unique(np.stack([ours, reference]), axis=1)
    assert pairs.shape[1] == len(np.unique(ours)) == len(np.unique(reference)), "another partition"


def augment_task(points: int, _: Path) -> Task:
    settings = AugmentationSettings(voxels_max=points // 4)
    sample = sheet_sample(points)
    sample = replace(sample, instance=np.arange(len(sample)))  # tells which points the crop keeps

    def run(change: object, one: SceneSample) -> tuple[np.ndarray, ...]:
        changed = change(one, settings, VOXEL_M, np.random.default_rng(0))
        return changed.instance, changed.xyz, changed.normal, changed.rgb, changed.gridded_xyz

    def check(ours: tuple[np.ndarray, ...], reference: tuple[np.ndarray, ...]) -> None:
        """The same points, but for a few on a voxel's face, which rounding puts in or out of the crop."""
        both, mine_at, other_at = np.intersect1d(ours[0], reference[0], return_indices=True)
        assert len(both) >= 0.9999 * max(len(ours[0]), len(reference[0]))
        for mine, other in zip(ours[1:], reference[1:], strict=True):
            np.testing.assert_allclose(mine[mine_at], other[other_at], rtol=0, atol=2e-5)

    return Task(partial(run, augment, sample), partial(run, augment_plainly, sample), check, len(sample))


def augment_plainly(
    sample: SceneSample, settings: AugmentationSettings, voxel_m: float, rng: np.random.Generator
) -> SceneSample:
    """The same changes and draws with SciPy's interpolator and convolution, and rows made unique."""
    matrix = np.eye(3) + rng.normal(0, 1, (3, 3)) * settings.shear
    if rng.random() < settings.flip:
        matrix[:, 0] *= -1
    angle = rng.uniform(0, 2 * np.pi) if settings.rotate else 0.0
    turn = np.array([[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1]])
    matrix = turn @ matrix * (1 + rng.uniform(-settings.scale, settings.scale))
    xyz = (sample.xyz @ matrix.T).astype(np.float32)
    normal = sample.normal @ np.linalg.inv(matrix)
    normal = normal / np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-30)
    if settings.jitter_m:
        xyz = xyz + rng.normal(0, settings.jitter_m, xyz.shape)
    deformed = xyz
    for granularity_m, magnitude_m in zip(
        settings.elastic_granularity_m, settings.elastic_magnitude_m, strict=True
    ):
        deformed = _elastic(deformed, granularity_m, magnitude_m, rng)
    contrast = 1 + rng.uniform(-settings.colour_contrast, settings.colour_contrast)
    if rng.random() < settings.colour_drop:
        contrast = 0.0
    rgb = sample.rgb * contrast + rng.normal(0, settings.colour_shift, 3)
    if settings.colour_jitter:
        rgb = rgb + rng.normal(0, settings.colour_jitter, rgb.shape)
    new = {"xyz": xyz.astype(np.float32), "normal": normal, "rgb": rgb, "deformed_xyz": deformed}
    changed = SceneSample(**vars(sample) | new)
    low = deformed.min(axis=0).astype(np.float64)
    cells = np.floor((deformed.astype(np.float64) - low) / voxel_m).astype(np.int64)
    _, first, voxel = np.unique(cells, axis=0, return_index=True, return_inverse=True)
    if len(first) <= settings.voxels_max:
        return changed
    centre = changed.xyz[rng.integers(len(changed)), :2]
    distance = np.linalg.norm(changed.xyz[first, :2] - centre, axis=1)
    nearest = np.argsort(distance, kind="stable")[: settings.voxels_max]
    return changed.select(np.isin(voxel, nearest))


def _elastic(
    xyz: np.ndarray, granularity_m: float, magnitude_m: float, rng: np.random.Generator
) -> np.ndarray:
    """Three convolutions with a box, twice, and an interpolator for each axis, as PointGroup writes it."""
    low, spacing_m = xyz.min(axis=0), 2 * granularity_m
    nodes = np.ceil((xyz.max(axis=0) - low) / spacing_m).astype(int) + 3
    grid = [low[k] + spacing_m * (np.arange(nodes[k]) - 1) for k in range(3)]
    moved = xyz.copy()
    for axis in range(3):
        noise = rng.normal(0, magnitude_m, nodes).astype(np.float32)
        for direction in [0, 1, 2] * 2:
            box = np.full(np.where(np.arange(3) == direction, 3, 1), 1 / 3, np.float32)
            noise = ndimage.convolve(noise, box, mode="constant")
        moved[:, axis] += RegularGridInterpolator(grid, noise, bounds_error=False, fill_value=0)(xyz)
    return moved


_PAIRS = "cKDTree's pairs, csgraph's connected components"
CASES = [
    Case(
        "voxelisation, 2 cm", "points", "`np.unique` of rows", "bit for bit", (33_000, 132_000, 500_000),
        voxel_task,
    ),
    Case(
        "augmentation", "points", "SciPy's interpolator and convolution, `np.unique` of rows",
        "to 0.02 mm, but for 0.01 % of the points at the crop",
        (33_000, 132_000, 500_000), augment_task,
    ),
    *(
        Case(
            f"clustering, {what}", "points", _PAIRS, "the same partition", (10_000, 42_000, 160_000),
            partial(cluster_task, collapse=collapse),
        )
        for what, collapse in (
            ("original coordinates", 0.0), ("shifted, spread", 0.5), ("shifted, collapsed", 0.85)
        )
    ),
]  # fmt: skip
