"""Supervoxels: over-segmentation of a mesh or a bare point cloud into small pieces bounded by creases.

Felzenszwalb and Huttenlocher, "Efficient Graph-Based Image Segmentation" (IJCV 2004), on the graph of the
surface, with the edge weights of ScanNet's segmentation tool.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from scipy.spatial import cKDTree

from twist.geometry.mesh import mean_face_normals
from twist.geometry.sorting import sorted_keys
from twist.geometry.union_find import find, ids_by_first_member


def segment_mesh(xyz: np.ndarray, faces: np.ndarray, k: float = 0.01, min_vertices: int = 20) -> np.ndarray:
    """Supervoxels of a triangle mesh.

    xyz: (N, 3) float32, metres; faces: (F, 3) int32. Larger ``k`` gives larger pieces; pieces under
    ``min_vertices`` are merged with a neighbour, so only pieces without one stay smaller (a vertex without
    faces is a piece of its own).
    Returns (N,) int32 ids 0..K-1, numbered by first vertex. Weights and settings: ScanNet's defaults.
    """
    faces = np.ascontiguousarray(faces, np.int32)
    normals = mean_face_normals(xyz, faces)
    ends, weights = _mesh_graph(np.asarray(xyz, np.float64), normals, faces)
    return _segment_graph(len(xyz), ends, weights, k, min_vertices)


def segment_cloud(
    xyz: np.ndarray, neighbours: int = 16, k: float = 0.01, min_vertices: int = 20
) -> tuple[np.ndarray, np.ndarray]:
    """Supervoxels of a point cloud without faces, on the graph of each point's nearest neighbours.

    xyz: (N, 3) float32, metres. Normals are fitted to the same neighbours. Neighbouring ones may differ in
    sign, so the weight is 1 - |n1 . n2| and convexity plays no part (our choice; no published form).
    Returns (N,) int32 ids 0..K-1, numbered by first point, and the normals, (N, 3) float32.
    """
    points = np.asarray(xyz, np.float64)
    degree = min(neighbours, len(points) - 1)
    if degree < 1:
        return np.arange(len(points), dtype=np.int32), np.zeros((len(points), 3), np.float32)
    tree = cKDTree(points)
    nearest = np.empty((len(points), degree + 1), np.int32)
    # Asked in the tree's own order: neighbours in space follow one another, which spares the cache.
    nearest[tree.indices] = tree.query(points[tree.indices], degree + 1)[1]
    normals = _fitted_normals(points, nearest)
    ends, weights = _cloud_graph(nearest, normals)
    return _segment_graph(len(points), ends, weights, k, min_vertices), normals.astype(np.float32)


def _fitted_normals(points: np.ndarray, nearest: np.ndarray) -> np.ndarray:
    """(N, 3) float64 unit normals of the planes through each point's neighbours.

    They face the middle of the cloud: in a room that is where the scanner stood, whose side a mesh's normals
    face too.
    """
    normals = np.empty_like(points)
    step = 1 << 17  # bounds the memory of the gathered neighbourhoods
    for start in range(0, len(points), step):
        around = points[nearest[start : start + step]]
        around = around - around.mean(axis=1, keepdims=True)
        _, vectors = np.linalg.eigh(np.einsum("nki,nkj->nij", around, around))
        normals[start : start + step] = vectors[:, :, 0]
    middle = (points.min(axis=0) + points.max(axis=0)) / 2
    away = np.einsum("ij,ij->i", normals, middle - points) < 0
    normals[away] *= -1
    return normals


def _segment_graph(n: int, ends: np.ndarray, weights: np.ndarray, k: float, min_vertices: int) -> np.ndarray:
    """Felzenszwalb-Huttenlocher on a graph given by ends (E, 2) int32 and weights (E,) float32 >= 0.

    An edge that appears again with a larger weight changes nothing: had its first appearance not joined the
    two pieces, the piece that refused it could not have changed since. So the two weights of an interior
    mesh edge need no weeding out; the smaller one decides.
    """
    # The bits of non-negative float32 sort like the numbers.
    order, _ = sorted_keys(weights.view(np.uint32).astype(np.int64))
    return _merge(n, ends, weights, order, float(k), int(min_vertices))


@njit(cache=True)
def _mesh_graph(xyz: np.ndarray, normals: np.ndarray, faces: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The three directed edges of every face and their weights: 1 - n1 . n2, squared where convex."""
    ends = np.empty((3 * len(faces), 2), np.int32)
    weights = np.empty(3 * len(faces), np.float32)
    for e in range(len(ends)):
        f, side = e // 3, e % 3
        a = faces[f, 2 if side == 2 else 0]
        b = faces[f, 2 if side == 1 else 1]
        cosine = 0.0
        rise = 0.0  # of the edge along the second normal; positive = convex
        for axis in range(3):
            cosine += normals[a, axis] * normals[b, axis]
            rise += normals[b, axis] * (xyz[b, axis] - xyz[a, axis])
        weight = max(1.0 - cosine, 0.0)
        ends[e, 0], ends[e, 1] = a, b
        weights[e] = weight * weight if rise > 0 else weight
    return ends, weights


@njit(cache=True)
def _cloud_graph(nearest: np.ndarray, normals: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Edges between points and their neighbours (N, m), each pair once, weight 1 - |n1 . n2|.

    A point is mostly its own nearest neighbour, but not always where points coincide.
    """
    n, degree = nearest.shape
    ends = np.empty((n * degree, 2), np.int32)
    weights = np.empty(n * degree, np.float32)
    number = 0
    for a in range(n):
        for b in nearest[a]:
            if b == a or (b < a and (nearest[b] == a).any()):
                continue
            cosine = 0.0
            for axis in range(3):
                cosine += normals[a, axis] * normals[b, axis]
            ends[number, 0], ends[number, 1] = a, b
            weights[number] = max(1.0 - abs(cosine), 0.0)
            number += 1
    return ends[:number], weights[:number]


@njit(cache=True)
def _merge(
    n: int, ends: np.ndarray, weights: np.ndarray, order: np.ndarray, k: float, min_vertices: int
) -> np.ndarray:
    parent = np.arange(n).astype(np.int32)
    size = np.ones(n, np.int32)
    limit = np.full(n, k)
    for small_pieces in (False, True):
        for e in order:
            a, b = find(parent, ends[e, 0]), find(parent, ends[e, 1])
            if a == b:
                continue
            if small_pieces:
                join = size[a] < min_vertices or size[b] < min_vertices
            else:
                join = weights[e] <= limit[a] and weights[e] <= limit[b]
            if join:
                if size[a] < size[b]:
                    a, b = b, a
                parent[b] = a
                size[a] += size[b]
                limit[a] = weights[e] + k / size[a]
    return ids_by_first_member(parent)
