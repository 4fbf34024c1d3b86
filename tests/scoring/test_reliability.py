"""Reliability bins: a hand-made case, plain loops, proposals that cannot be judged, and files and back."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.references import pseudo_quality_reference as reference
from tests.regions import scored_regions
from twist.classes import SCANNET
from twist.errors import TwistError
from twist.regions import Regions
from twist.scoring.fitting import fit_instances, soft_iou
from twist.scoring.reliability import Reliability, certainty_reliability, probability_reliability
from twist.settings import RecorrectionSettings

FLOOR, CHAIR, TABLE = (SCANNET.names.index(name) for name in ("floor", "chair", "table"))


def test_bins_by_hand() -> None:
    score = np.array([0.0, 0.05, 0.62, 0.68, 0.66, 1.0])
    right = np.array([False, False, True, True, False, True])
    made = Reliability.of(score, right, target=np.array([0.2, 0.0, 1.0, 0.5, 0.0, 1.0]))
    rows = made.rows()
    assert [row["count"] for row in rows] == [2, 0, 0, 0, 0, 0, 3, 0, 0, 1]
    assert (rows[6]["low"], rows[6]["high"]) == (0.6, 0.7)
    assert rows[6]["mean_score"] == pytest.approx(1.96 / 3)
    assert rows[6]["share_right"] == pytest.approx(2 / 3)
    assert rows[6]["mean_target"] == pytest.approx(0.5)
    assert rows[9] == pytest.approx(
        {"low": 0.9, "high": 1.0, "count": 1, "mean_score": 1, "share_right": 1, "mean_target": 1}
    )
    assert all(math.isnan(rows[3][key]) for key in ("mean_score", "share_right", "mean_target"))
    assert made.expected_error == pytest.approx((0.05 + abs(1.96 - 2) + 0) / 6)


@given(st.lists(st.tuples(st.floats(0, 1, width=32), st.booleans()), max_size=40))
def test_bins_are_those_of_plain_loops(scored: list[tuple[float, bool]]) -> None:
    score, right = [value for value, _ in scored], [is_right for _, is_right in scored]
    rows = Reliability.of(np.array(score), np.array(right, bool)).rows()
    for row, (count, mean, share) in zip(rows, reference.reliability(score, right), strict=True):
        assert row["count"] == count
        if count:
            assert (row["mean_score"], row["share_right"]) == pytest.approx((mean, share))


def test_scans_add_up_and_rows_lead_back() -> None:
    rng = np.random.default_rng(0)
    score, right, target = rng.random(50), rng.random(50) < 0.5, rng.random(50)
    whole = Reliability.of(score, right, target)
    parts = Reliability.of(score[:20], right[:20], target[:20]) + Reliability.of(
        score[20:], right[20:], target[20:]
    )
    back = Reliability.from_rows(whole.rows())
    for other in (parts, back):
        for key, values in vars(whole).items():
            np.testing.assert_allclose(getattr(other, key), values, atol=1e-12)


def test_nothing_has_no_error() -> None:
    nothing = Reliability.of(np.zeros(0), np.zeros(0, bool))
    assert math.isnan(nothing.expected_error)
    assert Reliability.from_rows(nothing.rows()).count.sum() == 0


@pytest.mark.parametrize("bad", [float("nan"), 1.5, -0.1])
def test_a_score_that_is_none_is_refused(bad: float) -> None:
    with pytest.raises(TwistError, match="must lie between 0 and 1"):
        Reliability.of(np.array([0.5, bad]), np.array([True, True]))


#: Eight points of a chair, four of the floor, four without annotation.
SEMANTIC = np.array([CHAIR] * 8 + [FLOOR] * 4 + [-1] * 4, np.int32)
INSTANCE = np.array([3] * 8 + [-1] * 8, np.int32)


def proposals(*sets: tuple[list[int], int, float]) -> Regions:
    """(points, re-corrected class, certainty) of each proposal."""
    return scored_regions(*sets, size=len(SEMANTIC))


def test_certainty_by_hand() -> None:
    made = certainty_reliability(
        proposals(
            (list(range(8)), CHAIR, 0.95),  # IoU 1
            (list(range(6)), TABLE, 0.85),  # IoU 6/8, of another class
            (list(range(4)), CHAIR, 0.45),  # IoU exactly 1/2: not above
            (list(range(8)), -1, 0.15),  # re-corrected to background: never right
            ([8, 9, 10], CHAIR, 0.05),  # floor
            ([7, 12, 13], CHAIR, 0.75),  # mostly not annotated: not judged
        ),
        SEMANTIC, INSTANCE, SCANNET, RecorrectionSettings(),
    )  # fmt: skip
    assert made.count.tolist() == [1, 1, 0, 0, 1, 0, 0, 0, 1, 1]
    assert made.right.tolist() == [0, 0, 0, 0, 0, 0, 0, 0, 0, 1]
    assert made.target.tolist() == pytest.approx([0, 1, 0, 0, 0.5, 0, 0, 0, 1, 1])


def test_without_instances_no_proposal_is_right() -> None:
    floor = np.full(16, FLOOR, np.int32)
    given_proposals = proposals(([0, 1], CHAIR, 0.9), ([2, 3], TABLE, 0.1))
    made = certainty_reliability(
        given_proposals, floor, np.full(16, -1, np.int32), SCANNET, RecorrectionSettings()
    )
    assert made.count.sum() == 2
    assert made.right.sum() == made.target.sum() == 0
    assert fit_instances(given_proposals, floor, floor, SCANNET).iou.shape == (2, 0)


def test_without_proposals_there_is_nothing() -> None:
    made = certainty_reliability(Regions.empty(16), SEMANTIC, INSTANCE, SCANNET, RecorrectionSettings())
    assert made.count.sum() == 0


def test_probability_counts_annotated_points() -> None:
    semantic = np.array([CHAIR, CHAIR, FLOOR, -1])
    made = probability_reliability(
        np.array([0.95, 0.9, 0.2, 0.9]), np.array([CHAIR, TABLE, FLOOR, CHAIR]), semantic
    )
    assert made.count.tolist() == [0, 0, 1, 0, 0, 0, 0, 0, 0, 2]
    assert made.right.tolist() == [0, 0, 1, 0, 0, 0, 0, 0, 0, 1]


def test_soft_iou_by_hand() -> None:
    best = np.array([0.0, 0.2, 0.25, 0.4, 0.75, 0.9])
    np.testing.assert_allclose(
        soft_iou(best, background=0.25, certain=0.75), [0, 0, 0, 0.3, 1, 1], atol=1e-12
    )
