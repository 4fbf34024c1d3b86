"""Batch: several scenes as flat tensors, and the resumable sequence of them."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from twist.errors import naming
from twist.geometry.voxels import scatter_mean, voxelise
from twist.learning.augment import augment
from twist.learning.paste import InstanceBank
from twist.learning.processes import ALONE, Processes
from twist.learning.samples import SampleCache, SceneSample
from twist.learning.sequence import StepSequence
from twist.settings import NetworkSettings, Settings


@dataclass(frozen=True)
class Batch:
    """B scenes with V voxels and N points in all; a scene's points are consecutive.

    names: B scene names
    annotated_scenes: B flags, True where a scene's labels are annotations
    features: (V, C) float32, mean of the points' input features
    indices: (V, 4) int32 (scene in batch, x, y, z), unique
    position: (V, 3) float32 metres, mean of the voxel's points' ``xyz``, elastic distortion apart
    voxel_of_point: (N,) int64, row of the voxel
    point_offsets: (B + 1,) int64; scene b has points point_offsets[b]:point_offsets[b + 1]
    xyz: (N, 3) float32 metres, augmented; elastic distortion moves ``indices`` alone
    supervoxel: (N,) int64 ids within the scene
    semantic: (N,) int64 class index, -1 = not learned from
    weight: (N,) float32 of the semantic loss
    instance: (N,) int64 id within the scene, -1 = none
    centre: (N, 3) float32 metres, mean position of the point's instance (0 where none)
    annotated: (N,) bool, is the point's scene annotated?
    labelled_points, instance_points: (L,) and (I,) int64, the points with a class and those on an instance,
        found here because a GPU would have to be waited for
    largest_index: largest x, y and z of ``indices``, for the same reason
    host: of a batch on a GPU the one in main memory that it was copied from
    """

    names: tuple[str, ...]
    annotated_scenes: tuple[bool, ...]
    features: torch.Tensor
    indices: torch.Tensor
    position: torch.Tensor
    voxel_of_point: torch.Tensor
    point_offsets: torch.Tensor
    xyz: torch.Tensor
    supervoxel: torch.Tensor
    semantic: torch.Tensor
    weight: torch.Tensor
    instance: torch.Tensor
    centre: torch.Tensor
    annotated: torch.Tensor
    labelled_points: torch.Tensor
    instance_points: torch.Tensor
    largest_index: tuple[int, int, int]
    host: Batch | None = None

    def __len__(self) -> int:
        return len(self.names)

    @property
    def in_memory(self) -> Batch:
        """The batch in main memory."""
        return self if self.host is None else self.host

    def points_of(self, b: int) -> slice:
        offsets = self.in_memory.point_offsets
        return slice(int(offsets[b]), int(offsets[b + 1]))

    def _map(self, change: Any) -> Batch:
        values = {entry.name: getattr(self, entry.name) for entry in fields(self)}
        return Batch(**{k: change(v) if isinstance(v, torch.Tensor) else v for k, v in values.items()})

    def to(self, device: torch.device) -> Batch:
        if device.type == "cpu":
            return self
        return replace(self._map(lambda tensor: tensor.to(device, non_blocking=True)), host=self)

    def tensors(self) -> Iterator[torch.Tensor]:
        """All tensors on this batch's device."""
        return (value for value in vars(self).values() if isinstance(value, torch.Tensor))

    def pin_memory(self) -> Batch:
        """Called by the loader when it feeds a GPU."""
        return self._map(torch.Tensor.pin_memory)


def point_features(sample: SceneSample, names: tuple[str, ...]) -> np.ndarray:
    """(N, C) float32 input features of a scene's points, in the order of the setting ``network.features``."""
    columns = {
        "rgb": sample.rgb,
        "normal": sample.normal,
        "height": sample.xyz[:, 2:],
        "supervoxel": sample.supervoxel_features,
    }
    return np.concatenate([columns[name] for name in names], axis=1)


def instance_centres(xyz: np.ndarray, instance: np.ndarray) -> np.ndarray:
    """(N, 3) float32 mean position of each point's instance; 0 for points of none (id < 0)."""
    centre = np.zeros_like(xyz)
    on = instance >= 0
    if on.any():
        _, index = np.unique(instance[on], return_inverse=True)
        centre[on] = scatter_mean(xyz[on], index, int(index.max()) + 1)[index]
    return centre


def make_batch(samples: list[SceneSample], network: NetworkSettings) -> Batch:
    """Voxelise scenes and join them. Raises TwistError naming a scene that cannot be voxelised."""
    voxels = []
    for sample in samples:
        with naming(f"scene {sample.name}"):
            voxels.append(voxelise(sample.gridded_xyz, network.voxel_size_m))
    first_voxel = np.cumsum([0] + [len(v) for v in voxels])
    pairs = list(zip(samples, voxels, strict=True))
    indices = [
        np.concatenate([np.full((len(v), 1), b, np.int32), v.coordinates], axis=1)
        for b, v in enumerate(voxels)
    ]
    arrays = {
        "features": [
            scatter_mean(point_features(s, network.features), v.voxel_of_point, len(v)) for s, v in pairs
        ],
        "indices": indices,
        "position": [scatter_mean(s.xyz, v.voxel_of_point, len(v)) for s, v in pairs],
        "voxel_of_point": [v.voxel_of_point + first_voxel[b] for b, v in enumerate(voxels)],
        "xyz": [s.xyz for s in samples],
        "supervoxel": [s.supervoxel.astype(np.int64) for s in samples],
        "semantic": [s.semantic for s in samples],
        "weight": [s.weight for s in samples],
        "instance": [s.instance for s in samples],
        "centre": [instance_centres(s.xyz, s.instance) for s in samples],
        "annotated": [np.full(len(s), s.annotated) for s in samples],
    }
    joined = {key: np.concatenate(parts) for key, parts in arrays.items()}
    joined["labelled_points"] = np.flatnonzero(joined["semantic"] >= 0)
    joined["instance_points"] = np.flatnonzero(joined["instance"] >= 0)
    x, y, z = joined["indices"][:, 1:].max(axis=0).tolist()
    return Batch(
        names=tuple(s.name for s in samples),
        annotated_scenes=tuple(s.annotated for s in samples),
        point_offsets=torch.from_numpy(np.cumsum([0] + [len(s) for s in samples])),
        largest_index=(x, y, z),
        **{key: torch.from_numpy(values) for key, values in joined.items()},
    )


@dataclass(frozen=True)
class Mix:
    """Which scenes make a step: ``labelled_per_step`` with annotations, ``pseudo_per_step`` without.

    pseudo_folder: holds {scene}.npz pseudo-labels of the ``pseudo`` scenes
    """

    labelled: tuple[str, ...]
    labelled_per_step: int
    pseudo: tuple[str, ...] = ()
    pseudo_per_step: int = 0
    pseudo_folder: Path | None = None

    @property
    def scenes_per_step(self) -> int:
        return self.labelled_per_step * bool(self.labelled) + self.pseudo_per_step * bool(self.pseudo)

    def scenes_of_step(self, step: int, seed: int) -> list[tuple[str, bool]]:
        """(name, is pseudo-labelled) of each scene of a step, a pure function of step and seed.

        Each pool is walked in a fresh random order every time it is used up.
        """
        chosen = walk(self.labelled, self.labelled_per_step, step, [seed, 0])
        others = walk(self.pseudo, self.pseudo_per_step, step, [seed, 1])
        return [(name, False) for name in chosen] + [(name, True) for name in others]


def walk(pool: tuple[str, ...], count: int, step: int, seed: list[int]) -> list[str]:
    """``count`` members of the pool for a step; each time it is used up, it is walked in another order."""
    if not pool:
        return []
    places = np.arange(step * count, (step + 1) * count)
    orders = {
        epoch: np.random.default_rng([*seed, epoch]).permutation(len(pool)) for epoch in places // len(pool)
    }
    return [pool[orders[place // len(pool)][place % len(pool)]] for place in places]


class BatchSequence(StepSequence[Batch]):
    """The batches of a training on labelled and pseudo-labelled scenes, a pure function of seed and step.

    Of several processes each has its part of a step's scenes, changed at random as one process would do it.
    """

    def __init__(
        self,
        cache: SampleCache,
        mix: Mix,
        settings: Settings,
        seed: int,
        steps: range,
        processes: Processes = ALONE,
    ) -> None:
        super().__init__(steps)
        self.cache, self.mix, self.settings, self.seed = cache, mix, settings, seed
        self.processes = processes

    @functools.cached_property
    def _bank(self) -> InstanceBank:
        return InstanceBank(self.cache.get(name) for name in self.mix.labelled)

    def batch(self, step: int) -> Batch:
        """The batch of one step, or this process's part of it."""
        settings, paste = self.settings, self.settings.selftraining.paste
        samples = []
        scenes = list(enumerate(self.mix.scenes_of_step(step, self.seed)))
        for k, (name, is_pseudo) in scenes[self.processes.part_of(len(scenes))]:
            rng = np.random.default_rng([self.seed, 2, step, k])
            bank = self._bank if is_pseudo and paste else None  # made of other scenes
            with naming(f"scene {name}"):
                sample = self.cache.get(name, self.mix.pseudo_folder if is_pseudo else None)
                if bank is not None:
                    sample = bank.paste(sample, paste, rng)
                samples.append(augment(sample, settings.augmentation, settings.network.voxel_size_m, rng))
        return make_batch(samples, settings.network)
