"""Tables: what stands in the cells, as Markdown and as CSV."""

from __future__ import annotations

import csv
import io

from tests.scoring.records import score
from twist.showing.tables import as_csv, as_markdown, plus_minus, result_rows

RECORD = score(rounds=2, mAP=12.345, AP25=None)


def test_markdown_is_aligned_and_rounded() -> None:
    assert as_markdown(result_rows([RECORD])).splitlines() == [
        "| method | round | seed | mAP  | AP50 | AP25 |",
        "| ------ | ----- | ---- | ---- | ---- | ---- |",
        "| TWIST  | 2     | 0    | 12.3 | 20.0 |      |",
    ]


def test_a_bar_does_not_split_a_cell() -> None:
    assert as_markdown([{"row": "a|b"}], ["row"]).splitlines()[2] == r"| a\|b |"


def test_csv_keeps_every_digit_and_quotes_what_needs_it() -> None:
    text = as_csv(
        [{"row": 'a, "b"', "mAP": 12.345678901, "AP50": None, "left": "out"}], ["row", "mAP", "AP50"]
    )
    assert text.splitlines() == ["row,mAP,AP50", '"a, ""b""",12.345678901,']
    assert next(csv.DictReader(io.StringIO(text)))["row"] == 'a, "b"'


def test_plus_minus() -> None:
    assert plus_minus(31.44, 2.04) == "31.4 ± 2.0"
    assert plus_minus(31.44, None) == "31.4"
    assert plus_minus(3.0, 0.25, signed=True) == "+3.0 ± 0.2"
    assert plus_minus(-0.5, None, signed=True) == "-0.5"
