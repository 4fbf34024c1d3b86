"""Labels and colours of the fused mesh, from the nearest true surface."""

from __future__ import annotations

import numpy as np
from scipy.spatial import cKDTree

from twist.geometry.sampling import places_in_triangles
from twist.regions import Regions, majority
from twist.rooms.paint import colour_at
from twist.rooms.world import World

#: Spacing of the sample points on true surfaces, metres.
_SPACING_M = 0.025
#: Things with fewer labelled vertices than this were lost by the scan and leave the ground truth.
LEAST_VERTICES = 30


def nearest_face(world: World, seen: np.ndarray, points: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Index (N,) of the world's triangle nearest to each point (N, 3), among those that the scan saw.

    seen: (F,) bool. Distances are taken to random points on the triangles, 2.5 cm apart on average.
    """
    faces = np.flatnonzero(seen)
    a, b, c = world.corners[faces].transpose(1, 0, 2)
    area = np.linalg.norm(np.cross(b - a, c - a), axis=1) / 2
    owner = np.repeat(np.arange(len(faces)), np.ceil(area / _SPACING_M**2).astype(int) + 1)
    u, v = places_in_triangles(len(owner), rng)
    samples = a[owner] + u[:, None] * (b - a)[owner] + v[:, None] * (c - a)[owner]
    _, nearest = cKDTree(samples, balanced_tree=False, compact_nodes=False).query(points)
    return faces[owner[nearest]]


def annotate_segments(segments: np.ndarray, thing: np.ndarray, things: int) -> np.ndarray:
    """The thing (N,) int32 of each vertex as an annotator gives it: one thing a segment, by majority.

    segments: (N,) ids; thing: (N,) int32 in 0..things - 1
    """
    partition = Regions.from_ids(segments)
    winner, _ = majority(partition, thing, things)
    return partition.spread(winner.astype(np.int32), -1)


def number_instances(
    thing: np.ndarray, raw: tuple[str | None, ...], least: int = LEAST_VERTICES
) -> tuple[np.ndarray, tuple[str, ...]]:
    """Object ids (N,) int32, -1 where nothing is annotated, and the raw category of each object.

    Things without raw category and things of fewer than ``least`` vertices get no id.
    """
    count = np.bincount(thing, minlength=len(raw))
    kept = [i for i, name in enumerate(raw) if name is not None and count[i] >= least]
    number = np.full(len(raw), -1, np.int32)
    number[kept] = np.arange(len(kept))
    return number[thing], tuple(raw[i] or "" for i in kept)


def photograph(world: World, points: np.ndarray, face: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Colours (N, 3) uint8 of points (N, 3) on the world's triangles ``face`` (N,).

    One lamp below the ceiling and an even glow; gain, white balance and gamma of one camera for the scene.
    """
    normals = world.normals()[face]
    albedo = colour_at(points, normals, world.paint[face], world.paints) / 255
    low, high = world.plan.outline.min(axis=0), world.plan.outline.max(axis=0)
    lamp = np.array(
        [*rng.uniform(low + 0.3 * (high - low), high - 0.3 * (high - low)), world.plan.height - 0.3]
    )
    towards = lamp - points
    distance = np.linalg.norm(towards, axis=1, keepdims=True)
    cosine = np.abs((normals * towards / np.maximum(distance, 0.1)).sum(axis=1, keepdims=True))
    light = rng.uniform(0.6, 0.8) + rng.uniform(0.4, 0.8) * cosine / (1 + (distance / 2.5) ** 2)
    gain = rng.uniform(0.8, 1.12) * (1 + rng.normal(0, 0.05, 3))
    image = albedo * light * gain + rng.normal(0, 0.012, albedo.shape)
    return np.round(np.clip(image, 0, 1) ** rng.uniform(0.9, 1.1) * 255).astype(np.uint8)
