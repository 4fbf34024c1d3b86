"""The training's log: lines for the terminal and a file, numbers for metrics.csv."""

from __future__ import annotations

import csv
import io
import time
from collections import defaultdict
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

from twist.errors import TwistError
from twist.files import write_text


class TrainingLog:
    """Collects what happens between two log lines and writes it to the terminal, log.txt and metrics.csv.

    metrics.csv has one row a line: step, learning rate, loss parts, proposals, voxels/s, data and compute
    seconds a step. After a resume, rows past the saved step are dropped and written again; the first
    of them averages the steps since the saved one alone.
    """

    def __init__(self, folder: Path, total_steps: int, name: str) -> None:
        self.total, self.name = total_steps, name
        self.file, self.metrics = folder / "log.txt", folder / "metrics.csv"
        self._rows: list[dict[str, str]] = []
        self._sums: dict[str, float] = defaultdict(float)
        self._steps = 0
        self._began = time.monotonic()
        self._first_step: int | None = None

    def line(self, text: str) -> None:
        """One line to the terminal and to log.txt. Raises TwistError when the disk is full."""
        stamped = f"{time.strftime('%H:%M:%S')} {self.name} | {text}"
        print(stamped, flush=True)
        try:
            with self.file.open("a", encoding="utf-8") as handle:
                handle.write(stamped + "\n")
        except OSError as error:
            raise TwistError(f"cannot write {self.file}: {error.strerror}") from error

    def resume_at(self, step: int) -> None:
        """Keep the metrics of the steps that the loaded state has seen."""
        if step and self.metrics.exists():
            rows = list(csv.DictReader(io.StringIO(self.metrics.read_text(encoding="utf-8"))))
            self._rows = [row for row in rows if int(row["step"]) <= step]

    def add(self, step: int, seconds: dict[str, float], voxels: int, parts: dict[str, float]) -> None:
        """Count one finished step: seconds spent on data and compute, and its numbers."""
        if self._first_step is None:
            self._first_step, self._began = step - 1, time.monotonic() - sum(seconds.values())
        self._steps += 1
        for key, value in {**parts, **seconds, "voxels": voxels}.items():
            self._sums[key] += value

    def flush(self, step: int, learning_rate: float, figures: Mapping[str, float] | None = None) -> None:
        """Write one line and one row with the means since the last, and figures measured now."""
        if not self._steps or self._first_step is None:
            return
        mean = {key: value / self._steps for key, value in self._sums.items()} | dict(figures or {})
        voxels, data_s, compute_s = (mean.pop(key) for key in ("voxels", "data_s", "compute_s"))
        pace = (time.monotonic() - self._began) / (step - self._first_step)
        rate = voxels / max(data_s + compute_s, 1e-9)
        left = timedelta(seconds=round(pace * (self.total - step)))
        shown = "  ".join(f"{key} {value:.3g}" for key, value in mean.items())
        self.line(
            f"step {step}/{self.total}  {shown}  lr {learning_rate:.2g}  {rate / 1000:.0f}k voxels/s  "
            f"data {data_s:.2f} s  compute {compute_s:.2f} s  ETA {left}"
        )
        numbers = {"step": step, "learning_rate": learning_rate, **mean}
        numbers |= {"voxels_per_s": rate, "data_s": data_s, "compute_s": compute_s}
        self._rows.append({key: f"{value:.6g}" for key, value in numbers.items()})
        self._sums.clear()
        self._steps = 0

    def save_metrics(self, path: Path) -> None:
        """Write all rows so far as CSV, whole."""
        columns = list(dict.fromkeys(key for row in self._rows for key in row))
        buffer = io.StringIO()
        writer = csv.DictWriter(buffer, columns, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(self._rows)
        write_text(path, buffer.getvalue())


class SilentLog(TrainingLog):
    """The log of all processes of a training but the first: it writes nothing."""

    def line(self, text: str) -> None: ...

    def resume_at(self, step: int) -> None: ...

    def save_metrics(self, path: Path) -> None: ...
