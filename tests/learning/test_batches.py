"""Batches against loops, and the sequence of them as a pure function of seed and step."""

from __future__ import annotations

from collections import Counter
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.synthetic import room_sample, tiny_settings, write_rooms
from twist.classes import SCANNET
from twist.errors import TwistError
from twist.learning.batches import Batch, BatchSequence, Mix, instance_centres, make_batch, point_features
from twist.learning.samples import SampleCache
from twist.selftraining.pseudolabels import PseudoLabels

SETTINGS = tiny_settings()
CPU = torch.device("cpu")


def same(a: Batch, b: Batch) -> bool:
    """Equal in every field, bit for bit."""
    pairs = [(getattr(a, entry.name), getattr(b, entry.name)) for entry in fields(Batch)]
    return all(torch.equal(x, y) if isinstance(x, torch.Tensor) else x == y for x, y in pairs)


# --- one batch -----------------------------------------------------------------------------------


def test_voxels_are_means_of_their_points(tmp_path: Path) -> None:
    samples = [room_sample(tmp_path, 200, seed, name=f"room{seed}") for seed in (0, 1)]
    network, size = SETTINGS.network, SETTINGS.network.voxel_size_m
    batch = make_batch(samples, network)
    assert (batch.names, batch.annotated_scenes, len(batch)) == (("room0", "room1"), (True, True), 2)
    assert batch.point_offsets.tolist() == [0, 200, 400]
    assert (batch.indices.dtype, batch.features.dtype) == (torch.int32, torch.float32)
    met = set()
    for b, sample in enumerate(samples):
        low = sample.xyz.astype(np.float64).min(axis=0)
        columns = np.concatenate(
            [sample.rgb, sample.normal, sample.xyz[:, 2:], sample.supervoxel_features], axis=1
        )
        cell = np.floor((sample.xyz - low) / size).astype(int)
        for row in np.unique(cell, axis=0):
            inside = np.flatnonzero((cell == row).all(axis=1))
            (voxel,) = set(batch.voxel_of_point[batch.points_of(b)][inside].tolist())
            met.add(voxel)
            assert batch.indices[voxel].tolist() == [b, *row]
            np.testing.assert_allclose(batch.features[voxel], columns[inside].mean(axis=0), atol=1e-5)
            np.testing.assert_allclose(batch.position[voxel], sample.xyz[inside].mean(axis=0), atol=1e-5)
        points = batch.points_of(b)
        for key in ("xyz", "semantic", "instance", "weight", "supervoxel"):
            np.testing.assert_array_equal(getattr(batch, key)[points], getattr(sample, key))
    assert met == set(range(len(batch.indices)))


def test_a_scene_that_cannot_be_voxelised_is_named(tmp_path: Path) -> None:
    whole = room_sample(tmp_path, 200, 0, name="room0")
    torn = replace(whole, name="room1", xyz=np.where(np.arange(200)[:, None] == 7, np.nan, whole.xyz))
    with pytest.raises(TwistError, match=r"^scene room1: point 7 at "):
        make_batch([whole, torn], SETTINGS.network)


def test_features_come_in_the_order_of_the_setting(tmp_path: Path) -> None:
    sample = room_sample(tmp_path, 60)
    both = point_features(sample, ("height", "rgb"))
    np.testing.assert_array_equal(both, np.concatenate([sample.xyz[:, 2:], sample.rgb], axis=1))
    assert both.dtype == np.float32


def test_instance_centres_are_means_of_their_points() -> None:
    rng = np.random.default_rng(0)
    xyz, instance = rng.random((60, 3)).astype(np.float32), rng.choice([-1, 4, 70, 1000], 60)
    centre = instance_centres(xyz, instance)
    for i in range(60):
        expected = xyz[instance == instance[i]].mean(axis=0) if instance[i] >= 0 else np.zeros(3)
        np.testing.assert_allclose(centre[i], expected, atol=1e-6)
    assert not instance_centres(xyz, np.full(60, -1)).any()


# --- which scenes make a step --------------------------------------------------------------------


@pytest.mark.parametrize(("pool", "count"), [(5, 1), (5, 2), (5, 3), (3, 4), (1, 3)])
def test_every_scene_of_a_pool_comes_exactly_once_an_epoch(pool: int, count: int) -> None:
    names = tuple(f"room{k}" for k in range(pool))
    mix = Mix(names, count)
    walked = [name for step in range(4 * pool) for name, _ in mix.scenes_of_step(step, 0)]
    assert len(walked) == 4 * pool * count
    epochs = [tuple(walked[start : start + pool]) for start in range(0, len(walked), pool)]
    assert all(Counter(epoch) == Counter(names) for epoch in epochs)
    if pool == 5:
        assert len(set(epochs)) > 1, "every epoch has the same order"


def test_labelled_and_pseudo_labelled_scenes_are_mixed_in_a_set_proportion() -> None:
    mix = Mix(("a", "b"), 1, ("u", "v", "w"), 3, Path("labels"))
    for step in range(10):
        chosen = mix.scenes_of_step(step, 3)
        assert [is_pseudo for _, is_pseudo in chosen] == [False, True, True, True]
        assert chosen[0][0] in "ab"
        assert sorted(name for name, is_pseudo in chosen if is_pseudo) == ["u", "v", "w"]
    assert Mix(("a",), 2).scenes_of_step(5, 0) == [("a", False)] * 2


def test_the_walk_is_a_pure_function_of_seed_and_step() -> None:
    mix = Mix(tuple("abcdefgh"), 3, tuple("uvwxyz"), 2, Path("labels"))
    forward = [mix.scenes_of_step(step, 7) for step in range(20)]
    backward = [mix.scenes_of_step(step, 7) for step in reversed(range(20))]
    assert forward == backward[::-1]
    assert forward != [mix.scenes_of_step(step, 8) for step in range(20)]


# --- the sequence --------------------------------------------------------------------------------


@pytest.fixture
def sequence(tmp_path: Path) -> BatchSequence:
    return sequence_over(tmp_path, 120)


def sequence_over(tmp_path: Path, points: int) -> BatchSequence:
    """Steps 0..9 over two labelled and two pseudo-labelled rooms of so many points."""
    names = ("room0", "room1", "room2", "room3")
    write_rooms(tmp_path, names, points)
    one_chair = PseudoLabels(
        np.full(points, 4, np.int32), np.zeros(points, np.int32), np.ones(points, np.float32)
    )
    for name in names[2:]:
        one_chair.save(tmp_path / "labels" / f"{name}.npz")
    cache = SampleCache(tmp_path / "scenes", tmp_path / "supervoxels", SCANNET, 1.0)
    mix = Mix(names[:2], 1, names[2:], 1, tmp_path / "labels")
    return BatchSequence(cache, mix, SETTINGS, 3, range(10))


def restarted(sequence: BatchSequence, steps: range) -> BatchSequence:
    return BatchSequence(sequence.cache, sequence.mix, sequence.settings, sequence.seed, steps)


def test_batches_are_the_same_with_any_number_of_workers(sequence: BatchSequence) -> None:
    expected = list(sequence.loader(0, CPU))
    assert [same(batch, sequence.batch(step)) for step, batch in enumerate(expected)] == [True] * 10
    parallel = list(sequence.loader(2, CPU))
    assert len(parallel) == 10
    assert all(map(same, parallel, expected))
    assert not same(expected[0], expected[2])


def test_a_sequence_goes_on_as_if_it_had_never_stopped(sequence: BatchSequence) -> None:
    whole = list(sequence.loader(0, CPU))
    rest = list(restarted(sequence, range(7, 10)).loader(0, CPU))
    assert len(rest) == 3
    assert all(map(same, rest, whole[7:]))
    assert list(restarted(sequence, range(10, 10)).loader(2, CPU)) == []


def test_only_annotated_scenes_are_truth(sequence: BatchSequence) -> None:
    batch = sequence.batch(0)
    assert batch.annotated_scenes == (True, False)
    assert batch.annotated.tolist() == [True] * 120 + [False] * 120
    assert set(batch.semantic[batch.points_of(1)].tolist()) == {4}
    assert len(set(batch.semantic[batch.points_of(0)].tolist())) > 1


def test_a_scene_looks_different_each_time(sequence: BatchSequence) -> None:
    alone = restarted(sequence, range(2))
    alone.mix = Mix(("room0",), 2)
    looks = [batch.xyz[batch.points_of(b)] for batch in map(alone.batch, (0, 1)) for b in (0, 1)]
    assert not any(torch.equal(looks[i], looks[j]) for i in range(4) for j in range(i))


def test_centres_follow_the_augmentation(sequence: BatchSequence) -> None:
    batch = sequence.batch(1)
    points = batch.points_of(0)
    xyz, instance = batch.xyz[points].numpy(), batch.instance[points].numpy()
    np.testing.assert_array_equal(batch.centre[points], instance_centres(xyz, instance))


@pytest.mark.parametrize("workers", [0, 1])
def test_a_damaged_scene_is_named_in_one_line(sequence: BatchSequence, workers: int) -> None:
    (sequence.cache.scene_folder / "room2.npz").write_bytes(b"damaged")
    with pytest.raises(TwistError, match=r"room2\.npz is damaged") as error:
        list(sequence.loader(workers, CPU))
    assert "\n" not in str(error.value)


def test_moving_to_a_device_keeps_everything(sequence: BatchSequence) -> None:
    batch = sequence.batch(0)
    assert batch.to(CPU) is batch
    assert not same(replace(batch, names=("other", "room")), batch)
    moved = batch.to(torch.device("meta"))
    assert moved.in_memory is batch
    assert (len(moved), moved.largest_index) == (len(batch), batch.largest_index)
    pairs = list(zip(moved.tensors(), batch.tensors(), strict=True))
    assert len(pairs) == 14
    for there, here in pairs:
        assert there.device.type == "meta"
        assert (there.shape, there.dtype) == (here.shape, here.dtype)
    assert moved.points_of(1) == batch.points_of(1)  # without asking the device


def test_instances_are_pasted_into_pseudo_labelled_scenes_alone(tmp_path: Path) -> None:
    sequence = sequence_over(tmp_path, 900)  # furniture of 150 points each
    pasting = tiny_settings(selftraining={"paste": 2})
    other = BatchSequence(sequence.cache, sequence.mix, pasting, sequence.seed, sequence.steps)
    for step in range(3):
        plain, pasted = sequence.batch(step), other.batch(step)
        assert plain.annotated_scenes == pasted.annotated_scenes
        more = (pasted.point_offsets.diff() - plain.point_offsets.diff()).tolist()
        assert [extra > 0 for extra in more] == [not annotated for annotated in plain.annotated_scenes]
        assert same(other.batch(step), pasted)
