"""The share of kernels in a training step."""

from __future__ import annotations

from benchmarks.step_share import KERNELS, step_parts
from twist.network import rulebook


def test_kernels_are_parts_of_the_step() -> None:
    before = rulebook._multiply
    voxels, parts = step_parts("small", scenes=1, steps=1)
    assert voxels > 1000
    assert all(parts[kind] > 0 for kind in KERNELS)
    assert sum(parts[kind] for kind in KERNELS) < parts["whole"]
    assert rulebook._multiply is before
