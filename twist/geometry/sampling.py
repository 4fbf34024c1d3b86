"""Points on the surface of a mesh, for meshes of few large triangles."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class SurfaceSamples:
    """M points on triangles.

    face: (M,) int64 row of the triangle; weight: (M, 3) float64, of its corners, sums to 1
    normal: (M, 3) float32, the triangle's, of length 1
    """

    face: np.ndarray
    weight: np.ndarray
    normal: np.ndarray

    def __len__(self) -> int:
        return len(self.face)

    def of(self, values: np.ndarray, faces: np.ndarray) -> np.ndarray:
        """(M, C) float64: what the points have of the values (N, C) of the corners. faces: (F, 3)."""
        return np.einsum("mc,mcv->mv", self.weight, values[faces[self.face]].astype(np.float64))


def places_in_triangles(count: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Places evenly at random in triangles a, b, c: u and v, each (count,), of a + u (b - a) + v (c - a)."""
    u, v = rng.random((2, count))
    beyond = u + v > 1  # in the other half of the parallelogram
    return np.where(beyond, 1 - u, u), np.where(beyond, 1 - v, v)


def sample_surface(xyz: np.ndarray, faces: np.ndarray, spacing: float, most: int) -> SurfaceSamples:
    """Points spread evenly at random (seed 0), one a square of edge ``spacing`` on average, ``most`` at most.

    xyz: (N, 3) float; faces: (F, 3) int
    """
    a, b, c = np.moveaxis(xyz[faces].astype(np.float64), 1, 0)
    across = np.cross(b - a, c - a)
    length = np.linalg.norm(across, axis=1)
    wanted = length / 2 / spacing**2
    wanted *= min(1.0, most / max(wanted.sum(), 1e-12))
    rng = np.random.default_rng(0)
    face = np.repeat(np.arange(len(faces)), np.floor(wanted + rng.random(len(faces))).astype(np.int64))
    u, v = places_in_triangles(len(face), rng)
    normal = across[face] / length[face, None]
    return SurfaceSamples(face, np.stack([1 - u - v, u, v], axis=1), normal.astype(np.float32))
