"""SceneSample: what is learned from and asked of one scan."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from twist.classes import ClassTable
from twist.errors import TwistError
from twist.files import read_npz
from twist.geometry.mesh import vertex_normals
from twist.geometry.sums import mean_over
from twist.regions import Regions
from twist.scene import Scene
from twist.sections import FEATURE_CHANNELS
from twist.selftraining.pseudolabels import PseudoLabels


@dataclass(frozen=True)
class SceneSample:
    """One scan ready for augmentation; all arrays are over its N points.

    xyz: (N, 3) float32, metres, axis-aligned, the floor near z = 0
    rgb: (N, 3) float32 in [-1, 1]; normal: (N, 3) float32, unit or zero
    supervoxel_features: (N, 8) float32, statistics of the point's supervoxel that no rotation about z
        changes; (N, 0) where no network asks for them
    supervoxel: (N,) int32 ids, 0..K-1 of a whole scan
    semantic: (N,) int64 class index, -1 = not learned from
    instance: (N,) int64 id, -1 = no offset is learned
    weight: (N,) float32 of the semantic loss
    annotated: True where the labels are annotations, so that Ψ may learn from them
    deformed_xyz: (N, 3) float32, metres: positions after elastic distortion, which decide the voxels and
        nothing else; None = not distorted
    """

    name: str
    xyz: np.ndarray
    rgb: np.ndarray
    normal: np.ndarray
    supervoxel_features: np.ndarray
    supervoxel: np.ndarray
    semantic: np.ndarray
    instance: np.ndarray
    weight: np.ndarray
    annotated: bool
    deformed_xyz: np.ndarray | None = None

    @property
    def gridded_xyz(self) -> np.ndarray:
        """(N, 3) float32, metres: the positions that are voxelised."""
        return self.xyz if self.deformed_xyz is None else self.deformed_xyz

    def __len__(self) -> int:
        return len(self.xyz)

    def select(self, points: np.ndarray) -> SceneSample:
        """The sample of some of the points, by index or mask."""
        arrays = {key: value[points] for key, value in vars(self).items() if isinstance(value, np.ndarray)}
        return replace(self, **arrays)

    @property
    def nbytes(self) -> int:
        return sum(value.nbytes for value in vars(self).values() if isinstance(value, np.ndarray))


def load_sample(
    scene_path: str | Path,
    supervoxel_path: str | Path,
    table: ClassTable,
    pseudo: PseudoLabels | None = None,
    *,
    hide_labels: bool = False,
    features: Collection[str] = FEATURE_CHANNELS.keys(),
) -> SceneSample:
    """Read a prepared scan with its own labels, or with pseudo-labels in their place.

    hide_labels: as if nobody had annotated it, which is all that labelling and prediction may see
    features: those that the network asks for
    Raises TwistError where the files do not belong together.
    """
    scene = Scene.load(scene_path)
    if hide_labels:
        scene = scene.without_labels()
    supervoxels = read_npz(supervoxel_path)
    needed = {"supervoxel"} if len(scene.faces) else {"supervoxel", "normal"}
    if not needed <= supervoxels.keys():
        lacking = ", ".join(needed - supervoxels.keys())
        raise TwistError(f"{supervoxel_path} lacks {lacking}; set supervoxels.source: computed and run again")
    n = len(supervoxels["supervoxel"])
    if n != len(scene):
        raise TwistError(f"{supervoxel_path} has {n} points, {scene_path} has {len(scene)}")
    if pseudo is not None and pseudo.semantic.shape != (len(scene),):
        raise TwistError(f"pseudo-labels of {scene.name}: {len(pseudo.semantic)} for {len(scene)} points")
    return make_sample(scene, supervoxels, table, pseudo, features=features)


def make_sample(
    scene: Scene,
    supervoxels: Mapping[str, np.ndarray],
    table: ClassTable,
    pseudo: PseudoLabels | None = None,
    *,
    features: Collection[str] = FEATURE_CHANNELS.keys(),
) -> SceneSample:
    """The sample of a scan in memory, with the features that a network asks for.

    supervoxels: as ``preparation.supervoxels_of`` gives them
    """
    xyz = scene.aligned_xyz
    xyz = xyz - np.array([*xyz[:, :2].mean(axis=0), np.quantile(xyz[:, 2], 0.01)], np.float32)
    rgb = scene.rgb.astype(np.float32) / 127.5 - 1
    if "normal" in supervoxels:  # of what is no mesh: estimated with the supervoxels, in the scan's own frame
        normal = (supervoxels["normal"] @ scene.axis_alignment[:3, :3].T).astype(np.float32)
    else:
        normal = vertex_normals(xyz, scene.faces)
    supervoxel = supervoxels["supervoxel"]
    semantic = scene.semantic if pseudo is None else pseudo.semantic
    instance = scene.instance if pseudo is None else pseudo.instance
    on_thing = table.are_things(semantic)
    described = describe_supervoxels(xyz, rgb, normal, supervoxel) if "supervoxel" in features else xyz[:, :0]
    return SceneSample(
        name=scene.name,
        xyz=xyz,
        rgb=rgb,
        normal=normal,
        supervoxel_features=described,
        supervoxel=supervoxel,
        semantic=semantic.astype(np.int64),
        instance=np.where(on_thing, instance, -1).astype(np.int64),
        weight=np.ones(len(scene), np.float32) if pseudo is None else pseudo.weight,
        annotated=pseudo is None,
    )


def describe_supervoxels(
    xyz: np.ndarray, rgb: np.ndarray, normal: np.ndarray, supervoxel: np.ndarray
) -> np.ndarray:
    """Statistics of each point's supervoxel, (N, 8) float32, unchanged by rotation about the vertical.

    Log of the point count, standard deviations along the two principal horizontal axes and the vertical,
    mean height, mean normal's vertical part and length (1 = flat), deviation of brightness. Our choice:
    they tell a coarse network (10 cm voxels) what its voxels blur.
    """
    xyz, rgb = xyz.astype(np.float64), rgb.astype(np.float64)  # squares far from the origin lose the rest
    pieces = Regions.from_ids(supervoxel)
    brightness = rgb.mean(axis=1, keepdims=True)
    columns = [
        xyz,
        xyz[:, :2] ** 2,
        xyz[:, :1] * xyz[:, 1:2],
        xyz[:, 2:] ** 2,
        normal,
        brightness,
        brightness**2,
    ]
    mean = mean_over(pieces, np.concatenate(columns, axis=1))
    x, y, z, xx, yy, xy, zz = mean[:, :7].T
    xx, yy, xy, zz = xx - x * x, yy - y * y, xy - x * y, zz - z * z
    half_trace, spread = (xx + yy) / 2, np.hypot((xx - yy) / 2, xy)
    statistics = np.stack(
        [
            np.log10(pieces.sizes),
            np.sqrt(np.maximum(half_trace + spread, 0)),
            np.sqrt(np.maximum(half_trace - spread, 0)),
            np.sqrt(np.maximum(zz, 0)),
            z,
            mean[:, 9],
            np.linalg.norm(mean[:, 7:10], axis=1),
            np.sqrt(np.maximum(mean[:, 11] - mean[:, 10] ** 2, 0)),
        ],
        axis=1,
    )
    return pieces.spread(statistics.astype(np.float32), 0)


class SampleCache:
    """Samples of prepared scans, kept in memory up to a limit, least recently used out first."""

    def __init__(
        self,
        scene_folder: Path,
        supervoxel_folder: Path,
        table: ClassTable,
        limit_gb: float,
        features: Collection[str] = FEATURE_CHANNELS.keys(),
    ) -> None:
        self.scene_folder, self.supervoxel_folder, self.table = scene_folder, supervoxel_folder, table
        self.features = features
        self.limit = limit_gb * 1e9
        self._samples: OrderedDict[tuple[str, Path | None], SceneSample] = OrderedDict()
        self._bytes = 0

    def get(self, name: str, pseudo_folder: Path | None = None) -> SceneSample:
        """The sample of scan ``name``, with pseudo-labels from a folder if one is given."""
        key = (name, pseudo_folder)
        if key not in self._samples:
            pseudo = None if pseudo_folder is None else PseudoLabels.load(pseudo_folder / f"{name}.npz")
            paths = (folder / f"{name}.npz" for folder in (self.scene_folder, self.supervoxel_folder))
            sample = load_sample(*paths, self.table, pseudo, features=self.features)
            self._samples[key] = sample
            self._bytes += sample.nbytes
            while self._bytes > self.limit and len(self._samples) > 1:
                self._bytes -= self._samples.popitem(last=False)[1].nbytes
        self._samples.move_to_end(key)
        return self._samples[key]
