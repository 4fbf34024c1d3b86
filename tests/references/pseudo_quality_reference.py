"""Quality of pseudo-labels point by point and instance by instance, in sets and plain loops."""

from __future__ import annotations

import math

import numpy as np

from twist.classes import ClassTable


def instances_of(semantic: np.ndarray, instance: np.ndarray, table: ClassTable) -> list[tuple[int, set[int]]]:
    """(class, points) of each instance of a thing class."""
    members: dict[tuple[int, int], set[int]] = {}
    for point, (label, number) in enumerate(zip(semantic.tolist(), instance.tolist(), strict=True)):
        if label >= 0 and table.is_thing[label] and number >= 0:
            members.setdefault((label, number), set()).add(point)
    return [(label, points) for (label, _), points in sorted(members.items())]


def count_labels(
    xyz: np.ndarray,
    truth: tuple[np.ndarray, np.ndarray],
    pseudo: tuple[np.ndarray, np.ndarray],
    table: ClassTable,
) -> dict[str, list[float]]:
    """The fields of ``LabelCounts`` by class."""
    names = [
        "true_points", "covered_points", "labelled_points", "right_points",
        "kept_instances", "right_instances", "fitting_instances", "iou_sum",
        "true_instances", "found_instances", "covered_instances",
        "offset_points", "offset_error_sum", "no_offset_error_sum",
    ]  # fmt: skip
    counts = {name: [0.0] * len(table) for name in names}
    for true, label in zip(truth[0].tolist(), pseudo[0].tolist(), strict=True):
        if true >= 0:
            counts["true_points"][true] += 1
            if label >= 0:
                counts["covered_points"][true] += 1
                counts["labelled_points"][label] += 1
            counts["right_points"][true] += label == true
    real = instances_of(*truth, table)
    kept = [
        (label, points)
        for label, points in instances_of(*pseudo, table)
        if 2 * sum(truth[0][point] < 0 for point in points) <= len(points)
    ]
    for label, points in kept:
        fits = [(of, len(points & others) / len(points | others)) for of, others in real]
        counts["kept_instances"][label] += 1
        counts["right_instances"][label] += any(value > 0.5 and of == label for of, value in fits)
        counts["fitting_instances"][label] += any(value > 0.5 for _, value in fits)
        counts["iou_sum"][label] += max((value for _, value in fits), default=0.0)
    for label, points in real:
        fits = [(of, len(points & others) / len(points | others)) for of, others in kept]
        if len(points) >= 100:
            counts["true_instances"][label] += 1
            counts["found_instances"][label] += any(value > 0.5 and of == label for of, value in fits)
            counts["covered_instances"][label] += any(value > 0.5 for _, value in fits)
        centre = middle(xyz, points)
        for _, others in kept:
            error = math.dist(middle(xyz, others), centre)
            for point in points & others:
                counts["offset_points"][label] += 1
                counts["offset_error_sum"][label] += error
                counts["no_offset_error_sum"][label] += math.dist(xyz[point].tolist(), centre)
    return counts


def middle(xyz: np.ndarray, points: set[int]) -> list[float]:
    return xyz[sorted(points)].astype(np.float64).mean(axis=0).tolist()


def reliability(score: list[float], right: list[bool]) -> list[tuple[int, float, float]]:
    """(count, mean score, share right) of each of ten bins; zeros for an empty one."""
    bins: list[list[tuple[float, bool]]] = [[] for _ in range(10)]
    for value, is_right in zip(score, right, strict=True):
        bins[min(int(value * 10), 9)].append((value, is_right))
    return [
        (len(b), sum(v for v, _ in b) / max(len(b), 1), sum(r for _, r in b) / max(len(b), 1)) for b in bins
    ]
