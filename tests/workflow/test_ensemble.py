"""An ensemble from raw scans to its score: members learn the same labels and become different networks."""

from __future__ import annotations

from pathlib import Path

import torch

from tests.workflow.project import Project
from twist.network.model import Model

SETTINGS = {"training": {"iterations": 3}, "selftraining": {"iterations": 3}}
MEMBERS = ("tiny_50pct-plus", "tiny_50pct-plus-init1", "tiny_50pct-plus-init2")


def test_three_networks_label_and_predict_together(tmp_path: Path) -> None:
    project = Project(tmp_path)
    project.run("results/tiny_50pct-plus/eval.json", settings=SETTINGS)
    results = project.folder / "results"
    weights = []
    for member in MEMBERS:
        model = Model.load(results / member / "round2/model.pt")
        assert model.certainty_trained
        weights.append(torch.cat([values.flatten().float() for values in model.state_dict().values()]))
    assert not any(torch.equal(weights[a], weights[b]) for a, b in ((0, 1), (0, 2), (1, 2)))
    labelled = [member for member in MEMBERS if (results / member / "round2/pseudolabels").exists()]
    assert labelled == ["tiny_50pct-plus"]
    assert not project.plan("results/tiny_50pct-plus/eval.json", settings=SETTINGS)
