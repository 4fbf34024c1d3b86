"""How good the pseudo-labels of an experiment's rows were, round by round, over their seeds."""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from twist.errors import TwistError
from twist.experiments.estimates import Estimate, mean_difference, mean_over_seeds
from twist.experiments.rows import Experiment, Row, command
from twist.runs import Run

#: What the table shows -> column of a run's diagnosis.csv; docs/diagnosis.md says what each means.
FIGURES = {
    "points P": "points_precision",
    "points C": "points_coverage",
    "points R": "points_recall",
    "objects P": "things_precision",
    "objects C": "things_coverage",
    "objects R": "things_recall",
    "object classes P": "thing_classes_precision",
    "object classes C": "thing_classes_coverage",
    "object classes R": "thing_classes_recall",
    "instances P": "instance_precision",
    "instances R": "instance_recall",
}

#: Percent by figure; NaN where a round has none.
Quality = Mapping[str, float]
#: The quality of one row's labels, by seed and round.
Labels = Mapping[int, Mapping[int, Quality]]


@dataclass(frozen=True)
class LabelLine:
    """The labels of a row that one round learned from.

    figures: mean and sample standard deviation over the seeds, percent; changes: mean and standard error of
    the differences to the first round that has the figure, seed by seed, None in that round. None where a
    figure is missing.
    """

    row: Row
    round: int
    seeds: int
    figures: Mapping[str, Estimate | None]
    changes: Mapping[str, Estimate | None]


def labelled_rows(experiment: Experiment) -> list[Row]:
    """The rows that learn from pseudo-labels. Raises TwistError where none does."""
    rows = [row for row in experiment.rows if row.run.method == "twist"]
    if not rows:
        raise TwistError(f"no row of the experiment {experiment.name} learns from pseudo-labels")
    return rows


def read_labels(experiment: Experiment, results: Path) -> dict[str, Labels]:
    """The quality of each row's labels, by the row's label, from ``results/RUN/diagnosis.csv``."""
    return {
        row.label: {seed: _read_diagnosis(row.run_of(seed), results) for seed in row.seeds}
        for row in labelled_rows(experiment)
    }


def label_lines(experiment: Experiment, labels: Mapping[str, Labels]) -> list[LabelLine]:
    """One line for each row and round."""
    return [
        _line(row, round_number, labels[row.label])
        for row in labelled_rows(experiment)
        for round_number in sorted({number for rounds in labels[row.label].values() for number in rounds})
    ]


def single_labels(experiment: Experiment, labels: Mapping[str, Labels]) -> list[dict[str, object]]:
    """The same without means: one mapping for each row, seed and round."""
    return [
        {"row": row.label, "run": row.run_of(seed).name, "seed": seed, "round": number} | dict(quality)
        for row in labelled_rows(experiment)
        for seed, rounds in labels[row.label].items()
        for number, quality in rounds.items()
    ]


def diagnosis_file(run: Run) -> str:
    return f"results/{run.name}/diagnosis.csv"


def _read_diagnosis(run: Run, results: Path) -> dict[int, Quality]:
    path = results / run.name / "diagnosis.csv"
    made_by = f"`{command(diagnosis_file(run))}` makes it"
    if not path.exists():
        raise TwistError(f"{path} does not exist; {made_by}")
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return {
                int(row["round"]): {name: _percent(row[key]) for name, key in FIGURES.items()}
                for row in csv.DictReader(file)
            }
    except (KeyError, TypeError, ValueError, csv.Error) as error:
        raise TwistError(
            f"{path} is not a diagnosis of this version ({error!r}); delete it, {made_by}"
        ) from None


def _percent(cell: str) -> float:
    return 100 * float(cell) if cell else math.nan


def _line(row: Row, round_number: int, labels: Labels) -> LabelLine:
    quality = {seed: rounds[round_number] for seed, rounds in labels.items() if round_number in rounds}
    figures, changes = {}, {}
    for name in FIGURES:
        figures[name] = mean_over_seeds([figures_of[name] for figures_of in quality.values()])
        firsts = {seed: _first_round(labels[seed], name) for seed in quality}
        pairs = [
            (quality[seed][name], labels[seed][first][name])
            for seed, first in firsts.items()
            if first < round_number
        ]
        changes[name] = mean_difference(pairs)
    return LabelLine(row, round_number, len(quality), figures, changes)


def _first_round(rounds: Mapping[int, Quality], name: str) -> int:
    """The first round that has the figure, the last one where none has: round 1 learns no instances."""
    return next((r for r in sorted(rounds) if not math.isnan(rounds[r][name])), max(rounds))
