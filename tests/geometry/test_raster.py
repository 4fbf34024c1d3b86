from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.references.raster_reference import points_drawn_slowly, rasterise_slowly
from twist.geometry.raster import NOTHING, Camera, rasterise, rasterise_points

LEFT, UP, FORWARD = np.array([0, 1.0, 0]), np.array([0, 0, 1.0]), np.array([1.0, 0, 0])


def camera(width: int = 8, height: int = 6) -> Camera:
    """At the origin, along the world's x axis; one pixel is 1 / 8 wide at distance 1."""
    return Camera.looking(np.zeros(3), 0.0, 0.0, 2 * math.atan(width / 16), width, height)


def triangle(*points: tuple[float, float, float]) -> tuple[np.ndarray, np.ndarray]:
    return np.array(points), np.array([[0, 1, 2]])


def test_camera_axes_are_right_down_and_forward():
    local = camera().to_camera(np.stack([LEFT, UP, FORWARD]))
    np.testing.assert_allclose(local, [[-1, 0, 0], [0, -1, 0], [0, 0, 1]], atol=1e-12)


def test_positive_pitch_looks_up_and_positive_yaw_to_the_left():
    turned = Camera.looking(np.zeros(3), math.pi / 2, math.pi / 6, 1.0, 8, 6)
    np.testing.assert_allclose(turned.rotation[:, 2], [0, math.cos(math.pi / 6), 0.5], atol=1e-12)
    np.testing.assert_allclose(turned.rotation.T @ turned.rotation, np.eye(3), atol=1e-12)
    assert np.linalg.det(turned.rotation) == pytest.approx(1)


def test_a_facing_triangle_covers_the_pixels_whose_centres_it_holds():
    # At distance 2 a pixel is 1/4 wide. The right angle lies at the image's upper left corner, and the
    # diagonal passes 1/16 beyond the centres of pixels (0, 2), (1, 1) and (2, 0).
    edge = 3 * 0.25 + 1 / 16
    vertices, faces = triangle((2, 1, 0.75), (2, 1 - edge, 0.75), (2, 1, 0.75 - edge))
    depth, face_id = rasterise(vertices, faces, camera())
    expected = np.full((6, 8), NOTHING)
    for row in range(3):
        expected[row, : 3 - row] = 0
    np.testing.assert_array_equal(face_id, expected)
    assert (depth[face_id == 0] == 2).all()
    assert np.isinf(depth[face_id == NOTHING]).all()
    assert depth.dtype == np.float32
    assert face_id.dtype == np.int32


def test_depth_on_a_slanted_plane_is_where_the_ray_meets_it():
    # The plane x = 3 + 2 y, seen over the whole image: depth z satisfies z = 3 - 2 z u with u to the right.
    vertices = np.array([(3 + 2 * y, y, z) for y, z in ((-1.2, -9), (-1.2, 9), (20, 9), (20, -9))])
    small = camera()
    depth, face_id = rasterise(vertices, np.array([[0, 1, 2], [0, 2, 3]]), small)
    assert (face_id >= 0).all()
    np.testing.assert_allclose(depth, 3 / (1 + 2 * small.rays()[..., 0]), rtol=1e-5)


def test_two_triangles_that_share_an_edge_leave_no_gap():
    rng = np.random.default_rng(0)
    distance = rng.uniform(1, 3, 4)
    vertices = np.column_stack([distance, distance * [5, -5, -5, 5], distance * [4, 4, -4, -4]])
    _, face_id = rasterise(vertices, np.array([[0, 1, 2], [0, 2, 3]]), camera(64, 48))
    assert set(np.unique(face_id)) == {0, 1}


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000))
def test_agrees_with_casting_each_ray(seed):
    """Triangles before, behind and through the camera and its near plane, in a turned camera."""
    rng = np.random.default_rng(seed)
    vertices = rng.uniform(-2, 2, (12, 3))
    faces = rng.integers(0, 12, (10, 3))
    faces = np.unique(np.sort(faces, axis=1), axis=0)
    turned = Camera.looking(rng.uniform(-1, 1, 3), rng.uniform(0, 6), rng.uniform(-1, 1), 1.2, 10, 7)
    depth, face_id = rasterise(vertices, faces, turned, near=0.2)
    slow_depth, slow_id = rasterise_slowly(vertices, faces, turned, 0.2)
    # Only where a pixel's centre lies on an edge to within rounding may the two differ.
    different = face_id != slow_id
    assert different.mean() < 0.02
    np.testing.assert_allclose(depth[~different], slow_depth[~different], rtol=1e-4)


def test_the_nearer_triangle_wins_and_of_equal_ones_the_first():
    near = np.array([(1.0, 9, 9), (1, -9, 9), (1, 0, -9)])
    vertices = np.concatenate([near * 2, near, near])
    _, face_id = rasterise(vertices, np.arange(9).reshape(3, 3), camera())
    assert (face_id == 1).all()


def test_culling_drops_triangles_seen_from_behind():
    # Counter-clockwise as the camera sees it: up, then left below, then right below.
    vertices, faces = triangle((1, 0, 9), (1, 9, -9), (1, -9, -9))
    _, front = rasterise(vertices, faces, camera(), cull=True)
    _, back = rasterise(vertices, faces[:, ::-1], camera(), cull=True)
    assert (front == 0).any()
    assert (back == NOTHING).all()


def test_geometry_before_the_near_plane_is_cut_away():
    # A floor that runs from behind the camera to far before it.
    vertices, faces = triangle((-5, 0, -0.5), (20, 30, -0.5), (20, -30, -0.5))
    depth, face_id = rasterise(vertices, faces, camera(16, 16), near=1.5)
    seen = face_id == 0
    assert seen.any()
    assert depth[seen].min() >= 1.5
    assert not seen[:8].any()  # the horizon is the image's middle row


@pytest.mark.parametrize(
    "points",
    [
        [(1, 0, 0), (1, 0, 0), (1, 0, 0)],
        [(1, 0, 0), (2, 0, 0), (3, 0, 0)],
        [(np.nan, 0, 0), (1, 9, 9), (1, -9, -9)],
        [(-1, 0, 9), (-1, 9, -9), (-1, -9, -9)],
    ],
)
def test_degenerate_and_hidden_triangles_draw_nothing(points):
    depth, face_id = rasterise(*triangle(*points), camera())
    assert (face_id == NOTHING).all()
    assert np.isinf(depth).all()


def test_an_empty_mesh_gives_an_empty_image():
    depth, face_id = rasterise(np.zeros((0, 3)), np.zeros((0, 3), np.int32), camera())
    assert depth.shape == face_id.shape == (6, 8)
    assert (face_id == NOTHING).all()


@pytest.mark.parametrize("reach", [0, 1, 2])
def test_points_are_drawn_as_by_their_definition(reach: int):
    random = np.random.default_rng(reach)
    points = random.uniform(
        [-0.5, -2, -2], [4, 2, 2], (60, 3)
    )  # some behind the camera, some beside the image
    seen = camera(16, 12)
    depth, point_id = rasterise_points(points, seen, near=0.05, reach_px=reach)
    expected_depth, expected_id = points_drawn_slowly(points, seen, 0.05, reach)
    np.testing.assert_array_equal(point_id, expected_id)
    np.testing.assert_allclose(depth, expected_depth, rtol=1e-6)
    assert (point_id >= 0).any()


def test_of_points_alike_the_first_is_seen_and_no_point_draws_nothing():
    _, point_id = rasterise_points(np.array([[2.0, 0, 0]] * 3), camera(), reach_px=1)
    assert set(np.unique(point_id)) == {NOTHING, 0}
    assert (point_id == 0).sum() == 9
    _, nothing = rasterise_points(np.array([[np.nan, 0, 0], [1e-3, 0, 0]]), camera())
    assert (nothing == NOTHING).all()
    assert (rasterise_points(np.zeros((0, 3)), camera())[1] == NOTHING).all()
