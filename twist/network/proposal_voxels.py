"""ProposalVoxels: instance proposals as Ψ sees them, each on a small grid of its own."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from twist.classes import ClassTable
from twist.geometry.sorting import sorted_keys
from twist.geometry.sums import mean_over
from twist.geometry.voxels import distinct
from twist.regions import Regions, run_starts


@dataclass(frozen=True)
class ProposalVoxels:
    """P proposals with M entries (a scene voxel in a proposal) on W proposal voxels.

    scene_voxel: (M,) int64, row of Φ's features that each entry takes
    position: (M, 3) float32, about the proposal's centre, in units of half its longest side
    voxel_of_entry: (M,) int64, the proposal voxel that each entry falls into
    indices: (W, 4) int32 (proposal, x, y, z), unique
    log_probability: (P, things + 1) float32, log of Φ's mean class probability; last column: background
    size_m: (P, 3) float32, extent of each proposal in metres
    """

    scene_voxel: torch.Tensor
    position: torch.Tensor
    voxel_of_entry: torch.Tensor
    indices: torch.Tensor
    log_probability: torch.Tensor
    size_m: torch.Tensor

    def __len__(self) -> int:
        return len(self.log_probability)

    def to(self, device: torch.device) -> ProposalVoxels:
        return ProposalVoxels(**{key: value.to(device) for key, value in vars(self).items()})


def proposal_voxels(
    proposals: Regions,
    voxel_of_point: np.ndarray,
    position: np.ndarray,
    probability: np.ndarray,
    table: ClassTable,
    grid: int,
) -> ProposalVoxels:
    """Voxelise the proposals of one scene, at least one, none of them empty.

    voxel_of_point: (N,) rows of Φ's output; position: (V, 3) float32 metres; probability: (N, C) float32.
    Each proposal's longest side spans ``grid`` voxels, whatever its size: a shape looks the same to Ψ near
    and far, and its extent in metres is told apart.
    """
    _, keys = sorted_keys(proposals.region_of_entry << 32 | voxel_of_point[proposals.index])
    keys = keys[run_starts(keys)]
    owner, scene_voxel = keys >> 32, keys & 0xFFFFFFFF
    starts = run_starts(owner)
    where = position[scene_voxel]
    low, high = np.minimum.reduceat(where, starts), np.maximum.reduceat(where, starts)
    half_side = np.maximum((high - low).max(axis=1), 1e-3) / 2
    local = (where - ((low + high) / 2)[owner]) / half_side[owner, None]
    cell = np.clip(((local + 1) / 2 * grid).astype(np.int64), 0, grid - 1)
    cell_key = ((owner * grid + cell[:, 0]) * grid + cell[:, 1]) * grid + cell[:, 2]
    unique_key, voxel_of_entry = distinct(cell_key, len(proposals) * grid**3)
    digits = [
        unique_key // grid**3,
        unique_key // grid**2 % grid,
        unique_key // grid % grid,
        unique_key % grid,
    ]
    mean = mean_over(proposals, probability)
    columns = np.concatenate(
        [mean[:, table.is_thing], mean[:, ~table.is_thing].sum(1, keepdims=True)], axis=1
    )
    return ProposalVoxels(
        scene_voxel=torch.from_numpy(scene_voxel),
        position=torch.from_numpy(local.astype(np.float32)),
        voxel_of_entry=torch.from_numpy(voxel_of_entry),
        indices=torch.from_numpy(np.stack(digits, axis=1).astype(np.int32)),
        log_probability=torch.from_numpy(np.log(np.maximum(columns, 1e-4)).astype(np.float32)),
        size_m=torch.from_numpy((high - low).astype(np.float32)),
    )


def concatenate(parts: list[ProposalVoxels]) -> ProposalVoxels:
    """Proposals of several scenes whose ``scene_voxel`` already count through one batch."""
    first_proposal = np.cumsum([0] + [len(part) for part in parts])
    first_voxel = np.cumsum([0] + [len(part.indices) for part in parts])
    indices = [part.indices.clone() for part in parts]
    for own, shift in zip(indices, first_proposal, strict=False):
        own[:, 0] += int(shift)
    return ProposalVoxels(
        scene_voxel=torch.cat([part.scene_voxel for part in parts]),
        position=torch.cat([part.position for part in parts]),
        voxel_of_entry=torch.cat(
            [p.voxel_of_entry + int(s) for p, s in zip(parts, first_voxel, strict=False)]
        ),
        indices=torch.cat(indices),
        log_probability=torch.cat([part.log_probability for part in parts]),
        size_m=torch.cat([part.size_m for part in parts]),
    )
