"""All cases, in the order of the workflow."""

from __future__ import annotations

from benchmarks.bench import data, geometry, learning, proposals, scores, surfaces
from benchmarks.bench.case import Case

CASES: list[Case] = [
    *data.CASES, *surfaces.CASES, *geometry.CASES, *learning.CASES, *proposals.CASES, *scores.CASES
]  # fmt: skip
