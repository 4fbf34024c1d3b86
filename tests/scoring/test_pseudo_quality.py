"""Quality of pseudo-labels: one scan by hand, random ones against plain loops, and scans with nothing."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.references import pseudo_quality_reference as reference
from twist.classes import S3DIS, SCANNET, ClassTable
from twist.errors import TwistError
from twist.scoring.pseudo_quality import FIGURES, LabelCounts, count_labels, quality_rows

WALL, FLOOR, CHAIR, TABLE = (SCANNET.names.index(name) for name in ("wall", "floor", "chair", "table"))

#: Points, where they lie along x, their class and instance, the class and instance that a model gave them.
BLOCKS = (
    (80, 0.0, CHAIR, 1, CHAIR, 0),  # the chair, found with IoU 80 / 140
    (40, 6.0, CHAIR, 1, -1, -1),
    (20, 5.0, FLOOR, -1, CHAIR, 0),
    (100, 10.0, TABLE, 2, CHAIR, 1),  # a table taken for a chair, its shape exact
    (50, 0.0, FLOOR, -1, FLOOR, -1),
    (10, 0.0, -1, -1, FLOOR, -1),  # nobody knows what these are: they count nowhere
    (30, 0.0, -1, -1, TABLE, 2),
    (60, 20.0, CHAIR, 3, CHAIR, 3),  # an exact chair of fewer than 100 points
)


def scan(*blocks: tuple) -> tuple[np.ndarray, tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]:
    """xyz, truth and pseudo-labels of points in blocks."""
    sizes = [block[0] for block in blocks]
    x, *labels = (np.repeat([block[k] for block in blocks], sizes) for k in range(1, 6))
    xyz = np.zeros((len(x), 3), np.float32)
    xyz[:, 0] = x
    semantic, instance, *pseudo = (values.astype(np.int32) for values in labels)
    return xyz, (semantic, instance), tuple(pseudo)


def rows_by_class(counts: LabelCounts, table: ClassTable = SCANNET) -> dict[str, dict]:
    return {row["class"]: row for row in quality_rows(counts, table)}


def test_a_scan_by_hand() -> None:
    rows = rows_by_class(count_labels(*scan(*BLOCKS), SCANNET))
    chair, table, floor = (rows[name] for name in ("chair", "table", "floor"))
    expected = {
        "true_points": 180, "covered_points": 140, "labelled_points": 260, "right_points": 140,
        "kept_instances": 3, "right_instances": 2, "fitting_instances": 3,
        "true_instances": 1, "found_instances": 1, "covered_instances": 1, "offset_points": 140,
    }  # fmt: skip
    assert {key: chair[key] for key in expected} == expected
    assert {key: chair[key] for key in FIGURES} == pytest.approx(
        {
            "precision": 140 / 260,
            "coverage": 140 / 180,
            "recall": 140 / 180,
            "instance_precision": 2 / 3,
            "instance_recall": 1,
            "instance_precision_any_class": 1,
            "instance_recall_any_class": 1,
            "mean_iou": (80 / 140 + 1 + 1) / 3,
            "offset_error_m": 80 * 1 / 140,  # 80 points: centre at 1 m instead of 2 m; 60 points: exact
            "no_offset_error_m": 80 * 2 / 140,
        }
    )
    assert (table["coverage"], table["recall"], table["labelled_points"]) == (1, 0, 0)
    assert math.isnan(table["precision"])
    assert math.isnan(table["instance_precision"])
    assert (table["instance_recall"], table["instance_recall_any_class"]) == (0, 1)
    assert (floor["precision"], floor["coverage"]) == (1, 1)
    assert (floor["true_points"], floor["labelled_points"]) == (70, 50)


def test_summaries_by_hand() -> None:
    rows = rows_by_class(count_labels(*scan(*BLOCKS), SCANNET))
    assert list(rows) == [*SCANNET.names, "mean things", "mean stuff", "all things", "all stuff", "all"]
    things, stuff, every = rows["all things"], rows["all stuff"], rows["all"]
    assert (things["precision"], things["recall"]) == (140 / 260, 0.5)
    assert (things["instance_precision"], things["instance_recall"]) == (2 / 3, 1 / 2)
    assert stuff["recall"] == 50 / 70
    assert (every["true_points"], every["right_points"], every["recall"]) == (350, 190, 190 / 350)
    mean = rows["mean things"]  # of chair and table, where they have the figure
    assert mean["precision"] == pytest.approx(140 / 260)
    assert mean["recall"] == pytest.approx((140 / 180 + 0) / 2)
    assert mean["instance_recall"] == pytest.approx(0.5)
    assert math.isnan(rows["mean stuff"]["mean_iou"])


def test_scans_add_up() -> None:
    """Two scans are what one would be that holds both, instances under other ids."""
    second = (120, 1.0, TABLE, 50, TABLE, 40), (30, 2.0, TABLE, 50, -1, -1), (9, 0.0, WALL, -1, CHAIR, -1)
    apart = count_labels(*scan(*BLOCKS), SCANNET) + count_labels(*scan(*second), SCANNET)
    together = count_labels(*scan(*BLOCKS, *second), SCANNET)
    for key, values in vars(together).items():
        np.testing.assert_allclose(getattr(apart, key), values, err_msg=key)


@st.composite
def scans(draw: st.DrawFn) -> tuple:
    """Blocks of points around the sizes that decide: half of an instance, 100 points."""
    classes = st.sampled_from([-1, FLOOR, CHAIR, TABLE])
    number = st.integers(-1, 2)
    size = st.sampled_from([1, 2, 33, 34, 50, 66, 67, 99, 100])
    block = st.tuples(size, st.sampled_from([0.0, 0.5, 3.0]), classes, number, classes, number)
    return scan(*draw(st.lists(block, min_size=1, max_size=8)))


def disjoint_ids(pseudo: tuple[np.ndarray, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """A pseudo-instance has one class, as in what `label` writes."""
    semantic, instance = pseudo
    return semantic, np.where(instance >= 0, instance * 100 + semantic + 1, -1)


@given(scans())
@settings(max_examples=60, deadline=None)
def test_counts_are_those_of_plain_loops(made: tuple) -> None:
    xyz, truth, pseudo = made[0], made[1], disjoint_ids(made[2])
    expected = reference.count_labels(xyz, truth, pseudo, SCANNET)
    counts = count_labels(xyz, truth, pseudo, SCANNET)
    assert vars(counts).keys() == expected.keys()
    for key, values in vars(counts).items():
        np.testing.assert_allclose(values, expected[key], atol=1e-9, err_msg=key)


def test_without_a_label_all_is_missed() -> None:
    rows = rows_by_class(
        count_labels(*scan((100, 0.0, CHAIR, 1, -1, -1), (50, 0.0, FLOOR, -1, -1, -1)), SCANNET)
    )
    assert (rows["chair"]["coverage"], rows["chair"]["recall"]) == (0, 0)
    assert math.isnan(rows["chair"]["precision"])
    assert math.isnan(
        rows["chair"]["instance_recall"]
    )  # labels without any instance were never asked for one
    assert rows["chair"]["true_instances"] == 1


def test_without_truth_nothing_counts() -> None:
    rows = rows_by_class(count_labels(*scan((100, 0.0, -1, -1, CHAIR, 1)), SCANNET))
    for row in rows.values():
        assert all(math.isnan(row[key]) for key in FIGURES)
        assert row["kept_instances"] == row["labelled_points"] == 0


def test_one_point() -> None:
    rows = rows_by_class(count_labels(*scan((1, 0.0, CHAIR, 5, CHAIR, 0)), SCANNET))
    assert (rows["chair"]["precision"], rows["chair"]["mean_iou"], rows["chair"]["offset_error_m"]) == (
        1,
        1,
        0,
    )
    assert math.isnan(rows["chair"]["instance_recall"])  # too small to be counted


def test_a_benchmark_without_stuff() -> None:
    rows = rows_by_class(count_labels(*scan((100, 0.0, 0, 1, 0, 1)), S3DIS), S3DIS)
    assert rows["ceiling"]["kind"] == "thing"
    assert rows["all things"]["precision"] == 1
    assert math.isnan(rows["all stuff"]["precision"])
    assert math.isnan(rows["mean stuff"]["precision"])


def test_labels_of_another_scan_or_benchmark_are_refused() -> None:
    xyz, truth, pseudo = scan((5, 0.0, CHAIR, 1, CHAIR, 1))
    with pytest.raises(TwistError, match="pseudo-labels are for 4 points, the scan has 5"):
        count_labels(xyz, truth, (pseudo[0][:4], pseudo[1][:4]), SCANNET)
    with pytest.raises(TwistError, match="the pseudo-labels have class index 20, scannet has 20 classes"):
        count_labels(xyz, truth, (np.full(5, 20, np.int32), pseudo[1]), SCANNET)
