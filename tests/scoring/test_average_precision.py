"""Each rule of ScanNet's instance evaluation on a worked example, then all of them against the reference."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.references import ap_reference
from tests.scoring.dense_scenes import CHAIR, FLOOR, TABLE, WALL, random_scene, regions, regions_of
from twist.classes import S3DIS, SCANNET, ClassTable
from twist.scoring.average_precision import AT_25, AT_50, THRESHOLDS, area_under_curve, average_precision
from twist.scoring.matching import SceneMatches, match_scene

POINTS = 2000
CHAIR_ROW, TABLE_ROW = (list(SCANNET.things).index(label) for label in (CHAIR, TABLE))

#: (first point, end, class, instance id) of a ground-truth instance.
Truth = tuple[int, int, int, int]
#: (first point, end, class, score) of a prediction.
Guess = tuple[int, int, int, float]


def matches(truths: list[Truth], guesses: list[Guess]) -> SceneMatches:
    semantic = np.full(POINTS, -1, np.int32)
    instance = np.full(POINTS, -1, np.int32)
    for begin, end, label, number in truths:
        semantic[begin:end], instance[begin:end] = label, number
    position = np.arange(POINTS)
    masks = [(position >= begin) & (position < end) for begin, end, _, _ in guesses]
    predictions = regions(masks, [g[2] for g in guesses], [g[3] for g in guesses], POINTS)
    return match_scene(semantic, instance, predictions, SCANNET)


def chair_ap(truths: list[Truth], guesses: list[Guess]) -> np.ndarray:
    """(11,) AP of chairs at ``THRESHOLDS``."""
    return average_precision([matches(truths, guesses)], SCANNET).ap[CHAIR_ROW]


A_CHAIR: Truth = (0, 200, CHAIR, 1)
ITS_PREDICTION: Guess = (0, 200, CHAIR, 0.5)
#: AP of A_CHAIR, found by ITS_PREDICTION, with one false positive of a higher score: the curve is
#: (precision 1/2, recall 1), (0, 0), (1, 0) with widths 1/2, 1/2, 0.
WITH_FALSE_POSITIVE = 0.25


class TestRule1Void:
    @pytest.mark.parametrize(
        "ground",
        [
            pytest.param([(1000, 1200, WALL, 7)], id="wall"),
            pytest.param([(1000, 1200, FLOOR, 7)], id="floor"),
            pytest.param([(1000, 1200, -1, 7)], id="class outside the table"),
            pytest.param([(1000, 1200, CHAIR, -1)], id="no instance id"),
            pytest.param([], id="unannotated"),
        ],
    )
    def test_void_excuses_a_prediction(self, ground: list[Truth]) -> None:
        stray = (1000, 1200, CHAIR, 0.9)
        assert chair_ap([A_CHAIR, *ground], [ITS_PREDICTION, stray])[AT_50] == 1.0

    def test_another_class_with_instances_does_not(self) -> None:
        stray = (1000, 1200, CHAIR, 0.9)
        ap = chair_ap([A_CHAIR, (1000, 1200, TABLE, 7)], [ITS_PREDICTION, stray])
        assert ap[AT_50] == WITH_FALSE_POSITIVE

    def test_where_all_classes_have_instances_walls_are_scored(self) -> None:
        wall = S3DIS.names.index("wall")
        semantic, instance = np.full(150, wall), np.zeros(150, int)
        predictions = regions([np.ones(150, bool)], [wall], [0.5], 150)
        scores = average_precision([match_scene(semantic, instance, predictions, S3DIS)], S3DIS)
        assert scores.ap[wall].tolist() == [1.0] * 11
        assert scores.mean_ap == 1.0

    def test_an_instance_is_one_id_within_one_class(self) -> None:
        scene = matches([(0, 200, CHAIR, 1), (200, 500, TABLE, 1)], [])
        assert scene.instance_label.tolist() == [CHAIR, TABLE]
        assert scene.instance_size.tolist() == [200, 300]


class TestRule2SmallRegions:
    @pytest.mark.parametrize(("points", "ap50"), [(99, 1.0), (100, WITH_FALSE_POSITIVE)])
    def test_a_prediction_below_100_points_is_dropped(self, points: int, ap50: float) -> None:
        stray = (1000, 1000 + points, CHAIR, 0.9)
        ap = chair_ap([A_CHAIR, (1000, 1200, TABLE, 7)], [ITS_PREDICTION, stray])
        assert ap[AT_50] == ap50

    @pytest.mark.parametrize("label", [-1, WALL])
    def test_a_prediction_of_an_unscored_class_is_dropped_and_counted(self, label: int) -> None:
        scores = average_precision([matches([A_CHAIR], [ITS_PREDICTION, (0, 200, label, 0.9)])], SCANNET)
        assert scores.mean_ap == 1.0
        assert (scores.predictions, scores.unscored_class, scores.too_small) == (1, 1, 0)

    @pytest.mark.parametrize(("points", "instances"), [(99, 1), (100, 2)])
    def test_an_instance_below_100_points_need_not_be_found(self, points: int, instances: int) -> None:
        truths = [A_CHAIR, (1000, 1000 + points, CHAIR, 2)]
        scores = average_precision([matches(truths, [ITS_PREDICTION])], SCANNET)
        assert scores.instances[CHAIR_ROW] == instances
        assert scores.class_ap50[CHAIR_ROW] == 1.0 / instances

    def test_a_small_instance_excuses_a_prediction_that_lies_on_it(self) -> None:
        # 60 of 100 points on a chair of 99: IoU .43 fits nothing, but the share .6 is above .5
        truths = [A_CHAIR, (1000, 1099, CHAIR, 2), (1099, 1300, TABLE, 3), (900, 1000, TABLE, 4)]
        stray = (960, 1060, CHAIR, 0.9)
        ap = chair_ap(truths, [ITS_PREDICTION, stray])
        assert ap[AT_50] == 1.0
        assert ap[np.searchsorted(THRESHOLDS[:10], 0.7)] == WITH_FALSE_POSITIVE

    def test_a_small_instance_of_another_class_does_not(self) -> None:
        truths = [A_CHAIR, (1000, 1099, TABLE, 2), (1099, 1300, TABLE, 3), (900, 1000, TABLE, 4)]
        stray = (960, 1060, CHAIR, 0.9)
        assert chair_ap(truths, [ITS_PREDICTION, stray])[AT_50] == WITH_FALSE_POSITIVE


class TestRule3SameClassOnly:
    def test_a_prediction_of_another_class_does_not_find_an_instance(self) -> None:
        scores = average_precision([matches([A_CHAIR], [(0, 200, TABLE, 0.5)])], SCANNET)
        assert scores.class_ap25[CHAIR_ROW] == 0.0

    def test_pairs_hold_one_class_and_come_by_instance_then_prediction(self) -> None:
        truths = [(0, 200, CHAIR, 9), (200, 400, CHAIR, 3), (400, 600, TABLE, 1)]
        guesses = [(100, 500, CHAIR, 0.1), (0, 600, TABLE, 0.2), (0, 250, CHAIR, 0.3)]
        scene = matches(truths, guesses)
        # chairs by instance id: 3 lies at 200..400, 9 at 0..200
        assert scene.pair_instance.tolist() == [0, 0, 1, 1, 2]
        assert scene.pair_prediction.tolist() == [0, 2, 0, 2, 1]
        assert scene.shared.tolist() == [200, 50, 100, 200, 200]


class TestRule4Thresholds:
    def test_nine_thresholds_and_a_quarter(self) -> None:
        assert np.array_equal(THRESHOLDS[:9], np.arange(0.5, 0.95, 0.05))  # the published expression
        assert len(np.arange(0.5, 0.95, 0.05)) == 9
        assert THRESHOLDS[9:].tolist() == pytest.approx([0.95, 0.25])

    def test_map_leaves_out_95(self) -> None:
        scores = average_precision([matches([A_CHAIR], [(0, 186, CHAIR, 0.5)])], SCANNET)  # IoU .93
        assert scores.mean_ap == 1.0
        assert scores.mean_ap_50_95 == pytest.approx(0.9)

    @pytest.mark.parametrize(("points", "found"), [(100, 0.0), (101, 1.0)])
    def test_iou_must_exceed_the_threshold(self, points: int, found: float) -> None:
        ap = chair_ap([A_CHAIR], [(0, points, CHAIR, 0.5)])
        assert ap[AT_50] == found
        assert ap[AT_25] == 1.0


class TestRule5GreedyMatching:
    """At IoU .25 a wide prediction (100..300) fits two chairs with 1/3 each."""

    CHAIRS: list[Truth] = [(0, 200, CHAIR, 1), (200, 400, CHAIR, 2)]  # noqa: RUF012
    EXACT: Guess = (0, 200, CHAIR, 0.9)
    WIDE: Guess = (100, 300, CHAIR, 0.5)

    def test_a_surplus_prediction_is_a_false_positive_but_stays_free_for_other_instances(self) -> None:
        # chair 1 takes EXACT; WIDE is surplus there (.5), then finds chair 2. True .9 and .5, false .5:
        # curve (2/3, 1), (1, 1/2), (1, 0) with widths 1/4, 1/2, 1/4
        ap = chair_ap(self.CHAIRS, [self.EXACT, self.WIDE])
        assert ap[AT_25] == pytest.approx(2 / 3 / 4 + 1 / 2 + 1 / 4, abs=1e-15)

    def test_a_taken_prediction_is_skipped_and_file_order_decides(self) -> None:
        # chair 1 takes WIDE, the first in the file; nothing is left for chair 2. True .9, false .5:
        # curve (1/2, 1/2), (1, 1/2), (1, 0) with widths 0, 1/4, 1/4
        ap = chair_ap(self.CHAIRS, [self.WIDE, self.EXACT])
        assert ap[AT_25] == 0.5

    @pytest.mark.parametrize("scores", [(0.3, 0.9), (0.9, 0.3)])
    def test_the_instance_gets_the_best_score_and_the_false_positive_the_worse(
        self, scores: tuple[float, float]
    ) -> None:
        # true .9; false .3 and the stray's .6: precision 1 before any of them
        pair = [(0, 200, CHAIR, score) for score in scores]
        stray = (1000, 1200, CHAIR, 0.6)
        assert chair_ap([A_CHAIR, (1000, 1200, TABLE, 7)], [*pair, stray])[AT_50] == 1.0

    def test_an_instance_without_a_prediction_lowers_recall(self) -> None:
        assert chair_ap([A_CHAIR, (400, 600, CHAIR, 2)], [ITS_PREDICTION])[AT_50] == 0.5


class TestRule6UnmatchedPredictions:
    def test_the_excused_share_must_exceed_the_threshold_itself(self) -> None:
        # 110 of 200 points on a wall: a share of .55
        truths = [A_CHAIR, (1000, 1110, WALL, 7), (1110, 1200, TABLE, 8)]
        ap = chair_ap(truths, [ITS_PREDICTION, (1000, 1200, CHAIR, 0.9)])
        assert ap[AT_25] == ap[AT_50] == 1.0
        assert ap[1:10].tolist() == [WITH_FALSE_POSITIVE] * 9  # .55 is not greater than .55

    def test_a_prediction_that_fits_an_instance_is_none(self) -> None:
        # both fit at .5; the second is counted once, as surplus of the chair: true .5, false .4
        assert chair_ap([A_CHAIR], [ITS_PREDICTION, (0, 180, CHAIR, 0.4)])[AT_50] == 1.0


class TestRule7Area:
    def test_equal_scores_are_one_point_of_the_curve(self) -> None:
        # true .8 and .5, false .5: (2/3, 1), (1, 1/2), (1, 0) with widths 1/4, 1/2, 1/4
        expected = 2 / 3 / 4 + 1 / 2 + 1 / 4
        for order in ([0, 1, 2], [2, 1, 0], [1, 2, 0]):
            score, is_true = np.array([0.8, 0.5, 0.5])[order], np.array([True, True, False])[order]
            assert area_under_curve(score, is_true, 2) == pytest.approx(expected, abs=1e-15)

    def test_not_the_interpolated_area_of_coco(self) -> None:
        # false .9, true .8, false .7, true .6 of two: (1/2, 1), (1/3, 1/2), (1/2, 1/2), (0, 0), (1, 0)
        score, is_true = np.array([0.9, 0.8, 0.7, 0.6]), np.array([False, True, False, True])
        expected = 1 / 2 * 1 / 4 + 1 / 3 * 1 / 4 + 1 / 2 * 1 / 4 + 0 * 1 / 4 + 1 * 0
        assert area_under_curve(score, is_true, 2) == pytest.approx(expected, abs=1e-15)  # COCO: 1/2

    def test_scores_that_differ_beyond_float32_are_different(self) -> None:
        stray = (1000, 1200, CHAIR, 0.5 + 1e-12)
        ap = chair_ap([A_CHAIR, (1000, 1200, TABLE, 7)], [ITS_PREDICTION, stray])
        assert ap[AT_50] == WITH_FALSE_POSITIVE


class TestRule8NothingThere:
    def test_a_class_without_ground_truth_is_left_out_of_the_mean(self) -> None:
        scores = average_precision([matches([A_CHAIR], [ITS_PREDICTION, (0, 200, TABLE, 0.9)])], SCANNET)
        assert np.isnan(scores.ap[TABLE_ROW]).all()
        assert scores.mean_ap == scores.mean_ap50 == scores.mean_ap25 == scores.mean_ap_50_95 == 1.0

    def test_ground_truth_without_predictions_is_zero(self) -> None:
        assert chair_ap([A_CHAIR], []).tolist() == [0.0] * 11

    def test_an_empty_score_list_is_zero_where_the_official_script_crashes(self) -> None:
        # the only prediction lies on void: neither true nor false
        assert chair_ap([A_CHAIR], [(1000, 1200, CHAIR, 0.9)])[AT_50] == 0.0

    def test_no_ground_truth_at_all(self) -> None:
        scores = average_precision([matches([], [ITS_PREDICTION])], SCANNET)
        assert np.isnan([scores.mean_ap, scores.mean_ap50, scores.mean_ap25]).all()

    def test_no_scenes(self) -> None:
        scores = average_precision([], SCANNET)
        assert scores.scenes == 0
        assert np.isnan(scores.ap).all()


def scored(scenes: list[ap_reference.DenseScene], table: ClassTable) -> np.ndarray:
    matched = [match_scene(scene.semantic, scene.instance, regions_of(scene), table) for scene in scenes]
    return average_precision(matched, table).ap


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from([SCANNET, S3DIS]))
def test_equals_the_dense_reference(seed: int, table: ClassTable) -> None:
    random = np.random.default_rng(seed)
    scenes = [random_scene(random) for _ in range(random.integers(1, 4))]
    expected = ap_reference.reference_ap(scenes, table.things.tolist())
    np.testing.assert_allclose(scored(scenes, table), expected, rtol=0, atol=1e-12)


def test_the_random_scenes_exercise_the_rules() -> None:
    """The comparison above would mean little if most of its figures were 0, 1 or missing."""
    random = np.random.default_rng(0)
    things = [CHAIR_ROW, TABLE_ROW]
    ap = np.array([scored([random_scene(random) for _ in range(3)], SCANNET)[things] for _ in range(50)])
    assert ((ap > 0) & (ap < 1)).mean() > 0.5


def test_only_the_order_of_scores_matters() -> None:
    random = np.random.default_rng(1)
    scene = random_scene(random)
    squared = [ap_reference.Part(guess.mask, guess.label, guess.score**2) for guess in scene.guesses]
    other = ap_reference.DenseScene(scene.semantic, scene.instance, squared)
    np.testing.assert_array_equal(scored([scene], SCANNET), scored([other], SCANNET))


def test_the_order_of_scenes_does_not_matter() -> None:
    random = np.random.default_rng(2)
    scenes = [random_scene(random) for _ in range(4)]
    np.testing.assert_array_equal(scored(scenes, SCANNET), scored(scenes[::-1], SCANNET))
