"""Lists of scenes: published, own, generated and found; and the draw of labelled ones."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.raw_scans import write_room
from twist.__main__ import main
from twist.errors import TwistError
from twist.files import file_sha256
from twist.formats import scene_lists as published
from twist.formats.scene_lists import read_list
from twist.settings import Settings
from twist.splits import (
    SceneLists,
    draw_labelled,
    generated_plans,
    hidden_list,
    hidden_scenes,
    labelled_scenes,
    portions,
    scene_lists,
)


def settings(**data: Any) -> Settings:
    return Settings.from_layers({"test": {"data": data}})


def write_lists(raw: Path, train: str, val: str) -> None:
    raw.mkdir(exist_ok=True)
    (raw / "scannetv2_train.txt").write_text(train)
    (raw / "scannetv2_val.txt").write_text(val)


# --- lists in files ------------------------------------------------------------------------------


def test_own_lists_are_read_in_their_order(tmp_path: Path) -> None:
    write_lists(tmp_path, "scene0002_00\nscene0000_00\n\n", "scene0001_00\r\n")
    lists = scene_lists(settings(own_lists=True), tmp_path)
    assert lists == SceneLists(("scene0002_00", "scene0000_00"), ("scene0001_00",))


def test_another_list_under_a_published_name_is_refused(tmp_path: Path) -> None:
    write_lists(tmp_path, "scene0000_00\n", "scene0001_00\n")
    with pytest.raises(
        TwistError, match=r"scannetv2_train\.txt is not the published list: .*own_lists: true"
    ):
        scene_lists(settings(), tmp_path)


def test_the_published_list_is_known_by_its_hash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "5.txt"
    path.write_text("scene0000_00\n")
    monkeypatch.setitem(published.PUBLISHED_SHA256, "5.txt", file_sha256(path))
    assert read_list(path, own=False) == ("scene0000_00",)
    for other_ends in (b"scene0000_00\r\n", b"scene0000_00", b"\xef\xbb\xbfscene0000_00\n\n"):
        path.write_bytes(other_ends)
        assert read_list(path, own=False) == ("scene0000_00",)
    path.write_text("scene0000_00\nscene0000_01\n")
    with pytest.raises(TwistError, match="not the published list"):
        read_list(path, own=False)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("scannetv2_train.txt", "Tasks/Benchmark"),
        ("5.txt", "data-efficient benchmark"),
        ("mine.txt", "own_lists"),
    ],
)
def test_a_missing_list_says_where_it_is_published(name: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(TwistError, match=rf"{name} is missing; .*{said}"):
        read_list(tmp_path / name, own=False)


def test_missing_raw_data_say_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(TwistError, match=r"raw data folder .*none does not exist.*data\.raw.*docs/data\.md"):
        scene_lists(settings(), tmp_path / "none")


def test_a_repeated_name_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "list.txt"
    path.write_text("a b\nc\na\nb")
    with pytest.raises(TwistError, match=r"list\.txt: a, b is listed more than once"):
        read_list(path, own=True)


@pytest.mark.parametrize("name", ["../scene", "a/b", "-rf", ".hidden", "..", "a;b", "a*", "$(x)", "é\x00"])
def test_a_name_that_is_no_file_name_is_refused(name: str, tmp_path: Path) -> None:
    path = tmp_path / "list.txt"
    path.write_text(f"scene0000_00\n{name}\n")
    with pytest.raises(TwistError, match=r"list\.txt: .* is no scene name"):
        read_list(path, own=True)


def test_a_list_with_a_byte_order_mark_is_read(tmp_path: Path) -> None:
    path = tmp_path / "list.txt"
    path.write_bytes("\ufeffscene0000_00\r\nscene0001_00\r\n".encode())
    assert read_list(path, own=True) == ("scene0000_00", "scene0001_00")


def test_a_list_that_is_no_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "list.txt"
    path.write_bytes(b"scene\xff\n")
    with pytest.raises(TwistError, match=r"list\.txt: not a text file .*byte 5"):
        read_list(path, own=True)


@pytest.mark.parametrize(("train", "val"), [("a b", "b c"), ("", "a"), ("a", "")])
def test_both_lists_need_scenes_and_none_in_both(train: str, val: str, tmp_path: Path) -> None:
    write_lists(tmp_path, train, val)
    with pytest.raises(TwistError, match="both lists need scenes, and none may be in both"):
        scene_lists(settings(own_lists=True), tmp_path)


# --- S3DIS without lists -------------------------------------------------------------------------


def test_s3dis_is_split_by_area(tmp_path: Path) -> None:
    for area in ("Area_1", "Area_4", "Area_5", "Area_6"):
        for room in ("office_1", "hallway_2"):
            write_room(tmp_path, area, room)
    lists = scene_lists(settings(format="s3dis"), tmp_path)
    assert set(lists.val) == {"Area_5_office_1", "Area_5_hallway_2"}
    assert len(lists.train) == 6
    assert not any(name.startswith("Area_5") for name in lists.train)


# --- generated data ------------------------------------------------------------------------------


@pytest.mark.parametrize("data_format", ["scannet", "s3dis"])
def test_generated_scenes_are_known_before_they_are_made(data_format: str, tmp_path: Path) -> None:
    chosen = Settings.from_layers(
        {"test": {"data": {"generated": True, "format": data_format},
                  "rooms": {"train_scenes": 12, "val_scenes": 4}}}
    )  # fmt: skip
    lists = scene_lists(chosen, tmp_path / "none")
    names = [plan.scene_name for plan in generated_plans(chosen)]
    assert sorted(lists.train + lists.val) == sorted(names)
    assert len(set(names)) == 16
    assert not set(lists.train) & set(lists.val)
    if data_format == "scannet":
        assert (len(lists.train), len(lists.val)) == (12, 4)
    else:
        assert all(name.startswith("Area_5_") for name in lists.val)


def test_chunks_hold_every_scene_once() -> None:
    lists = SceneLists(tuple("abcde"), ("v", "w"))
    assert lists.chunks(3) == {"000": ("a", "b", "c"), "001": ("d", "e", "v"), "002": ("w",)}
    assert lists.chunks(100) == {"000": tuple("abcdevw")}


# --- which scenes are labelled -------------------------------------------------------------------

#: 40 scenes: half offices, a quarter kitchens, a quarter of no known type; classes by number.
TRAIN = tuple(f"scene{k:04d}_00" for k in range(40))
TYPES = ["office"] * 20 + ["kitchen"] * 10 + [None] * 10


def facts(instances: list[list[str]] | None = None) -> dict[str, Any]:
    instances = instances or [["chair"]] * 40
    return {
        name: {"scene_type": kind, "instances": dict.fromkeys(classes, 1)}
        for name, kind, classes in zip(TRAIN, TYPES, instances, strict=True)
    }


def type_of(name: str) -> str | None:
    return TYPES[TRAIN.index(name)]


def test_a_draw_is_decided_by_its_seed() -> None:
    draws = [draw_labelled(10, seed, TRAIN, facts()) for seed in (0, 0, 1, 2, 3)]
    assert draws[0] == draws[1]
    assert len(set(draws)) > 2
    for draw in draws:
        assert len(set(draw)) == len(draw) == 4
        assert list(draw) == sorted(draw)
        assert set(draw) <= set(TRAIN)


@pytest.mark.parametrize("seed", range(5))
def test_room_types_have_their_share(seed: int) -> None:
    counts = Counter(map(type_of, draw_labelled(20, seed, TRAIN, facts())))
    assert counts == {"office": 4, "kitchen": 2, None: 2}


@pytest.mark.parametrize("seed", range(5))
def test_the_draw_that_shows_most_classes_is_taken(seed: int) -> None:
    """Eight offices hold a class of their own; a plain stratified draw of four offices finds 1.6 of them."""
    own = [[f"class{k}"] if k < 8 else ["chair"] for k in range(40)]
    draw = draw_labelled(20, seed, TRAIN, facts(own))
    rare = [name for name in draw if TRAIN.index(name) < 8]
    assert len(rare) >= 3
    assert Counter(map(type_of, draw)) == {"office": 4, "kitchen": 2, None: 2}


@pytest.mark.parametrize(("ratio", "count"), [(2.5, 1), (5, 2), (12.5, 5), (97.5, 39)])
def test_the_ratio_decides_how_many(ratio: float, count: int) -> None:
    assert len(draw_labelled(ratio, 0, TRAIN, facts())) == count


def test_a_ratio_under_one_scene_is_refused_with_the_smallest() -> None:
    with pytest.raises(TwistError, match=r"1 % of 40 training scenes is less than one scene; .* is 2\.5 %"):
        draw_labelled(1.0, 0, TRAIN, facts())


def test_all_scenes_are_labelled_at_100_percent() -> None:
    assert labelled_scenes(settings(), Path("none"), "100", 3, TRAIN, {}) == TRAIN


def test_without_published_lists_scenes_are_drawn() -> None:
    found = labelled_scenes(settings(), Path("none"), "10", 3, TRAIN, facts())
    assert found == draw_labelled(10, 3, TRAIN, facts())


def half_annotated() -> dict[str, Any]:
    """Every other scene came without annotation."""
    return {name: entry | {"labelled": k % 2 == 1} for k, (name, entry) in enumerate(facts().items())}


@pytest.mark.parametrize("seed", range(5))
def test_scenes_without_annotation_are_never_drawn(seed: int) -> None:
    draw = draw_labelled(25, seed, TRAIN, half_annotated())
    assert len(set(draw)) == 10
    assert set(draw) <= set(TRAIN[1::2])
    assert len(draw_labelled(50, seed, TRAIN, half_annotated())) == 20
    with pytest.raises(TwistError, match=r"55 % of 40 .* are 22, but 20 have an annotation; .*scene0000_00"):
        draw_labelled(55, seed, TRAIN, half_annotated())


def test_scenes_without_annotation_are_refused_as_labelled_ones(tmp_path: Path) -> None:
    with pytest.raises(TwistError, match=r"at 100 % .*: 20 of the 40 labelled scenes have no annotation"):
        labelled_scenes(settings(), tmp_path, "100", 0, TRAIN, half_annotated())
    (tmp_path / "5.txt").write_text(f"{TRAIN[1]}\n{TRAIN[2]}\n")
    listed = settings(label_lists="{ratio}.txt", own_lists=True)
    with pytest.raises(TwistError, match=rf"5\.txt: 1 of the 2 labelled .*, first {TRAIN[2]}; name ann"):
        labelled_scenes(listed, tmp_path, "5", 0, TRAIN, half_annotated())


def test_published_lists_stand_for_every_seed(tmp_path: Path) -> None:
    listed = settings(label_lists="efficient/{ratio}.txt", own_lists=True)
    (tmp_path / "efficient").mkdir()
    (tmp_path / "efficient" / "5.txt").write_text(f"{TRAIN[7]}\n{TRAIN[2]}\n")
    for seed in (0, 1):
        assert labelled_scenes(listed, tmp_path, "5", seed, TRAIN, {}) == (TRAIN[7], TRAIN[2])
    with pytest.raises(TwistError, match=r"efficient/10\.txt is missing"):
        labelled_scenes(listed, tmp_path, "10", 0, TRAIN, {})
    (tmp_path / "efficient" / "5.txt").write_text(f"{TRAIN[7]}\nscene9999_00\n")
    with pytest.raises(
        TwistError, match=r"5\.txt: 1 scenes are not in the training list, first scene9999_00"
    ):
        labelled_scenes(listed, tmp_path, "5", 0, TRAIN, {})


def test_the_published_sizes_are_shares_of_the_published_training_list() -> None:
    """1201 training scenes, of which the benchmark labels 12, 60, 120 and 240."""
    counts = [round(1201 * ratio / 100) for ratio in (1, 5, 10, 20)]
    assert counts == [12, 60, 120, 240]
    assert np.all([len(value) == 64 for value in published.PUBLISHED_SHA256.values()])


# --- hidden test scenes --------------------------------------------------------------------------


def test_hidden_test_scenes_are_listed_apart(tmp_path: Path) -> None:
    write_lists(tmp_path, "scene0000_00\n", "scene0001_00\n")
    (tmp_path / "scannetv2_test.txt").write_text("scene0708_00\nscene0707_00\n")
    own = settings(own_lists=True)
    assert hidden_scenes(own, tmp_path) == ("scene0708_00", "scene0707_00")
    assert hidden_list(own, tmp_path) == tmp_path / "scannetv2_test.txt"
    assert "scene0707_00" not in scene_lists(own, tmp_path).train + scene_lists(own, tmp_path).val


@pytest.mark.parametrize("names", ["", "scene0707_00\nscene0001_00\n", "scene0000_00\n"])
def test_hidden_test_scenes_neither_train_nor_are_scored(names: str, tmp_path: Path) -> None:
    write_lists(tmp_path, "scene0000_00\n", "scene0001_00\n")
    (tmp_path / "scannetv2_test.txt").write_text(names)
    with pytest.raises(TwistError, match=r"scannetv2_test\.txt: .*hidden test scenes must be others"):
        hidden_scenes(settings(own_lists=True), tmp_path)


@pytest.mark.parametrize("data", [{"generated": True}, {"format": "s3dis"}])
def test_other_data_sets_have_no_hidden_test_scenes(data: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(TwistError, match=r"only ScanNet has hidden test scenes; submission-val\.zip"):
        hidden_scenes(settings(**data), tmp_path)


def test_portions_cover_all_scenes_in_order() -> None:
    names = tuple("abcde")
    assert portions(names, 2, "test") == {"test000": ("a", "b"), "test001": ("c", "d"), "test002": ("e",)}
    assert portions((), 2) == {}


# --- the command ---------------------------------------------------------------------------------


def split(tmp_path: Path, scenes: object) -> int:
    """Lists of 40 + 1 own scenes at 10 %, from a description of prepared scenes."""
    write_lists(tmp_path / "raw", "\n".join(TRAIN), "scene0100_00\n")
    (tmp_path / "scenes.json").write_text(json.dumps(scenes))
    folder = tmp_path / "config"
    (folder / "datasets").mkdir(parents=True)
    (folder / "presets").mkdir()
    (folder / "presets/paper.yaml").write_text("")
    (folder / "datasets/mine.yaml").write_text("data: {own_lists: true}")
    words = ["--dataset", "mine", "--config", folder, "--raw", tmp_path / "raw", "--ratio", 10]
    files = ["--scenes", tmp_path / "scenes.json", "--out-dir", tmp_path / "out"]
    return main(["splits", *map(str, words + files)])


def test_the_command_writes_three_lists(tmp_path: Path) -> None:
    described = facts() | {"scene0100_00": {"scene_type": None, "instances": {}}}
    assert split(tmp_path, described) == 0
    parts = {
        name: (tmp_path / "out" / f"{name}.txt").read_text().split() for name in ("labelled", "unlabelled")
    }
    assert tuple(parts["labelled"]) == draw_labelled(10, 0, TRAIN, facts())
    assert sorted(parts["labelled"] + parts["unlabelled"]) == list(TRAIN)


def test_a_scored_scene_without_annotation_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bare = {"scene_type": None, "instances": {}, "labelled": False}
    assert split(tmp_path, facts() | {"scene0100_00": bare}) == 1
    assert "1 of the 1 scored scenes have no annotation, first scene0100_00" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "scenes", [{"Area_1_office_1": {"scene_type": "office", "instances": {}}}, {TRAIN[0]: 3}, [], None]
)
def test_a_description_of_other_scenes_is_refused(
    scenes: object, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert split(tmp_path, scenes) == 1
    error = capsys.readouterr().err
    assert "scenes.json is of another data set or outdated: it does not describe 41 of the scenes" in error
    assert not (tmp_path / "out").exists()
