"""The verb `losses`: the metrics of all trainings as one plot, whatever the run's method."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.showing.diagnoses import metrics_of
from twist.__main__ import main


def test_the_trainings_are_drawn(tmp_path: Path) -> None:
    words = ["losses", "--plot", str(tmp_path / "plots" / "losses"), "--metrics"]
    for stage in (0, 1):
        words.append(str(tmp_path / f"{stage}.csv"))
        metrics_of((stage,)).drop(columns="round").to_csv(words[-1], index=False)
    assert main(words) == 0
    assert {path.suffix for path in (tmp_path / "plots").iterdir()} == {".png", ".svg"}


def test_foreign_metrics_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.csv").write_text("x,y\n1,2\n")
    assert main(["losses", "--plot", str(tmp_path / "b"), "--metrics", str(tmp_path / "a.csv")]) == 1
    assert "a.csv: no CSV of training metrics" in capsys.readouterr().err
