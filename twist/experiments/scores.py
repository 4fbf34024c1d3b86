"""What the seeds of a table's rows give together: their scores, and gains seed by seed."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from twist.errors import TwistError
from twist.experiments.estimates import Estimate, mean_difference, mean_over_seeds
from twist.experiments.rows import METRICS, Experiment, Row, command, score_file
from twist.scoring.stored_record import read_round_records

#: A score: the content of an eval.json.
Record = Mapping[str, Any]
#: The scores of one row, by seed and round.
Scores = Mapping[int, Mapping[int, Record]]


@dataclass(frozen=True)
class Line:
    """One line of the table: a row after a round.

    scores: mean and sample standard deviation over the seeds, percent, by metric; gains: mean and standard
    error of the differences to ``row.against``, seed by seed. None where a figure is missing.
    """

    row: Row
    round: int
    seeds: int
    scores: Mapping[str, Estimate | None]
    gains: Mapping[str, Estimate | None]


def read_scores(experiment: Experiment, results: Path) -> dict[str, Scores]:
    """The scores of each row, by label. Raises TwistError where ``results/RUN/rounds.json`` is missing."""
    return {
        row.label: {seed: _rounds_of(row, seed, results) for seed in row.seeds} for row in experiment.rows
    }


def table_lines(
    experiment: Experiment, scores: Mapping[str, Scores], figures: Sequence[str] = METRICS
) -> list[Line]:
    """The lines of the table, by row and round. figures: keys of the records that are averaged."""
    return [
        _line(row, round_number, scores[row.label], scores[row.against] if row.against else {}, figures)
        for row in experiment.rows
        for round_number in sorted(
            {round_number for rounds in scores[row.label].values() for round_number in rounds}
        )
    ]


def single_results(experiment: Experiment, scores: Mapping[str, Scores]) -> list[dict[str, Any]]:
    """The same without means: one mapping for each row, seed and round, with where its figures come from."""
    return [
        {"row": row.label, "run": row.run_of(seed).name, "seed": seed, "round": round_number}
        | {metric: record[metric] for metric in METRICS}
        | {"scenes": record["scenes"], "settings": record["provenance"]["settings"]}
        | {"twist": record["provenance"]["versions"]["twist"], "revision": record["provenance"]["revision"]}
        | {"command": command(score_file(row.run_of(seed)))}
        for row in experiment.rows
        for seed, rounds in scores[row.label].items()
        for round_number, record in rounds.items()
    ]


def _rounds_of(row: Row, seed: int, results: Path) -> dict[int, Record]:
    run = row.run_of(seed)
    path = results / run.name / "rounds.json"
    if not path.exists():
        raise TwistError(f"{path} does not exist; `{command(score_file(run))}` makes it")
    rounds = {record["rounds"]: record for record in read_round_records(path)}
    return rounds if row.rounds == "all" else {max(rounds): rounds[max(rounds)]}


def _line(row: Row, round_number: int, own: Scores, other: Scores, figures: Sequence[str]) -> Line:
    records = {seed: rounds[round_number] for seed, rounds in own.items() if round_number in rounds}
    pairs = [
        # the other row's same round, or its last where it has no such round
        (record, other[seed].get(round_number, other[seed][max(other[seed])]))
        for seed, record in records.items()
        if seed in other
    ]
    scores, gains = {}, {}
    for metric in figures:
        scores[metric] = mean_over_seeds([_figure(record, metric) for record in records.values()])
        gains[metric] = mean_difference(
            [(_figure(mine, metric), _figure(theirs, metric)) for mine, theirs in pairs]
        )
    return Line(row, round_number, len(records), scores, gains)


def _figure(record: Record, metric: str) -> float:
    return math.nan if record[metric] is None else float(record[metric])
