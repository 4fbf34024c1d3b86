"""Scene: what it refuses, and that files give back what was saved."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from twist.errors import TwistError
from twist.files import read_npz, write_npz
from twist.scene import Scene


def fields(**changes: Any) -> dict[str, Any]:
    random = np.random.default_rng(0)
    return {
        "name": "scene0011_00",
        "xyz": random.normal(size=(5, 3)).astype(np.float32),
        "rgb": random.integers(0, 256, (5, 3)).astype(np.uint8),
        "faces": np.array([[0, 1, 2], [2, 3, 4]], np.int32),
        "semantic": np.array([0, 1, -1, 19, 2], np.int32),
        "instance": np.array([0, 0, -1, 3, 70000], np.int32),
        "axis_alignment": np.array([[0, -1, 0, 1], [1, 0, 0, 2], [0, 0, 1, 3], [0, 0, 0, 1]], np.float64),
    } | changes


def replaced(array: np.ndarray, at: tuple[int, ...], value: float) -> np.ndarray:
    changed = array.copy()
    changed[at] = value
    return changed


@pytest.mark.parametrize("labelled", [True, False])
def test_round_trip(labelled: bool, tmp_path: Path) -> None:
    scene = Scene(**fields(labelled=labelled))
    scene.save(tmp_path / "a.npz")
    again = Scene.load(tmp_path / "a.npz")
    assert (again.name, again.labelled, len(again)) == ("scene0011_00", labelled, 5)
    for key in ("xyz", "rgb", "faces", "semantic", "instance", "axis_alignment"):
        np.testing.assert_array_equal(getattr(again, key), getattr(scene, key), strict=True)


def test_one_vertex_without_faces(tmp_path: Path) -> None:
    one = {key: fields()[key][:1] for key in ("xyz", "rgb", "semantic", "instance")}
    Scene(**fields(**one, faces=np.zeros((0, 3), np.int32))).save(tmp_path / "a.npz")
    assert len(Scene.load(tmp_path / "a.npz")) == 1


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("xyz", np.zeros((5, 3))),
        ("xyz", np.zeros((5, 2), np.float32)),
        ("rgb", np.zeros((4, 3), np.uint8)),
        ("rgb", np.zeros((5, 3), np.float32)),
        ("faces", np.zeros((2, 4), np.int32)),
        ("faces", np.zeros((2, 3), np.int64)),
        ("semantic", np.zeros(4, np.int32)),
        ("semantic", np.zeros((5, 1), np.int32)),
        ("instance", np.zeros(5, np.int64)),
        ("axis_alignment", np.eye(3)),
    ],
)
def test_a_wrong_shape_or_dtype_is_named(key: str, value: np.ndarray) -> None:
    with pytest.raises(TwistError, match=f"scene scene0011_00: {key} is {value.dtype}"):
        Scene(**fields(**{key: value}))


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 2e4])
def test_coordinates_that_are_none_name_the_first_vertex(value: float) -> None:
    xyz = replaced(fields()["xyz"], (3, 1), value)
    with pytest.raises(TwistError, match=r"1 vertices have NaN.*first: vertex 3 at"):
        Scene(**fields(xyz=xyz))


def test_no_vertices() -> None:
    nothing = {key: fields()[key][:0] for key in ("xyz", "rgb", "faces", "semantic", "instance")}
    with pytest.raises(TwistError, match="scene scene0011_00 has no vertices"):
        Scene(**fields(**nothing))


@pytest.mark.parametrize("vertex", [-1, 5])
def test_a_face_outside(vertex: int) -> None:
    with pytest.raises(TwistError, match=r"a face points to a vertex outside 0\.\.4"):
        Scene(**fields(faces=replaced(fields()["faces"], (1, 2), vertex)))


def test_an_axis_alignment_that_is_not_finite() -> None:
    with pytest.raises(TwistError, match="axis_alignment is not finite"):
        Scene(**fields(axis_alignment=replaced(np.eye(4), (0, 3), np.nan)))


def test_aligned_coordinates() -> None:
    scene = Scene(**fields())
    x, y, z = scene.xyz.T
    np.testing.assert_allclose(scene.aligned_xyz, np.stack([1 - y, 2 + x, 3 + z], axis=1), rtol=1e-6)
    assert scene.aligned_xyz.dtype == np.float32


def test_without_labels_hides_every_label_and_keeps_the_rest() -> None:
    scene = Scene(**fields())
    hidden = scene.without_labels()
    assert not hidden.labelled
    assert (hidden.semantic == -1).all()
    assert (hidden.instance == -1).all()
    assert hidden.xyz is scene.xyz
    assert scene.labelled
    assert scene.semantic[0] == 0


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(TwistError, match=r"none\.npz does not exist"):
        Scene.load(tmp_path / "none.npz")


@pytest.mark.parametrize("missing", ["name", "labelled", "rgb", "axis_alignment"])
def test_an_npz_that_is_no_scene_is_refused(missing: str, tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    Scene(**fields()).save(path)
    arrays = read_npz(path)
    del arrays[missing]
    write_npz(path, arrays)
    if missing == "axis_alignment":
        assert (Scene.load(path).axis_alignment == np.eye(4)).all()
    else:
        with pytest.raises(TwistError, match=r"a\.npz is not a prepared scene"):
            Scene.load(path)


def test_an_npz_with_something_else_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    Scene(**fields()).save(path)
    write_npz(path, read_npz(path) | {"normals": np.zeros(3)})
    with pytest.raises(TwistError, match=r"a\.npz is not a prepared scene"):
        Scene.load(path)
