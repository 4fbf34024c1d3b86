"""Augmentation: what each change keeps, and that a seed decides all of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.distance import pdist

from tests.synthetic import room_sample
from twist.geometry.voxels import voxelise
from twist.learning.augment import augment, crop, elastic, random_matrix, recolour, transform
from twist.learning.batches import make_batch
from twist.learning.samples import SceneSample
from twist.settings import AugmentationSettings, NetworkSettings

PLAIN = AugmentationSettings(
    rotate=False, flip=0.0, shear=0.0, elastic_granularity_m=(), elastic_magnitude_m=(), colour_shift=0.0
)


@pytest.fixture
def sample(tmp_path: Path) -> SceneSample:
    return room_sample(tmp_path, 400)


def arrays(sample: SceneSample) -> dict[str, np.ndarray]:
    return {key: value for key, value in vars(sample).items() if isinstance(value, np.ndarray)}


def test_without_any_change_a_scene_stays(sample: SceneSample) -> None:
    same = augment(sample, PLAIN, 0.1, np.random.default_rng(0))
    for key, value in arrays(sample).items():
        np.testing.assert_array_equal(getattr(same, key), value)
        assert getattr(same, key).dtype == value.dtype


def test_defaults_keep_dtypes_labels_and_order(sample: SceneSample) -> None:
    before = {key: value.copy() for key, value in arrays(sample).items()}
    changed = augment(
        sample, AugmentationSettings(jitter_m=0.01, colour_jitter=0.05), 0.1, np.random.default_rng(0)
    )
    for key, value in before.items():
        assert getattr(changed, key).dtype == value.dtype
        np.testing.assert_array_equal(getattr(sample, key), value, err_msg="the sample was changed in place")
        if key in ("semantic", "instance", "supervoxel", "weight", "supervoxel_features"):
            np.testing.assert_array_equal(getattr(changed, key), value)
        else:
            assert not np.array_equal(getattr(changed, key), value)


def test_a_seed_decides_everything(sample: SceneSample) -> None:
    first, second, other = (
        augment(sample, AugmentationSettings(), 0.1, np.random.default_rng(seed)) for seed in (5, 5, 6)
    )
    np.testing.assert_array_equal(first.xyz, second.xyz)
    np.testing.assert_array_equal(first.rgb, second.rgb)
    assert not np.array_equal(first.xyz, other.xyz)


@pytest.mark.parametrize("flip", [0.0, 1.0])
def test_rotation_and_flip_keep_distances_and_heights(sample: SceneSample, flip: float) -> None:
    turned = augment(sample, replace(PLAIN, rotate=True, flip=flip), 0.1, np.random.default_rng(1))
    assert not np.allclose(turned.xyz, sample.xyz)
    np.testing.assert_allclose(pdist(turned.xyz[::7]), pdist(sample.xyz[::7]), atol=1e-5)
    np.testing.assert_allclose(turned.xyz[:, 2], sample.xyz[:, 2], atol=1e-6)


def test_a_flip_mirrors_and_a_rotation_does_not() -> None:
    draws = [np.linalg.det(random_matrix(replace(PLAIN, rotate=True, flip=flip), np.random.default_rng(seed)))
             for flip in (0.0, 1.0) for seed in range(5)]  # fmt: skip
    np.testing.assert_allclose(draws, [1] * 5 + [-1] * 5)
    chance = [np.linalg.det(random_matrix(replace(PLAIN, flip=0.3), np.random.default_rng(seed))) < 0
              for seed in range(500)]  # fmt: skip
    assert 0.22 < np.mean(chance) < 0.38


def test_scale_stays_within_its_bound() -> None:
    factors = [random_matrix(replace(PLAIN, scale=0.2), np.random.default_rng(s))[0, 0] for s in range(200)]
    assert 0.8 <= min(factors) < 0.85
    assert 1.15 < max(factors) <= 1.2


@pytest.mark.parametrize("seed", range(5))
def test_normals_stay_perpendicular_to_a_sheared_plane(seed: int) -> None:
    rng = np.random.default_rng(seed)
    matrix = random_matrix(AugmentationSettings(shear=0.4, scale=0.3), rng)
    across, along = np.linalg.qr(rng.normal(size=(3, 3)))[0][:, :2].T
    normal = np.tile(np.cross(across, along), (20, 1)).astype(np.float32)
    normal[3] = 0
    plane = (rng.normal(size=(20, 2)) @ np.stack([across, along])).astype(np.float32)
    xyz, turned = transform(plane, normal, matrix)
    inside = xyz[1:] - xyz[0]
    np.testing.assert_allclose(inside @ turned[0], 0, atol=1e-5)
    length = np.linalg.norm(turned, axis=1)
    np.testing.assert_allclose(np.delete(length, 3), 1, rtol=1e-5)
    assert length[3] == 0
    np.testing.assert_allclose(xyz, plane @ matrix.T, rtol=1e-5, atol=1e-6)


def test_elastic_is_seeded_and_smooth() -> None:
    """Neighbours move together: within a hundredth of a cell by far less than across cells."""
    rng = np.random.default_rng(0)
    xyz = rng.uniform(0, 3, (500, 3)).astype(np.float32)
    near = xyz + np.float32(0.004)
    both = np.concatenate([xyz, near])
    moved = elastic(both, 0.4, 1.0, np.random.default_rng(4)) - both
    again = elastic(both, 0.4, 1.0, np.random.default_rng(4)) - both
    np.testing.assert_array_equal(moved, again)
    spread = moved.std()
    assert spread > 0.05
    assert np.abs(moved[:500] - moved[500:]).max() < 0.1 * spread
    assert moved.dtype == np.float32


def test_elastic_nodes_lie_two_granularities_apart() -> None:
    """Between two nodes displacements are linear; they turn at nodes, where second differences are not 0."""
    x = np.arange(0, 4.0, 0.05)
    line = np.stack([x, np.zeros_like(x), np.zeros_like(x)], axis=1).astype(np.float32)
    moved = (elastic(line, 0.25, 1.0, np.random.default_rng(0)) - line)[:, 1].astype(np.float64)
    turn = np.abs(np.diff(moved, 2))
    turns = x[1:-1][turn > 1e-4]
    np.testing.assert_allclose(turns % 0.5, 0, atol=1e-6)
    assert len(turns) >= 6


def test_elastic_distortion_decides_the_voxels_alone(sample: SceneSample) -> None:
    """What is learned and grouped stays where the undistorted scene has it; only grid coordinates differ."""
    network = NetworkSettings(voxel_size_m=0.1)
    bent = replace(PLAIN, elastic_granularity_m=(0.4,), elastic_magnitude_m=(3.2,))
    plain, distorted = (augment(sample, s, 0.1, np.random.default_rng(0)) for s in (PLAIN, bent))
    np.testing.assert_array_equal(distorted.xyz, plain.xyz)
    assert np.abs(distorted.gridded_xyz - plain.xyz).max() > 0.1
    of_plain, of_distorted = make_batch([plain], network), make_batch([distorted], network)
    for key in ("xyz", "centre", "instance"):
        np.testing.assert_array_equal(getattr(of_distorted, key), getattr(of_plain, key))
    expected = voxelise(distorted.gridded_xyz, 0.1)
    np.testing.assert_array_equal(of_distorted.indices[:, 1:], expected.coordinates)
    of_voxel = expected.voxel_of_point == 3
    np.testing.assert_allclose(of_distorted.position[3], plain.xyz[of_voxel].mean(axis=0), atol=1e-5)


def test_elastic_moves_in_proportion_and_not_at_all_at_zero() -> None:
    xyz = np.random.default_rng(0).uniform(0, 3, (100, 3)).astype(np.float32)
    assert elastic(xyz, 0.4, 0.0, np.random.default_rng(0)) is xyz
    small = elastic(xyz, 0.4, 0.1, np.random.default_rng(0)) - xyz
    large = elastic(xyz, 0.4, 1.0, np.random.default_rng(0)) - xyz
    np.testing.assert_allclose(10 * small, large, atol=1e-5)


def test_elastic_of_one_point() -> None:
    assert np.isfinite(elastic(np.zeros((1, 3), np.float32), 0.4, 1.0, np.random.default_rng(0))).all()


def test_colour_shift_is_one_for_all_points(sample: SceneSample) -> None:
    shifted = (
        augment(sample, replace(PLAIN, colour_shift=0.3), 0.1, np.random.default_rng(0)).rgb - sample.rgb
    )
    assert np.ptp(shifted, axis=0).max() < 1e-6
    assert np.abs(shifted[0]).min() > 0


def test_jitter_has_its_size(sample: SceneSample) -> None:
    jittered = augment(sample, replace(PLAIN, jitter_m=0.02), 0.1, np.random.default_rng(0))
    assert np.std(jittered.xyz - sample.xyz) == pytest.approx(0.02, rel=0.1)


def test_crop_keeps_the_nearest_voxels_whole(sample: SceneSample) -> None:
    voxels = voxelise(sample.xyz, 0.2)
    assert len(voxels) > 60
    small = crop(sample, 60, 0.2, np.random.default_rng(3))
    kept = {tuple(row) for row in np.concatenate([small.xyz, small.rgb], axis=1).tolist()}
    inside = np.array(
        [tuple(row) in kept for row in np.concatenate([sample.xyz, sample.rgb], axis=1).tolist()]
    )
    assert inside.sum() == len(small)
    of_kept = np.unique(voxels.voxel_of_point[inside])
    assert len(of_kept) == 60
    assert np.isin(voxels.voxel_of_point, of_kept)[~inside].sum() == 0
    for key, value in arrays(sample).items():
        np.testing.assert_array_equal(getattr(small, key), value[inside])
    centre = sample.xyz[np.random.default_rng(3).integers(len(sample)), :2]
    distance = np.linalg.norm(sample.xyz[voxels.first, :2] - centre, axis=1)
    assert distance[of_kept].max() <= np.delete(distance, of_kept).min()


def test_a_small_scene_is_not_cropped(sample: SceneSample) -> None:
    assert crop(sample, len(voxelise(sample.xyz, 0.2)), 0.2, np.random.default_rng(0)) is sample


def test_colours_change_in_contrast_as_a_whole(sample: SceneSample) -> None:
    settings = AugmentationSettings(colour_contrast=0.5, colour_shift=0.0)
    contrast = recolour(sample.rgb, settings, np.random.default_rng(4)) / sample.rgb
    np.testing.assert_allclose(contrast[np.isfinite(contrast)], contrast[0, 0], rtol=1e-4)
    assert 0.5 <= contrast[0, 0] <= 1.5
    assert contrast[0, 0] != 1


def test_a_shift_moves_each_channel_alone(sample: SceneSample) -> None:
    settings = AugmentationSettings(colour_shift=0.2)
    moved = recolour(sample.rgb, settings, np.random.default_rng(4)) - sample.rgb
    np.testing.assert_allclose(moved, np.tile(moved[0], (len(sample), 1)), atol=1e-6)
    assert len(np.unique(moved[0])) == 3


def test_colours_are_dropped_as_often_as_said(sample: SceneSample) -> None:
    settings = AugmentationSettings(colour_drop=0.3, colour_shift=0.0)
    rng = np.random.default_rng(0)
    gone = [not recolour(sample.rgb, settings, rng).any() for _ in range(300)]
    assert 0.2 < np.mean(gone) < 0.4


def test_colours_stay_unless_told(sample: SceneSample) -> None:
    same = recolour(sample.rgb, AugmentationSettings(colour_shift=0.0), np.random.default_rng(0))
    np.testing.assert_array_equal(same, sample.rgb)
    assert same.dtype == np.float32
