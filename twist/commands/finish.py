"""Close a run: its score, its settings, and the metrics of all its trainings in one CSV."""

from __future__ import annotations

import argparse
from pathlib import Path

HELP = "write a run's eval.json (its last round's) and one CSV of the training metrics of all rounds"
EXAMPLE = (
    "python -m twist finish --run rooms_5pct --evaluations round1/eval.json --out eval.json "
    "--metrics round0/metrics.csv round1/metrics.csv --metrics-out metrics.csv --settings-out settings.yaml"
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    from twist.runs import add_settings_arguments

    add_settings_arguments(parser)
    parser.add_argument("--evaluations", type=Path, nargs="+", required=True, help="eval.json by round")
    parser.add_argument("--metrics", type=Path, nargs="+", required=True, help="metrics.csv by round, from 0")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--metrics-out", type=Path, required=True)
    parser.add_argument("--settings-out", type=Path, required=True, help="the run's resolved settings")


def run(arguments: argparse.Namespace) -> None:
    import pandas as pd

    from twist.files import read_json, write_json, write_text
    from twist.runs import chosen_settings

    rounds = [pd.read_csv(path) for path in arguments.metrics]
    joined = pd.concat(rounds, keys=range(len(rounds)), names=["round"]).reset_index("round")
    write_text(arguments.metrics_out, joined.to_csv(index=False))
    chosen_settings(arguments).save(arguments.settings_out)
    write_json(arguments.out, read_json(arguments.evaluations[-1]))
