"""Purity of supervoxels, on cases that can be counted by hand."""

from __future__ import annotations

import numpy as np

from twist.classes import SCANNET
from twist.regions import Regions
from twist.scoring.purity import purity

CHAIR, TABLE, WALL = (SCANNET.names.index(name) for name in ("chair", "table", "wall"))
SEMANTIC = np.repeat([CHAIR, TABLE, WALL], 200)
INSTANCE = np.repeat([0, 1, 2], 200)


def of_ids(ids: np.ndarray) -> float:
    return purity(Regions.from_ids(ids), SEMANTIC, INSTANCE, SCANNET)


def test_supervoxels_within_instances_are_pure() -> None:
    assert of_ids(np.arange(600) // 50) == 1.0


def test_each_supervoxel_counts_with_the_instance_that_most_of_it_lies_on() -> None:
    # 0..300 chair 2/3 and table 1/3; 300..450 table 2/3 and wall 1/3; 450..600 wall
    assert of_ids(np.repeat([4, 7, 9], [300, 150, 150])) == (200 + 100 + 150) / 600


def test_points_outside_supervoxels_do_not_count() -> None:
    ids = np.full(600, -1)
    ids[150:200], ids[350:600] = 0, 1  # all chair; 50 of a table and 200 of a wall, which is void
    assert of_ids(ids) == (50 + 200) / 300


def test_no_supervoxels() -> None:
    assert np.isnan(purity(Regions.empty(600), SEMANTIC, INSTANCE, SCANNET))
