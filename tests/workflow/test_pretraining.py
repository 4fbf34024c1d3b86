"""Pre-training in the workflow: one backbone for all runs, made from training scans alone."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests.workflow.project import SETTINGS, Project
from twist.network.model import Model, load_tensors

DATA = "results/data/tiny"
BACKBONE = f"{DATA}/pretrain/pc/model.pt"


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The tiny data set, prepared."""
    project = Project(tmp_path_factory.mktemp("pretrained"))
    project.run(f"{DATA}/scenes.json", f"{DATA}/splits/50pct-seed0/val.txt")
    return project


def test_no_scored_scan_is_read(prepared: Project) -> None:
    """Without their files, views and backbone are made all the same, and Φ starts from it."""
    folder = prepared.folder / DATA
    scored = (folder / "splits/50pct-seed0/val.txt").read_text().split()
    train = [
        name for part in ("labelled", "unlabelled")
        for name in (folder / f"splits/50pct-seed0/{part}.txt").read_text().split()
    ]  # fmt: skip
    kept = {}
    for scan in scored:
        for path in (folder / "scenes" / f"{scan}.npz", folder / "supervoxels" / f"{scan}.npz"):
            kept[path] = path.read_bytes()
            path.unlink()
    try:
        prepared.run("results/tiny_50pct-suponly-pc/round0/model.pt")
    finally:
        for path, content in kept.items():
            path.write_bytes(content)
    manifests = [json.loads(path.read_text()) for path in (folder / "pretrain/views").glob("[0-9]*.json")]
    assert sorted(scan for manifest in manifests for scan in manifest) == sorted(train)
    facts = load_tensors(prepared.folder / BACKBONE)["facts"]
    assert facts == {"method": "pc", "steps": 20, "seed": 0}
    log = (prepared.folder / "results/tiny_50pct-suponly-pc/round0/work/log.txt").read_text()
    assert f"{BACKBONE}: loaded: " in log
    assert "unused: 2 tensors of projection" in log
    Model.load(prepared.folder / "results/tiny_50pct-suponly-pc/round0/model.pt")


def test_all_runs_of_a_data_set_share_the_backbone(prepared: Project) -> None:
    runs = ("tiny_50pct-pc", "tiny_50pct-pc-seed1", "tiny_25pct-suponly-pc", "tiny_50pct-control-pc-tau0.3")
    plan = prepared.plan(*(f"results/{run}/eval.json" for run in (*runs, "tiny_50pct-csc")))
    assert plan.get("pretrain") == 1  # of csc; that of pc is there
    assert "views" not in plan
    assert plan["train_start"] == 3  # seed 1, 25 %, csc; tiny_50pct-suponly-pc is there


@pytest.mark.parametrize(
    ("section", "planned"),
    [
        ({"pretraining": {"temperature": 0.1}}, {"pretrain", "train_start"}),
        ({"views": {"per_scan": 6}}, {"views", "pretrain", "train_start"}),
        ({"training": {"learning_rate": 0.001, "workers": 1}}, {"train_start"}),
    ],
)
def test_a_changed_setting_remakes_what_depends_on_it(
    prepared: Project, section: dict, planned: set[str]
) -> None:
    settings = {key: SETTINGS.get(key, {}) | section.get(key, {}) for key in SETTINGS.keys() | section.keys()}
    target = "results/tiny_50pct-suponly-pc/round0/model.pt"
    assert prepared.plan(target, settings=settings).keys() == planned


def test_settings_of_pre_training_do_not_touch_other_runs(prepared: Project) -> None:
    prepared.run("results/tiny_50pct-suponly/round0/model.pt")
    settings = SETTINGS | {"pretraining": {"temperature": 0.1}, "views": {"per_scan": 6}}
    assert prepared.plan("results/tiny_50pct-suponly/round0/model.pt", settings=settings) == {}


def test_rounds_that_start_anew_start_from_the_backbone(prepared: Project) -> None:
    command = prepared.command("results/tiny_50pct-anew-pc/round1/model.pt")
    command[1:1] = ["--dry-run", "--printshellcmds"]
    done = subprocess.run(command, cwd=prepared.folder, capture_output=True, text=True, check=True)
    (line,) = [line for line in done.stdout.splitlines() if "twist train --stage round" in line]
    assert f"--backbone {BACKBONE}" in line
    assert "--start" not in line


def test_a_run_with_another_network_is_told_that_the_backbone_does_not_fit(tmp_path: Path) -> None:
    project = Project(tmp_path / "wider")
    with (project.folder / "config/variants.yaml").open("a") as variants:
        variants.write("wide: {network: {stem_channels: 12}}\n")
    done = project.attempt("results/tiny_50pct-pc-wide/eval.json")
    assert done.returncode == 1
    assert (
        "share one pre-trained backbone, so -pc cannot be combined with a change of the network"
        in done.stdout
    )
