"""The diagnosis of a run: its rounds side by side, as a table and as a page to read."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from twist.scoring.reliability import Reliability
from twist.showing.tables import as_markdown

if TYPE_CHECKING:
    import pandas as pd

#: Column of the summary -> row and column of a round's pseudo_quality.csv.
_FROM_QUALITY = {
    "points_precision": ("all", "precision"),
    "points_coverage": ("all", "coverage"),
    "points_recall": ("all", "recall"),
    "things_precision": ("all things", "precision"),
    "things_coverage": ("all things", "coverage"),
    "things_recall": ("all things", "recall"),
    "thing_classes_precision": ("mean things", "precision"),
    "thing_classes_coverage": ("mean things", "coverage"),
    "thing_classes_recall": ("mean things", "recall"),
    "stuff_precision": ("all stuff", "precision"),
    "stuff_coverage": ("all stuff", "coverage"),
    "stuff_recall": ("all stuff", "recall"),
    "instance_precision": ("all things", "instance_precision"),
    "instance_recall": ("all things", "instance_recall"),
    "instance_precision_any_class": ("all things", "instance_precision_any_class"),
    "instance_recall_any_class": ("all things", "instance_recall_any_class"),
    "mean_iou": ("all things", "mean_iou"),
    "offset_error_m": ("all things", "offset_error_m"),
    "no_offset_error_m": ("all things", "no_offset_error_m"),
}
#: Headings of the page's table -> columns of the summary, joined by a slash.
_SHOWN = {
    "round": ("round",),
    "all points P / C / R": ("points_precision", "points_coverage", "points_recall"),
    "objects P / C / R": ("things_precision", "things_coverage", "things_recall"),
    "object classes P / C / R": (
        "thing_classes_precision",
        "thing_classes_coverage",
        "thing_classes_recall",
    ),
    "stuff P / C / R": ("stuff_precision", "stuff_coverage", "stuff_recall"),
    "instances P / R": ("instance_precision", "instance_recall"),
    "any class P / R": ("instance_precision_any_class", "instance_recall_any_class"),
    "IoU": ("mean_iou",),
    "offset error / without one, m": ("offset_error_m", "no_offset_error_m"),
    "ECE of certainty": ("certainty_ece",),
}


def summary(quality: pd.DataFrame, calibration: pd.DataFrame) -> list[dict[str, Any]]:
    """One row a round, from the joined CSV files of ``diagnose``; NaN where a figure does not exist."""
    rows = []
    for round_number, part in quality.groupby("round"):
        by_class = part.set_index("class")
        row = {"round": round_number} | {name: by_class.at[where] for name, where in _FROM_QUALITY.items()}
        bins = calibration[calibration["round"] == round_number]
        for score in ("certainty", "thing_probability", "stuff_probability"):
            reliability = Reliability.from_rows(bins[bins["score"] == score].to_dict("records"))
            row[f"{score}_ece"] = reliability.expected_error
        rows.append(row)
    return rows


def as_page(run: str, rows: Sequence[dict[str, Any]], quality: pd.DataFrame, plots: Mapping[str, str]) -> str:
    """The page ``diagnosis.md``: rounds, classes, and the plots: title -> path from the page."""
    rounds = [
        {heading: _joined([row[name] for name in names]) for heading, names in _SHOWN.items()} for row in rows
    ]
    parts = [
        f"# Pseudo-labels of {run}",
        "What each round learned of the unlabelled scans, against their hidden annotations. P = precision, "
        "C = coverage, R = recall, as fractions, over points (`object classes`: the mean over the classes); "
        "docs/diagnosis.md explains each figure.",
        as_markdown(rounds, tuple(_SHOWN)),
        "By class: precision / recall of points · of instances.",
        _class_table(quality),
        *(f"## {title}\n\n![{title}]({path})" for title, path in plots.items()),
    ]
    return "\n\n".join(parts) + "\n"


def _class_table(quality: pd.DataFrame) -> str:
    classes = quality[quality["kind"].isin(["thing", "stuff", "mean"])]
    rows = []
    for name, part in classes.groupby("class", sort=False):
        row = {"class": name, "points": str(part["true_points"].iloc[0])}
        for entry in part.to_dict("records"):
            points = _joined([entry["precision"], entry["recall"]])
            instances = _joined([entry["instance_precision"], entry["instance_recall"]])
            row[f"round {entry['round']}"] = points + (f" · {instances}" if instances else "")
        rows.append(row)
    return as_markdown(rows, tuple(rows[0]))


def _joined(values: Sequence[float]) -> str:
    """Figures with a slash between, ``–`` for one that does not exist; empty where none does."""
    if all(math.isnan(value) for value in values):
        return ""
    return " / ".join(_figure(value) for value in values)


def _figure(value: float) -> str:
    if math.isnan(value):
        return "–"
    return str(value) if isinstance(value, int) else f"{value:.2f}".removeprefix("0")
