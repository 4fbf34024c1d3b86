"""A small furnished room as a mesh, for views of it."""

from __future__ import annotations

import numpy as np

from twist.scene import Scene

_SIDES = ((0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3))


def box(low: tuple[float, ...], high: tuple[float, ...], cells: int) -> tuple[np.ndarray, np.ndarray]:
    """The surface of a box, each side a grid of cells × cells squares; vertices are not shared by sides."""
    corners = np.array([[(low, high)[(k >> axis) & 1][axis] for axis in range(3)] for k in range(8)], float)
    s, t = (part.ravel() for part in np.meshgrid(*2 * [np.linspace(0, 1, cells + 1)], indexing="ij"))
    k = np.arange((cells + 1) ** 2).reshape(cells + 1, cells + 1)
    a, b, c, d = (part.ravel() for part in (k[:-1, :-1], k[1:, :-1], k[1:, 1:], k[:-1, 1:]))
    faces = np.concatenate([np.stack([a, b, c], axis=1), np.stack([a, c, d], axis=1)])
    xyz = []
    for side in _SIDES:
        o, u, _, v = corners[list(side)]
        xyz.append(o + s[:, None] * (u - o) + t[:, None] * (v - o))
    return np.concatenate(xyz), np.concatenate([faces + n * len(s) for n in range(6)])


def room_mesh(name: str = "room", cells: int = 20, *, faces: bool = True) -> Scene:
    """A room of 5 × 4 × 2.4 m with a cupboard of 1.2 × 0.6 × 2 m in a corner."""
    shell, shell_faces = box((0, 0, 0), (5, 4, 2.4), cells)
    cupboard, cupboard_faces = box((0.05, 0.05, 0.0), (1.25, 0.65, 2.0), cells // 2)
    xyz = np.concatenate([shell, cupboard]).astype(np.float32)
    triangles = np.concatenate([shell_faces, cupboard_faces + len(shell)]).astype(np.int32)
    label = np.where(np.arange(len(xyz)) < len(shell), 0, 2).astype(np.int32)
    colours = np.random.default_rng(0).integers(0, 256, xyz.shape).astype(np.uint8)
    kept = triangles if faces else triangles[:0]
    return Scene(name, xyz, colours, kept, label, np.where(label == 2, 1, -1).astype(np.int32))
