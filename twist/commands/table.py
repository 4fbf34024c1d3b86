"""Collect several eval.json in one table."""

from __future__ import annotations

import argparse
from pathlib import Path

HELP = "collect the scores of several runs and rounds in one table"
EXAMPLE = "python -m twist table --evaluations results/*/round*/eval.json --out table.md --csv table.csv"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--evaluations", type=Path, nargs="+", required=True, help="eval.json, a row each")
    parser.add_argument("--out", type=Path, required=True, help="Markdown table")
    parser.add_argument("--csv", type=Path, required=True)


def run(arguments: argparse.Namespace) -> None:
    from twist.files import read_json, write_text
    from twist.showing.tables import as_csv, as_markdown, result_rows

    records = [read_json(path) for path in arguments.evaluations]
    first = records[0]
    rows = result_rows(records)
    labels = f"{first['ratio_pct']:g} % of the scenes labelled"
    title = f"{first['dataset']}, {labels}, {first['scenes']} scored scenes, percent"
    text = f"{title}\n\n{as_markdown(rows)}\n"
    write_text(arguments.out, text)
    write_text(arguments.csv, as_csv(rows))
    print(text)
