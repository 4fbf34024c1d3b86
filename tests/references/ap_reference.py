"""ScanNet's instance evaluation, slow and plain: dense masks and one loop a rule.

Written from the description of the benchmark's rules; shares nothing with ``twist.scoring``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

THRESHOLDS = [0.5 + i * (0.55 - 0.5) for i in range(10)] + [0.25]  # as numpy's arange steps, not i * 0.05
SMALLEST = 100


@dataclass(frozen=True, eq=False)
class Part:
    """A ground-truth instance or a prediction: a dense mask (N,), a class, and for predictions a score."""

    mask: np.ndarray
    label: int
    score: float = math.nan

    @cached_property
    def size(self) -> int:
        return int(self.mask.sum())


@dataclass(frozen=True, eq=False)
class DenseScene:
    """Class and instance id of each point (N,), -1 = none, and the predictions."""

    semantic: np.ndarray
    instance: np.ndarray
    guesses: list[Part]

    @cached_property
    def truths(self) -> list[Part]:
        pairs = {
            (int(s), int(i)) for s, i in zip(self.semantic, self.instance, strict=True) if s >= 0 and i >= 0
        }
        return [Part((self.semantic == s) & (self.instance == i), s) for s, i in sorted(pairs)]

    @cached_property
    def iou(self) -> dict[tuple[Part, Part], float]:
        return {
            (truth, guess): int((truth.mask & guess.mask).sum()) / int((truth.mask | guess.mask).sum())
            for truth in self.truths
            for guess in self.guesses
            if guess.size
        }

    def void(self, things: list[int]) -> np.ndarray:
        void = np.ones(len(self.semantic), bool)
        for truth in self.truths:
            if truth.label in things:
                void &= ~truth.mask
        return void


def reference_ap(scenes: list[DenseScene], things: list[int]) -> np.ndarray:
    """(len(things), 11) average precision; NaN where a class has no ground truth."""
    voids = [scene.void(things) for scene in scenes]
    ap = np.full((len(things), len(THRESHOLDS)), math.nan)
    for row, label in enumerate(things):
        wanted = sum(truth.label == label and truth.size >= SMALLEST for s in scenes for truth in s.truths)
        for column, threshold in enumerate(THRESHOLDS):
            hits: list[float] = []
            false_alarms: list[float] = []
            for scene, void in zip(scenes, voids, strict=True):
                _score_scene(scene, void, label, threshold, hits, false_alarms)
            if wanted:
                ap[row, column] = _area(hits, false_alarms, wanted)
    return ap


def _score_scene(
    scene: DenseScene,
    void: np.ndarray,
    label: int,
    threshold: float,
    hits: list[float],
    false_alarms: list[float],
) -> None:
    truths = [truth for truth in scene.truths if truth.label == label]
    guesses = [guess for guess in scene.guesses if guess.label == label and guess.size >= SMALLEST]
    used: list[Part] = []
    for truth in truths:
        if truth.size < SMALLEST:
            continue
        mine = None
        for guess in guesses:
            if guess in used or not scene.iou[truth, guess] > threshold:
                continue
            if mine is None:
                mine = guess.score
                used.append(guess)
            else:
                false_alarms.append(min(mine, guess.score))
                mine = max(mine, guess.score)
        if mine is not None:
            hits.append(mine)
    for guess in guesses:
        if any(scene.iou[truth, guess] > threshold for truth in truths):
            continue
        excused = int((guess.mask & void).sum())
        for truth in truths:
            if truth.size < SMALLEST:
                excused += int((guess.mask & truth.mask).sum())
        if not excused / guess.size > threshold:
            false_alarms.append(guess.score)


def _area(hits: list[float], false_alarms: list[float], wanted: int) -> float:
    curve = []  # (precision, recall) from the lowest score to the highest
    for cut in sorted({*hits, *false_alarms}):
        right = sum(score >= cut for score in hits)
        wrong = sum(score >= cut for score in false_alarms)
        curve.append((right / (right + wrong), right / wanted))
    curve.append((1.0, 0.0))
    recalls = [curve[0][1], *(recall for _, recall in curve), 0.0]
    return math.fsum(precision * (recalls[k] - recalls[k + 2]) / 2 for k, (precision, _) in enumerate(curve))
