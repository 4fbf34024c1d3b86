"""Figures by class, as bars with the published figure beside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
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
    """A panel for each group, by its title: a bar a class and method, the published figure as a tick.

    Ticks are black; of a method without a bar of its own, in its colour.
    """
    most = max((len(bars) for bars in groups.values()), default=1)
    thickness, place = 0.84 / max(1, most), np.arange(len(classes))
    figure, axes = panels(1, max(1, len(groups)), width=4.2, height=0.9 + len(classes) * (0.1 + 0.09 * most))
    for axis, (title, bars) in zip(axes, groups.items(), strict=False):
        for k, method in enumerate(bars):
            y = place + (k - (len(bars) - 1) / 2) * thickness
            name = method.name if np.isfinite(method.values).any() else None
            axis.barh(y, method.values, 0.9 * thickness, color=method.colour, label=name)
            _draw_published(axis, method, y, size=40 * thickness)
        axis.set(title=title, xlabel=x_label, xlim=(0, 101), ylim=(len(classes) - 0.4, -0.6))
        axis.set_yticks(place, classes if axis is axes[0] else [])
        axis.tick_params(axis="y", length=0)
        axis.grid(visible=False, axis="y")
    legend_below(figure, axes)
    return figure


def _draw_published(axis: Axes, method: Bars, y: np.ndarray, size: float) -> None:
    own = np.isfinite(method.values).any()
    name, colour = (
        ("the paper's, same method", BLACK) if own else (f"{method.name}, the paper's", method.colour)
    )
    if own:  # a white rim, to be seen on dark bars too
        axis.plot(method.published, y, "|", color="white", markeredgewidth=4, markersize=size)
    axis.plot(method.published, y, "|", color=colour, markeredgewidth=1.6, markersize=size, label=name)
