"""Experiments: reading their files, and means, spreads and paired gains against hand-computed ones."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.scoring.records import score
from twist.errors import TwistError
from twist.experiments.rows import Experiment, Row
from twist.experiments.scores import read_scores, single_results, table_lines
from twist.runs import Run

CONFIG = Path(__file__).parents[1] / "config"

CONTROL = {"label": "control", "run": "own_5pct-control", "seeds": 3, "rounds": "all"}
TWIST = {"label": "TWIST", "run": "own_5pct", "seeds": 3, "rounds": "all", "against": "control"}


def written(folder: Path, *rows: Any, **content: Any) -> Path:
    path = folder / "mine.yaml"
    path.write_text(yaml.safe_dump({"title": "Mine", "rows": list(rows)} | content))
    return path


def record(stage: int, ap50: float | None) -> dict[str, Any]:
    return score(rounds=stage, scenes=30, mAP=ap50 and ap50 / 2, AP50=ap50, AP25=ap50)


def scored(results: Path, run: str, rounds: dict[int, float | None]) -> None:
    (results / run).mkdir(parents=True)
    (results / run / "rounds.json").write_text(json.dumps([record(*pair) for pair in rounds.items()]))


# --- files ----------------------------------------------------------------------------------------


def test_a_file_is_read(tmp_path: Path) -> None:
    paper = {"mAP": 27, "AP50": 44.1}
    last = {"label": "last", "run": "own_5pct-alpha2", "seeds": [4, 1], "paper": paper}
    found = Experiment.load(written(tmp_path, CONTROL, TWIST, last, about="About.\n"))
    assert (found.name, found.title, found.about) == ("mine", "Mine", "About.")
    assert found.rows == (
        Row("control", Run.parse("own_5pct-control"), (0, 1, 2), "all"),
        Row("TWIST", Run.parse("own_5pct"), (0, 1, 2), "all", "control"),
        Row("last", Run.parse("own_5pct-alpha2"), (4, 1), paper=paper),
    )


def test_runs_of_several_rows_are_needed_once(tmp_path: Path) -> None:
    rows = [{"label": "a", "run": "own_5pct", "seeds": 2}, {"label": "b", "run": "own_5pct", "seeds": [1, 2]}]
    names = [run.name for run in Experiment.load(written(tmp_path, *rows)).runs()]
    assert names == ["own_5pct", "own_5pct-seed1", "own_5pct-seed2"]


@pytest.mark.parametrize("path", sorted((CONFIG / "experiments").glob("*.yaml")), ids=lambda path: path.stem)
def test_the_experiments_of_the_repository_are_understood(path: Path) -> None:
    found = Experiment.load(path)
    for run in found.runs():
        run.resolve(CONFIG, {})
    assert all((CONFIG / "datasets" / f"{run.dataset}.yaml").exists() for run in found.runs())
    assert any(row.against for row in found.rows)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([], "rows is missing or empty"),
        (["control"], "row 1: must hold label, run, seeds, .*, not 'control'"),
        ([CONTROL | {"colour": 3}], "row 1: 'colour' is unknown; there are label, run"),
        ([CONTROL | {1: 3}], "row 1: 1 is unknown"),
        ([{"label": "x", "seeds": 3}], "row 1: run is missing or empty"),
        ([CONTROL | {"label": ""}], "row 1: label is missing or empty"),
        ([CONTROL | {"label": 5}], "row 1: label must be str, not 5"),
        ([CONTROL | {"run": "own_5"}], "row 1: 'own_5' is not a run"),
        ([CONTROL | {"run": "own_5pct-seed2"}], "row 1: write own_5pct; `seeds` says which"),
        ([CONTROL, TWIST | {"label": "control"}], "row 2: there is a row 'control' already"),
        ([CONTROL | {"rounds": "first"}], "row 1: rounds must be last or all, not 'first'"),
        ([CONTROL | {"paper": {"AP": 1.0}}], "row 1: paper holds figures for mAP, AP50, AP25, not AP: 1.0"),
        ([CONTROL | {"paper": {"mAP": "27"}}], "row 1: paper holds .* not mAP: '27'"),
        ([TWIST], "row 'TWIST': against: must name another row, not 'control'; there are TWIST"),
        ([CONTROL, TWIST | {"against": "TWIST"}], "row 'TWIST': against: must name another row"),
        ([CONTROL, TWIST | {"seeds": [7]}], "row 'TWIST': against: 'control' has no seed of this row"),
        ([CONTROL, TWIST | {"run": "tiny_5pct"}], "row 'TWIST': against: 'control' is of another data set"),
    ],
)
def test_mistakes_are_told_with_file_and_row(rows: list[Any], message: str, tmp_path: Path) -> None:
    path = written(tmp_path, *rows)
    with pytest.raises(TwistError, match=rf"^{path}: {message}") as error:
        Experiment.load(path)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("seeds", [-1, True, "3", 1.5, [0, -1], [0, "1"], [True], [1, 1], None, 0, []])
def test_seeds_are_a_number_or_a_list(seeds: Any, tmp_path: Path) -> None:
    with pytest.raises(TwistError, match=r"row 1: seeds"):
        Experiment.load(written(tmp_path, CONTROL | {"seeds": seeds}))


@pytest.mark.parametrize("content", [{"title": ""}, {"about": 3}, {"titel": "x"}, {"rows": {"a": 1}}])
def test_what_a_file_holds_is_checked(content: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(TwistError, match=rf"mine\.yaml: .*{next(iter(content))}"):
        Experiment.load(written(tmp_path, CONTROL, **content))


def test_an_unknown_experiment_is_told_the_known_ones(tmp_path: Path) -> None:
    written(tmp_path, CONTROL)
    with pytest.raises(TwistError, match=r"no experiment 'yours' .*known: mine"):
        Experiment.load(tmp_path / "yours.yaml")


# --- statistics -----------------------------------------------------------------------------------


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """Round 2 of TWIST beats the control by 1, 2 and 6 AP50."""
    for seed, control, twist in ((0, 10.0, 11.0), (1, 20.0, 22.0), (2, 30.0, 36.0)):
        end = f"-seed{seed}" if seed else ""
        scored(tmp_path, f"own_5pct-control{end}", {1: control - 4, 2: control})
        scored(tmp_path, f"own_5pct{end}", {1: control - 4, 2: twist})
    return tmp_path


def test_means_spreads_and_paired_gains(results: Path) -> None:
    experiment = Experiment.load(written(results, CONTROL, TWIST))
    lines = table_lines(experiment, read_scores(experiment, results))
    assert [(line.row.label, line.round, line.seeds) for line in lines] == [
        ("control", 1, 3), ("control", 2, 3), ("TWIST", 1, 3), ("TWIST", 2, 3),
    ]  # fmt: skip
    control, first, last = lines[1], lines[2], lines[3]
    assert (control.scores["AP50"].mean, control.scores["AP50"].spread) == (20.0, 10.0)
    assert (control.scores["mAP"].mean, control.scores["mAP"].spread) == (10.0, 5.0)
    assert control.gains == {"mAP": None, "AP50": None, "AP25": None}
    assert (first.gains["AP50"].mean, first.gains["AP50"].spread) == (0.0, 0.0)
    assert last.scores["AP50"].mean == pytest.approx(23.0)
    assert last.gains["AP50"].mean == pytest.approx(3.0)
    assert last.gains["AP50"].spread == pytest.approx(math.sqrt(7.0 / 3.0))  # sd √7 of three differences
    assert last.gains["mAP"].mean == pytest.approx(1.5)


def test_last_means_the_last_round_alone(results: Path) -> None:
    experiment = Experiment.load(written(results, CONTROL | {"rounds": "last"}, TWIST))
    lines = table_lines(experiment, read_scores(experiment, results))
    assert [line.round for line in lines] == [2, 1, 2]
    # the control's row has no round 1: its last counts
    assert lines[1].gains["AP50"].mean == -4.0
    assert lines[2].gains["AP50"].mean == pytest.approx(3.0)


def test_gains_are_over_the_seeds_that_both_rows_have(results: Path) -> None:
    experiment = Experiment.load(written(results, CONTROL | {"seeds": [1, 2]}, TWIST))
    line = table_lines(experiment, read_scores(experiment, results))[-1]
    assert (line.seeds, line.gains["AP50"].count, line.gains["AP50"].mean) == (3, 2, 4.0)


def test_one_seed_has_no_spread(results: Path) -> None:
    experiment = Experiment.load(written(results, CONTROL | {"seeds": 1}, TWIST | {"seeds": 1}))
    line = table_lines(experiment, read_scores(experiment, results))[-1]
    assert (line.scores["AP50"].mean, line.scores["AP50"].spread) == (11.0, None)
    assert (line.gains["AP50"].mean, line.gains["AP50"].spread) == (1.0, None)


def test_a_missing_figure_has_no_mean(tmp_path: Path) -> None:
    scored(tmp_path, "own_5pct-control", {1: 3.0})
    scored(tmp_path, "own_5pct", {1: None})
    experiment = Experiment.load(written(tmp_path, CONTROL | {"seeds": 1}, TWIST | {"seeds": 1}))
    line = table_lines(experiment, read_scores(experiment, tmp_path))[-1]
    assert line.scores["AP50"] is line.gains["AP50"] is None


def test_single_results_name_run_and_command(results: Path) -> None:
    experiment = Experiment.load(written(results, CONTROL | {"rounds": "last", "seeds": [2]}))
    assert single_results(experiment, read_scores(experiment, results)) == [
        {
            "row": "control", "run": "own_5pct-control-seed2", "seed": 2, "round": 2,
            "mAP": 15.0, "AP50": 30.0, "AP25": 30.0, "scenes": 30,
            "settings": "s", "twist": "1", "revision": "abc",
            "command": "snakemake --cores 2 results/own_5pct-control-seed2/eval.json",
        }
    ]  # fmt: skip


def test_a_run_without_results_is_told_its_command(results: Path) -> None:
    experiment = Experiment.load(written(results, CONTROL | {"seeds": [9]}))
    with pytest.raises(TwistError, match=r"seed9/rounds\.json .*`snakemake .*control-seed9/eval\.json`"):
        read_scores(experiment, results)
