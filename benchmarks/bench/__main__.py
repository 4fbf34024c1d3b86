"""Measure every step of TWIST: python -m benchmarks.bench [--quick] [--only NAME ...]"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import torch

from benchmarks.bench.measure import BUDGET_S, measure
from benchmarks.bench.report import Row, machine, write_report
from benchmarks.bench.suite import CASES
from twist.provenance import provenance


def chosen(words: list[str]) -> list:
    """The cases whose name has one of the words; all without words."""
    found = [case for case in CASES if not words or any(word in case.name for word in words)]
    if not found:
        raise SystemExit(f"no case has {' or '.join(words)} in its name: {', '.join(c.name for c in CASES)}")
    return found


def main(words: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="+", default=[], metavar="NAME", help="cases with this in the name")
    parser.add_argument("--quick", action="store_true", help="the smallest size of each")
    parser.add_argument(
        "--out", type=Path, default=Path("results/bench"), help="gets bench.md and bench.json"
    )
    arguments = parser.parse_args(words)
    torch.set_num_threads(1)
    facts = provenance(device="cpu") | {"machine": machine()}
    rows, budget_s = [], 0.3 if arguments.quick else BUDGET_S
    for case in chosen(arguments.only):
        for size in case.sizes[:1] if arguments.quick else case.sizes:
            with tempfile.TemporaryDirectory() as folder:
                rows.append(Row(case, size, measure(case.task(size, Path(folder)), budget_s)))
            print(rows[-1].line(), flush=True)
            write_report(arguments.out, rows, facts)  # each time: a suite that is stopped leaves what it has
    print(f"wrote {arguments.out / 'bench.md'} and bench.json")


if __name__ == "__main__":
    main()
