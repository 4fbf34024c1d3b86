"""The paper's tables beside our figures, as plots: ours drawn through, the paper's dashed."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure

from twist.experiments.estimates import Estimate
from twist.experiments.rows import METRICS, Row
from twist.experiments.scores import Line
from twist.published.tables import METHODS, RATIOS, Method, PaperTable
from twist.showing.class_bars import Bars, plot_class_bars
from twist.showing.curves import Curve, plot_curves
from twist.showing.style import BLACK, BLUE, GREEN, GREY, ORANGE, PINK, SKY, VERMILION

_COLOURS = dict(zip(METHODS, (BLACK, GREY, ORANGE, SKY, BLUE, GREEN, PINK, VERMILION), strict=True))
_MARKERS = dict(zip(METHODS, "osDvo^Ps", strict=True))


def plot_comparison(table: PaperTable, lines: Sequence[Line]) -> Figure:
    """The plot of a table from its lines, those of ``table_lines``."""
    if table.name == "table12":
        return _plot_classes(table, lines)
    if table.name == "table11":
        return _plot_ratios(table, lines)
    if table.name == "rounds":
        return _plot_rounds(lines)
    return _plot_settings(table, lines)


def _plot_settings(table: PaperTable, lines: Sequence[Line]) -> Figure:
    """Change against the row that each is compared with: ours and the paper's start from one height."""
    numbers = [row for row in table.rows if re.search(r"= [\d.]+$", row.label)]
    others = [row for row in table.rows if row not in numbers and row.against]
    parts = [numbers, *([row] for row in others)]
    place = {row.label: float(x) for x, row in enumerate(numbers)}
    place |= {row.label: len(numbers) + 0.3 + 1.2 * x for x, row in enumerate(others)}
    groups = {}
    for metric in METRICS:
        published, ours = _published_changes(table, metric), _own_changes(lines, metric)
        groups[metric] = [
            Curve(name, [place[row.label] for row in part], *_values(part, changes), colour, marker, dashed)
            for name, changes, colour, marker, dashed in (
                ("the paper's, on ScanNet", published, BLACK, "D", True),
                ("ours: mean ± standard error of the pairs of seeds", ours, BLUE, "o", False),
            )
            for part in parts
            if changes
        ]
    shown = (*numbers, *others)
    ticks = {place[row.label]: re.sub("^[τα] (= )?", "", row.label.split(",")[0]) for row in shown}
    name = "certainty threshold τ" if table.name == "table9" else "weight of Ψ's loss"
    return plot_curves(
        groups, columns=3, x_label=name, y_label="change against the default", ticks=ticks, zero_line=True
    )


def _published_changes(table: PaperTable, metric: str) -> dict[str, Estimate]:
    papers = {row.label: row.paper for row in table.rows if row.paper}
    return {
        row.label: Estimate(row.paper[metric] - papers[row.against or row.label][metric], None, 1)
        for row in table.rows
        if row.paper
    }


def _own_changes(lines: Sequence[Line], metric: str) -> dict[str, Estimate]:
    """By row; of the rows that nothing is compared with, 0."""
    changes = {}
    for line in lines:
        change = line.gains[metric] if line.row.against else Estimate(0.0, None, line.seeds)
        if change:
            changes[line.row.label] = change
    return changes if len(changes) > 1 else {}


def _plot_ratios(table: PaperTable, lines: Sequence[Line]) -> Figure:
    """A line for each method over the label ratios."""
    scores = {line.row.label: line.scores for line in lines}
    groups: dict[str, list[Curve]] = {}
    for metric in METRICS:
        groups[metric] = []
        for method, rows in _by_method(table.rows).items():
            published = {row.label: Estimate(row.paper[metric], None, 1) for row in rows if row.paper}
            ours = {row.label: scores[row.label][metric] for row in rows if row.label in scores}
            for values, dashed in ((published, True), (ours, False)):
                if values:
                    name = f"{method.label}, the paper's" if dashed else method.label
                    look = (_COLOURS[method], _MARKERS[method], dashed)
                    groups[metric].append(Curve(name, range(len(rows)), *_values(rows, values), *look))
    ticks = {float(place): f"{ratio} %" for place, ratio in enumerate(RATIOS)}
    return plot_curves(groups, columns=3, x_label="scenes labelled", y_label="percent", ticks=ticks)


def _plot_rounds(lines: Sequence[Line]) -> Figure:
    """A row of panels for each label ratio; lines begin at the Sup-only model that they start from."""
    ratios = list(dict.fromkeys(line.row.run.ratio for line in lines))
    groups: dict[str, list[Curve]] = {}
    for ratio in ratios or [""]:
        here = [line for line in lines if line.row.run.ratio == ratio]
        for metric in METRICS:
            groups[f"{metric}, {ratio} % labelled" if ratio else metric] = [
                _over_rounds(method, own, here, metric)
                for method in METHODS
                if (own := [line for line in here if _is(method, line.row)])
            ]
    last = max((line.round for line in lines), default=1)
    ticks = {float(round_number): str(round_number) for round_number in range(last + 1)}
    return plot_curves(groups, columns=3, x_label="round", y_label="percent", ticks=ticks)


def _over_rounds(method: Method, own: Sequence[Line], all_lines: Sequence[Line], metric: str) -> Curve:
    pretraining = {"pc", "csc"}.intersection(method.changes)
    starts = [
        line
        for line in all_lines
        if line.row.run.method == "suponly" and set(line.row.run.changes) == pretraining
    ]
    path = own if method.method == "suponly" else [*starts, *own]
    mean, spread = _estimates([line.scores[metric] for line in path])
    if path is not own:  # the start has its error bar at Sup-only
        spread[: len(starts)] = [math.nan] * len(starts)
    round_numbers = [line.round for line in path]
    return Curve(method.label, round_numbers, mean, spread, _COLOURS[method], _MARKERS[method])


def _plot_classes(table: PaperTable, lines: Sequence[Line]) -> Figure:
    """A panel for each label ratio that has been run, a bar for each method; without any run, the paper's."""
    of_row = {line.row.label: line for line in lines}
    rows = [row for row in table.rows if row.label in of_row] or [row for row in table.rows if row.paper]
    groups: dict[str, list[Bars]] = {}
    for row in rows:
        line = of_row.get(row.label)
        values, _ = _estimates([line.scores[figure] if line else None for figure in table.figures])
        method = next(method for method in METHODS if _is(method, row))
        published = [row.paper.get(figure, math.nan) for figure in table.figures]
        bars = Bars(method.label, values, published, _COLOURS[method])
        groups.setdefault(f"{row.run.ratio} % labelled", []).append(bars)
    names = ["mean" if figure == "AP50" else figure for figure in table.figures]
    return plot_class_bars(names, groups, "AP50, percent")


def _is(method: Method, row: Row) -> bool:
    return (row.run.method, row.run.changes) == (method.method, method.changes)


def _by_method(rows: Sequence[Row]) -> dict[Method, list[Row]]:
    return {method: own for method in METHODS if (own := [row for row in rows if _is(method, row)])}


def _values(rows: Sequence[Row], values: Mapping[str, Estimate | None]) -> tuple[list[float], list[float]]:
    """Mean and spread of each row."""
    return _estimates([values.get(row.label) for row in rows])


def _estimates(values: Sequence[Estimate | None]) -> tuple[list[float], list[float]]:
    """Means and spreads; NaN where there is none."""
    mean = [math.nan if value is None else value.mean for value in values]
    spread = [math.nan if value is None or value.spread is None else value.spread for value in values]
    return mean, spread
