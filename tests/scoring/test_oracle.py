"""The ceiling that supervoxels allow, on cases that can be counted by hand."""

from __future__ import annotations

import numpy as np
import pytest

from twist.classes import SCANNET
from twist.regions import Regions
from twist.scoring.average_precision import average_precision
from twist.scoring.matching import match_scene
from twist.scoring.oracle import oracle_predictions, purity

CHAIR, TABLE, WALL = (SCANNET.names.index(name) for name in ("chair", "table", "wall"))
SEMANTIC = np.repeat([CHAIR, TABLE, WALL], 200)
INSTANCE = np.repeat([0, 1, 2], 200)


def test_supervoxels_within_instances_allow_everything() -> None:
    supervoxels = Regions.from_ids(np.arange(600) // 50)
    predictions = oracle_predictions(supervoxels, SEMANTIC, INSTANCE, SCANNET)
    scores = average_precision([match_scene(SEMANTIC, INSTANCE, predictions, SCANNET)], SCANNET)
    assert predictions.label.tolist() == [CHAIR, TABLE]
    assert scores.mean_ap == scores.mean_ap_50_95 == 1.0
    assert purity(supervoxels, SEMANTIC, INSTANCE, SCANNET) == 1.0


def test_each_supervoxel_goes_to_the_instance_that_most_of_it_lies_on() -> None:
    # 0..300 chair 2/3 and table 1/3; 300..450 table 2/3 and wall 1/3; 450..600 wall
    supervoxels = Regions.from_ids(np.repeat([4, 7, 9], [300, 150, 150]))
    predictions = oracle_predictions(supervoxels, SEMANTIC, INSTANCE, SCANNET)
    assert [predictions[k].tolist() for k in range(2)] == [list(range(300)), list(range(300, 450))]
    assert predictions.label.tolist() == [CHAIR, TABLE]
    assert purity(supervoxels, SEMANTIC, INSTANCE, SCANNET) == (200 + 100 + 150) / 600
    scores = average_precision([match_scene(SEMANTIC, INSTANCE, predictions, SCANNET)], SCANNET)
    assert scores.class_ap50[list(SCANNET.things).index(CHAIR)] == 1.0  # IoU 2/3
    assert scores.class_ap50[list(SCANNET.things).index(TABLE)] == 0.0  # IoU 100 / 250


def test_points_outside_supervoxels_and_supervoxels_on_void_are_left_out() -> None:
    ids = np.full(600, -1)
    ids[150:200], ids[350:600] = 0, 1
    predictions = oracle_predictions(Regions.from_ids(ids), SEMANTIC, INSTANCE, SCANNET)
    assert predictions[0].tolist() == list(range(150, 200))
    assert len(predictions) == 1


def test_no_supervoxels() -> None:
    nothing = Regions.empty(600)
    assert len(oracle_predictions(nothing, SEMANTIC, INSTANCE, SCANNET)) == 0
    assert purity(nothing, SEMANTIC, INSTANCE, SCANNET) == pytest.approx(float("nan"), nan_ok=True)
