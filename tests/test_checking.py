"""Types of command-line arguments, and YAML that says each thing once."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from twist.checking import read_yaml, shard
from twist.errors import TwistError


def test_shards_divide_a_list_without_gap_or_overlap() -> None:
    names = list("abcdefgh")
    assert [names[shard(f"{k}/3")] for k in range(3)] == [["a", "d", "g"], ["b", "e", "h"], ["c", "f"]]
    assert names[shard("0/1")] == names


@pytest.mark.parametrize("text", ["3/3", "0/0", "1", "-1/2", "a/b", "1/2/3", "/", "½/2", ""])
def test_what_is_no_shard_is_refused(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="is not K/N with K from 0 to N - 1"):
        shard(text)


@pytest.mark.parametrize(
    ("text", "place", "key"),
    [
        ("data: {raw: a}\ntraining: {iterations: 5}\ndata: {raw: b}\n", "3:1", "data"),
        ("training: {iterations: 5, passes: 0, iterations: 7}\n", "1:38", "iterations"),
        ("'5': {a: 1}\n5: {a: 1}\n", "2:1", "5"),
    ],
)
def test_a_key_that_stands_twice_is_refused(text: str, place: str, key: str, tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(text)
    with pytest.raises(TwistError, match=rf"a\.yaml:{place}: not valid YAML \('{key}' stands twice\)"):
        read_yaml(tmp_path / "a.yaml")


def test_the_same_key_in_several_places_is_read(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("a: &shared {k: 1}\nb: {k: 2}\nc: {<<: *shared, l: [{k: 3}, {k: 4}]}\n")
    assert read_yaml(tmp_path / "a.yaml")["c"] == {"k": 1, "l": [{"k": 3}, {"k": 4}]}
    (tmp_path / "a.yaml").write_text("y: &y {k: 2}\np: {q: {x: &x {<<: *y, k: 1}}}\nb: {<<: *x}\n")
    assert read_yaml(tmp_path / "a.yaml")["b"] == {"k": 1}


@pytest.mark.parametrize("text", ["x: !!map foo", "x: !!map [1]", "? [a]\n: 1\nb: 2\n"])
def test_what_is_no_mapping_is_one_line(text: str, tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(text)
    with pytest.raises(TwistError, match=r"a\.yaml:\d+:\d+: not valid YAML \((expected|found)"):
        read_yaml(tmp_path / "a.yaml")
