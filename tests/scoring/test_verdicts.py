from __future__ import annotations

import numpy as np
import pytest

from tests.regions import regions_of
from tests.showing.viewer.scans import BED, CHAIR, FLOOR, TABLE, predictions, three_boxes
from twist.classes import SCANNET
from twist.regions import Regions
from twist.scoring import average_precision
from twist.scoring.matching import SMALLEST_REGION, match_scene
from twist.scoring.verdicts import Verdict, judge

NOT_JUDGED, RIGHT, WRONG = Verdict


def regions(parts: list[tuple[int, range]], size: int) -> Regions:
    """Predictions of (class, points), best first."""
    score = np.linspace(0.9, 0.1, len(parts)).tolist()
    return regions_of([points for _, points in parts], size, [label for label, _ in parts], score)


def test_hits_false_positives_and_misses() -> None:
    scene = three_boxes()
    verdicts = judge(scene.semantic, scene.instance, predictions(), SCANNET)
    assert verdicts.instances.label.tolist() == [BED, CHAIR, TABLE]
    assert verdicts.of_prediction.tolist() == [RIGHT, WRONG]
    assert verdicts.of_instance.tolist() == [RIGHT, WRONG, WRONG]
    assert verdicts.iou.tolist() == [1, 1]
    assert verdicts.match.tolist() == [0, 2]
    assert verdicts.found_by.tolist() == [0, -1, 1]


@pytest.mark.parametrize(
    ("label", "points", "verdict"),
    [
        (BED, range(400, 602), RIGHT),
        (BED, range(400, 600), WRONG),  # exactly half is not enough
        (BED, range(400, 400 + SMALLEST_REGION - 1), NOT_JUDGED),
        (FLOOR, range(400), NOT_JUDGED),
        (BED, range(400), NOT_JUDGED),  # on the floor, where no instance is
        (-1, range(400, 800), NOT_JUDGED),
    ],
)
def test_one_prediction(label: int, points: range, verdict: Verdict) -> None:
    scene = three_boxes()
    said = regions([(label, points)], len(scene))
    assert judge(scene.semantic, scene.instance, said, SCANNET).of_prediction.tolist() == [verdict]


def test_the_second_on_one_instance_is_a_false_positive() -> None:
    scene = three_boxes()
    said = regions([(BED, range(400, 700)), (BED, range(400, 800))], len(scene))
    assert judge(scene.semantic, scene.instance, said, SCANNET).of_prediction.tolist() == [RIGHT, WRONG]


def test_small_instances_are_not_judged() -> None:
    scene = three_boxes()
    instance = np.where(np.arange(len(scene)) < 499, scene.instance, -1)  # 99 points of the bed
    said = regions([(BED, range(400, 500))], len(scene))
    verdicts = judge(scene.semantic, instance, said, SCANNET)
    assert verdicts.of_instance.tolist() == [NOT_JUDGED]
    assert verdicts.of_prediction.tolist() == [NOT_JUDGED]


def test_nothing_annotated_and_nothing_predicted() -> None:
    nothing = np.full(50, -1)
    verdicts = judge(nothing, nothing, Regions.empty(50), SCANNET)
    assert all(len(values) == 0 for values in (verdicts.of_prediction, verdicts.of_instance, verdicts.iou))


@pytest.mark.parametrize("seed", range(8))
def test_counts_are_those_of_the_average_precision(seed: int) -> None:
    """As many hits and false positives as the benchmark counts at IoU 0.5."""
    rng = np.random.default_rng(seed)
    semantic, instance = (np.repeat(rng.integers(low, 6, 30), 90) for low in (-1, 0))
    parts = []
    for _ in range(25):
        start = rng.integers(0, len(semantic) - 300)
        label = semantic[start + 60] if rng.random() < 0.7 else rng.integers(0, 6)
        parts.append((int(label), range(start, start + rng.integers(80, 300))))
    said = regions(parts, len(semantic))
    verdicts = judge(semantic, instance, said, SCANNET)
    matches = match_scene(semantic, instance, said, SCANNET)
    counted = matches.instance_size >= SMALLEST_REGION
    excused = average_precision.excused_share(matches, counted)
    _, _, is_true = average_precision._outcomes(matches, counted, excused, 0.5)
    assert (verdicts.of_prediction == RIGHT).sum() == is_true.sum()
    assert (verdicts.of_prediction == WRONG).sum() == (~is_true).sum()
    assert (verdicts.of_instance == RIGHT).sum() == is_true.sum()
    assert (verdicts.of_instance != NOT_JUDGED).sum() == counted.sum()
