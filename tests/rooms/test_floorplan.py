from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twist.rooms.floorplan import Floorplan, Footprint, Opening, Pose
from twist.rooms.paint import Paint
from twist.rooms.shapes import box
from twist.rooms.shell import REVEAL_M, floor_and_ceiling, l_shape, rectangle, wall_surface

GREY = Paint((128.0, 128.0, 128.0))


def rectangle_at(x: float, y: float, angle: float, width: float, depth: float, z0=0.0, z1=1.0) -> Footprint:
    return Footprint.rectangle(Pose(x, y, 0, angle), (-width / 2, -depth / 2), (width / 2, depth / 2), z0, z1)


def inside(footprint: Footprint, points: np.ndarray) -> np.ndarray:
    """By the signs of the edges' cross products."""
    a, b = footprint.corners, np.roll(footprint.corners, -1, axis=0)
    edge, to = (b - a)[:, None], points[None] - a[:, None]
    return (edge[..., 0] * to[..., 1] - edge[..., 1] * to[..., 0] >= 0).all(axis=0)


def test_a_pose_beside_another_is_given_in_that_ones_frame():
    pose = Pose(1, 2, 3, math.pi / 2).beside(0.5, 0.25, 1, 0.1)
    assert (pose.x, pose.y, pose.z) == pytest.approx((0.75, 2.5, 4))
    assert pose.angle == pytest.approx(math.pi / 2 + 0.1)


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 100_000))
def test_overlap_agrees_with_sampled_points(seed):
    rng = np.random.default_rng(seed)
    a, b = (rectangle_at(*rng.uniform(-1, 1, 2), rng.uniform(0, 6), *rng.uniform(0.3, 2, 2)) for _ in "ab")
    grid = np.stack(np.meshgrid(*[np.linspace(-2.5, 2.5, 120)] * 2), axis=-1).reshape(-1, 2)
    shared = (inside(a, grid) & inside(b, grid)).sum() * (5 / 119) ** 2
    assert a.overlaps(b) == b.overlaps(a)
    if shared > 0.02:
        assert a.overlaps(b)
    if not a.overlaps(b):  # a touch of 1 cm is allowed
        assert shared < 0.05


def test_boxes_above_each_other_do_not_overlap():
    low, high = rectangle_at(0, 0, 0, 1, 1, 0, 0.7), rectangle_at(0, 0, 0.3, 1, 1, 0.7, 1)
    assert not low.overlaps(high)
    assert low.overlaps(rectangle_at(0, 0, 0.3, 1, 1, 0.6, 1))


def test_distance_to_a_turned_rectangle():
    footprint = rectangle_at(0, 0, math.pi / 4, 2, 2)
    points = np.array([(0.0, 0.0), (2.0, 2.0), (math.sqrt(2) + 1, 0)])
    np.testing.assert_allclose(footprint.distance(points), [0, math.sqrt(8) - 1, 1], atol=1e-12)
    assert footprint.area == pytest.approx(4)


def test_an_l_shaped_room_contains_its_arms_and_not_the_cut_corner():
    plan = Floorplan(l_shape(4, 4, 2, 2), 2.5)
    points = np.array([(1, 1), (3.5, 1), (1, 3.5), (3, 3), (-0.1, 1), (0.2, 2)])
    assert plan.contains(points).tolist() == [True, True, True, False, False, True]
    assert plan.contains(points, margin=0.3).tolist() == [True, True, True, False, False, False]
    assert plan.area == pytest.approx(12)
    assert [wall.length for wall in plan.walls] == [4, 2, 2, 2, 2, 4]


def test_things_fit_inside_the_room_and_clear_of_others_only():
    plan = Floorplan(l_shape(4, 4, 2, 2), 2.5)
    assert plan.fits(rectangle_at(1, 1, 0, 1.9, 1.9))
    assert not plan.fits(rectangle_at(1, 1, 0, 2.1, 1.9))  # through the outer wall
    assert not plan.fits(rectangle_at(1.8, 1.8, math.pi / 4, 0.6, 3.0))  # around the inner corner
    assert not plan.fits(rectangle_at(1, 1, 0, 1, 1, 0, 2.6))  # through the ceiling
    bed = rectangle_at(1, 1, 0, 1.5, 1.5)
    plan.footprints.append(bed)
    assert not plan.fits(rectangle_at(1.5, 1, 0, 1, 1))
    assert plan.fits(rectangle_at(1.5, 1, 0, 1, 1), ignoring=(bed,))
    assert plan.fits(rectangle_at(3, 1, 0, 1, 1))


def test_free_positions_keep_their_distance():
    plan = Floorplan(rectangle(4, 3), 2.5)
    table = rectangle_at(2, 1.5, 0.4, 1.5, 1)
    plan.footprints.append(table)
    points = plan.free_positions(np.random.default_rng(0), 100, 0.3)
    assert len(points) == 100
    assert table.distance(points).min() > 0.3
    assert plan.contains(points, margin=0.3).all()


def test_a_thing_at_a_wall_has_its_back_there_and_faces_the_room():
    for wall in Floorplan(rectangle(4, 3), 2.5).walls:
        pose = wall.pose(1.0, 0.5)
        middle = np.array([2, 1.5])
        front, back = pose.beside(0, -0.5), pose.beside(0, 0.5)
        assert np.hypot(*(np.array([front.x, front.y]) - middle)) < np.hypot(*([back.x, back.y] - middle))
        np.testing.assert_allclose([back.x, back.y], wall.start + wall.direction, atol=1e-12)
        placed = pose.place(box(GREY, (-0.2, 0.3, 0), (0.2, 0.5, 1)))[0].vertices
        assert ((placed[:, :2] - wall.start) @ wall.normal).min() == pytest.approx(0)


def test_the_shell_faces_inwards_and_leaves_openings_open():
    plan = Floorplan(rectangle(4, 3), 2.5)
    wall = plan.walls[0]
    wall.openings.append(Opening("window", 1.0, 2.0, 0.8, 2.0))
    area, centre = 0.0, np.array([2, 1.5, 1.25])
    low, high = floor_and_ceiling(plan, GREY, GREY)
    for part in [*wall_surface(wall, 2.5, GREY), *low, *high]:
        for a, b, c in part.vertices[part.faces]:
            normal = np.cross(b - a, c - a)
            if max(a[1], b[1], c[1]) - min(a[1], b[1], c[1]) < 1e-9:  # on the wall itself
                area += np.linalg.norm(normal) / 2
                assert not (1 < (a + b + c)[0] / 3 < 2 and 0.8 < (a + b + c)[2] / 3 < 2)
            if min(a[1], b[1], c[1]) > -REVEAL_M / 2:
                assert normal @ (centre - a) > 0
    assert area == pytest.approx(4 * 2.5 - 1.2)
