import numpy as np

from twist.geometry.mesh import mean_face_normals, vertex_normals

# Two triangles that share the edge 0-1: one in the plane z = 0 of area 2, one in the plane y = 0 of area 1/2.
FOLD = np.array([[0, 0, 0], [1, 0, 0], [0, 4, 0], [0, 0, 1]], np.float32)
FOLD_FACES = np.array([[0, 1, 2], [0, 3, 1]], np.int32)


def test_normals_are_weighted_by_area():
    normals = vertex_normals(FOLD, FOLD_FACES)
    expected = np.array([0, 1, 4]) / np.sqrt(17)
    np.testing.assert_allclose(normals, [expected, expected, [0, 0, 1], [0, 1, 0]], atol=1e-6)
    assert normals.dtype == np.float32


def test_plain_means_weigh_faces_alike_and_stay_short_on_a_crease():
    means = mean_face_normals(FOLD, FOLD_FACES)
    np.testing.assert_allclose(means, [[0, 0.5, 0.5], [0, 0.5, 0.5], [0, 0, 1], [0, 1, 0]], atol=1e-12)


def test_faces_without_area_and_vertices_without_faces_give_zero_not_nan():
    xyz = np.array([[0, 0, 0], [1, 0, 0], [2, 0, 0], [5, 5, 5]], np.float32)
    faces = np.array([[0, 1, 2], [0, 0, 1]], np.int32)
    assert (vertex_normals(xyz, faces) == 0).all()
    assert (mean_face_normals(xyz, faces) == 0).all()


def test_opposite_faces_cancel_to_zero():
    faces = np.array([[0, 1, 2], [0, 2, 1]], np.int32)
    assert (vertex_normals(FOLD, faces) == 0).all()


def test_no_faces_and_no_vertices():
    nothing = np.zeros((0, 3), np.int32)
    assert vertex_normals(FOLD, nothing).shape == (4, 3)
    assert vertex_normals(np.zeros((0, 3), np.float32), nothing).shape == (0, 3)
