"""Samples: prepared files in, arrays for the networks out; and the cache of them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.synthetic import BED, room, room_sample, write_rooms
from twist.classes import S3DIS, SCANNET
from twist.errors import TwistError
from twist.files import write_npz
from twist.learning.samples import SampleCache, describe_supervoxels, load_sample
from twist.scene import Scene
from twist.selftraining.pseudolabels import PseudoLabels


def saved(folder: Path, scene: Scene, supervoxels: dict[str, np.ndarray]) -> tuple[Path, Path]:
    scene.save(folder / "scene.npz")
    write_npz(folder / "supervoxels.npz", supervoxels)
    return folder / "scene.npz", folder / "supervoxels.npz"


def test_a_sample_has_the_scans_labels_and_centred_coordinates(tmp_path: Path) -> None:
    scene, supervoxels = room(points=300)
    sample = load_sample(*saved(tmp_path, scene, supervoxels), SCANNET)
    np.testing.assert_allclose(sample.xyz[:, :2].mean(axis=0), 0, atol=1e-5)
    assert abs(np.quantile(sample.xyz[:, 2], 0.01)) < 1e-6
    np.testing.assert_allclose(np.diff(sample.xyz, axis=0), np.diff(scene.xyz, axis=0), atol=1e-5)
    np.testing.assert_allclose(sample.rgb, scene.rgb / 127.5 - 1, atol=1e-6)
    np.testing.assert_array_equal(sample.semantic, scene.semantic)
    np.testing.assert_array_equal(sample.instance, scene.instance)
    assert sample.annotated
    assert (sample.weight == 1).all()
    assert len(sample) == 300
    assert sample.nbytes > 300 * 4 * 17


def test_stuff_and_unlabelled_points_have_no_instance(tmp_path: Path) -> None:
    scene, supervoxels = room(points=300)
    scene = replace(scene, instance=np.arange(300, dtype=np.int32))
    scene.semantic[-5:] = -1
    sample = load_sample(*saved(tmp_path, scene, supervoxels), SCANNET)
    on_thing = np.isin(scene.semantic, SCANNET.things)
    assert 0 < on_thing.sum() < 295
    np.testing.assert_array_equal(sample.instance >= 0, on_thing)
    everything = load_sample(*saved(tmp_path, scene, supervoxels), S3DIS)
    np.testing.assert_array_equal(everything.instance >= 0, scene.semantic >= 0)


def test_axis_alignment_turns_points_and_a_clouds_normals(tmp_path: Path) -> None:
    scene, supervoxels = room(points=100)
    quarter = np.array([[0.0, -1, 0, 5], [1, 0, 0, 6], [0, 0, 1, 7], [0, 0, 0, 1]])
    supervoxels["normal"][:] = [1, 0, 0]
    plain = load_sample(*saved(tmp_path, scene, supervoxels), SCANNET)
    turned = load_sample(*saved(tmp_path, replace(scene, axis_alignment=quarter), supervoxels), SCANNET)
    np.testing.assert_allclose(turned.xyz, plain.xyz[:, [1, 0, 2]] * [-1, 1, 1], atol=1e-5)
    np.testing.assert_allclose(turned.normal, np.tile([0, 1, 0], (100, 1)), atol=1e-6)


def test_a_meshs_normals_come_from_its_faces(tmp_path: Path) -> None:
    fan = np.array([[k, k * k, 0] for k in range(18)], np.float32)
    corners = np.concatenate([fan, [[5, 5, 5]]]).astype(np.float32)
    faces = np.array([[0, k, k + 1] for k in range(1, 17)], np.int32)
    scene = Scene(
        "mesh",
        corners,
        np.zeros((19, 3), np.uint8),
        faces,
        np.full(19, BED, np.int32),
        np.zeros(19, np.int32),
    )
    sample = load_sample(*saved(tmp_path, scene, {"supervoxel": np.zeros(19, np.int32)}), SCANNET)
    np.testing.assert_allclose(sample.normal, [[0, 0, 1]] * 18 + [[0, 0, 0]])


def test_pseudo_labels_stand_in_for_the_scans_own(tmp_path: Path) -> None:
    paths = saved(tmp_path, *room(points=100))
    labels = PseudoLabels(
        np.full(100, BED, np.int32), np.arange(100, dtype=np.int32) // 50, np.full(100, 0.5, np.float32)
    )
    sample = load_sample(*paths, SCANNET, labels)
    assert not sample.annotated
    for key in ("semantic", "instance", "weight"):
        np.testing.assert_array_equal(getattr(sample, key), getattr(labels, key))


def test_a_scan_without_labels_loads(tmp_path: Path) -> None:
    scene, supervoxels = room(points=100)
    sample = load_sample(*saved(tmp_path, scene.without_labels(), supervoxels), SCANNET)
    assert (sample.semantic == -1).all()
    assert (sample.instance == -1).all()


def test_files_that_do_not_belong_together_are_refused(tmp_path: Path) -> None:
    scene, supervoxels = room(points=100)
    short = {key: value[:90] for key, value in supervoxels.items()}
    with pytest.raises(TwistError, match=r"supervoxels\.npz has 90 points, .*scene\.npz has 100"):
        load_sample(*saved(tmp_path, scene, short), SCANNET)
    labels = PseudoLabels(np.zeros(7, np.int32), np.zeros(7, np.int32), np.ones(7, np.float32))
    with pytest.raises(TwistError, match="pseudo-labels of room0: 7 for 100 points"):
        load_sample(*saved(tmp_path, scene, supervoxels), SCANNET, labels)
    with pytest.raises(TwistError, match=r"supervoxels\.npz"):
        load_sample(*saved(tmp_path, scene, {"supervoxel": supervoxels["supervoxel"]}), SCANNET)


# --- statistics of supervoxels -------------------------------------------------------------------


def test_supervoxel_statistics_by_hand() -> None:
    """A line of three points along (1, 1) of brightness -1, 0, 1, and a lone point."""
    xyz = np.array([[-1, -1, 2], [0, 0, 2], [1, 1, 2], [5, 5, 1]], np.float32)
    rgb = np.array([[-1] * 3, [0] * 3, [1] * 3, [0.5] * 3], np.float32)
    normal = np.array([[0, 0, 1], [0, 0, 1], [0, 1, 0], [1, 0, 0]], np.float32)
    found = describe_supervoxels(xyz, rgb, normal, np.array([9, 9, 9, 2]))
    line = [np.log10(3), np.sqrt(4 / 3), 0, 0, 2, 2 / 3, np.hypot(1 / 3, 2 / 3), np.sqrt(2 / 3)]
    np.testing.assert_allclose(found, [line] * 3 + [[0, 0, 0, 0, 1, 0, 1, 0]], atol=1e-6)
    assert found.dtype == np.float32


def test_supervoxel_statistics_do_not_change_under_rotation_about_the_vertical(tmp_path: Path) -> None:
    sample = room_sample(tmp_path, 300)
    turn = np.array([[0.6, -0.8, 0], [0.8, 0.6, 0], [0, 0, 1]], np.float32)
    turned = describe_supervoxels(sample.xyz @ turn.T, sample.rgb, sample.normal @ turn.T, sample.supervoxel)
    np.testing.assert_allclose(turned, sample.supervoxel_features, atol=1e-4)
    assert np.isfinite(sample.supervoxel_features).all()


def test_supervoxel_statistics_do_not_change_far_from_the_origin() -> None:
    """A wall 3 mm thick, at the far end of a hall."""
    rng = np.random.default_rng(0)
    wall = np.column_stack([rng.normal(0, 0.003, 500), rng.uniform(0, 1, 500), rng.uniform(0, 2, 500)])
    there = (wall + np.array([80.0, 0, 0])).astype(np.float32)
    normal = np.tile(np.float32([1, 0, 0]), (500, 1))
    found = describe_supervoxels(there, normal, normal, np.zeros(500, np.int32))[0]
    spread = np.sqrt(np.linalg.eigvalsh(np.cov(there[:, :2].T.astype(np.float64), bias=True)))
    np.testing.assert_allclose(found[1:3], spread[::-1], rtol=1e-5)


def test_supervoxels_are_described_where_a_network_asks_for_them(tmp_path: Path) -> None:
    write_rooms(tmp_path, ("a",), 100)
    folders = (tmp_path / "scenes", tmp_path / "supervoxels")
    cache = SampleCache(*folders, SCANNET, 1, features=("rgb", "height"))
    assert cache.get("a").supervoxel_features.shape == (len(cache.get("a")), 0)
    assert SampleCache(*folders, SCANNET, 1).get("a").supervoxel_features.shape[1] == 8


# --- the cache -----------------------------------------------------------------------------------


def test_cache_keeps_the_most_recently_used_within_its_limit(tmp_path: Path) -> None:
    names = ("a", "b", "c")
    write_rooms(tmp_path, names, 100)
    size = room_sample(tmp_path, 100).nbytes
    cache = SampleCache(tmp_path / "scenes", tmp_path / "supervoxels", SCANNET, 2.5 * size / 1e9)
    first, second = cache.get("a"), cache.get("b")
    assert cache.get("a") is first
    cache.get("c")  # b was used least recently
    assert cache.get("a") is first
    assert cache.get("b") is not second
    assert first.name == "a"


def test_cache_without_room_still_gives_samples(tmp_path: Path) -> None:
    write_rooms(tmp_path, ("a", "b"), 100)
    cache = SampleCache(tmp_path / "scenes", tmp_path / "supervoxels", SCANNET, 0.0)
    assert [cache.get(name).name for name in "abab"] == list("abab")


def test_cache_tells_a_scans_own_labels_from_pseudo_labels(tmp_path: Path) -> None:
    write_rooms(tmp_path, ("a",), 100)
    for folder, label in (("first", 2), ("second", 3)):
        labels = PseudoLabels(
            np.full(100, label, np.int32), np.zeros(100, np.int32), np.ones(100, np.float32)
        )
        labels.save(tmp_path / folder / "a.npz")
    cache = SampleCache(tmp_path / "scenes", tmp_path / "supervoxels", SCANNET, 1.0)
    assert cache.get("a").annotated
    assert set(cache.get("a", tmp_path / "first").semantic.tolist()) == {2}
    assert set(cache.get("a", tmp_path / "second").semantic.tolist()) == {3}
    with pytest.raises(TwistError, match=r"b\.npz does not exist"):
        cache.get("b")
