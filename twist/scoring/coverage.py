"""Precision, recall and coverage as the papers on S3DIS give them: of one labelling of all points.

Average precision ranks predictions by score; these figures do not. Each point belongs to its most confident
prediction, and every prediction that keeps a point counts the same, whatever its score and size. Source:
``eval_iou_accuracy.py`` of ASIS (CVPR 2019), which SoftGroup and others use; giving shared points to the most
confident prediction is ISBNet's way (CVPR 2023).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from twist.classes import ClassTable
from twist.regions import Regions
from twist.scoring.matching import Instances, number_instances

#: A prediction is right from this IoU on: not above it, as average precision asks.
_IOU = 0.5


@dataclass(frozen=True)
class SceneCoverage:
    """What one scene adds, by class index; C classes.

    instances, predictions, right: (C,) int64 number of instances, of predictions, and of right predictions
    coverage: (C,) float64 mean over the instances of the best IoU with a prediction of their class
    weighted: (C,) float64 the same, weighted by the instances' points; both NaN without instances
    """

    instances: np.ndarray
    predictions: np.ndarray
    right: np.ndarray
    coverage: np.ndarray
    weighted: np.ndarray


@dataclass(frozen=True)
class CoverageScores:
    """Figures of T thing classes as fractions, (T,) float64; NaN where a class has no ground truth.

    precision: right predictions / predictions, 0 where there is none [our choice]
    recall: right predictions / instances
    coverage, weighted: means over the scenes that have the class
    """

    precision: np.ndarray
    recall: np.ndarray
    coverage: np.ndarray
    weighted: np.ndarray


def cover_scene(
    semantic: np.ndarray,
    instance: np.ndarray,
    predictions: Regions,
    table: ClassTable,
    truth: Instances | None = None,
) -> SceneCoverage:
    """Compare one scene's predictions of any size with its instances of any size.

    semantic, instance, predictions, truth: as for ``match_scene``, which checks them
    Points without an instance excuse nothing: a prediction on them is wrong.
    """
    truth = truth or number_instances(semantic, instance, table)
    instance_of_point, instance_label, instance_size = truth
    is_thing = table.are_things(predictions.label)
    label = predictions.label
    owner = predictions.owner_of_points(is_thing)
    shared, size = _shared_points(owner, len(label), instance_of_point, len(instance_label))
    union = size[:, None] + instance_size[None, :] - shared
    same_class = label[:, None] == instance_label[None, :]
    iou = np.where(same_class, shared / union, 0.0)

    def by_class(label: np.ndarray, weight: np.ndarray | None = None) -> np.ndarray:
        return np.bincount(label, weight, minlength=len(table))

    exists = size > 0
    best = iou.max(axis=0, initial=0.0)
    instances = by_class(instance_label)
    with np.errstate(invalid="ignore"):
        coverage = by_class(instance_label, best) / instances
        weighted = by_class(instance_label, best * instance_size) / by_class(instance_label, instance_size)
    return SceneCoverage(
        instances=instances,
        predictions=by_class(label[exists]),
        right=by_class(label[exists & (iou.max(axis=1, initial=0.0) >= _IOU)]),
        coverage=coverage,
        weighted=weighted,
    )


def coverage_scores(scenes: Sequence[SceneCoverage], table: ClassTable) -> CoverageScores:
    """Score all scenes together, in any order."""

    def stacked(field: str) -> np.ndarray:
        rows = [getattr(scene, field)[table.things] for scene in scenes]
        return np.array(rows, np.float64).reshape(len(rows), len(table.things))

    instances = stacked("instances")
    has_class = (instances > 0).sum(axis=0)
    total, predicted, right = (stacked(field).sum(axis=0) for field in ("instances", "predictions", "right"))
    with np.errstate(invalid="ignore", divide="ignore"):
        return CoverageScores(
            precision=np.where(total > 0, right / np.maximum(predicted, 1), np.nan),
            # two halves of an instance are both right at IoU .5; ISBNet caps what would exceed 1
            recall=np.minimum(right / total, 1.0),
            coverage=np.nansum(stacked("coverage"), axis=0) / has_class,
            weighted=np.nansum(stacked("weighted"), axis=0) / has_class,
        )


def _shared_points(
    owner: np.ndarray, predictions: int, instance_of_point: np.ndarray, instances: int
) -> tuple[np.ndarray, np.ndarray]:
    """Points that each prediction shares with each instance (K, G) int64, and its own points (K,) int64."""
    columns = instances + 1  # the last one counts points without an instance
    cell = (owner + 1) * columns + instance_of_point  # row 0 counts points without a prediction
    points = np.bincount(cell, minlength=(predictions + 1) * columns).reshape(-1, columns)[1:]
    return points[:, :instances], points.sum(axis=1)
