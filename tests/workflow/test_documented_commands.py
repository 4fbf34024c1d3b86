"""The commands of the documentation: the quick start's are run as they stand, other targets are planned."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.documents import PAGES, shell_lines
from tests.workflow.project import SETTINGS, Project

(QUICK_START,) = [page for page in PAGES if page.name == "quick-start.md"]
#: Set-up, which the tests have behind them.
SKIPPED = ("make ", "source ")


@pytest.fixture(scope="module")
def as_documented(finished: Project, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the finished project whose files, not command line, ask for short trainings on the CPU."""
    folder = tmp_path_factory.mktemp("documented") / "project"
    shutil.copytree(finished.folder, folder)
    config = yaml.safe_load((folder / "config/config.yaml").read_text())
    (folder / "config/config.yaml").write_text(yaml.safe_dump(config | {"settings": SETTINGS}))
    profile = folder / "profiles/default/profile.yaml"
    profile.write_text(profile.read_text().replace("gpu: 1", "gpu: 0"))
    return folder


def run_line(line: str, folder: Path) -> str:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", line],
        cwd=folder,
        env=os.environ | {"PATH": path},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{line}\n{done.stdout}"
    return done.stdout


def test_the_quick_start_runs_as_written(as_documented: Path) -> None:
    lines = [line for line in shell_lines(QUICK_START) if not line.startswith(SKIPPED)]
    assert len(lines) > 4
    before = {file: file.stat().st_mtime_ns for file in as_documented.glob("results/*/round*/model.pt")}
    output = {line: run_line(line, as_documented) for line in lines}
    targets = {word for line in lines if "--dry-run" not in line for word in re.findall(r"results/\S+", line)}
    missing = [target for target in targets if not (as_documented / target).exists()]
    assert not missing
    assert before == {file: file.stat().st_mtime_ns for file in before}  # looking trains nothing
    (table,) = [text for line, text in output.items() if line.startswith("cat ")]
    assert "| TWIST " in table
    (plan,) = [text for line, text in output.items() if "--dry-run" in line]
    assert "train_start" in plan

    report = (as_documented / "report.html").read_text()
    for name in ("figure7.png", "precision_recall.png", "tiny_rounds.html", "diagnosis.html", "losses.png"):
        assert name in report
    for caption in ("not chosen by eye", "one point for each distinct score", "instance segmentation by"):
        assert caption in report


def test_other_documented_targets_are_understood(tmp_path: Path) -> None:
    """One plan for all of the generated data sets; real data are not there to plan with."""
    lines = [line for page in PAGES for line in shell_lines(page) if "snakemake" in line]
    words = {word for line in lines for word in re.findall(r"results/[\w./-]+", line)}
    targets = sorted(word for word in words if re.search(r"/(rooms|tiny)_", word))
    assert len(targets) > 10
    project = Project(tmp_path / "planned")
    (project.folder / "scans").mkdir()
    (project.folder / "scans" / "kitchen.ply").touch()  # the scan of one's own in docs/predict.md
    plan = project.plan(*targets, settings={})
    assert {"figure7", "diagnosis", "experiment", "compare", "page", "train_start"} <= plan.keys()
