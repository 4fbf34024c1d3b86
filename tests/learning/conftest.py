"""Fixtures of trainings: rooms to train on, and what an uninterrupted training makes of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.learning.trainings import LABELLED, PSEUDO, ROUND, START, Weights, plan_of, run
from tests.synthetic import write_rooms
from twist.scene import Scene
from twist.selftraining.pseudolabels import PseudoLabels


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four prepared rooms, two of them with pseudo-labels."""
    folder = tmp_path_factory.mktemp("data")
    write_rooms(folder, LABELLED + PSEUDO, 300)
    for name in PSEUDO:
        scene = Scene.load(folder / "scenes" / f"{name}.npz")
        labels = PseudoLabels(scene.semantic, scene.instance, np.full(len(scene), 0.5, np.float32))
        labels.save(folder / "labels" / f"{name}.npz")
    return folder


@pytest.fixture(scope="session")
def uninterrupted(data: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Weights]:
    return {stage: run(plan_of(data, stage), tmp_path_factory.mktemp(stage)) for stage in (START, ROUND)}
