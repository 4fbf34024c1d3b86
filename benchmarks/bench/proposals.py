"""Proposals as Ψ reads them, beside the same proposal by proposal."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from benchmarks.bench.case import Case, Task
from benchmarks.bench.inputs import sheet_sample
from benchmarks.bench.teaching import believed, preset
from twist.classes import SCANNET
from twist.learning.batches import make_batch
from twist.network.proposal_voxels import ProposalVoxels, proposal_voxels
from twist.regions import Regions
from twist.selftraining.proposals import group_points

Scene = tuple[Regions, np.ndarray, np.ndarray, np.ndarray]


def scene_of(points: int) -> Scene:
    """Proposals of a sheet of 60 objects in preset ``paper``, voxel of each point, position, probability."""
    sample, settings = sheet_sample(points), preset("paper")
    batch = make_batch([sample], settings.network)
    probability, offset = believed(sample)
    pieces = Regions.from_ids(sample.supervoxel)
    centre = sample.xyz + 0.9 * offset
    proposals = group_points(probability, sample.xyz, centre, pieces, SCANNET, settings.proposals)
    return proposals, batch.voxel_of_point.numpy(), batch.position.numpy(), probability


def one_by_one(scene: Scene, grid: int) -> list[tuple[np.ndarray, ...]]:
    """Of each proposal: its scene voxels, their cells (M, 3), the distinct cells and its class means."""
    proposals, voxel_of_point, position, probability = scene
    found = []
    for k in range(len(proposals)):
        points = proposals[k]
        members = np.unique(voxel_of_point[points])
        where = position[members]
        low, high = where.min(axis=0), where.max(axis=0)
        half_side = max((high - low).max(), np.float32(1e-3)) / 2
        local = (where - (low + high) / 2) / half_side
        cell = np.clip(((local + 1) / 2 * grid).astype(np.int64), 0, grid - 1)
        found.append(
            (members, cell, np.unique(cell, axis=0), probability[points].mean(axis=0, dtype=np.float64))
        )
    return found


def proposal_task(points: int, _: Path) -> Task:
    scene, grid = scene_of(points), preset("paper").network.recorrection_grid

    def check(ours: ProposalVoxels, reference: list[tuple[np.ndarray, ...]]) -> None:
        members, cells, distinct, mean = (np.concatenate(part) for part in zip(*reference, strict=True))
        np.testing.assert_array_equal(ours.scene_voxel, members)
        np.testing.assert_array_equal(ours.indices[ours.voxel_of_entry][:, 1:], cells)
        np.testing.assert_array_equal(ours.indices[:, 1:], distinct)
        things = np.log(np.maximum(mean.reshape(len(ours), -1)[:, SCANNET.is_thing], 1e-4))
        np.testing.assert_allclose(ours.log_probability[:, :-1], things, atol=1e-4)

    return Task(
        lambda: proposal_voxels(*scene, SCANNET, grid), lambda: one_by_one(scene, grid), check, len(scene[1])
    )


CASES = [
    Case(
        "Ψ's proposals of a scan", "points", "`np.unique` of each proposal's voxels and cells",
        "exactly; class means to 1e-4", (32_761, 131_769, 499_849), proposal_task,
    ),
]  # fmt: skip
