from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import yaml

from tests.workflow.project import SETTINGS, Project
from tests.workflow.quick_start import QuickStart


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """An undisturbed run of Sup-only, control and TWIST in two rounds, with their table; change a copy."""
    project = Project(tmp_path_factory.mktemp("undisturbed"))
    project.run("results/tables/tiny_50pct.md")
    return project


@pytest.fixture(scope="session")
def quick_start(finished: Project, tmp_path_factory: pytest.TempPathFactory) -> QuickStart:
    """The commands of the quick start, run as they stand behind the finished trainings."""
    folder = tmp_path_factory.mktemp("documented") / "project"
    shutil.copytree(finished.folder, folder)
    return QuickStart.run(as_documented(folder))


def as_documented(folder: Path) -> Path:
    """A project whose files, not command line, ask for short trainings on the CPU."""
    config = yaml.safe_load((folder / "config/config.yaml").read_text())
    (folder / "config/config.yaml").write_text(yaml.safe_dump(config | {"settings": SETTINGS}))
    profile = folder / "profiles/default/profile.yaml"
    profile.write_text(profile.read_text().replace("gpu: 1", "gpu: 0"))
    return folder
