"""The z-buffer as its definition reads: each pixel's ray against each triangle."""

from __future__ import annotations

import numpy as np

from twist.geometry.raster import NOTHING, Camera


def rasterise_slowly(
    vertices: np.ndarray, faces: np.ndarray, camera: Camera, near: float
) -> tuple[np.ndarray, np.ndarray]:
    """Depth (H, W) float64 and face_id (H, W) of the nearest triangle beyond ``near`` on each pixel's ray."""
    corners = camera.to_camera(vertices)[faces]
    depth = np.full((camera.height, camera.width), np.inf)
    face_id = np.full((camera.height, camera.width), NOTHING)
    for row, column in np.ndindex(depth.shape):
        ray = camera.rays()[row, column]
        for k, (a, b, c) in enumerate(corners):
            # ray * t = a + u (b - a) + v (c - a); the ray's z is 1, so t is the depth.
            matrix = np.column_stack([ray, a - b, a - c])
            if abs(np.linalg.det(matrix)) < 1e-12:
                continue
            t, u, v = np.linalg.solve(matrix, a)
            if u >= 0 and v >= 0 and u + v <= 1 and near <= t < depth[row, column]:
                depth[row, column], face_id[row, column] = t, k
    return depth, face_id


def points_drawn_slowly(
    points: np.ndarray, camera: Camera, near: float, reach: int
) -> tuple[np.ndarray, np.ndarray]:
    """Depth (H, W) float64 and point_id (H, W): of the points whose square holds a pixel, the nearest."""
    depth = np.full((camera.height, camera.width), np.inf)
    point_id = np.full((camera.height, camera.width), NOTHING)
    for k, (x, y, z) in enumerate(camera.to_camera(points)):
        if z < near:
            continue
        column = int(np.floor(x / z * camera.focal_px + camera.width / 2))
        row = int(np.floor(y / z * camera.focal_px + camera.height / 2))
        for r, c in np.ndindex(depth.shape):
            if abs(r - row) <= reach and abs(c - column) <= reach and z < depth[r, c]:
                depth[r, c], point_id[r, c] = z, k
    return depth, point_id
