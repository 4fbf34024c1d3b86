"""How all plots look and become files. The same numbers give the same bytes, with or without a display."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from twist.files import atomic_write

#: Okabe and Ito's colours, which colour-blind readers tell apart; yellow, pale on white, is left out.
BLUE, VERMILION, GREEN, PINK, SKY, ORANGE, BLACK = (
    "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000",
)  # fmt: skip
#: By round, from 0.
ROUND_COLOURS = (BLACK, BLUE, VERMILION, GREEN, PINK, SKY, ORANGE)
GREY = "#BBBBBB"

_STYLE = {
    "svg.hashsalt": "twist",  # names inside an SVG are random otherwise
    "font.family": "DejaVu Sans",  # comes with matplotlib
    "font.size": 9.0,
    "axes.titlesize": 10.0,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#E5E5E5",
    "legend.frameon": False,
    "lines.markersize": 5.0,
}
styled = matplotlib.rc_context(_STYLE)
#: Nothing of the day or the machine goes into a file.
_METADATA = {"png": {"Software": None}, "svg": {"Date": None, "Creator": None}}


@styled
def save_plot(figure: Figure, stem: Path, kinds: Sequence[str] = ("png", "svg")) -> None:
    """Write a figure as ``stem``.png and ``stem``.svg, atomically."""
    for kind in kinds:
        with atomic_write(stem.with_suffix(f".{kind}")) as handle:
            figure.savefig(handle, format=kind, dpi=150, metadata=_METADATA[kind])


def colour_of(round_number: int) -> str:
    """A round's colour."""
    return ROUND_COLOURS[round_number % len(ROUND_COLOURS)]


def panels(rows: int, columns: int, width: float, height: float) -> tuple[Figure, list[Axes]]:
    """A figure of axes in reading order; width and height of one, in inches."""
    figure = Figure(figsize=(columns * width, rows * height), layout="constrained")
    axes = figure.subplots(rows, columns, squeeze=False)
    return figure, list(axes.flat)


def legend_below(figure: Figure, axes: list[Axes]) -> None:
    """One legend of all that the axes show, each name once, in as many columns as fit; none for nothing."""
    entries = {
        label: handle
        for axis in axes
        for handle, label in zip(*axis.get_legend_handles_labels(), strict=True)
    }
    if not entries:
        return
    inches = 0.6 + 0.06 * max(map(len, entries))
    columns = max(1, min(len(entries), int(figure.get_figwidth() / inches)))
    figure.legend(entries.values(), entries.keys(), loc="outside lower center", ncols=columns)
