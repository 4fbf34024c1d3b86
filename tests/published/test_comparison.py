"""The verb `compare`: our figures beside the paper's, as page, CSV and plot."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure

from tests.scoring.records import score
from twist.__main__ import main
from twist.classes import SCANNET
from twist.experiments.scores import table_lines
from twist.published.plots import plot_comparison
from twist.published.tables import TABLES, paper_table
from twist.settings import Settings
from twist.showing.curves import Curve, plot_curves

TWO_ROUNDS = Settings.from_layers({"test": {"selftraining": {"rounds": 2}}})
CLASSES = {SCANNET.names[thing]: {"AP50": 10.0 + thing} for thing in SCANNET.things}


def write_run(results: Path, name: str, by_round: dict[int, float]) -> None:
    """A run whose AP50 after each round is given; mAP is ten less, AP25 ten more."""
    records = [
        score(rounds=stage, mAP=ap50 - 10, AP50=ap50, AP25=ap50 + 10, classes=CLASSES)
        for stage, ap50 in by_round.items()
    ]
    (results / name).mkdir(parents=True)
    (results / name / "rounds.json").write_text(json.dumps(records))


@pytest.fixture
def results(tmp_path: Path) -> Path:
    folder = tmp_path / "results"
    write_run(folder, "rooms_5pct-suponly", {0: 20.0})
    write_run(folder, "rooms_5pct", {1: 30.0, 2: 40.0})
    write_run(folder, "rooms_5pct-seed1", {1: 34.0, 2: 44.0})
    write_run(folder, "rooms_5pct-tau0.1", {1: 30.0, 2: 39.0})
    write_run(folder, "rooms_5pct-tau0.1-seed1", {1: 30.0, 2: 45.0})
    write_run(folder, "rooms_10pct", {1: 50.0, 2: 54.0})
    return folder


def compared(table: str, results: Path) -> tuple[str, list[dict[str, str]]]:
    """Page and CSV of a table of `rooms`; the plot's files are there."""
    out = results.parent / "out"
    words = ["compare", "--dataset", "rooms", "--table", table, "--results", str(results)]
    words += ["--out", f"{out}.md", "--csv", f"{out}.csv", "--plot", str(out)]
    assert main(words) == 0
    assert out.with_suffix(".png").stat().st_size > 5000
    assert out.with_suffix(".svg").exists()
    return out.with_suffix(".md").read_text(), list(csv.DictReader(out.with_suffix(".csv").open()))


def cells(page: str) -> Iterable[list[str]]:
    rows = (line for line in page.splitlines() if line.startswith("|"))
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]


def plotted(table: str, results: Path) -> Figure:
    made = paper_table(table, "rooms", TWO_ROUNDS, results)
    experiment = made.experiment(results)
    return plot_comparison(made, table_lines(experiment, made.scores(experiment, results), made.figures))


def curves(figure: Figure, panel: int) -> dict[str, list[float]]:
    """y of each named line of a panel; error bars put their name on a container."""
    axis = figure.axes[panel]
    found = {line.get_label(): list(line.get_ydata()) for line in axis.get_lines()}
    found |= {bars.get_label(): list(bars.lines[0].get_ydata()) for bars in axis.containers}
    return {name: values for name, values in found.items() if not name.startswith("_")}


def test_table_9_stands_beside_the_papers(results: Path) -> None:
    page, rows = compared("table9", results)
    assert page.startswith("# Table 9 of the paper and rooms: the certainty threshold, 5 % labelled\n")
    assert "not of the same scenes" in page
    lines = {row[0]: row[1:] for row in cells(page)}
    assert lines["row"][:6] == ["round", "seeds", "mAP", "paper mAP", "Δ mAP", "AP50"]
    assert lines["τ = 0.5"][5:8] == ["42.0 ± 2.8", "44.1", "-2.1"]
    assert lines["τ = 0.3"] == ["", "", "", "26.8", "", "", "44.0", "", "", "56.4", ""]
    assert "- τ = 0.3: `snakemake --cores 2 results/rooms_5pct-tau0.3/eval.json`" in page
    assert "- τ = 0.1:" not in page
    ours = {(row["row"], row["figure"]): row for row in rows}
    one = ours["τ = 0.1", "AP50"]
    assert (one["ours"], one["paper"], one["difference"]) == ("42.0", "43.0", "-1.0")
    assert (one["seeds"], one["round"], one["revision"]) == ("0 1", "2", "abc")
    assert one["command"].endswith(
        "results/rooms_5pct-tau0.1/eval.json results/rooms_5pct-tau0.1-seed1/eval.json"
    )
    empty = ours["τ = 0.3", "AP50"]
    assert [empty[key] for key in ("ours", "std", "difference", "seeds", "command")] == [""] * 5
    assert len(rows) == 3 * 7


def test_table_12_shows_each_class(results: Path) -> None:
    page, rows = compared("table12", results)
    table = list(cells(page.split("## 5 % labelled")[1].split("## ")[0]))
    at = {name: k for k, name in enumerate(table[0])}
    chair = next(row for row in table if row[0] == "chair")
    assert chair[at["TWIST"]] == "14.0 / 79.1 (-65.1)"
    assert chair[at["Sup-only"]] == "14.0 / 68.5 (-54.5)"
    assert chair[at["TWIST + CSC"]] == "/ 77.0"
    assert chair[at["TWIST plus"]] == ""
    assert {row["figure"] for row in rows} == {"AP50", *CLASSES}


def test_rounds_show_what_has_been_run_alone(results: Path) -> None:
    page, _ = compared("rounds", results)
    assert [row[:3] for row in cells(page)][2:] == [
        ["5 %: Sup-only", "0", "1"], ["5 %: TWIST", "1", "2"], ["5 %: TWIST", "2", "2"],
        ["10 %: TWIST", "1", "1"], ["10 %: TWIST", "2", "1"],
    ]  # fmt: skip
    assert "Not run" not in page


@pytest.mark.parametrize("table", TABLES)
def test_nothing_run_is_nothing_invented(table: str, tmp_path: Path) -> None:
    page, rows = compared(table, tmp_path / "results")
    assert "](out.png)" in page
    assert not any(row["ours"] or row["difference"] for row in rows)
    assert ("Not run yet" in page) == (table != "rounds")
    assert "Made with" not in page


def test_settings_are_plotted_as_changes(results: Path) -> None:
    lines = curves(plotted("table9", results), panel=1)
    published, ours = (
        lines["the paper's, on ScanNet"],
        lines["ours: mean ± standard error of the pairs of seeds"],
    )
    np.testing.assert_allclose(ours, [0.0, np.nan, 0.0, np.nan, np.nan], atol=1e-9)
    # the last of the lines is that of the falling sequence, a point of its own
    np.testing.assert_allclose(published, [44.0 - 44.1], atol=1e-9)


def test_label_ratios_are_plotted_beside_the_papers(results: Path) -> None:
    lines = curves(plotted("table11", results), panel=1)
    np.testing.assert_array_equal(lines["TWIST"], [np.nan, 42.0, 54.0, np.nan])
    np.testing.assert_array_equal(lines["TWIST, the paper's"], [17.1, 44.1, 49.7, 52.9])
    assert "TWIST plus" not in lines


def test_rounds_begin_at_the_start_they_share(results: Path) -> None:
    figure = plotted("rounds", results)
    assert [axis.get_title() for axis in figure.axes][::3] == ["mAP, 5 % labelled", "mAP, 10 % labelled"]
    np.testing.assert_array_equal(curves(figure, 1)["TWIST"], [20.0, 32.0, 42.0])
    np.testing.assert_array_equal(curves(figure, 4)["TWIST"], [50.0, 54.0])


def test_classes_are_plotted_with_the_papers_tick(results: Path) -> None:
    figure = plotted("table12", results)
    assert [axis.get_title() for axis in figure.axes] == ["5 % labelled", "10 % labelled"]
    names = [text.get_text() for text in figure.axes[0].get_yticklabels()]
    assert names == ["mean", *CLASSES]
    bars = {container.get_label(): container for container in figure.axes[0].containers}
    assert bars["TWIST"][names.index("chair")].get_width() == 14.0
    ticks = [line for line in figure.axes[0].get_lines() if line.get_label() == "the paper's, same method"]
    assert [line.get_xdata()[names.index("chair")] for line in ticks] == [68.5, 79.1]


def test_where_nothing_has_been_run_the_papers_ticks_tell_the_methods(tmp_path: Path) -> None:
    axis = plotted("table12", tmp_path / "none").axes[0]
    looks = {line.get_label(): line.get_color() for line in axis.get_lines()}
    assert {name for name in looks if not name.startswith("_")} >= {
        "Sup-only, the paper's", "TWIST, the paper's", "TWIST + CSC, the paper's"
    }  # fmt: skip
    assert len(set(looks.values())) == len(looks)


def test_equal_figures_leave_an_axis_of_percent() -> None:
    curve = Curve("a", [0, 1], [0.0, 0.0], [math.nan] * 2, "black")
    options = {"columns": 1, "x_label": "x", "y_label": "y", "ticks": {0.0: "0", 1.0: "1"}}
    assert plot_curves({"t": [curve]}, **options).axes[0].get_ylim() == (0, 1)
    low, high = plot_curves({"t": [curve]}, zero_line=True, **options).axes[0].get_ylim()
    assert low < 0 < high


def test_a_dataset_must_be_named(results: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["compare", "--table", "table9", "--out", "a", "--csv", "b", "--plot", "c"]
    assert main(words) == 1
    assert (
        capsys.readouterr().err == "twist compare: give --dataset, whose runs are compared with the paper's\n"
    )
