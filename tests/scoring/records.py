"""An eval.json to start from, for tests of what reads it back."""

from __future__ import annotations

from typing import Any


def score(**changes: Any) -> dict[str, Any]:
    """The keys of an eval.json that somebody reads back, with some of them changed."""
    record = {
        "dataset": "own", "ratio_pct": 5.0, "method": "twist", "variant": "", "seed": 0, "rounds": 1,
        "scenes": 2, "mAP": None, "AP50": 20.0, "AP25": 50.0,
        "provenance": {"settings": "s", "versions": {"twist": "1"}, "revision": "abc"},
    }  # fmt: skip
    return record | changes
