"""The lists of S3DIS rooms that come with the project: every room, the draws, what a run makes of them."""

from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path

import pytest

from tests.raw_scans import write_room
from twist.__main__ import main
from twist.errors import TwistError
from twist.runs import dataset_settings
from twist.splits import labelled_scenes, scene_lists

CONFIG = Path(__file__).resolve().parents[1] / "config"
LISTS = CONFIG / "splits" / "s3dis"

#: Rooms of each type and area in Stanford3dDataset_v1.2; each type counts from 1.
S3DIS_ROOMS = {
    "Area_1": {"conferenceRoom": 2, "copyRoom": 1, "hallway": 8, "office": 31, "pantry": 1, "WC": 1},
    "Area_2": {"auditorium": 2, "conferenceRoom": 1, "hallway": 12, "office": 14, "storage": 9, "WC": 2},
    "Area_3": {"conferenceRoom": 1, "hallway": 6, "lounge": 2, "office": 10, "storage": 2, "WC": 2},
    "Area_4": {"conferenceRoom": 3, "hallway": 14, "lobby": 2, "office": 22, "storage": 4, "WC": 4},
    "Area_5": {
        "conferenceRoom": 3, "hallway": 15, "lobby": 1, "office": 42, "pantry": 1, "storage": 4, "WC": 2,
    },
    "Area_6": {
        "conferenceRoom": 1, "copyRoom": 1, "hallway": 6, "lounge": 1, "office": 37, "openspace": 1,
        "pantry": 1,
    },
}  # fmt: skip


def rooms_of(area: str) -> list[str]:
    counts = S3DIS_ROOMS[area].items()
    return [f"{area}_{kind}_{k}" for kind, count in counts for k in range(1, count + 1)]


def listed(name: str) -> list[str]:
    return (LISTS / f"{name}.txt").read_text().split()


def test_the_lists_hold_every_room_of_the_release() -> None:
    train = [room for area in S3DIS_ROOMS if area != "Area_5" for room in rooms_of(area)]
    assert (listed("train"), listed("val")) == (train, rooms_of("Area_5"))
    assert (len(train), len(rooms_of("Area_5"))) == (204, 68)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(("ratio", "count"), [("1", 2), ("5", 10), ("10", 20), ("20", 41)])
def test_the_shipped_draws_are_those_of_the_command(
    ratio: str, count: int, seed: int, tmp_path: Path
) -> None:
    out = tmp_path / "draw.txt"
    words = ["--train", str(LISTS / "train.txt"), "--ratio", ratio, "--seed", str(seed), "--out", str(out)]
    assert main(["draw-rooms", *words]) == 0
    rooms = listed(f"{ratio}pct-seed{seed}")
    assert out.read_text().split() == rooms
    assert len(set(rooms)) == count
    assert set(rooms) <= set(listed("train"))


def test_the_shipped_draws_differ_and_hold_the_types_in_proportion() -> None:
    draws = {tuple(listed(f"20pct-seed{seed}")) for seed in range(5)}
    assert len(draws) == 5
    for draw in draws:
        kinds = Counter(room.split("_")[2] for room in draw)
        assert kinds["office"] in (22, 23, 24)  # 114 of 204 are offices: 22.9
        assert kinds["hallway"] in (9, 10)  # 46: 9.2


@pytest.fixture
def release(tmp_path: Path) -> Path:
    """Every room of S3DIS, each of one point."""
    for area in S3DIS_ROOMS:
        for room in rooms_of(area):
            write_room(tmp_path, area, room.removeprefix(f"{area}_"), floor_1="0 0 0 0 0 0\n")
    return tmp_path


def test_s3dis_runs_use_the_shipped_lists(release: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(CONFIG.parent)
    settings = dataset_settings("s3dis", CONFIG, {})
    lists = scene_lists(settings, release)
    assert (list(lists.train), list(lists.val)) == (listed("train"), listed("val"))
    assert list(labelled_scenes(settings, release, "5", 3, lists.train, {})) == listed("5pct-seed3")
    with pytest.raises(TwistError, match=r"5pct-seed9\.txt is missing: .*data\.label_lists"):
        labelled_scenes(settings, release, "5", 9, lists.train, {})


def test_a_partial_download_names_the_missing_rooms(release: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(CONFIG.parent)
    settings = dataset_settings("s3dis", CONFIG, {})
    shutil.rmtree(release / "Area_5" / "WC_1")
    shutil.rmtree(release / "Area_3")
    said = r"24 of the 272 listed rooms are missing, Area_3_WC_1, Area_3_WC_2, .* and 19 more; download"
    with pytest.raises(TwistError, match=said):
        scene_lists(settings, release)
