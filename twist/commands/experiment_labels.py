"""The pseudo-labels of an experiment's rows, round by round, as means over seeds."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from twist.experiments.labels import (
    FIGURES,
    LabelLine,
    diagnosis_file,
    label_lines,
    labelled_rows,
    read_labels,
    single_labels,
)
from twist.experiments.rows import Experiment, command
from twist.files import write_text
from twist.showing.tables import as_csv, as_markdown, plus_minus

HELP = "how good the pseudo-labels of an experiment's rows were: means over seeds, and changes seed by seed"
EXAMPLE = (
    "python -m twist experiment-labels --experiment config/experiments/rooms_gain.yaml --results results "
    "--out results/experiments/rooms_gain/labels.md --csv results/experiments/rooms_gain/labels.csv"
)

_LEGEND = """\
Percent, against the hidden annotations of the unlabelled scans: P = precision, C = coverage, R = recall
(docs/diagnosis.md). `points`: over all annotated points; `objects`: over those of objects;
`object classes`: means over their classes; `instances`: at IoU .5, from round 2 on. Means ± sample standard
deviation over the seeds."""
_CHANGES = """\
From the first round to the last, seed by seed: mean ± standard error; of instances, from round 2 on."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--experiment", type=Path, required=True, help="of config/experiments/")
    parser.add_argument("--results", type=Path, default=Path("results"), help="folder of the runs' folders")
    parser.add_argument("--out", type=Path, required=True, help="Markdown: both tables and their commands")
    parser.add_argument("--csv", type=Path, required=True, help="one line for each row, seed and round")


def run(arguments: argparse.Namespace) -> None:
    experiment = Experiment.load(arguments.experiment)
    labels = read_labels(experiment, arguments.results)
    text = _page(experiment, label_lines(experiment, labels))
    singles = single_labels(experiment, labels)
    write_text(arguments.out, text)
    write_text(arguments.csv, as_csv(singles, list(singles[0])))
    print(text, end="")


def _page(experiment: Experiment, lines: list[LabelLine]) -> str:
    last = {line.row.label: line for line in lines}
    commands = [f"- all: `{command(f'results/experiments/{experiment.name}/labels.md')}`"]
    for row in labelled_rows(experiment):
        files = (diagnosis_file(row.run_of(seed)) for seed in row.seeds)
        commands.append(f"- {row.label}: `{command(*files)}`")
    columns = ("row", "round", "seeds", *FIGURES)
    parts = [
        f"# Pseudo-labels: {experiment.title}",
        as_markdown([_figures(line) for line in lines], columns),
        _LEGEND,
        as_markdown([_changes(line) for line in last.values()], columns),
        _CHANGES,
        "\n".join(commands),
    ]
    return "\n\n".join(parts) + "\n"


def _figures(line: LabelLine) -> dict[str, Any]:
    cells = {name: value and plus_minus(value.mean, value.spread) for name, value in line.figures.items()}
    return {"row": line.row.label, "round": line.round, "seeds": line.seeds} | cells


def _changes(line: LabelLine) -> dict[str, Any]:
    """Of a row's last line."""
    cells = {
        name: value and plus_minus(value.mean, value.spread, signed=True)
        for name, value in line.changes.items()
    }
    return {"row": line.row.label, "round": f"1 to {line.round}", "seeds": line.seeds} | cells
