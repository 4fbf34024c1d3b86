from __future__ import annotations

import pytest

from tests.workflow.project import Project


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """An undisturbed run of Sup-only, control and TWIST in two rounds, with their table; change a copy."""
    project = Project(tmp_path_factory.mktemp("undisturbed"))
    project.run("results/tables/tiny_50pct.md")
    return project
