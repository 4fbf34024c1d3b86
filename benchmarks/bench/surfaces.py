"""Cases of over-segmentation: supervoxels of meshes and of point clouds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from scipy.spatial import cKDTree

from benchmarks.bench.case import Case, Task
from benchmarks.bench.geometry import same_arrays
from benchmarks.bench.inputs import folded_sheet
from twist.geometry.supervoxels import segment_cloud, segment_mesh

K, MIN_VERTICES, NEIGHBOURS = 0.01, 20, 16


def mesh_task(vertices: int, _: Path) -> Task:
    scene, _ = folded_sheet(vertices)
    return Task(
        lambda: (segment_mesh(scene.xyz, scene.faces, K, MIN_VERTICES),),
        lambda: (mesh_plainly(scene.xyz.astype(np.float64), scene.faces),),
        same_arrays,
        len(scene),
    )


def cloud_task(points: int, _: Path) -> Task:
    xyz = folded_sheet(points)[0].xyz

    def check(ours: tuple[np.ndarray, ...], reference: tuple[np.ndarray, ...]) -> None:
        same_arrays(ours[:1], reference[:1])
        np.testing.assert_allclose(ours[1], reference[1], rtol=0, atol=1e-5)

    return Task(
        lambda: segment_cloud(xyz, NEIGHBOURS, K, MIN_VERTICES),
        lambda: cloud_plainly(xyz.astype(np.float64)),
        check,
        len(xyz),
    )


def mesh_plainly(xyz: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """ScanNet's weights in NumPy, pieces merged in plain Python."""
    a, b, c = (xyz[faces[:, k]] for k in range(3))
    normal = _cross(b - a, c - a)
    length = np.sqrt(_dot(normal, normal))
    proper = length > 0
    unit = normal[proper] / length[proper, None]
    sums, counts = np.zeros_like(xyz), np.zeros(len(xyz))
    np.add.at(sums, faces[proper].ravel(), np.repeat(unit, 3, axis=0))
    np.add.at(counts, faces[proper].ravel(), 1)
    normals = sums / np.maximum(counts, 1)[:, None]
    first, second = (faces[:, order].ravel() for order in ([0, 0, 2], [1, 2, 1]))
    weight = np.maximum(1 - _dot(normals[first], normals[second]), 0)
    convex = _dot(normals[second], xyz[second] - xyz[first]) > 0
    weight = np.where(convex, weight * weight, weight).astype(np.float32)
    return merge_plainly(len(xyz), first, second, weight)


def cloud_plainly(xyz: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A plane fitted to each point's neighbours in turn, pieces merged in plain Python."""
    nearest = cKDTree(xyz).query(xyz, NEIGHBOURS + 1)[1]
    normals = np.empty_like(xyz)
    for i, around in enumerate(nearest):
        spread = xyz[around] - xyz[around].mean(axis=0)
        normals[i] = np.linalg.eigh(np.einsum("ki,kj->ij", spread, spread))[1][:, 0]
    middle = (xyz.min(axis=0) + xyz.max(axis=0)) / 2
    normals[np.einsum("ij,ij->i", normals, middle - xyz) < 0] *= -1
    first, second = np.repeat(np.arange(len(xyz)), NEIGHBOURS + 1), nearest.ravel()
    other = first != second
    first, second = first[other], second[other]
    weight = np.maximum(1 - np.abs(_dot(normals[first], normals[second])), 0).astype(np.float32)
    return merge_plainly(len(xyz), first, second, weight), normals.astype(np.float32)


def merge_plainly(n: int, first: np.ndarray, second: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Felzenszwalb and Huttenlocher's merging, edge by edge: (n,) ids by first member."""
    order = np.argsort(weight, kind="stable")
    edges = list(zip(first[order].tolist(), second[order].tolist(), weight[order].tolist(), strict=True))
    parent, size, limit = list(range(n)), [1] * n, [K] * n

    def root(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    for small_pieces in (False, True):
        for one, other, w in edges:
            a, b = root(one), root(other)
            if a == b:
                continue
            small = size[a] < MIN_VERTICES or size[b] < MIN_VERTICES
            if small if small_pieces else w <= limit[a] and w <= limit[b]:
                if size[a] < size[b]:
                    a, b = b, a
                parent[b] = a
                size[a] += size[b]
                limit[a] = w + K / size[a]
    roots = np.array([root(i) for i in range(n)])
    _, where, inverse = np.unique(roots, return_index=True, return_inverse=True)
    return np.argsort(np.argsort(where))[inverse]


def _dot(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return a[:, 0] * b[:, 0] + a[:, 1] * b[:, 1] + a[:, 2] * b[:, 2]


def _cross(u: np.ndarray, v: np.ndarray) -> np.ndarray:
    """``np.cross``, in the order of operations that every implementation has."""
    parts = [u[:, i] * v[:, j] - u[:, j] * v[:, i] for i, j in ((1, 2), (2, 0), (0, 1))]
    return np.stack(parts, axis=1)


CASES = [
    Case(
        "mesh supervoxels", "vertices", "weights in NumPy, merging in Python", "bit for bit",
        (33_000, 132_000, 500_000), mesh_task,
    ),
    Case(
        "point-cloud supervoxels", "points", "a plane a point in turn, merging in Python",
        "the same ids, normals to 1e-5", (16_000, 33_000, 66_000), cloud_task,
    ),
]  # fmt: skip
