"""A copy of the workflow in a folder of its own, run as a user runs it: through the command line."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]

#: States are saved often, and a round lasts long enough to be killed in its middle.
SETTINGS = {
    "training": {"iterations": 20, "save_every_s": 0.2, "log_every": 5},
    "selftraining": {"iterations": 40},
}


class Project:
    """Snakefile, rules, configuration and profiles in ``folder``; ``results/`` appears there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        for name in ("workflow", "config", "profiles", "envs"):
            shutil.copytree(REPOSITORY / name, folder / name)
        shutil.copy(REPOSITORY / "Snakefile", folder)

    def command(self, *words: str, settings: dict | None = None) -> list[str]:
        snakemake = str(Path(sys.executable).with_name("snakemake"))
        chosen = json.dumps(SETTINGS if settings is None else settings)
        options = ["--cores", "2", "--resources", "gpu=0", "--config", f"settings={chosen}"]
        return [snakemake, *options, "--quiet", "host", "--", *words]

    def run(self, *words: str, settings: dict | None = None) -> str:
        """Run to the end and return all output; the exit code must be 0."""
        done = self.attempt(*words, settings=settings)
        assert done.returncode == 0, done.stdout
        return done.stdout

    def attempt(self, *words: str, settings: dict | None = None) -> subprocess.CompletedProcess[str]:
        command = self.command(*words, settings=settings)
        return subprocess.run(
            command, cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
        )

    def plan(self, *words: str, settings: dict | None = None) -> dict[str, int]:
        """Number of jobs of each rule that a run would start."""
        command = self.command(*words, settings=settings)
        command.insert(1, "--dry-run")
        done = subprocess.run(command, cwd=self.folder, capture_output=True, text=True, check=True)
        table = (done.stdout + done.stderr).split("Job stats:")
        if len(table) == 1:
            return {}
        rows = [line.split() for line in table[1].strip().splitlines()[2:]]
        counts = {row[0]: int(row[1]) for row in rows[: rows.index([]) if [] in rows else None]}
        return {rule: count for rule, count in counts.items() if rule != "total"}

    def start(self, *words: str) -> subprocess.Popen[bytes]:
        """Start in a process group of its own, output to a file."""
        with open(self.folder / "output.txt", "ab") as output:
            return subprocess.Popen(
                self.command(*words), cwd=self.folder, stdout=output, stderr=output, start_new_session=True
            )

    def wait_for(self, process: subprocess.Popen[bytes], log: str, text: str) -> None:
        """Wait until a trainer's log shows ``text``."""
        file, deadline = self.folder / log, time.monotonic() + 900
        while not (file.exists() and text in file.read_text()):
            assert process.poll() is None, (self.folder / "output.txt").read_text()
            assert time.monotonic() < deadline, f"{text!r} never came up in {file}"
            time.sleep(0.01)

    def trainer(self, log: str) -> int:
        """Process id of the training that writes ``log``."""
        return int((self.folder / log).with_name("lock").read_text().split()[1])

    def kill_at(self, process: subprocess.Popen[bytes], log: str, text: str, what: str) -> None:
        """Wait until a trainer's log shows ``text``, then kill -9 ``what``: trainer, snakemake or group."""
        self.wait_for(process, log, text)
        if what == "trainer":
            os.kill(self.trainer(log), signal.SIGKILL)
        elif what == "snakemake":
            os.kill(process.pid, signal.SIGKILL)
        else:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(timeout=120)


def assert_same_results(one: Project, other: Project, target: str, *stages: str) -> None:
    """Equal scores in the eval.json ``target``, equal weights, bit for bit, after each stage RUN/roundN."""
    import torch

    from twist.network.model import Model

    for stage in stages:
        models = [Model.load(project.folder / "results" / stage / "model.pt") for project in (one, other)]
        weights = [model.state_dict() for model in models]
        assert weights[0].keys() == weights[1].keys()
        assert all(torch.equal(weights[0][key], weights[1][key]) for key in weights[0]), stage
    records = [json.loads((project.folder / target).read_text()) for project in (one, other)]
    for record in records:
        del record["provenance"]
    assert records[0] == records[1]
