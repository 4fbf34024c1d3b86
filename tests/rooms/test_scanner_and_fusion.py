"""The simulated camera against its noise model, and fusion against shapes whose surface is known."""

from __future__ import annotations

import math

import numpy as np
import pytest

from twist.errors import TwistError
from twist.geometry.raster import Camera, rasterise
from twist.rooms import scanner
from twist.rooms.building import Building
from twist.rooms.fusion import fuse, simplify
from twist.rooms.paint import Paint
from twist.rooms.scanner import FARTHEST_M, NEAREST_M, Frame, measure, scan
from twist.rooms.shapes import lathe
from twist.rooms.world import World, build_world

GREY = Paint((128.0, 128.0, 128.0))


def wall_image(distance: float, slant: float = 0.0) -> tuple[np.ndarray, np.ndarray, Camera, np.ndarray]:
    """Depth, face ids, camera and face normals of a large wall, turned by ``slant`` about the vertical."""
    view = Camera.looking(np.zeros(3), 0.0, 0.0, 1.0, 64, 48)
    along = np.array([-math.sin(slant), math.cos(slant), 0]) * 50
    middle, up = np.array([distance, 0, 0]), np.array([0, 0, 50.0])
    vertices = np.array([middle - along - up, middle + along - up, middle + along + up, middle - along + up])
    faces = np.array([[0, 1, 2], [0, 2, 3]])
    normal = np.array([-math.cos(slant), -math.sin(slant), 0])
    return *rasterise(vertices, faces, view), view, np.stack([normal, normal])


@pytest.mark.parametrize("distance", [0.6, 1.5, 3.0, 4.2])
def test_noise_grows_with_distance_as_the_model_says(distance):
    depth, face_id, view, normals = wall_image(distance)
    rng = np.random.default_rng(0)
    readings = np.stack([measure(depth, face_id, view, normals, np.zeros(2), rng) for _ in range(20)])
    error = readings[readings > 0] - distance
    sigma = 0.0012 + 0.0019 * (distance - 0.4) ** 2
    step = 0.0012 * distance**2
    assert error.std() == pytest.approx(math.hypot(sigma, step / math.sqrt(12)), rel=0.15)
    assert abs(error.mean()) < 0.2 * sigma + 0.5 * step
    assert (readings > 0).mean() > 0.99


def test_readings_are_multiples_of_the_quantisation_step():
    depth, face_id, view, normals = wall_image(3.0)
    reading = measure(depth, face_id, view, normals, np.zeros(2), np.random.default_rng(0))
    assert len(np.unique(reading)) < 40


@pytest.mark.parametrize("distance", [NEAREST_M - 0.1, FARTHEST_M + 0.2])
def test_nothing_is_read_out_of_range(distance):
    depth, face_id, view, normals = wall_image(distance)
    assert not measure(depth, face_id, view, normals, np.zeros(2), np.random.default_rng(0)).any()


def test_grazing_and_badly_reflecting_surfaces_lose_readings():
    rng = np.random.default_rng(0)
    depth, face_id, view, normals = wall_image(2.0, slant=math.radians(84))
    assert (measure(depth, face_id, view, normals, np.zeros(2), rng) > 0).mean() < 0.35
    depth, face_id, view, normals = wall_image(2.0)
    share = (measure(depth, face_id, view, normals, np.full(2, 0.75), rng) > 0).mean()
    assert share == pytest.approx(0.25, abs=0.04)


def test_edges_lose_about_half_of_their_readings():
    depth = np.full((40, 40), 2.0, np.float32)
    depth[:, 20:] = 3.0
    view = Camera.looking(np.zeros(3), 0.0, 0.0, 0.5, 40, 40)
    rng = np.random.default_rng(0)
    face_id, normals = np.zeros((40, 40), int), np.array([[-1.0, 0, 0]])
    lost = np.mean([measure(depth, face_id, view, normals, np.zeros(1), rng) == 0 for _ in range(20)], axis=0)
    assert lost[:, 19:21].mean() == pytest.approx(0.5, abs=0.1)
    assert lost[:, :19].max() == lost[:, 21:].max() == 0


def make_world() -> World:
    return build_world("bedroom", Building((0, 0)), np.random.default_rng(0))


def test_a_scan_repeats_with_its_seed_and_sees_only_what_it_rendered():
    world = make_world()
    first, second = (scan(world, np.random.default_rng(5), 6, 40, 30, see_ceiling=False) for _ in range(2))
    assert all((a.depth == b.depth).all() for a, b in zip(first.frames, second.frames, strict=True))
    assert 0 < first.seen.sum() < len(world.faces)


def test_ceilings_are_scanned_on_request_only():
    world = make_world()
    ceiling = world.raw.index("ceiling")

    def share(see_ceiling: bool) -> float:
        rng = np.random.default_rng(1)
        heights = []
        for frame in scan(world, rng, 24, 40, 30, see_ceiling=see_ceiling).frames:
            points = frame.camera.rays() * frame.depth[..., None] @ frame.camera.rotation.T
            heights.append((points + frame.camera.position)[frame.depth > 0][:, 2])
        return float((np.concatenate(heights) > world.plan.height - 0.05).mean())

    assert world.raw[ceiling] == "ceiling"
    assert share(True) > 3 * share(False)


def test_a_room_without_free_floor_is_scanned_from_its_middle(monkeypatch):
    world = make_world()
    monkeypatch.setattr(world.plan, "free_positions", lambda *_: np.zeros((0, 2)))
    frames = scan(world, np.random.default_rng(0), 3, 20, 15, see_ceiling=False).frames
    middle = world.plan.outline.mean(axis=0)
    assert all(np.hypot(*(frame.camera.position[:2] - middle)) < 0.3 for frame in frames)
    assert len(scanner._stations(world, np.random.default_rng(0), 4)) == 1


def frames_around(vertices: np.ndarray, faces: np.ndarray, radius: float, count: int) -> list[Frame]:
    """Perfect depth images from a circle of cameras that look at the origin."""
    frames = []
    for angle in np.arange(count) * 2 * math.pi / count:
        position = radius * np.array([math.cos(angle), math.sin(angle), 0.6])
        pitch = -math.atan2(0.6, 1)
        view = Camera.looking(position, angle + math.pi, pitch, 1.0, 120, 90)
        depth, _ = rasterise(vertices, faces, view)
        frames.append(Frame(np.where(np.isfinite(depth), depth, 0).astype(np.float32), view))
    return frames


def ball(radius: float) -> tuple[np.ndarray, np.ndarray]:
    turn = np.linspace(-math.pi / 2, math.pi / 2, 40)
    profile = [(radius * math.cos(t), radius * math.sin(t)) for t in turn]
    part = lathe(GREY, profile, 60)[0]
    return part.vertices, part.faces


def test_fusion_of_perfect_images_finds_the_surface_and_its_side():
    truth = ball(0.5)
    low, high = np.full(3, -0.8), np.full(3, 0.8)
    vertices, faces = fuse(frames_around(*truth, 1.8, 10), low, high, 0.03)
    off = np.abs(np.linalg.norm(vertices, axis=1) - 0.5)
    assert np.percentile(off, 95) < 0.01  # a third of a voxel
    a, b, c = vertices[faces].transpose(1, 0, 2)
    normal = np.cross(b - a, c - a)
    outward = (normal * (a + b + c)).sum(axis=1) > 0
    assert outward.mean() > 0.999
    assert vertices[:, 2].max() > 0.45
    # The cameras look down: the ball's underside was never seen and must not be made up.
    assert vertices[:, 2].min() > -0.49


def test_fusion_of_empty_images_is_refused():
    view = Camera.looking(np.zeros(3), 0, 0, 1, 8, 6)
    frames = [Frame(np.zeros((6, 8), np.float32), view)]
    with pytest.raises(TwistError, match="no surface"):
        fuse(frames, np.full(3, -1.0), np.full(3, 1.0), 0.1)


def test_simplification_reaches_its_target_keeps_the_shape_and_drops_specks():
    vertices, faces = ball(0.5)
    speck = np.array([(2.0, 2, 2), (2, 2.01, 2), (2.01, 2, 2)])
    merged = np.unique(np.round(vertices, 9), axis=0, return_inverse=True)
    faces = merged[1].ravel()[faces]
    faces = faces[(faces != np.roll(faces, 1, axis=1)).all(axis=1)]
    count = len(merged[0])
    simple, simple_faces = simplify(
        np.concatenate([merged[0], speck]), np.concatenate([faces, [[count, count + 1, count + 2]]]), 500
    )
    assert 400 < len(simple) < 600
    assert np.abs(np.linalg.norm(simple, axis=1) - 0.5).max() < 0.02
    assert set(np.unique(simple_faces)) == set(range(len(simple)))
    assert (simple_faces != np.roll(simple_faces, 1, axis=1)).all()


def test_a_mesh_below_the_target_is_left_as_it_is():
    vertices, faces = ball(0.5)
    simple, simple_faces = simplify(vertices, faces, 10**6)
    np.testing.assert_array_equal(simple, vertices)
    np.testing.assert_array_equal(simple_faces, faces)
