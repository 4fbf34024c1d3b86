from __future__ import annotations

from collections import Counter

import pytest

from twist.classes import S3DIS
from twist.errors import TwistError
from twist.formats.scannet_labels import read_label_map
from twist.rooms.furniture import KINDS
from twist.rooms.grammar import EXTENT_M, SCENE_TYPE
from twist.rooms.labels import NYU40, RAW, label_table, nyu40_id, s3dis_class, scannet_class
from twist.rooms.plan import S3DIS_TYPES, TYPES, plan_areas, plan_benchmark


def test_a_plan_is_the_same_again_and_begins_the_longer_one():
    assert plan_benchmark(20, 5, 3) == plan_benchmark(20, 5, 3)
    assert plan_benchmark(40, 5, 3)[:18] == plan_benchmark(20, 5, 3)[:18]
    assert plan_benchmark(20, 5, 3) != plan_benchmark(20, 5, 4)


def test_sizes_names_and_splits():
    plans = plan_benchmark(120, 30, 0)
    assert Counter(plan.split for plan in plans) == {"train": 120, "val": 30}
    assert len({plan.name for plan in plans}) == 150
    rooms = {split: {p.name[:9] for p in plans if p.split == split} for split in ("train", "val")}
    assert not rooms["train"] & rooms["val"]  # re-scans stay in their split
    scans = Counter(plan.name[:9] for plan in plans if plan.split == "train")
    assert set(scans.values()) == {1, 2, 3}
    for plan in plans:
        assert plan.name.endswith(f"_{plan.scan:02d}")


def test_seeds_of_stages_rooms_and_scans_all_differ():
    plans = plan_benchmark(30, 10, 0)
    seeds = [tuple(plan.scan_seed(stage)) for plan in plans for stage in range(5)]
    assert len(set(seeds)) == len(seeds)
    again = next(p for p in plans if p.scan == 1)
    first = plans[plans.index(again) - 1]
    assert first.room_seed(1) == again.room_seed(1)


@pytest.mark.parametrize("seed", range(6))
def test_thirty_validation_rooms_hold_several_bathrooms_and_kitchens(seed):
    types = Counter(plan.room_type for plan in plan_benchmark(0, 30, seed))
    assert types["bathroom"] >= 5
    assert types["kitchen"] >= 3
    for name, share in TYPES.items():
        assert abs(types[name] - 30 * share) < 2.5


def test_room_types_are_known_everywhere():
    assert set(TYPES) == set(EXTENT_M) == set(SCENE_TYPE)
    assert set(S3DIS_TYPES) <= set(TYPES)
    assert sum(TYPES.values()) == pytest.approx(1)


def test_s3dis_rooms_fill_six_areas():
    plans = plan_areas(28, 0)
    assert Counter(plan.name[:6] for plan in plans) == {f"Area_{k}": 4 for k in (1, 2, 3, 4, 6)} | {
        "Area_5": 8
    }
    assert len({plan.scene_name for plan in plans}) == 28
    assert all(plan.scene_name == plan.name.replace("/", "_") for plan in plans)


@pytest.mark.parametrize(("train", "val"), [(0, 0), (-1, 3), (3, -1)])
def test_empty_benchmarks_are_refused(train, val):
    with pytest.raises(TwistError, match="number of scenes"):
        plan_benchmark(train, val, 0)


def test_too_few_s3dis_rooms_are_refused():
    with pytest.raises(TwistError, match="six areas"):
        plan_areas(5, 0)


def test_every_raw_name_of_the_catalogue_has_one_class(tmp_path):
    names = [raw for raws in RAW.values() for raw in raws]
    assert len(names) == len(set(names))
    assert set(RAW) <= set(NYU40)
    assert len(NYU40) == 40
    (tmp_path / "labels.tsv").write_text(label_table())
    label_map = read_label_map(tmp_path / "labels.tsv")
    for kind in KINDS.values():
        for raw in kind.raw:
            assert label_map[raw] == nyu40_id(raw)


def test_published_label_ids():
    assert nyu40_id("couch") == 6
    assert nyu40_id("shower curtain") == 28
    assert nyu40_id("bathtub") == 36
    assert nyu40_id("trash can") == 39
    assert scannet_class("ceiling") == -1
    assert scannet_class("office chair") == 4
    assert scannet_class("tub") == 18


def test_s3dis_classes():
    of = {"desk": "table", "bookcase": "bookcase", "whiteboard": "board", "beam": "beam", "bed": "clutter"}
    assert {raw: s3dis_class(raw) for raw in of} == of
    assert s3dis_class("clutter") == s3dis_class(None) == "clutter"
    assert {s3dis_class(raw) for raws in RAW.values() for raw in raws} == set(S3DIS.names)
