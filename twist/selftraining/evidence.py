"""Evidence: what the model said of a scan when it was labelled, kept so that the labels can be diagnosed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from twist.errors import TwistError
from twist.files import read_npz, write_npz
from twist.regions import Regions


@dataclass(frozen=True)
class Evidence:
    """What one scan's N points and P proposals looked like to the model, the discarded ones included.

    predicted: (N,) uint8 class index with the largest probability
    confidence: (N,) uint8, that probability in steps of 1/255
    proposals: ``label`` = class re-corrected by Ψ (-1 = background), ``score`` = certainty; none in round 1
    """

    predicted: np.ndarray
    confidence: np.ndarray
    proposals: Regions

    @classmethod
    def of(cls, probability: np.ndarray, proposals: Regions | None = None) -> Evidence:
        """From class probabilities (N, C) float32 and, where Ψ is trained, its proposals."""
        confidence = np.round(255 * probability.max(axis=1)).astype(np.uint8)
        nothing = Regions.empty(len(probability))
        return cls(probability.argmax(axis=1).astype(np.uint8), confidence, proposals or nothing)

    def save(self, labels: Path) -> None:
        """Write beside the scan's pseudo-labels, whose path is given; compressed, about a tenth of theirs."""
        regions = {key: getattr(self.proposals, key) for key in ("index", "offsets", "label", "score")}
        points = {"predicted": self.predicted, "confidence": self.confidence}
        write_npz(_beside(labels), points | regions, compress=True)

    @classmethod
    def load(cls, labels: Path) -> Evidence:
        """Read what ``save`` wrote. Raises TwistError for a missing or damaged file."""
        path = _beside(labels)
        if not path.exists():
            raise TwistError(f"{path} is missing: older labels have none; delete {path.parent} and run again")
        arrays = read_npz(path)
        try:
            predicted, confidence = arrays.pop("predicted"), arrays.pop("confidence")
            return cls(predicted, confidence, Regions(**arrays, size_of_scene=len(predicted)))
        except (KeyError, TypeError, TwistError) as error:
            raise TwistError(
                f"{path} does not hold evidence ({error}); delete {path.parent} and run again"
            ) from error


def _beside(labels: Path) -> Path:
    return labels.with_name(f"{labels.stem}.evidence.npz")
