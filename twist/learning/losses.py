"""The losses: L = L^Φ + α L^Ψ [paper, supplementary C]."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch.nn import functional

from twist.classes import ClassTable
from twist.learning.batches import Batch
from twist.network.extraction import Extraction
from twist.network.recorrection import Recorrection
from twist.regions import Regions, iou
from twist.scoring.fitting import soft_iou
from twist.settings import RecorrectionSettings


def extraction_loss(
    extraction: Extraction,
    batch: Batch,
    class_weight: torch.Tensor,
    offset_weight: float,
    pseudo_weight: float = 1.0,
    pseudo_class_weight_power: float = 1.0,
    total: Callable[[torch.Tensor], torch.Tensor] = lambda values: values,
) -> dict[str, torch.Tensor]:
    """L^Φ in parts: ``semantic`` cross entropy; ``offset`` = L1 + direction, negative cosine [PointGroup].

    class_weight: (C,) float32; of pseudo-labelled points it counts to ``pseudo_class_weight_power`` [our
    choice: below 1 a rare class that pseudo-labels wrongly name spreads less].
    Semantic: over points with a label, weighted by class and point; the mean
    over pseudo-labelled scenes counts ``pseudo_weight`` times the mean over annotated ones [our choice: many
    uncertain labels must not drown the few certain ones]. Offset: over points on an instance; the head
    speaks for the mean position of the voxel's points, so its target there is the instance's centre minus
    that position. Parts are 0 where no point takes part.
    total: sums over the processes that a step's scenes are divided among; each then gets its share of the
    step's loss.
    """
    known = batch.labelled_points
    target, voxel = batch.semantic[known], batch.voxel_of_point[known]
    annotated = batch.annotated[known]
    of_class = torch.where(annotated, class_weight[target], class_weight[target] ** pseudo_class_weight_power)
    weight = batch.weight[known] * of_class
    log_probability = functional.log_softmax(extraction.logits.float(), dim=1)
    nll = -log_probability[voxel, target]
    certain, uncertain = weight * annotated, weight * ~annotated
    on = batch.instance_points
    counts = [weight.new_full((), count) for count in (len(on), batch.annotated_scenes.count(False))]
    sums = total(torch.stack([certain.sum(), uncertain.sum(), *counts]))
    of_certain, of_uncertain, count = sums[0].clamp(min=1e-6), sums[1].clamp(min=1e-6), sums[2].clamp(min=1)
    semantic = (certain * nll).sum() / of_certain + pseudo_weight * ((uncertain * nll).sum() / of_uncertain)
    semantic = semantic / torch.where(sums[3] > 0, 1 + pseudo_weight, 1.0)

    voxel = batch.voxel_of_point[on]
    wanted = batch.centre[on] - batch.position[voxel]
    predicted = extraction.offset[voxel].float()
    l1 = (predicted - wanted).abs().sum() / count
    direction = -functional.cosine_similarity(predicted, wanted, dim=1, eps=1e-6).sum() / count
    return {"semantic": semantic, "offset": offset_weight * (l1 + direction)}


def recorrection_loss(
    recorrection: Recorrection, certainty: torch.Tensor, label: torch.Tensor
) -> dict[str, torch.Tensor]:
    """L^Ψ in parts: BCE of the certainty and CE of the class, -1 ignored [our choice].

    certainty: (P,) float32 in [0, 1]; label: (P,) int64 column of Ψ's logits.
    """
    bce = functional.binary_cross_entropy_with_logits(recorrection.certainty.float(), certainty)
    nll = functional.cross_entropy(recorrection.logits.float(), label, ignore_index=-1, reduction="sum")
    return {"certainty": bce, "class": nll / (label >= 0).sum().clamp(min=1)}


def proposal_targets(
    proposals: Regions, truth: Regions, table: ClassTable, settings: RecorrectionSettings
) -> tuple[np.ndarray, np.ndarray]:
    """Ψ's targets: certainty (P,) float32 and class column (P,) int64 (background = last, -1 = ignored).

    truth: the annotated instances with their class. Certainty is the soft IoU with the best instance:
    0 below ``iou_background``, 1 above ``iou_certain``, linear between [PointGroup]. The class is that
    instance's from ``iou_class`` on, background below ``iou_background``, ignored between [our choice].
    """
    background = len(table.things)
    if len(truth) == 0:
        return np.zeros(len(proposals), np.float32), np.full(len(proposals), background, np.int64)
    overlap = iou(proposals, truth)
    best, instance = overlap.max(axis=1), overlap.argmax(axis=1)
    certainty = soft_iou(best, settings.iou_background, settings.iou_certain)
    column = np.searchsorted(table.things, truth.label)[instance]
    nothing = np.where(best < settings.iou_background, background, -1)
    label = np.where(best >= settings.iou_class, column, nothing)
    return certainty.astype(np.float32), label.astype(np.int64)


def class_weights(counts: np.ndarray, power: float) -> np.ndarray:
    """(C,) float32 weights of the classes from their point counts: (frequency + .002)^-power, mean 1.

    A class without a point counts as frequency 0. Source of the form: our choice (docs/choices.md).
    """
    frequency = counts / max(counts.sum(), 1)
    weight = (frequency + 0.002) ** -power
    return (weight / weight.mean()).astype(np.float32)
