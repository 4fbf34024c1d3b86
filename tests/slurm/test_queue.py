"""How Slurm ends a job that goes on elsewhere: it is asked to, so that a training can save its state.

A script plays the training: asked to end, it saves for three seconds. Where Slurm ends
the job, it is stopped before, as one deep in a step would not answer.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.slurm.cluster import Cluster, Job
from twist.slurm import cancel_orphans

SCRIPT = f"""\
#!{sys.executable}
import os, pathlib, signal, sys, time

def note(text):
    with open("log", "a") as log:
        log.write(text)

def end(number, frame):
    time.sleep(3)
    note("saved ")
    sys.exit(1)

signal.signal(signal.SIGTERM, end)
pathlib.Path("pid").write_text(str(os.getpid()))
note("began ")
time.sleep(600)
"""


class StandIn:
    """A job that notes its beginnings and that it was asked to end."""

    def __init__(self, cluster: Cluster, folder: Path) -> None:
        self.cluster, self.folder, self.begun = cluster, folder, 0
        (folder / "script").write_text(SCRIPT)
        (folder / "script").chmod(0o755)
        words = [
            "sbatch",
            "--parsable",
            "--requeue",
            "--gpus=1",
            "--mem=1000",
            "--time=15",
            f"--chdir={folder}",
        ]
        words += ["--output=out", "--comment=rule_train_round_wildcards_x", "--wrap=srun --ntasks=1 ./script"]
        self.id = subprocess.run(words, capture_output=True, text=True, check=True).stdout.strip()

    def begin(self) -> None:
        """Wait for the next beginning."""
        self.begun += 1
        deadline = time.monotonic() + 120
        while self.notes().count("began") < self.begun:
            assert time.monotonic() < deadline, f"{self.cluster.facts(self.id)}"
            time.sleep(0.05)

    def hold(self) -> None:
        """Wait for the next beginning, then stop the script."""
        self.begin()
        os.kill(int((self.folder / "pid").read_text()), signal.SIGSTOP)

    def notes(self) -> list[str]:
        log = self.folder / "log"
        return log.read_text().split() if log.exists() else []

    def job(self) -> Job:
        return self.cluster.job("train_round", self.folder)


@pytest.fixture
def training(cluster: Cluster, tmp_path: Path) -> Iterator[StandIn]:
    started = StandIn(cluster, tmp_path)
    yield started
    cluster.end(started.id)


def requeue(cluster: Cluster, job: str) -> None:
    cluster.ask("scontrol", "requeue", job)


def preempt(cluster: Cluster, job: str) -> None:
    cluster.ask("sbatch", "--partition=urgent", "--gpus=2", "--output=/dev/null", "--wrap=true")


@pytest.mark.parametrize("fault", [requeue, preempt])
def test_a_job_taken_off_its_node_saves_and_starts_again(
    cluster: Cluster, training: StandIn, fault: Callable[[Cluster, str], None]
) -> None:
    training.hold()
    fault(cluster, training.id)
    cluster.start_now(training.id)
    training.hold()
    assert training.notes() == ["began", "saved", "began"]
    assert training.job() == Job(training.id, "RUNNING", restarts=1)


def test_a_job_past_its_time_limit_saves_and_ends(cluster: Cluster, training: StandIn) -> None:
    training.hold()
    cluster.ask("scontrol", "update", f"JobId={training.id}", "EndTime=now")
    cluster.wait_for_state(training.id, "TIMEOUT")
    assert training.notes() == ["began", "saved"]


def test_an_orphaned_job_is_cancelled_saves_and_is_waited_for(
    cluster: Cluster, training: StandIn, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    training.begin()
    assert cancel_orphans(tmp_path.parent) == []
    assert cancel_orphans(tmp_path) == [training.id]
    assert training.job().state == "FAILED"
    assert training.notes() == ["began", "saved"]
    assert f"queue: {training.id}\n" in capsys.readouterr().out


def test_a_gpu_s_type_is_heeded(cluster: Cluster, training: StandIn) -> None:
    training.hold()
    assert cluster.facts(training.id)["JOB_GRES"] == "gpu:a100:1"
    words = ["sbatch", "--gpus=h100:1", "--wrap=true"]
    refused = subprocess.run(words, capture_output=True, text=True, check=False)
    assert refused.returncode == 1
