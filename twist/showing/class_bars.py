"""Figures by class, as bars with the published figure beside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure

from twist.showing.style import BLACK, legend_below, panels, styled


@dataclass(frozen=True)
class Bars:
    """One method: a figure of each class, percent, and the published one; NaN where there is none."""

    name: str
    values: Sequence[float]
    published: Sequence[float]
    colour: str


@styled
def plot_class_bars(classes: Sequence[str], groups: Mapping[str, Sequence[Bars]], x_label: str) -> Figure:
    """A panel for each group, by its title: a bar a class and method, the published figure as a tick."""
    most = max((len(bars) for bars in groups.values()), default=1)
    thickness, place = 0.84 / max(1, most), np.arange(len(classes))
    figure, axes = panels(1, max(1, len(groups)), width=4.2, height=0.9 + len(classes) * (0.1 + 0.09 * most))
    for axis, (title, bars) in zip(axes, groups.items(), strict=False):
        for k, method in enumerate(bars):
            y = place + (k - (len(bars) - 1) / 2) * thickness
            axis.barh(y, method.values, 0.9 * thickness, color=method.colour, label=method.name)
            for colour, width in (("white", 4), (BLACK, 1.6)):  # seen on dark bars too
                name = "the paper's, same method" if colour == BLACK else None
                look = {"color": colour, "markeredgewidth": width, "markersize": 40 * thickness}
                axis.plot(method.published, y, "|", label=name, **look)
        axis.set(title=title, xlabel=x_label, xlim=(0, 101), ylim=(len(classes) - 0.4, -0.6))
        axis.set_yticks(place, classes if axis is axes[0] else [])
        axis.tick_params(axis="y", length=0)
        axis.grid(visible=False, axis="y")
    legend_below(figure, axes)
    return figure
