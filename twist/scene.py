"""Scene: the one record of a scan, from the raw readers to the pictures."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from twist.errors import TwistError
from twist.files import read_npz, write_npz

#: Beyond this no indoor scan lies (metres); larger values are a unit error or damage.
FARTHEST_M = 10_000.0
#: Where a larger share of the points is on no face, faces tell too little of a scan [our choice].
_MOST_ON_NO_FACE = 0.1


@dataclass(frozen=True)
class Scene:
    """One scan with its labels, vertex for vertex as in the raw file.

    name: the scan's name, such as ``scene0011_00``
    xyz: (N, 3) float32, metres, the file's own coordinates (not axis-aligned)
    rgb: (N, 3) uint8
    faces: (F, 3) int32 vertex indices; F = 0 for a bare point cloud
    semantic: (N,) int32 class index in the benchmark's order, -1 = unlabelled
    instance: (N,) int32 raw instance id (ScanNet: objectId), -1 = none
    axis_alignment: (4, 4) float64; ``aligned_xyz`` applies it
    labelled: False for a scan that came without labels (a hidden test scan): semantic is then all -1
    """

    name: str
    xyz: np.ndarray
    rgb: np.ndarray
    faces: np.ndarray
    semantic: np.ndarray
    instance: np.ndarray
    axis_alignment: np.ndarray = field(default_factory=lambda: np.eye(4))
    labelled: bool = True

    def __post_init__(self) -> None:
        """Check shapes, dtypes and values. Raises TwistError naming the scene."""
        n = len(self.xyz)
        expected = {
            "xyz": ((n, 3), np.float32),
            "rgb": ((n, 3), np.uint8),
            "faces": ((len(self.faces), 3), np.int32),
            "semantic": ((n,), np.int32),
            "instance": ((n,), np.int32),
            "axis_alignment": ((4, 4), np.float64),
        }
        for key, (shape, dtype) in expected.items():
            array = getattr(self, key)
            if array.shape != shape or array.dtype != dtype:
                raise TwistError(
                    f"scene {self.name}: {key} is {array.dtype}{array.shape}, "
                    f"expected {np.dtype(dtype)}{shape}"
                )
        if n == 0:
            raise TwistError(f"scene {self.name} has no vertices")
        if not (self.xyz.min() > -FARTHEST_M and self.xyz.max() < FARTHEST_M):  # also true for NaN
            bad = ~(np.abs(self.xyz) < FARTHEST_M).all(axis=1)
            first = int(bad.argmax())
            raise TwistError(
                f"scene {self.name}: {bad.sum()} vertices have NaN, infinite or huge coordinates "
                f"(first: vertex {first} at {self.xyz[first].tolist()}); coordinates must be metres, "
                f"within {FARTHEST_M / 1000:g} km of the origin: shift the scan there"
            )
        if not np.isfinite(self.axis_alignment).all():
            raise TwistError(f"scene {self.name}: axis_alignment is not finite")
        if len(self.faces) and not (self.faces.min() >= 0 and self.faces.max() < n):
            raise TwistError(f"scene {self.name}: a face points to a vertex outside 0..{n - 1}")

    def __len__(self) -> int:
        return len(self.xyz)

    @property
    def is_mesh(self) -> bool:
        """Is it to be taken as a mesh, and not as a point cloud? See ``is_surface``."""
        return is_surface(len(self), self.faces)

    @property
    def aligned_xyz(self) -> np.ndarray:
        """(N, 3) float32, metres, walls along the axes where the scan gives an axis alignment."""
        rotation, shift = self.axis_alignment[:3, :3], self.axis_alignment[:3, 3]
        return (self.xyz.astype(np.float64) @ rotation.T + shift).astype(np.float32)

    def without_labels(self) -> Scene:
        """The same scan as an unlabelled one: what self-training may see of it."""
        nothing = np.full(len(self), -1, np.int32)
        return replace(self, semantic=nothing, instance=nothing.copy(), labelled=False)

    def save(self, path: str | Path) -> None:
        """Write as npz (no pickles), atomically."""
        arrays = {
            key: getattr(self, key)
            for key in ("xyz", "rgb", "faces", "semantic", "instance", "axis_alignment")
        }
        write_npz(path, arrays | {"name": np.array(self.name), "labelled": np.array(self.labelled)})

    @classmethod
    def load(cls, path: str | Path) -> Scene:
        """Read what ``save`` wrote. Raises TwistError for a missing or damaged file."""
        arrays = read_npz(path)
        try:
            name, labelled = str(arrays.pop("name")), bool(arrays.pop("labelled"))
            return cls(name=name, labelled=labelled, **arrays)
        except (KeyError, TypeError) as error:
            raise _not_a_scene(path, error) from error

    @staticmethod
    def load_labels(path: str | Path) -> tuple[np.ndarray, np.ndarray, bool]:
        """``semantic``, ``instance`` and ``labelled`` of what ``save`` wrote, without reading the rest.

        Raises TwistError for a missing file and for one that is damaged there.
        """
        arrays = read_npz(path, ("semantic", "instance", "labelled"))
        try:
            semantic, instance, labelled = (arrays[key] for key in ("semantic", "instance", "labelled"))
        except KeyError as error:
            raise _not_a_scene(path, error) from error
        for key, values in (("semantic", semantic), ("instance", instance)):
            if values.dtype != np.int32 or values.shape != (len(semantic),):
                raise _not_a_scene(path, f"{key} is {values.dtype}{values.shape}")
        return semantic, instance, bool(labelled)


def is_surface(n: int, faces: np.ndarray) -> bool:
    """Do faces (F, 3) hold nine of ten of n points at least?

    A point on no face has neither normal nor neighbour; a scan with many is better off as a point cloud.
    """
    a, b, c = faces.T
    corner = np.zeros(n, bool)
    corner[faces[(a != b) & (b != c) & (c != a)]] = True
    return np.count_nonzero(corner) >= (1 - _MOST_ON_NO_FACE) * n


def _not_a_scene(path: str | Path, why: object) -> TwistError:
    return TwistError(f"{path} is not a prepared scene ({why}); run `prepare` again")
