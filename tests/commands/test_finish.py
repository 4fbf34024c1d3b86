"""The verb `finish`: a run's scores and metrics, also of rounds that it shares."""

from __future__ import annotations

import json
from pathlib import Path

from twist.__main__ import main

ROOT = Path(__file__).parents[2]


def test_a_shared_round_is_told_under_the_runs_own_name(tmp_path: Path) -> None:
    for stage, variant in ((1, ""), (2, "-tau0.3")):
        score = {"dataset": "tiny", "variant": variant, "seed": 0, "rounds": stage, "mAP": 10.0 * stage}
        (tmp_path / f"{stage}.json").write_text(json.dumps(score))
    for stage in range(3):
        (tmp_path / f"{stage}.csv").write_text(f"step,loss\n5,{stage}\n")
    inputs = {"evaluations": ("1.json", "2.json"), "metrics": ("0.csv", "1.csv", "2.csv")}
    outputs = {
        "out": "eval.json",
        "rounds-out": "rounds.json",
        "metrics-out": "m.csv",
        "settings-out": "s.yaml",
    }
    words = ["finish", "--run", "tiny_50pct-tau0.3", "--config", str(ROOT / "config")]
    for option, names in inputs.items():
        words += [f"--{option}", *(str(tmp_path / name) for name in names)]
    for option, name in outputs.items():
        words += [f"--{option}", str(tmp_path / name)]
    assert main(words) == 0
    rounds = json.loads((tmp_path / "rounds.json").read_text())
    assert [(one["variant"], one["rounds"], one["mAP"]) for one in rounds] == [
        ("-tau0.3", 1, 10.0), ("-tau0.3", 2, 20.0),
    ]  # fmt: skip
    assert json.loads((tmp_path / "eval.json").read_text()) == rounds[-1]
    assert (tmp_path / "m.csv").read_text() == "round,step,loss\n0,5,0\n1,5,1\n2,5,2\n"
