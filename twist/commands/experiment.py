"""The table of an experiment: several runs over seeds, with means, spreads and gains."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from twist.experiments.rows import METRICS, Experiment, command, score_file
from twist.experiments.scores import Line, read_scores, single_results, table_lines
from twist.files import write_text
from twist.showing.tables import as_csv, as_markdown, plus_minus

HELP = "make the table of an experiment: means over seeds, and gains seed by seed"
EXAMPLE = (
    "python -m twist experiment --experiment config/experiments/rooms_table9.yaml --results results "
    "--out results/experiments/rooms_table9.md --csv results/experiments/rooms_table9.csv"
)

_LEGEND = """\
Percent. Scores are means ± sample standard deviation over the seeds; gains are means ± standard error of the
differences to the row under `against`, seed by seed."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--experiment", type=Path, required=True, help="of config/experiments/")
    parser.add_argument("--results", type=Path, default=Path("results"), help="folder of the runs' folders")
    parser.add_argument("--out", type=Path, required=True, help="Markdown: the table and its commands")
    parser.add_argument("--csv", type=Path, required=True, help="one line for each row, seed and round")


def run(arguments: argparse.Namespace) -> None:
    experiment = Experiment.load(arguments.experiment)
    scores = read_scores(experiment, arguments.results)
    singles = single_results(experiment, scores)
    text = _page(experiment, table_lines(experiment, scores), singles)
    write_text(arguments.out, text)
    write_text(arguments.csv, as_csv(singles, list(singles[0])))
    print(text, end="")


def _page(experiment: Experiment, lines: list[Line], singles: list[dict[str, Any]]) -> str:
    """Title, table, how each row is made, and with which code."""
    rows = [_cells(line) for line in lines]
    columns = [column for column in rows[0] if any(row[column] is not None for row in rows)]
    commands = [f"- all: `{command(f'results/experiments/{experiment.name}.md')}`"]
    for row in experiment.rows:
        files = (score_file(row.run_of(seed)) for seed in row.seeds)
        commands.append(f"- {row.label}: `{command(*files)}`")
    made_with = {f"twist {one['twist']}, commit {one['revision'] or 'unknown'}" for one in singles}
    parts = [
        f"# {experiment.title}",
        experiment.about,
        as_markdown(rows, columns),
        _LEGEND,
        "\n".join(commands),
        f"Made with {'; '.join(sorted(made_with))}.",
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _cells(line: Line) -> dict[str, Any]:
    """A line of the table by column; None = nothing to show."""
    cells: dict[str, Any] = {"row": line.row.label, "round": line.round, "seeds": line.seeds}
    for metric in METRICS:
        score = line.scores[metric]
        cells[metric] = score and plus_minus(score.mean, score.spread)
    cells["against"] = line.row.against
    for metric in ("mAP", "AP50"):
        gain = line.gains[metric]
        cells[f"gain {metric}"] = gain and plus_minus(gain.mean, gain.spread, signed=True)
        if gain and gain.count < line.seeds:
            cells[f"gain {metric}"] += f" ({gain.count} seeds)"
    return cells | {f"paper {metric}": line.row.paper.get(metric) for metric in METRICS}
