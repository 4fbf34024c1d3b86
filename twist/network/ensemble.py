"""Ensemble: models that learned the same from other initialisations and answer together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from twist.classes import ClassTable
from twist.errors import TwistError
from twist.network.model import Model
from twist.settings import NetworkSettings


@dataclass(frozen=True)
class Ensemble:
    """Models of one shape, in evaluation mode, whose answers are averaged; often a single one.

    Raises TwistError where there is none, or where they differ in shape, classes or whether Ψ has learned.
    """

    models: tuple[Model, ...]

    def __post_init__(self) -> None:
        if not self.models:
            raise TwistError("an ensemble needs at least one model")
        for model in self.models:
            model.eval()
        for what, values in {
            "shape": {model.settings for model in self.models},
            "classes": {model.table.name for model in self.models},
            "rounds: Ψ has learned in some alone": {model.certainty_trained for model in self.models},
        }.items():
            if len(values) > 1:
                raise TwistError(f"models that answer together must be alike; these differ in their {what}")

    @classmethod
    def load(cls, paths: Sequence[str | Path], device: torch.device | str = "cpu") -> Ensemble:
        """Read models onto a device. Raises TwistError for missing, damaged and unlike ones."""
        models = tuple(Model.load(path, device) for path in paths)
        try:
            return cls(models)
        except TwistError as error:
            raise TwistError(f"{', '.join(map(str, paths))}: {error}") from None

    @property
    def first(self) -> Model:
        return self.models[0]

    @property
    def settings(self) -> NetworkSettings:
        return self.first.settings

    @property
    def table(self) -> ClassTable:
        return self.first.table

    @property
    def class_points(self) -> np.ndarray:
        """(C,) int64 annotated points of each class that the first model learned from.

        Raises TwistError where an earlier version trained it, which did not tell.
        """
        try:
            return np.array(self.first.facts["class_points"], np.int64)
        except KeyError:
            raise TwistError(
                "prediction.class_weight_power needs to know how often a model met each class, and this one "
                "was trained by an earlier version: train it again, or set the power to 0"
            ) from None

    @property
    def certainty_trained(self) -> bool:
        return self.first.certainty_trained

    @property
    def device(self) -> torch.device:
        return self.first.device
