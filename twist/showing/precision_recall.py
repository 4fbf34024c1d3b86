"""Precision over recall of each class, as small panels."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure

from twist.showing.style import BLUE, VERMILION, legend_below, panels, styled

_LOOKS = (
    {"color": BLUE, "linestyle": "-", "linewidth": 1.6},
    {"color": VERMILION, "linestyle": "--", "linewidth": 1.2},
)
_NOTHING = (np.zeros(0), np.zeros(0))


@styled
def plot_precision_recall(
    curves: Mapping[str, Mapping[str, tuple[np.ndarray, np.ndarray]]], titles: Mapping[str, str]
) -> Figure:
    """A panel for each class of ``titles``, with one line for each of at most two curves.

    curves: precision and recall (P,) each by class, by the curves' names; a class without annotation has none
    """
    columns = min(6, len(titles))
    figure, axes = panels(-(-len(titles) // columns), columns, width=1.75, height=1.9)
    for place, (axis, (name, title)) in enumerate(zip(axes, titles.items(), strict=False)):
        shown = [of_class.get(name, _NOTHING) for of_class in curves.values()]
        for label, (precision, recall), look in zip(curves, shown, _LOOKS, strict=False):
            axis.plot(recall, precision, **look, label=label, clip_on=False)
        annotated = any(name in of_class for of_class in curves.values())
        if annotated and not any(recall.any() for _, recall in shown):
            axis.text(
                0.5, 0.5, "none found", ha="center", transform=axis.transAxes, fontsize=8, color="#555555"
            )
        axis.set_title(title, fontsize=9)
        axis.set(xlim=(0, 1), ylim=(0, 1), xticks=(0, 0.5, 1), yticks=(0, 0.5, 1), aspect="equal")
        axis.set_xlabel("recall" if place >= len(titles) - columns else "")
        axis.set_ylabel("precision" if place % columns == 0 else "")
    for axis in axes[len(titles) :]:
        axis.set_axis_off()
    legend_below(figure, axes)
    return figure
