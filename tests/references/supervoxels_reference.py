"""Felzenszwalb-Huttenlocher on a mesh, slow and plain: every edge once, pieces as lists of their members."""

from __future__ import annotations

import numpy as np


def segment_mesh(xyz: np.ndarray, faces: np.ndarray, k: float, min_vertices: int) -> np.ndarray:
    """(N,) ids 0..K-1 by first vertex, as ``twist.geometry.supervoxels.segment_mesh``."""
    edges = weighted_edges(xyz.astype(np.float64), faces)
    members = {vertex: [vertex] for vertex in range(len(xyz))}
    piece = list(range(len(xyz)))
    limit = dict.fromkeys(members, k)

    def join(a: int, b: int) -> None:
        for vertex in members[b]:
            piece[vertex] = a
        members[a] += members.pop(b)

    for weight, first, second in edges:
        a, b = piece[first], piece[second]
        if a != b and weight <= limit[a] and weight <= limit[b]:
            join(a, b)
            limit[a] = weight + k / len(members[a])
    for _, first, second in edges:
        a, b = piece[first], piece[second]
        if a != b and min(len(members[a]), len(members[b])) < min_vertices:
            join(a, b)
    return in_order_of_appearance(piece)


def weighted_edges(xyz: np.ndarray, faces: np.ndarray) -> list[tuple[np.float32, int, int]]:
    """Every undirected edge once, with the smaller of the weights that its faces give it, lightest first."""
    normals = vertex_normals(xyz, faces)
    lightest: dict[frozenset, tuple] = {}
    for f, (i, j, k) in enumerate(faces.tolist()):
        for side, (a, b) in enumerate([(i, j), (i, k), (k, j)]):
            weight = max(1 - dot(normals[a], normals[b]), 0)
            if dot(normals[b], xyz[b] - xyz[a]) > 0:
                weight = weight * weight
            entry = (np.float32(weight), 3 * f + side, a, b)
            edge = frozenset((a, b))
            lightest[edge] = min(lightest.get(edge, entry), entry)
    return [(weight, a, b) for weight, _, a, b in sorted(lightest.values())]


def vertex_normals(xyz: np.ndarray, faces: np.ndarray) -> list[np.ndarray]:
    """Mean of the unit normals of each vertex's faces, leaving out faces without area."""
    found: list[list[np.ndarray]] = [[] for _ in xyz]
    for corners in faces.tolist():
        a, b, c = (xyz[corner] for corner in corners)
        normal = np.cross(b - a, c - a)
        length = np.sqrt(dot(normal, normal))
        if length > 0:
            for corner in corners:
                found[corner].append(normal / length)
    return [sum(normals, np.zeros(3)) / max(len(normals), 1) for normals in found]


def dot(a: np.ndarray, b: np.ndarray) -> float:
    return float(a[0] * b[0] + a[1] * b[1] + a[2] * b[2])


def in_order_of_appearance(names: list[int]) -> np.ndarray:
    order = list(dict.fromkeys(names))
    return np.array([order.index(name) for name in names], np.int32)
