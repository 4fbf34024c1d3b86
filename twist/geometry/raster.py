"""The z-buffer: which triangle or point each pixel of a pinhole camera sees, and how far away."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numba import njit

#: ``face_id`` of a pixel that sees nothing.
NOTHING = -1


@dataclass(frozen=True)
class Camera:
    """A pinhole camera; it looks along its own +z, with x to the right and y down.

    position: (3,) float64, metres, in the world
    rotation: (3, 3) float64; its columns are the camera's x, y and z axes in the world
    focal_px: focal length in pixels, the same for both axes; the optical axis meets the image's middle
    """

    position: np.ndarray
    rotation: np.ndarray
    focal_px: float
    width: int
    height: int

    @classmethod
    def looking(
        cls, position: np.ndarray, yaw: float, pitch: float, field_of_view: float, width: int, height: int
    ) -> Camera:
        """A level camera: ``yaw`` from the world's x axis, ``pitch`` above the horizon, world z is up.

        Angles in radians; ``field_of_view`` is the horizontal one.
        """
        forward = np.array(
            [math.cos(pitch) * math.cos(yaw), math.cos(pitch) * math.sin(yaw), math.sin(pitch)]
        )
        right = np.array([math.sin(yaw), -math.cos(yaw), 0.0])
        rotation = np.stack([right, np.cross(forward, right), forward], axis=1)
        focal = width / 2 / math.tan(field_of_view / 2)
        return cls(np.asarray(position, np.float64), rotation, focal, width, height)

    def to_camera(self, points: np.ndarray) -> np.ndarray:
        """World points (..., 3) -> camera coordinates (..., 3) float64; the last one is the depth."""
        return (points - self.position) @ self.rotation

    def rays(self) -> np.ndarray:
        """(height, width, 3) float64: each pixel centre's ray in camera coordinates, its z is 1."""
        u = (np.arange(self.width) + 0.5 - self.width / 2) / self.focal_px
        v = (np.arange(self.height) + 0.5 - self.height / 2) / self.focal_px
        x, y = np.meshgrid(u, v)
        return np.stack([x, y, np.ones_like(x)], axis=-1)


def rasterise(
    vertices: np.ndarray, faces: np.ndarray, camera: Camera, *, near: float = 0.05, cull: bool = False
) -> tuple[np.ndarray, np.ndarray]:
    """Render a triangle mesh into a z-buffer.

    vertices: (V, 3) float, metres, world; faces: (F, 3) integers
    near: nearer geometry is cut away, metres; triangles that cross this plane are clipped exactly
    cull: skip triangles seen from behind (their corners run clockwise in the image)
    Returns depth (height, width) float32, metres along the optical axis, +inf where nothing is seen, and
    face_id (height, width) int32, ``NOTHING`` there. A pixel belongs to a triangle when its centre lies
    within or on an edge; equal depths go to the triangle that comes first.
    """
    depth = np.full((camera.height, camera.width), np.inf, np.float32)
    face_id = np.full((camera.height, camera.width), NOTHING, np.int32)
    if len(faces):
        local = np.ascontiguousarray(camera.to_camera(np.asarray(vertices, np.float64)))
        _render(local, np.ascontiguousarray(faces, np.int32), camera.focal_px, near, cull, depth, face_id)
    return depth, face_id


def rasterise_points(
    points: np.ndarray, camera: Camera, *, near: float = 0.05, reach_px: int = 1
) -> tuple[np.ndarray, np.ndarray]:
    """Render points into a z-buffer, each as a square of ``2 * reach_px + 1`` pixels.

    points: (N, 3) float, metres, world; points nearer than ``near`` metres are left out
    Returns depth (height, width) float32, metres along the optical axis, +inf where nothing is seen, and
    point_id (height, width) int32, ``NOTHING`` there. Equal depths go to the point that comes first.
    """
    depth = np.full((camera.height, camera.width), np.inf, np.float32)
    point_id = np.full((camera.height, camera.width), NOTHING, np.int32)
    local = np.ascontiguousarray(camera.to_camera(np.asarray(points, np.float64)))
    _render_points(local, camera.focal_px, near, reach_px, depth, point_id)
    return depth, point_id


@njit(cache=True)
def _render_points(
    local: np.ndarray, focal: float, near: float, reach: int, depth: np.ndarray, point_id: np.ndarray
) -> None:
    height, width = depth.shape
    for point in range(len(local)):
        x, y, z = local[point]
        if not (z >= near and math.isfinite(x) and math.isfinite(y) and math.isfinite(z)):
            continue
        u, v = x / z * focal + width / 2, y / z * focal + height / 2
        if not (-reach <= u < width + reach and -reach <= v < height + reach):
            continue
        column, row, nearness = math.floor(u), math.floor(v), np.float32(z)
        for r in range(max(0, row - reach), min(height, row + reach + 1)):
            for c in range(max(0, column - reach), min(width, column + reach + 1)):
                if nearness < depth[r, c]:
                    depth[r, c] = nearness
                    point_id[r, c] = point


@njit(cache=True)
def _render(
    local: np.ndarray,
    faces: np.ndarray,
    focal: float,
    near: float,
    cull: bool,
    depth: np.ndarray,
    face_id: np.ndarray,
) -> None:
    polygon = np.empty((4, 3))
    for face in range(len(faces)):
        corners = _clip_near(local, faces[face], near, polygon)
        for i in range(1, corners - 1):
            _fill(polygon[0], polygon[i], polygon[i + 1], focal, cull, face, depth, face_id)


@njit(cache=True)
def _clip_near(local: np.ndarray, face: np.ndarray, near: float, polygon: np.ndarray) -> int:
    """Cut a triangle at z = near; writes the 0, 3 or 4 corners left and returns their number."""
    count = 0
    for i in range(3):
        a, b = local[face[i]], local[face[(i + 1) % 3]]
        if a[2] >= near:
            polygon[count] = a
            count += 1
        if (a[2] >= near) != (b[2] >= near):
            t = (near - a[2]) / (b[2] - a[2])
            polygon[count] = a + t * (b - a)
            count += 1
    return count


@njit(cache=True)
def _fill(
    a: np.ndarray,
    b: np.ndarray,
    c: np.ndarray,
    focal: float,
    cull: bool,
    face: int,
    depth: np.ndarray,
    face_id: np.ndarray,
) -> None:
    height, width = depth.shape
    ax, ay = a[0] / a[2] * focal + width / 2, a[1] / a[2] * focal + height / 2
    bx, by = b[0] / b[2] * focal + width / 2, b[1] / b[2] * focal + height / 2
    cx, cy = c[0] / c[2] * focal + width / 2, c[1] / c[2] * focal + height / 2
    area = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)
    # y points down, so a triangle that is counter-clockwise in the world has a negative area here.
    if area == 0.0 or (cull and area > 0.0) or not math.isfinite(area):
        return
    left = max(0, math.ceil(min(ax, bx, cx) - 0.5))
    right = min(width - 1, math.floor(max(ax, bx, cx) - 0.5))
    top = max(0, math.ceil(min(ay, by, cy) - 0.5))
    bottom = min(height - 1, math.floor(max(ay, by, cy) - 0.5))
    if left > right or top > bottom:
        return
    # Barycentric weights and 1/z are affine in the image: one step along a row is one addition.
    wa_x, wa_y = (by - cy) / area, (cx - bx) / area
    wb_x, wb_y = (cy - ay) / area, (ax - cx) / area
    inverse_a, inverse_b, inverse_c = 1.0 / a[2], 1.0 / b[2], 1.0 / c[2]
    tolerance = -1e-9
    for row in range(top, bottom + 1):
        y = row + 0.5
        for column in range(left, right + 1):
            x = column + 0.5
            wa = wa_x * (x - cx) + wa_y * (y - cy)
            wb = wb_x * (x - cx) + wb_y * (y - cy)
            wc = 1.0 - wa - wb
            if wa < tolerance or wb < tolerance or wc < tolerance:
                continue
            z = np.float32(1.0 / (wa * inverse_a + wb * inverse_b + wc * inverse_c))
            if z < depth[row, column]:
                depth[row, column] = z
                face_id[row, column] = face
