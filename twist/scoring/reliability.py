"""Reliability: does what a score promises come true?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from twist.classes import ClassTable
from twist.errors import TwistError
from twist.regions import Regions
from twist.scoring.fitting import fit_instances, soft_iou
from twist.scoring.matching import IOU_OF_A_HIT
from twist.settings import RecorrectionSettings

BINS = 10


@dataclass(frozen=True)
class Reliability:
    """Sums over things with a score between 0 and 1, in ten bins of equal width; scans are joined by ``+``.

    count: (10,) int64; score: (10,) float64 sum of the scores; right: (10,) float64 how many were right
    target: (10,) float64 sum of what the scores were trained to be; NaN where that is ``right`` itself
    """

    count: np.ndarray
    score: np.ndarray
    right: np.ndarray
    target: np.ndarray

    @classmethod
    def of(cls, score: np.ndarray, right: np.ndarray, target: np.ndarray | None = None) -> Reliability:
        """Sort K scored things into bins. score: (K,) float; right: (K,) bool; target: (K,) float or None.

        Raises TwistError for a score outside 0 to 1, NaN included.
        """
        good = (score >= 0) & (score <= 1)
        if not good.all():
            raise TwistError(f"a score is {score[~good][0]}, and must lie between 0 and 1")
        bin_of = np.minimum((score * BINS).astype(np.int64), BINS - 1)

        def total(values: np.ndarray) -> np.ndarray:
            return np.bincount(bin_of, values, BINS)

        trained_to = np.full(BINS, np.nan) if target is None else total(target)
        return cls(np.bincount(bin_of, minlength=BINS), total(score), total(right), trained_to)

    def __add__(self, other: Reliability) -> Reliability:
        return Reliability(*(getattr(self, key) + getattr(other, key) for key in vars(self)))

    @property
    def expected_error(self) -> float:
        """Expected calibration error: |mean score - share right| of the bins, by count; NaN for none."""
        total = self.count.sum()
        return float(np.abs(self.score - self.right).sum() / total) if total else float("nan")

    def rows(self) -> list[dict[str, Any]]:
        """One row a bin; means of an empty bin are NaN."""
        some = np.where(self.count > 0, self.count, np.nan)
        return [
            {
                "low": k / BINS,
                "high": (k + 1) / BINS,
                "count": int(self.count[k]),
                "mean_score": float(self.score[k] / some[k]),
                "share_right": float(self.right[k] / some[k]),
                "mean_target": float(self.target[k] / some[k]),
            }
            for k in range(BINS)
        ]

    @classmethod
    def from_rows(cls, rows: Sequence[Mapping[str, Any]]) -> Reliability:
        """The inverse of ``rows``, from one row a bin in their order."""
        count = np.array([int(row["count"]) for row in rows], np.int64)

        def total(key: str) -> np.ndarray:
            return np.where(count > 0, [row[key] for row in rows], 0.0) * count

        return cls(count, total("mean_score"), total("share_right"), total("mean_target"))


def certainty_reliability(
    proposals: Regions,
    semantic: np.ndarray,
    instance: np.ndarray,
    table: ClassTable,
    settings: RecorrectionSettings,
) -> Reliability:
    """Of Ψ's certainty: right = above IoU .5 with an instance of the proposal's class; target = soft IoU.

    proposals: of one scan, ``label`` = class (-1 = background, never right), ``score`` = certainty
    semantic, instance: (N,) annotations as for ``match_scene``
    """
    fits = fit_instances(proposals, semantic, instance, table)
    target = soft_iou(fits.best, settings.iou_background, settings.iou_certain)
    return Reliability.of(fits.regions.score.astype(np.float64), fits.best_of_class > IOU_OF_A_HIT, target)


def probability_reliability(
    probability: np.ndarray, predicted: np.ndarray, semantic: np.ndarray
) -> Reliability:
    """Of Φ's largest class probability (N,) at annotated points; right = its class (N,) is the point's."""
    annotated = semantic >= 0
    return Reliability.of(probability[annotated], (predicted == semantic)[annotated])
