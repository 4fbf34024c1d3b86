"""Proposals against brute force, and the parts that they are made of."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.references import grouping_reference as reference
from twist.classes import S3DIS, SCANNET, ClassTable
from twist.regions import Regions
from twist.selftraining.proposals import group_points, snap, supervoxel_mean
from twist.settings import ProposalSettings

SETTINGS = ProposalSettings(radius_m=0.12, radius_shifted_m=0.08, min_points=4)


def cloud(seed: int, classes: int) -> tuple[np.ndarray, ...]:
    """probability, xyz, shifted and supervoxel of 250 points around some centres, in few classes."""
    rng = np.random.default_rng(seed)
    centres = rng.random((8, 3))
    of_point = rng.integers(0, len(centres), 250)
    xyz = (centres[of_point] + rng.normal(0, 0.08, (250, 3))).astype(np.float32)
    shifted = (centres[of_point] + rng.normal(0, 0.03, (250, 3))).astype(np.float32)
    logits = rng.normal(0, 1, (250, classes))
    logits[np.arange(250), rng.permutation(classes)[of_point % 4]] += 3
    probability = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    supervoxel = 2 * of_point + (xyz[:, 0] > centres[of_point, 0])
    return probability.astype(np.float32), xyz, shifted, supervoxel.astype(np.int32)


def as_sets(proposals: Regions) -> dict[tuple[int, frozenset[int]], float]:
    keys = [(int(proposals.label[k]), frozenset(proposals[k].tolist())) for k in range(len(proposals))]
    assert len(set(keys)) == len(keys), "a proposal occurs twice"
    assert all(len(points) == size for (_, points), size in zip(keys, proposals.sizes, strict=True))
    return dict(zip(keys, proposals.score.tolist(), strict=True))


@pytest.mark.parametrize("table", [SCANNET, S3DIS])
@pytest.mark.parametrize("snapped", [False, True])
@pytest.mark.parametrize("seed", range(4))
def test_same_as_brute_force(seed: int, snapped: bool, table: ClassTable) -> None:
    probability, xyz, shifted, supervoxel = cloud(seed, len(table))
    settings = replace(SETTINGS, snap_to_supervoxels=snapped)
    pieces = Regions.from_ids(supervoxel)
    found = as_sets(group_points(probability, xyz, shifted, pieces, table, settings))
    expected = reference.group_points(probability, xyz, shifted, supervoxel, table, settings)
    assert len(expected) > 3
    assert found == pytest.approx(expected)


def two_chairs(gap_m: float) -> tuple[np.ndarray, np.ndarray]:
    """Two rows of six chair points, ``gap_m`` apart."""
    xyz = np.zeros((12, 3), np.float32)
    xyz[:, 0] = np.tile(np.arange(6) * 0.05, 2)
    xyz[6:, 1] = gap_m
    probability = np.zeros((12, 20), np.float32)
    probability[:, 4] = np.linspace(0.5, 0.6, 12)
    return probability, xyz


def test_offsets_separate_what_touches_and_duplicates_go() -> None:
    probability, xyz = two_chairs(0.1)
    apart = xyz + np.repeat([[0, 0, 0], [0, 1, 0]], 6, axis=0).astype(np.float32)
    pieces = Regions.from_ids(np.zeros(12, np.int32))
    found = as_sets(group_points(probability, xyz, apart, pieces, SCANNET, SETTINGS))
    both, first, second = frozenset(range(12)), frozenset(range(6)), frozenset(range(6, 12))
    assert found.keys() == {(4, both), (4, first), (4, second)}
    assert found[4, both] == pytest.approx(0.55)
    same = as_sets(
        group_points(probability, xyz, xyz, pieces, SCANNET, replace(SETTINGS, radius_shifted_m=0.12))
    )
    assert same.keys() == {(4, both)}


def test_classes_are_never_joined_and_stuff_gives_nothing() -> None:
    probability, xyz = two_chairs(0.05)
    probability[6:] = 0
    probability[6:, SCANNET.names.index("floor")] = 1
    pieces = Regions.from_ids(np.zeros(12, np.int32))
    assert as_sets(group_points(probability, xyz, xyz, pieces, SCANNET, SETTINGS)).keys() == {
        (4, frozenset(range(6)))
    }
    probability[:] = 0
    probability[:, 0] = 1
    nothing = group_points(probability, xyz, xyz, pieces, SCANNET, SETTINGS)
    assert len(nothing) == 0
    assert nothing.size_of_scene == 12


@pytest.mark.parametrize("snapped", [False, True])
def test_too_small_groups_give_nothing(snapped: bool) -> None:
    probability, xyz = two_chairs(0.05)
    settings = replace(SETTINGS, min_points=13, snap_to_supervoxels=snapped)
    pieces = Regions.from_ids(np.arange(12))
    assert len(group_points(probability, xyz, xyz, pieces, SCANNET, settings)) == 0


def test_snapping_takes_more_than_half_and_leaves_half() -> None:
    supervoxel = np.array([0, 0, 0, 1, 1, 1, 1, 2, 2])
    ids = np.array([5, 5, -1, 5, 5, -1, -1, -1, 5])
    proposal = Regions.from_ids(ids, label=np.full(9, 4))
    snapped = snap(proposal, Regions.from_ids(supervoxel))
    assert snapped[0].tolist() == [0, 1, 2]
    assert snapped.label.tolist() == [4]


def test_snapping_can_empty_a_proposal() -> None:
    proposal = Regions.from_ids(np.array([0, -1, -1, -1]))
    assert snap(proposal, Regions.from_ids(np.zeros(4, np.int32))).sizes.tolist() == [0]


def test_supervoxel_mean() -> None:
    values = np.array([[1.0, 0], [3, 2], [5, 5], [0, 1]], np.float32)
    smooth = supervoxel_mean(values, Regions.from_ids(np.array([7, 7, 2, 7])))
    np.testing.assert_allclose(smooth, [[4 / 3, 1], [4 / 3, 1], [5, 5], [4 / 3, 1]], rtol=1e-6)
    assert smooth.dtype == np.float32
