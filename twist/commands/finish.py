"""Close a run: its scores, its settings, and the metrics of all its trainings in one CSV."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

HELP = (
    "write a run's scores (of all rounds, and of the last) and one CSV of the training metrics of all rounds"
)
EXAMPLE = (
    "python -m twist finish --run rooms_5pct --evaluations round1/eval.json --out eval.json "
    "--rounds-out rounds.json --metrics round0/metrics.csv round1/metrics.csv --metrics-out metrics.csv "
    "--settings-out settings.yaml"
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    from twist.runs import add_settings_arguments

    add_settings_arguments(parser)
    parser.add_argument("--evaluations", type=Path, nargs="+", required=True, help="eval.json by round")
    parser.add_argument("--metrics", type=Path, nargs="+", required=True, help="metrics.csv by round, from 0")
    parser.add_argument("--out", type=Path, required=True, help="the last round's score")
    parser.add_argument("--rounds-out", type=Path, required=True, help="the scores of all rounds, as a list")
    parser.add_argument("--metrics-out", type=Path, required=True)
    parser.add_argument("--settings-out", type=Path, required=True, help="the run's resolved settings")


def run(arguments: argparse.Namespace) -> None:
    from twist.errors import TwistError
    from twist.files import write_json, write_text
    from twist.runs import Run, chosen_settings
    from twist.scoring.stored_record import read_round_record

    if not arguments.run:
        raise TwistError("give --run, the run that the scores are of")
    run = Run.parse(arguments.run)
    settings = chosen_settings(arguments)
    records = []
    for record in map(read_round_record, arguments.evaluations):
        # a round that runs share was scored under the name and the settings of one of them
        source = record["provenance"] | {"settings": settings.fingerprint()}
        records.append(record | run.about(record["rounds"]) | {"provenance": source})
    write_text(arguments.metrics_out, joined_metrics(arguments.metrics).to_csv(index=False))
    settings.save(arguments.settings_out)
    write_json(arguments.rounds_out, records)
    write_json(arguments.out, records[-1])


def joined_metrics(paths: Sequence[Path]) -> pd.DataFrame:
    """The training metrics of all rounds, with the round. Raises TwistError naming a file."""
    import pandas as pd

    from twist.errors import TwistError

    rounds = []
    for path in paths:
        try:
            rounds.append(pd.read_csv(path))
        except (OSError, ValueError) as error:  # ValueError: not a CSV, empty, not text
            raise TwistError(f"{path}: cannot be read as a CSV of training metrics: {error}") from error
        if "step" not in rounds[-1]:
            raise TwistError(f"{path}: no CSV of training metrics: it has no column `step`")
    return pd.concat(rounds, keys=range(len(rounds)), names=["round"]).reset_index("round")
