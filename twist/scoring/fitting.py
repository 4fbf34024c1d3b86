"""How regions of a scan, such as proposals and pseudo-instances, fit its annotated instances."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from twist.classes import ClassTable
from twist.regions import Regions, iou
from twist.scoring.matching import annotated_instances


@dataclass(frozen=True)
class Fits:
    """K regions against G annotated instances of any size.

    regions: those that can be judged; truth: the instances, ``label`` = class
    iou: (K, G) float64; same_class: (K, G) bool
    """

    regions: Regions
    truth: Regions
    iou: np.ndarray
    same_class: np.ndarray

    @property
    def best(self) -> np.ndarray:
        """(K,) float64 IoU of each region with its best instance of any class; 0 where there is none."""
        return self.iou.max(axis=1, initial=0.0)

    @property
    def best_of_class(self) -> np.ndarray:
        """(K,) float64 IoU of each region with its best instance of the same class."""
        return np.where(self.same_class, self.iou, 0.0).max(axis=1, initial=0.0)


def fit_instances(regions: Regions, semantic: np.ndarray, instance: np.ndarray, table: ClassTable) -> Fits:
    """Compare regions with the annotated instances of their scan.

    semantic, instance: (N,) annotations as for ``match_scene``
    A region with more than half of its points unannotated cannot be judged and is left out, as the
    benchmark excuses predictions on void [our choice].
    """
    unannotated = np.bincount(regions.region_of_entry, semantic[regions.index] < 0, len(regions))
    regions = regions.select(2 * unannotated <= regions.sizes)
    truth = annotated_instances(semantic, instance, table)
    return Fits(regions, truth, iou(regions, truth), regions.label[:, None] == truth.label[None, :])


def soft_iou(best: np.ndarray, background: float, certain: float) -> np.ndarray:
    """What a certainty is trained to be: 0 below IoU ``background``, 1 above ``certain``, linear between."""
    return np.clip((best - background) / (certain - background), 0.0, 1.0)
