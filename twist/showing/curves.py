"""Figures over rounds, label ratios or settings, as lines in panels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from twist.showing.style import legend_below, panels, styled

#: Our curves stand this far apart on x, so that equal figures and their error bars can be told apart.
_DODGE = 0.05


@dataclass(frozen=True)
class Curve:
    """One line. y: NaN = no figure, which breaks the line; spread: half the height of an error bar, or NaN.

    dashed: drawn thin, hollow and dashed: a figure that is not ours
    """

    name: str
    x: Sequence[float]
    y: Sequence[float]
    spread: Sequence[float]
    colour: str
    marker: str = "o"
    dashed: bool = False


@styled
def plot_curves(
    groups: Mapping[str, Sequence[Curve]],
    *,
    columns: int,
    x_label: str,
    y_label: str,
    ticks: Mapping[float, str],
    zero_line: bool = False,
) -> Figure:
    """A panel for each group of curves, by its title. ticks: the places on x, with their names.

    zero_line: figures are differences, and may be negative; all others are not
    """
    rows = -(-len(groups) // columns)
    figure, axes = panels(rows, columns, width=3.2, height=3.0)
    places = sorted(ticks)
    for axis, (title, curves) in zip(axes, groups.items(), strict=False):
        for k, curve in enumerate(curves):
            _draw(axis, curve, shift=_DODGE * (k - (len(curves) - 1) / 2))
        if zero_line:
            axis.axhline(0, color="black", linewidth=0.8, zorder=0)
        else:  # not below 0, and a unit high where all figures are the same
            low = max(axis.get_ylim()[0], 0.0)
            axis.set_ylim(low, max(axis.get_ylim()[1], low + 1.0))
        axis.set(title=title, xlabel=x_label, ylabel=y_label)
        axis.set_xticks(places, [ticks[place] for place in places])
        axis.set_xlim(places[0] - 0.3, places[-1] + 0.3)
        if not any(np.isfinite(curve.y).any() for curve in curves):
            axis.text(0.5, 0.5, "not run yet", ha="center", transform=axis.transAxes)
    for axis in axes[len(groups) :]:
        axis.set_axis_off()
    legend_below(figure, axes)
    return figure


def _draw(axis: Axes, curve: Curve, shift: float) -> None:
    shape = {"marker": curve.marker, "color": curve.colour, "label": curve.name}
    if curve.dashed:
        shape |= {"linestyle": (0, (4, 2)), "linewidth": 1.0, "markerfacecolor": "white", "markersize": 4}
        axis.plot(curve.x, curve.y, **shape)
        return
    x = np.asarray(curve.x, float) + shift
    if np.isfinite(curve.spread).any():
        axis.errorbar(x, curve.y, curve.spread, capsize=2.5, elinewidth=0.9, **shape)
    else:
        axis.plot(x, curve.y, **shape)
