"""S3DIS rooms: exact where the files are sound, mended and reported where they are not, else refused."""

from __future__ import annotations

import errno
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.raw_scans import write_room
from twist.classes import S3DIS
from twist.errors import TwistError
from twist.formats.s3dis import areas_folder, find_room, list_rooms, missing_rooms, read_room, source_files


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


def test_a_linked_room_keeps_its_name(tmp_path):
    folder = tmp_path / "raw/Area_5/office_1"
    folder.parent.mkdir(parents=True)
    (folder.parent / "Area_5_alignmentAngle.txt").write_text("office_1 90\n")
    folder.symlink_to(write_room(tmp_path / "store", "area", "blob_0815"))
    scene, _ = read_room(folder)
    assert scene.name == "Area_5_office_1"
    np.testing.assert_allclose(scene.axis_alignment[:2, :2], [[0, 1], [-1, 0]], atol=1e-12)


def test_an_annotation_with_a_byte_order_mark_is_read(tmp_path):
    scene, report = read_room(write_room(tmp_path, chair_1="\ufeff1 2 3 4 5 6\r\n"))
    assert scene.xyz.tolist() == [[1, 2, 3]]
    assert report.warnings == []


def test_instances_count_the_files_in_sorted_order(tmp_path):
    point = "0 0 0 0 0 0\n"
    scene, _ = read_room(write_room(tmp_path, chair_2=point, chair_10=point, beam_1=point))
    assert scene.semantic.tolist() == indices("beam", "chair", "chair")
    assert scene.instance.tolist() == [0, 1, 2]


@pytest.mark.parametrize("name", ["stairs_1", "Icon_1"])
def test_unknown_classes_become_clutter_and_are_reported(tmp_path, name):
    scene, report = read_room(write_room(tmp_path, **{name: "0 0 0 0 0 0\n"}))
    assert scene.semantic.tolist() == indices("clutter")
    assert name.removesuffix("_1") in report.warnings[0]


@pytest.mark.parametrize("name", ["chair", "chair_1_copy", "chair-1", "chair_", "1_chair", "chair_1 (2)"])
def test_a_name_that_tells_no_class_is_refused(tmp_path, name):
    with pytest.raises(TwistError, match=r"expected a name like chair_1\.txt"):
        read_room(write_room(tmp_path, **{name: "0 0 0 0 0 0\n"}))


# --- defects of the release ----------------------------------------------------------------------


def test_lost_bits_of_the_release_are_restored_and_reported(tmp_path):
    damaged = b"1 2 3 4 5 6\n1 2 3 103.0\x100000 4 5\n1 2 -9.1\x160 185\x00187 6\r\n"
    scene, report = read_room(write_room(tmp_path, ceiling_1=damaged))
    assert scene.rgb.tolist() == [[4, 5, 6], [103, 4, 5], [185, 187, 6]]
    assert scene.xyz[2].tolist() == [1, 2, np.float32(-9.16)]
    assert "line 2: '1 2 3 103.000000 4 5', line 3: '1 2 -9.160 185 187 6'" in report.warnings[0]


@pytest.mark.parametrize(
    ("line", "colours"),
    [
        ("22.350 6.692 3.048 185187 182", [185, 187, 182]),
        ("22.350 6.692 3.048 18 255255", [18, 255, 255]),
        ("-22.350 6.692 3.048 0 0 182", [0, 0, 182]),
    ],
)
def test_colours_run_together_are_parted_where_there_is_one_way(tmp_path, line, colours):
    scene, report = read_room(write_room(tmp_path, chair_1=f"1 2 3 4 5 6\n{line}\n"))
    assert scene.rgb[1].tolist() == colours
    assert np.abs(scene.xyz[1]).tolist() == np.float32([22.35, 6.692, 3.048]).tolist()
    assert len(report.warnings) == (len(line.split()) == 5)
    assert not report.warnings or "chair_1.txt: damaged lines mended, line 2: '22.350" in report.warnings[0]


@pytest.mark.parametrize(
    "line",
    [
        "1.5 2.5 3.5 18187 2",  # 18|187 or 181|87
        "1.5 2.5 3.048185 10 5",  # where does the coordinate end?
        "1.000 2.000 3.000 185 18",  # cut off, or 3.00|0
        "1.5 2.5 3.5 14 5",  # cut off, or 1|4
        "1 2 3 300 1",
        "1 2 3 300300 1",
        "1 2 3 185187 185187",
        "1 2 3 4 5",
        "1 2 3456",
    ],
)
def test_what_could_be_read_in_several_ways_is_refused(tmp_path, line):
    with pytest.raises(TwistError, match=r"chair_1\.txt:2: expected six numbers"):
        read_room(write_room(tmp_path, chair_1=f"1 2 3 4 5 6\n{line}\n"))


def test_strays_are_left_out_and_reported(tmp_path):
    folder = write_room(tmp_path)
    for name in (".DS_Store", "._chair_1.txt", "Icon\r", "notes.md"):
        (folder / "Annotations" / name).write_bytes(b"\x00\x05\x16\x07")
    (folder.parent / ".DS_Store").write_bytes(b"\0")
    (folder / ".DS_Store").write_bytes(b"\0")
    scene, report = read_room(folder)
    assert scene.instance.tolist() == [0, 0, 1]
    assert len(report.warnings) == 4
    assert all("is no annotation file and was left out" in warning for warning in report.warnings)
    assert list(list_rooms(tmp_path)) == ["Area_5_office_1"]


@pytest.mark.parametrize(("text", "said"), [("0 0 0 1 1 1\n", "the same"), ("0 0 0 2 2 2\n", "other")])
def test_a_second_copy_of_an_object_is_left_out_and_reported(tmp_path, text, said):
    folder = write_room(tmp_path, wall_3="0 0 0 1 1 1\n")
    (folder / "Annotations" / "wall_3 (1).txt").write_text(text)
    scene, report = read_room(folder)
    assert len(scene) == 1
    assert f"wall_3 (1).txt is a second wall_3.txt with {said} content" in report.warnings[0]


def test_the_misspelt_room_file_is_found(tmp_path):
    folder = write_room(tmp_path, "Area_6", "copyRoom_1")
    (folder / "copyRoom_1.txt").rename(folder / "copy_Room_1.txt")
    _, report = read_room(folder)
    assert len(report.warnings) == 1
    assert report.warnings[0].endswith("copyRoom_1.txt does not exist; copy_Room_1.txt was taken for it")
    assert source_files(folder)[-1].name == "copy_Room_1.txt"


# --- the aligned and the plain release -----------------------------------------------------------

ANGLES = """## Global alignment angle per disjoint space in Area_5 ##
## Disjoint Space Name Global Alignment Angle ##
hallway_1 0
office_1 90
"""


def test_the_plain_release_brings_its_angles(tmp_path):
    folder = write_room(tmp_path, floor_1="1 2 3 0 0 0\n")
    (folder.parent / "Area_5_alignmentAngle.txt").write_text(ANGLES)
    scene, report = read_room(folder)
    assert scene.xyz.tolist() == [[1, 2, 3]]
    np.testing.assert_allclose(scene.aligned_xyz, [[2, -1, 3]], atol=1e-6)
    assert report.warnings == []
    assert source_files(folder)[-1].name == "Area_5_alignmentAngle.txt"
    assert list(list_rooms(tmp_path)) == ["Area_5_office_1"]


def test_a_room_without_an_angle_is_reported(tmp_path):
    folder = write_room(tmp_path)
    (folder.parent / "Area_5_alignmentAngle.txt").write_text(ANGLES.replace("office_1", "office_2"))
    scene, report = read_room(folder)
    assert np.array_equal(scene.axis_alignment, np.eye(4))
    assert "no line for office_1: the room was not turned" in report.warnings[0]


@pytest.mark.parametrize(
    "line", ["office_1 east", "office_1", "office_1 90 1", "office_1 nan", "hallway_1 0"]
)
def test_damaged_angles_are_named(tmp_path, line):
    folder = write_room(tmp_path)
    (folder.parent / "Area_5_alignmentAngle.txt").write_text(ANGLES + line)
    with pytest.raises(TwistError, match=r"Area_5_alignmentAngle\.txt:5: expected a room, once"):
        read_room(folder)


def test_the_release_may_lie_in_a_folder_of_its_own(tmp_path):
    release = tmp_path / "Stanford3dDataset_v1.2_Aligned_Version"
    first = write_room(release)
    assert areas_folder(tmp_path) == areas_folder(release) == release
    assert list_rooms(tmp_path) == {"Area_5_office_1": first}
    assert find_room(tmp_path, "Area_5_office_1") == first
    write_room(tmp_path / "Stanford3dDataset_v1.2")
    with pytest.raises(
        TwistError, match=r"_v1\.2 and Stanford\w+_v1\.2_Aligned_Version; data\.raw must be one"
    ):
        list_rooms(tmp_path)


# --- files that are refused ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1 2 3 4 5 6\n1 2 3 4 5\n", "chair_1.txt:2: expected six numbers"),
        ("1 2 3 4 5 6 7\n", "chair_1.txt:1: expected six numbers"),
        ("1 2 3 4 5 6\n\n1.2.3 2 3 4 5 6\n", "chair_1.txt:3: expected six numbers"),
        ("1 2 3 4 5 6\n1 2 3-4 5 6 7\n", "chair_1.txt:2: expected six numbers"),
        (b"1 2 3 4 5 6\n1 2 3 4\x015 6\n", "chair_1.txt:2: expected six numbers"),
        (b"1 2 3 4\x005 6 7\n", "chair_1.txt:1: expected six numbers"),
        ("1 2 nan 4 5 6\n", "chair_1.txt:1: expected six numbers"),
        ("x y z r g b\n", "chair_1.txt:1: expected six numbers"),
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
    with pytest.raises(TwistError, match="holds no folders Area_"):
        list_rooms(first)


def test_rooms_without_annotations_are_missing(tmp_path):
    write_room(tmp_path, "Area_1", "office_1")
    (tmp_path / "Area_1" / "office_2").mkdir()
    (tmp_path / "Area_1" / "office_2" / "office_2.txt").write_text("0 0 0 0 0 0\n")
    names = ["Area_1_office_2", "Area_1_office_1", "Area_2_WC_1"]
    assert missing_rooms(tmp_path, names) == ["Area_1_office_2", "Area_2_WC_1"]
    for folder in (tmp_path / "Area_1").iterdir():
        for path in folder.glob("Annotations/*"):
            path.unlink()
        if (folder / "Annotations").is_dir():
            (folder / "Annotations").rmdir()
    with pytest.raises(TwistError, match="no rooms Area_"):
        list_rooms(tmp_path)


@pytest.mark.parametrize("closed", ["Area_1", "Area_1/office_1"])
def test_what_may_not_be_looked_into_is_not_taken_for_empty(tmp_path, monkeypatch, closed):
    write_room(tmp_path, "Area_1", "office_1")
    write_room(tmp_path, "Area_5", "office_1")
    look, is_dir = Path.iterdir, Path.is_dir

    def forbidden(path: Path) -> None:
        if path == tmp_path / closed or (path.parent == tmp_path / closed and path.name == "Annotations"):
            raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr(Path, "iterdir", lambda path: forbidden(path) or look(path))
    monkeypatch.setattr(Path, "is_dir", lambda path: forbidden(path) or is_dir(path))
    with pytest.raises(PermissionError, match="Area_1"):
        list_rooms(tmp_path)


SOUND = b"1 2 3 10 20 30\n1.5 -2.25 0.125 0 255 7\n1e0 2 3 4 5 6\n"


def plainly(data: bytes) -> np.ndarray | None:
    """The points of a sound file as Python reads them, (N, 6), or None."""
    try:
        rows = [
            [float(word) for word in line.split()]
            for line in data.decode("ascii").split("\n")
            if line.strip()
        ]
        return np.array(rows).reshape(-1, 6)
    except ValueError:
        return None


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.floats(0, 1), st.binary(max_size=2), st.integers(0, 9)), min_size=1, max_size=3))
def test_mutated_rooms_read_right_or_raise_with_file_and_place(tmp_path, mutations):
    """Truncated, overwritten, lengthened: what is read without a warning is what the file says."""
    folder = tmp_path / "Area_5" / "office_1"
    if not folder.exists():
        write_room(tmp_path)
    data = SOUND
    for where, inserted, removed in mutations:
        at = int(where * len(data))
        data = data[:at] + inserted + data[at + removed :]
    (folder / "Annotations" / "chair_1.txt").write_bytes(data)
    try:
        scene, report = read_room(folder)
    except TwistError as error:
        place = re.search(r"chair_1\.txt:\d+: |Area_5_office_1: \d+ vertices have NaN", str(error))
        assert place, error  # noqa: PT017
        return
    assert scene.semantic[-1:].tolist() == indices("floor")
    if not any("mended" in warning for warning in report.warnings):
        expected = plainly(data)
        assert scene.xyz[:-1].tolist() == expected[:, :3].astype(np.float32).tolist()
        assert scene.rgb[:-1].tolist() == expected[:, 3:].tolist()
