"""Thinning: who stays, who stands for whom, and the distance between the points that stay."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twist.errors import TwistError
from twist.geometry.thinning import Thinned, finite_points, merge_equal, nearest_spacing, thin
from twist.inspection.matching_density import _CELL


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(*[st.integers(-2, 2)] * 3), max_size=40))
def test_equal_points_are_merged_into_the_first(rows: list[tuple[int, int, int]]) -> None:
    xyz = np.array(rows, np.float64).reshape(-1, 3)
    merged = merge_equal(xyz)
    firsts = [k for k, row in enumerate(rows) if row not in rows[:k]]
    assert merged.chosen.tolist() == firsts
    assert merged.chosen[merged.of_point].tolist() == [rows.index(row) for row in rows]


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 60), st.floats(0.05, 3), st.integers(0, 9))
def test_one_point_a_cell_stays(n: int, cell: float, seed: int) -> None:
    xyz = np.random.default_rng(seed).uniform(-1, 1, (n, 3))
    thinned = thin(xyz, cell)
    cells = [tuple(row) for row in np.floor((xyz - xyz.min(0, initial=np.inf)) / cell).astype(int)]
    assert thinned.chosen.tolist() == [k for k in range(n) if cells[k] not in cells[:k]]
    assert all(cells[thinned.chosen[thinned.of_point[k]]] == cells[k] for k in range(n))


def test_points_without_coordinates_have_no_stand_in() -> None:
    xyz = np.array([[0, 0, np.nan], [1, 2, 3], [np.inf, 0, 0], [4, 5, 6]])
    finite = finite_points(xyz)
    assert (finite.chosen.tolist(), finite.of_point.tolist()) == ([1, 3], [-1, 0, -1, 1])


def test_thinnings_follow_one_another() -> None:
    first = Thinned(np.array([1, 3, 4]), np.array([-1, 0, 0, 1, 2]))
    second = Thinned(np.array([0, 2]), np.array([0, 0, 1]))
    both = first.then(second)
    assert (both.chosen.tolist(), both.of_point.tolist()) == ([1, 4], [-1, 0, 0, 0, 1])


def test_spacing_of_a_grid_and_of_too_few_points() -> None:
    grid = np.stack(np.meshgrid(*[np.arange(0, 2, 0.25)] * 2, [0.0]), -1).reshape(-1, 3)
    assert nearest_spacing(grid) == pytest.approx(0.25)
    assert nearest_spacing(grid[:1]) is None
    assert nearest_spacing(grid[:0]) is None


def test_a_dense_surface_thinned_by_cells_has_the_spacing_asked_for() -> None:
    """What ``_CELL`` was measured on: a plane, turned out of the grid's axes, and with a scanner's noise."""
    rng = np.random.default_rng(0)
    flat = np.c_[rng.uniform(0, 4, (200_000, 2)), rng.normal(0, 0.002, 200_000)]
    turn = np.linalg.qr(rng.normal(size=(3, 3)))[0]
    for plane in (flat, flat @ turn):
        left = plane[thin(plane, _CELL * 0.05).chosen]
        assert 0.04 < nearest_spacing(left) < 0.06


def test_a_stray_point_far_away_is_refused_by_name() -> None:
    with pytest.raises(TwistError, match="point 1 at"):
        thin(np.array([[0, 0, 0], [1e9, 0, 0]]), 0.01)
