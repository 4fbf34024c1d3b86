"""S3DIS's precision, recall and coverage on worked examples, then against the reference."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.references.coverage_reference import reference_coverage
from tests.scoring.dense_scenes import CHAIR, TABLE, WALL, random_scene, regions, regions_of
from twist.classes import S3DIS, SCANNET, ClassTable
from twist.regions import Regions
from twist.scoring.coverage import CoverageScores, SceneCoverage, cover_scene, coverage_scores

POINTS = 100
CHAIR_ROW, TABLE_ROW = (list(SCANNET.things).index(label) for label in (CHAIR, TABLE))

#: (first point, end, class, instance id or score).
Part = tuple[int, int, int, float]


def cover(truths: list[Part], guesses: list[Part]) -> SceneCoverage:
    """A scene of 100 points; truths and guesses are ranges of them."""
    semantic, instance = np.full(POINTS, -1), np.full(POINTS, -1)
    for begin, end, label, number in truths:
        semantic[begin:end], instance[begin:end] = label, number
    position = np.arange(POINTS)
    masks = [(position >= begin) & (position < end) for begin, end, _, _ in guesses]
    predictions = regions(masks, [g[2] for g in guesses], [g[3] for g in guesses], POINTS)
    return cover_scene(semantic, instance, predictions, SCANNET)


def chairs(*scenes: SceneCoverage) -> list[float]:
    """Precision, recall, coverage and weighted coverage of chairs."""
    return figures(coverage_scores(scenes, SCANNET))[CHAIR_ROW].tolist()


def figures(scores: CoverageScores) -> np.ndarray:
    return np.stack([scores.precision, scores.recall, scores.coverage, scores.weighted], axis=1)


TWO_CHAIRS: list[Part] = [(0, 10, CHAIR, 1), (10, 40, CHAIR, 2)]


def test_a_worked_example() -> None:
    # (0, 8) covers chair 1 with 8/10; (10, 22) covers chair 2 with 12/30; (50, 60) lies on nothing
    scene = cover(TWO_CHAIRS, [(0, 8, CHAIR, 0.9), (10, 22, CHAIR, 0.8), (50, 60, CHAIR, 0.7)])
    weighted = (10 * 0.8 + 30 * 0.4) / 40
    assert chairs(scene) == pytest.approx([1 / 3, 1 / 2, (0.8 + 0.4) / 2, weighted], abs=1e-15)


def test_an_iou_of_one_half_is_enough() -> None:
    assert chairs(cover(TWO_CHAIRS, [(10, 25, CHAIR, 0.9)]))[:2] == [1.0, 0.5]
    assert chairs(cover(TWO_CHAIRS, [(10, 24, CHAIR, 0.9)]))[:2] == [0.0, 0.0]


def test_both_halves_of_an_instance_are_right_and_recall_stays_below_one() -> None:
    halves = cover([(0, 20, CHAIR, 1)], [(0, 10, CHAIR, 0.9), (10, 20, CHAIR, 0.8)])
    assert chairs(halves) == [1.0, 1.0, 0.5, 0.5]


def test_a_shared_point_belongs_to_the_best_score() -> None:
    # the table takes 6 points of the first chair; 4/10 are left to the chair's prediction
    scene = cover(TWO_CHAIRS, [(0, 10, CHAIR, 0.5), (0, 6, TABLE, 0.9)])
    assert chairs(scene)[:3] == [0.0, 0.0, 0.2]
    scene = cover(TWO_CHAIRS, [(0, 10, CHAIR, 0.9), (0, 6, TABLE, 0.5)])
    assert chairs(scene)[:3] == [1.0, 0.5, 0.5]


def test_of_equal_scores_the_earlier_prediction_wins_and_a_covered_one_is_none() -> None:
    scene = cover(TWO_CHAIRS, [(0, 10, CHAIR, 0.5), (0, 10, CHAIR, 0.5)])
    assert (scene.predictions[CHAIR], scene.right[CHAIR]) == (1, 1)


@pytest.mark.parametrize("label", [WALL, -1])
def test_predictions_of_other_classes_take_no_points(label: int) -> None:
    assert chairs(cover(TWO_CHAIRS, [(0, 10, CHAIR, 0.5), (0, 10, label, 0.9)]))[:2] == [1.0, 0.5]


def test_points_without_an_instance_excuse_nothing() -> None:
    wall: Part = (50, 100, WALL, 7)
    assert chairs(cover([*TWO_CHAIRS, wall], [(0, 10, CHAIR, 0.9), (60, 90, CHAIR, 0.8)]))[0] == 0.5


def test_coverage_is_a_mean_over_scenes_that_have_the_class() -> None:
    one = cover([(0, 10, CHAIR, 1)], [(0, 10, CHAIR, 0.9)])
    three = cover([(0, 10, CHAIR, 1), (10, 20, CHAIR, 2), (20, 30, CHAIR, 3)], [])
    none = cover([(0, 10, TABLE, 1)], [(50, 60, CHAIR, 0.9)])
    # over instances the coverage would be 1/4; the prediction without a chair counts in precision
    assert chairs(one, three, none) == [1 / 2, 1 / 4, 1 / 2, 1 / 2]


def test_a_class_without_ground_truth_has_no_figures_and_one_without_predictions_zero() -> None:
    scores = figures(coverage_scores([cover(TWO_CHAIRS, [(0, 10, TABLE, 0.5)])], SCANNET))
    assert np.isnan(scores[TABLE_ROW]).all()
    assert scores[CHAIR_ROW].tolist() == [0.0, 0.0, 0.0, 0.0]


@pytest.mark.parametrize("scenes", [[], [cover([], [])], [cover([], [(0, 10, CHAIR, 0.5)])]])
def test_nothing_annotated(scenes: list[SceneCoverage]) -> None:
    assert np.isnan(figures(coverage_scores(scenes, SCANNET))).all()


def test_an_empty_scene() -> None:
    nothing = np.zeros(0, np.int32)
    scene = cover_scene(nothing, nothing, Regions.empty(0), SCANNET)
    assert scene.instances.sum() == scene.predictions.sum() == 0


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from([SCANNET, S3DIS]))
def test_equals_the_dense_reference(seed: int, table: ClassTable) -> None:
    random = np.random.default_rng(seed)
    scenes = [random_scene(random) for _ in range(random.integers(1, 4))]
    covered = [cover_scene(scene.semantic, scene.instance, regions_of(scene), table) for scene in scenes]
    expected = reference_coverage(scenes, table.things.tolist())
    np.testing.assert_allclose(figures(coverage_scores(covered, table)), expected, rtol=0, atol=1e-12)


def test_the_random_scenes_exercise_the_rules() -> None:
    random = np.random.default_rng(0)
    found = np.array(
        [
            figures(coverage_scores([cover_scene(s.semantic, s.instance, regions_of(s), SCANNET)], SCANNET))
            for s in (random_scene(random) for _ in range(50))
        ]
    )
    assert ((found > 0) & (found < 1)).sum(axis=(0, 1)).min() >= 20
