"""Sums and means over sets of points; sums against the sparse product that they replace."""

from __future__ import annotations

import numpy as np
import pytest

from twist.geometry.sums import mean_over, sums_over
from twist.regions import Regions


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_bit_for_bit_the_sparse_product(dtype: type) -> None:
    rng = np.random.default_rng(0)
    values = rng.normal(0, 1, (3000, 7)).astype(dtype) * rng.choice([1e-4, 1, 1e5], (3000, 1)).astype(dtype)
    partition = Regions.from_ids(rng.integers(-1, 40, 3000))
    overlapping = Regions.concatenate([partition, Regions.from_ids(rng.integers(0, 5, 3000))], 3000)
    for regions in (partition, overlapping):
        expected = regions.incidence() @ values
        assert expected.dtype == np.float64
        np.testing.assert_array_equal(sums_over(regions.index, regions.offsets, values), expected)


def test_columns_that_do_not_follow_one_another() -> None:
    values = np.arange(12.0).reshape(3, 4).T
    np.testing.assert_array_equal(
        sums_over(np.array([1, 3, 0]), np.array([0, 2, 2, 3]), values),
        [values[1] + values[3], [0] * 3, values[0]],
    )


def test_no_sets_and_no_columns() -> None:
    assert sums_over(np.zeros(0, np.int32), np.zeros(1, np.int64), np.zeros((4, 2))).shape == (0, 2)
    assert sums_over(np.zeros(2, np.int32), np.array([0, 2]), np.zeros((4, 0))).shape == (1, 0)


def test_mean_over_regions_by_column_and_of_all() -> None:
    values = np.array([[1.0, 10], [2, 20], [4, 40]])
    both = Regions.concatenate(
        [Regions.from_ids(np.array([0, 0, -1])), Regions.from_ids(np.array([-1, 0, 0]))], 3
    )
    np.testing.assert_allclose(mean_over(both, values), [[1.5, 15], [3, 30]])
    np.testing.assert_allclose(mean_over(both, values, np.array([1, 0])), [15, 3])
    assert mean_over(Regions.empty(3), values).shape == (0, 2)
    assert mean_over(Regions.empty(3), values, np.zeros(0, np.int64)).shape == (0,)
