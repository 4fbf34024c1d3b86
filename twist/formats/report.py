"""What a reader noticed beside the scene it returns."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class ReadReport:
    """Findings that do not stop the reading but must not stay silent.

    warnings: one line each, naming the file
    scene_type: the kind of room as the data set names it, or None
    unmapped: raw categories of objects that the label map lacks, sorted
    label_agreement: share of vertices whose class equals the data set's own per-vertex label file, or None
    """

    warnings: list[str] = field(default_factory=list)
    scene_type: str | None = None
    unmapped: list[str] = field(default_factory=list)
    label_agreement: float | None = None

    def warn(self, text: str) -> None:
        self.warnings.append(text)


def some(names: list[str], most: int = 5) -> str:
    """A list for a message, cut after the first few."""
    rest = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + rest


def empty_files(paths: Iterable[Path]) -> list[str]:
    """One line for each file that holds nothing."""
    return [f"{path} is empty" for path in paths if path.stat().st_size == 0]
