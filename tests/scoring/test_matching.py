"""What a scene is reduced to, against dense masks; and input that does not fit."""

from __future__ import annotations

import numpy as np
import pytest

from twist.classes import S3DIS, SCANNET
from twist.errors import TwistError
from twist.regions import Regions
from twist.scoring.matching import join_scenes, match_scene, number_instances

CHAIR, TABLE = SCANNET.names.index("chair"), SCANNET.names.index("table")


def random_scene(seed: int) -> tuple[np.ndarray, np.ndarray, Regions]:
    random = np.random.default_rng(seed)
    semantic = np.repeat(random.integers(-1, 8, 12), 100)
    instance = np.repeat(random.integers(-1, 4, 24), 50)
    index = [np.flatnonzero(random.random(1200) < random.choice([0.05, 0.3])) for _ in range(20)]
    predictions = Regions(
        np.concatenate(index).astype(np.int32),
        np.cumsum([0, *map(len, index)]).astype(np.int64),
        random.integers(-1, 8, 20).astype(np.int32),
        random.random(20).astype(np.float32),
        1200,
    )
    return semantic, instance, predictions


@pytest.mark.parametrize("seed", range(20))
def test_counts_equal_those_of_dense_masks(seed: int) -> None:
    semantic, instance, predictions = random_scene(seed)
    truths = [
        (label, (semantic == label) & (instance == number))
        for label in SCANNET.things
        for number in range(4)
        if ((semantic == label) & (instance == number)).any()
    ]
    void = ~np.any([mask for _, mask in truths], axis=0)
    kept = [k for k in range(20) if predictions.label[k] in SCANNET.things and len(predictions[k]) >= 100]
    pairs = [
        (i, p, int(mask[predictions[k]].sum()))
        for i, (label, mask) in enumerate(truths)
        for p, k in enumerate(kept)
        if label == predictions.label[k] and mask[predictions[k]].any()
    ]

    scene = match_scene(semantic, instance, predictions, SCANNET)

    assert scene.instance_label.tolist() == [label for label, _ in truths]
    assert scene.instance_size.tolist() == [mask.sum() for _, mask in truths]
    assert scene.size.tolist() == [len(predictions[k]) for k in kept]
    assert scene.void.tolist() == [void[predictions[k]].sum() for k in kept]
    assert scene.score.tolist() == [predictions.score[k] for k in kept]
    found = zip(
        scene.pair_instance.tolist(), scene.pair_prediction.tolist(), scene.shared.tolist(), strict=True
    )
    assert list(found) == pairs


def test_joining_scenes_keeps_pairs_within_their_scene() -> None:
    scenes = [match_scene(*random_scene(seed), SCANNET) for seed in range(3)]
    joined = join_scenes(scenes)
    assert joined.iou.tolist() == [value for scene in scenes for value in scene.iou.tolist()]
    assert (
        joined.label[joined.pair_prediction].tolist() == joined.instance_label[joined.pair_instance].tolist()
    )
    assert joined.unscored_class == sum(scene.unscored_class for scene in scenes) > 0


def test_instance_ids_may_be_huge() -> None:
    semantic = np.array([CHAIR, CHAIR, TABLE, CHAIR, -1])
    instance = np.array([2**40, 5, 2**40, 2**40, 5])
    number, label, size = number_instances(semantic, instance, SCANNET)
    assert number.tolist() == [1, 0, 2, 1, 3]
    assert label.tolist() == [CHAIR, CHAIR, TABLE]
    assert size.tolist() == [1, 2, 1]


def test_any_negative_class_is_unlabelled() -> None:
    number, label, _ = number_instances(np.array([-100, -1, CHAIR]), np.zeros(3, int), SCANNET)
    assert number.tolist() == [1, 1, 0]
    assert label.tolist() == [CHAIR]


def test_predictions_for_another_scene_are_refused() -> None:
    with pytest.raises(TwistError, match=r"6 points.*5 labels"):
        match_scene(np.zeros(5, int), np.zeros(5, int), Regions.empty(6), SCANNET)


def test_class_indices_of_another_table_are_refused() -> None:
    with pytest.raises(TwistError, match="ground truth has class index 20"):
        match_scene(np.array([20]), np.zeros(1, int), Regions.empty(1), SCANNET)


def test_a_score_that_is_nan_is_refused() -> None:
    predictions = Regions.from_ids(np.zeros(3, int)).with_labels(np.array([CHAIR]), np.array([np.nan]))
    with pytest.raises(TwistError, match="prediction 0 has the score NaN"):
        match_scene(np.zeros(3, int), np.zeros(3, int), predictions, SCANNET)


def test_a_prediction_without_a_class_is_left_out_even_where_class_0_has_instances() -> None:
    predictions = Regions.from_ids(np.zeros(150, int))  # label -1
    scene = match_scene(np.zeros(150, int), np.zeros(150, int), predictions, S3DIS)
    assert (len(scene.label), scene.unscored_class, scene.too_small) == (0, 1, 0)
