"""Views of one scan and the pairs of them that overlap: what contrastive pre-training learns from."""

from __future__ import annotations

import itertools
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from twist.errors import TwistError
from twist.files import read_npz, write_npz
from twist.pretraining_sections import ViewSettings
from twist.scene import Scene
from twist.views.frames import Frame, seen_in_frame
from twist.views.poses import cameras
from twist.views.rendering import seen_points, seen_vertices


@dataclass(frozen=True)
class Views:
    """V partial views of a scan with N points, and its P pairs of views that overlap.

    seen: (V, N) bool, the points that each view sees
    pairs: (P, 2) int32, the smaller index first
    """

    seen: np.ndarray
    pairs: np.ndarray

    def save(self, path: str | Path) -> None:
        """Write as npz, a bit a point and view: compressed some 20 to 100 kB a scan."""
        packed = np.packbits(self.seen, axis=1)
        points = np.array(self.seen.shape[1])
        write_npz(path, {"packed": packed, "points": points, "pairs": self.pairs}, compress=True)

    @classmethod
    def load(cls, path: str | Path) -> Views:
        """Read what ``save`` wrote. Raises TwistError for a missing or damaged file."""
        arrays = read_npz(path)
        try:
            seen = np.unpackbits(arrays["packed"], axis=1, count=int(arrays["points"])).astype(bool)
            return cls(seen, arrays["pairs"])
        except (KeyError, ValueError, TypeError) as error:
            raise TwistError(f"{path} does not hold views ({error}); delete it and run again") from error


def make_views(scene: Scene, settings: ViewSettings, frames: Iterable[Frame] | None = None) -> Views:
    """Rendered views of a scan, or those of its recorded frames; the same ones in every run.

    Views of less than ``min_points`` points are left out; of rendered ones, four times as many as wanted are
    tried at most. A pair overlaps where both views see ``min_overlap`` of the points of the larger one.
    """
    candidates = _rendered(scene, settings) if frames is None else _recorded(scene, frames, settings)
    large = (seen for seen in candidates if seen.sum() >= settings.min_points)
    views = list(itertools.islice(large, settings.per_scan if frames is None else None))
    seen = np.stack(views) if views else np.zeros((0, len(scene)), bool)
    return Views(seen, overlapping_pairs(seen, settings.min_overlap))


def overlapping_pairs(seen: np.ndarray, min_overlap: float) -> np.ndarray:
    """(P, 2) int32 pairs of rows of ``seen`` (V, N) that share that part of the larger row's points."""
    # Products of floats run in BLAS and are whole numbers up to 2^24 points, more than any scan has.
    shared = (seen.astype(np.float32) @ seen.T.astype(np.float32)).astype(np.float64)
    size = shared.diagonal()
    share = shared / np.maximum(np.maximum(size[:, None], size[None, :]), 1)
    return np.argwhere(np.triu(share >= min_overlap, 1)).astype(np.int32)


def _rendered(scene: Scene, settings: ViewSettings) -> Iterator[np.ndarray]:
    xyz = scene.aligned_xyz
    rng = np.random.default_rng([zlib.crc32(scene.name.encode()), 31])
    is_mesh = scene.is_mesh
    for camera in itertools.islice(cameras(xyz, settings, rng), 4 * settings.per_scan):
        if is_mesh:
            yield seen_vertices(xyz, scene.faces, camera, settings.depth_m)
        else:
            yield seen_points(xyz, camera, settings.depth_m, settings.splat_m)


def _recorded(scene: Scene, frames: Iterable[Frame], settings: ViewSettings) -> Iterator[np.ndarray]:
    return (seen_in_frame(scene.xyz, frame, settings) for frame in frames)
