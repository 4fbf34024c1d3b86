"""What a reader noticed beside the scene it returns."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class ReadReport:
    """Findings that do not stop the reading but must not stay silent.

    warnings: one line each, naming the file
    scene_type: the kind of room as the data set names it, or None
    label_agreement: share of vertices whose class equals the data set's own per-vertex label file, or None
    """

    warnings: list[str] = field(default_factory=list)
    scene_type: str | None = None
    label_agreement: float | None = None

    def warn(self, text: str) -> None:
        self.warnings.append(text)


def some(names: list[str], most: int = 5) -> str:
    """A list for a message, cut after the first few."""
    rest = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + rest
