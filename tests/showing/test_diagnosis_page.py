"""The verb that joins the rounds' diagnoses: page, table and plots."""

from __future__ import annotations

import math
from pathlib import Path

import pandas as pd
import pytest

from tests.showing.diagnoses import calibration_of, quality_of
from twist.__main__ import main
from twist.showing.diagnosis import as_page, summary


def test_the_verb_writes_page_table_and_plots(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["diagnosis", "--run", "tiny_50pct", "--out-dir", str(tmp_path), "--losses", "plots/losses.png"]
    for option, frames in {
        "quality": [quality_of((stage,)) for stage in (1, 2)],
        "calibration": [calibration_of((stage,)) for stage in (1, 2)],
    }.items():
        words.append(f"--{option}")
        for number, frame in enumerate(frames):
            words.append(str(tmp_path / f"{option}{number}.csv"))
            frame.to_csv(words[-1], index=False)
    assert main(words) == 0
    page = (tmp_path / "diagnosis.md").read_text()
    assert page.startswith("# Pseudo-labels of tiny_50pct\n")
    assert capsys.readouterr().out.strip() == page.strip()
    assert "](plots/losses.png)" in page
    for name in ("rounds", "classes", "reliability"):
        assert f"](plots/{name}.png)" in page
        assert {path.suffix for path in tmp_path.glob(f"plots/{name}.*")} == {".png", ".svg"}
    table = pd.read_csv(tmp_path / "diagnosis.csv")
    assert table["round"].tolist() == [1, 2]
    assert table["certainty_ece"].isna().tolist() == [True, False]


def test_a_summary_holds_the_rounds_figures() -> None:
    quality, calibration = quality_of((1, 2)), calibration_of((1, 2))
    first, second = summary(quality, calibration)
    things = quality[(quality["round"] == 2) & (quality["class"] == "all things")].iloc[0]
    stuff = quality[(quality["round"] == 2) & (quality["class"] == "all stuff")].iloc[0]
    assert (second["round"], second["things_recall"]) == (2, things["recall"])
    classes = quality[(quality["round"] == 2) & (quality["kind"] == "thing")]
    assert second["thing_classes_precision"] == pytest.approx(classes["precision"].mean())
    of_all = quality[(quality["round"] == 2) & (quality["class"] == "all")].iloc[0]
    assert second["points_coverage"] == of_all["coverage"]
    assert (second["stuff_coverage"], second["offset_error_m"]) == (
        stuff["coverage"],
        things["offset_error_m"],
    )
    assert second["instance_precision"] == things["instance_precision"]
    assert second["certainty_ece"] == pytest.approx(
        (20 * abs(0.45 - 0.25) + 20 * abs(0.65 - 0.5)) / 40, abs=0.03
    )
    assert second["stuff_probability_ece"] == pytest.approx(0.16)
    assert math.isnan(first["certainty_ece"])
    assert math.isnan(first["instance_recall"])


def test_the_page_lines_rounds_and_classes_up() -> None:
    quality, calibration = quality_of((1, 2)), calibration_of((1, 2))
    lines = as_page("r", summary(quality, calibration), quality, {}).splitlines()
    tables = [line.split("|")[1:-1] for line in lines if line.startswith("|")]
    rounds, classes = tables[:4], tables[4:]
    assert [row[0].strip() for row in rounds] == ["round", "-----", "1", "2"]
    at = [cell.strip() for cell in rounds[0]].index("instances P / R")
    assert rounds[2][at].strip() == ""  # round 1 makes no instances
    precision, recall = (float(cell) for cell in rounds[3][at].split("/"))
    things = quality[(quality["round"] == 2) & (quality["class"] == "all things")].iloc[0]
    assert precision == pytest.approx(things["instance_precision"], abs=0.005)
    assert recall == pytest.approx(things["instance_recall"], abs=0.005)
    assert [cell.strip() for cell in classes[0]] == ["class", "points", "round 1", "round 2"]
    (chair,) = [row for row in classes if row[0].strip() == "chair"]
    assert ("·" in chair[2], "·" in chair[3]) == (False, True)
