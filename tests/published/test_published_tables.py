"""The paper's tables: their figures, the runs that stand for them, and what is found of those."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.scoring.records import score
from twist.classes import SCANNET
from twist.errors import TwistError
from twist.experiments.rows import METRICS, Experiment
from twist.published import tables
from twist.published.tables import RATIOS, TABLES, PaperTable, ratios_run, seeds_run
from twist.runs import Run
from twist.settings import Settings

CONFIG = Path(__file__).resolve().parents[2] / "config"
FIVE_ROUNDS = Settings.from_layers({"test": {"selftraining": {"rounds": 5}}})
TWO_ROUNDS = Settings.from_layers({"test": {"selftraining": {"rounds": 2}}})
S3DIS_LIKE = Settings.from_layers({"test": {"data": {"format": "s3dis"}}})


def paper_table(name: str, dataset: str, settings: Settings) -> PaperTable:
    """Of a project where nothing has been run."""
    return tables.paper_table(name, dataset, settings, Path("no-results"))


def runs_of(table: PaperTable) -> dict[str, str]:
    return {row.label: row.run.name for row in table.rows}


def test_figures_are_the_printed_ones() -> None:
    """A few of each table, read off the paper by hand."""
    by_label = {
        name: {row.label: row.paper for row in paper_table(name, "scannet", FIVE_ROUNDS).rows}
        for name in TABLES
    }
    assert by_label["table9"]["τ = 0.7"] == {"mAP": 26.1, "AP50": 43.5, "AP25": 55.7}
    assert by_label["table9"]["τ falling"] == {"mAP": 27.1, "AP50": 44.0, "AP25": 56.4}
    assert by_label["table10"]["α = 10"] == {"mAP": 26.9, "AP50": 43.7, "AP25": 55.7}
    assert by_label["table11"]["1 %: TWIST + PC"] == {"mAP": 11.2, "AP50": 19.5, "AP25": 30.4}
    assert by_label["table11"]["5 %: label-only control"] == {}
    row = by_label["table12"]["20 %: TWIST + CSC"]
    assert (row["AP50"], row["bathtub"], row["shower curtain"], row["window"]) == (55.0, 100.0, 57.1, 35.4)
    s3dis = {row.label: row.paper for row in paper_table("table11", "s3dis", S3DIS_LIKE).rows}
    assert s3dis["10 %: Sup-only"] == {"mAP": 25.2, "AP50": 36.8, "AP25": 48.3}


def test_the_mean_of_the_classes_is_the_printed_one() -> None:
    """A slip in one of 360 figures would move its row's mean."""
    rows = [row for row in paper_table("table12", "scannet", FIVE_ROUNDS).rows if row.paper]
    assert len(rows) == 20
    for row in rows:
        things = [row.paper[SCANNET.names[thing]] for thing in SCANNET.things]
        assert sum(things) / len(things) == pytest.approx(row.paper["AP50"], abs=0.07)


def test_tables_agree_where_they_show_the_same() -> None:
    """τ = 0.5 and α = 1 are TWIST with 5 % labels."""
    labels = {"table9": "τ = 0.5", "table10": "α = 1", "table11": "5 %: TWIST"}
    rows = {
        name: next(row for row in paper_table(name, "scannet", FIVE_ROUNDS).rows if row.label == label)
        for name, label in labels.items()
    }
    assert {row.run.name for row in rows.values()} == {"scannet_5pct"}
    assert len({tuple(row.paper.items()) for row in rows.values()}) == 1


@pytest.mark.parametrize("number", [9, 10])
def test_experiments_name_the_same_runs_and_figures(number: int) -> None:
    experiment = Experiment.load(CONFIG / "experiments" / f"rooms_table{number}.yaml")
    table = paper_table(f"table{number}", "rooms", FIVE_ROUNDS)
    published = {row.run: row.paper for row in experiment.rows if row.paper}
    assert published == {row.run: row.paper for row in table.rows}


def test_sequences_of_five_rounds_are_compared_with_five_rounds() -> None:
    long = {row.label: row for row in paper_table("table9", "scannet", FIVE_ROUNDS).rows}
    assert (long["τ rising"].run.name, long["τ rising"].against) == ("scannet_5pct-tauup", "τ = 0.5")
    assert len(long) == 7
    short = {row.label: row for row in paper_table("table9", "rooms", TWO_ROUNDS).rows}
    assert short["τ rising, five rounds"].run.name == "rooms_5pct-rounds5-tauup"
    assert short["τ rising, five rounds"].against == "τ = 0.5, five rounds"
    assert short["τ = 0.5, five rounds"].run.name == "rooms_5pct-rounds5"
    assert short["τ = 0.1"].against == "τ = 0.5"


@pytest.mark.parametrize("name", TABLES)
@pytest.mark.parametrize("settings", [FIVE_ROUNDS, TWO_ROUNDS, S3DIS_LIKE], ids=["5", "2", "s3dis"])
def test_every_row_is_a_run_of_its_own(name: str, settings: Settings) -> None:
    table = paper_table(name, "own", settings)
    names = list(runs_of(table).values())
    assert len(set(names)) == len(names) == len(table.rows)
    assert all(Run.parse(run).name == run for run in names)
    assert all(row.paper.keys() in (set(), set(table.figures)) for row in table.rows)
    assert bool(table.scored_on) == any(row.paper for row in table.rows)


def test_other_benchmarks_have_no_published_figures() -> None:
    for name in ("table9", "table10", "table12", "rounds"):
        assert not any(row.paper for row in paper_table(name, "s3dis", S3DIS_LIKE).rows)
    assert runs_of(paper_table("table12", "s3dis", S3DIS_LIKE))["1 %: CSC"] == "s3dis_1pct-suponly-csc"


def test_label_ratios_come_in_order() -> None:
    rows = paper_table("table11", "scannet", FIVE_ROUNDS).rows
    assert list(dict.fromkeys(row.run.ratio for row in rows)) == list(RATIOS)


def test_an_unknown_table_is_refused() -> None:
    with pytest.raises(TwistError, match="no table 'table8'; there are table9, table10"):
        paper_table("table8", "scannet", FIVE_ROUNDS)


def test_seeds_that_have_been_run_are_found(tmp_path: Path) -> None:
    for name in ("own_5pct", "own_5pct-seed12", "own_5pct-seed3", "own_5pct-tau0.3-seed1", "own_5pct-seed03"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "rounds.json").write_text("[]")
    (tmp_path / "own_5pct-seed7").mkdir()  # begun, not scored
    assert seeds_run(Run.parse("own_5pct"), tmp_path) == (0, 3, 12)
    assert seeds_run(Run.parse("own_5pct-tau0.3"), tmp_path) == (1,)
    assert seeds_run(Run.parse("own_10pct"), tmp_path) == ()
    assert seeds_run(Run.parse("own_5pct"), tmp_path / "nothing") == ()


def test_label_ratios_that_have_been_run_are_found(tmp_path: Path) -> None:
    for name in ("own_20pct", "own_5pct-suponly", "own_2.5pct", "own-2_50pct", "own_5pct"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "rounds.json").write_text("[]")
    (tmp_path / "own_10pct").mkdir()
    assert ratios_run("own", tmp_path) == ("2.5", "5", "20")
    rows = tables.paper_table("rounds", "own", TWO_ROUNDS, tmp_path).rows
    assert [row.run.name for row in rows if row.run.method == "control"] == [
        "own_2.5pct-control", "own_5pct-control", "own_20pct-control",
    ]  # fmt: skip


def test_a_score_without_classes_is_named(tmp_path: Path) -> None:
    (tmp_path / "own_5pct").mkdir()
    (tmp_path / "own_5pct" / "rounds.json").write_text(json.dumps([score(rounds=2)]))
    table = paper_table("table12", "own", FIVE_ROUNDS)
    with pytest.raises(TwistError, match="the score of own_5pct lacks the AP50 of a class"):
        table.scores(table.experiment(tmp_path), tmp_path)
    assert METRICS[1] == "AP50"
