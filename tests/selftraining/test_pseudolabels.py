"""Pseudo-labels of the first and of later rounds, on worked examples."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.regions import scored_regions
from twist.classes import SCANNET
from twist.errors import TwistError
from twist.files import write_npz
from twist.regions import Regions
from twist.selftraining.pseudolabels import PseudoLabels, initial_pseudo_labels, proposal_pseudo_labels
from twist.settings import PseudoLabelSettings

DEFAULTS = PseudoLabelSettings()
FLOOR, CHAIR, SOFA = 1, 4, 5


def probabilities(*points: tuple[int, float], classes: int = 20) -> np.ndarray:
    """Each point's class with its probability; the rest is spread over the others."""
    rows = np.empty((len(points), classes), np.float32)
    for row, (label, probability) in zip(rows, points, strict=True):
        row[:] = (1 - probability) / (classes - 1)
        row[label] = probability
    return rows


# --- round 1 -------------------------------------------------------------------------------------


def test_confident_points_label_their_whole_supervoxel_by_vote() -> None:
    probability = probabilities(
        (4, 0.95), (5, 0.5), (5, 0.5), (5, 0.5),  # one confident voice against three faint ones
        (7, 0.99), (7, 0.95), (6, 0.99), (6, 0.5),  # two confident voices against one
        (3, 0.9), (3, 0.89),  # not above the threshold
    )  # fmt: skip
    supervoxel = np.array([8, 8, 8, 8, 3, 3, 3, 3, 5, 5])
    labels = initial_pseudo_labels(probability, supervoxel, replace(DEFAULTS, semantic_threshold=0.9001))
    assert labels.semantic.tolist() == [4, 4, 4, 4, 7, 7, 7, 7, -1, -1]
    assert (labels.instance == -1).all()
    assert (labels.weight == 1).all()
    assert (labels.semantic.dtype, labels.instance.dtype, labels.weight.dtype) == (
        np.int32, np.int32, np.float32,
    )  # fmt: skip


def test_the_threshold_itself_is_not_above_it() -> None:
    probability = np.array([[0.5, 0.5], [0.5 + 2**-20, 0.5 - 2**-20]], np.float32)
    options = replace(DEFAULTS, semantic_threshold=0.5)
    assert initial_pseudo_labels(probability, np.array([0, 1]), options).semantic.tolist() == [-1, 0]


def test_a_tie_of_votes_goes_to_the_smaller_class() -> None:
    probability = probabilities((9, 0.95), (2, 0.95), (2, 0.95), (9, 0.95))
    labels = initial_pseudo_labels(probability, np.zeros(4, np.int32), DEFAULTS)
    assert labels.semantic.tolist() == [2] * 4


@pytest.mark.parametrize(("share", "expected"), [(0.0, 4), (0.5, 4), (0.51, -1), (1.0, -1)])
def test_a_share_of_all_points_of_the_supervoxel_must_agree(share: float, expected: int) -> None:
    """Two of four points vote chair, one sofa: the share is 1/2, not 2/3."""
    probability = probabilities((4, 0.95), (4, 0.95), (5, 0.95), (4, 0.3))
    labels = initial_pseudo_labels(probability, np.zeros(4, np.int32), replace(DEFAULTS, initial_share=share))
    assert labels.semantic.tolist() == [expected] * 4


def test_a_share_just_reached_is_enough() -> None:
    """13 of 26 points agree, 23 vote: 13 / 23 * 23 / 26 is below 1/2 in floating point."""
    probability = probabilities(*[(4, 0.95)] * 13, *[(5, 0.95)] * 10, *[(6, 0.3)] * 3)
    options = replace(DEFAULTS, initial_share=0.5)
    labels = initial_pseudo_labels(probability, np.zeros(26, np.int32), options)
    assert labels.semantic.tolist() == [4] * 26


def test_nothing_confident_gives_no_label() -> None:
    labels = initial_pseudo_labels(probabilities((4, 0.5), (5, 0.9)), np.array([0, 0]), DEFAULTS)
    assert labels.semantic.tolist() == [-1, -1]


@settings(max_examples=50, deadline=None)
@given(st.data())
def test_round_1_is_the_loop_over_supervoxels(data: st.DataObject) -> None:
    n = data.draw(st.integers(1, 30))
    rng = np.random.default_rng(data.draw(st.integers(0, 1000)))
    probability = rng.dirichlet([0.2] * 4, n).astype(np.float32)
    supervoxel = rng.integers(0, 6, n)
    share = data.draw(st.sampled_from([0.0, 0.3, 0.6]))
    options = replace(DEFAULTS, semantic_threshold=0.7, initial_share=share)
    expected = np.full(n, -1)
    for piece in set(supervoxel.tolist()):
        members = np.flatnonzero(supervoxel == piece)
        votes = [int(probability[i].argmax()) for i in members if probability[i].max() > np.float32(0.7)]
        if votes:
            winner = min(set(votes), key=lambda label: (-votes.count(label), label))
            if votes.count(winner) / len(members) >= share:
                expected[members] = winner
    assert initial_pseudo_labels(probability, supervoxel, options).semantic.tolist() == expected.tolist()


def test_a_supervoxel_may_speak_by_its_mean() -> None:
    probability = probabilities((4, 0.9), (4, 0.5), (5, 0.9), (5, 0.3), (6, 0.3))
    supervoxel = np.array([2, 2, 7, 7, 7])
    options = replace(DEFAULTS, initial="supervoxels", semantic_threshold=0.65)
    assert initial_pseudo_labels(probability, supervoxel, options).semantic.tolist() == [4, 4, -1, -1, -1]


@pytest.mark.parametrize("initial", ["points", "supervoxels"])
def test_weights_may_be_the_mean_probability_of_the_label(initial: str) -> None:
    probability = probabilities((4, 0.95), (4, 0.55), (4, 0.2), (4, 0.2))
    options = replace(DEFAULTS, initial=initial, semantic_threshold=0.6, weighting="confidence")
    labels = initial_pseudo_labels(probability, np.array([0, 0, 1, 1]), options)
    assert labels.semantic.tolist() == [4, 4, -1, -1]
    np.testing.assert_allclose(labels.weight, [0.75, 0.75, 0, 0], rtol=1e-6)
    assert labels.weight.dtype == np.float32


# --- round 2 and later ---------------------------------------------------------------------------


#: Ten points that Φ takes for: chairs 0-5 (faint), a confident floor 6, a faint floor 7, a confident sofa 8,
#: a faint sofa 9.
PROBABILITY = probabilities(
    *[(CHAIR, 0.5)] * 6, (FLOOR, 0.95), (FLOOR, 0.6), (SOFA, 0.95), (SOFA, 0.5)
)  # fmt: skip


def label(regions: Regions, threshold: float = 0.5, **changes: object) -> PseudoLabels:
    """Of scenes whose supervoxels are single points; things outside kept proposals stay without a label."""
    options = replace(DEFAULTS, **({"outside": "ignore"} | changes))
    return proposal_pseudo_labels(PROBABILITY, np.arange(10), regions, SCANNET, options, threshold)


def test_a_kept_proposal_gives_class_and_instance_to_its_points() -> None:
    labels = label(scored_regions(([0, 1, 2], SOFA, 0.9), ([3, 4], CHAIR, 0.8), size=10))
    assert labels.semantic.tolist() == [SOFA] * 3 + [CHAIR] * 2 + [-1, FLOOR, -1, -1, -1]
    assert labels.instance.tolist() == [0, 0, 0, 1, 1, -1, -1, -1, -1, -1]
    assert (labels.weight == 1).all()


def test_weights_may_be_certainty_on_proposals_and_probability_elsewhere() -> None:
    before = PROBABILITY.copy()
    regions = scored_regions(([0, 1, 2], SOFA, 0.6), ([2, 3], CHAIR, 0.8), size=10)
    labels = label(regions, outside="confident", weighting="confidence", semantic_threshold=0.55)
    assert labels.semantic.tolist() == [SOFA] * 2 + [CHAIR] * 2 + [-1, -1, FLOOR, FLOOR, SOFA, -1]
    np.testing.assert_allclose(labels.weight, [0.6, 0.6, 0.8, 0.8, 0, 0, 0.95, 0.6, 0.95, 0], rtol=1e-6)
    np.testing.assert_array_equal(PROBABILITY, before)


def test_elsewhere_points_are_labelled_as_in_round_1() -> None:
    """The confident sofa 8 labels its supervoxel 7..9, but for what a kept proposal takes."""
    supervoxel = np.array([0, 0, 0, 0, 0, 0, 1, 2, 2, 2])
    regions = scored_regions(([0, 1, 9], CHAIR, 0.8), size=10)
    labels = proposal_pseudo_labels(PROBABILITY, supervoxel, regions, SCANNET, DEFAULTS, 0.5)
    assert labels.semantic.tolist() == [CHAIR, CHAIR, -1, -1, -1, -1, FLOOR, SOFA, SOFA, CHAIR]
    assert labels.instance.tolist() == [0, 0, -1, -1, -1, -1, -1, -1, -1, 0]


def test_background_and_the_uncertain_are_dropped() -> None:
    regions = scored_regions(([0, 1], -1, 0.99), ([2, 3], CHAIR, 0.5), ([4, 5], CHAIR, 0.51), size=10)
    labels = label(regions)
    assert labels.instance.tolist() == [-1] * 4 + [0, 0] + [-1] * 4
    assert labels.semantic.tolist() == [-1] * 4 + [CHAIR, CHAIR, FLOOR, -1, -1, -1]


def test_of_overlapping_proposals_the_most_certain_takes_the_shared_points() -> None:
    regions = scored_regions(([0, 1, 2, 3], CHAIR, 0.7), ([3, 4, 5, 8], SOFA, 0.9), size=10)
    labels = label(regions)  # IoU 1/7: both stay
    assert labels.semantic.tolist() == [CHAIR] * 3 + [SOFA] * 3 + [FLOOR, -1, SOFA, -1]
    assert labels.instance[[3, 4, 5, 8]].tolist() == [0] * 4
    assert labels.instance[:3].tolist() == [1] * 3


def test_non_maximum_suppression_drops_the_less_certain() -> None:
    regions = scored_regions(([0, 1, 2], CHAIR, 0.7), ([1, 2, 3], SOFA, 0.9), size=10)
    labels = label(regions)  # IoU 1/2
    assert labels.semantic[:4].tolist() == [-1, SOFA, SOFA, SOFA]
    assert label(regions, overlap_iou=0.6).semantic[:4].tolist() == [CHAIR, SOFA, SOFA, SOFA]


@pytest.mark.parametrize(
    ("outside", "expected"),
    [
        ("ignore", [-1, -1, -1, -1, FLOOR, -1, -1, -1]),
        ("confident", [-1, -1, -1, -1, FLOOR, -1, SOFA, -1]),
        ("argmax", [CHAIR, CHAIR, CHAIR, CHAIR, FLOOR, FLOOR, SOFA, SOFA]),
    ],
)
def test_points_outside_kept_scored_regions(outside: str, expected: list[int]) -> None:
    labels = label(scored_regions(([0, 1], CHAIR, 0.9), size=10), outside=outside)
    assert labels.semantic.tolist() == [CHAIR, CHAIR, *expected]
    assert labels.instance.tolist() == [0, 0] + [-1] * 8


@pytest.mark.parametrize("regions", [Regions.empty(10), scored_regions(([0, 1], CHAIR, 0.4), size=10)])
def test_nothing_kept_leaves_stuff_alone(regions: Regions) -> None:
    labels = label(regions)
    assert labels.semantic.tolist() == [-1] * 6 + [FLOOR, -1, -1, -1]
    assert (labels.instance == -1).all()


# --- files and schedule --------------------------------------------------------------------------


def test_saved_labels_are_the_same(tmp_path: Path) -> None:
    labels = label(scored_regions(([0, 1], CHAIR, 0.9), size=10))
    labels.save(tmp_path / "scene.npz")
    loaded = PseudoLabels.load(tmp_path / "scene.npz")
    for key, value in vars(labels).items():
        np.testing.assert_array_equal(getattr(loaded, key), value)


@pytest.mark.parametrize("arrays", [{}, {"semantic": np.zeros(1), "extra": np.zeros(1)}])
def test_another_file_is_refused(arrays: dict[str, np.ndarray], tmp_path: Path) -> None:
    write_npz(tmp_path / "scene.npz", arrays)
    with pytest.raises(TwistError, match=r"scene\.npz does not hold pseudo-labels"):
        PseudoLabels.load(tmp_path / "scene.npz")


@pytest.mark.parametrize(
    ("thresholds", "expected"),
    [((0.5,), [0.5] * 6), ((0.1, 0.3, 0.5, 0.7, 0.9), [0.1, 0.3, 0.5, 0.7, 0.9, 0.9])],
)
def test_threshold_of_each_round(thresholds: tuple[float, ...], expected: list[float]) -> None:
    options = replace(DEFAULTS, certainty_threshold=thresholds)
    assert [options.threshold_of(stage) for stage in range(1, 7)] == expected
