"""Pseudo-labels over seeds: means and paired changes against hand-computed ones, and the verb for them."""

from __future__ import annotations

import csv
import math
from pathlib import Path

import pandas as pd
import pytest

from tests.showing.diagnoses import calibration_of, quality_of
from twist.__main__ import main
from twist.errors import TwistError
from twist.experiments.labels import FIGURES, label_lines, read_labels
from twist.experiments.rows import Experiment
from twist.showing.diagnosis import summary

EXPERIMENT = """
title: A gain
rows:
  - {label: control, run: own_5pct-control, seeds: 2}
  - {label: TWIST, run: own_5pct, seeds: 2, against: control}
"""
#: Precision and recall of points, and precision of instances, by run and round.
ROUNDS = {
    "own_5pct": [(0.5, 0.4, math.nan), (0.6, 0.4, 0.3), (0.7, 0.5, 0.5)],
    "own_5pct-seed1": [(0.9, 0.6, math.nan), (0.8, 0.6, 0.4), (0.9, 0.8, 0.4)],
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "gain.yaml").write_text(EXPERIMENT)
    for run, rounds in ROUNDS.items():
        rows = [
            dict.fromkeys(FIGURES.values(), 0.25)
            | {"round": number, "points_precision": p, "points_recall": r, "instance_precision": of_instances}
            for number, (p, r, of_instances) in enumerate(rounds, start=1)
        ]
        (tmp_path / "results" / run).mkdir(parents=True)
        pd.DataFrame(rows).to_csv(tmp_path / "results" / run / "diagnosis.csv", index=False)
    return tmp_path


def words(folder: Path) -> list[str]:
    files = {"experiment": "gain.yaml", "results": "results", "out": "x.md", "csv": "x.csv"}
    options = [word for key, name in files.items() for word in (f"--{key}", str(folder / name))]
    return ["experiment-labels", *options]


def test_means_spreads_and_paired_changes(folder: Path) -> None:
    experiment = Experiment.load(folder / "gain.yaml")
    lines = label_lines(experiment, read_labels(experiment, folder / "results"))
    assert [(line.row.label, line.round, line.seeds) for line in lines] == [
        ("TWIST", 1, 2), ("TWIST", 2, 2), ("TWIST", 3, 2),
    ]  # fmt: skip
    first, last = lines[0], lines[2]
    assert first.figures["points P"].mean == pytest.approx(70)
    assert first.figures["points P"].spread == pytest.approx(40 / math.sqrt(2))
    assert first.figures["instances P"] is first.changes["instances P"] is None
    assert first.changes["points P"] is lines[1].changes["instances P"] is None  # nothing before them
    # precision +20 and 0, recall +10 and +20; of instances since round 2: +20 and 0
    assert last.changes["points P"].mean == pytest.approx(10)
    assert last.changes["points P"].spread == pytest.approx(10)
    assert (last.changes["points R"].mean, last.changes["points R"].spread) == pytest.approx((15, 5))
    assert last.changes["instances P"].mean == pytest.approx(10)


def test_the_page_holds_both_tables_and_the_commands(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words(folder)) == 0
    page = (folder / "x.md").read_text()
    assert capsys.readouterr().out == page
    table = [
        [cell.strip() for cell in line.split("|")[1:-1]] for line in page.splitlines() if line[:1] == "|"
    ]
    assert table[0] == table[5] == ["row", "round", "seeds", *FIGURES]
    assert table[2][:4] == ["TWIST", "1", "2", "70.0 ± 28.3"]
    assert table[2][-2] == ""
    assert table[7][:4] == ["TWIST", "1 to 3", "2", "+10.0 ± 10.0"]
    assert "- TWIST: `snakemake --cores 2 results/own_5pct/diagnosis.csv results/own_5pct-seed1/" in page
    rows = list(csv.DictReader((folder / "x.csv").open()))
    assert [(row["run"], row["round"]) for row in rows] == [
        (run, str(number)) for run in ROUNDS for number in (1, 2, 3)
    ]


def test_a_diagnosis_holds_every_figure_that_is_read() -> None:
    (made,) = summary(quality_of((1,)), calibration_of((1,)))
    assert set(FIGURES.values()) <= made.keys()


def test_a_run_without_diagnosis_is_told_its_command(folder: Path) -> None:
    (folder / "results/own_5pct-seed1/diagnosis.csv").unlink()
    experiment = Experiment.load(folder / "gain.yaml")
    with pytest.raises(
        TwistError, match=r"seed1/diagnosis\.csv .*`snakemake .*own_5pct-seed1/diagnosis\.csv`"
    ):
        read_labels(experiment, folder / "results")


@pytest.mark.parametrize(
    "content", ["round\n1\n", "round,points_precision\nx,1\n", "round\n\n1,2\n", "round\n1\0\n"]
)
def test_a_foreign_diagnosis_is_named(content: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "results/own_5pct/diagnosis.csv").write_text(content)
    assert main(words(folder)) == 1
    error = capsys.readouterr().err
    assert "own_5pct/diagnosis.csv is not a diagnosis of this version" in error
    assert error.count("\n") == 1
    assert not (folder / "x.md").exists()


def test_an_experiment_without_pseudo_labels_is_refused(folder: Path) -> None:
    (folder / "gain.yaml").write_text("\n".join(EXPERIMENT.splitlines()[:-1]))
    experiment = Experiment.load(folder / "gain.yaml")
    with pytest.raises(TwistError, match="no row of the experiment gain learns from pseudo-labels"):
        read_labels(experiment, folder / "results")
