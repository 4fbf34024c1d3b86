"""Triangle meshes: face and vertex normals, edges."""

from __future__ import annotations

import numpy as np
from numba import njit


def strip_triangles(corners: np.ndarray) -> np.ndarray:
    """(S - 2, 3) triangles of a strip of S corners, all turning the same way; none of fewer than three."""
    if len(corners) < 3:
        return np.zeros((0, 3), corners.dtype)
    faces = np.stack([corners[:-2], corners[1:-1], corners[2:]], axis=1)
    faces[1::2] = faces[1::2, [1, 0, 2]]  # every other triangle turns the other way
    return faces


def vertex_normals(xyz: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """Unit normals, each the mean of the adjacent faces' normals weighted by face area.

    xyz: (N, 3) float, metres; faces: (F, 3) int32. Returns (N, 3) float32; exactly 0 where a vertex has no
    face of positive area, never NaN.
    """
    sums, _ = _sum_face_normals(np.asarray(xyz, np.float64), faces, True)
    lengths = np.linalg.norm(sums, axis=1, keepdims=True)
    return np.divide(sums, lengths, out=np.zeros_like(sums), where=lengths > 0).astype(np.float32)


def mean_face_normals(xyz: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """Plain mean of the unit normals of each vertex's faces, not made unit length again.

    The mean is short where the faces disagree, so two vertices on a crease differ even when their mean
    directions agree. ScanNet's segmentation tool measures creases that way.

    xyz: (N, 3) float, metres; faces: (F, 3) int32. Returns (N, 3) float64; 0 where a vertex has no face of
    positive area, never NaN.
    """
    sums, counts = _sum_face_normals(np.asarray(xyz, np.float64), faces, False)
    return sums / np.maximum(counts, 1)[:, None]


@njit(cache=True)
def _sum_face_normals(
    xyz: np.ndarray, faces: np.ndarray, by_area: bool
) -> tuple[np.ndarray, np.ndarray]:  # pragma: no cover (compiled)
    """Sum of the normals of each vertex's non-degenerate faces and their number."""
    sums = np.zeros((len(xyz), 3), np.float64)
    counts = np.zeros(len(xyz), np.int32)
    for f in range(len(faces)):
        a, b, c = faces[f, 0], faces[f, 1], faces[f, 2]
        ux, uy, uz = xyz[b, 0] - xyz[a, 0], xyz[b, 1] - xyz[a, 1], xyz[b, 2] - xyz[a, 2]
        vx, vy, vz = xyz[c, 0] - xyz[a, 0], xyz[c, 1] - xyz[a, 1], xyz[c, 2] - xyz[a, 2]
        x, y, z = uy * vz - uz * vy, uz * vx - ux * vz, ux * vy - uy * vx
        length = np.sqrt(x * x + y * y + z * z)
        if length == 0.0:
            continue
        if not by_area:
            x, y, z = x / length, y / length, z / length
        for corner in (a, b, c):
            sums[corner, 0] += x
            sums[corner, 1] += y
            sums[corner, 2] += z
            counts[corner] += 1
    return sums, counts
