"""Plots of a run's pseudo-labels and losses."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from twist.scoring.reliability import Reliability
from twist.showing.style import (
    BLACK,
    BLUE,
    GREY,
    ORANGE,
    VERMILION,
    colour_of,
    legend_below,
    panels,
    styled,
)

if TYPE_CHECKING:
    import pandas as pd

#: Name of a line -> column of pseudo_quality.csv, colour, marker and line style.
_OF_POINTS = {
    "precision": ("precision", BLUE, "o-"),
    "coverage": ("coverage", ORANGE, "^-"),
    "recall": ("recall", VERMILION, "s-"),
}
_OF_INSTANCES = {
    "precision": ("instance_precision", BLUE, "o-"),
    "recall": ("instance_recall", VERMILION, "s-"),
    "precision, any class": ("instance_precision_any_class", BLUE, "o:"),
    "recall, any class": ("instance_recall_any_class", VERMILION, "s:"),
}


@styled
def plot_rounds(quality: pd.DataFrame) -> Figure:
    """Precision, coverage and recall of objects, stuff and instances over the rounds.

    quality: the joined ``pseudo_quality.csv`` of a run's rounds
    """
    groups = [
        ("points of objects", "all things", _OF_POINTS),
        ("instances, at IoU .5", "all things", _OF_INSTANCES),
    ]
    if quality.loc[quality["class"] == "all stuff", "true_points"].any():
        groups.insert(1, ("points of stuff", "all stuff", _OF_POINTS))
    figure, axes = panels(1, len(groups), width=3.0, height=3.0)
    for axis, (title, group, lines) in zip(axes, groups, strict=True):
        rows = quality[quality["class"] == group]
        for name, (column, colour, look) in lines.items():
            fill = "white" if ":" in look else colour  # told apart where a single round leaves no line
            axis.plot(rows["round"], rows[column], look, color=colour, mfc=fill, label=name, clip_on=False)
        axis.set(title=title, xlabel="pseudo-labels of round", ylim=(0, 1))
        axis.set(xticks=rows["round"], xlim=(rows["round"].min() - 0.3, rows["round"].max() + 0.3))
    legend_below(figure, axes)
    return figure


@styled
def plot_classes(quality: pd.DataFrame) -> Figure:
    """Bars of each class by round: precision; share of its points that are labelled, and labelled right."""
    classes = quality[quality["kind"].isin(["stuff", "thing"])]
    names, round_numbers = list(classes["class"].unique()), sorted(classes["round"].unique())
    thickness, place = 0.8 / len(round_numbers), np.arange(len(names))
    figure, axes = panels(1, 2, width=4.6, height=0.9 + len(names) * (0.14 + 0.08 * len(round_numbers)))
    for k, round_number in enumerate(round_numbers):
        rows = classes[classes["round"] == round_number].set_index("class").loc[names]
        colour, y = colour_of(round_number), place + (k - (len(round_numbers) - 1) / 2) * thickness
        axes[0].barh(y, rows["precision"], thickness, color=colour, label=f"round {round_number}")
        axes[1].barh(y, rows["coverage"], thickness, color=colour, alpha=0.3)
        axes[1].barh(y, rows["recall"], thickness, color=colour)
    axes[0].set(title="precision", xlabel="of the points labelled so, right", yticks=place, yticklabels=names)
    axes[1].set(title="coverage", xlabel="of the class's points, labelled (dark: right)", yticks=place)
    axes[1].set_yticklabels([])
    for axis in axes:
        axis.set(xlim=(0, 1), ylim=(len(names) - 0.4, -0.6))
        axis.tick_params(axis="y", length=0)
        axis.grid(visible=False, axis="y")
    legend_below(figure, axes[:1])
    return figure


@styled
def plot_reliability(calibration: pd.DataFrame) -> Figure:
    """Reliability diagrams, a column a round: Ψ's certainty of proposals, Φ's class probability of points.

    calibration: the joined ``calibration.csv`` of a run's rounds
    """
    titles = {
        "certainty": "Ψ: certainty of proposals",
        "thing_probability": "Φ: class probability of object points",
        "stuff_probability": "Φ: class probability of stuff points",
    }
    round_numbers = sorted(calibration["round"].unique())
    figure, axes = panels(len(titles), len(round_numbers), width=2.9, height=2.6)
    for row, (score, title) in enumerate(titles.items()):
        for column, round_number in enumerate(round_numbers):
            axis = axes[row * len(round_numbers) + column]
            bins = calibration[(calibration["score"] == score) & (calibration["round"] == round_number)]
            _reliability_diagram(axis, bins)
            axis.set_xlabel("score" if row == len(titles) - 1 else "")
            axis.set_ylabel("share" if column == 0 else "")
            axis.set_title(f"{title}\nround {round_number}: {_calibration_error(bins)}", fontsize=9)
    legend_below(figure, axes)
    return figure


@styled
def plot_losses(metrics: pd.DataFrame) -> Figure:
    """Each loss over the steps of all rounds, one after another.

    metrics: the joined ``metrics.csv`` of a run's trainings, with their ``round``
    """
    titles = {
        "semantic": "Φ: class (cross entropy)",
        "offset": "Φ: offset (L1 + direction)",
        "certainty": "Ψ: certainty (cross entropy)",
        "class": "Ψ: class (cross entropy)",
    }
    shown = [key for key in titles if key in metrics and metrics[key].notna().any()]
    figure, axes = panels(1, len(shown), width=3.0, height=2.8)
    begin, begins = 0, []
    for round_number, rows in metrics.groupby("round"):
        for axis, key in zip(axes, shown, strict=True):
            name, colour = f"round {round_number}", colour_of(round_number)
            axis.plot(begin + rows["step"], rows[key], ".-", color=colour, markersize=3, label=name)
        begins.append(begin)
        begin += rows["step"].max()
    for axis, key in zip(axes, shown, strict=True):
        axis.set(title=titles[key], xlabel="step", xlim=(0, begin))
        for border in begins[1:]:
            axis.axvline(border, color=GREY, linewidth=0.8, zorder=0)
        axis.xaxis.set_major_locator(MaxNLocator(4, integer=True))
    legend_below(figure, axes)
    return figure


def _reliability_diagram(axis: Axes, bins: pd.DataFrame) -> None:
    """One score in one round: what it promised against what came true, and how often it was given."""
    ticks = np.arange(0, 1.1, 0.2)
    axis.set(xlim=(0, 1), ylim=(0, 1), xticks=ticks, yticks=ticks, aspect="equal")
    axis.plot([0, 1], [0, 1], color=BLACK, linewidth=0.8, linestyle="--", label="as promised")
    total = bins["count"].sum()
    if not total:
        return
    axis.bar(
        bins["low"], bins["count"] / total, 0.1, align="edge", color=GREY, label="share of all, by score"
    )
    some = bins[bins["count"] > 0]
    axis.plot(some["mean_score"], some["share_right"], "o-", color=BLUE, label="right", clip_on=False)
    if some["mean_target"].notna().any():
        label = "soft IoU, which Ψ is trained to"
        axis.plot(some["mean_score"], some["mean_target"], "^:", color=ORANGE, label=label, clip_on=False)


def _calibration_error(bins: pd.DataFrame) -> str:
    reliability = Reliability.from_rows(bins.to_dict("records"))
    total = reliability.count.sum()
    return f"ECE {reliability.expected_error:.2f}, {total} in all" if total else "none"
