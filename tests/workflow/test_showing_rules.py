"""Tables beside the paper, pictures and pages in the workflow: what they ask for; plans only."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.scoring.records import score
from tests.workflow.project import SETTINGS, Project


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path / "planned")


def test_tables_beside_the_paper_start_no_run(project: Project) -> None:
    targets = [f"results/tables/tiny_{name}.html" for name in ("table9", "table12", "rounds")]
    assert project.plan(*targets) == {"compare": 3, "page": 3}


def test_tables_take_the_runs_that_are_there(project: Project) -> None:
    """Scores are enough, as somebody else's folder may hold them: nothing behind them is made."""
    run = project.folder / "results/rooms_5pct-tau0.3-seed2"
    run.mkdir(parents=True)
    (run / "rounds.json").write_text(json.dumps([score(dataset="rooms", rounds=2, mAP=10.0)]))
    assert project.plan("results/tables/rooms_table9.md") == {"compare": 1}
    project.run("results/tables/rooms_table9.md")
    page = (project.folder / "results/tables/rooms_table9.md").read_text()
    assert "| τ = 0.3 | 2 | 1 | 10.0 | 26.8 | -16.8 |" in " ".join(page.split())


def test_pictures_of_a_run_ask_for_its_predictions(project: Project) -> None:
    plan = project.plan("results/tiny_50pct/figure7.png", "results/tiny_50pct/plots/precision_recall.png")
    assert (plan["predict"], plan["pseudo_labels"], plan["train_round"]) == (1, 2, 2)
    assert not plan.keys() & {"evaluate", "finish_run", "diagnose"}


def test_a_control_has_a_figure_without_strips_and_losses(project: Project) -> None:
    targets = [f"results/tiny_50pct-control/{name}" for name in ("figure7.png", "plots/losses.png")]
    plan = project.plan(*targets, settings=SETTINGS)
    assert "pseudo_labels" not in plan
    assert (plan["figure7"], plan["losses"], plan["train_round"]) == (1, 1, 2)


def test_an_unknown_key_of_figure7_is_refused(project: Project) -> None:
    file = project.folder / "config/config.yaml"
    file.write_text(file.read_text().replace("figure7: {scenes", "figure7: {scene"))
    done = project.attempt("results/tiny_50pct/figure7.png")
    assert done.returncode == 1
    assert "'scene' was unexpected" in done.stdout
