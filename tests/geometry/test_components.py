import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.references import components_reference as reference
from twist.errors import TwistError
from twist.geometry.components import (
    _FINE,
    _WIDE,
    cells_of,
    components_by_cells,
    components_by_points,
    components_by_tree,
    radius_components,
)


def by_every_way(xyz: np.ndarray, radius_m: float, group: np.ndarray | None = None) -> tuple[np.ndarray, ...]:
    points = np.ascontiguousarray(xyz, np.float64)
    group = np.zeros(len(xyz), np.int64) if group is None else group
    fine, wide = (cells_of(points, radius_m * side, group) for side in (_FINE, _WIDE))
    return (
        components_by_cells(points, radius_m, fine),
        components_by_points(points, radius_m, wide),
        components_by_tree(points, radius_m, group),
        radius_components(xyz, radius_m, group),
    )


def check(xyz: np.ndarray, radius_m: float, group: np.ndarray | None = None) -> None:
    expected = reference.radius_components(xyz, radius_m, group)
    for ids in by_every_way(xyz, radius_m, group):
        np.testing.assert_array_equal(ids, expected)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_same_as_brute_force_on_lattices_exactly_at_the_radius(data):
    step = data.draw(st.sampled_from([1.0, 0.1, 0.03, 1 / 3]))
    steps = data.draw(st.sampled_from([1.0, 2.0, 3.0, 5.0, np.sqrt(2), np.sqrt(3)]))
    whole = st.integers(-4, 4)
    xyz = data.draw(st.lists(st.tuples(whole, whole, whole), min_size=1, max_size=40))
    xyz = np.array(xyz, np.float64) * step + data.draw(st.sampled_from([0.0, 7.3, -1000.1]))
    group = np.array(data.draw(st.lists(st.integers(0, 2), min_size=len(xyz), max_size=len(xyz))))
    check(xyz.astype(data.draw(st.sampled_from([np.float32, np.float64]))), steps * step, group)


@pytest.mark.parametrize("spread", [0.001, 0.02, 0.2])
def test_same_as_brute_force_from_collapsed_to_sparse(spread):
    rng = np.random.default_rng(3)
    centres = rng.random((12, 3)) * 2
    xyz = centres[rng.integers(0, 12, 1500)] + rng.normal(0, spread, (1500, 3))
    check(xyz.astype(np.float32), 0.03)
    check(xyz.astype(np.float32), 0.05, rng.integers(0, 4, 1500))


def test_the_radius_itself_still_links():
    xyz = np.array([[0, 0, 0], [0.5, 0, 0], [1.0, 0, 0], [np.nextafter(1.5, 2), 0, 0]])
    assert radius_components(xyz, 0.5).tolist() == [0, 0, 0, 1]


def test_partition_does_not_depend_on_the_order_of_points():
    rng = np.random.default_rng(0)
    xyz = rng.random((800, 3)).astype(np.float32)
    ids = radius_components(xyz, 0.06)
    order = rng.permutation(len(xyz))
    shuffled = radius_components(xyz[order], 0.06)
    assert len(set(zip(ids[order], shuffled, strict=True))) == ids.max() + 1 == shuffled.max() + 1


def test_ids_count_up_by_first_member():
    xyz = np.array([[9, 0, 0], [0, 0, 0], [9, 0, 0.1], [5, 0, 0]], np.float32)
    assert radius_components(xyz, 0.5).tolist() == [0, 1, 0, 2]


def test_groups_of_any_ids_are_never_linked():
    xyz = np.zeros((5, 3), np.float32)
    assert radius_components(xyz, 1.0, np.array([7, -1, 7, 10**12, -1])).tolist() == [0, 1, 0, 2, 1]


def test_more_than_a_thousand_neighbours_make_one_component():
    xyz = np.random.default_rng(1).normal(0, 1e-4, (5000, 3))
    assert radius_components(xyz, 0.03).max() == 0
    assert radius_components(np.zeros((30_000, 3)), 0.03).max() == 0


def test_far_outliers_fall_back_to_the_tree():
    xyz = np.array([[0, 0, 0], [0.01, 0, 0], [1e12, -1e12, 1e12], [1e12, -1e12, 1e12]])
    assert cells_of(xyz, 0.02, np.zeros(4, np.int64)) is None
    assert radius_components(xyz, 0.02).tolist() == [0, 0, 1, 1]


def test_no_points_and_one_point():
    assert len(radius_components(np.zeros((0, 3)), 0.03)) == 0
    assert radius_components(np.zeros((1, 3)), 0.03).tolist() == [0]


@pytest.mark.parametrize("radius_m", [0, -1, np.nan, np.inf])
def test_a_radius_that_is_not_positive_is_refused(radius_m):
    with pytest.raises(TwistError, match="radius"):
        radius_components(np.zeros((2, 3)), radius_m)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_coordinates_that_are_not_finite_are_refused_by_point(value):
    with pytest.raises(TwistError, match="point 1"):
        radius_components(np.array([[0, 0, 0], [0, value, 0]]), 0.03)
