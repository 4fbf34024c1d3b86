"""Ψ's part of a training step: proposals of annotated scenes, their targets and loss."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch

from twist.geometry.voxels import distinct
from twist.learning.batches import Batch
from twist.learning.losses import proposal_targets, recorrection_loss
from twist.learning.processes import ALONE, Processes
from twist.network.extraction import Extraction
from twist.network.model import Model
from twist.network.proposal_voxels import ProposalVoxels, concatenate, proposal_voxels
from twist.regions import Regions
from twist.selftraining.proposals import group_points, supervoxel_mean
from twist.settings import Settings


@dataclass(frozen=True)
class SceneProposals:
    """The P proposals of one annotated scene, as Ψ learns from them.

    voxels: their shape; ``scene_voxel`` counts rows of ``features``
    features: (U, C) of Φ, float32; float16 in mixed precision
    certainty: (P,) float32 and label: (P,) int64, the targets of ``proposal_targets``
    """

    voxels: ProposalVoxels
    features: torch.Tensor
    certainty: torch.Tensor
    label: torch.Tensor

    def detached(self) -> SceneProposals:
        """The same without the way back to Φ, as a copy that keeps nothing else alive."""
        return replace(self, features=self.features.detach().clone())

    def to(self, device: torch.device | str) -> SceneProposals:
        moved = {key: value.to(device) for key, value in vars(self).items()}
        return SceneProposals(**moved)


class ProposalMemory:
    """The proposals of the last annotated scenes, oldest first.

    A self-training step has few annotated scenes, and Ψ learns from nothing else: with one a step it sees a
    quarter of what it sees in the control, and stays behind it. So earlier steps' proposals fill up
    [our choice; docs/choices.md has what it brings].
    """

    def __init__(self, scenes: int) -> None:
        self._scenes: deque[SceneProposals] = deque(maxlen=scenes)

    def recall(self, count: int) -> list[SceneProposals]:
        """The newest ``count``, or fewer where there are no more."""
        return list(self._scenes)[-count:] if count > 0 else []

    def add(self, scenes: list[SceneProposals]) -> None:
        self._scenes.extend(scene.detached() for scene in scenes)

    def state(self) -> list[dict[str, Any]]:
        """Plain values for the saved state."""
        return [vars(scene) | {"voxels": vars(scene.voxels)} for scene in self._scenes]

    def restore(self, state: list[dict[str, Any]], device: torch.device) -> None:
        """Take over what ``state`` gave."""
        self._scenes.clear()
        for entry in state:
            scene = SceneProposals(**entry | {"voxels": ProposalVoxels(**entry["voxels"])})
            self._scenes.append(scene.to(device))


def recorrection_step(
    model: Model,
    extraction: Extraction,
    batch: Batch,
    settings: Settings,
    memory: ProposalMemory,
    processes: Processes = ALONE,
) -> tuple[dict[str, torch.Tensor], float]:
    """Ψ's losses on one batch, and the number of proposals an annotated scene.

    Ψ learns from annotated scenes only [our choice]: those of the batch and, up to
    ``recorrection.scenes_per_step`` in all, those that ``memory`` holds; the batch's go there. Where no scene
    gives a proposal, the losses are 0: early rounds on few labels meet this.
    Of several processes each finds the proposals of its scenes, and every one computes Ψ on all of them, with
    the way back to Φ for its own: with few annotated scenes a step there is little to divide.
    """
    probability, centre = _answers_in_memory(extraction, batch)
    host = batch.in_memory
    features = extraction.features
    if not settings.recorrection.gradient_to_features:
        features = features.detach()
    annotated = [int(b) for b in np.flatnonzero(host.annotated_scenes)]
    found = [_scene_proposals(host, b, features, probability, centre, model, settings) for b in annotated]
    found = _of_all_processes(found, processes, model.device)
    fresh = [scene for scene in found if scene is not None]
    scenes = fresh + memory.recall(settings.recorrection.scenes_per_step - len(found))
    memory.add(fresh)
    if not scenes:
        zero = extraction.logits.sum() * 0.0
        return {"certainty": zero, "class": zero}, 0.0
    first_row = np.cumsum([0] + [len(scene.features) for scene in scenes])
    voxels = [
        replace(scene.voxels, scene_voxel=scene.voxels.scene_voxel + int(row))
        for scene, row in zip(scenes, first_row, strict=False)
    ]
    recorrection = model.recorrection(torch.cat([scene.features for scene in scenes]), concatenate(voxels))
    losses = recorrection_loss(
        recorrection,
        torch.cat([scene.certainty for scene in scenes]),
        torch.cat([scene.label for scene in scenes]),
    )
    return losses, sum(len(scene.label) for scene in fresh) / max(len(found), 1)


def _answers_in_memory(extraction: Extraction, batch: Batch) -> tuple[np.ndarray, np.ndarray]:
    """Class probabilities (V, C) and instance centres (V, 3) of the voxels, float32; one wait for a GPU."""
    probability = torch.softmax(extraction.logits.detach().float(), dim=1)
    centre = batch.position + extraction.offset.detach().float()
    if not probability.is_cuda:
        return probability.numpy(), centre.numpy()
    both = torch.cat([probability, centre], dim=1).cpu().numpy()
    return np.ascontiguousarray(both[:, :-3]), np.ascontiguousarray(both[:, -3:])


def _of_all_processes(
    own: list[SceneProposals | None], processes: Processes, device: torch.device
) -> list[SceneProposals | None]:
    """The proposals of all annotated scenes of a step, in order; those found here keep their way to Φ."""
    if processes.count == 1:
        return own
    parts = processes.gather([scene and scene.detached().to("cpu") for scene in own])
    parts[processes.rank] = own
    return [scene and scene.to(device) for part in parts for scene in part]


def _scene_proposals(
    host: Batch,
    b: int,
    features: torch.Tensor,
    probability: np.ndarray,
    centre: np.ndarray,
    model: Model,
    settings: Settings,
) -> SceneProposals | None:
    """Proposals of scene b with their targets; None where it has none. host: in main memory."""
    points = host.points_of(b)
    voxel = host.voxel_of_point[points].numpy()
    pieces = Regions.from_ids(host.supervoxel[points].numpy())
    of_point = probability[voxel]
    if settings.proposals.supervoxel_mean:
        of_point = supervoxel_mean(of_point, pieces)
    xyz = host.xyz[points].numpy()
    proposals = group_points(of_point, xyz, centre[voxel], pieces, model.table, settings.proposals)
    if len(proposals) == 0:
        return None
    largest = np.argsort(-proposals.sizes, kind="stable")[: settings.recorrection.proposals_max]
    proposals = proposals.select(np.sort(largest))
    instance, semantic = host.instance[points].numpy(), host.semantic[points].numpy()
    truth = Regions.from_ids(instance, label=semantic)
    certainty, label = proposal_targets(proposals, truth, model.table, settings.recorrection)
    position = host.position.numpy()
    voxels = proposal_voxels(
        proposals, voxel, position, of_point, model.table, model.settings.recorrection_grid
    )
    rows, scene_voxel = map(torch.from_numpy, distinct(voxels.scene_voxel.numpy(), len(position)))
    return SceneProposals(
        replace(voxels, scene_voxel=scene_voxel).to(model.device),
        features[rows.to(model.device)],
        torch.from_numpy(certainty).to(model.device),
        torch.from_numpy(label).to(model.device),
    )
