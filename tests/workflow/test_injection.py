"""Folders and settings that mean something to a shell reach the verbs as they are, and nothing else runs."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

from tests.workflow.project import Project
from tests.workflow.test_submission_rules import LISTS

RAW = "own scans; touch sprung; $(touch sprung) `touch sprung` 'it' \"is\" & -x > sprung 教室"
LABELS = "'; touch sprung; \" $(touch sprung) {ratio}.txt"

#: Stands in for Python: notes the words that it was called with.
STUB = '#!/bin/sh\nfor word; do printf "%s\\0" "$word"; done >> words; printf "\\n" >> words\n'


def hostile_project(folder: Path) -> Project:
    """A data set ``own`` in ScanNet's layout, of empty files, in a folder with that name."""
    project = Project(folder)
    for part, names in LISTS.items():
        for name in names:
            scan = project.folder / RAW / ("scans_test" if part == "test" else "scans") / name
            scan.mkdir(parents=True)
            for ending in ("_vh_clean_2.ply", ".aggregation.json", ".txt"):
                (scan / (name + ending)).touch()
        (project.folder / RAW / f"scannetv2_{part}.txt").write_text("\n".join(names))
    (project.folder / RAW / LABELS.replace("{ratio}", "50")).write_text(LISTS["train"][0])
    data = {"format": "scannet", "raw": RAW, "own_lists": True, "label_lists": LABELS, "scenes_per_job": 2}
    dataset = project.folder / "config/datasets/own.yaml"
    dataset.write_text(f"preset: small\ndata: {json.dumps(data)}\n", encoding="utf-8")
    return project


def commands(project: Project, target: str) -> list[str]:
    """Every shell command that a run would start."""
    words = project.command(target, settings={"data": {"label_lists": LABELS}})
    words[1:1] = ["--dry-run", "--printshellcmds"]
    done = subprocess.run(words, cwd=project.folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    lines = (done.stdout + done.stderr).splitlines()
    return [line.removeprefix("Shell command: ") for line in lines if line.startswith("Shell command: ")]


def test_no_folder_and_no_setting_is_run_by_the_shell(tmp_path: Path) -> None:
    project = hostile_project(tmp_path / "hostile")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/python").write_text(STUB)
    (tmp_path / "bin/python").chmod(0o755)
    environment = os.environ | {"PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}"}
    planned = commands(project, "results/own_50pct/submission-test.zip")
    for command in planned:
        words = ["bash", "-c", command]  # `tee` fails for want of the log's folder
        subprocess.run(words, cwd=project.folder, env=environment, capture_output=True, check=False)
    lines = (project.folder / "words").read_text(encoding="utf-8").split("\n")[:-1]
    called = {line.split("\0")[2]: line.split("\0")[:-1] for line in lines}
    assert called.keys() >= {
        "prepare",
        "supervoxels",
        "splits",
        "train",
        "predict-scenes",
        "export-submission",
    }

    def given(verb: str, option: str) -> str:
        return called[verb][called[verb].index(option) + 1]

    assert [given(verb, "--raw") for verb in ("prepare", "supervoxels", "splits")] == [RAW] * 3
    hidden = f"{RAW}/scannetv2_test.txt"
    assert [given("predict-scenes", "--scenes"), given("export-submission", "--list")] == [hidden] * 2
    assert json.loads(given("train", "--override"))["data"]["label_lists"] == LABELS
    assert not list(project.folder.rglob("sprung"))
