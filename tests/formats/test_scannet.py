import json
from pathlib import Path

import numpy as np
import pytest

from tests.raw_scans import (
    ALIGNMENT,
    INSTANCE,
    LABEL_MAP,
    OBJECTS,
    SEMANTIC,
    colours,
    coordinates,
    write_scan,
)
from twist.errors import TwistError
from twist.formats.scannet import file_problems, find_scene, read_scene, release_segments, source_files
from twist.formats.scannet_labels import find_label_map, read_label_map
from twist.scene import Scene

LABELS = {"wall": 1, "chair": 5, "couch": 6, "backpack": 37}


def file_of(folder: Path, ending: str) -> Path:
    return folder / f"{folder.name}{ending}"


def one_warning(folder: Path) -> tuple[Scene, str]:
    """The scene, and its only warning apart from the comparison with the vertex labels."""
    scene, report = read_scene(folder, LABELS)
    others = [text for text in report.warnings if "agrees with the objects" not in text]
    assert len(others) == 1
    return scene, others[0]


def test_a_scan_is_read_vertex_for_vertex(tmp_path):
    scene, report = read_scene(write_scan(tmp_path), LABELS)
    assert scene.name == "scene0011_00"
    assert scene.xyz.tobytes() == coordinates().tobytes()
    assert scene.rgb.tolist() == colours().tolist()
    assert scene.faces.tolist() == [[0, 1, 2], [3, 4, 5], [6, 7, 8], [9, 10, 11]]
    assert scene.semantic.tolist() == SEMANTIC.tolist()
    assert scene.instance.tolist() == INSTANCE.tolist()
    assert scene.axis_alignment.tolist() == [[0, -1, 0, 2], [1, 0, 0, 3], [0, 0, 1, 4], [0, 0, 0, 1]]
    assert scene.labelled
    assert (report.warnings, report.scene_type, report.label_agreement) == ([], "Office", 1.0)


def test_classes_outside_the_benchmark_keep_their_instance(tmp_path):
    objects = [OBJECTS[0] | {"label": "backpack"}, *OBJECTS[1:]]
    scene, _ = read_scene(write_scan(tmp_path, segGroups=objects), LABELS)
    assert scene.semantic[:3].tolist() == [-1] * 3
    assert scene.instance[:3].tolist() == [0] * 3


def test_categories_missing_in_the_label_map_are_reported_by_name(tmp_path):
    objects = [OBJECTS[0] | {"label": "chaise longue"}, *OBJECTS[1:]]
    scene, warning = one_warning(write_scan(tmp_path, segGroups=objects))
    assert "chaise longue" in warning
    assert scene.semantic[:3].tolist() == [-1] * 3


def test_repeated_groups_keep_the_first_as_in_scene0217_00(tmp_path):
    again = [group | {"id": group["id"] + 3, "objectId": group["objectId"] + 3} for group in OBJECTS]
    scene, warning = one_warning(write_scan(tmp_path, segGroups=OBJECTS + again))
    assert "objects 3, 4, 5 repeat earlier ones" in warning
    assert scene.instance.tolist() == INSTANCE.tolist()


def test_a_segment_of_two_objects_goes_to_the_last(tmp_path):
    objects = [*OBJECTS, {"id": 3, "objectId": 8, "segments": [31, 5], "label": "chair"}]
    scene, warning = one_warning(write_scan(tmp_path, segGroups=objects))
    assert "2 segments are claimed twice" in warning
    assert scene.instance.tolist() == np.repeat([0, 8, 8, -1], 3).tolist()
    assert scene.semantic.tolist() == np.repeat([4, 4, 4, -1], 3).tolist()


def test_an_object_id_used_twice_and_unknown_segments_are_reported(tmp_path):
    objects = [*OBJECTS, {"id": 3, "objectId": 0, "segments": [90], "label": "chair"}]
    scene, warning = one_warning(write_scan(tmp_path / "a", segGroups=objects))
    assert "objectId 0 is used for several groups" in warning
    assert scene.instance[-3:].tolist() == [0] * 3
    objects = [*OBJECTS[:2], OBJECTS[2] | {"segments": [5, 6, 1000]}]
    scene, warning = one_warning(write_scan(tmp_path / "b", segGroups=objects))
    assert "2 segments are not in the segs.json: 6, 1000" in warning
    assert scene.instance.tolist() == INSTANCE.tolist()


def test_a_scene_without_any_instance_is_allowed_and_reported(tmp_path):
    scene, warning = one_warning(write_scan(tmp_path, segGroups=[OBJECTS[2]]))
    assert "no instance of a benchmark class" in warning
    assert scene.labelled


def test_test_scans_are_unlabelled(tmp_path):
    folder = write_scan(tmp_path)
    for ending in (".aggregation.json", "_vh_clean_2.labels.ply", "_vh_clean_2.0.010000.segs.json"):
        file_of(folder, ending).unlink()
    scene, warning = one_warning(folder)
    assert not scene.labelled
    assert "unlabelled" in warning
    assert (scene.semantic == -1).all()
    assert (scene.instance == -1).all()


def test_an_aggregation_missing_beside_labels_is_an_incomplete_download(tmp_path):
    folder = write_scan(tmp_path)
    file_of(folder, ".aggregation.json").unlink()
    with pytest.raises(TwistError, match=r"aggregation\.json is missing"):
        read_scene(folder, LABELS)


@pytest.mark.parametrize(
    ("entry", "mark"),
    [
        ({"sceneId": "scene0011_00"}, "its sceneId 'scene0011_00' lacks 'scannet.'"),
        ({"appId": "Aggregator.v1"}, "it was written by 'Aggregator.v1'"),
        ({"sceneId": "scene0011_00", "appId": "Aggregator.v1"}, "lacks 'scannet.'; it was written by"),
    ],
)
def test_annotations_of_version_1_are_refused(tmp_path, entry, mark):
    with pytest.raises(TwistError, match=rf"not of ScanNet v2 \(.*{mark}.*\).*download all files"):
        read_scene(write_scan(tmp_path, **entry), LABELS)


def test_annotations_by_other_programs_are_read(tmp_path):
    scene, _ = read_scene(write_scan(tmp_path, appId="our-labelling 3"), LABELS)
    assert scene.labelled


def test_objects_over_the_segments_of_another_release_are_refused(tmp_path):
    """A mixed folder: v1 segment ids are found among v2's by chance only."""
    folder = write_scan(tmp_path)
    path = file_of(folder, "_vh_clean_2.0.010000.segs.json")
    path.write_text(json.dumps({"segIndices": [70, 70, 70, *range(100, 109)]}))
    with pytest.raises(TwistError, match=r"2 of its 3 segments are not in the segs\.json .*releases"):
        read_scene(folder, LABELS)


def test_a_missing_alignment_is_reported(tmp_path):
    folder = write_scan(tmp_path)
    file_of(folder, ".txt").write_text("numDepthFrames = 5\n")
    scene, warning = one_warning(folder)
    assert "no axisAlignment (as in ScanNet v1" in warning
    assert (scene.axis_alignment == np.eye(4)).all()
    file_of(folder, ".txt").unlink()
    assert "no axis alignment" in one_warning(folder)[1]


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_facts_with_a_byte_order_mark_and_either_line_end(tmp_path, line_end):
    folder = write_scan(tmp_path)
    text = f"\ufeffaxisAlignment = {ALIGNMENT}\nsceneType = Office \n".replace("\n", line_end)
    file_of(folder, ".txt").write_bytes(text.encode())
    scene, report = read_scene(folder, LABELS)
    assert (report.scene_type, report.warnings) == ("Office", [])
    assert scene.axis_alignment[0].tolist() == [0, -1, 0, 2]


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"sceneId": "scannet.scene0012_00"}, "belongs to scene 'scannet.scene0012_00'"),
        ({"segmentsFile": "scannet.scene0011_00_vh_clean.segs.json"}, "another mesh"),
        ({"segGroups": {}}, "no list segGroups"),
        ({"segGroups": [OBJECTS[0], {"objectId": 1}]}, r"segGroups\[1\]"),
        ({"segGroups": [OBJECTS[0] | {"objectId": -1}]}, r"segGroups\[0\]"),
        ({"segGroups": [OBJECTS[0] | {"objectId": True}]}, r"segGroups\[0\]"),
        ({"segGroups": [OBJECTS[0] | {"segments": [1.5]}]}, r"segGroups\[0\]"),
        ({"segGroups": ["chair"]}, r"segGroups\[0\]"),
    ],
)
def test_annotations_that_do_not_fit_are_refused(tmp_path, entry, message):
    with pytest.raises(TwistError, match=message):
        read_scene(write_scan(tmp_path, **entry), LABELS)


def test_segments_of_another_mesh_name_both_files(tmp_path):
    folder = write_scan(tmp_path)
    path = file_of(folder, "_vh_clean_2.0.010000.segs.json")
    path.write_text(json.dumps({"segIndices": [1, 2]}))
    with pytest.raises(TwistError, match=r"segs\.json has 2 .*_vh_clean_2\.ply has 12"):
        read_scene(folder, LABELS)


def test_vertex_labels_are_compared(tmp_path):
    folder = write_scan(tmp_path)
    path = file_of(folder, "_vh_clean_2.labels.ply")
    data = path.read_bytes()
    header = data.index(b"end_header\n") + len(b"end_header\n")
    row = 12 + 4 + 2
    path.write_bytes(data[: header + row - 2] + b"\x32\x00" + data[header + row :])  # id 50 in place of 5
    scene, report = read_scene(folder, LABELS)
    assert report.label_agreement == 1  # of the eleven other vertices
    assert "ids over 40: 50" in report.warnings[0]
    assert scene.semantic.tolist() == SEMANTIC.tolist()
    path.write_bytes(data[: header + row - 2] + b"\x06\x00" + data[header + row :])  # 6 in place of 5
    assert read_scene(folder, LABELS)[1].label_agreement == pytest.approx(11 / 12)
    path.write_bytes(data.replace(b"property ushort label", b"property short label"))
    assert read_scene(folder, LABELS)[1].label_agreement == 1


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("axisAlignment = 1 2 3", ":2: axisAlignment must be 16 numbers"),
        ("axisAlignment = " + "x " * 16, ":2: axisAlignment must be 16 numbers"),
        ("axisAlignment = " + "nan " * 16, ":2: axisAlignment must be 16 numbers"),
        ("axisAlignment = 1 0 0 0 0 1 0 0 1 1 0 0 0 0 0 1", ":2: axisAlignment is singular"),
    ],
)
def test_a_broken_alignment_is_named_with_its_line(tmp_path, line, message):
    folder = write_scan(tmp_path)
    file_of(folder, ".txt").write_text(f"sceneType = Office\n{line}\n")
    with pytest.raises(TwistError, match=message):
        read_scene(folder, LABELS)


@pytest.mark.parametrize("diagonal", ["2 2 2", "-1 1 1"])
def test_an_alignment_that_is_no_rotation_is_reported(tmp_path, diagonal):
    folder = write_scan(tmp_path)
    x, y, z = diagonal.split()
    numbers = f"{x} 0 0 0 0 {y} 0 0 0 0 {z} 0 0 0 0 1"
    file_of(folder, ".txt").write_text(f"axisAlignment = {numbers}\n")
    scene, warning = one_warning(folder)
    assert "is no rotation" in warning
    assert scene.axis_alignment[0, 0] == float(x)


def test_coordinates_that_are_not_numbers_are_refused(tmp_path):
    folder = write_scan(tmp_path)
    path = file_of(folder, "_vh_clean_2.ply")
    data = path.read_bytes()
    at = data.index(b"end_header\n") + len(b"end_header\n")
    path.write_bytes(data[:at] + np.float32(np.nan).tobytes() + data[at + 4 :])
    with pytest.raises(TwistError, match="scene0011_00: 1 vertices have NaN"):
        read_scene(folder, LABELS)


@pytest.mark.parametrize("place", ["scans", "scans_test", "."])
def test_scans_are_found_in_the_download(tmp_path, place):
    (tmp_path / place / "scene0700_00").mkdir(parents=True)
    assert find_scene(tmp_path, "scene0700_00").samefile(tmp_path / place / "scene0700_00")
    with pytest.raises(TwistError, match="scene0701_00"):
        find_scene(tmp_path, "scene0701_00")


def test_the_label_map_is_found_above_the_scan(tmp_path):
    folder = write_scan(tmp_path)
    assert find_label_map(folder) == (tmp_path / "scannetv2-labels.combined.tsv").resolve()
    (tmp_path / "scannetv2-labels.combined.tsv").unlink()
    with pytest.raises(TwistError, match="--label-map"):
        find_label_map(folder)


def test_linked_scans_keep_their_name_and_find_the_label_map(tmp_path):
    stored = write_scan(tmp_path / "store").rename(tmp_path / "store/blob_0815")
    (tmp_path / "store/scannetv2-labels.combined.tsv").rename(tmp_path / "scannetv2-labels.combined.tsv")
    folder = tmp_path / "raw/scans/scene0011_00"
    folder.parent.mkdir(parents=True)
    folder.symlink_to(stored)
    (tmp_path / "scannetv2-labels.combined.tsv").rename(tmp_path / "raw/scannetv2-labels.combined.tsv")
    assert read_scene(folder, LABELS)[0].name == "scene0011_00"
    assert len(source_files(folder)) == 5
    assert file_problems(folder) == []
    assert release_segments(folder).is_file()
    assert find_label_map(folder).samefile(tmp_path / "raw/scannetv2-labels.combined.tsv")
    (tmp_path / "raw/scannetv2-labels.combined.tsv").rename(tmp_path / "store/scannetv2-labels.combined.tsv")
    assert find_label_map(folder).samefile(tmp_path / "store/scannetv2-labels.combined.tsv")


def test_a_whole_scan_has_no_file_problems(tmp_path):
    assert file_problems(write_scan(tmp_path)) == []


def test_all_file_problems_are_told_at_once(tmp_path):
    folder = write_scan(tmp_path)
    mesh, labels = file_of(folder, "_vh_clean_2.ply"), file_of(folder, "_vh_clean_2.labels.ply")
    mesh.write_bytes(mesh.read_bytes()[:-1])
    labels.write_bytes(labels.read_bytes().replace(b"vertex 12", b"vertex 11"))
    file_of(folder, ".txt").write_bytes(b"")
    file_of(folder, "_vh_clean_2.0.010000.segs.json").unlink()
    problems = file_problems(folder)
    assert len(problems) == 3
    expected = ["segs.json is missing", ".txt is empty", "is truncated"]
    for text, problem in zip(expected, problems, strict=True):
        assert text in problem
    mesh.write_bytes(b"ply\nformat ascii 1.0\nelement vertex 3\nproperty uchar x\nend_header\n1\n2\n3\n")
    assert "numbers of vertices differ: scene0011_00_vh_clean_2.ply 3, " in file_problems(folder)[-1]
    labels.unlink()
    file_of(folder, ".aggregation.json").unlink()
    assert file_problems(folder) == [f"{file_of(folder, '.txt')} is empty"]  # a hidden test scan


def test_source_files_are_those_that_exist(tmp_path):
    folder = write_scan(tmp_path)
    assert {path.name for path in source_files(folder)} == {path.name for path in folder.iterdir()}


@pytest.mark.parametrize(
    "text",
    [
        LABEL_MAP,
        LABEL_MAP.replace("\n", "\r\n"),
        LABEL_MAP.replace("chair", '"chair"').replace("nyu40id", '"nyu40id"'),
        "\ufeff" + LABEL_MAP.rstrip("\n"),
        LABEL_MAP.replace("nyu40id", " NYU40Id "),
        "raw_category\tcategory\tcount\tnyu40id\twnsynsetkey\n"
        + "".join(f"{name}\t-\t9\t{label}\t\n" for name, label in LABELS.items()),
    ],
)
def test_label_maps_in_all_their_forms(tmp_path, text):
    path = tmp_path / "map.tsv"
    path.write_bytes(text.encode())
    assert read_label_map(path) == LABELS


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "map.tsv:1: .* raw_category and nyu40id"),
        ("id\tcategory\n1\t2\n", "map.tsv:1: .* raw_category and nyu40id"),
        ("raw_category\tnyu40id\n", "maps no category"),
        ("raw_category\tnyu40id\nchair\t5\ndesk\tx\n", "map.tsv:3: 'desk'"),
        ("raw_category\tnyu40id\nchair\n", "map.tsv:2: 'chair'"),
        ("raw_category\tnyu40id\tcount\nchair\t5\t9\nstool\t3", "map.tsv:3: the last line is cut off"),
        ("raw_category\tnyu40id\nchair\t\xb2\n", "map.tsv:2: 'chair'"),
        ("raw_category\tnyu40id\nchair\t" + "9" * 5000 + "\n", "map.tsv:2: 'chair'"),
    ],
)
def test_broken_label_maps_are_named_with_their_line(tmp_path, text, message):
    path = tmp_path / "map.tsv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(TwistError, match=message):
        read_label_map(path)


def test_label_maps_that_are_missing_or_not_text_are_named(tmp_path):
    (tmp_path / "map.tsv").write_bytes(b"raw_category\tnyu40id\n\xff\t5\n")
    for name in ("map.tsv", "none.tsv"):
        with pytest.raises(TwistError, match=name):
            read_label_map(tmp_path / name)
