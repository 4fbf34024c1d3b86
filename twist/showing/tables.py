"""Tables of results: rows of eval.json as Markdown and CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any

COLUMNS = ("method", "round", "seed", "mAP", "AP50", "AP25")

_NAMES = {"suponly": "Sup-only", "control": "label-only control", "twist": "TWIST"}


def result_rows(records: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """One row a record of eval.json, in the order given."""
    return [
        {
            "method": _NAMES.get(record["method"], record["method"]),
            "round": record["rounds"],
            **{key: record[key] for key in ("seed", "variant", "mAP", "AP50", "AP25")},
        }
        for record in records
    ]


def as_markdown(rows: Sequence[Mapping[str, Any]], columns: Sequence[str] = COLUMNS) -> str:
    """A Markdown table whose columns also line up in a terminal. Missing figures are empty."""
    cells = [[_cell(row[column]) for column in columns] for row in rows]
    widths = [max(len(text) for text in column) for column in zip(columns, *cells, strict=True)]
    rule = ["-" * width for width in widths]
    lines = [columns, rule, *cells]
    return "\n".join(
        "| " + " | ".join(text.ljust(w) for text, w in zip(line, widths, strict=True)) + " |"
        for line in lines
    )


def as_csv(rows: Sequence[Mapping[str, Any]], columns: Sequence[str] = COLUMNS) -> str:
    """The same as CSV, figures unrounded."""
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def plus_minus(mean: float, spread: float | None, *, signed: bool = False) -> str:
    """``31.4 ± 2.0``; without a spread the mean alone. signed: a difference, with its sign."""
    text = f"{mean:+.1f}" if signed else f"{mean:.1f}"
    return text if spread is None else f"{text} ± {spread:.1f}"


def _cell(value: Any) -> str:
    if value is None:
        return ""
    text = f"{value:.1f}" if isinstance(value, float) else str(value)
    return text.replace("|", r"\|")
