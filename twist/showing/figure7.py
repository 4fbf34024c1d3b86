"""Figure 7 of the paper: input, annotation and prediction side by side; below, each round's pseudo-labels.

Instances have distinct colours. Unlike in the paper, a prediction or pseudo-instance that fits an annotated
instance (IoU above .5, any class) has its colour [our choice]: a colour without a partner is a mistake.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from twist.classes import ClassTable
from twist.errors import TwistError
from twist.regions import Regions, iou
from twist.scene import Scene
from twist.scoring.fitting import fit_instances
from twist.scoring.matching import IOU_OF_A_HIT, annotated_instances
from twist.showing.pictures import class_colours, label_colours, render_scene
from twist.showing.style import styled

#: Pixels of one picture, (height, width), and the inches it takes in the figure.
_PIXELS, _INCHES = (360, 450), (2.25, 2.8)
_CAPTION_INCHES = 0.42
#: Pictures of a scored scene: input, annotation, prediction.
_OF_A_SCENE = 3

_LEGEND = (
    "Instances: the annotated one's colour where they fit it (IoU above .5), another where not. Grey: none."
)


@dataclass(frozen=True)
class Labels:
    """Pseudo-labels of one scan: class index (N,) and instance id (N,), -1 = none."""

    semantic: np.ndarray
    instance: np.ndarray


@styled
def figure7(
    predicted: Sequence[tuple[Scene, Regions]],
    labelled: Sequence[tuple[Scene, Mapping[int, Labels]]],
    table: ClassTable,
) -> Figure:
    """The figure: scored scenes, as many in a row as have room; two rows for each unlabelled scan, its
    classes and its instances.

    predicted: scenes with their predictions; labelled: scans with the pseudo-labels of each round
    Raises TwistError where there is nothing to show.
    """
    rounds = max((len(labels) for _, labels in labelled), default=0)
    columns = max(_OF_A_SCENE, 2 + rounds)
    beside = columns // _OF_A_SCENE
    scored_rows = -(-len(predicted) // beside)
    rows = scored_rows + 2 * len(labelled)
    if not rows:
        raise TwistError(
            "figure 7 needs a scene to show: raise `figure7: scenes` in config/config.yaml, or --show"
        )
    size = (columns * _INCHES[1], rows * (_INCHES[0] + _CAPTION_INCHES))
    figure = Figure(figsize=size, layout="constrained")
    axes = figure.subplots(rows, columns, squeeze=False)
    for axis in axes.flat:
        axis.set_axis_off()
    for k, (scene, regions) in enumerate(predicted):
        _scored(axes[k // beside][_OF_A_SCENE * (k % beside) :], scene, regions, table)
    for k, (scene, labels) in enumerate(labelled):
        _strip(axes[scored_rows + 2 * k :], scene, labels, table)
    figure.get_layout_engine().set(h_pad=0.08)
    if labelled:
        _class_legend(figure, labelled, table)
    else:
        figure.supxlabel(_LEGEND, fontsize=9)
    return figure


def matched_ids(regions: Regions, scene: Scene, table: ClassTable) -> np.ndarray:
    """An id (N,) int for each point: of the annotated instance that its region fits, or one of its own.

    Annotated instances are numbered as in ``annotated_instances``; -1 = in no region. Where regions overlap,
    the one with the highest score is seen.
    """
    truth = annotated_instances(scene.semantic, scene.instance, table)
    fit = iou(regions, truth)
    best = fit.max(axis=1, initial=0.0)
    own = len(truth) + np.arange(len(regions))
    ids = np.where(best > IOU_OF_A_HIT, fit.argmax(axis=1), own) if len(truth) else own
    return np.append(ids, -1)[regions.owner_of_points()]


def _scored(axes: Sequence[Axes], scene: Scene, regions: Regions, table: ClassTable) -> None:
    fits = fit_instances(regions, scene.semantic, scene.instance, table)
    found = int(((fits.iou > IOU_OF_A_HIT) & fits.same_class).any(axis=0).sum())
    _show(axes[0], scene, scene.rgb, f"{scene.name}: input")
    _show(axes[1], scene, _annotated(scene, table), f"annotated: {len(fits.truth)} instances")
    predicted = label_colours(matched_ids(regions, scene, table))
    _show(axes[2], scene, predicted, f"predicted: {len(regions)}, {found} found with their class")


def _strip(
    axes: Sequence[Sequence[Axes]], scene: Scene, labels: Mapping[int, Labels], table: ClassTable
) -> None:
    """Two rows: classes and instances, annotated and as each round learns them."""
    _show(axes[0][0], scene, scene.rgb, f"{scene.name}: unlabelled")
    if scene.labelled:
        _show(axes[0][1], scene, class_colours(scene.semantic, table), "hidden classes")
        _show(axes[1][1], scene, _annotated(scene, table), "hidden instances")
    for column, (round_number, one) in enumerate(labels.items(), start=2):
        text = f"pseudo-labels of round {round_number}\n{_shares(one.semantic, scene.semantic)}"
        _show(axes[0][column], scene, class_colours(one.semantic, table), text)
        regions = Regions.from_ids(one.instance, label=one.semantic)
        instances = label_colours(matched_ids(regions, scene, table))
        _show(axes[1][column], scene, instances, f"round {round_number}: {len(regions) or 'no'} instances")


def _class_legend(
    figure: Figure, labelled: Sequence[tuple[Scene, Mapping[int, Labels]]], table: ClassTable
) -> None:
    """The colours of the classes that the strips show."""
    parts = [scene.semantic for scene, _ in labelled]
    parts += [labels.semantic for _, of_rounds in labelled for labels in of_rounds.values()]
    shown = np.unique(np.concatenate(parts))
    shown = shown[shown >= 0]
    colours = class_colours(shown, table) / 255
    patches = [
        Patch(color=colour, label=table.names[one]) for colour, one in zip(colours, shown, strict=True)
    ]
    figure.legend(handles=patches, loc="outside lower center", ncols=7, title=f"{_LEGEND}\nClasses:")


def _shares(labels: np.ndarray, truth: np.ndarray) -> str:
    annotated = truth >= 0
    if not annotated.any():
        return ""
    right = 100 * (labels == truth)[annotated].mean()
    wrong = 100 * ((labels != truth) & (labels >= 0))[annotated].mean()
    return f"{right:.0f} % right, {wrong:.0f} % wrong, {100 - right - wrong:.0f} % none"


def _annotated(scene: Scene, table: ClassTable) -> np.ndarray:
    return label_colours(annotated_instances(scene.semantic, scene.instance, table).owner_of_points())


def _show(axis: Axes, scene: Scene, colours: np.ndarray, title: str) -> None:
    axis.imshow(render_scene(scene, colours, _PIXELS))
    axis.set_title(title, fontsize=9)
