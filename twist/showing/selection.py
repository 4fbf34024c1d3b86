"""Which scans are shown where not all are."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from twist.errors import TwistError


def evenly(names: Sequence[str], count: int) -> list[str]:
    """At most ``count`` of the names, in their order: the middles of as many equal parts of the list."""
    count = min(count, len(names))
    return [names[(2 * k + 1) * len(names) // (2 * count)] for k in range(count)]


def selected(names: Sequence[str], which: Sequence[str], source: Path) -> list[str]:
    """Some names of the list ``source``: so many, evenly, or these. Raises TwistError for one not in it."""
    if len(which) == 1 and which[0].isdigit():
        return evenly(names, int(which[0]))
    for name in which:
        if name not in names:
            raise TwistError(f"{name} is not in {source}, so there is nothing to show of it")
    return list(which)
