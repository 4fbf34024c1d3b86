"""From depth frames to a mesh: truncated signed distances on a grid, marching cubes, decimation."""

from __future__ import annotations

import fast_simplification
import numpy as np
from numba import njit
from scipy import sparse
from scipy.sparse.csgraph import connected_components
from skimage.measure import marching_cubes

from twist.errors import TwistError
from twist.rooms.scanner import Frame

#: Truncation before and behind a surface, in voxels. Behind, weights fall to zero, so that the two sides of
#: thin things do not erase each other.
_BEFORE, _BEHIND = 4.0, 3.0
_BLOCK = 8
#: Cells whose corners all have at least this weight get a surface; a frame at 2 m adds about 0.25.
_LEAST_WEIGHT = 0.25
#: Loose pieces of fewer vertices than this share of the mesh are noise.
_LEAST_PIECE = 0.002


def fuse(
    frames: list[Frame], low: np.ndarray, high: np.ndarray, voxel_m: float
) -> tuple[np.ndarray, np.ndarray]:
    """Fuse depth frames into a mesh of the observed surfaces.

    low, high: (3,) corners of the volume, metres; voxel_m: grid spacing, metres
    Returns vertices (V, 3) float64, metres, and faces (F, 3) int32, counter-clockwise from the seen side.
    Raises TwistError when the frames show no surface at all.
    Source: Curless & Levoy 1996; only blocks of 8³ voxels near a reading are touched.
    """
    blocks = np.ceil((high - low) / (voxel_m * _BLOCK)).astype(int)
    distance = np.zeros(blocks * _BLOCK, np.float32)
    weight = np.zeros(blocks * _BLOCK, np.float32)
    touched = np.zeros(blocks, np.uint8)
    for frame in frames:
        camera = frame.camera
        rotation, position = np.ascontiguousarray(camera.rotation), camera.position - low
        touched[:] = 0
        _touch(frame.depth, rotation, position, camera.focal_px, voxel_m, touched)
        _integrate(frame.depth, rotation, position, camera.focal_px, voxel_m, touched, distance, weight)
    mask = _observed_cells(weight > _LEAST_WEIGHT)
    if not mask.any():
        raise TwistError("the depth frames show no surface; more views or a larger voxel size are needed")
    vertices, faces, _, _ = marching_cubes(
        distance, 0.0, spacing=(voxel_m,) * 3, mask=mask, gradient_direction="descent"
    )
    # Voxel (i, j, k) stands for its centre.
    return vertices.astype(np.float64) + low + voxel_m / 2, faces.astype(np.int32)


def _observed_cells(observed: np.ndarray) -> np.ndarray:
    """Mask for marching cubes, which reads it at a cell's upper corner: all eight corners observed."""
    cells = observed
    for axis in range(3):
        lower = np.zeros_like(cells)
        upper = [slice(None)] * 3
        shifted = [slice(None)] * 3
        upper[axis], shifted[axis] = slice(1, None), slice(None, -1)
        lower[tuple(upper)] = cells[tuple(upper)] & cells[tuple(shifted)]
        cells = lower
    return cells


@njit(cache=True)
def _touch(
    depth: np.ndarray,
    rotation: np.ndarray,
    position: np.ndarray,
    focal: float,
    voxel: float,
    touched: np.ndarray,
) -> None:
    """Mark the blocks that lie within the truncation of some reading."""
    height, width = depth.shape
    block = voxel * _BLOCK
    for row in range(0, height, 2):
        for column in range(0, width, 2):
            z = depth[row, column]
            if z <= 0:
                continue
            x = (column + 0.5 - width / 2) / focal
            y = (row + 0.5 - height / 2) / focal
            for step in range(-2, 3):
                s = z + step * 0.5 * _BEFORE * voxel
                i = int(
                    (rotation[0, 0] * x * s + rotation[0, 1] * y * s + rotation[0, 2] * s + position[0])
                    // block
                )
                j = int(
                    (rotation[1, 0] * x * s + rotation[1, 1] * y * s + rotation[1, 2] * s + position[1])
                    // block
                )
                k = int(
                    (rotation[2, 0] * x * s + rotation[2, 1] * y * s + rotation[2, 2] * s + position[2])
                    // block
                )
                if 0 <= i < touched.shape[0] and 0 <= j < touched.shape[1] and 0 <= k < touched.shape[2]:
                    touched[i, j, k] = 1


@njit(cache=True)
def _integrate(
    depth: np.ndarray,
    rotation: np.ndarray,
    position: np.ndarray,
    focal: float,
    voxel: float,
    touched: np.ndarray,
    distance: np.ndarray,
    weight: np.ndarray,
) -> None:
    """Average this frame's signed distances into the voxels of the touched blocks."""
    for bi in range(touched.shape[0]):
        for bj in range(touched.shape[1]):
            for bk in range(touched.shape[2]):
                if touched[bi, bj, bk]:
                    _integrate_block(
                        depth, rotation, position, focal, voxel, bi * _BLOCK, bj * _BLOCK, bk * _BLOCK,
                        distance, weight,
                    )  # fmt: skip


@njit(cache=True)
def _integrate_block(
    depth: np.ndarray,
    rotation: np.ndarray,
    position: np.ndarray,
    focal: float,
    voxel: float,
    i0: int,
    j0: int,
    k0: int,
    distance: np.ndarray,
    weight: np.ndarray,
) -> None:
    height, width = depth.shape
    before, behind = _BEFORE * voxel, _BEHIND * voxel
    for i in range(i0, i0 + _BLOCK):
        dx = (i + 0.5) * voxel - position[0]
        for j in range(j0, j0 + _BLOCK):
            dy = (j + 0.5) * voxel - position[1]
            for k in range(k0, k0 + _BLOCK):
                dz = (k + 0.5) * voxel - position[2]
                z = rotation[0, 2] * dx + rotation[1, 2] * dy + rotation[2, 2] * dz
                if z < 0.1:
                    continue
                x = rotation[0, 0] * dx + rotation[1, 0] * dy + rotation[2, 0] * dz
                y = rotation[0, 1] * dx + rotation[1, 1] * dy + rotation[2, 1] * dz
                # Cut, not floored: up to a pixel beyond the upper or left border the border is read, too. All
                # published figures are of scans made so.
                column = int(x / z * focal + width / 2)
                row = int(y / z * focal + height / 2)
                if column < 0 or column >= width or row < 0 or row >= height:
                    continue
                reading = depth[row, column]
                if reading <= 0:
                    continue
                signed = reading - z
                if signed < -behind:
                    continue
                w = 1.0 / (0.3 + reading * reading)
                if signed < 0:
                    w *= 1 + signed / behind
                value = min(signed, before)
                total = weight[i, j, k] + w
                if total > 0:
                    distance[i, j, k] += (value - distance[i, j, k]) * w / total
                    weight[i, j, k] = total


def simplify(vertices: np.ndarray, faces: np.ndarray, target: int) -> tuple[np.ndarray, np.ndarray]:
    """Drop loose specks and reduce the mesh to about ``target`` vertices by quadric edge collapse.

    Returns vertices (V, 3) float64 and faces (F, 3) int32 in which every vertex is used.
    """
    vertices, faces = _without_specks(vertices, faces)
    if len(vertices) > target:
        reduced = fast_simplification.simplify(
            vertices.astype(np.float32), faces, target_count=int(len(faces) * target / len(vertices))
        )
        vertices, faces = np.asarray(reduced[0], np.float64), np.asarray(reduced[1], np.int32)
    proper = (faces != np.roll(faces, 1, axis=1)).all(axis=1)
    return _compact(vertices, faces[proper])


def _without_specks(vertices: np.ndarray, faces: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    n = len(vertices)
    edges = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]]])
    graph = sparse.coo_array((np.ones(len(edges), bool), edges.T), (n, n))
    _, piece = connected_components(graph, directed=False)
    large = np.bincount(piece) >= max(30, _LEAST_PIECE * n)
    return _compact(vertices, faces[large[piece[faces[:, 0]]]])


def _compact(vertices: np.ndarray, faces: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Keep only the vertices that some face uses."""
    used = np.zeros(len(vertices), bool)
    used[faces] = True
    number = np.cumsum(used) - 1
    return vertices[used], number[faces].astype(np.int32)
