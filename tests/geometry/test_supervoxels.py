import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.references import supervoxels_reference as reference
from twist.geometry.supervoxels import segment_cloud, segment_mesh


def grid_mesh(rows: int, columns: int, height) -> tuple[np.ndarray, np.ndarray]:
    """A regular grid with spacing 1 and z = height(x, y), two triangles a square, normals upwards."""
    x, y = (axis.ravel() for axis in np.meshgrid(np.arange(rows), np.arange(columns), indexing="ij"))
    xyz = np.stack([x, y, np.vectorize(height)(x, y)], axis=1).astype(np.float32)
    corner = np.arange(rows * columns).reshape(rows, columns)
    a, b, c, d = corner[:-1, :-1], corner[1:, :-1], corner[:-1, 1:], corner[1:, 1:]
    faces = np.concatenate([np.stack([a, b, c], -1).reshape(-1, 3), np.stack([c, b, d], -1).reshape(-1, 3)])
    return xyz, faces.astype(np.int32)


def test_a_flat_mesh_is_one_piece():
    xyz, faces = grid_mesh(6, 6, lambda x, y: 0)
    assert (segment_mesh(xyz, faces) == 0).all()


def test_a_concave_fold_parts_two_pieces_at_the_fold():
    xyz, faces = grid_mesh(21, 10, lambda x, y: max(0, x - 10))
    ids = segment_mesh(xyz, faces).reshape(21, 10)
    assert ids.max() == 1
    assert (ids[:10] == 0).all()
    assert (ids[12:] == 1).all()


@pytest.mark.parametrize("seed", range(6))
def test_same_as_the_plain_loop_on_rough_meshes(seed):
    rng = np.random.default_rng(seed)
    heights = rng.normal(0, 0.3, (14, 12)).round(1)  # rounded: many equal weights
    xyz, faces = grid_mesh(14, 12, lambda x, y: heights[x, y])
    faces = rng.permuted(faces, axis=0)
    for k, min_vertices in [(0.01, 20), (0.5, 1), (0.1, 5)]:
        expected = reference.segment_mesh(xyz, faces, k, min_vertices)
        np.testing.assert_array_equal(segment_mesh(xyz, faces, k, min_vertices), expected)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_same_as_the_plain_loop_on_any_triangles(data):
    n = data.draw(st.integers(1, 12))
    whole = st.integers(0, 3)
    xyz = np.array(data.draw(st.lists(st.tuples(whole, whole, whole), min_size=n, max_size=n)), np.float32)
    corner = st.integers(0, n - 1)
    faces = data.draw(st.lists(st.tuples(corner, corner, corner), max_size=20))
    faces = np.array(faces, np.int32).reshape(-1, 3)
    k, min_vertices = data.draw(st.sampled_from([(0.01, 3), (0.3, 1), (1.0, 4)]))
    expected = reference.segment_mesh(xyz, faces, k, min_vertices)
    np.testing.assert_array_equal(segment_mesh(xyz, faces, k, min_vertices), expected)


def test_small_pieces_are_merged_unless_they_have_no_neighbour():
    xyz, faces = grid_mesh(8, 8, lambda x, y: 3 * ((x + y) % 2))
    lone = np.array([[50, 50, 50]], np.float32)
    ids = segment_mesh(np.concatenate([lone, xyz, lone]), faces + 1, k=1e-6, min_vertices=10)
    sizes = np.bincount(ids)
    assert ids[0] == 0
    assert ids[-1] == len(sizes) - 1
    assert (sizes[[0, -1]] == 1).all()
    assert (sizes[1:-1] >= 10).all()


def test_no_faces_gives_a_piece_a_vertex_and_nothing_gives_nothing():
    nothing = np.zeros((0, 3), np.int32)
    assert segment_mesh(np.zeros((3, 3), np.float32), nothing).tolist() == [0, 1, 2]
    assert len(segment_mesh(np.zeros((0, 3), np.float32), nothing)) == 0


def corner_cloud() -> tuple[np.ndarray, np.ndarray]:
    """A floor z = 0 and a wall x = 0 as bare points, and which is which."""
    u, v = (axis.ravel() for axis in np.meshgrid(np.arange(1, 20), np.arange(20)))
    floor = np.stack([u, v, 0 * u], axis=1)
    wall = np.stack([0 * u, v, u], axis=1)
    return np.concatenate([floor, wall]).astype(np.float32) * 0.1, np.repeat([0, 1], len(u))


def test_a_cloud_parts_at_the_corner():
    xyz, plane = corner_cloud()
    ids, normals = segment_cloud(xyz, neighbours=8)
    away = xyz[:, [0, 2]].max(axis=1) > 0.35
    for side in (0, 1):
        assert len(np.unique(ids[away & (plane == side)])) == 1
    assert ids[away & (plane == 0)][0] != ids[away & (plane == 1)][0]
    np.testing.assert_allclose(
        normals[away & (plane == 0)], [[0, 0, 1]] * (away & (plane == 0)).sum(), atol=1e-5
    )
    np.testing.assert_allclose(
        normals[away & (plane == 1)], [[1, 0, 0]] * (away & (plane == 1)).sum(), atol=1e-5
    )
    assert (ids.dtype, normals.dtype) == (np.int32, np.float32)


@pytest.mark.parametrize("n", [0, 1, 2, 5])
def test_tiny_and_collapsed_clouds(n):
    ids, normals = segment_cloud(np.zeros((n, 3), np.float32))
    assert (ids == 0).all()
    assert ids.shape == (n,)
    assert np.isfinite(normals).all()
    assert normals.shape == (n, 3)
