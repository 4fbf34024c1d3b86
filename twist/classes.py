"""The class tables, once: names, benchmark order, published label ids, and which classes have instances."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np


@dataclass(frozen=True)
class ClassTable:
    """A benchmark's classes in its own order; a *class index* is a position in ``names``.

    ``label_ids`` are the ids that the benchmark's files use for the same classes (NYU40 for ScanNet).
    ``stuff`` names the classes that are segmented but have no instances.
    """

    name: str
    names: tuple[str, ...]
    label_ids: tuple[int, ...]
    stuff: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.names)

    @cached_property
    def things(self) -> np.ndarray:
        """Class indices that have instances, (T,) int64, ascending."""
        return np.array([i for i, name in enumerate(self.names) if name not in self.stuff])

    @cached_property
    def is_thing(self) -> np.ndarray:
        """(C,) bool: does the class have instances?"""
        return np.isin(np.arange(len(self)), self.things)

    def are_things(self, classes: np.ndarray) -> np.ndarray:
        """Class indices, any shape -> bool: has the class instances? -1, no class, has none.

        Raises IndexError for an index beyond the table.
        """
        return (classes >= 0) & self.is_thing[classes]

    def index_of_label(self, label_ids: np.ndarray) -> np.ndarray:
        """Published label ids, any shape, any integer dtype -> class indices int32, -1 where none applies."""
        ids = np.asarray(label_ids)
        table = np.full(max(self.label_ids) + 2, -1, np.int32)
        table[list(self.label_ids)] = np.arange(len(self))
        known = (ids >= 0) & (ids <= max(self.label_ids))
        return np.where(known, table[np.where(known, ids, 0)], np.int32(-1)).astype(np.int32)


SCANNET = ClassTable(
    name="scannet",
    names=(
        "wall", "floor", "cabinet", "bed", "chair", "sofa", "table", "door", "window", "bookshelf",
        "picture", "counter", "desk", "curtain", "refrigerator", "shower curtain", "toilet", "sink",
        "bathtub", "otherfurniture",
    ),
    label_ids=(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 14, 16, 24, 28, 33, 34, 36, 39),
    stuff=("wall", "floor"),
)  # fmt: skip

S3DIS = ClassTable(
    name="s3dis",
    names=(
        "ceiling", "floor", "wall", "beam", "column", "window", "door", "table", "chair", "sofa",
        "bookcase", "board", "clutter",
    ),
    label_ids=tuple(range(1, 14)),
)  # fmt: skip

CLASS_TABLES = {table.name: table for table in (SCANNET, S3DIS)}
