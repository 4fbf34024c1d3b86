"""Matches and partitions as their definitions read, pair by pair."""

from __future__ import annotations

import math

import numpy as np


def mutual_neighbours_slowly(a: np.ndarray, b: np.ndarray, radius: float) -> set[tuple[int, int]]:
    """Pairs of which each is the other's nearest, within the radius."""
    pairs = set()
    for i, p in enumerate(a):
        distances = [math.dist(p, q) for q in b]
        j = int(np.argmin(distances))
        back = int(np.argmin([math.dist(b[j], q) for q in a]))
        if back == i and distances[j] <= radius:
            pairs.add((i, j))
    return pairs


def partition_slowly(
    xyz: np.ndarray, pair: np.ndarray, radii: tuple[float, ...], heights: tuple[float, ...]
) -> np.ndarray:
    """(M, M): shell times levels plus level, or -1 for what is too near or of another pair of views."""
    result = np.full((len(xyz), len(xyz)), -1)
    for i, j in np.ndindex(result.shape):
        distance = math.dist(xyz[i], xyz[j])
        if pair[i] != pair[j] or distance < radii[0]:
            continue
        shell = sum(distance >= radius for radius in radii) - 1
        level = sum(xyz[j][2] - xyz[i][2] >= height for height in heights)
        result[i, j] = shell * (len(heights) + 1) + level
    return result


def contrast_slowly(a: np.ndarray, b: np.ndarray, partition: np.ndarray, temperature: float) -> float:
    """Partitioned PointInfoNCE, sum by sum: mean over partitions of the mean over anchors with negatives."""
    means = []
    for p in range(partition.max() + 1):
        terms = []
        for i in range(len(a)):
            others = [j for j in range(len(a)) if j != i and partition[i, j] == p]
            if others:
                exponentials = [math.exp(float(a[i] @ b[j]) / temperature) for j in [i, *others]]
                terms.append(-math.log(exponentials[0] / sum(exponentials)))
        if terms:
            means.append(sum(terms) / len(terms))
    return sum(means) / len(means) if means else 0.0
