"""Cases of data: raw scans read and prepared, scans generated."""

from __future__ import annotations

import json
import math
import re
import struct
from pathlib import Path
from unittest import mock

import numpy as np

from benchmarks.bench.case import Case, Task
from benchmarks.bench.geometry import same_arrays
from benchmarks.bench.inputs import folded_sheet
from twist.classes import SCANNET
from twist.formats.scannet_labels import LABEL_MAP
from twist.formats.scannet_write import write_scannet_scan
from twist.geometry import raster
from twist.preparation import prepare_scenes
from twist.rooms import fusion, scanner
from twist.rooms.generate import ScanQuality, make_scene
from twist.rooms.plan import plan_benchmark
from twist.scene import Scene

KEPT = ("xyz", "rgb", "faces", "semantic", "instance")


def prepare_task(vertices: int, folder: Path) -> Task:
    scene, segment = folded_sheet(vertices)
    scan = folder / "scans" / scene.name
    objects = ("chair",) * int(scene.instance.max() + 1)
    write_scannet_scan(scan, scene, segment, objects, "Office")
    (folder / LABEL_MAP).write_text("raw_category\tnyu40id\nchair\t5\n")

    def ours() -> Path:
        prepare_scenes({scene.name: scan}, "scannet", None, folder / "ours", force=True)
        return folder / "ours" / f"{scene.name}.npz"

    def reference() -> Path:
        prepare_plainly(scan, {"chair": 5}, folder / "plain.npz")
        return folder / "plain.npz"

    def check(mine: Path, other: Path) -> None:
        with np.load(mine) as ours, np.load(other) as plain:
            same_arrays(tuple(ours[key] for key in KEPT), tuple(plain[key] for key in KEPT))

    return Task(ours, reference, check, len(scene))


def prepare_plainly(scan: Path, label_map: dict[str, int], out: Path) -> None:
    """As the usual scripts: vertices as lists of lists, faces one by one, labels vertex by vertex."""
    name = scan.name
    vertices, faces = read_ply_plainly(scan / f"{name}_vh_clean_2.ply")
    read_ply_plainly(scan / f"{name}_vh_clean_2.labels.ply")  # ScanNet's vertex labels, cross-checked or used
    points = np.array([list(row) for row in vertices])
    segments = json.loads((scan / f"{name}_vh_clean_2.0.010000.segs.json").read_text())["segIndices"]
    vertices_of: dict[int, list[int]] = {}
    for vertex, segment in enumerate(segments):
        vertices_of.setdefault(segment, []).append(vertex)
    semantic, instance = np.full(len(points), -1, np.int32), np.full(len(points), -1, np.int32)
    groups = json.loads((scan / f"{name}.aggregation.json").read_text())["segGroups"]
    for group in groups:
        for segment in group["segments"]:
            for vertex in vertices_of[segment]:
                semantic[vertex] = SCANNET.label_ids.index(label_map[group["label"]])
                instance[vertex] = group["objectId"]
    xyz, rgb = points[:, :3].astype(np.float32), points[:, 3:6].astype(np.uint8)
    np.savez(out, xyz=xyz, rgb=rgb, faces=np.array(faces, np.int32), semantic=semantic, instance=instance)


def read_ply_plainly(path: Path) -> tuple[np.ndarray, list[tuple[int, ...]]]:
    """Vertices as a structured array, faces unpacked in turn: what plyfile does, with less around it."""
    data = path.read_bytes()
    header, _, body = data.partition(b"end_header\n")
    types = {b"float": "<f4", b"uchar": "u1", b"ushort": "<u2"}
    scalars = re.findall(rb"property (float|uchar|ushort) (\w+)\n", header)
    row = np.dtype([(name.decode(), types[kind]) for kind, name in scalars])
    count, face_count = (int(n) for n in re.findall(rb"element \w+ (\d+)", header))
    faces, at = [], count * row.itemsize
    for _ in range(face_count):
        corners = body[at]
        faces.append(struct.unpack_from(f"<{corners}i", body, at + 1))
        at += 1 + 4 * corners
    return np.frombuffer(body, row, count), faces


def generate_task(views: int, _: Path) -> Task:
    plan = plan_benchmark(1, 0, seed=0)[0]

    def ours() -> Scene:
        return make_scene(plan, ScanQuality(views=views)).scene

    def reference() -> Scene:
        with (
            mock.patch.object(scanner, "rasterise", rasterise_plainly),
            mock.patch.object(fusion, "_integrate", integrate_plainly),
        ):
            return ours()

    def check(mine: Scene, other: Scene) -> None:
        same_arrays(tuple(getattr(mine, key) for key in KEPT), tuple(getattr(other, key) for key in KEPT))

    return Task(ours, reference, check, views)


def rasterise_plainly(
    vertices: np.ndarray, faces: np.ndarray, camera: raster.Camera, *, near: float
) -> tuple[np.ndarray, np.ndarray]:
    """Triangle after triangle, each as NumPy arrays over its rectangle of pixels."""
    depth = np.full((camera.height, camera.width), np.inf, np.float32)
    face_id = np.full(depth.shape, raster.NOTHING, np.int32)
    local, polygon = camera.to_camera(np.asarray(vertices, np.float64)), np.empty((4, 3))
    middle = np.array([camera.width / 2, camera.height / 2])
    for face, corners in enumerate(faces):
        count = raster._clip_near.py_func(local, corners, near, polygon)
        for i in range(1, count - 1):
            triangle = polygon[[0, i, i + 1]]
            image = triangle[:, :2] / triangle[:, 2:] * camera.focal_px + middle
            _fill(image, triangle[:, 2], face, depth, face_id)
    return depth, face_id


def _fill(image: np.ndarray, z: np.ndarray, face: int, depth: np.ndarray, face_id: np.ndarray) -> None:
    (ax, ay), (bx, by), (cx, cy) = image.tolist()
    area = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)
    if area == 0 or not math.isfinite(area):
        return
    left, right = max(0, math.ceil(min(ax, bx, cx) - 0.5)), math.floor(max(ax, bx, cx) - 0.5) + 1
    top, bottom = max(0, math.ceil(min(ay, by, cy) - 0.5)), math.floor(max(ay, by, cy) - 0.5) + 1
    place = (slice(top, max(bottom, 0)), slice(left, max(right, 0)))
    shown = depth[place]
    if shown.size == 0:
        return
    x = np.arange(left, left + shown.shape[1]) + 0.5 - cx
    y = (np.arange(top, top + shown.shape[0]) + 0.5 - cy)[:, None]
    wa = (by - cy) / area * x + (cx - bx) / area * y
    wb = (cy - ay) / area * x + (ax - cx) / area * y
    wc = 1.0 - wa - wb
    with np.errstate(all="ignore"):
        far = (1.0 / (wa * (1 / z[0]) + wb * (1 / z[1]) + wc * (1 / z[2]))).astype(np.float32)
    nearer = (wa >= -1e-9) & (wb >= -1e-9) & (wc >= -1e-9) & (far < shown)
    shown[nearer] = far[nearer]
    face_id[place][nearer] = face


def integrate_plainly(
    depth: np.ndarray,
    rotation: np.ndarray,
    position: np.ndarray,
    focal: float,
    voxel: float,
    touched: np.ndarray,
    distance: np.ndarray,
    weight: np.ndarray,
) -> None:
    """All voxels of the touched blocks at once, as NumPy arrays."""
    block = fusion._BLOCK
    inside = np.stack(np.meshgrid(*[np.arange(block)] * 3, indexing="ij"), -1).reshape(-1, 3)
    cell = (np.argwhere(touched)[:, None] * block + inside).reshape(-1, 3)
    d = (cell + 0.5) * voxel - position
    x, y, z = (
        rotation[0, k] * d[:, 0] + rotation[1, k] * d[:, 1] + rotation[2, k] * d[:, 2] for k in range(3)
    )
    front = z >= 0.1
    cell, x, y, z = cell[front], x[front], y[front], z[front]
    height, width = depth.shape
    column, row = (x / z * focal + width / 2).astype(int), (y / z * focal + height / 2).astype(int)
    seen = (column >= 0) & (column < width) & (row >= 0) & (row < height)
    cell, z, reading = cell[seen], z[seen], depth[row[seen], column[seen]]
    before, behind = fusion._BEFORE * voxel, fusion._BEHIND * voxel
    signed = reading - z
    near = (reading > 0) & (signed >= -behind)
    cell, signed, reading = tuple(cell[near].T), signed[near], reading[near]
    w = 1.0 / (0.3 + (reading * reading).astype(np.float64))
    w = np.where(signed < 0, w * (1 + signed / behind), w)
    total = weight[cell] + w
    some = total > 0
    cell, w, total = tuple(axis[some] for axis in cell), w[some], total[some]
    old = distance[cell]
    distance[cell] = old + (np.minimum(signed[some], before) - old) * w / total
    weight[cell] = total


CASES = [
    Case(
        "reading and preparing", "vertices", "vertices as lists, faces by `struct` one by one (plyfile is no "
        "dependency), labels vertex by vertex", "bit for bit", (33_000, 132_000, 500_000), prepare_task,
    ),
    Case(
        "scene generation", "depth images", "the same with z-buffer and fusion in NumPy", "bit for bit",
        (16, 32, 64), generate_task,
    ),
]  # fmt: skip
