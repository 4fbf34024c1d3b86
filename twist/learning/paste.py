"""Copy-paste: annotated instances put into pseudo-labelled scenes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from twist.learning.augment import transform
from twist.learning.samples import SceneSample

#: Smaller instances are seldom whole.
_MIN_POINTS = 100
#: Largest relative change of a pasted instance's size.
_SCALE = 0.15


class InstanceBank:
    """The instances of annotated scenes, by class, each as a sample of its own."""

    def __init__(self, annotated: Iterable[SceneSample]) -> None:
        self.by_class: dict[int, list[SceneSample]] = {}
        for sample in annotated:
            for instance in np.unique(sample.instance[sample.instance >= 0]):
                points = np.flatnonzero(sample.instance == instance)
                if len(points) >= _MIN_POINTS:
                    label = int(sample.semantic[points[0]])
                    self.by_class.setdefault(label, []).append(sample.select(points))

    def paste(self, sample: SceneSample, count: int, rng: np.random.Generator) -> SceneSample:
        """The scene with ``count`` random instances at random places, at the height they were seen at.

        Classes come equally often, so that rare ones are met. An instance keeps its labels, is turned,
        mirrored and scaled at random, and may stand in what is there: it is recognised by its shape,
        whatever surrounds it.
        """
        if not self.by_class:
            return sample
        labels = sorted(self.by_class)
        parts = [sample]
        for _ in range(count):
            choices = self.by_class[labels[rng.integers(len(labels))]]
            chosen = choices[rng.integers(len(choices))]
            parts.append(_placed(chosen, sample.xyz[rng.integers(len(sample)), :2], rng))
        return _join(parts)


def _placed(instance: SceneSample, where: np.ndarray, rng: np.random.Generator) -> SceneSample:
    """An instance turned and scaled about the vertical through its middle, which goes to ``where`` (2,)."""
    angle = rng.uniform(0, 2 * np.pi)
    cosine, sine = np.cos(angle), np.sin(angle)
    mirror = rng.choice([-1.0, 1.0])
    matrix = np.array([[cosine * mirror, -sine, 0], [sine * mirror, cosine, 0], [0, 0, 1]])
    xyz, normal = transform(instance.xyz, instance.normal, matrix * rng.uniform(1 - _SCALE, 1 + _SCALE))
    xyz[:, :2] += where - xyz[:, :2].mean(axis=0)
    return replace(instance, xyz=xyz, normal=normal)


def _join(parts: list[SceneSample]) -> SceneSample:
    """Samples as one scene, named and marked as the first; ids of supervoxels and instances stay apart."""
    joined = {
        key: np.concatenate([getattr(part, key) for part in parts])
        for key, value in vars(parts[0]).items()
        if isinstance(value, np.ndarray)
    }
    sizes = [len(part) for part in parts]
    for key in ("supervoxel", "instance"):
        highest = [int(getattr(part, key).max(initial=-1)) for part in parts]
        shift = np.repeat(np.cumsum([0] + [top + 1 for top in highest[:-1]]), sizes)
        ids = joined[key]
        joined[key] = np.where(ids >= 0, ids + shift, ids).astype(ids.dtype)
    return replace(parts[0], **joined)
