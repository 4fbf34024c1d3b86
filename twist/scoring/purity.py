"""How far supervoxels respect instances."""

from __future__ import annotations

import numpy as np

from twist.classes import ClassTable
from twist.regions import Regions, majority
from twist.scoring.matching import number_instances


def purity(supervoxels: Regions, semantic: np.ndarray, instance: np.ndarray, table: ClassTable) -> float:
    """Share of the supervoxels' points that lie on the instance (or void) that most of their supervoxel does.

    NaN where there are no points.
    """
    instance_of_point, instance_label, _ = number_instances(semantic, instance, table)
    _, purest = majority(supervoxels, instance_of_point, len(instance_label) + 1)
    points = supervoxels.sizes.sum()
    return float(purest.sum() / points) if points else float("nan")
