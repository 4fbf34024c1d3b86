"""The class tables are the benchmarks'; names and ids here are from their publications."""

from __future__ import annotations

import numpy as np
import pytest

from twist.classes import CLASS_TABLES, S3DIS, SCANNET, ClassTable

SCANNET_NYU40 = {
    "wall": 1, "floor": 2, "cabinet": 3, "bed": 4, "chair": 5, "sofa": 6, "table": 7, "door": 8, "window": 9,
    "bookshelf": 10, "picture": 11, "counter": 12, "desk": 14, "curtain": 16, "refrigerator": 24,
    "shower curtain": 28, "toilet": 33, "sink": 34, "bathtub": 36, "otherfurniture": 39,
}  # fmt: skip


def test_scannet_classes_have_their_nyu40_ids_in_ascending_order() -> None:
    assert dict(zip(SCANNET.names, SCANNET.label_ids, strict=True)) == SCANNET_NYU40
    assert list(SCANNET.names) == list(SCANNET_NYU40)


def test_scannet_scores_18_classes_all_but_wall_and_floor() -> None:
    assert [SCANNET.names[k] for k in SCANNET.things] == list(SCANNET_NYU40)[2:]
    assert SCANNET.is_thing.tolist() == [False, False] + [True] * 18


def test_s3dis_scores_all_13_classes() -> None:
    assert len(S3DIS) == len(S3DIS.names) == len(S3DIS.label_ids) == 13
    assert S3DIS.is_thing.all()
    assert S3DIS.names[0] == "ceiling"
    assert S3DIS.names[-1] == "clutter"


@pytest.mark.parametrize("table", CLASS_TABLES.values(), ids=lambda table: table.name)
def test_published_ids_map_back_to_their_class(table: ClassTable) -> None:
    assert table.index_of_label(np.array(table.label_ids)).tolist() == list(range(len(table)))


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.uint16, np.int64, np.uint64])
def test_ids_of_any_integer_dtype_and_shape(dtype: type) -> None:
    ids = np.array([[5, 39, 13], [0, 40, 200]], dtype)
    index = SCANNET.index_of_label(ids)
    assert index.tolist() == [[4, 19, -1], [-1, -1, -1]]
    assert index.dtype == np.int32


def test_ids_outside_the_table_are_no_class() -> None:
    ids = np.array([-1, -(2**40), 2**40, 0, 13, 40])
    assert SCANNET.index_of_label(ids).tolist() == [-1] * 6


def test_no_ids() -> None:
    assert SCANNET.index_of_label(np.zeros(0, int)).tolist() == []


@pytest.mark.parametrize("table", [SCANNET, S3DIS])
def test_things_of_class_indices(table: ClassTable) -> None:
    """S3DIS' last class is a thing: -1 must not be taken for it."""
    classes = np.arange(-1, len(table)).reshape(-1, 1)
    expected = [False] + [name not in table.stuff for name in table.names]
    assert table.are_things(classes).ravel().tolist() == expected
    with pytest.raises(IndexError):
        table.are_things(np.array([len(table)]))


def test_tables_by_name() -> None:
    assert {name: table.name for name, table in CLASS_TABLES.items()} == {
        "scannet": "scannet",
        "s3dis": "s3dis",
    }
