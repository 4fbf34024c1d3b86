"""The commands of docs/quick-start.md, run as they stand."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path

from tests.documents import PAGES, shell_lines

(_PAGE,) = [page for page in PAGES if page.name == "quick-start.md"]
#: Set-up, which the tests have behind them.
_SKIPPED = ("make ", "source ")


@dataclass(frozen=True)
class QuickStart:
    """folder: where the commands were run; output: of each, by its line; trained: the models that were made
    or changed by them."""

    folder: Path
    output: dict[str, str]
    trained: list[Path]

    @classmethod
    def run(cls, folder: Path) -> QuickStart:
        """Run all; one that fails fails the test, with what it said."""
        lines = [line for line in shell_lines(_PAGE) if not line.startswith(_SKIPPED)]
        before = _models(folder)
        output = {line: _run_line(line, folder) for line in lines}
        trained = [file for file, changed in _models(folder).items() if before.get(file) != changed]
        return cls(folder, output, trained)

    @property
    def report(self) -> Path:
        """Snakemake's report in one file."""
        return self.folder / "report.html"

    def unpacked_report(self, folder: Path) -> Path:
        """Snakemake's report with the 3D page beside it, out of its zip file."""
        with zipfile.ZipFile(self.folder / "report.zip") as packed:
            packed.extractall(folder)
        return folder / "report" / "report.html"


def _models(folder: Path) -> dict[Path, int]:
    return {file: file.stat().st_mtime_ns for file in folder.glob("results/*/round*/model.pt")}


def _run_line(line: str, folder: Path) -> str:
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
