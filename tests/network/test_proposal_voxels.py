"""ProposalVoxels against a plain loop over proposals, entries and voxels."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from tests.regions import regions_of
from twist.classes import S3DIS, SCANNET, ClassTable
from twist.network.proposal_voxels import ProposalVoxels, concatenate, proposal_voxels
from twist.regions import Regions


def scene(seed: int, points: int = 80, voxels: int = 30, classes: int = 20) -> tuple[np.ndarray, ...]:
    """voxel_of_point, position and probability of a random scene."""
    rng = np.random.default_rng(seed)
    voxel_of_point = np.concatenate([np.arange(voxels), rng.integers(0, voxels, points - voxels)])
    position = rng.normal(size=(voxels, 3)).astype(np.float32)
    probability = rng.dirichlet(np.full(classes, 0.3), points).astype(np.float32)
    return rng.permutation(voxel_of_point), position, probability


def random_proposals(seed: int, points: int = 80) -> Regions:
    """Overlapping proposals of one to sixty points."""
    rng = np.random.default_rng([seed, 1])
    sets = [rng.choice(points, size, replace=False).tolist() for size in (1, 2, 7, 30, 60)]
    return regions_of(sets, points)


def by_loop(
    proposals: Regions,
    voxel_of_point: np.ndarray,
    position: np.ndarray,
    probability: np.ndarray,
    table: ClassTable,
    grid: int,
) -> list[dict[str, object]]:
    """For each proposal: cell (x, y, z) and local position of each scene voxel, class columns, extent."""
    answers = []
    for k in range(len(proposals)):
        members = sorted({int(voxel_of_point[point]) for point in proposals[k]})
        where = position[members].astype(np.float64)
        low, high = where.min(axis=0), where.max(axis=0)
        half = max((high - low).max(), 1e-3) / 2
        local = (where - (low + high) / 2) / half
        cell = np.clip(np.floor((local + 1) / 2 * grid), 0, grid - 1).astype(int)
        mean = np.mean([probability[point].astype(np.float64) for point in proposals[k]], axis=0)
        things = [mean[c] for c in range(len(table)) if table.names[c] not in table.stuff]
        stuff = sum(mean[c] for c in range(len(table)) if table.names[c] in table.stuff)
        answers.append(
            {
                "cells": {voxel: tuple(c) for voxel, c in zip(members, cell.tolist(), strict=True)},
                "local": dict(zip(members, local, strict=True)),
                "log_probability": np.log(np.maximum([*things, stuff], 1e-4)),
                "size": high - low,
            }
        )
    return answers


def check(found: ProposalVoxels, expected: list[dict[str, object]]) -> None:
    assert len(found) == len(expected)
    assert found.indices.dtype == torch.int32
    assert len(torch.unique(found.indices, dim=0)) == len(found.indices)
    seen: list[dict[int, tuple[int, ...]]] = [{} for _ in expected]
    for voxel, entry, local in zip(
        found.scene_voxel.tolist(), found.voxel_of_entry.tolist(), found.position.numpy(), strict=True
    ):
        owner, *cell = found.indices[entry].tolist()
        assert voxel not in seen[owner]
        seen[owner][voxel] = tuple(cell)
        np.testing.assert_allclose(local, expected[owner]["local"][voxel], atol=1e-5)
    assert seen == [answer["cells"] for answer in expected]
    assert set(found.voxel_of_entry.tolist()) == set(range(len(found.indices)))
    for k, answer in enumerate(expected):
        np.testing.assert_allclose(found.log_probability[k], answer["log_probability"], atol=1e-5)
        np.testing.assert_allclose(found.size_m[k], answer["size"], atol=1e-5)


@pytest.mark.parametrize("table", [SCANNET, S3DIS])
@pytest.mark.parametrize("seed", range(3))
def test_same_as_a_plain_loop(seed: int, table: ClassTable) -> None:
    arguments = (random_proposals(seed), *scene(seed, classes=len(table)), table, 5)
    check(proposal_voxels(*arguments), by_loop(*arguments))


def test_longest_side_spans_the_grid() -> None:
    line = np.array([[0, 0, 0], [1, 0, 0], [2, 0.5, 0]], np.float32)
    probability = np.full((3, 20), 0.05, np.float32)
    found = proposal_voxels(regions_of([[0, 1, 2]], 3), np.arange(3), line, probability, SCANNET, 4)
    assert sorted(found.indices[:, 1].tolist()) == [0, 2, 3]
    assert found.position[:, 0].tolist() == [-1, 0, 1]
    assert found.size_m.tolist() == [[2, 0.5, 0]]


def test_concatenation_is_the_loop_over_all_scenes() -> None:
    """Scene b's voxels count on from those of the scenes before it, as in a batch."""
    parts, expected = [], []
    for b, grid in enumerate((5, 5, 5)):
        voxel_of_point, position, probability = scene(b)
        shifted = np.concatenate([np.zeros((30 * b, 3), np.float32), position])
        arguments = (random_proposals(b), voxel_of_point + 30 * b, shifted, probability, SCANNET, grid)
        parts.append(proposal_voxels(*arguments))
        expected += by_loop(*arguments)
    before = [part.indices.clone() for part in parts]
    check(concatenate(parts), expected)
    assert all(torch.equal(part.indices, own) for part, own in zip(parts, before, strict=True))


def test_a_point_counts_by_its_voxel_once() -> None:
    """Ten points of one voxel weigh as one: Φ has a single feature for them."""
    voxel_of_point = np.array([0] * 10 + [1])
    position = np.array([[0, 0, 0], [1, 1, 1]], np.float32)
    probability = np.full((11, 20), 0.05, np.float32)
    everything = regions_of([list(range(11))], 11)
    found = proposal_voxels(everything, voxel_of_point, position, probability, SCANNET, 4)
    assert found.scene_voxel.tolist() == [0, 1]
