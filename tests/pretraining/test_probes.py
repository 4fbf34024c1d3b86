"""The probes on features that are known."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch.nn import functional

from tests.synthetic import room_sample, tiny_settings
from twist.pretraining.probes import _voxel_features, linear_probe, match_recall

NETWORK = tiny_settings().network


class Known(torch.nn.Module):
    """A network whose features are its input's: those that a test put there."""

    def __init__(self) -> None:
        super().__init__()
        self.settings, self.weight = NETWORK, torch.nn.Parameter(torch.zeros(1))

    def forward(
        self, features: torch.Tensor, indices: torch.Tensor, size: int
    ) -> tuple[torch.Tensor, torch.Tensor]:
        return features, functional.normalize(features, dim=1)


def batch(features: np.ndarray, pair: list[int], xyz: np.ndarray) -> SimpleNamespace:
    """Matches i = rows i and i + M."""
    count = len(pair)
    return SimpleNamespace(
        features=torch.from_numpy(features),
        indices=None,
        views=[0],
        rows=torch.stack([torch.arange(count), torch.arange(count) + count], dim=1),
        pair=torch.tensor(pair),
        xyz=torch.from_numpy(xyz),
    )


def test_recall_by_hand() -> None:
    corners = np.eye(4)
    place = np.array([[0.0, 0, 0], [1, 0, 0], [1.05, 0, 0], [3, 0, 0], [0, 0, 0]])
    first = np.concatenate([corners, corners[:1]])
    # pair 0: match 0 is found, 1 and 2 are taken for each other (5 cm apart), 3 is taken for 0
    second = np.concatenate([corners[[0, 2, 1]], -corners[3:], corners[1:2]])
    found = match_recall(Known(), batch(np.concatenate([first, second]), [0, 0, 0, 0, 1], place), 0.1)
    assert found == {"hits": pytest.approx((3 / 4 + 1) / 2), "recall": 1.0}
    found = match_recall(Known(), batch(np.concatenate([first, second]), [0, 0, 0, 0, 1], place), 0.01)
    assert found == {"hits": pytest.approx((1 / 4 + 1) / 2), "recall": 1.0}


def test_no_match_is_no_figure() -> None:
    assert match_recall(Known(), batch(np.zeros((0, 4)), [], np.zeros((0, 3)))) == {}


def test_recall_counts_pairs_with_more_than_5_percent_of_hits() -> None:
    place = np.arange(30)[:, None] * np.ones(3)
    same, shifted = np.eye(15), np.roll(np.eye(15), 1, axis=0)
    features = np.concatenate([same, same, same, shifted])
    found = match_recall(Known(), batch(features, [0] * 15 + [1] * 15, place), 0.1)
    assert found == {"hits": 0.5, "recall": 0.5}


def test_features_that_tell_the_class_are_worth_everything_and_noise_nothing(tmp_path: Path) -> None:
    sample = room_sample(tmp_path, 2000)
    rng = np.random.default_rng(0)
    telling = replace(sample, rgb=np.eye(20, dtype=np.float32)[sample.semantic][:, [1, 3, 4]])
    noise = replace(sample, rgb=rng.normal(0, 1, sample.rgb.shape).astype(np.float32))

    def worth(*samples: object) -> float:
        network = Known()
        network.settings = replace(NETWORK, features=("rgb",))
        return linear_probe(network, samples[:1], samples[1:], 20)["probe"]

    classes = len(np.unique(sample.semantic))
    assert worth(telling, telling) > 0.95
    assert worth(noise, noise) < 2 / classes


def test_of_a_large_scan_some_voxels_are_probed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Evenly, so that every part of the scan has its say; a smaller scan gives all of its voxels."""
    sample = room_sample(tmp_path, 2000)
    network = Known()
    network.settings = replace(NETWORK, features=("rgb",))
    every, of_every = _voxel_features(network, [sample])
    monkeypatch.setattr("twist.pretraining.probes._MOST_VOXELS", 50)
    some, of_some = _voxel_features(network, [sample, sample])
    step = -(-len(every) // 50)
    assert step > 1
    np.testing.assert_array_equal(some, np.concatenate([every[::step]] * 2))
    np.testing.assert_array_equal(of_some, np.concatenate([of_every[::step]] * 2))


def test_scans_without_labels_have_no_probe(tmp_path: Path) -> None:
    sample = room_sample(tmp_path)
    bare = replace(sample, semantic=np.full(len(sample), -1))
    assert linear_probe(Known(), [bare], [sample], 20) == {}
    assert linear_probe(Known(), [sample], [bare], 20) == {}
    assert linear_probe(Known(), [sample], [], 20) == {}
