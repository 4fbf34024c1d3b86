"""The 3D page in the workflow: what a run asks for; plans only."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.workflow.project import Project


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path / "planned")


def test_a_run_shows_its_last_predictions_and_all_its_rounds(project: Project) -> None:
    plan = project.plan("results/tiny_50pct/viewer.html", settings={"selftraining": {"rounds": 3}})
    assert (plan["viewer"], plan["predict"], plan["pseudo_labels"]) == (1, 1, 3)
    assert not plan.keys() & {"evaluate", "finish_run"}


def test_a_control_has_no_pseudo_labels_to_show(project: Project) -> None:
    plan = project.plan("results/tiny_50pct-control/viewer.html")
    assert plan["viewer"] == 1
    assert "pseudo_labels" not in plan
