"""Regions against Python sets: whatever compares or rearranges sets of points."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.regions import regions_of as built
from twist.errors import TwistError
from twist.files import write_npz
from twist.regions import Regions, iou, majority, non_maximum_suppression, overlap

POINTS = 12
SETS = st.lists(st.frozensets(st.integers(0, POINTS - 1)), max_size=7)


def regions_of(sets: list[frozenset[int]], scores: list[float] | None = None) -> Regions:
    return built(sets, POINTS, range(len(sets)), scores or [0.0] * len(sets))


def sets_of(regions: Regions) -> list[frozenset[int]]:
    return [frozenset(regions[k].tolist()) for k in range(len(regions))]


def jaccard(a: frozenset[int], b: frozenset[int]) -> float:
    return len(a & b) / len(a | b) if a | b else 0.0


def test_overlapping_points_belong_to_the_best_region_and_ties_to_the_earlier() -> None:
    regions = regions_of([{0, 1, 2}, {2, 3}, {3, 4}, {4, 5}], [0.5, 0.5, 0.9, 0.1])
    assert regions.owner_of_points().tolist() == [0, 0, 0, 2, 2, 3] + [-1] * 6
    takes_part = np.array([False, True, False, True])
    assert regions.owner_of_points(takes_part).tolist() == [-1, -1, 1, 1, 3, 3] + [-1] * 6


class TestValidation:
    @pytest.mark.parametrize(
        ("index", "offsets", "labels"),
        [
            ([0, 1], [0, 1], 1),  # does not reach the end
            ([0, 1], [1, 2], 1),  # does not start at 0
            ([0, 1], [0, 2, 1, 2], 3),  # goes back
            ([0, 1], [0, 2], 2),  # too few
            ([], [], 0),  # K regions need K + 1 offsets
        ],
    )
    def test_offsets_that_do_not_fit(self, index: list[int], offsets: list[int], labels: int) -> None:
        with pytest.raises(TwistError, match="do not fit together"):
            Regions(np.array(index), np.array(offsets), np.zeros(labels), np.zeros(labels), POINTS)

    @pytest.mark.parametrize("point", [-1, POINTS])
    def test_points_outside_the_scene(self, point: int) -> None:
        with pytest.raises(TwistError, match="outside the scene's 12 points"):
            Regions(np.array([0, point]), np.array([0, 2]), np.zeros(1), np.zeros(1), POINTS)


class TestFromIds:
    @given(st.lists(st.integers(-2, 6) | st.just(10**6), max_size=30))
    def test_one_region_for_each_id_in_ascending_order(self, ids: list[int]) -> None:
        labels = np.arange(100, 100 + len(ids))
        regions = Regions.from_ids(np.array(ids, np.int32), labels)
        expected = {value: [i for i, other in enumerate(ids) if other == value] for value in sorted(set(ids))}
        expected = {value: points for value, points in expected.items() if value >= 0}
        assert [regions[k].tolist() for k in range(len(regions))] == list(expected.values())
        assert regions.label.tolist() == [100 + points[0] for points in expected.values()]
        assert regions.size_of_scene == len(ids)

    def test_without_labels(self) -> None:
        regions = Regions.from_ids(np.array([3, 3, 0]))
        assert regions.label.tolist() == [-1, -1]
        assert regions.score.tolist() == [1.0, 1.0]


class TestRearranging:
    @given(SETS, st.data())
    def test_select_by_index_and_by_mask(self, sets: list[frozenset[int]], data: st.DataObject) -> None:
        regions = regions_of(sets)
        chosen = data.draw(st.lists(st.sampled_from(range(len(sets))), max_size=9)) if sets else []
        mask = np.array(data.draw(st.lists(st.booleans(), min_size=len(sets), max_size=len(sets))), bool)
        by_index = regions.select(np.array(chosen, np.int64))
        assert sets_of(by_index) == [sets[k] for k in chosen]
        assert by_index.label.tolist() == chosen
        assert sets_of(regions.select(mask)) == [s for s, keep in zip(sets, mask, strict=True) if keep]

    @given(st.lists(SETS, max_size=4))
    def test_concatenate(self, parts: list[list[frozenset[int]]]) -> None:
        joined = Regions.concatenate([regions_of(part) for part in parts], POINTS)
        assert sets_of(joined) == [members for part in parts for members in part]
        assert joined.label.tolist() == [k for part in parts for k in range(len(part))]

    def test_concatenate_refuses_another_scene(self) -> None:
        with pytest.raises(TwistError, match="different size"):
            Regions.concatenate([Regions.empty(3)], 4)

    @given(SETS)
    def test_region_of_entry_and_sizes(self, sets: list[frozenset[int]]) -> None:
        regions = regions_of(sets)
        assert regions.sizes.tolist() == [len(members) for members in sets]
        assert regions.region_of_entry.tolist() == [k for k, members in enumerate(sets) for _ in members]

    def test_with_labels(self) -> None:
        regions = regions_of([frozenset({1}), frozenset({2})]).with_labels(
            np.array([7, 8]), np.array([0.5, 1])
        )
        assert sets_of(regions) == [{1}, {2}]
        assert (regions.label.dtype, regions.score.dtype) == (np.int32, np.float32)
        assert (regions.label.tolist(), regions.score.tolist()) == ([7, 8], [0.5, 1.0])


class TestComparing:
    @given(SETS, SETS)
    def test_overlap_and_iou(self, a: list[frozenset[int]], b: list[frozenset[int]]) -> None:
        left, right = regions_of(a), regions_of(b)
        assert overlap(left, right).toarray().tolist() == [[len(x & y) for y in b] for x in a]
        assert iou(left, right).tolist() == [[jaccard(x, y) for y in b] for x in a]

    def test_overlap_refuses_another_scene(self) -> None:
        with pytest.raises(TwistError, match="3 and 4 points cannot overlap"):
            overlap(Regions.empty(3), Regions.empty(4))

    @given(SETS, st.sampled_from([0.0, 0.3, 0.5, 1.0]), st.data())
    def test_non_maximum_suppression(
        self, sets: list[frozenset[int]], threshold: float, data: st.DataObject
    ) -> None:
        score = st.sampled_from([0.1, 0.2, 0.3])  # few values: ties
        scores = data.draw(st.lists(score, min_size=len(sets), max_size=len(sets)))
        kept: list[int] = []
        for k in sorted(range(len(sets)), key=lambda k: (-scores[k], k)):
            if all(jaccard(sets[k], sets[better]) <= threshold for better in kept):
                kept.append(k)
        assert non_maximum_suppression(regions_of(sets, scores), threshold).tolist() == kept


class TestMajority:
    @given(SETS, st.lists(st.integers(-1, 3), min_size=POINTS, max_size=POINTS))
    def test_most_frequent_value_and_its_count(self, sets: list[frozenset[int]], values: list[int]) -> None:
        best, count = majority(regions_of(sets), np.array(values), 4)
        for k, members in enumerate(sets):
            valued = [values[point] for point in members if values[point] >= 0]
            winner = min(valued, key=lambda value: (-valued.count(value), value)) if valued else -1
            assert best[k] == winner
            assert count[k] == valued.count(winner)

    def test_no_values_at_all(self) -> None:
        best, count = majority(regions_of([frozenset({0, 1})]), np.full(POINTS, -1), 0)
        assert (best.tolist(), count.tolist()) == ([-1], [0])

    def test_a_value_beyond_the_number_of_values_is_refused(self) -> None:
        with pytest.raises(ValueError, match="value 4 is not below 4"):
            majority(regions_of([frozenset({0, 1})]), np.full(POINTS, 4), 4)


class TestFiles:
    @given(sets=SETS)
    def test_round_trip(self, tmp_path_factory: pytest.TempPathFactory, sets: list[frozenset[int]]) -> None:
        path = tmp_path_factory.mktemp("regions") / "a.npz"
        regions = regions_of(sets, [0.1 * k for k in range(len(sets))])
        regions.save(path)
        again = Regions.load(path)
        for key in ("index", "offsets", "label", "score"):
            assert getattr(again, key).tolist() == getattr(regions, key).tolist()
            assert getattr(again, key).dtype == getattr(regions, key).dtype
        assert again.size_of_scene == POINTS

    def test_another_npz_is_refused(self, tmp_path: Path) -> None:
        write_npz(tmp_path / "a.npz", {"index": np.zeros(3)})
        with pytest.raises(TwistError, match=r"a\.npz does not hold regions"):
            Regions.load(tmp_path / "a.npz")

    @pytest.mark.parametrize("dtype", [np.int32, np.int64, np.uint8, np.uint64, np.float64])
    @pytest.mark.parametrize("index", [[5, 5, 6], [6, 1, 6]])
    def test_points_that_are_no_numbers_or_come_twice_are_refused(
        self, index: list[int], dtype: type, tmp_path: Path
    ) -> None:
        arrays = {
            "index": np.array([2, *index], dtype),
            "offsets": np.array([0, 1, 4]),
            "label": np.zeros(2, np.int32),
            "score": np.zeros(2, np.float32),
            "size_of_scene": np.array(7),
        }
        write_npz(tmp_path / "a.npz", arrays)
        with pytest.raises(
            TwistError, match=r"a\.npz does not hold regions \((index is float|a region holds)"
        ):
            Regions.load(tmp_path / "a.npz")
        write_npz(tmp_path / "b.npz", arrays | {"index": np.array([6, 6, 2, 0])})  # the same, in two regions
        assert Regions.load(tmp_path / "b.npz").sizes.tolist() == [1, 3]

    def test_inconsistent_arrays_are_refused(self, tmp_path: Path) -> None:
        arrays = {key: np.zeros(3) for key in ("index", "offsets", "label", "score")}
        write_npz(tmp_path / "a.npz", arrays | {"size_of_scene": np.array(5)})
        with pytest.raises(TwistError, match=r"a\.npz does not hold regions"):
            Regions.load(tmp_path / "a.npz")


@pytest.mark.parametrize(
    ("low", "high", "dtype"),
    [(-128, 128, np.int8), (-(2**15), 2**15, np.int16), (7, 7 + 2**16, np.int64), (-3, 2**17, np.int32)],
)
def test_ids_of_any_width_are_sorted(low: int, high: int, dtype: type) -> None:
    """Ids that span less than 2^16 are sorted as 16-bit numbers: their extremes must not wrap."""
    ids = np.random.default_rng(0).integers(low, high, 3000).astype(dtype)
    ids[:4] = [high - 1, low, high - 1, low]
    regions = Regions.from_ids(ids)
    expected = [np.flatnonzero(ids == number) for number in np.unique(ids[ids >= 0])]
    assert len(regions) == len(expected)
    assert all(np.array_equal(regions[k], points) for k, points in enumerate(expected))
