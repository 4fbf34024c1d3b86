"""The verb `table`: scores of comparable runs in one table, and what it refuses."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from tests.scoring.records import score
from twist.__main__ import main


def table(folder: Path, *records: Any) -> int:
    paths = [folder / f"{number}.json" for number in range(len(records))]
    for path, record in zip(paths, records, strict=True):
        path.write_text(record if isinstance(record, str) else json.dumps(record))
    words = ["table", "--evaluations", *map(str, paths), "--out", str(folder / "t.md")]
    return main([*words, "--csv", str(folder / "t.csv")])


def test_a_row_each_under_what_they_share(tmp_path: Path) -> None:
    assert table(tmp_path, score(method="suponly", rounds=0), score(AP50=1 / 3)) == 0
    lines = (tmp_path / "t.md").read_text().splitlines()
    assert lines[0] == "own, 5 % of the scenes labelled, 2 scored scenes, percent"
    assert [line.split(" | ")[0].strip("| ") for line in lines[4:]] == ["Sup-only", "TWIST"]
    rows = list(csv.DictReader((tmp_path / "t.csv").open()))
    assert [row["AP50"] for row in rows] == ["20.0", str(1 / 3)]


def test_all_rounds_of_a_run_and_what_its_name_changes(tmp_path: Path) -> None:
    rounds = [score(rounds=number, variant="-tau0.3-seed1") for number in (1, 2)]
    sole = score(method="suponly", rounds=0, variant="-suponly-tau0.3-seed1")
    assert table(tmp_path, sole, json.dumps(rounds)) == 0
    lines = (tmp_path / "t.md").read_text().splitlines()
    assert lines[0] == "own, 5 % of the scenes labelled, 2 scored scenes, percent, -tau0.3"
    assert [line.split(" | ")[1].strip() for line in lines[4:]] == ["0", "1", "2"]
    rows = list(csv.DictReader((tmp_path / "t.csv").open()))
    assert [row["variant"] for row in rows] == ["-suponly-tau0.3-seed1", *["-tau0.3-seed1"] * 2]


def test_a_score_without_a_run(tmp_path: Path) -> None:
    assert table(tmp_path, score(ratio_pct=None, method=None, rounds=None, seed=None)) == 0
    assert (tmp_path / "t.md").read_text().startswith("own, 2 scored scenes, percent\n")


@pytest.mark.parametrize("other", [{"dataset": "rooms"}, {"ratio_pct": 10.0}, {"scenes": 3}])
def test_what_cannot_be_compared_is_refused(
    other: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert table(tmp_path, score(), score(**other)) == 1
    assert (
        f"one data set and one ratio, not of several: {tmp_path / '0.json'}: own" in capsys.readouterr().err
    )
    assert not (tmp_path / "t.md").exists()


@pytest.mark.parametrize("content", ["", "[1]", "null", {"dataset": "own"}, score(AP50="high")])
def test_foreign_json_is_named(content: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert table(tmp_path, score(), content) == 1
    error = capsys.readouterr().err
    assert str(tmp_path / "1.json") in error
    assert error.count("\n") == 1
