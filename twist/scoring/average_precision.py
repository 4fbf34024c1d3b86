"""Average precision as ScanNet's benchmark computes it, to the last digit, quirks included.

The definition differs from COCO's: predictions below 100 points are dropped, matching is greedy by
instance and not by score, predictions on void are excused, and the area under the precision-recall
curve is a trapezoid-like sum over the distinct scores. ``tests/scoring`` has a worked example of each.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from twist.classes import ClassTable
from twist.scoring.matching import SMALLEST_REGION, SceneMatches, join_scenes

#: IoU .50, .55, ..., .95 and .25. The published range ends *before* .95, so ScanNet's mAP has nine terms.
THRESHOLDS = np.append(np.arange(0.5, 1.0, 0.05), 0.25)
NINE, TEN, AT_50, AT_25 = slice(0, 9), slice(0, 10), 0, 10


@dataclass(frozen=True)
class Scores:
    """Average precision of C scored classes, as fractions.

    names: the thing classes in the benchmark's order
    ap: (C, 11) float64 at ``THRESHOLDS``; NaN where a class has no ground truth
    instances: (C,) int64 ground-truth instances that count, of at least 100 points
    scenes, predictions: number of scenes, and of predictions that were scored
    unscored_class, too_small: number of predictions left out for their class or their size
    """

    names: tuple[str, ...]
    ap: np.ndarray
    instances: np.ndarray
    scenes: int
    predictions: int
    unscored_class: int
    too_small: int

    @property
    def class_ap(self) -> np.ndarray:
        """(C,) mean over IoU .50 to .90."""
        return self.ap[:, NINE].mean(axis=1)

    @property
    def class_ap50(self) -> np.ndarray:
        return self.ap[:, AT_50]

    @property
    def class_ap25(self) -> np.ndarray:
        return self.ap[:, AT_25]

    @property
    def mean_ap(self) -> float:
        """ScanNet's mAP: mean over the classes that have ground truth and IoU .50 to .90; NaN for none."""
        return mean_of_known(self.ap[:, NINE])

    @property
    def mean_ap_50_95(self) -> float:
        """The same over IoU .50 to .95, as COCO counts; not the benchmark's figure."""
        return mean_of_known(self.ap[:, TEN])

    @property
    def mean_ap50(self) -> float:
        return mean_of_known(self.class_ap50)

    @property
    def mean_ap25(self) -> float:
        return mean_of_known(self.class_ap25)


def average_precision(scenes: Sequence[SceneMatches], table: ClassTable) -> Scores:
    """Score all scenes together. Scenes may come in any order; that of each one's predictions matters."""
    matches, is_counted, instances = _counted(scenes, table)
    excused = excused_share(matches, is_counted)
    ap = np.full((len(table.things), len(THRESHOLDS)), np.nan)
    for column, threshold in enumerate(THRESHOLDS):
        label, score, is_true = _outcomes(matches, is_counted, excused, threshold)
        for row, thing in enumerate(table.things):
            if instances[thing]:
                mine = label == thing
                ap[row, column] = area_under_curve(score[mine], is_true[mine], instances[thing])
    return Scores(
        names=tuple(table.names[thing] for thing in table.things),
        ap=ap,
        instances=instances[table.things],
        scenes=len(scenes),
        predictions=len(matches.label),
        unscored_class=matches.unscored_class,
        too_small=matches.too_small,
    )


def _counted(
    scenes: Sequence[SceneMatches], table: ClassTable
) -> tuple[SceneMatches, np.ndarray, np.ndarray]:
    """All scenes as one; (G,) bool, does the instance count? (C,) number of those that do."""
    matches = join_scenes(scenes)
    is_counted = matches.instance_size >= SMALLEST_REGION
    return matches, is_counted, np.bincount(matches.instance_label[is_counted], minlength=len(table))


def excused_share(matches: SceneMatches, is_counted: np.ndarray) -> np.ndarray:
    """(P,) share of each prediction's points on void or on instances of its class that are too small."""
    on_small = ~is_counted[matches.pair_instance]
    small = np.bincount(
        matches.pair_prediction[on_small], matches.shared[on_small], minlength=len(matches.label)
    )
    return (matches.void + small) / matches.size


def _outcomes(
    matches: SceneMatches, is_counted: np.ndarray, excused: np.ndarray, threshold: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Class (O,), score (O,) and truth (O,) bool of every true and false positive at one IoU threshold."""
    fits = matches.iou > threshold
    found, surplus = _claim(matches, np.flatnonzero(fits & is_counted[matches.pair_instance]))
    fits_nothing = np.ones(len(matches.label), bool)
    fits_nothing[matches.pair_prediction[fits]] = False  # an instance of any size will do
    stray = fits_nothing & (excused <= threshold)

    instance, prediction = np.array(list(found), np.int64), np.array([p for p, _ in surplus], np.int64)
    label = [matches.instance_label[instance], matches.label[prediction], matches.label[stray]]
    score = [np.array(list(found.values())), np.array([s for _, s in surplus]), matches.score[stray]]
    label, score = np.concatenate(label), np.concatenate(score)
    return label, score, np.arange(len(label)) < len(found)


def _claim(matches: SceneMatches, pairs: np.ndarray) -> tuple[dict[int, float], list[tuple[int, float]]]:
    """The score of each instance that was found, and (prediction, score) of each false positive on top.

    Greedy, as published: each instance takes the first free prediction that fits. Further ones become false
    positives, but stay free for other instances, and the instance gets the best of their scores.
    """
    found: dict[int, float] = {}
    surplus: list[tuple[int, float]] = []
    taken: set[int] = set()
    for instance, prediction in zip(
        matches.pair_instance[pairs].tolist(), matches.pair_prediction[pairs].tolist(), strict=True
    ):
        score = float(matches.score[prediction])
        if prediction in taken:
            continue
        if instance in found:
            surplus.append((prediction, min(found[instance], score)))
            found[instance] = max(found[instance], score)
        else:
            found[instance] = score
            taken.add(prediction)
    return found, surplus


def area_under_curve(score: np.ndarray, is_true: np.ndarray, number_of_instances: int) -> float:
    """Area under ScanNet's precision-recall curve of one class at one threshold.

    A point's weight is half the recall between its two neighbours. No positives at all: 0.
    """
    precision, recall = precision_and_recall(score, is_true, number_of_instances)
    width = np.convolve(np.concatenate([recall[:1], recall, [0.0]]), [-0.5, 0.0, 0.5], "valid")
    return float(precision @ width)


def precision_and_recall(
    score: np.ndarray, is_true: np.ndarray, number_of_instances: int
) -> tuple[np.ndarray, np.ndarray]:
    """ScanNet's precision-recall curve of one class at one threshold, (P,) each, from the lowest score on.

    score, is_true: (O,) of every true and false positive. One point of the curve for each distinct score,
    and the artificial end (precision 1, recall 0).
    """
    order = np.argsort(score)
    _, first = np.unique(score[order], return_index=True)
    true_below = np.append(0, np.cumsum(is_true[order]))[first]
    true = is_true.sum() - true_below
    return np.append(true / (len(score) - first), 1.0), np.append(true / number_of_instances, 0.0)


def class_curves(
    scenes: Sequence[SceneMatches], table: ClassTable, threshold: float
) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Precision and recall of each thing class that has ground truth, as ``precision_and_recall``."""
    matches, is_counted, instances = _counted(scenes, table)
    excused = excused_share(matches, is_counted)
    label, score, is_true = _outcomes(matches, is_counted, excused, threshold)
    return {
        table.names[thing]: precision_and_recall(score[label == thing], is_true[label == thing], count)
        for thing in table.things
        if (count := int(instances[thing]))
    }


def mean_of_known(values: np.ndarray) -> float:
    """Mean of what is not NaN, over classes (and thresholds); NaN for none; summed in the published order."""
    return float(np.nanmean(np.ascontiguousarray(values.T))) if not np.isnan(values).all() else float("nan")
