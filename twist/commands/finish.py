"""Close a run: its score, and the metrics of all its trainings in one CSV."""

from __future__ import annotations

import argparse
from pathlib import Path

HELP = "write a run's eval.json (its last round's) and one CSV of the training metrics of all rounds"
EXAMPLE = (
    "python -m twist finish --evaluations round1/eval.json --metrics round0/metrics.csv round1/metrics.csv "
    "--out eval.json --metrics-out metrics.csv"
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--evaluations", type=Path, nargs="+", required=True, help="eval.json by round")
    parser.add_argument("--metrics", type=Path, nargs="+", required=True, help="metrics.csv by round, from 0")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--metrics-out", type=Path, required=True)


def run(arguments: argparse.Namespace) -> None:
    import pandas as pd

    from twist.files import read_json, write_json, write_text

    rounds = [pd.read_csv(path) for path in arguments.metrics]
    joined = pd.concat(rounds, keys=range(len(rounds)), names=["round"]).reset_index("round")
    write_text(arguments.metrics_out, joined.to_csv(index=False))
    write_json(arguments.out, read_json(arguments.evaluations[-1]))
