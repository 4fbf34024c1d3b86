"""Scans of one's own as targets of the workflow. Dry runs only."""

from __future__ import annotations

import pytest

from tests.workflow.project import Project


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project with two empty scans and a file that is none."""
    project = Project(tmp_path_factory.mktemp("own"))
    folder = project.folder / "scans"
    folder.mkdir()
    for name in ("kitchen.ply", "old cellar.LAZ", "notes.docx"):
        (folder / name).touch()
    return project


def test_every_scan_is_looked_at_by_the_last_rounds_model(project: Project) -> None:
    plan = project.plan("results/tiny_50pct/scans/all.done")
    assert (plan["predict_scan"], plan["predict_scans"], plan["train_round"]) == (2, 1, 2)
    assert not plan.keys() & {"predict", "evaluate"}


def test_one_scan_is_a_target_of_its_own(project: Project) -> None:
    plan = project.plan("results/tiny_50pct-suponly/scans/old cellar/instances.ply")
    assert (plan["predict_scan"], plan["train_start"]) == (1, 1)
    assert "train_round" not in plan


def test_a_scan_that_is_not_there_is_named(project: Project) -> None:
    done = project.attempt("results/tiny_50pct/scans/attic/instances.csv")
    assert done.returncode == 1
    assert "scans holds no scan 'attic'; there are kitchen, old cellar" in done.stdout
