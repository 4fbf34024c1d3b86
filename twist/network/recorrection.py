"""Ψ, the proposal re-correction module: instance certainty and a re-corrected class for each proposal."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import torch
from torch import nn

from twist.classes import ClassTable
from twist.network.blocks import ConvBlock, ResBlock
from twist.network.proposal_voxels import ProposalVoxels
from twist.network.sparse import downward, sparse_tensor, submanifold
from twist.settings import NetworkSettings


@dataclass(frozen=True)
class Recorrection:
    """certainty: (P,) logits; logits: (P, things + 1) of the re-corrected class, background last."""

    certainty: torch.Tensor
    logits: torch.Tensor


class ProposalRecorrection(nn.Module):
    """Ψ: a SparseConv encoder over one instance proposal [paper, supplementary A].

    Our choices where the paper is silent: the input is Φ's features with the coordinates about the
    proposal's centre, on a grid scaled to the proposal; the pooled encoding (mean and maximum) meets the
    proposal's extent in metres; and the class head learns a residual on the log of Φ's mean class
    probability, since with few labelled scenes a class head that starts from nothing falls far behind Φ.
    """

    def __init__(
        self, channels_in: int, things: int, settings: NetworkSettings, device: torch.device
    ) -> None:
        super().__init__()
        channels = settings.recorrection_channels
        self.levels = len(channels) - 1
        self.largest_index = (settings.recorrection_grid - 1,) * 3
        self.stem = ConvBlock(submanifold(channels_in + 3, channels[0], "proposal0", device), channels[0])
        stages: list[nn.Module] = [ResBlock(channels[0], channels[0], "proposal0", device)]
        for level, (above, here) in enumerate(itertools.pairwise(channels), start=1):
            stages.append(ConvBlock(downward(above, above, f"proposal_stride{level}", device), above))
            stages.append(ResBlock(above, here, f"proposal{level}", device))
        self.encoder = nn.Sequential(*stages)
        self.hidden = nn.Sequential(nn.Linear(2 * channels[-1] + 3, channels[-1]), nn.ReLU())
        self.dropout = nn.Dropout(settings.recorrection_dropout)
        self.certainty = nn.Linear(channels[-1], 1)
        self.residual = nn.Linear(channels[-1], things + 1)
        nn.init.zeros_(self.residual.weight)
        nn.init.zeros_(self.residual.bias)

    def forward(self, features: torch.Tensor, proposals: ProposalVoxels) -> Recorrection:
        """features: (V, C) of Φ for the scene voxels that ``proposals.scene_voxel`` points to."""
        entries = torch.cat([features[proposals.scene_voxel], proposals.position], dim=1)
        voxels = scatter_mean(entries, proposals.voxel_of_entry, len(proposals.indices))
        x = sparse_tensor(
            voxels,
            proposals.indices,
            len(proposals),
            self.levels,
            check=False,
            largest_index=self.largest_index,
        )
        x = self.encoder(self.stem(x))
        owner = x.indices[:, 0].long()
        pooled = torch.cat(
            [
                scatter_mean(x.features, owner, len(proposals)),
                _scatter_max(x.features, owner, len(proposals)),
                torch.log(proposals.size_m + 0.01),
            ],
            dim=1,
        )
        hidden = self.dropout(self.hidden(self.dropout(pooled)))
        return Recorrection(
            self.certainty(hidden).squeeze(1), proposals.log_probability + self.residual(hidden)
        )


def blended_classes(
    before: torch.Tensor, after: torch.Tensor, trust: float, table: ClassTable
) -> torch.Tensor:
    """(P, things + 1) probabilities of proposals' classes: Φ's^(1-t) times Ψ's^t, normalised, t = ``trust``.

    before: (P, things + 1) log probabilities by Φ, background last; after: logits by Ψ. Ψ learns from the few
    labelled scans, which Φ knows by heart, and sees there too few of Φ's mistakes to be taken at its word
    [our choice; docs/choices.md has what it brings].
    Where every class has instances, Φ has no word for background: Ψ's probability of it stands as it is, and
    the things share the rest.
    """
    blended = before + trust * (after - before)
    if not table.is_thing.all():
        return torch.softmax(blended, dim=1)
    background = torch.softmax(after, dim=1)[:, -1:]
    return torch.cat([torch.softmax(blended[:, :-1], dim=1) * (1 - background), background], dim=1)


def scatter_mean(values: torch.Tensor, index: torch.Tensor, groups: int) -> torch.Tensor:
    """Mean of the rows of each group: (M, C) values, (M,) int64 index -> (groups, C); empty groups are 0."""
    # in float32 also in mixed precision: a sum over many voxels would lose digits, or overflow
    sums = torch.zeros((groups, values.shape[1]), device=values.device).index_add(0, index, values.float())
    # not bincount: on a GPU it waits
    counts = torch.zeros(groups, device=index.device).index_add(
        0, index, torch.ones_like(index, dtype=torch.float32)
    )
    return (sums / counts.clamp(min=1).unsqueeze(1)).to(values.dtype)


def _scatter_max(values: torch.Tensor, index: torch.Tensor, groups: int) -> torch.Tensor:
    """Maximum of the rows of each group, of values that are at least 0 (behind a ReLU)."""
    target = index.unsqueeze(1).expand_as(values)
    return values.new_zeros((groups, values.shape[1])).scatter_reduce(0, target, values, "amax")
