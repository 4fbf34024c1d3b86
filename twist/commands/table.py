"""Collect several eval.json in one table."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

HELP = "collect the scores of several runs and rounds in one table"
EXAMPLE = "python -m twist table --evaluations results/rooms_5pct*/eval.json --out table.md --csv table.csv"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--evaluations", type=Path, nargs="+", required=True, help="eval.json or rounds.json")
    parser.add_argument("--out", type=Path, required=True, help="Markdown table")
    parser.add_argument("--csv", type=Path, required=True)


def run(arguments: argparse.Namespace) -> None:
    from twist.files import write_text
    from twist.scoring.stored_record import read_records
    from twist.showing.tables import COLUMNS, as_csv, as_markdown, result_rows

    found = [(path, record) for path in arguments.evaluations for record in read_records(path)]
    rows = result_rows([record for _, record in found])
    alike = len({changes_of(record) for _, record in found}) == 1
    columns = COLUMNS if alike else ("variant", *COLUMNS)
    text = f"{title(found)}\n\n{as_markdown(rows, columns)}\n"
    write_text(arguments.out, text)
    write_text(arguments.csv, as_csv(rows, (*COLUMNS, "variant")))
    print(text)


def title(found: Sequence[tuple[Path, Mapping[str, Any]]]) -> str:
    """What all rows share: data, ratio, and what their names change of the default.

    found: the scores with their files. Raises TwistError where data or ratio differ: they cannot be compared.
    """
    from twist.errors import TwistError

    titles: dict[str, Path] = {}
    for path, record in found:
        parts = [record["dataset"], f"{record['scenes']} scored scenes", "percent"]
        if record["ratio_pct"] is not None:
            parts.insert(1, f"{record['ratio_pct']:g} % of the scenes labelled")
        titles.setdefault(", ".join(parts), path)
    if len(titles) > 1:
        several = "; ".join(f"{path}: {text}" for text, path in titles.items())
        raise TwistError(f"one table takes scores of one data set and one ratio, not of several: {several}")
    changes = {changes_of(record) for _, record in found}
    return ", ".join([*titles, *changes.pop()] if len(changes) == 1 else titles)


def changes_of(record: Mapping[str, Any]) -> tuple[str, ...]:
    """The modifiers in the name of the run that a score is of, but for method and seed."""
    from twist.runs import Run

    if not record["variant"]:
        return ()
    run = Run.parse("{dataset}_{ratio_pct:g}pct{variant}".format(**record))
    init = (f"init{run.init}",) if run.init else ()
    return tuple(f"-{change}" for change in (*run.changes, *init))
