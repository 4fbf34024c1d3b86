"""Diagnosis in the workflow: what a run asks for, and runs without pseudo-labels; plans only."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.workflow.project import SETTINGS, Project


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path / "planned")


def test_a_run_diagnoses_each_round_and_scores_none(project: Project) -> None:
    settings = SETTINGS | {"selftraining": {"rounds": 3}}
    plan = project.plan("results/tiny_50pct/diagnosis.md", settings=settings)
    assert (plan["diagnosis"], plan["diagnose"], plan["pseudo_labels"], plan["train_round"]) == (1, 3, 3, 3)
    assert not plan.keys() & {"predict", "evaluate", "finish_run"}


def test_a_member_of_an_ensemble_is_diagnosed_by_the_labels_that_all_learn(project: Project) -> None:
    plan = project.plan("results/tiny_50pct-plus-init1/diagnosis.md")
    assert (plan["diagnose"], plan["pseudo_labels"]) == (2, 2)


def test_a_score_waits_for_no_diagnosis(project: Project) -> None:
    assert not project.plan("results/tiny_50pct/eval.json").keys() & {"diagnose", "diagnosis"}


def test_a_run_without_pseudo_labels_is_refused(project: Project) -> None:
    done = project.attempt("results/tiny_50pct-control/diagnosis.md")
    assert done.returncode == 1
    assert "tiny_50pct-control learns from no pseudo-labels" in done.stdout


def test_the_labels_of_an_experiment_are_diagnosed_and_nothing_is_scored(project: Project) -> None:
    (project.folder / "config/experiments/mine.yaml").write_text(
        "title: Mine\n"
        "rows:\n"
        "  - {label: control, run: tiny_50pct-control, seeds: 2}\n"
        "  - {label: TWIST, run: tiny_50pct, seeds: 2, against: control}\n"
    )
    plan = project.plan("results/experiments/mine/labels.md")
    assert (plan["experiment_labels"], plan["diagnosis"], plan["diagnose"]) == (1, 2, 4)
    assert not plan.keys() & {"predict", "evaluate", "experiment"}


def test_an_experiment_without_pseudo_labels_has_none_to_diagnose(project: Project) -> None:
    (project.folder / "config/experiments/mine.yaml").write_text(
        "title: Mine\nrows:\n  - {label: control, run: tiny_50pct-control, seeds: 2}\n"
    )
    done = project.attempt("results/experiments/mine/labels.md")
    assert done.returncode == 1
    assert "no row of the experiment mine learns from pseudo-labels" in done.stdout
