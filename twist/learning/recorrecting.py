"""Ψ's part of a training step: proposals of the annotated scenes, their targets and loss."""

from __future__ import annotations

import numpy as np
import torch

from twist.learning.batches import Batch
from twist.learning.losses import proposal_targets, recorrection_loss
from twist.network.extraction import Extraction
from twist.network.model import Model
from twist.network.proposal_voxels import ProposalVoxels, concatenate, proposal_voxels
from twist.regions import Regions
from twist.selftraining.proposals import group_points, supervoxel_mean
from twist.settings import Settings


def recorrection_step(
    model: Model, extraction: Extraction, batch: Batch, settings: Settings
) -> tuple[dict[str, torch.Tensor], float]:
    """Ψ's losses on one batch, and the number of proposals an annotated scene.

    Ψ learns from annotated scenes only [our choice]. Where no scene gives a proposal, the losses are 0:
    early rounds on few labels meet this.
    """
    probability = torch.softmax(extraction.logits.detach().float(), dim=1)
    centre = (batch.position + extraction.offset.detach().float()).cpu().numpy()
    parts, certainties, labels = [], [], []
    for b in np.flatnonzero(batch.truth):
        inputs = _scene_proposals(batch, int(b), probability.cpu().numpy(), centre, model, settings)
        if inputs is not None:
            parts.append(inputs[0])
            certainties.append(inputs[1])
            labels.append(inputs[2])
    if not parts:
        zero = extraction.logits.sum() * 0.0
        return {"certainty": zero, "class": zero}, 0.0
    proposals = concatenate(parts).to(model.device)
    features = extraction.features
    if not settings.recorrection.gradient_to_features:
        features = features.detach()
    losses = recorrection_loss(
        model.recorrection(features, proposals),
        torch.from_numpy(np.concatenate(certainties)).to(model.device),
        torch.from_numpy(np.concatenate(labels)).to(model.device),
    )
    return losses, len(proposals) / sum(batch.truth)


def _scene_proposals(
    batch: Batch,
    b: int,
    probability: np.ndarray,
    centre: np.ndarray,
    model: Model,
    settings: Settings,
) -> tuple[ProposalVoxels, np.ndarray, np.ndarray] | None:
    """Proposals of scene b with their certainty and class targets; None where it has none."""
    points = batch.points_of(b)
    voxel = batch.voxel_of_point[points].cpu().numpy()
    pieces = Regions.from_ids(batch.supervoxel[points].cpu().numpy())
    of_point = probability[voxel]
    if settings.proposals.supervoxel_mean:
        of_point = supervoxel_mean(of_point, pieces)
    xyz = batch.xyz[points].cpu().numpy()
    proposals = group_points(of_point, xyz, centre[voxel], pieces, model.table, settings.proposals)
    if len(proposals) == 0:
        return None
    largest = np.argsort(-proposals.sizes, kind="stable")[: settings.recorrection.proposals_max]
    proposals = proposals.select(np.sort(largest))
    instance, semantic = batch.instance[points].cpu().numpy(), batch.semantic[points].cpu().numpy()
    truth = Regions.from_ids(instance, label=semantic)
    certainty, label = proposal_targets(proposals, truth, model.table, settings.recorrection)
    position = batch.position.cpu().numpy()
    inputs = proposal_voxels(
        proposals, voxel, position, of_point, model.table, model.settings.recorrection_grid
    )
    return inputs, certainty, label
