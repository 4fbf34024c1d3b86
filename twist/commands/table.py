"""Collect several eval.json in one table."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

HELP = "collect the scores of several runs and rounds in one table"
EXAMPLE = "python -m twist table --evaluations results/rooms_5pct*/eval.json --out table.md --csv table.csv"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--evaluations", type=Path, nargs="+", required=True, help="eval.json, a row each")
    parser.add_argument("--out", type=Path, required=True, help="Markdown table")
    parser.add_argument("--csv", type=Path, required=True)


def run(arguments: argparse.Namespace) -> None:
    from twist.files import write_text
    from twist.scoring.stored_record import read_record
    from twist.showing.tables import as_csv, as_markdown, result_rows

    records = [read_record(path) for path in arguments.evaluations]
    rows = result_rows(records)
    text = f"{title(arguments.evaluations, records)}\n\n{as_markdown(rows)}\n"
    write_text(arguments.out, text)
    write_text(arguments.csv, as_csv(rows))
    print(text)


def title(paths: Sequence[Path], records: Sequence[Mapping[str, Any]]) -> str:
    """What all rows are scored on. Raises TwistError where it is not the same: they cannot be compared."""
    from twist.errors import TwistError

    titles: dict[str, Path] = {}
    for path, record in zip(paths, records, strict=True):
        parts = [record["dataset"], f"{record['scenes']} scored scenes", "percent"]
        if record["ratio_pct"] is not None:
            parts.insert(1, f"{record['ratio_pct']:g} % of the scenes labelled")
        titles.setdefault(", ".join(parts), path)
    if len(titles) > 1:
        found = "; ".join(f"{path}: {text}" for text, path in titles.items())
        raise TwistError(f"one table takes scores of one data set and one ratio, not of several: {found}")
    return next(iter(titles))
