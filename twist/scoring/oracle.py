"""How good can predictions made of whole supervoxels be? Purity, and the ceiling on average precision."""

from __future__ import annotations

import numpy as np

from twist.classes import ClassTable
from twist.regions import Regions, majority
from twist.scoring.matching import number_instances


def oracle_predictions(
    supervoxels: Regions, semantic: np.ndarray, instance: np.ndarray, table: ClassTable
) -> Regions:
    """The ground truth, snapped to supervoxels: each goes whole to the instance that most of it lies on.

    supervoxels: disjoint regions of the N points
    semantic, instance: (N,) integers as for ``match_scene``; supervoxels mostly on void go to no instance
    Scored against the same ground truth, the result is the ceiling. Source: our choice (majority of points).
    """
    instance_of_point, instance_label, _ = number_instances(semantic, instance, table)
    void = len(instance_label)
    winner, _ = majority(supervoxels, instance_of_point, void + 1)
    snapped = np.full(supervoxels.size_of_scene, void)
    snapped[supervoxels.index] = winner[supervoxels.region_of_entry]
    label = np.append(instance_label, -1)[snapped]
    return Regions.from_ids(np.where(snapped == void, -1, snapped), label)


def purity(supervoxels: Regions, semantic: np.ndarray, instance: np.ndarray, table: ClassTable) -> float:
    """Share of the supervoxels' points that lie on the instance (or void) that most of their supervoxel does.

    NaN where there are no points.
    """
    instance_of_point, instance_label, _ = number_instances(semantic, instance, table)
    _, share = majority(supervoxels, instance_of_point, len(instance_label) + 1)
    points = supervoxels.sizes.sum()
    return float((share * supervoxels.sizes).sum() / points) if points else float("nan")
