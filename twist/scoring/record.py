"""Scores as the record that becomes ``eval.json``, and as a table to read."""

from __future__ import annotations

import math
from typing import Any

from twist.scoring.average_precision import Scores
from twist.scoring.matching import SMALLEST_REGION


def eval_record(
    scores: Scores,
    *,
    dataset: str,
    provenance: dict[str, Any],
    ratio_pct: float | None = None,
    method: str | None = None,
    variant: str | None = None,
    seed: int | None = None,
    rounds: int | None = None,
) -> dict[str, Any]:
    """The content of ``eval.json``: what was scored, its figures in percent, and where they come from.

    A figure is None where there is no ground truth. ``mAP`` is ScanNet's, over IoU .50 to .90;
    ``mAP_50_95`` is the mean to .95.
    """
    return {
        "dataset": dataset,
        "ratio_pct": ratio_pct,
        "method": method,
        "variant": variant,
        "seed": seed,
        "rounds": rounds,
        "scenes": scores.scenes,
        "mAP": _percent(scores.mean_ap),
        "AP50": _percent(scores.mean_ap50),
        "AP25": _percent(scores.mean_ap25),
        "mAP_50_95": _percent(scores.mean_ap_50_95),
        "classes": {
            name: {
                "AP": _percent(scores.class_ap[row]),
                "AP50": _percent(scores.class_ap50[row]),
                "AP25": _percent(scores.class_ap25[row]),
                "instances": int(scores.instances[row]),
            }
            for row, name in enumerate(scores.names)
        },
        "predictions": {
            "scored": scores.predictions,
            "unscored_class": scores.unscored_class,
            "too_small": scores.too_small,
        },
        "provenance": provenance,
    }


def record_as_text(record: dict[str, Any]) -> str:
    """The figures of ``eval_record``: a line a class, their mean, what was left out; ``-`` = no figure."""
    classes, predictions = record["classes"], record["predictions"]
    width = max(len(name) for name in classes)
    instances = sum(row["instances"] for row in classes.values())
    lines = [f"{'class':<{width}}  instances     AP   AP50   AP25"]
    for name, row in classes.items():
        lines.append(f"{name:<{width}}  {row['instances']:>9}{_columns(row['AP'], row['AP50'], row['AP25'])}")
    mean = _columns(record["mAP"], record["AP50"], record["AP25"])
    lines.append(f"{'mean':<{width}}  {instances:>9}{mean}")
    lines.append(
        f"{record['scenes']} scenes, {predictions['scored']} predictions; not scored: "
        f"{predictions['too_small']} of fewer than {SMALLEST_REGION} points, "
        f"{predictions['unscored_class']} of a class without instances"
    )
    return "\n".join(lines)


def _percent(fraction: float) -> float | None:
    return None if math.isnan(fraction) else 100.0 * float(fraction)


def _columns(*percents: float | None) -> str:
    return "".join(f"{'-' if percent is None else f'{percent:.1f}':>7}" for percent in percents)
