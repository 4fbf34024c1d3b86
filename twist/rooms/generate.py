"""One generated scan, from its plan to the labelled mesh."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from twist.geometry.supervoxels import segment_mesh
from twist.rooms import annotate, grammar
from twist.rooms.building import Building
from twist.rooms.fusion import fuse, simplify
from twist.rooms.labels import scannet_class
from twist.rooms.plan import ScenePlan
from twist.rooms.scanner import scan
from twist.rooms.world import World, build_world
from twist.scene import Scene


@dataclass(frozen=True)
class ScanQuality:
    """How finely rooms are scanned."""

    #: Fusion grid. Above 3 cm chairs and toilets fall apart.
    voxel_size_m: float = 0.03
    #: Depth images a scan, and their size in pixels.
    views: int = 64
    width: int = 200
    height: int = 150
    #: Vertices of a large room's mesh; small rooms keep about 45 % of the fused mesh's.
    vertices: int = 30_000

    @classmethod
    def for_vertices(cls, vertices: int) -> ScanQuality:
        """The quality that gives large rooms meshes of so many vertices: beyond 50 000, a finer scan."""
        if vertices <= 50_000:
            return cls(vertices=vertices)
        return cls(voxel_size_m=0.017, views=96, width=240, height=180, vertices=vertices)


@dataclass(frozen=True)
class GeneratedScan:
    """A scan with everything that its raw files hold.

    scene: in the raw frame, turned and shifted; ``instance`` is the object id (index into ``raw``)
    segments: (N,) int32 mesh segments; in the ScanNet layout objects are unions of them
    raw: raw category of each object
    scene_type: as the raw files call it
    """

    plan: ScenePlan
    scene: Scene
    segments: np.ndarray
    raw: tuple[str, ...]

    @property
    def scene_type(self) -> str:
        return grammar.SCENE_TYPE[self.plan.room_type]


def make_scene(plan: ScenePlan, quality: ScanQuality) -> GeneratedScan:
    """Make one scan; it depends on nothing but its plan and the quality."""
    whole = plan.split == "area"  # S3DIS shows ceilings, columns and beams, and annotates every point
    world = build_world(
        plan.room_type,
        Building((plan.seed, plan.building)),
        np.random.default_rng(plan.room_seed(1)),
        with_structure=whole,
    )
    vertices, faces, face = _scanned(world, plan, quality, see_ceiling=whole)
    segments = segment_mesh(vertices.astype(np.float32), faces)
    if whole:
        names = tuple(name or "clutter" for name in world.raw)
        instance, raw = annotate.number_instances(world.thing[face], names, least=1)
    else:
        thing = annotate.annotate_segments(segments, world.thing[face], len(world.raw))
        instance, raw = annotate.number_instances(thing, world.raw)
    rgb = annotate.photograph(world, vertices, face, np.random.default_rng(plan.scan_seed(4)))
    alignment = np.eye(4) if whole else _misalignment(np.random.default_rng(plan.scan_seed(5)))
    rotation, shift = alignment[:3, :3], alignment[:3, 3]
    classes = np.array([*(-1 if whole else scannet_class(name) for name in raw), -1], np.int32)
    scene = Scene(
        name=plan.name,
        xyz=((vertices - shift) @ rotation).astype(np.float32),
        rgb=rgb,
        faces=faces,
        semantic=classes[instance],
        instance=instance,
        axis_alignment=alignment,
    )
    return GeneratedScan(plan, scene, segments, raw)


def _scanned(
    world: World, plan: ScenePlan, quality: ScanQuality, *, see_ceiling: bool
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Vertices (N, 3), faces (F, 3) and each vertex's nearest triangle of the world (N,)."""
    rng = np.random.default_rng(plan.scan_seed(2))
    recording = scan(world, rng, quality.views, quality.width, quality.height, see_ceiling=see_ceiling)
    margin = 4 * quality.voxel_size_m
    low, high = world.vertices.min(axis=0) - margin, world.vertices.max(axis=0) + margin
    vertices, faces = fuse(recording.frames, low, high, quality.voxel_size_m)
    target = min(quality.vertices, math.ceil(0.45 * len(vertices)))
    vertices, faces = simplify(vertices, faces, target)
    rng = np.random.default_rng(plan.scan_seed(3))
    return vertices, faces, annotate.nearest_face(world, recording.seen, vertices, rng)


def _misalignment(rng: np.random.Generator) -> np.ndarray:
    """An axis alignment (4, 4): about z and along the floor, rounded as the raw file stores it."""
    angle, matrix = rng.uniform(-math.pi, math.pi), np.eye(4)
    matrix[:2, :2] = [[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]]
    matrix[:3, 3] = rng.uniform((-4, -4, -0.2), (4, 4, 0.2))
    return np.round(matrix, 6)
