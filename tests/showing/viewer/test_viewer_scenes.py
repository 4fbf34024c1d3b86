from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.references.viewer_reference import triangles, unpacked
from tests.showing.viewer.scans import BED, CHAIR, POINTS, TABLE, predictions, three_boxes, viewed
from twist.classes import SCANNET
from twist.errors import TwistError
from twist.scene import Scene
from twist.showing.viewer import Labelling, ViewedScene, write_viewer
from twist.showing.viewer.scenes import STEP_M, packed_scene


def read(scene: ViewedScene, points_max: int = 100_000) -> tuple[dict, dict[str, np.ndarray]]:
    facts, arrays = unpacked(packed_scene(scene, SCANNET, points_max))
    return facts, {name: np.array(values, np.int64) for name, values in arrays.items()}


def rows(array: np.ndarray) -> np.ndarray:
    return array[np.lexsort(array.T)]


def test_points_faces_and_colours_come_back() -> None:
    scene = three_boxes(faces=True)
    facts, arrays = read(ViewedScene(scene))
    xyz = np.column_stack([arrays[axis] for axis in "xyz"]) * STEP_M
    xyz += scene.xyz.mean(axis=0) - xyz.mean(axis=0)
    distance = np.linalg.norm(xyz[:, None] - scene.xyz[None], axis=2)
    original = distance.argmin(axis=1)
    assert sorted(original) == list(range(len(scene)))
    assert distance.min(axis=1).max() < STEP_M
    green = arrays["green"]
    rgb = np.column_stack([arrays["red_green"] + green, green, arrays["blue_green"] + green])
    assert (rgb == scene.rgb[original] >> 2).all()
    faces = original[np.array(triangles(arrays["faces"].tolist()))]
    assert (rows(faces) == rows(scene.faces)).all()  # the same corners in the same turn
    assert (facts["points"], facts["shown"]) == (len(scene), len(scene))


def test_vertices_without_a_face_are_kept() -> None:
    scene = three_boxes(faces=True)
    facts, arrays = read(ViewedScene(replace(scene, faces=scene.faces[:5])))
    assert facts["shown"] == len(arrays["x"]) == len(scene)


def test_layers_say_what_is_right_and_what_is_wrong() -> None:
    facts, arrays = read(viewed())
    truth, said, pieces = facts["layers"]
    assert [layer["kind"] for layer in facts["layers"]] == ["truth", "model", "pieces"]
    assert (said["hits"], said["false_positives"], said["misses"]) == (1, 1, 2)
    assert arrays["0.regions.label"].tolist() == [BED, CHAIR, TABLE]
    assert arrays["1.regions.score"].tolist() == [90, 40]
    assert arrays["1.verdict"].tolist() == [1, 2]
    assert arrays["1.iou"].tolist() == [100, 100]
    assert arrays["1.match"].tolist() == [0, 2]  # the false chair is the table
    assert arrays["1.truth_verdict"].tolist() == [1, 2, 2]
    assert arrays["1.truth_match"].tolist() == [0, -1, 1]
    assert (truth["title"], said["title"], pieces["title"]) == ("Ground truth", "Predictions", "Supervoxels")


def test_regions_hold_the_points_they_held() -> None:
    scene = viewed()
    _, arrays = read(scene)
    xyz = np.column_stack([arrays[axis] for axis in "xyz"])
    first = arrays["1.regions.index"][: arrays["1.regions.size"][0]]
    assert len(first) == POINTS
    assert set(xyz[first, 2]) == {xyz[first[0], 2]}  # all on the bed


def test_a_scan_without_labels_has_no_truth_and_no_verdicts() -> None:
    facts, arrays = read(viewed(labelled=False))
    assert [layer["kind"] for layer in facts["layers"]] == ["model", "pieces"]
    assert not any("verdict" in name for name in arrays)


def test_a_large_scan_is_thinned_evenly() -> None:
    facts, arrays = read(viewed(faces=True), points_max=800)
    assert (facts["points"], facts["shown"]) == (4 * POINTS, 800)
    assert len(arrays["faces"]) == 0
    assert arrays["1.regions.points"].tolist() == [POINTS, POINTS]
    assert np.abs(arrays["1.regions.size"] - POINTS / 2).max() < POINTS / 10


@pytest.mark.parametrize("count", [1, 2])
def test_a_scan_of_few_points(count: int) -> None:
    scene = three_boxes()
    few = {key: getattr(scene, key)[:count] for key in ("xyz", "rgb", "semantic", "instance")}
    facts, arrays = read(ViewedScene(Scene("few", faces=scene.faces[:0], **few)))
    assert facts["spacing"] > 0
    assert len(arrays["x"]) == count


def test_labels_of_another_scan_are_refused() -> None:
    scene = three_boxes()
    other = Labelling("Predictions", predictions(4 * POINTS + 1))
    with pytest.raises(TwistError, match="Predictions of boxes are not of its 1600 points"):
        packed_scene(ViewedScene(scene, "", [other]), SCANNET, 1000)
    with pytest.raises(TwistError, match="supervoxels of boxes: 3 ids for 1600 points"):
        packed_scene(ViewedScene(scene, "", [], np.zeros(3, int)), SCANNET, 1000)


def sheet(side: int) -> Scene:
    """A wavy surface of points 2 cm apart with noise in place and colour, and its faces in no order."""
    rng = np.random.default_rng(0)
    u, v = (axis.ravel() for axis in np.meshgrid(np.arange(side), np.arange(side), indexing="ij"))
    xyz = np.column_stack([u * 0.02, v * 0.02, 0.3 * np.sin(u / 20) * np.cos(v / 25)])
    colour = 120 + rng.normal(0, 8, (side**2, 1)) + rng.normal(0, 3, (side**2, 3))
    corner = (np.arange(side - 1)[:, None] * side + np.arange(side - 1)).ravel()
    right, above = corner + side, corner + 1
    faces = np.concatenate([[corner, right, above], [above, right, right + 1]], axis=1)
    instance = u // 40 * 8 + v // 40
    return Scene(
        "sheet",
        (xyz + rng.normal(0, 0.003, xyz.shape)).astype(np.float32),
        colour.astype(np.uint8),
        rng.permutation(faces.T).astype(np.int32),
        (instance % 18 + 2).astype(np.int32),
        instance.astype(np.int32),
    )


def test_ten_scans_of_100_000_points_fit_into_15_mb(tmp_path: Path) -> None:
    """With faces, three labellings each, and supervoxels of about sixty points."""
    scene, rng = sheet(317), np.random.default_rng(0)
    assert len(scene) > 100_000
    found = predictions(len(scene))
    labellings = [
        Labelling(f"round {k}", found, scene.semantic, rng.uniform(0.9, 1, len(scene))) for k in range(3)
    ]
    supervoxel = np.floor(scene.xyz[:, :2] / 0.16).astype(int) @ [100, 1]
    whole = ViewedScene(scene, "", labellings, supervoxel)
    write_viewer(tmp_path / "none.html", [], title="none")
    size = (tmp_path / "none.html").stat().st_size + 10 * len(packed_scene(whole, SCANNET, 101_000))
    assert size < 15e6
