"""A run stopped at random moments, over and over, then to its end: python -m benchmarks.kills --out kills

Each time Snakemake, its jobs, or all of them get a signal, mostly SIGKILL, some time after the run has made
some progress. The end is compared with a run that nobody disturbed. Goes on with what ``--out`` holds.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path

from tests.workflow.project import SETTINGS, Project, assert_same_results

TARGET = "results/tiny_50pct/eval.json"
STAGES = ("tiny_50pct-suponly/round0", "tiny_50pct/round1")
ONE_ROUND = SETTINGS | {"selftraining": {"iterations": 40, "rounds": 1}}
#: Who gets which signal; each is drawn as often as it stands here.
FAULTS = (
    *[("snakemake", signal.SIGKILL), ("snakemake", signal.SIGTERM)],
    *[("jobs", signal.SIGKILL)] * 2,
    *[("all", signal.SIGKILL)] * 2,
    ("all", signal.SIGINT),
)


class OneRound(Project):
    """A run of one round; a folder that exists already goes on."""

    def __init__(self, folder: Path) -> None:
        if folder.exists():
            self.folder = folder
        else:
            super().__init__(folder)

    def command(self, *words: str, settings: dict | None = None) -> list[str]:
        return super().command(*words, settings=ONE_ROUND)

    def progress(self) -> int:
        """Lines of the trainings' logs, and files of scans."""
        results = self.folder / "results"
        logs = (len(file.read_text().splitlines()) for file in results.rglob("work/log.txt"))
        return sum(logs) + sum(1 for _ in results.rglob("*.npz"))

    def verbs(self) -> dict[int, str]:
        """The processes of its jobs and the verbs they run."""
        found = {}
        for process in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):  # has ended meanwhile
                words = (process / "cmdline").read_bytes().decode().split("\0")
                if (process / "cwd").readlink() == self.folder and words[1:3] == ["-m", "twist"]:
                    found[int(process.name)] = words[3]
        return found


def disturb(project: OneRound, rng: random.Random) -> str:
    """Start the run, wait for some progress and a random time, strike; what was struck, for people."""
    process = project.start(TARGET)
    wanted = project.progress() + rng.randint(1, 5)
    while project.progress() < wanted and process.poll() is None:
        time.sleep(0.2)
    with suppress(subprocess.TimeoutExpired):
        return f"ended by itself: {process.wait(rng.choice((0.0, 3.0, 20.0)) * rng.random())}"
    (whom, number), verbs = rng.choice(FAULTS), project.verbs()
    if whom == "snakemake":
        process.send_signal(number)
    elif whom == "all":
        os.killpg(process.pid, number)
    else:
        for verb in verbs:
            with suppress(ProcessLookupError):
                os.kill(verb, number)
    process.wait()
    return f"{number.name} to {whom} during {', '.join(sorted(set(verbs.values()))) or 'no job'}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True, help="folder for both runs")
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()

    out = arguments.out.resolve()
    undisturbed, disturbed = OneRound(out / "undisturbed"), OneRound(out / "disturbed")
    undisturbed.run(TARGET)
    rng = random.Random(arguments.seed)
    for number in range(arguments.kills):
        print(number, disturb(disturbed, rng), flush=True)
    disturbed.run(TARGET)
    assert_same_results(undisturbed, disturbed, TARGET, *STAGES)
    left = [str(file) for file in disturbed.folder.rglob("*.part")]
    print(f"the same weights and figures; unfinished files: {left or 'none'}; jobs left: {disturbed.verbs()}")


if __name__ == "__main__":
    main()
