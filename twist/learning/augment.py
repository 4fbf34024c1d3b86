"""Random changes of a training scene: rotation, flip, scale, shear, jitter, elastic fields, colour, crop."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy import ndimage

from twist.geometry.voxels import voxelise
from twist.learning.samples import SceneSample
from twist.settings import AugmentationSettings


def augment(
    sample: SceneSample, settings: AugmentationSettings, voxel_size_m: float, rng: np.random.Generator
) -> SceneSample:
    """One random variant of a scene. Labels stay with their points; offsets are derived from them later.

    Elastic distortion decides which voxels the points fall into and leaves ``xyz`` alone: centres, offsets
    and proposals are those of the undistorted scene [PointGroup].
    """
    xyz, normal = transform(sample.xyz, sample.normal, random_matrix(settings, rng))
    if settings.jitter_m:
        xyz = xyz + rng.normal(0, settings.jitter_m, xyz.shape).astype(np.float32)
    deformed = xyz
    fields = zip(settings.elastic_granularity_m, settings.elastic_magnitude_m, strict=True)
    for granularity_m, magnitude_m in fields:
        deformed = elastic(deformed, granularity_m, magnitude_m, rng)
    rgb = recolour(sample.rgb, settings, rng)
    changed = replace(
        sample, xyz=xyz, normal=normal, rgb=rgb, deformed_xyz=None if deformed is xyz else deformed
    )
    return crop(changed, settings.voxels_max, voxel_size_m, rng)


def recolour(rgb: np.ndarray, settings: AugmentationSettings, rng: np.random.Generator) -> np.ndarray:
    """(N, 3) float32 colours, 0 = middle grey: contrast changed or lost, channels shifted, noise."""
    contrast = 1 + rng.uniform(-settings.colour_contrast, settings.colour_contrast)
    if rng.random() < settings.colour_drop:
        contrast = 0.0
    rgb = rgb * np.float32(contrast) + rng.normal(0, settings.colour_shift, 3).astype(np.float32)
    if settings.colour_jitter:
        rgb = rgb + rng.normal(0, settings.colour_jitter, rgb.shape).astype(np.float32)
    return rgb


def random_matrix(settings: AugmentationSettings, rng: np.random.Generator) -> np.ndarray:
    """(3, 3) float64: shear, flip, rotation about the vertical and scale, as the settings allow."""
    matrix = np.eye(3) + rng.normal(0, 1, (3, 3)) * settings.shear
    if rng.random() < settings.flip:
        matrix[:, 0] *= -1
    angle = rng.uniform(0, 2 * np.pi) if settings.rotate else 0.0
    cosine, sine = np.cos(angle), np.sin(angle)
    turn = np.array([[cosine, -sine, 0], [sine, cosine, 0], [0, 0, 1]])
    return turn @ matrix * (1 + rng.uniform(-settings.scale, settings.scale))


def transform(xyz: np.ndarray, normal: np.ndarray, matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Points (N, 3) through ``matrix``; normals through its inverse transpose, unit again (0 stays 0)."""
    turned = normal @ np.linalg.inv(matrix)  # rows: n @ M^-1 = (M^-T n)
    length = np.linalg.norm(turned, axis=1, keepdims=True)
    unit = np.divide(turned, length, out=np.zeros_like(turned), where=length > 0)
    return (xyz @ matrix.T).astype(np.float32), unit.astype(np.float32)


def elastic(
    xyz: np.ndarray, granularity_m: float, magnitude_m: float, rng: np.random.Generator
) -> np.ndarray:
    """Points (N, 3) moved by a smooth random field: noise of σ ``magnitude_m`` on nodes 2 ``granularity_m``
    apart, blurred twice by a box of three nodes, interpolated linearly [SparseConvNet, PointGroup]."""
    if magnitude_m == 0:
        return xyz
    low, spacing_m = xyz.min(axis=0), 2 * granularity_m
    nodes = np.ceil((xyz.max(axis=0) - low) / spacing_m).astype(int) + 3
    where = ((xyz - low) / spacing_m + 1).T
    moved = xyz.copy()
    for axis in range(3):
        noise = rng.normal(0, magnitude_m, nodes).astype(np.float32)
        for _ in range(2):
            for direction in range(3):
                noise = ndimage.uniform_filter1d(noise, 3, axis=direction, mode="constant")
        moved[:, axis] += ndimage.map_coordinates(noise, where, order=1, mode="nearest")
    return moved


def crop(sample: SceneSample, voxels_max: int, voxel_size_m: float, rng: np.random.Generator) -> SceneSample:
    """Keep the points around a random one that fill ``voxels_max`` voxels, for memory.

    The batch counts voxels from the corner of what is kept, and so may find some percent more.
    """
    if len(sample) <= voxels_max:  # it has no more voxels than points
        return sample
    voxels = voxelise(sample.gridded_xyz, voxel_size_m)
    if len(voxels) <= voxels_max:
        return sample
    centre = sample.xyz[rng.integers(len(sample)), :2]
    distance = np.linalg.norm(sample.xyz[voxels.first, :2] - centre, axis=1)
    kept_voxel = np.zeros(len(voxels), bool)
    kept_voxel[np.argsort(distance, kind="stable")[:voxels_max]] = True
    return sample.select(kept_voxel[voxels.voxel_of_point])
