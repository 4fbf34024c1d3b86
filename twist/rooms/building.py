"""A building: the finite pool of furniture models and finishes that its rooms share."""

from __future__ import annotations

import zlib

import numpy as np

from twist.rooms.furniture import KINDS
from twist.rooms.paint import Paint, mix
from twist.rooms.shapes import Shape

#: Models of one kind that a building owns.
MODELS_PER_KIND = 4


class Building:
    """Draws any model of its pool from the seed alone, so nothing needs to be kept.

    seed: the benchmark's seed and the building's number
    """

    def __init__(self, seed: tuple[int, int]) -> None:
        self._seed = seed

    def model(self, kind: str, choice: int, *size: float) -> Shape:
        """Model number ``choice`` of a kind; ``size`` goes to builders of things that are made to measure."""
        rng = self._rng(kind, choice % MODELS_PER_KIND)
        builders = KINDS[kind].builders
        return builders[int(rng.integers(len(builders)))](rng, *size)

    def paint(self, use: str, choice: int, *materials: str) -> Paint:
        """A finish for a use such as ``floor``; a building has a few of each."""
        return mix(self._rng(use, choice % MODELS_PER_KIND), *materials)

    def _rng(self, name: str, choice: int) -> np.random.Generator:
        return np.random.default_rng([*self._seed, zlib.crc32(name.encode()), choice])
