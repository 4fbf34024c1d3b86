"""The verb `experiment`: from scores on disk to the page and the CSV."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from tests.scoring.records import score
from twist.__main__ import main

EXPERIMENT = """
title: A gain
about: |
  What is compared.
rows:
  - {label: control, run: own_5pct-control, seeds: [0, 1]}
  - {label: TWIST, run: own_5pct, seeds: 3, rounds: all, against: control, paper: {AP50: 44.1}}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "gain.yaml").write_text(EXPERIMENT)
    scores = {
        "own_5pct-control": (18.0, 20.0), "own_5pct-control-seed1": (22.0, 30.0),
        "own_5pct": (20.0, 21.0), "own_5pct-seed1": (24.0, 33.0), "own_5pct-seed2": (28.0, 27.0),
    }  # fmt: skip
    for run, figures in scores.items():
        records = [score(rounds=stage, AP50=figure) for stage, figure in enumerate(figures, start=1)]
        (tmp_path / "results" / run).mkdir(parents=True)
        (tmp_path / "results" / run / "rounds.json").write_text(json.dumps(records))
    return tmp_path


def words(folder: Path) -> list[str]:
    files = {"experiment": "gain.yaml", "results": "results", "out": "x.md", "csv": "x.csv"}
    return ["experiment", *(word for key, name in files.items() for word in (f"--{key}", str(folder / name)))]


def test_the_page_holds_table_commands_and_provenance(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words(folder)) == 0
    page = (folder / "x.md").read_text()
    assert capsys.readouterr().out == page
    assert page.startswith("# A gain\n\nWhat is compared.\n\n| row ")
    table = [
        [cell.strip() for cell in line.split("|")[1:-1]] for line in page.splitlines() if line[:1] == "|"
    ]
    assert table[0] == ["row", "round", "seeds", "AP50", "AP25", "against", "gain AP50", "paper AP50"]
    # round 1 of TWIST against the control's last round, on the two common seeds; no figure, no column
    assert table[2:] == [
        ["control", "2", "2", "25.0 ± 7.1", "50.0 ± 0.0", "", "", ""],
        ["TWIST", "1", "3", "24.0 ± 4.0", "50.0 ± 0.0", "control", "-3.0 ± 3.0 (2 seeds)", "44.1"],
        ["TWIST", "2", "3", "27.0 ± 6.0", "50.0 ± 0.0", "control", "+2.0 ± 1.0 (2 seeds)", "44.1"],
    ]
    assert "- all: `snakemake --cores 2 results/experiments/gain.md`" in page
    assert (
        "- control: `snakemake --cores 2 results/own_5pct-control/eval.json "
        "results/own_5pct-control-seed1/eval.json`"
    ) in page
    assert page.endswith("Made with twist 1, commit abc.\n")


def test_the_csv_holds_each_run_and_round(folder: Path) -> None:
    assert main(words(folder)) == 0
    rows = list(csv.DictReader((folder / "x.csv").open()))
    assert [(row["run"], row["round"], row["AP50"]) for row in rows] == [
        ("own_5pct-control", "2", "20.0"), ("own_5pct-control-seed1", "2", "30.0"),
        ("own_5pct", "1", "20.0"), ("own_5pct", "2", "21.0"),
        ("own_5pct-seed1", "1", "24.0"), ("own_5pct-seed1", "2", "33.0"),
        ("own_5pct-seed2", "1", "28.0"), ("own_5pct-seed2", "2", "27.0"),
    ]  # fmt: skip
    assert {(row["mAP"], row["revision"]) for row in rows} == {("", "abc")}


def test_missing_results_leave_no_page(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "results/own_5pct-seed2/rounds.json").unlink()
    assert main(words(folder)) == 1
    assert "own_5pct-seed2/rounds.json does not exist" in capsys.readouterr().err
    assert not (folder / "x.md").exists()


@pytest.mark.parametrize("content", ["{", "[]", "[3]", '[{"rounds": 1}]'])
def test_foreign_results_are_named(content: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "results/own_5pct-seed2/rounds.json").write_text(content)
    assert main(words(folder)) == 1
    error = capsys.readouterr().err
    assert "own_5pct-seed2/rounds.json" in error
    assert error.count("\n") == 1
