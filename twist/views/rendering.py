"""Which points of a scan a camera sees: its mesh, or squares in place of bare points, in the z-buffer."""

from __future__ import annotations

import numpy as np

from twist.geometry.raster import NOTHING, Camera, rasterise
from twist.geometry.voxels import scatter_mean, voxelise


def seen_vertices(
    xyz: np.ndarray, faces: np.ndarray, camera: Camera, depth_m: tuple[float, ...]
) -> np.ndarray:
    """(N,) bool: the vertices of the faces that some pixel shows between the nearest and farthest depth.

    xyz: (N, 3) float, metres; faces: (F, 3) int32. What is nearer than the nearest depth is not seen but
    hides what is behind it, as before a depth camera.
    """
    seen = np.zeros(len(xyz), bool)
    seen[faces[_seen_faces(xyz, faces, camera, depth_m)]] = True
    return seen


def seen_points(xyz: np.ndarray, camera: Camera, depth_m: tuple[float, ...], splat_m: float) -> np.ndarray:
    """(N,) bool: the points of a scan that is no mesh that a camera sees.

    Points are gathered into voxels of side ``splat_m``, and each voxel is drawn as a square that faces the
    camera, half again as large, since the middles of neighbouring voxels' points lie unevenly; its points
    are seen where a pixel shows it [our choice].
    """
    voxels = voxelise(xyz, splat_m)
    centres = scatter_mean(xyz, voxels.voxel_of_point, len(voxels)).astype(np.float64)
    half = 1.5 * splat_m / 2
    right, down = camera.rotation[:, 0] * half, camera.rotation[:, 1] * half
    corners = centres[:, None] + np.stack([-right - down, right - down, right + down, -right + down])
    first = 4 * np.arange(len(centres))[:, None, None]
    faces = first + np.array([[0, 1, 2], [0, 2, 3]])
    seen = np.zeros(len(centres), bool)
    seen[_seen_faces(corners.reshape(-1, 3), faces.reshape(-1, 3), camera, depth_m) // 2] = True
    return seen[voxels.voxel_of_point]


def _seen_faces(xyz: np.ndarray, faces: np.ndarray, camera: Camera, depth_m: tuple[float, ...]) -> np.ndarray:
    depth, face_id = rasterise(xyz, faces, camera)
    nearest, farthest = depth_m
    return np.unique(face_id[(face_id != NOTHING) & (depth >= nearest) & (depth <= farthest)])
