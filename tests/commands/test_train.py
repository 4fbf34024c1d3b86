"""`train` as the workflow calls it: two processes through kills and Ctrl-C; again after a scan changed."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.synthetic import write_rooms
from twist.__main__ import main
from twist.files import file_sha256
from twist.network.model import Model
from twist.scene import Scene
from twist.selftraining.pseudolabels import PseudoLabels

ROOT = Path(__file__).resolve().parents[2]
OVERRIDE = (
    "training: {gpus_per_training: 2, iterations: 40, log_every: 5, save_every_s: 0.2, workers: 0}\n"
    "data: {raw: unused}"
)
PATIENCE_S = 600


def start(folder: Path) -> subprocess.Popen[str]:
    """The verb in a process group of its own."""
    words = ["--stage", "start", "--run", "tiny_50pct", "--override", OVERRIDE, "--data", str(folder)]
    words += ["--device", "cpu"]
    words += [
        "--labelled",
        f"{folder}/labelled.txt",
        "--work",
        f"{folder}/work",
        "--out",
        f"{folder}/model.pt",
    ]
    return subprocess.Popen(
        [sys.executable, "-m", "twist", "train", *words],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def wait_for(folder: Path, text: str) -> None:
    log, deadline = folder / "work" / "log.txt", time.monotonic() + PATIENCE_S
    while not (log.exists() and text in log.read_text()):
        assert time.monotonic() < deadline, f"{text!r} never came up"
        time.sleep(0.05)


def wait_for_orphans(folder: Path) -> None:
    """Until whoever holds the lock of the training has ended."""
    with open(folder / "work" / "lock") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)


def test_two_processes_survive_a_dead_launcher_and_ctrl_c(tmp_path: Path) -> None:
    write_rooms(tmp_path, ("room0", "room1"), 300)
    (tmp_path / "labelled.txt").write_text("room0\nroom1\n")

    process = start(tmp_path)
    wait_for(tmp_path, "step 5/40")
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    wait_for_orphans(tmp_path)  # torch tells them of their launcher's end: they save and end
    assert "wrote" not in (tmp_path / "work" / "log.txt").read_text()

    process = start(tmp_path)
    wait_for(tmp_path, "goes on from the saved step")
    os.killpg(process.pid, signal.SIGINT)
    said = process.communicate()[1]
    assert process.returncode == 1, said
    assert "stopped by SIGINT; the same command goes on from the last saved state" in said
    assert "Traceback" not in said
    assert not (tmp_path / "model.pt").exists()

    process = start(tmp_path)
    said = process.communicate()[1]
    assert process.returncode == 0, said
    assert Model.load(tmp_path / "model.pt").settings.stem_channels == 8
    assert (tmp_path / "work" / "log.txt").read_text().count("goes on from the saved step") == 2


def test_a_scan_that_is_not_learned_from_repeats_no_training(tmp_path: Path) -> None:
    write_rooms(tmp_path, ("room0", "room1"), 300)
    (tmp_path / "labelled.txt").write_text("room0\n")
    words = ["train", "--stage", "start", "--run", "tiny_50pct", "--data", str(tmp_path), "--device", "cpu"]
    words += ["--override", "training: {iterations: 2, workers: 0}\ndata: {raw: unused}"]
    words += ["--labelled", f"{tmp_path}/labelled.txt", "--scenes", f"{tmp_path}/scenes.json"]
    words += ["--work", f"{tmp_path}/work", "--out", f"{tmp_path}/model.pt"]
    log = tmp_path / "work" / "log.txt"

    def train(**scans: int) -> str:
        facts = {name: {"sha256": k, "supervoxels": {"sha256": 1}} for name, k in scans.items()}
        (tmp_path / "scenes.json").write_text(json.dumps(facts))
        before = len(log.read_text()) if log.exists() else 0
        assert main(words) == 0
        return log.read_text()[before:]

    assert "step 2/2" in train(room0=1, room1=1)
    digest = file_sha256(tmp_path / "model.pt")
    assert "step 2/2" not in train(room0=1, room1=2)
    assert file_sha256(tmp_path / "model.pt") == digest
    said = train(room0=2, room1=2)
    assert "was started from another scans" in said
    assert "step 2/2" in said


def test_a_list_of_an_older_draw_with_scans_without_annotation_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "labelled.txt").write_text("room0\nroom1\n")
    (tmp_path / "scenes.json").write_text(
        json.dumps({"room0": {"labelled": True}, "room1": {"labelled": False}})
    )
    words = ["train", "--stage", "start", "--run", "tiny_50pct", "--data", str(tmp_path), "--device", "cpu"]
    words += ["--labelled", f"{tmp_path}/labelled.txt", "--scenes", f"{tmp_path}/scenes.json"]
    assert main([*words, "--work", f"{tmp_path}/work", "--out", f"{tmp_path}/model.pt"]) == 1
    assert "1 of the 2 scans have no annotation, first room1; Ψ would" in capsys.readouterr().err


def test_by_hand_other_pseudo_labels_are_learned_and_other_paths_are_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without manifests, as in docs/by-hand.md."""
    write_rooms(tmp_path, ("room0", "room1"), 300)
    monkeypatch.chdir(tmp_path)
    Path("labelled.txt").write_text("room0\n")
    Path("unlabelled.txt").write_text("room1\n")
    Path("labels").mkdir()

    def train(folder: str = "") -> str:
        words = ["train", "--stage", "round", "--run", "tiny_50pct", "--config", f"{ROOT}/config"]
        words += ["--override", "selftraining: {iterations: 2}\ntraining: {workers: 0}\ndata: {raw: unused}"]
        words += ["--data", f"{folder}.", "--work", "work", "--out", "model.pt", "--pseudo-labels", "labels"]
        words += ["--device", "cpu"]
        words += ["--labelled", f"{folder}labelled.txt", "--unlabelled", f"{folder}unlabelled.txt"]
        log = Path("work/log.txt")
        before = len(log.read_text()) if log.exists() else 0
        assert main(words) == 0
        return log.read_text()[before:]

    count = len(Scene.load("scenes/room1.npz").xyz)
    labels = PseudoLabels(np.zeros(count, np.int32), np.full(count, -1, np.int32), np.ones(count, np.float32))
    labels.save(Path("labels/room1.npz"))
    assert "step 2/2" in train()
    assert "step 2/2" not in train()
    assert "step 2/2" not in train(folder=f"{tmp_path}/")
    replace(labels, semantic=labels.semantic + 1).save(Path("labels/room1.npz"))
    said = train()
    assert "was started from another pseudo-labels" in said
    assert "step 2/2" in said
