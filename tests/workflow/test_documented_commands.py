"""The commands of the documentation: the quick start's are run as they stand, other targets are planned."""

from __future__ import annotations

import re
from pathlib import Path

from tests.documents import PAGES, shell_lines
from tests.workflow.project import Project
from tests.workflow.quick_start import QuickStart


def test_the_quick_start_runs_as_written(quick_start: QuickStart) -> None:
    lines = list(quick_start.output)
    assert len(lines) > 4
    targets = {word for line in lines if "--dry-run" not in line for word in re.findall(r"results/\S+", line)}
    missing = [target for target in targets if not (quick_start.folder / target).exists()]
    assert not missing
    assert quick_start.trained == []  # looking trains nothing
    (table,) = [text for line, text in quick_start.output.items() if line.startswith("cat ")]
    assert "| TWIST " in table
    (plan,) = [text for line, text in quick_start.output.items() if "--dry-run" in line]
    assert "train_start" in plan

    report = quick_start.report.read_text()
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
