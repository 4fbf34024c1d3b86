from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tests.references.viewer_reference import unpacked
from twist.showing.viewer.packing import pack, spatial_order

INTEGERS = st.lists(st.integers(-(2**29), 2**29 - 1), max_size=40)


@given(st.dictionaries(st.text(max_size=5), INTEGERS, max_size=4))
def test_what_is_packed_is_read_back(arrays: dict[str, list[int]]) -> None:
    facts = {"name": "Ψ <b>", "step": 0.25}
    text = pack(facts, {name: np.array(values, np.int64) for name, values in arrays.items()})
    assert unpacked(text) == (facts, arrays)
    assert text.isascii()
    assert "<" not in text


def test_small_types_do_not_overflow() -> None:
    values = np.array([0, 255, 0, 255], np.uint8)
    assert unpacked(pack({}, {"a": values}))[1]["a"] == [0, 255, 0, 255]


def test_neighbours_in_order_are_neighbours_in_space() -> None:
    xyz = np.random.default_rng(0).uniform(0, 5, (4000, 3))
    order = spatial_order(xyz)
    assert sorted(order) == list(range(len(xyz)))
    step = np.linalg.norm(np.diff(xyz[order], axis=0), axis=1)
    assert np.median(step) < 0.2 * np.median(np.linalg.norm(np.diff(xyz, axis=0), axis=1))


def test_order_of_degenerate_scans() -> None:
    assert spatial_order(np.zeros((0, 3))).tolist() == []
    assert spatial_order(np.full((3, 3), 7.5)).tolist() == [0, 1, 2]
