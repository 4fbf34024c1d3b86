"""Points on the surface of a mesh."""

from __future__ import annotations

import numpy as np
import pytest

from twist.geometry.sampling import sample_surface

#: A square of 4 x 4 as two triangles, and one of 1 x 1 upright, far from it.
XYZ = np.array(
    [[0, 0, 0], [4, 0, 0], [4, 4, 0], [0, 4, 0], [9, 0, 0], [9, 1, 0], [9, 1, 1], [9, 0, 1]], np.float32
)
FACES = np.array([[0, 1, 2], [0, 2, 3], [4, 5, 6], [4, 6, 7]], np.int32)


def test_as_many_points_as_the_area_asks_for_spread_evenly() -> None:
    samples = sample_surface(XYZ, FACES, 0.05, 10**6)
    assert len(samples) == pytest.approx(17 / 0.05**2, abs=4)
    xyz = samples.of(XYZ, FACES)
    lying = samples.face < 2
    assert lying.sum() == pytest.approx(16 / 0.05**2, abs=2)
    np.testing.assert_allclose(xyz[lying, 2], 0, atol=1e-6)
    np.testing.assert_allclose(xyz[~lying, 0], 9, atol=1e-6)
    counts, *_ = np.histogram2d(*xyz[lying, :2].T, bins=4, range=[[0, 4], [0, 4]])
    assert np.abs(counts - 400).max() < 6 * 20  # Poisson: 400 a cell, 20 its deviation


def test_weights_are_of_the_triangle_and_normals_its_own() -> None:
    samples = sample_surface(XYZ, FACES, 0.3, 10**6)
    np.testing.assert_allclose(samples.weight.sum(axis=1), 1)
    assert samples.weight.min() >= 0
    np.testing.assert_array_equal(samples.normal[samples.face < 2], [[0, 0, 1]] * (samples.face < 2).sum())
    np.testing.assert_array_equal(samples.normal[samples.face > 1], [[1, 0, 0]] * (samples.face > 1).sum())


def test_no_more_than_asked_for_and_the_same_each_time() -> None:
    few = sample_surface(XYZ, FACES, 1e-4, 500)
    assert len(few) == pytest.approx(500, abs=4)
    np.testing.assert_array_equal(few.weight, sample_surface(XYZ, FACES, 1e-4, 500).weight)


def test_triangles_without_area_and_no_triangles_have_no_points() -> None:
    flat = np.array([[0, 0, 1], [2, 2, 2]], np.int32)
    assert len(sample_surface(XYZ, flat, 0.1, 100)) == 0
    assert len(sample_surface(XYZ, FACES[:0], 0.1, 100)) == 0
