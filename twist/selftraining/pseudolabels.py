"""Pseudo-labels: what the networks say of an unlabelled scan, as labels for the next training."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from twist.classes import ClassTable
from twist.errors import TwistError
from twist.files import read_npz, write_npz
from twist.geometry.sums import mean_over
from twist.regions import Regions, majority, non_maximum_suppression
from twist.settings import PseudoLabelSettings


@dataclass(frozen=True)
class PseudoLabels:
    """Labels of one scan's N points, made by the model.

    semantic: (N,) int32 class index, -1 = not learned from
    instance: (N,) int32 id of the kept proposal, -1 = none. The pseudo offset of a point is the mean position
    of the points with its id minus its own; it is computed after augmentation, as for annotated instances
    weight: (N,) float32 of the semantic loss
    """

    semantic: np.ndarray
    instance: np.ndarray
    weight: np.ndarray

    def save(self, path: str | Path) -> None:
        write_npz(path, vars(self))

    @classmethod
    def load(cls, path: str | Path) -> PseudoLabels:
        """Read what ``save`` wrote. Raises TwistError for a missing or damaged file."""
        arrays = read_npz(path)
        try:
            return cls(**arrays)
        except TypeError as error:
            raise TwistError(
                f"{path} does not hold pseudo-labels ({error}); delete it and run again"
            ) from error


def initial_pseudo_labels(
    probability: np.ndarray, supervoxel: np.ndarray, settings: PseudoLabelSettings
) -> PseudoLabels:
    """Round 1: semantic labels alone, one a supervoxel. No offsets [paper, supplementary B].

    probability: (N, C) float32 class probabilities; supervoxel: (N,) ids.
    ``initial: points``: a point whose largest probability is above ``semantic_threshold`` takes that class;
    its supervoxel takes the most frequent class of its confident points [paper; the vote is our choice], if
    at least ``initial_share`` of its points voted so (0 = always, the literal reading). ``supervoxels``: a
    supervoxel takes the class of its largest mean probability where that is above the threshold.
    """
    semantic, confidence = _initial_labels(probability, supervoxel, settings)
    return _weighted(semantic, np.full(len(semantic), -1, np.int32), confidence, settings)


def proposal_pseudo_labels(
    probability: np.ndarray,
    supervoxel: np.ndarray,
    proposals: Regions,
    table: ClassTable,
    settings: PseudoLabelSettings,
    threshold: float,
) -> PseudoLabels:
    """Round 2 and later: labels and instances from the proposals that Ψ is certain of.

    probability, supervoxel: as in round 1; proposals: ``label`` = class re-corrected by Ψ (-1 = background),
    ``score`` = certainty. Kept: certainty above ``threshold`` [paper] and not background, after NMS at
    ``overlap_iou`` by certainty [our choice]. Instance -> semantic: a kept proposal's points take its class;
    semantic -> instance: they take its id, hence its centre. A point in several kept proposals goes to the
    most certain. Elsewhere points are labelled as in round 1; ``outside`` says whether things are, too, and
    ``argmax`` labels every point [our choice: the paper does not speak of them].
    """
    kept = proposals.select((proposals.score > threshold) & (proposals.label >= 0))
    kept = kept.select(non_maximum_suppression(kept, settings.overlap_iou))
    if settings.outside == "argmax":
        semantic, weight = probability.argmax(axis=1).astype(np.int32), probability.max(axis=1)
    else:
        semantic, weight = _initial_labels(probability, supervoxel, settings)
    if settings.outside == "ignore":
        semantic[table.are_things(semantic)] = -1
    owner = kept.owner_of_points()
    owned = owner >= 0
    semantic[owned], weight[owned] = kept.label[owner[owned]], kept.score[owner[owned]]
    return _weighted(semantic, owner.astype(np.int32), weight, settings)


def _initial_labels(
    probability: np.ndarray, supervoxel: np.ndarray, settings: PseudoLabelSettings
) -> tuple[np.ndarray, np.ndarray]:
    """(N,) int32 labels of ``initial_pseudo_labels`` and (N,) float32 mean probability of the label."""
    pieces = Regions.from_ids(supervoxel)
    mean = mean_over(pieces, probability)
    if settings.initial == "supervoxels":
        label = np.where(mean.max(axis=1) > settings.semantic_threshold, mean.argmax(axis=1), -1)
    else:
        confident = probability.max(axis=1) > settings.semantic_threshold
        vote = np.where(confident, probability.argmax(axis=1), -1)
        label, agreeing = majority(pieces, vote, probability.shape[1])
        label = np.where(agreeing / pieces.sizes >= settings.initial_share, label, -1)
    confidence = np.where(label >= 0, mean[np.arange(len(pieces)), label], 0)
    return pieces.spread(label.astype(np.int32), -1), pieces.spread(confidence.astype(np.float32), 0)


def _weighted(
    semantic: np.ndarray, instance: np.ndarray, confidence: np.ndarray, settings: PseudoLabelSettings
) -> PseudoLabels:
    """Labels that count alike, or as much as the model believes them."""
    equal = settings.weighting == "equal"
    weight = np.ones(len(semantic)) if equal else confidence
    return PseudoLabels(semantic, instance, weight.astype(np.float32))
