"""Precision, recall and coverage of S3DIS papers, slow and plain: dense masks and one loop a rule.

Written from the description of the figures; shares nothing with ``twist.scoring``.
"""

from __future__ import annotations

import math

import numpy as np

from tests.references.ap_reference import DenseScene, Part


def reference_coverage(scenes: list[DenseScene], things: list[int]) -> np.ndarray:
    """(len(things), 4) precision, recall, coverage, weighted coverage; NaN without ground truth."""
    figures = np.full((len(things), 4), math.nan)
    painted = [_paint(scene, things) for scene in scenes]
    for row, label in enumerate(things):
        instances = predictions = right = 0
        coverages, weighted = [], []
        for scene, guesses in zip(scenes, painted, strict=True):
            truths = [truth for truth in scene.truths if truth.label == label]
            mine = [guess for guess in guesses if guess.label == label]
            instances += len(truths)
            predictions += len(mine)
            right += sum(max([_iou(guess, truth) for truth in truths], default=0.0) >= 0.5 for guess in mine)
            if truths:
                best = [max([_iou(guess, truth) for guess in mine], default=0.0) for truth in truths]
                coverages.append(sum(best) / len(best))
                points = [truth.size for truth in truths]
                weighted.append(sum(b * p for b, p in zip(best, points, strict=True)) / sum(points))
        if instances:
            precision = right / predictions if predictions else 0.0
            figures[row] = (
                precision,
                min(1.0, right / instances),
                sum(coverages) / len(coverages),
                sum(weighted) / len(weighted),
            )
    return figures


def _paint(scene: DenseScene, things: list[int]) -> list[Part]:
    """The predictions after each point went to the best score; of equal scores to the first in the file."""
    parts = [guess for guess in scene.guesses if guess.label in things]
    owner = np.full(len(scene.semantic), -1)
    for point in range(len(owner)):
        candidates = [(-part.score, k) for k, part in enumerate(parts) if part.mask[point]]
        if candidates:
            owner[point] = min(candidates)[1]
    return [Part(owner == k, part.label) for k, part in enumerate(parts) if (owner == k).any()]


def _iou(a: Part, b: Part) -> float:
    return int((a.mask & b.mask).sum()) / int((a.mask | b.mask).sum())
