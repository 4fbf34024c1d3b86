"""Evidence: what is kept of a labelled scan, and files that do not hold it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from twist.errors import TwistError
from twist.files import write_npz
from twist.regions import Regions
from twist.selftraining.evidence import Evidence

PROBABILITY = np.array([[0.1, 0.9, 0.0], [0.5, 0.25, 0.25], [0.0, 0.0, 1.0]], np.float32)
PROPOSALS = Regions(
    np.array([0, 2, 1], np.int32),
    np.array([0, 2, 3], np.int64),
    np.array([4, -1], np.int32),
    np.array([0.8, 0.1], np.float32),
    3,
)


def test_it_keeps_class_probability_and_proposals(tmp_path: Path) -> None:
    labels = tmp_path / "scene0000_00.npz"
    Evidence.of(PROBABILITY, PROPOSALS).save(labels)
    loaded = Evidence.load(labels)
    assert loaded.predicted.tolist() == [1, 0, 2]
    np.testing.assert_allclose(loaded.confidence / 255, [0.9, 0.5, 1.0], atol=0.5 / 255 + 1e-9)
    assert loaded.predicted.dtype == loaded.confidence.dtype == np.uint8
    for key, value in vars(PROPOSALS).items():
        np.testing.assert_array_equal(getattr(loaded.proposals, key), value)
    assert not labels.exists()  # it lies beside the labels


def test_round_1_has_no_proposals(tmp_path: Path) -> None:
    Evidence.of(PROBABILITY).save(tmp_path / "a.npz")
    assert len(Evidence.load(tmp_path / "a.npz").proposals) == 0


def test_labels_without_evidence_are_named(tmp_path: Path) -> None:
    with pytest.raises(TwistError, match=r"scene\.evidence\.npz is missing: older labels have none; delete"):
        Evidence.load(tmp_path / "scene.npz")


@pytest.mark.parametrize(
    "arrays", [{}, {"predicted": np.zeros(3), "confidence": np.zeros(3), "index": np.zeros(1)}]
)
def test_another_file_is_refused(arrays: dict[str, np.ndarray], tmp_path: Path) -> None:
    write_npz(tmp_path / "scene.evidence.npz", arrays)
    with pytest.raises(TwistError, match=r"scene\.evidence\.npz does not hold evidence"):
        Evidence.load(tmp_path / "scene.npz")
