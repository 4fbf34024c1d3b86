"""The tiny workflow on a real Slurm, with the shipped profile: whole, and disturbed as clusters disturb jobs.

Each run must end with the scores and, bit for bit, the weights of an undisturbed run on one machine.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.slurm.cluster import Cluster, Job
from tests.workflow.project import SETTINGS, Project, assert_same_results

#: One round, so that each test trains once. A training saves its state when it is asked to end, only then;
#: Slurm asks all its processes, that which loads the scans as well.
CHOSEN = {
    "training": SETTINGS["training"] | {"save_every_s": 3600, "workers": 1},
    "selftraining": {"iterations": 40, "rounds": 1},
}
ROUND = "results/tiny_50pct/round1"
LOG = f"{ROUND}/work/log.txt"
TARGET = "results/tiny_50pct/eval.json"


class OnSlurm(Project):
    """A project whose jobs go to the cluster."""

    def __init__(self, folder: Path, cluster: Cluster, *options: str, settings: dict = CHOSEN) -> None:
        super().__init__(folder)
        self.cluster, self.options, self.settings = cluster, options, settings

    def command(self, *words: str, settings: dict | None = None) -> list[str]:
        # The cluster of the tests keeps no accounts of past jobs, and the tests are in a hurry.
        test_only = ["--slurm-status-command", "squeue", "--slurm-init-seconds-before-status-checks", "2"]
        return [
            str(Path(sys.executable).with_name("snakemake")), "--workflow-profile", "profiles/slurm",
            *test_only, *self.options, "--config", f"settings={json.dumps(settings or self.settings)}",
            "--quiet", "host", "--", *words,
        ]  # fmt: skip

    def start(self, *words: str) -> subprocess.Popen[bytes]:
        process = super().start(*words)
        self.cluster.clients.append(process)
        return process

    def finish(self, process: subprocess.Popen[bytes]) -> None:
        assert process.wait(timeout=3600) == 0, (self.folder / "output.txt").read_text()[-5000:]

    def wait_for_output(self, text: str) -> None:
        deadline = time.monotonic() + 900
        while text not in (self.folder / "output.txt").read_text():
            assert time.monotonic() < deadline, f"Snakemake never said {text!r}"
            time.sleep(0.1)

    def hold_training(self, process: subprocess.Popen[bytes], step: int) -> str:
        """Stop round 1's training after a step, so that what comes finds it in its middle; its job's id."""
        self.wait_for(process, LOG, f"step {step}/")
        os.kill(self.trainer(LOG), signal.SIGSTOP)
        return self.cluster.job("train_round", self.folder).id

    def release_training(self) -> None:
        os.kill(self.trainer(LOG), signal.SIGCONT)

    def resumed(self) -> int:
        """How often round 1's training went on from a saved state."""
        return (self.folder / LOG).read_text().count("goes on from the saved step")


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A run on this machine, without Slurm."""
    project = Project(tmp_path_factory.mktemp("undisturbed"))
    project.run(TARGET, settings=CHOSEN)
    return project


def before_round_1(cluster: Cluster, undisturbed: Project, folder: Path, settings: dict = CHOSEN) -> OnSlurm:
    """A project for Slurm that still has round 1 to train."""
    project = OnSlurm(folder, cluster, settings=settings)
    shutil.copytree(undisturbed.folder / "results", project.folder / "results")
    for name in ("model.pt", "metrics.csv", "eval.json"):
        (project.folder / ROUND / name).unlink()
    for name in ("work", "predictions"):
        shutil.rmtree(project.folder / ROUND / name)
    (project.folder / TARGET).unlink()
    return project


def test_a_run_on_slurm_is_a_run_on_one_machine(
    cluster: Cluster, undisturbed: Project, tmp_path: Path
) -> None:
    """From raw scans on, with labelling and prediction divided into more jobs than there."""
    chosen = CHOSEN | {"data": {"inference_shards": 2}}
    options = ("--set-resources", "train_round:gpu_model=a100")
    project = OnSlurm(tmp_path / "whole", cluster, *options, settings=chosen)
    project.finish(project.start(TARGET))
    assert_same_results(undisturbed, project, TARGET, "tiny_50pct-suponly/round0", "tiny_50pct/round1")
    training = cluster.facts(cluster.job("train_start", project.folder).id)
    assert training["TresPerJob"] == "gres:gpu:1"
    assert cluster.facts(cluster.job("train_round", project.folder).id)["TresPerJob"] == "gres:gpu:a100:1"
    assert "TresPerJob" not in cluster.facts(cluster.job("prepare", project.folder).id)


def test_a_requeued_and_a_preempted_training_go_on(
    cluster: Cluster, undisturbed: Project, tmp_path: Path
) -> None:
    """What is edited meanwhile is not for the jobs that wait."""
    project = before_round_1(cluster, undisturbed, tmp_path / "requeued")
    process = project.start(TARGET)
    training = project.hold_training(process, 10)
    file = project.folder / "config/datasets/tiny.yaml"
    file.write_text(file.read_text().replace("prediction: {", "prediction: {min_score: 0.9, "))
    cluster.ask("scontrol", "requeue", training)
    cluster.start_now(training)
    assert project.hold_training(process, 25) == training
    cluster.ask("sbatch", "--partition=urgent", "--gpus=2", "--output=/dev/null", "--wrap=sleep 1")
    cluster.start_now(training)
    project.finish(process)
    assert cluster.job("train_round", project.folder) == Job(training, "COMPLETED", restarts=2)
    assert project.resumed() == 2
    assert_same_results(undisturbed, project, TARGET, "tiny_50pct/round1")


def test_a_training_whose_node_is_lost_goes_on_from_its_last_state(
    cluster: Cluster, undisturbed: Project, tmp_path: Path
) -> None:
    """Nobody asks it to save, so it saves after every step.

    Slurm holds the job back for two minutes, in which it makes sure that nothing of it runs any more.
    """
    chosen = CHOSEN | {"training": CHOSEN["training"] | {"save_every_s": 0}}
    project = before_round_1(cluster, undisturbed, tmp_path / "lost", chosen)
    process = project.start(TARGET)
    training = project.hold_training(process, 10)
    cluster.lose_node()
    project.finish(process)
    assert cluster.job("train_round", project.folder) == Job(training, "COMPLETED", restarts=1)
    assert project.resumed() == 1
    assert_same_results(undisturbed, project, TARGET, "tiny_50pct/round1")


def test_a_training_past_its_time_limit_goes_on_in_the_next_attempt(
    cluster: Cluster, undisturbed: Project, tmp_path: Path
) -> None:
    project = before_round_1(cluster, undisturbed, tmp_path / "late")
    process = project.start(TARGET)
    training = project.hold_training(process, 10)
    cluster.ask("scontrol", "update", f"JobId={training}", "EndTime=now")
    cluster.wait_for_state(training, "TIMEOUT")
    project.finish(process)
    assert cluster.job("train_round", project.folder).id != training
    assert project.resumed() == 1
    assert_same_results(undisturbed, project, TARGET, "tiny_50pct/round1")


def test_a_killed_snakemake_leaves_nothing_behind_that_disturbs_the_next(
    cluster: Cluster, undisturbed: Project, tmp_path: Path
) -> None:
    project = before_round_1(cluster, undisturbed, tmp_path / "killed")
    process = project.start(TARGET)
    orphan = project.hold_training(process, 10)
    process.kill()
    process.wait()
    assert cluster.facts(orphan)["JobState"] == "RUNNING"
    process = project.start(TARGET)
    project.wait_for_output(f"Cancelling what a killed run left in Slurm's queue: {orphan}")
    project.release_training()
    project.finish(process)
    output = (project.folder / "output.txt").read_text()
    assert "Cleared the locks of a run that was killed" in output
    assert cluster.facts(orphan)["JobState"] == "FAILED"
    assert project.resumed() == 1
    assert_same_results(undisturbed, project, TARGET, "tiny_50pct/round1")
