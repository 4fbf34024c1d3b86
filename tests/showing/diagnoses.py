"""Made-up diagnoses and losses of a run, in the form of its CSV files."""

from __future__ import annotations

import numpy as np
import pandas as pd

from twist.classes import SCANNET, ClassTable
from twist.scoring.pseudo_quality import LabelCounts, quality_rows
from twist.scoring.reliability import Reliability

#: Above each of these counts stands the one that it is a part of.
_PARTS = {
    "covered_points": "true_points",
    "right_points": "covered_points",
    "right_instances": "kept_instances",
    "fitting_instances": "kept_instances",
    "found_instances": "true_instances",
    "covered_instances": "true_instances",
}


def quality_of(rounds: tuple[int, ...], table: ClassTable = SCANNET) -> pd.DataFrame:
    """Quality of some rounds: counts at random, parts never above their whole, no instances in round 1."""
    frames = []
    for stage in rounds:
        rng = np.random.default_rng(stage)
        values = {key: rng.integers(1, 100, len(table)) for key in LabelCounts.__dataclass_fields__}
        if stage == 1:
            values["kept_instances"] *= 0
        for part, whole in _PARTS.items():
            values[part] = np.minimum(values[part], values[whole])
        values["labelled_points"] = values["labelled_points"] + values["right_points"]
        counts = LabelCounts(**{key: value.astype(np.float64) for key, value in values.items()})
        frames.append(pd.DataFrame(quality_rows(counts, table)).assign(round=stage))
    return pd.concat(frames)


def calibration_of(rounds: tuple[int, ...]) -> pd.DataFrame:
    """Calibration of some rounds: two bins each; no proposals in round 1."""
    score, right = np.repeat([0.45, 0.66], 20), np.tile(np.arange(20), 2) < np.repeat([5, 10], 20)
    target = np.repeat([0.4, 0.6], 20)
    frames = []
    for stage in rounds:
        some = slice(0) if stage == 1 else slice(None)
        for name, reliability in {
            "certainty": Reliability.of(score[some], right[some], target[some]),
            "thing_probability": Reliability.of(score, right),
            "stuff_probability": Reliability.of(score[20:], right[20:]),
        }.items():
            frames.append(pd.DataFrame(reliability.rows()).assign(score=name, round=stage))
    return pd.concat(frames)


def metrics_of(rounds: tuple[int, ...]) -> pd.DataFrame:
    """Losses of some rounds; round 0 has none of Ψ."""
    frames = []
    for stage in rounds:
        frame = pd.DataFrame(
            {"round": stage, "step": [10, 20], "semantic": [1.5, 1.0], "offset": [0.2, -0.5]}
        )
        if stage:
            frame = frame.assign(certainty=[0.6, 0.4], **{"class": [1.2, 0.7]})
        frames.append(frame)
    return pd.concat(frames)
