"""What scoring needs to know of one scene: its instances, its predictions, and the points that they share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from twist.classes import ClassTable
from twist.errors import TwistError
from twist.regions import Regions

#: Instance number of each point (N,), G for void; class (G,) int32 and size (G,) int64 of each instance.
Instances = tuple[np.ndarray, np.ndarray, np.ndarray]

#: Predictions and ground-truth instances below this many points are not scored (ScanNet).
SMALLEST_REGION = 100
#: A region fits an instance above this IoU, as in AP50; disjoint regions then fit one instance at most.
IOU_OF_A_HIT = 0.5


@dataclass(frozen=True)
class SceneMatches:
    """A scene reduced to G ground-truth instances, P scored predictions and E pairs that share points.

    instance_label: (G,) int32 class index; instances of any size, by class, then by instance id
    instance_size: (G,) int64 points
    label: (P,) int32 class index of each prediction; predictions in the order given
    score: (P,) float64
    size: (P,) int64 points
    void: (P,) int64 points on no instance of a thing class
    pair_instance, pair_prediction, shared: (E,) int64; pairs of one class with ``shared`` > 0 points,
        by instance, then by prediction
    unscored_class, too_small: number of predictions left out for their class or their size
    """

    instance_label: np.ndarray
    instance_size: np.ndarray
    label: np.ndarray
    score: np.ndarray
    size: np.ndarray
    void: np.ndarray
    pair_instance: np.ndarray
    pair_prediction: np.ndarray
    shared: np.ndarray
    unscored_class: int
    too_small: int

    @property
    def iou(self) -> np.ndarray:
        """(E,) float64 intersection over union of each pair."""
        union = self.instance_size[self.pair_instance] + self.size[self.pair_prediction] - self.shared
        return self.shared / union


def match_scene(
    semantic: np.ndarray,
    instance: np.ndarray,
    predictions: Regions,
    table: ClassTable,
    truth: Instances | None = None,
) -> SceneMatches:
    """Compare one scene's predictions with its ground truth; one pass over the points of the predictions.

    semantic: (N,) integer class index of each point, -1 = unlabelled
    instance: (N,) integer instance id of each point, -1 = none; an instance is one id within one class
    predictions: K regions of the N points with class and score
    truth: what ``number_instances`` says of the labels, where it is known already
    Points that lie in no instance of a thing class are *void*, whatever the reason.
    Raises TwistError where the sizes or the class indices do not fit. Source: ScanNet's evaluation.
    """
    check_fit(semantic, instance, predictions, table)
    instance_of_point, instance_label, instance_size = truth or number_instances(semantic, instance, table)
    number_of_instances = len(instance_label)

    columns = number_of_instances + 1  # the last one counts void
    points = np.zeros((len(predictions), columns), np.int64)
    for k, row in enumerate(points):  # one at a time, so that its points stay in the caches
        row[:] = np.bincount(instance_of_point[predictions[k]], minlength=columns)

    is_scored_class = table.are_things(predictions.label)
    is_large = predictions.sizes >= SMALLEST_REGION
    kept = np.flatnonzero(is_scored_class & is_large)
    label, points = predictions.label[kept], points[kept]

    same_class = label[:, None] == instance_label[None, :]
    shared = np.where(same_class, points[:, :number_of_instances], 0)
    pair_instance, pair_prediction = np.nonzero(shared.T)
    return SceneMatches(
        instance_label=instance_label,
        instance_size=instance_size,
        label=label,
        score=predictions.score[kept].astype(np.float64),
        size=predictions.sizes[kept],
        void=points[:, number_of_instances],
        pair_instance=pair_instance,
        pair_prediction=pair_prediction,
        shared=shared[pair_prediction, pair_instance],
        unscored_class=int((~is_scored_class).sum()),
        too_small=int((is_scored_class & ~is_large).sum()),
    )


def join_scenes(scenes: Sequence[SceneMatches]) -> SceneMatches:
    """All scenes as one: numbering runs on, order stays, and no pair crosses a scene."""
    first_instance = np.cumsum([0, *(len(scene.instance_label) for scene in scenes)])[:-1]
    first_prediction = np.cumsum([0, *(len(scene.label) for scene in scenes)])[:-1]

    def joined(field: str, dtype: type, start: np.ndarray | None = None) -> np.ndarray:
        parts = [getattr(scene, field) for scene in scenes]
        if start is not None:
            parts = [part + shift for part, shift in zip(parts, start, strict=True)]
        return np.concatenate([np.zeros(0, dtype), *parts])

    return SceneMatches(
        instance_label=joined("instance_label", np.int32),
        instance_size=joined("instance_size", np.int64),
        label=joined("label", np.int32),
        score=joined("score", np.float64),
        size=joined("size", np.int64),
        void=joined("void", np.int64),
        pair_instance=joined("pair_instance", np.int64, first_instance),
        pair_prediction=joined("pair_prediction", np.int64, first_prediction),
        shared=joined("shared", np.int64),
        unscored_class=sum(scene.unscored_class for scene in scenes),
        too_small=sum(scene.too_small for scene in scenes),
    )


def number_instances(semantic: np.ndarray, instance: np.ndarray, table: ClassTable) -> Instances:
    """The instances of a scene's thing classes, by class, then by id; see ``Instances``."""
    if instance.max(initial=0) > len(instance):  # ids far apart: renumber, or the table is large
        known, place = np.unique(instance, return_inverse=True)
        instance = place - np.count_nonzero(known < 0)
    width = int(instance.max(initial=0)) + 2
    # Row 0 of the table of (class, id) is no class, column 0 no id: all points are counted in one pass.
    key = (np.maximum(semantic, -1).astype(np.int64) + 1) * width + (np.maximum(instance, -1) + 1)
    size_of_key = np.bincount(key, minlength=(len(table) + 1) * width).reshape(-1, width)
    is_instance = size_of_key > 0
    is_instance[1:] &= table.is_thing[: len(is_instance) - 1, None]
    is_instance[0] = is_instance[:, 0] = False
    label, column = np.nonzero(is_instance)
    number_of_key = np.full(is_instance.shape, len(label), np.int32)
    number_of_key[label, column] = np.arange(len(label))
    return number_of_key.ravel()[key], (label - 1).astype(np.int32), size_of_key[label, column]


def annotated_instances(semantic: np.ndarray, instance: np.ndarray, table: ClassTable) -> Regions:
    """The instances of the thing classes as regions, in the numbering of ``SceneMatches``."""
    number, label, _ = number_instances(semantic, instance, table)
    regions = Regions.from_ids(np.where(number < len(label), number, -1))
    return regions.with_labels(label, np.ones(len(label)))


def check_fit(semantic: np.ndarray, instance: np.ndarray, predictions: Regions, table: ClassTable) -> None:
    """Raise TwistError where sizes, class indices or scores make no sense together."""
    if not len(semantic) == len(instance) == predictions.size_of_scene:
        raise TwistError(
            f"predictions are for a scene of {predictions.size_of_scene} points, the ground truth has "
            f"{len(semantic)} labels and {len(instance)} instance ids; they must be of one and the same scan"
        )
    for what, labels in (("ground truth", semantic), ("predictions", predictions.label)):
        if labels.max(initial=-1) >= len(table):
            raise TwistError(
                f"{what} has class index {labels.max()}, but {table.name} has {len(table)} classes; "
                "is this another benchmark's data?"
            )
    if np.isnan(predictions.score).any():
        raise TwistError(f"prediction {int(np.isnan(predictions.score).argmax())} has the score NaN")
