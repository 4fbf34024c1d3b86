"""Sorting by digits: the order is numpy's stable one, whatever the numbers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twist.geometry.sorting import sorted_keys


def check(keys: np.ndarray) -> None:
    kept = keys.copy()
    order, ordered = sorted_keys(keys)
    expected = np.argsort(kept, kind="stable")
    np.testing.assert_array_equal(order, expected)
    np.testing.assert_array_equal(ordered, kept[expected])
    np.testing.assert_array_equal(keys, kept)
    assert order.dtype == ordered.dtype == np.int64


@given(st.lists(st.one_of(st.integers(0, 3), st.integers(0, 2**63 - 1)), max_size=60))
def test_any_numbers(numbers: list[int]) -> None:
    check(np.array(numbers, np.int64))


@pytest.mark.parametrize("bits", [1, 10, 11, 12, 22, 33, 62])
def test_many_numbers_of_some_bits(bits: int) -> None:
    check(np.random.default_rng(bits).integers(0, 1 << bits, 5000))
