from __future__ import annotations

import numpy as np

from twist.rooms.annotate import annotate_segments, nearest_face, number_instances, photograph
from twist.rooms.building import Building
from twist.rooms.paint import TEXTURES, USUAL, Paint, colour_at, mix
from twist.rooms.world import World, build_world


def make_world() -> World:
    return build_world("kitchen", Building((0, 1)), np.random.default_rng(3))


def distance_to_triangle(point: np.ndarray, corners: np.ndarray) -> float:
    """By dense sampling of the triangle."""
    u, v = np.meshgrid(np.linspace(0, 1, 60), np.linspace(0, 1, 60))
    u, v = u[u + v <= 1], v[u + v <= 1]
    a, b, c = corners
    return float(np.linalg.norm(a + np.outer(u, b - a) + np.outer(v, c - a) - point, axis=1).min())


def test_the_nearest_face_is_nearest_to_within_the_spacing_of_the_samples():
    world = make_world()
    rng = np.random.default_rng(0)
    faces = rng.choice(len(world.faces), 25)
    points = world.corners[faces].mean(axis=1)
    nearest = nearest_face(world, np.ones(len(world.faces), bool), points, rng)
    for point, face in zip(points, nearest, strict=True):
        assert distance_to_triangle(point, world.corners[face]) < 0.08


def test_faces_that_the_scan_never_saw_give_no_labels():
    world = make_world()
    seen = np.zeros(len(world.faces), bool)
    seen[3:9] = True
    points = world.corners.mean(axis=1)
    assert set(nearest_face(world, seen, points, np.random.default_rng(0))) <= set(range(3, 9))


def test_a_segment_belongs_to_the_thing_of_most_of_its_vertices():
    segments = np.array([7, 7, 7, 2, 2, 9])
    thing = np.array([1, 0, 1, 2, 0, 0], np.int32)
    assert annotate_segments(segments, thing, 3).tolist() == [1, 1, 1, 0, 0, 0]  # a tie: the smaller


def test_lost_and_unannotated_things_get_no_instance_and_ids_are_contiguous():
    thing = np.repeat([0, 1, 2, 3], [40, 5, 50, 30])
    instance, raw = number_instances(thing, ("wall", "chair", None, "couch"), least=30)
    assert raw == ("wall", "couch")
    np.testing.assert_array_equal(instance, np.repeat([0, -1, -1, 1], [40, 5, 50, 30]))


def test_photographs_differ_by_scan_and_keep_dark_darker_than_bright():
    world = make_world()
    face = np.arange(len(world.faces))
    points = world.corners.mean(axis=1)
    first, second = (photograph(world, points, face, np.random.default_rng(k)) for k in (0, 1))
    assert first.dtype == np.uint8
    assert (first != second).mean() > 0.5
    base = np.array([paint.rgb for paint in world.paints])[world.paint].mean(axis=1)
    assert first[base > 200].mean() > first[base < 60].mean() + 60


def test_textures_vary_over_a_surface_and_plain_ones_do_not():
    rng = np.random.default_rng(0)
    points, up = rng.uniform(0, 3, (500, 3)), np.tile([0, 0, 1.0], (500, 1))
    for texture in TEXTURES:
        paint = Paint((120.0, 110.0, 100.0), texture, contrast=0.1, scale_m=0.2, phase=1.0)
        colours = colour_at(points, up, np.zeros(500, int), [paint])
        assert (colours.std(axis=0) > 1).all() == (texture != "plain")
        np.testing.assert_allclose(colours.mean(axis=0), paint.rgb, atol=12)


def test_most_paints_have_a_usual_colour_of_their_material_and_some_any():
    rng = np.random.default_rng(0)
    usual = np.array(USUAL["wood"])
    distance = [np.abs(usual - mix(rng, "wood").rgb).max(axis=1).min() for _ in range(2000)]
    near = np.mean(np.array(distance) < 30)
    assert 0.72 < near < 0.85  # 75 %, and a few of the others by chance
