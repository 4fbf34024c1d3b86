"""Types of command-line arguments."""

from __future__ import annotations

import argparse

import pytest

from twist.checking import shard


def test_shards_divide_a_list_without_gap_or_overlap() -> None:
    names = list("abcdefgh")
    assert [names[shard(f"{k}/3")] for k in range(3)] == [["a", "d", "g"], ["b", "e", "h"], ["c", "f"]]
    assert names[shard("0/1")] == names


@pytest.mark.parametrize("text", ["3/3", "0/0", "1", "-1/2", "a/b", "1/2/3", "/", "½/2", ""])
def test_what_is_no_shard_is_refused(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="is not K/N with K from 0 to N - 1"):
        shard(text)
