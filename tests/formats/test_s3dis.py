import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.raw_scans import write_room
from twist.classes import S3DIS
from twist.errors import TwistError
from twist.formats.s3dis import find_room, list_rooms, read_room, source_files


def indices(*names: str) -> list[int]:
    return [S3DIS.names.index(name) for name in names]


def test_a_room_is_its_annotations_one_after_another(tmp_path):
    scene, report = read_room(write_room(tmp_path))
    assert scene.name == "Area_5_office_1"
    assert scene.xyz.tolist() == [[1, 2, 3], [1.5, -2.25, 0.125], [0, 0, 0]]
    assert scene.rgb.tolist() == [[10, 20, 30], [0, 255, 7], [1, 2, 3]]
    assert scene.semantic.tolist() == indices("chair", "chair", "floor")
    assert scene.instance.tolist() == [0, 0, 1]
    assert scene.faces.shape == (0, 3)
    assert (report.warnings, report.scene_type) == ([], "office")


def test_instances_count_the_files_in_sorted_order(tmp_path):
    point = "0 0 0 0 0 0\n"
    scene, _ = read_room(write_room(tmp_path, chair_2=point, chair_10=point, beam_1=point))
    assert scene.semantic.tolist() == indices("beam", "chair", "chair")
    assert scene.instance.tolist() == [0, 1, 2]


@pytest.mark.parametrize("name", ["stairs_1", "chair", "Icon_1", "chair_1_copy"])
def test_unknown_classes_become_clutter_and_are_reported(tmp_path, name):
    scene, report = read_room(write_room(tmp_path, **{name: "0 0 0 0 0 0\n"}))
    assert scene.semantic.tolist() == indices("clutter")
    assert name.removesuffix("_1") in report.warnings[0]


def test_lost_bits_of_the_release_are_restored_and_reported(tmp_path):
    damaged = b"1 2 3 4 5 6\n1 2 3 103.0\x100000 4 5\n1 2 -9.1\x160 185\x00187 6\r\n"
    scene, report = read_room(write_room(tmp_path, ceiling_1=damaged))
    assert scene.rgb.tolist() == [[4, 5, 6], [103, 4, 5], [185, 187, 6]]
    assert scene.xyz[2].tolist() == [1, 2, np.float32(-9.16)]
    assert "line 2: '1 2 3 103.000000 4 5', line 3: '1 2 -9.160 185 187 6'" in report.warnings[0]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1 2 3 4 5 6\n1 2 3 4 5\n", "chair_1.txt:2: expected six numbers"),
        ("1 2 3 4 5 6 7\n", "chair_1.txt:1: expected six numbers"),
        ("1 2 3 4 5 6\n\n1.2.3 2 3 4 5 6\n", "chair_1.txt:3: expected six numbers"),
        ("1 2 3 4 5 6\n1 2 3-4 5 6 7\n", "chair_1.txt:2: expected six numbers"),
        (b"1 2 3 4 5 6\n1 2 3 4\x015 6\n", "chair_1.txt:2: not numbers"),
        (b"1 2 3 4\x005 6 7\n", "chair_1.txt:1: damaged beyond repair"),
        ("1 2 nan 4 5 6\n", "chair_1.txt:1: not numbers"),
        ("x y z r g b\n", "chair_1.txt:1: not numbers"),
        ("1 2 3 4 5 6\n\n1 2 3 4 5 256\n", r"chair_1.txt:3: colour \[4.0, 5.0, 256.0\]"),
        ("1 2 3 4 5.5 6\n", "chair_1.txt:1: colour"),
        ("1 2 3 4 5 -1\n", "chair_1.txt:1: colour"),
        ("1e99 2 3 4 5 6\n", "Area_5_office_1: 1 vertices have NaN, infinite or huge"),
        ("\n", "all annotation files are empty"),
    ],
)
def test_bad_lines_are_named(tmp_path, text, message):
    with pytest.raises(TwistError, match=message):
        read_room(write_room(tmp_path, chair_1=text))


def test_empty_files_and_other_numbers_of_points_are_reported(tmp_path):
    folder = write_room(tmp_path, beam_1="", chair_1="0 0 0 1 2 3")
    scene, report = read_room(folder)
    assert scene.instance.tolist() == [1]
    assert len(report.warnings) == 1
    assert "beam_1.txt is empty" in report.warnings[0]
    (folder / "office_1.txt").write_text("0 0 0 1 2 3\n0 0 1 1 2 3")
    assert "2 points, the annotations 1" in read_room(folder)[1].warnings[1]
    (folder / "office_1.txt").unlink()
    assert "does not exist" in read_room(folder)[1].warnings[1]


def test_a_room_without_annotations_is_refused(tmp_path):
    (tmp_path / "Area_1" / "hall_1").mkdir(parents=True)
    with pytest.raises(TwistError, match="no annotation files"):
        read_room(tmp_path / "Area_1" / "hall_1")


def test_rooms_are_listed_and_found_by_name(tmp_path):
    first = write_room(tmp_path, "Area_1", "conferenceRoom_2")
    write_room(tmp_path, "Area_5", "office_1")
    assert list(list_rooms(tmp_path)) == ["Area_1_conferenceRoom_2", "Area_5_office_1"]
    assert find_room(tmp_path, "Area_1_conferenceRoom_2") == first
    assert [path.name for path in source_files(first)] == [
        "chair_1.txt",
        "floor_1.txt",
        "conferenceRoom_2.txt",
    ]
    for name in ("Area_1_office_9", "office_1"):
        with pytest.raises(TwistError, match=name):
            find_room(tmp_path, name)
    with pytest.raises(TwistError, match="no rooms"):
        list_rooms(first)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.floats(0, 1), st.binary(max_size=2), st.integers(0, 2)), min_size=1, max_size=3))
def test_mutated_rooms_read_or_raise_only_twist_errors(tmp_path, mutations):
    folder = tmp_path / "Area_5" / "office_1"
    if not folder.exists():
        write_room(tmp_path)
    data = b"1 2 3 10 20 30\n1.5 -2.25 0.125 0 255 7\n1e0 2 3 4 5 6\n"
    for where, inserted, removed in mutations:
        at = int(where * len(data))
        data = data[:at] + inserted + data[at + removed :]
    (folder / "Annotations" / "chair_1.txt").write_bytes(data)
    try:
        scene, _ = read_room(folder)
    except TwistError:
        return
    assert scene.semantic.tolist()[-1:] == indices("floor")
