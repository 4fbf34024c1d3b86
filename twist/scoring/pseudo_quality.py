"""Quality of pseudo-labels against annotations that the training never saw; docs/diagnosis.md explains it.

All definitions are our choice; the paper's supplementary reports none.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from twist.classes import ClassTable
from twist.errors import TwistError
from twist.geometry.sums import mean_over
from twist.regions import Regions
from twist.scoring.average_precision import mean_of_known
from twist.scoring.fitting import Fits, fit_instances
from twist.scoring.matching import IOU_OF_A_HIT, SMALLEST_REGION

#: Figure -> the two counts whose ratio it is.
FIGURES = {
    "precision": ("right_points", "labelled_points"),
    "coverage": ("covered_points", "true_points"),
    "recall": ("right_points", "true_points"),
    "instance_precision": ("right_instances", "kept_instances"),
    "instance_recall": ("found_instances", "true_instances"),
    "instance_precision_any_class": ("fitting_instances", "kept_instances"),
    "instance_recall_any_class": ("covered_instances", "true_instances"),
    "mean_iou": ("iou_sum", "kept_instances"),
    "offset_error_m": ("offset_error_sum", "offset_points"),
    "no_offset_error_m": ("no_offset_error_sum", "offset_points"),
}


@dataclass(frozen=True)
class LabelCounts:
    """Counts and sums by class, each (C,) float64; scans are joined by ``+``. Only annotated points count.

    true_points: of the class; covered_points: of these, with any label; labelled_points: labelled so;
    right_points: labelled so and of the class
    kept_instances: pseudo-instances labelled so; right_instances, fitting_instances: of these, above IoU .5
    with an instance of the same, of any class; iou_sum: of these with their best instance of any class
    true_instances: of the class with at least 100 points; found_instances, covered_instances: of these, above
    IoU .5 with a pseudo-instance of the same, of any class
    offset_points: of the class, on an instance and on a pseudo-instance; offset_error_sum: metres between
    the two centres; no_offset_error_sum: metres from the point itself to its instance's centre
    """

    true_points: np.ndarray
    covered_points: np.ndarray
    labelled_points: np.ndarray
    right_points: np.ndarray
    kept_instances: np.ndarray
    right_instances: np.ndarray
    fitting_instances: np.ndarray
    iou_sum: np.ndarray
    true_instances: np.ndarray
    found_instances: np.ndarray
    covered_instances: np.ndarray
    offset_points: np.ndarray
    offset_error_sum: np.ndarray
    no_offset_error_sum: np.ndarray

    def __add__(self, other: LabelCounts) -> LabelCounts:
        return LabelCounts(*(getattr(self, key) + getattr(other, key) for key in vars(self)))

    def figures(self) -> dict[str, np.ndarray]:
        """Each of ``FIGURES`` by class, (C,) float64; NaN where nothing is counted.

        Labels that keep no instance at all, as round 1's, have no recall of instances either.
        """
        figures = {}
        for name, (above, below) in FIGURES.items():
            part, whole = getattr(self, above), getattr(self, below)
            exists = whole > 0
            if below == "true_instances":
                exists &= self.kept_instances.any()
            figures[name] = np.divide(part, whole, out=np.full(len(whole), np.nan), where=exists)
        return figures

    def summed(self, groups: list[np.ndarray]) -> LabelCounts:
        """The same by group of classes; each group is a mask (C,) bool."""
        return LabelCounts(
            *(np.array([values[group].sum() for group in groups]) for values in vars(self).values())
        )


def count_labels(
    xyz: np.ndarray,
    truth: tuple[np.ndarray, np.ndarray],
    pseudo: tuple[np.ndarray, np.ndarray],
    table: ClassTable,
) -> LabelCounts:
    """Count one scan of N points.

    xyz: (N, 3) float, metres; truth, pseudo: semantic (N,) integer class index and instance (N,) integer id,
    -1 = none. Raises TwistError where they are not of one scan or not of this class table.
    """
    _check(truth, pseudo, table)
    semantic, pseudo_semantic = truth[0], pseudo[0]
    annotated, labelled = semantic >= 0, pseudo_semantic >= 0

    def by_class(labels: np.ndarray, weight: np.ndarray | None = None) -> np.ndarray:
        return np.bincount(labels, weight, minlength=len(table)).astype(np.float64)

    on_thing = table.are_things(pseudo_semantic)
    kept = Regions.from_ids(np.where(on_thing, pseudo[1], -1), label=pseudo_semantic)
    fits = fit_instances(kept, *truth, table)
    best, fit = fits.best, fits.iou > IOU_OF_A_HIT
    counted = fits.truth.sizes >= SMALLEST_REGION
    points, error, no_offset = offset_errors(xyz, fits)
    return LabelCounts(
        true_points=by_class(semantic[annotated]),
        covered_points=by_class(semantic[annotated & labelled]),
        labelled_points=by_class(pseudo_semantic[annotated & labelled]),
        right_points=by_class(semantic[annotated & (pseudo_semantic == semantic)]),
        kept_instances=by_class(fits.regions.label),
        right_instances=by_class(fits.regions.label[fits.best_of_class > IOU_OF_A_HIT]),
        fitting_instances=by_class(fits.regions.label[best > IOU_OF_A_HIT]),
        iou_sum=by_class(fits.regions.label, best),
        true_instances=by_class(fits.truth.label[counted]),
        found_instances=by_class(fits.truth.label[counted & (fit & fits.same_class).any(axis=0)]),
        covered_instances=by_class(fits.truth.label[counted & fit.any(axis=0)]),
        offset_points=by_class(semantic[points]),
        offset_error_sum=by_class(semantic[points], error),
        no_offset_error_sum=by_class(semantic[points], no_offset),
    )


def offset_errors(xyz: np.ndarray, fits: Fits) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """How far pseudo offsets point from the true centre, at the points on a region and on an instance.

    An offset leads from a point to the mean of its instance's points. Returns the points (P,), the distance
    between both centres (P,) and the distance from the point to the true centre (P,), metres.
    """
    xyz = xyz.astype(np.float64)
    region, instance = (regions.spread(np.arange(len(regions)), -1) for regions in (fits.regions, fits.truth))
    points = np.flatnonzero((region >= 0) & (instance >= 0))
    centre = mean_over(fits.truth, xyz)[instance[points]]
    error = np.linalg.norm(mean_over(fits.regions, xyz)[region[points]] - centre, axis=1)
    return points, error, np.linalg.norm(xyz[points] - centre, axis=1)


def quality_rows(counts: LabelCounts, table: ClassTable) -> list[dict[str, Any]]:
    """One row a class, then ``mean things``, ``mean stuff`` (over their classes that have the figure), and
    ``all things``, ``all stuff``, ``all`` (over all their points and instances). Figures are fractions or
    metres, NaN where nothing is counted.
    """
    groups = [table.is_thing, ~table.is_thing, np.ones(len(table), bool)]
    sums, by_class = counts.summed(groups), counts.figures()
    kinds = ["thing" if thing else "stuff" for thing in table.is_thing]
    rows = [_row(name, kinds[c], counts, by_class, c) for c, name in enumerate(table.names)]
    means = {name: np.array([mean_of_known(values[g]) for g in groups]) for name, values in by_class.items()}
    rows += [_row(name, "mean", sums, means, k) for k, name in enumerate(("mean things", "mean stuff"))]
    totals = sums.figures()
    return rows + [
        _row(name, "all", sums, totals, k) for k, name in enumerate(("all things", "all stuff", "all"))
    ]


def _row(name: str, kind: str, counts: LabelCounts, figures: dict[str, np.ndarray], k: int) -> dict[str, Any]:
    whole = {
        key: int(values[k]) for key, values in vars(counts).items() if key.endswith(("points", "instances"))
    }
    return {"class": name, "kind": kind} | {key: float(figures[key][k]) for key in FIGURES} | whole


def _check(
    truth: tuple[np.ndarray, np.ndarray], pseudo: tuple[np.ndarray, np.ndarray], table: ClassTable
) -> None:
    if len({len(values) for values in (*truth, *pseudo)}) > 1:
        raise TwistError(
            f"the pseudo-labels are for {len(pseudo[0])} points, the scan has {len(truth[0])}; label it again"
        )
    for what, semantic in (("annotations", truth[0]), ("pseudo-labels", pseudo[0])):
        if semantic.max(initial=-1) >= len(table):
            raise TwistError(
                f"the {what} have class index {semantic.max()}, {table.name} has {len(table)} classes"
            )
