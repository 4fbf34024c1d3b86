"""Copy-paste: what a pasted instance keeps, and that nothing of the scene is lost."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.distance import pdist

from tests.synthetic import room_sample
from twist.learning.paste import InstanceBank
from twist.learning.samples import SceneSample


@pytest.fixture
def annotated(tmp_path: Path) -> SceneSample:
    return room_sample(tmp_path, 1500, seed=1)


@pytest.fixture
def scene(tmp_path: Path) -> SceneSample:
    return room_sample(tmp_path, 700, seed=2, annotated=False)


def arrays(sample: SceneSample) -> dict[str, np.ndarray]:
    return {key: value for key, value in vars(sample).items() if isinstance(value, np.ndarray)}


def test_the_scene_stays_and_instances_come_behind_it(annotated: SceneSample, scene: SceneSample) -> None:
    bank = InstanceBank([annotated])
    pasted = bank.paste(scene, 3, np.random.default_rng(0))
    assert (pasted.name, pasted.annotated) == (scene.name, False)
    for key, value in arrays(scene).items():
        np.testing.assert_array_equal(getattr(pasted, key)[: len(scene)], value)
        assert getattr(pasted, key).dtype == value.dtype
    new = slice(len(scene), None)
    added = np.unique(pasted.instance[new])
    assert len(added) == 3
    assert added.min() > scene.instance.max()
    assert pasted.supervoxel[new].min() > scene.supervoxel.max()
    for instance in added:
        points = pasted.instance == instance
        assert len(np.unique(pasted.semantic[points])) == 1


def test_a_pasted_instance_is_the_annotated_one_turned_and_scaled(
    annotated: SceneSample, scene: SceneSample
) -> None:
    bank = InstanceBank([annotated])
    pasted = bank.paste(scene, 1, np.random.default_rng(3))
    new = slice(len(scene), None)
    label = pasted.semantic[new][0]
    (origin,) = [s for s in bank.by_class[label] if len(s) == len(pasted) - len(scene)]
    ratio = pdist(pasted.xyz[new][:60]) / pdist(origin.xyz[:60])
    np.testing.assert_allclose(ratio, ratio[0], rtol=1e-3)
    assert 0.84 < ratio[0] < 1.16
    np.testing.assert_allclose(pasted.xyz[new, 2], origin.xyz[:, 2] * ratio[0], rtol=1e-3, atol=1e-5)
    middle = pasted.xyz[new, :2].mean(axis=0)
    assert np.abs(scene.xyz[:, :2] - middle).sum(axis=1).min() < 1e-3
    for key in ("rgb", "supervoxel_features"):
        np.testing.assert_array_equal(getattr(pasted, key)[new], getattr(origin, key))


def test_classes_come_equally_often(annotated: SceneSample, scene: SceneSample) -> None:
    bank = InstanceBank([annotated, annotated])
    rare = min(bank.by_class)
    bank.by_class[rare] = bank.by_class[rare][:1]
    rng = np.random.default_rng(0)
    labels = []
    for _ in range(200):
        pasted = bank.paste(scene, 1, rng)
        labels.append(pasted.semantic[-1])
    counts = np.bincount(labels)[sorted(bank.by_class)]
    assert counts.min() > 0.6 * counts.mean()


def test_without_instances_or_count_nothing_changes(annotated: SceneSample, scene: SceneSample) -> None:
    rng = np.random.default_rng(0)
    for bank, count in ((InstanceBank([]), 4), (InstanceBank([annotated]), 0)):
        for key, value in arrays(bank.paste(scene, count, rng)).items():
            np.testing.assert_array_equal(value, getattr(scene, key))
    small = annotated.select(np.flatnonzero(annotated.instance >= 0)[:50])
    assert InstanceBank([small]).by_class == {}
