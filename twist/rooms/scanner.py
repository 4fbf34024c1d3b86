"""A hand-held depth camera that somebody carries through the room."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from twist.geometry.raster import NOTHING, Camera, rasterise
from twist.rooms.world import World

NEAREST_M, FARTHEST_M = 0.35, 4.5
FIELD_OF_VIEW = math.radians(60)
PITCH = (math.radians(-50), math.radians(-6))
PITCH_WITH_CEILING = (math.radians(-50), math.radians(30))
EYE_M = (1.25, 1.7)
#: At each station a look around in steps of 360° / 7 and one glance at the floor.
VIEWS_PER_STATION = 8
GLANCE = (math.radians(-78), math.radians(-60))

#: Tracking drift: random walk of the believed pose a frame, metres and radians, pulled back to the truth.
_DRIFT_M, _DRIFT_RAD, _PULL = 0.0012, 0.0006, 0.9


@dataclass(frozen=True)
class Frame:
    """One depth image: (height, width) float32, metres along the optical axis, 0 = no reading.

    camera: where the tracking believes that it was taken
    """

    depth: np.ndarray
    camera: Camera


@dataclass(frozen=True)
class Scan:
    """The frames of one walk through a room.

    seen: (F,) bool: triangles of the world that some frame saw
    """

    frames: list[Frame]
    seen: np.ndarray


def scan(
    world: World, rng: np.random.Generator, views: int, width: int, height: int, *, see_ceiling: bool
) -> Scan:
    """Walk through the room and record ``views`` depth images of width × height pixels.

    see_ceiling: look up as well, as the scanners of S3DIS did; ScanNet's operators hardly did
    """
    normals, dropout = world.normals(), np.array([paint.dropout for paint in world.paints])[world.paint]
    seen = np.zeros(len(world.faces), bool)
    frames = []
    drift, turn = np.zeros(3), np.zeros(3)
    for camera in _cameras(world, rng, views, width, height, PITCH_WITH_CEILING if see_ceiling else PITCH):
        depth, face_id = rasterise(world.vertices, world.faces, camera, near=0.1)
        seen[face_id[face_id != NOTHING]] = True
        drift = _PULL * drift + rng.normal(0, _DRIFT_M, 3)
        turn = _PULL * turn + rng.normal(0, _DRIFT_RAD, 3)
        believed = replace(
            camera, position=camera.position + drift, rotation=_small_turn(turn) @ camera.rotation
        )
        frames.append(Frame(measure(depth, face_id, camera, normals, dropout, rng), believed))
    return Scan(frames, seen)


def _cameras(
    world: World, rng: np.random.Generator, views: int, width: int, height: int, pitch: tuple[float, float]
) -> Iterator[Camera]:
    """Stations spread over the free floor, at each a look around with varying pitch."""
    stations = _stations(world, rng, -(-views // VIEWS_PER_STATION))
    for k in range(views):
        station = stations[k // VIEWS_PER_STATION % len(stations)]
        if k % VIEWS_PER_STATION == 0:
            start, eye = rng.uniform(0, 2 * math.pi), rng.uniform(*EYE_M)
        step = k % VIEWS_PER_STATION
        yaw = start + 2 * math.pi * step / (VIEWS_PER_STATION - 1) + rng.normal(0, 0.12)
        tilt = rng.uniform(*(GLANCE if step == VIEWS_PER_STATION - 1 else pitch))
        position = np.array([*(station + rng.normal(0, 0.05, 2)), eye])
        yield Camera.looking(position, yaw, tilt, FIELD_OF_VIEW, width, height)


def _stations(world: World, rng: np.random.Generator, count: int) -> np.ndarray:
    """(count or fewer, 2) places to stand: farthest-point choice among random free ones."""
    for clearance in (0.3, 0.15, 0.02):
        free = world.plan.free_positions(rng, 150, clearance)
        if len(free) >= count:
            break
    if len(free) == 0:  # a room full of things: hold the camera over them in the middle
        free = world.plan.outline.mean(axis=0)[None]
    chosen = [0]
    distance = np.full(len(free), np.inf)
    while len(chosen) < min(count, len(free)):
        distance = np.minimum(distance, np.hypot(*(free - free[chosen[-1]]).T))
        chosen.append(int(distance.argmax()))
    return free[chosen]


def _small_turn(angles: np.ndarray) -> np.ndarray:
    """Rotation matrix (3, 3) of a small rotation vector (3,), made orthonormal."""
    x, y, z = angles
    q, r = np.linalg.qr(np.array([[1, -z, y], [z, 1, -x], [-y, x, 1]]))
    return q * np.sign(np.diag(r))


def measure(
    depth: np.ndarray,
    face_id: np.ndarray,
    camera: Camera,
    normals: np.ndarray,
    dropout: np.ndarray,
    rng: np.random.Generator,
) -> np.ndarray:
    """What the sensor makes of a true depth image: range, noise, quantisation, and missing readings.

    σ(z) = 1.2 mm + 1.9 mm/m² (z - 0.4 m)², the axial noise of the first Kinect (Nguyen et al., 2012),
    half of it in patches of 4 × 4 pixels, because stereo matching correlates neighbours.
    """
    shape = depth.shape
    hit = face_id != NOTHING
    z = np.where(hit, depth, 0.0).astype(np.float64)
    rays = camera.rays()
    cosine = np.einsum("hwi,hwi->hw", (normals @ camera.rotation)[face_id], rays)
    incidence = np.abs(cosine) / np.sqrt(np.einsum("hwi,hwi->hw", rays, rays))
    lost = rng.random(shape) < dropout[face_id]
    lost |= rng.random(shape) < np.clip((0.28 - incidence) / 0.16, 0, 1)
    lost |= _at_edge(z) & (rng.random(shape) < 0.5)
    lost |= ~hit | (z < NEAREST_M) | (z > FARTHEST_M)
    sigma = 0.0012 + 0.0019 * (z - 0.4) ** 2
    coarse = rng.standard_normal((-(-shape[0] // 4), -(-shape[1] // 4))).repeat(4, 0).repeat(4, 1)
    noise = math.sqrt(0.5) * (rng.standard_normal(shape) + coarse[: shape[0], : shape[1]])
    step = np.maximum(0.0012 * z**2, 1e-4)
    measured = np.round((z + sigma * noise) / step) * step
    return np.where(lost, 0.0, measured).astype(np.float32)


def _at_edge(z: np.ndarray) -> np.ndarray:
    """Pixels beside a jump in depth of more than 5 cm + 2 %."""
    edge = np.zeros(z.shape, bool)
    for axis in (0, 1):
        a, b = (z[1:], z[:-1]) if axis == 0 else (z[:, 1:], z[:, :-1])
        jump = np.abs(a - b) > 0.05 + 0.02 * np.minimum(a, b)
        first, second = (edge[1:], edge[:-1]) if axis == 0 else (edge[:, 1:], edge[:, :-1])
        first |= jump
        second |= jump
    return edge
