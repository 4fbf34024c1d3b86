"""Submissions as folder and zip: what is in them, the same bytes each time, and damaged ones."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from twist.classes import SCANNET
from twist.errors import TwistError
from twist.formats.results import read_predictions
from twist.formats.submission import open_submission, same_scenes, scenes_of, write_submission
from twist.regions import Regions

CHAIR, SOFA = SCANNET.names.index("chair"), SCANNET.names.index("sofa")


def scenes() -> list[tuple[str, Regions]]:
    two = Regions(
        index=np.array([4, 0, 2, 0], np.int32),
        offsets=np.array([0, 3, 4]),
        label=np.array([CHAIR, SOFA], np.int32),
        score=np.array([0.5, 1 / 3], np.float32),
        size_of_scene=5,
    )
    return [("scene0707_00", two), ("scene0708_00", Regions.empty(4))]


FILES = {
    "predicted_masks/scene0707_00_000.txt": b"1\n0\n1\n0\n1\n",
    "predicted_masks/scene0707_00_001.txt": b"1\n0\n0\n0\n0\n",
    "scene0707_00.txt": b"predicted_masks/scene0707_00_000.txt 5 0.5\n"
    b"predicted_masks/scene0707_00_001.txt 6 0.3333333432674408\n",
    "scene0708_00.txt": b"",
}


def content(place: Path) -> dict[str, bytes]:
    if place.is_dir():
        files = [path for path in place.rglob("*") if path.is_file()]
        return {str(path.relative_to(place)): path.read_bytes() for path in files}
    with zipfile.ZipFile(place) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.mark.parametrize("name", ["submission", "deep/submission.zip"])
def test_the_files_are_those_that_the_benchmark_asks_for(name: str, tmp_path: Path) -> None:
    assert write_submission(tmp_path / name, scenes(), SCANNET) == (2, 2)
    assert content(tmp_path / name) == FILES


def test_the_same_predictions_give_the_same_zip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_submission(tmp_path / "a.zip", scenes(), SCANNET)
    monkeypatch.setattr("time.time", lambda: 2e9)
    write_submission(tmp_path / "b.zip", iter(scenes()), SCANNET)
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        assert {entry.date_time[0] for entry in archive.infolist()} == {1980}


@pytest.mark.parametrize("name", ["submission", "submission.zip"])
def test_a_submission_is_read_back(name: str, tmp_path: Path) -> None:
    write_submission(tmp_path / name, scenes(), SCANNET)
    with open_submission(tmp_path / name) as root:
        assert scenes_of(root) == {"scene0707_00", "scene0708_00"}
        again = read_predictions(root / "scene0707_00.txt", 5, SCANNET)
    assert [again[k].tolist() for k in range(2)] == [[0, 2, 4], [0]]
    assert again.label.tolist() == [CHAIR, SOFA]
    assert again.score.tolist() == scenes()[0][1].score.tolist()


def test_a_failing_scene_leaves_no_zip(tmp_path: Path) -> None:
    bad = Regions.from_ids(np.zeros(3, int))
    with pytest.raises(TwistError, match="prediction 0 has class -1"):
        write_submission(tmp_path / "s.zip", [*scenes(), ("scene0709_00", bad)], SCANNET)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_holds_something_is_refused(tmp_path: Path) -> None:
    (tmp_path / "old.txt").touch()
    for place in (tmp_path, tmp_path / "old.txt"):
        with pytest.raises(TwistError, match="is there already"):
            write_submission(place, scenes(), SCANNET)
    assert [path.name for path in tmp_path.iterdir()] == ["old.txt"]


def test_only_files_at_the_root_are_scenes(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "s.zip", "w") as archive:
        for name in ("a.txt", "semantic_instance_evaluation.txt", "notes.md", "inner/b.txt", "c.txt/d.txt"):
            archive.writestr(name, "")
    with zipfile.ZipFile(tmp_path / "s.zip") as archive:
        archive.extractall(tmp_path / "folder")
    for place in ("s.zip", "folder"):
        with open_submission(tmp_path / place) as root:
            assert scenes_of(root) == {"a"}


def test_a_mask_path_does_not_leave_a_zip(tmp_path: Path) -> None:
    (tmp_path / "m.txt").write_text("1\n")
    with zipfile.ZipFile(tmp_path / "s.zip", "w") as archive:
        archive.writestr("a.txt", "../m.txt 5 0.5")
        archive.writestr("../m.txt", "1\n")
    with open_submission(tmp_path / "s.zip") as root, pytest.raises(TwistError, match=r"a\.txt:1: .*inside"):
        read_predictions(root / "a.txt", 1, SCANNET)


def test_a_mask_missing_in_a_zip_is_named(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "s.zip", "w") as archive:
        archive.writestr("a.txt", "masks/m.txt 5 0.5")
    complaint = r"s\.zip/a\.txt:1: mask .*s\.zip/masks/m\.txt cannot be read"
    with open_submission(tmp_path / "s.zip") as root, pytest.raises(TwistError, match=complaint):
        read_predictions(root / "a.txt", 1, SCANNET)


@pytest.mark.parametrize("damage", [b"", b"not a zip", b"PK\x05\x06"])
def test_what_is_no_zip_is_named(damage: bytes, tmp_path: Path) -> None:
    (tmp_path / "s.zip").write_bytes(damage)
    with (
        pytest.raises(TwistError, match=r"s\.zip cannot be read as a zip"),
        open_submission(tmp_path / "s.zip"),
    ):
        pass
    with pytest.raises(TwistError, match="is not a folder and not a zip"), open_submission(tmp_path / "none"):
        pass


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(position=st.floats(0, 1, exclude_max=True), byte=st.integers(0, 255), cut=st.booleans())
def test_a_damaged_zip_reads_right_or_says_so(position: float, byte: int, cut: bool, tmp_path: Path) -> None:
    whole = tmp_path / "whole.zip"
    if not whole.exists():
        write_submission(whole, scenes(), SCANNET)
    data = bytearray(whole.read_bytes())
    place = int(position * len(data))
    data[place:] = b"" if cut else bytes([byte]) + data[place + 1 :]
    (tmp_path / "s.zip").write_bytes(data)
    try:
        with open_submission(tmp_path / "s.zip") as root:
            if scenes_of(root) != {"scene0707_00", "scene0708_00"}:
                return  # a name is damaged: `same_scenes` refuses it
            again = read_predictions(root / "scene0707_00.txt", 5, SCANNET)
    except TwistError:
        return
    assert [again[k].tolist() for k in range(2)] == [[0, 2, 4], [0]]
    assert again.score.tolist() == scenes()[0][1].score.tolist()


#: Bytes that a prediction file or a mask may be spoiled with.
SPOILS = st.sampled_from(
    [b"\n", b"\r", b" ", b"\x00", b"\xff", b"-", b"9", b"1.5", b"nan", b"../", b"\xe2\x80\xa8"]
)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(in_mask=st.booleans(), position=st.floats(0, 1), spoil=SPOILS, kept=st.booleans())
def test_spoiled_text_reads_as_written_or_is_named(
    in_mask: bool, position: float, spoil: bytes, kept: bool, tmp_path: Path
) -> None:
    """Never another error than TwistError with file and line, never a region that does not fit the scene."""
    name = "predicted_masks/scene0707_00_000.txt" if in_mask else "scene0707_00.txt"
    for file, text in FILES.items():
        (tmp_path / file).parent.mkdir(exist_ok=True)
        place = int(position * len(text))
        spoiled = text[:place] + spoil + text[place + (not kept) :]
        (tmp_path / file).write_bytes(spoiled if file == name else text)
    try:
        again = read_predictions(tmp_path / "scene0707_00.txt", 5, SCANNET)
    except TwistError as error:
        complaint = str(error)
    else:
        complaint = ""
    if complaint:
        assert "scene0707_00.txt:" in complaint
        assert "\n" not in complaint
        return
    assert again.size_of_scene == 5
    assert np.isfinite(again.score).all()
    assert len(again) <= 2


class TestSameScenes:
    def test_names_come_sorted(self) -> None:
        assert same_scenes({"b", "a"}, "gt", {"a", "b"}, "pred") == ["a", "b"]

    def test_scenes_of_one_side_only_are_listed(self) -> None:
        with pytest.raises(TwistError, match=r"only in gt: a, b; only in pred: d "):
            same_scenes({"a", "b", "c"}, "gt", {"c", "d"}, "pred")

    def test_no_scenes(self) -> None:
        with pytest.raises(TwistError, match="no scene files"):
            same_scenes(set(), "gt", set(), "pred")


def test_entries_named_from_here_are_at_the_root(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "s.zip", "w") as archive:
        for name in ("./a.txt", "./b.txt", "./masks/a_0.txt"):
            archive.writestr(name, "")
    with open_submission(tmp_path / "s.zip") as root:
        assert scenes_of(root) == {"a", "b"}
        assert (root / "masks/a_0.txt").is_file()


def test_a_zip_may_be_named_in_capitals(tmp_path: Path) -> None:
    write_submission(tmp_path / "S.ZIP", [("a", Regions.empty(5))], SCANNET)
    assert zipfile.ZipFile(tmp_path / "S.ZIP").namelist() == ["a.txt"]


@pytest.mark.parametrize("place", ["s.zip", "folder"])
def test_scenes_one_folder_deeper_are_told(place: str, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "s.zip", "w") as archive:
        for name in ("mine/a.txt", "mine/b.txt", "__MACOSX/._a.txt"):
            archive.writestr(name, "")
    with zipfile.ZipFile(tmp_path / "s.zip") as archive:
        archive.extractall(tmp_path / "folder")
    with pytest.raises(TwistError, match=r"lie in mine/.*zip the content"), open_submission(tmp_path / place):
        pass
