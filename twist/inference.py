"""From trained models and one scan to proposals, predictions and pseudo-labels."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch

from twist.classes import ClassTable
from twist.geometry.tiles import Tile, cut
from twist.learning.augment import random_matrix, transform
from twist.learning.batches import Batch, make_batch
from twist.learning.losses import class_weights
from twist.learning.samples import SceneSample
from twist.network.ensemble import Ensemble
from twist.network.extraction import Extraction
from twist.network.model import Model
from twist.network.proposal_voxels import proposal_voxels
from twist.network.recorrection import blended_classes
from twist.regions import Regions, non_maximum_suppression
from twist.selftraining.proposals import group_points, supervoxel_mean
from twist.settings import AugmentationSettings, InferenceSettings, PredictionSettings, ProposalSettings


@dataclass(frozen=True)
class Inference:
    """What the models of an ensemble, often a single one, say of one scan's N points.

    point_probability: (N, C) float32, Φ's class probabilities, rare classes favoured where so asked
    probability: the same, averaged over supervoxels where so set; what the proposals are made from
    proposals: ``label`` and ``score`` = Φ's class and its mean probability
    certainty: (P,) float32 of Ψ, or None where Ψ is untrained
    recorrected: (P, things + 1) float32 re-corrected class probabilities, background last, or None
    """

    point_probability: np.ndarray
    probability: np.ndarray
    proposals: Regions
    certainty: np.ndarray | None
    recorrected: np.ndarray | None


@dataclass(frozen=True)
class Points:
    """What Φ says of one scan's points.

    probability: (N, C) float32 class probabilities; offset: (N, 3) float32 metres to the instance's centre
    batch: Φ's input of the unchanged view; features: of it the (V, F) voxel features of each model, for its Ψ
    """

    probability: np.ndarray
    offset: np.ndarray
    batch: Batch
    features: tuple[torch.Tensor, ...]


#: Views beyond the first: a random rotation about the vertical and a flip, nothing that changes shapes.
_VIEWS = AugmentationSettings(shear=0.0, elastic_granularity_m=(), elastic_magnitude_m=(), colour_shift=0.0)


@torch.inference_mode()
def extract(ensemble: Ensemble, sample: SceneSample, limits: InferenceSettings, views: int = 1) -> Points:
    """Run Φ on one scan, in tiles where it is larger than the limits.

    Probabilities and offsets are averaged over the models and, with ``views`` > 1, over that many rotated and
    mirrored copies of the scan (the first unchanged), the same ones in every run.
    """
    batch, features, probability, offset = _answer(ensemble, sample, limits)
    for view in range(1, views):
        matrix = random_matrix(_VIEWS, np.random.default_rng(view))
        xyz, normal = transform(sample.xyz, sample.normal, matrix)
        _, _, more, turned = _answer(ensemble, replace(sample, xyz=xyz, normal=normal), limits)
        probability, offset = probability + more, offset + turned @ np.linalg.inv(matrix).T
    count = len(ensemble.models) * views
    return Points(probability / count, (offset / count).astype(np.float32), batch, features)


@torch.inference_mode()
def infer(
    ensemble: Ensemble,
    sample: SceneSample,
    settings: ProposalSettings,
    limits: InferenceSettings,
    views: int = 1,
    class_weight_power: float = 0.0,
) -> Inference:
    """Run Φ, grouping and Ψ on one scan; see ``extract``. Only Φ works in tiles: no instance is cut.

    Proposals are those of the averaged Φ; certainty and class of each are averaged over the models' Ψ.
    class_weight_power: see ``favour_rare``; raises TwistError where models do not tell their classes' points
    """
    points = extract(ensemble, sample, limits, views)
    if class_weight_power:
        favoured = favour_rare(points.probability, ensemble.class_points, class_weight_power)
        points = replace(points, probability=favoured)
    pieces = Regions.from_ids(sample.supervoxel)
    probability = points.probability
    if settings.supervoxel_mean:
        probability = supervoxel_mean(probability, pieces)
    shifted = sample.xyz + points.offset
    proposals = group_points(probability, sample.xyz, shifted, pieces, ensemble.table, settings)
    certainty = recorrected = None
    if ensemble.certainty_trained:
        certainty, recorrected = _recorrect(ensemble, points, probability, proposals, settings.class_trust)
    return Inference(points.probability, probability, proposals, certainty, recorrected)


def favour_rare(probability: np.ndarray, class_points: np.ndarray, power: float) -> np.ndarray:
    """(N, C) float32 probabilities times the weights of the classes (``class_weights``), normalised.

    A network that learned each point alike says what is likely, which is right for a label; scores count
    each class alike, and want rare ones named sooner [our choice, after logit adjustment].
    """
    favoured = probability * class_weights(class_points, power)
    return favoured / favoured.sum(axis=1, keepdims=True)


def _recorrect(
    ensemble: Ensemble, points: Points, probability: np.ndarray, proposals: Regions, class_trust: float
) -> tuple[np.ndarray, np.ndarray]:
    """(P,) certainty and (P, things + 1) class probabilities of proposals by ``blended_classes``."""
    if len(proposals) == 0:
        return np.zeros(0, np.float32), np.zeros((0, len(ensemble.table.things) + 1), np.float32)
    inputs = proposal_voxels(
        proposals,
        points.batch.in_memory.voxel_of_point.numpy(),
        points.batch.in_memory.position.numpy(),
        probability,
        ensemble.table,
        ensemble.settings.recorrection_grid,
    ).to(ensemble.device)
    before = inputs.log_probability
    certainties, classes = [], []
    for model, features in zip(ensemble.models, points.features, strict=True):
        answer = model.recorrection(features, inputs)
        certainties.append(torch.sigmoid(answer.certainty.float()))
        classes.append(blended_classes(before, answer.logits.float(), class_trust, ensemble.table))
    certainty, recorrected = (torch.stack(answers).mean(0) for answers in (certainties, classes))
    return certainty.cpu().numpy(), recorrected.cpu().numpy()


def _answer(
    ensemble: Ensemble, sample: SceneSample, limits: InferenceSettings
) -> tuple[Batch, tuple[torch.Tensor, ...], np.ndarray, np.ndarray]:
    """Φ's input of one view, each model's voxel features, and their probabilities and offsets, summed."""
    batch = make_batch([sample], ensemble.settings)
    margin = math.ceil(limits.margin_m / ensemble.settings.voxel_size_m)
    tiles = cut(batch.indices[:, 1:].numpy(), limits.voxels_max, margin)
    batch = batch.to(ensemble.device)
    features, probability, offset = [], 0.0, 0.0
    for model in ensemble.models:
        extraction = _forward(model, batch, tiles)
        more, further = _per_point(batch, extraction)
        probability, offset = probability + more, offset + further
        features.append(extraction.features)
    return batch, tuple(features), probability, offset


def _forward(model: Model, batch: Batch, tiles: Sequence[Tile]) -> Extraction:
    if len(tiles) > 1:
        return _extract_tiles(model, batch, tiles)
    return model.extraction(batch.features, batch.indices, 1, batch.largest_index)


def _extract_tiles(model: Model, batch: Batch, tiles: Sequence[Tile]) -> Extraction:
    """Φ tile by tile; a voxel takes the answer of the tile whose core it lies in.

    Tiles are cut from the scan's own voxels and keep step with the network's strides, so that a margin as
    wide as the network sees gives the very answer of the whole scan.
    """
    stride = 2**model.extraction.backbone.levels
    whole: dict[str, torch.Tensor] = {}
    for tile in tiles:
        rows = torch.from_numpy(tile.rows).to(model.device)
        in_core = torch.from_numpy(tile.in_core).to(model.device)
        indices = batch.indices[rows]
        corner = indices.amin(dim=0) // stride * stride
        answer = model.extraction(batch.features[rows], indices - corner, 1)
        for name, values in vars(answer).items():
            if name not in whole:
                whole[name] = values.new_empty((len(batch.indices), values.shape[1]))
            whole[name][rows[in_core]] = values[in_core]
    return Extraction(**whole)


def _per_point(batch: Batch, extraction: Extraction) -> tuple[np.ndarray, np.ndarray]:
    """(N, C) probabilities and (N, 3) offsets of the points; a point inherits its voxel's centre."""
    probability = torch.softmax(extraction.logits.float(), dim=1)[batch.voxel_of_point]
    centre = (batch.position + extraction.offset.float())[batch.voxel_of_point]
    return probability.cpu().numpy(), (centre - batch.xyz).cpu().numpy()


def recorrected_proposals(inference: Inference, table: ClassTable) -> Regions:
    """Proposals with Ψ's class (-1 = background) as label and Ψ's certainty as score.

    Without a trained Ψ: Φ's class and mean class probability.
    """
    proposals = inference.proposals
    if inference.certainty is None or inference.recorrected is None:
        return proposals
    column = inference.recorrected.argmax(axis=1)
    label = np.append(table.things, -1)[column]
    return proposals.with_labels(label, inference.certainty)


def predictions(inference: Inference, table: ClassTable, settings: PredictionSettings) -> Regions:
    """The scored instances of a scan, best first: background, faint, small and doubled ones are dropped.

    Class: the re-corrected one, Φ's where Ψ is untrained. Score: ``prediction.score`` of Ψ's certainty, Φ's
    mean class probability where Ψ is untrained.
    """
    regions = recorrected_proposals(inference, table)
    score = regions.score
    if inference.recorrected is not None and settings.score == "geometric_mean":
        score = np.sqrt(score * inference.recorrected.max(axis=1))
    regions = regions.with_labels(regions.label, score)
    enough = (regions.score >= settings.min_score) & (regions.sizes >= settings.min_points)
    regions = regions.select(enough & (regions.label >= 0))
    return regions.select(non_maximum_suppression(regions, settings.nms_iou))
