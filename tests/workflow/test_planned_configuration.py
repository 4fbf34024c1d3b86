"""A run uses the configuration that it was planned with, whatever is edited while it runs."""

from __future__ import annotations

import shutil
from pathlib import Path

import yaml

from tests.workflow.project import Project

TARGET = "results/tiny_50pct-suponly/eval.json"


def test_what_is_edited_meanwhile_is_for_the_next_plan(finished: Project, tmp_path: Path) -> None:
    project = Project(tmp_path / "copy")
    for part in ("results", ".snakemake"):
        shutil.copytree(finished.folder / part, project.folder / part)
    run = project.folder / "results/tiny_50pct-suponly"
    log = run / "logs/predict-round0-shard0.log"
    file = project.folder / "config/datasets/tiny.yaml"
    own = yaml.safe_load(file.read_text())

    def edit(min_score: float) -> None:
        file.write_text(yaml.safe_dump(own | {"prediction": {"min_score": min_score}}))

    edit(0.2)
    assert set(project.plan(TARGET)) == {"predict", "evaluate", "finish_run"}
    log.unlink()
    process = project.start(TARGET)
    project.wait_for(process, str(log.relative_to(project.folder)), "")
    edit(0.3)
    assert process.wait(timeout=300) == 0, (project.folder / "output.txt").read_text()
    assert yaml.safe_load((run / "settings.yaml").read_text())["prediction"]["min_score"] == 0.2
    assert set(project.plan(TARGET)) == {"predict", "evaluate", "finish_run"}
    edit(0.2)
    assert project.plan(TARGET) == {}
