"""What became of each prediction and each annotated instance of one scene, for people to look at."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from twist.classes import ClassTable
from twist.regions import Regions, iou
from twist.scoring.average_precision import excused_share
from twist.scoring.matching import IOU_OF_A_HIT, SMALLEST_REGION, annotated_instances, match_scene


class Verdict(IntEnum):
    """What the benchmark makes of a prediction or of an instance, at one IoU.

    ``NOT_JUDGED``: a class without instances, or fewer points than the benchmark counts; a prediction that
    lies mostly where nothing is annotated. ``WRONG``: a false positive, or an instance that was missed.
    """

    NOT_JUDGED = 0
    RIGHT = 1
    WRONG = 2


@dataclass(frozen=True)
class Verdicts:
    """A scene's P predictions against its G annotated instances.

    instances: the annotated instances of the thing classes, by class, then by id
    of_prediction: (P,) uint8 ``Verdict``
    of_instance: (G,) uint8 ``Verdict``
    iou: (P,) float64, the largest with any instance, whatever its class
    match: (P,) int64, that instance; -1 where a prediction meets none
    found_iou, found_by: (G,) the same from the instances' side
    """

    instances: Regions
    of_prediction: np.ndarray
    of_instance: np.ndarray
    iou: np.ndarray
    match: np.ndarray
    found_iou: np.ndarray
    found_by: np.ndarray


def judge(semantic: np.ndarray, instance: np.ndarray, predictions: Regions, table: ClassTable) -> Verdicts:
    """Compare one scene's predictions with its annotation as the benchmark's AP50 does.

    semantic, instance: (N,) as in ``Scene``; predictions: best first, as ``predict-scenes`` leaves them
    An instance is found by the first prediction that fits; a further one is a false positive.
    """
    instances = annotated_instances(semantic, instance, table)
    of_prediction = np.full(len(predictions), Verdict.NOT_JUDGED, np.uint8)
    is_thing = table.are_things(predictions.label)
    judged = np.flatnonzero(is_thing & (predictions.sizes >= SMALLEST_REGION))
    matches = match_scene(semantic, instance, predictions.select(judged), table)
    is_counted = matches.instance_size >= SMALLEST_REGION
    of_instance = np.where(is_counted, Verdict.WRONG, Verdict.NOT_JUDGED).astype(np.uint8)

    fits = matches.iou > IOU_OF_A_HIT
    on_small = matches.pair_prediction[fits & ~is_counted[matches.pair_instance]]
    instance_of_pair, prediction_of_pair = (
        pairs[fits & is_counted[matches.pair_instance]]
        for pairs in (matches.pair_instance, matches.pair_prediction)
    )
    found, first = np.unique(instance_of_pair, return_index=True)
    outcome = np.where(excused_share(matches, is_counted) > IOU_OF_A_HIT, Verdict.NOT_JUDGED, Verdict.WRONG)
    outcome[on_small] = Verdict.NOT_JUDGED
    outcome[prediction_of_pair] = Verdict.WRONG  # one too many, but for the first
    outcome[prediction_of_pair[first]] = Verdict.RIGHT
    of_prediction[judged] = outcome
    of_instance[found] = Verdict.RIGHT

    table_of_iou = iou(predictions, instances)
    match, best = _largest(table_of_iou)
    found_by, found_iou = _largest(table_of_iou.T)
    return Verdicts(instances, of_prediction, of_instance, best, match, found_iou, found_by)


def _largest(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Column and value of each row's largest entry; -1 and 0 where none is positive."""
    if not values.size:
        return np.full(len(values), -1), np.zeros(len(values))
    column = values.argmax(axis=1)
    best = values[np.arange(len(values)), column]
    return np.where(best > 0, column, -1), best
