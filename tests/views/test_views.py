"""Views: where cameras stand, what they see against casting each ray, pairs that overlap, files."""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.references.raster_reference import rasterise_slowly
from tests.views.rooms import box, room_mesh
from twist.errors import TwistError
from twist.geometry.raster import Camera
from twist.pretraining_sections import ViewSettings
from twist.scene import Scene
from twist.views.pairs import Views, make_views, overlapping_pairs
from twist.views.poses import cameras, standing_places
from twist.views.rendering import seen_points, seen_vertices
from twist.views.scans import views_for_scans

SMALL = ViewSettings(per_scan=8, image_width=64, min_points=50)
INTO_THE_ROOM = Camera.looking(np.array([4.0, 3.0, 1.5]), np.pi * 1.2, -0.2, 1.0, 32, 24)


# --- where cameras stand -------------------------------------------------------------------------


def test_nobody_stands_in_the_cupboard_or_beyond_the_walls() -> None:
    places = standing_places(room_mesh(cells=50).aligned_xyz)
    assert len(places) > 500
    assert (places > 0.2).all()
    assert (places < [4.8, 3.8]).all()
    in_cupboard = ((places > [0.05, 0.05]) & (places < [1.25, 0.65])).all(axis=1)
    assert not in_cupboard.any()


def test_where_all_floor_is_covered_one_stands_over_it() -> None:
    floor, table = box((0, 0, 0), (1, 1, 0.01), 20)[0], box((0, 0, 0.7), (1, 1, 0.75), 20)[0]
    assert len(standing_places(np.concatenate([floor, table]))) > 50


@pytest.mark.parametrize("points", [1, 3])
def test_there_is_always_a_place(points: int) -> None:
    assert len(standing_places(np.arange(3 * points, dtype=np.float32).reshape(points, 3))) >= 1


def test_cameras_keep_to_their_settings() -> None:
    settings = replace(SMALL, eye_m=(1.2, 1.3), pitch_deg=(-30.0, -20.0))
    scan = room_mesh().aligned_xyz + np.float32([0, 0, 7])
    for camera in itertools.islice(cameras(scan, settings, np.random.default_rng(0)), 50):
        assert 8.2 <= camera.position[2] <= 8.3 + 1e-5
        assert np.sin(np.radians(-30)) <= camera.rotation[2, 2] <= np.sin(np.radians(-20))
        assert (camera.width, camera.height) == (64, 48)


# --- what they see -------------------------------------------------------------------------------


@pytest.mark.parametrize("depth_m", [(0.4, 5.0), (0.4, 3.5), (3.5, 9.0)])
def test_seen_vertices_are_those_of_faces_that_a_ray_hits(depth_m: tuple[float, float]) -> None:
    scene = room_mesh(cells=6)
    xyz = scene.xyz + np.random.default_rng(1).normal(0, 0.01, scene.xyz.shape).astype(np.float32)
    depth, face = rasterise_slowly(xyz.astype(np.float64), scene.faces, INTO_THE_ROOM, 0.05)
    expected = np.zeros(len(xyz), bool)
    expected[scene.faces[face[(face >= 0) & (depth >= depth_m[0]) & (depth <= depth_m[1])]]] = True
    seen = seen_vertices(xyz, scene.faces, INTO_THE_ROOM, depth_m)
    assert 10 < expected.sum() < len(xyz)
    np.testing.assert_array_equal(seen, expected)


def test_the_cupboard_hides_the_wall_behind_it_and_its_own_back() -> None:
    scene = room_mesh(cells=50)
    towards = Camera.looking(np.array([0.65, 3.0, 1.0]), -np.pi / 2, 0.0, 1.0, 200, 150)
    for seen in (
        seen_vertices(scene.xyz, scene.faces, towards, (0.4, 5.0)),
        seen_points(scene.xyz, towards, (0.4, 5.0), 0.12),
    ):
        x, y, z = scene.xyz.T
        behind = (x > 0.2) & (x < 1.1) & (z > 0.2) & (z < 1.5) & (y < 0.06)
        front = (x > 0.2) & (x < 1.1) & (z > 0.2) & (z < 1.5) & (abs(y - 0.65) < 0.01)
        assert not seen[behind].any()
        assert seen[front].mean() > 0.9


def test_a_scan_without_faces_shows_nearly_the_same() -> None:
    mesh, cloud = room_mesh(cells=50), room_mesh(cells=50, faces=False)
    settings = replace(SMALL, splat_m=0.1, image_width=160)
    rendered, splatted = (make_views(scene, settings).seen for scene in (mesh, cloud))
    assert rendered.shape == splatted.shape
    agreement = (rendered & splatted).sum(axis=1) / (rendered | splatted).sum(axis=1)
    assert np.median(agreement) > 0.8


def test_what_is_too_near_hides_but_is_not_seen() -> None:
    wall, near = box((3, -2, -2), (3.1, 2, 2), 30), box((0.3, -1, -1), (0.31, 1, 1), 5)
    xyz = np.concatenate([wall[0], near[0]])
    faces = np.concatenate([wall[1], near[1] + len(wall[0])])
    before = Camera.looking(np.zeros(3), 0.0, 0.0, 1.0, 40, 30)
    assert seen_vertices(wall[0], wall[1], before, (0.4, 5.0)).any()
    assert not seen_vertices(xyz, faces, before, (0.4, 5.0)).any()


# --- pairs and files -----------------------------------------------------------------------------


def test_pairs_share_the_wanted_part_of_the_larger_view() -> None:
    seen = np.zeros((5, 100), bool)
    for view, (start, stop) in enumerate([(0, 50), (35, 85), (36, 86), (0, 10), (0, 0)]):
        seen[view, start:stop] = True
    # 0-1 share 15 of 50, 0-2 14 of 50, 1-2 49 of 50, 0-3 10 of 50
    assert overlapping_pairs(seen, 0.3).tolist() == [[0, 1], [1, 2]]
    assert overlapping_pairs(seen[:0], 0.3).shape == (0, 2)
    assert overlapping_pairs(np.zeros((2, 0), bool), 0.3).shape == (0, 2)


def test_views_are_the_same_in_every_run_and_others_for_another_scan() -> None:
    once, again = (make_views(room_mesh(), SMALL) for _ in range(2))
    np.testing.assert_array_equal(once.seen, again.seen)
    np.testing.assert_array_equal(once.pairs, again.pairs)
    assert len(once.seen) == SMALL.per_scan
    assert len(once.pairs) > 0
    assert (once.seen.sum(axis=1) >= SMALL.min_points).all()
    other = make_views(room_mesh("another"), SMALL)
    assert not np.array_equal(once.seen, other.seen)


def test_the_scans_own_frame_does_not_matter() -> None:
    """The vertical is that of the aligned scan."""
    scene = room_mesh()
    turn = np.eye(4)
    turn[:3, :3] = np.array([[0, 0, 1], [1, 0, 0], [0, 1, 0]])
    lying = replace(scene, xyz=(scene.xyz @ turn[:3, :3]).astype(np.float32), axis_alignment=turn)
    np.testing.assert_array_equal(make_views(lying, SMALL).seen, make_views(scene, SMALL).seen)


def test_views_are_read_as_they_were_saved(tmp_path: Path) -> None:
    views = make_views(room_mesh(), SMALL)
    views.save(tmp_path / "room.npz")
    loaded = Views.load(tmp_path / "room.npz")
    np.testing.assert_array_equal(loaded.seen, views.seen)
    np.testing.assert_array_equal(loaded.pairs, views.pairs)
    assert (loaded.seen.dtype, loaded.pairs.dtype) == (bool, np.int32)
    assert (tmp_path / "room.npz").stat().st_size < views.seen.size / 8


def test_a_file_that_holds_no_views_is_refused(tmp_path: Path) -> None:
    room_mesh().save(tmp_path / "room.npz")
    with pytest.raises(TwistError, match=r"room\.npz does not hold views"):
        Views.load(tmp_path / "room.npz")


def test_a_scan_of_a_few_points_gives_no_view() -> None:
    scene = room_mesh()
    few = Scene("few", scene.xyz[:3], scene.rgb[:3], scene.faces[:0], scene.semantic[:3], scene.instance[:3])
    views = make_views(few, SMALL)
    assert views.seen.shape == (0, 3)
    assert views.pairs.shape == (0, 2)


def test_views_of_many_scans_are_made_once(tmp_path: Path) -> None:
    for name in ("a", "b"):
        room_mesh(name).save(tmp_path / "scenes" / f"{name}.npz")
    scenes = {name: tmp_path / "scenes" / f"{name}.npz" for name in ("a", "b")}
    first = views_for_scans(scenes, None, tmp_path / "views", SMALL)
    written = (tmp_path / "views" / "a.npz").stat().st_mtime_ns
    assert views_for_scans(scenes, None, tmp_path / "views", SMALL) == first
    assert (tmp_path / "views" / "a.npz").stat().st_mtime_ns == written
    assert first["a"]["views"] == SMALL.per_scan
    assert first["a"]["pairs"] == len(Views.load(tmp_path / "views" / "a.npz").pairs)
    other = views_for_scans(scenes, None, tmp_path / "views", replace(SMALL, per_scan=4))
    assert other["b"]["views"] == 4
    with pytest.raises(TwistError, match="run `prepare` for scene c first"):
        views_for_scans({"c": tmp_path / "c.npz"}, None, tmp_path / "views", SMALL)
