"""Pairs of views as the network gets them: matches, augmentation, no labels, the same ones after a resume."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from tests.pretraining.trainings import CPU, SCANS, sequence_of, settings_of
from twist.classes import SCANNET
from twist.errors import TwistError
from twist.learning.samples import SampleCache, describe_supervoxels
from twist.pretraining.batches import augmented_view, distinct_rows, one_a_voxel, thinned_out
from twist.scene import Scene
from twist.views.pairs import Views

#: Nothing is changed, so a voxel of a view lies where its points lie in the scan.
UNCHANGED = {
    "pretraining": {
        "point_drop": 0.0, "scale": 0.0, "lift_m": 0.0,
        "colour_shift": 0.0, "colour_contrast": 0.0, "colour_drop": 0.0, "colour_jitter": 0.0,
    },
    "augmentation": {
        "rotate": False, "flip": 0.0, "shear": 0.0, "colour_shift": 0.0,
        "elastic_granularity_m": [], "elastic_magnitude_m": [],
    },
}  # fmt: skip


def test_matched_voxels_lie_at_one_place_of_the_scan(data: Path) -> None:
    settings = settings_of(**UNCHANGED)
    batch = sequence_of(data, settings).batch(0)
    assert len(batch.rows) > 20
    first, second = (batch.views.position[batch.rows[:, side]] for side in (0, 1))
    diagonal = settings.network.voxel_size_m * 3**0.5
    radius = 1.5 * settings.network.voxel_size_m
    assert ((first - second).norm(dim=1) <= radius + 2 * diagonal).all()
    assert ((first - batch.xyz).norm(dim=1) <= diagonal).all()


def test_matches_join_the_two_views_of_their_pair(data: Path) -> None:
    batch = sequence_of(data, settings_of()).batch(1)
    assert len(batch.views) == 4
    assert batch.names[0] == batch.names[1]
    assert batch.names[2] == batch.names[3]
    for side in (0, 1):
        scene = batch.indices[batch.rows[:, side], 0]
        np.testing.assert_array_equal(scene, 2 * batch.pair + side)
        assert len(torch.unique(batch.rows[:, side])) == len(batch.rows)
    assert (batch.pair.diff() >= 0).all()
    assert len(batch.rows) <= 100
    assert (torch.bincount(batch.pair) <= 50).all()


def test_csc_takes_as_many_matches_of_each_pair_however_many_there_are(data: Path) -> None:
    few = {"matches_per_pair": 10}
    for pairs in (2, 3):
        batch = sequence_of(data, settings_of("csc", pretraining=few | {"pairs_per_step": pairs})).batch(0)
        assert batch.sizes == (10,) * pairs
        assert torch.bincount(batch.pair).tolist() == [10] * pairs
    assert len(sequence_of(data, settings_of("pc", pretraining=few)).batch(0).rows) > 20


def test_batches_are_a_function_of_the_step_with_any_number_of_workers(data: Path) -> None:
    settings = settings_of()
    plain = [sequence_of(data, settings).batch(step) for step in range(4)]
    for workers, steps in ((0, range(2, 4)), (2, range(4))):
        loaded = list(sequence_of(data, settings, steps).loader(workers, CPU))
        for step, batch in zip(steps, loaded, strict=True):
            for key in ("rows", "xyz", "features", "indices"):
                assert torch.equal(getattr(batch, key), getattr(plain[step], key)), (step, key)


def test_every_scan_is_seen_before_one_is_seen_again(data: Path) -> None:
    sequence = sequence_of(data, settings_of(pretraining={"pairs_per_step": 3}))
    assert {name for name in sequence.batch(0).names} == set(SCANS)


def test_labels_do_not_reach_the_network(data: Path) -> None:
    views = sequence_of(data, settings_of()).batch(0).views
    assert (views.semantic == -1).all()
    assert (views.instance == -1).all()
    assert not any(views.annotated_scenes)


def test_a_view_is_described_by_what_it_shows(data: Path) -> None:
    """The whole supervoxel's description would be equal in both views."""
    sample = SampleCache(data / "scenes", data / "supervoxels", SCANNET, 1.0).get("room0")
    points = np.flatnonzero(sample.xyz[:, 0] > 0.3)
    view = augmented_view(sample, points, settings_of(**UNCHANGED), np.random.default_rng(0))
    part = sample.select(points)
    np.testing.assert_array_equal(
        view.supervoxel_features, describe_supervoxels(part.xyz, part.rgb, part.normal, part.supervoxel)
    )
    assert not np.array_equal(view.supervoxel_features, part.supervoxel_features)


def test_the_two_views_of_a_pair_are_changed_apart(data: Path) -> None:
    sample = SampleCache(data / "scenes", data / "supervoxels", SCANNET, 1.0).get("room0")
    rng, points = np.random.default_rng(0), np.arange(100)
    one, other = (augmented_view(sample, points, settings_of(), rng) for _ in range(2))
    assert len(one) == len(other) == 100
    assert not np.allclose(one.xyz, other.xyz, atol=0.05)
    assert abs((one.xyz[:, 2] - other.xyz[:, 2]).mean()) > 1e-3
    assert not np.allclose(one.rgb, other.rgb, atol=0.05)
    assert one.deformed_xyz is None, (
        "matches are found before the change, so nothing may bend the views apart"
    )


def test_points_are_left_out_at_random_but_never_all() -> None:
    rng, points = np.random.default_rng(0), np.arange(1000)
    sizes = [len(thinned_out(points, 0.5, rng)) for _ in range(50)]
    assert 500 < min(sizes) < 800 < max(sizes) <= 1000
    np.testing.assert_array_equal(thinned_out(points, 0.0, rng), points)
    assert all(len(thinned_out(points[:1], 0.9, rng)) == 1 for _ in range(50))


def test_one_point_stands_for_each_voxel() -> None:
    rng = np.random.default_rng(0)
    xyz = rng.uniform(0, 1, (500, 3)).astype(np.float32)
    for _ in range(5):
        chosen = one_a_voxel(xyz, 0.3, rng)
        assert (np.diff(chosen) > 0).all()
        assert 27 <= len(chosen) <= 125
    assert one_a_voxel(xyz[:1], 0.3, rng).tolist() == [0]


def test_distinct_rows_repeat_no_value_of_a_column() -> None:
    rng = np.random.default_rng(0)
    pairs = rng.integers(0, 8, (60, 2))
    chosen = pairs[distinct_rows(pairs, rng)]
    assert len(set(chosen[:, 0])) == len(set(chosen[:, 1])) == len(chosen) > 3
    assert len(distinct_rows(pairs[:0], rng)) == 0


def test_views_of_another_scan_are_refused(data: Path, tmp_path: Path) -> None:
    sequence = sequence_of(data, settings_of())
    sequence.view_folder = tmp_path
    for views in (Views(np.ones((2, 7), bool), np.array([[0, 1]], np.int32)),
                  Views(np.ones((2, 400), bool), np.zeros((0, 2), np.int32))):  # fmt: skip
        for name in SCANS:
            views.save(tmp_path / f"{name}.npz")
        with pytest.raises(TwistError, match=r"room\d\.npz has . pairs of views.*run again"):
            sequence.batch(0)


def test_a_batch_moves_to_a_device_whole(data: Path) -> None:
    batch = sequence_of(data, settings_of()).batch(0)
    moved = batch.to(torch.device("meta"))
    assert (moved.names, moved.sizes) == (batch.names, batch.sizes)
    for key in ("rows", "pair", "xyz"):
        there, here = getattr(moved, key), getattr(batch, key)
        assert there.device.type == "meta"
        assert (there.shape, there.dtype) == (here.shape, here.dtype)
    listed = {id(tensor) for tensor in moved.tensors()}
    assert listed == {id(moved.rows), id(moved.pair), id(moved.xyz), *map(id, moved.views.tensors())}


def test_every_tensor_is_pinned(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a GPU nothing can be: copies stand for it."""
    batch = sequence_of(data, settings_of()).batch(0)
    monkeypatch.setattr(torch.Tensor, "pin_memory", torch.Tensor.clone)
    pinned = batch.pin_memory()
    assert (pinned.names, pinned.sizes) == (batch.names, batch.sizes)
    for there, here in zip(pinned.tensors(), batch.tensors(), strict=True):
        assert there is not here
        assert torch.equal(there, here)


def test_a_view_of_one_point_can_be_learned_from(data: Path, tmp_path: Path) -> None:
    settings = settings_of()
    scene = Scene.load(data / "scenes" / "room0.npz")
    seen = np.zeros((2, len(scene)), bool)
    seen[:, 5] = True
    for name in SCANS:
        Views(seen, np.array([[0, 1]], np.int32)).save(tmp_path / f"{name}.npz")
    sequence = sequence_of(data, settings)
    sequence.view_folder = tmp_path
    assert len(sequence.batch(0).rows) == 2
