"""bench.md and bench.json: the table of what was measured, and where."""

from __future__ import annotations

import platform
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.bench.case import Case
from benchmarks.bench.measure import Measured, Side
from twist.files import write_json, write_text


@dataclass(frozen=True)
class Row:
    """One case at one size."""

    case: Case
    size: int
    measured: Measured

    def line(self) -> str:
        """For the terminal."""
        m = self.measured
        return (
            f"{self.case.name:<36} {m.amount:>8} {self.case.unit:<10} {_time(m.ours.cpu_s):>9}, "
            f"plain {_time(m.reference.cpu_s):>9}: {m.ratio:.2f} x"
        )

    def record(self) -> dict[str, Any]:
        m = self.measured

        def side(one: Side) -> dict[str, Any]:
            return {"cpu_s": one.cpu_s, "memory_mb": one.memory_mb}

        return {
            "case": self.case.name,
            "unit": self.case.unit,
            "amount": m.amount,
            "ours": side(m.ours),
            "reference": side(m.reference) | {"what": self.case.plain},
            "agreement": self.case.agreement,
            "ratio": m.ratio,
            "repeats": m.repeats,
        }


def write_report(folder: Path, rows: list[Row], facts: dict[str, Any]) -> None:
    """Both files, each whole or not at all. facts: provenance, with ``machine``."""
    write_json(folder / "bench.json", {"provenance": facts, "rows": [row.record() for row in rows]})
    write_text(folder / "bench.md", as_markdown(rows, facts))


def machine() -> dict[str, Any]:
    """Processor and number of cores; no name of the host."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return {"processor": models[0] if models else platform.machine(), "cores": max(len(models), 1)}


def as_markdown(rows: list[Row], facts: dict[str, Any]) -> str:
    """The table, what each step was compared with, and the versions."""
    where = facts["machine"]
    lines = [
        "# Benchmarks",
        "",
        "Processor time of a call on one thread, the least of several, and peak memory beyond the input, on "
        f"{where['processor']} ({where['cores']} cores), revision {facts['revision']}. × is how many times "
        "as long the plain reference takes, measured in turn in the same process.",
        "",
        "| step | size | time | a second | memory | plain: time | memory | × |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        m = row.measured
        lines.append(
            f"| {row.case.name} | {m.amount:_} {row.case.unit} | ".replace("_", " ")
            + f"{_time(m.ours.cpu_s)} | "
            f"{_short(m.amount / m.ours.cpu_s)} | {_memory(m.ours)} | {_time(m.reference.cpu_s)} | "
            f"{_memory(m.reference)} | {m.ratio:.2f} |"
        )
    lines += ["", "| step | plain reference | results agree |", "|---|---|---|"]
    cases = {row.case.name: row.case for row in rows}
    lines += [f"| {name} | {case.plain} | {case.agreement} |" for name, case in cases.items()]
    versions = ", ".join(f"{name} {version}" for name, version in facts["versions"].items())
    return "\n".join([*lines, "", f"Versions: {versions}."]) + "\n"


def _time(seconds: float) -> str:
    return f"{seconds:.2f} s" if seconds >= 1 else f"{1000 * seconds:.3g} ms"


def _memory(side: Side) -> str:
    return "-" if side.memory_mb is None else f"{side.memory_mb:.0f} MB"


def _short(number: float) -> str:
    for unit, letter in ((1e6, "M"), (1e3, "k")):
        if number >= unit:
            return f"{number / unit:.3g}{letter}"
    return f"{number:.3g}"
