import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from twist.errors import TwistError
from twist.geometry.voxels import MOST_MARKS, distinct, scatter_mean, voxelise


@settings(max_examples=80, deadline=None)
@given(
    arrays(np.float32, st.tuples(st.integers(1, 60), st.just(3)), elements=st.floats(-2, 2, width=32)),
    st.sampled_from([0.02, 0.3, 5.0]),
)
def test_same_as_unique_rows(xyz, size):
    points = xyz.astype(np.float64)
    cells = np.floor((points - points.min(axis=0)) / size).astype(np.int64)
    unique, first, inverse, counts = np.unique(
        cells, axis=0, return_index=True, return_inverse=True, return_counts=True
    )
    voxels = voxelise(xyz, size)
    np.testing.assert_array_equal(voxels.coordinates, unique)
    np.testing.assert_array_equal(voxels.voxel_of_point, inverse.ravel())
    np.testing.assert_array_equal(voxels.first, first)
    np.testing.assert_array_equal(voxels.counts, counts)
    assert (voxels.coordinates.dtype, voxels.voxel_of_point.dtype) == (np.int32, np.int64)
    assert voxels.coordinates.flags.c_contiguous


def test_origin_moves_the_grid():
    voxels = voxelise(np.array([[0.5, 0.5, 0.5], [1.5, 0.5, 0.5]]), 1.0, origin=np.array([-0.6, 0, 0]))
    assert voxels.coordinates.tolist() == [[1, 0, 0], [2, 0, 0]]


def test_no_points():
    voxels = voxelise(np.zeros((0, 3), np.float32), 0.02)
    assert len(voxels) == 0
    assert voxels.coordinates.shape == (0, 3)


def test_largest_grid_fits_and_the_next_is_refused():
    corners = np.array([[0, 0, 0], [2**21 - 1, 2**21 - 1, 2**21 - 1]], np.float64)
    assert voxelise(corners, 1.0).coordinates[1].tolist() == [2**21 - 1] * 3
    with pytest.raises(TwistError, match="point 1 at"):
        voxelise(corners + np.array([[0], [1]]), 1.0)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -0.1])
def test_points_outside_the_grid_are_refused_by_number(bad):
    with pytest.raises(TwistError, match="point 2"):
        voxelise(np.array([[0, 0, 0], [1, 1, 1], [0, bad, 0]]), 0.02, origin=np.zeros(3))


@pytest.mark.parametrize("size", [0, -1, np.nan])
def test_sizes_that_are_not_positive_are_refused(size):
    with pytest.raises(TwistError, match="voxel_size_m"):
        voxelise(np.zeros((1, 3)), size)


def test_scatter_mean_by_hand():
    index = np.array([2, 0, 2])
    np.testing.assert_array_equal(scatter_mean(np.array([1.0, 5.0, 2.0]), index, 4), [5, 0, 1.5, 0])
    rows = np.array([[1, 10], [5, 50], [2, 20]])
    np.testing.assert_array_equal(scatter_mean(rows, index, 3), [[5, 50], [0, 0], [1.5, 15]])
    assert scatter_mean(rows, index, 3).dtype == np.float32
    assert scatter_mean(np.zeros((0, 2)), np.zeros(0, np.int64), 0).shape == (0, 2)
    assert scatter_mean(np.zeros((3, 0)), index, 3).shape == (3, 0)


@given(numbers=st.lists(st.integers(0, 40), max_size=60), bound=st.sampled_from([41, MOST_MARKS + 1]))
def test_distinct_numbers_as_unique(numbers, bound):
    numbers = np.array(numbers, np.int64)
    found, place = distinct(numbers, bound)
    expected, inverse = np.unique(numbers, return_inverse=True)
    np.testing.assert_array_equal(found, expected)
    np.testing.assert_array_equal(place, inverse)
    assert found.dtype == place.dtype == np.int64
