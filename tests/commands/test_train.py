"""`train` as the workflow calls it, by two processes: its launcher killed, then Ctrl-C, then to the end."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from tests.synthetic import write_rooms
from twist.network.model import Model

ROOT = Path(__file__).resolve().parents[2]
OVERRIDE = (
    "training: {gpus_per_training: 2, iterations: 40, log_every: 5, save_every_s: 0.2, workers: 0}\n"
    "data: {raw: unused}"
)
PATIENCE_S = 600


def start(folder: Path) -> subprocess.Popen[str]:
    """The verb in a process group of its own."""
    words = ["--stage", "start", "--run", "tiny_50pct", "--override", OVERRIDE, "--data", str(folder)]
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
