"""What features are worth: figures on fixed training scans for the log, from which nothing learns."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch

from twist.geometry.voxels import voxelise
from twist.learning.batches import make_batch
from twist.learning.samples import SceneSample
from twist.network.pretrained import ContrastiveNetwork
from twist.pretraining.batches import PairBatch

#: A nearest feature this close to its match in the scan is a hit; a pair with this share of hits is recalled.
HIT_M, RECALLED = 0.1, 0.05
#: Of each scan; half a room of S3DIS has ten times as many, and all of sixteen rooms would not fit.
_MOST_VOXELS = 20_000


def match_recall(network: ContrastiveNetwork, batch: PairBatch, hit_m: float = HIT_M) -> dict[str, float]:
    """How well features find their match among those of the other view's matches.

    ``hits``: share of matches whose nearest feature lies within ``hit_m`` of them, mean of the pairs;
    ``recall``: feature-match recall, the share of pairs with more than 5 % hits [3DMatch].
    The network must be in evaluation mode. Pairs without a match are left out.
    """
    _, projected = network(batch.features, batch.indices, len(batch.views))
    a, b = (projected[batch.rows[:, side]] for side in (0, 1))
    shares = []
    for p in torch.unique(batch.pair).tolist():
        mine = batch.pair == p
        nearest = (a[mine] @ b[mine].T).argmax(dim=1)
        away = (batch.xyz[mine] - batch.xyz[mine][nearest]).norm(dim=1)
        shares.append(float((away <= hit_m).float().mean()))
    if not shares:
        return {}
    return {"hits": float(np.mean(shares)), "recall": float(np.mean(np.array(shares) > RECALLED))}


def linear_probe(
    network: ContrastiveNetwork, fitted: Sequence[SceneSample], tested: Sequence[SceneSample], classes: int
) -> dict[str, float]:
    """``probe``: mean recall of the classes by a linear classifier on the backbone's frozen features.

    Least squares on one-hot classes, each class of equal weight, fitted on some annotated scans and tested on
    others. Empty where either has no labels. The network must be in evaluation mode.
    """
    if not (_labelled(fitted) and _labelled(tested)):
        return {}
    x, y = _voxel_features(network, fitted)
    z, truth = _voxel_features(network, tested)
    mean, spread = x.mean(axis=0), x.std(axis=0) + 1e-6
    x, z = ((np.append((part - mean) / spread, np.ones((len(part), 1)), axis=1)) for part in (x, z))
    weight = 1 / np.bincount(y, minlength=classes)[y]
    target = np.eye(classes)[y]
    ridge = 1e-3 * weight.sum() * np.eye(x.shape[1])
    solution = np.linalg.solve((x * weight[:, None]).T @ x + ridge, (x * weight[:, None]).T @ target)
    said = (z @ solution).argmax(axis=1)
    right = np.bincount(truth[said == truth], minlength=classes)
    there = np.bincount(truth, minlength=classes)
    return {"probe": float((right[there > 0] / there[there > 0]).mean())}


def _labelled(samples: Sequence[SceneSample]) -> bool:
    return any((sample.semantic >= 0).any() for sample in samples)


def _voxel_features(
    network: ContrastiveNetwork, samples: Sequence[SceneSample]
) -> tuple[np.ndarray, np.ndarray]:
    """(V, C) float64 features and (V,) int64 classes of labelled voxels, evenly from each scan's.

    A voxel has the class of its first point.
    """
    device = next(network.parameters()).device
    features, classes = [], []
    for sample in samples:
        batch = make_batch([sample], network.settings).to(device)
        hidden, _ = network(batch.features, batch.indices, 1)
        label = sample.semantic[voxelise(sample.xyz, network.settings.voxel_size_m).first]
        rows = np.flatnonzero(label >= 0)
        rows = rows[:: max(1, math.ceil(len(rows) / _MOST_VOXELS))]
        features.append(hidden[torch.from_numpy(rows).to(device)].double().cpu().numpy())
        classes.append(label[rows])
    return np.concatenate(features), np.concatenate(classes)
