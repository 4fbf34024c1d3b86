"""Mutual nearest neighbours against their definition."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.references.views_reference import mutual_neighbours_slowly
from twist.views.matches import mutual_neighbours


@settings(max_examples=50)
@given(st.integers(0, 10_000), st.integers(1, 25), st.integers(1, 25), st.floats(0.01, 1))
def test_agrees_with_comparing_all_pairs(seed: int, n: int, m: int, radius: float) -> None:
    rng = np.random.default_rng(seed)
    a, b = rng.uniform(0, 1, (n, 3)), rng.uniform(0, 1, (m, 3))
    found = mutual_neighbours(a, b, radius)
    assert {tuple(pair) for pair in found.tolist()} == mutual_neighbours_slowly(a, b, radius)
    assert found.dtype == np.int64
    assert (np.diff(found[:, 0]) > 0).all()


def test_points_in_common_match_themselves() -> None:
    points = np.random.default_rng(0).uniform(0, 1, (50, 3)).astype(np.float32)
    first, second = np.arange(0, 40), np.arange(20, 50)
    found = mutual_neighbours(points[first], points[second], 1e-6)
    np.testing.assert_array_equal(first[found[:, 0]], second[found[:, 1]])
    assert len(found) == 20


def test_equally_near_points_are_matched_once() -> None:
    twice = np.zeros((4, 3))
    found = mutual_neighbours(twice, twice[:2], 1.0)
    assert 1 <= len(found) <= 2
    assert len(set(found[:, 0])) == len(set(found[:, 1])) == len(found)


@pytest.mark.parametrize(("n", "m"), [(0, 3), (3, 0), (0, 0)])
def test_nothing_matches_nothing(n: int, m: int) -> None:
    assert mutual_neighbours(np.zeros((n, 3)), np.zeros((m, 3)), 1.0).shape == (0, 2)


def test_the_radius_counts() -> None:
    a, b = np.zeros((1, 3)), np.array([[0.0, 0.0, 0.15]])
    assert len(mutual_neighbours(a, b, 0.15)) == 1
    assert len(mutual_neighbours(a, b, 0.149)) == 0
