"""Scores as the record that becomes ``eval.json``, and as a table to read."""

from __future__ import annotations

import math
from typing import Any

from twist.scoring.average_precision import mean_of_known
from twist.scoring.evaluation import Evaluation
from twist.scoring.matching import SMALLEST_REGION


def eval_record(
    evaluation: Evaluation,
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
    ``mAP_50_95`` is the mean to .95. ``mPrec``, ``mRec``, ``mCov`` and ``mWCov`` are S3DIS's, at IoU .5.
    """
    scores, coverage = evaluation.ap, evaluation.coverage
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
        "mPrec": _percent(mean_of_known(coverage.precision)),
        "mRec": _percent(mean_of_known(coverage.recall)),
        "mCov": _percent(mean_of_known(coverage.coverage)),
        "mWCov": _percent(mean_of_known(coverage.weighted)),
        "classes": {
            name: {
                "AP": _percent(scores.class_ap[row]),
                "AP50": _percent(scores.class_ap50[row]),
                "AP25": _percent(scores.class_ap25[row]),
                "instances": int(scores.instances[row]),
                "Prec": _percent(coverage.precision[row]),
                "Rec": _percent(coverage.recall[row]),
                "Cov": _percent(coverage.coverage[row]),
                "WCov": _percent(coverage.weighted[row]),
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
    """The figures of ``eval_record``: a line a class, their means, what was left out; ``-`` = no figure."""
    classes, predictions = record["classes"], record["predictions"]
    width = max(len(name) for name in classes)
    instances = sum(row["instances"] for row in classes.values())
    lines = [f"{'class':<{width}}  instances     AP   AP50   AP25   Prec    Rec    Cov   WCov"]
    columns = ("AP", "AP50", "AP25", "Prec", "Rec", "Cov", "WCov")
    means = {column: record["mAP" if column == "AP" else column] for column in columns[:3]}
    means |= {column: record[f"m{column}"] for column in columns[3:]}
    for name, row in [*classes.items(), ("mean", means | {"instances": instances})]:
        figures = "".join(f"{_cell(row[column]):>7}" for column in columns)
        lines.append(f"{name:<{width}}  {row['instances']:>9}{figures}")
    lines.append(
        f"{record['scenes']} scenes; AP of {predictions['scored']} predictions, without "
        f"{predictions['too_small']} of fewer than {SMALLEST_REGION} points and "
        f"{predictions['unscored_class']} of a class without instances"
    )
    return "\n".join(lines)


def _percent(fraction: float) -> float | None:
    return None if math.isnan(fraction) else 100.0 * float(fraction)


def _cell(percent: float | None) -> str:
    return "-" if percent is None else f"{percent:.1f}"
