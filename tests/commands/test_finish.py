"""The verb `finish`: a run's scores and metrics, also of rounds that it shares."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.scoring.records import score
from twist.__main__ import main
from twist.runs import Run

ROOT = Path(__file__).parents[2]


def finish(folder: Path) -> int:
    """Close a run of two rounds, whose files a test may have changed."""
    inputs = {"evaluations": ("1.json", "2.json"), "metrics": ("0.csv", "1.csv", "2.csv")}
    outputs = {
        "out": "eval.json",
        "rounds-out": "rounds.json",
        "metrics-out": "m.csv",
        "settings-out": "s.yaml",
    }
    words = ["finish", "--run", "tiny_50pct-tau0.3", "--config", str(ROOT / "config")]
    for option, names in inputs.items():
        words += [f"--{option}", *(str(folder / name) for name in names)]
    for option, name in outputs.items():
        words += [f"--{option}", str(folder / name)]
    return main(words)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for stage, variant in ((1, ""), (2, "-tau0.3")):
        record = score(dataset="tiny", variant=variant, rounds=stage, mAP=10.0 * stage)
        (tmp_path / f"{stage}.json").write_text(json.dumps(record))
    for stage in range(3):
        (tmp_path / f"{stage}.csv").write_text(f"step,loss\n5,{stage}\n")
    return tmp_path


def test_a_shared_round_is_told_under_the_runs_own_name(folder: Path) -> None:
    assert finish(folder) == 0
    rounds = json.loads((folder / "rounds.json").read_text())
    assert [(one["variant"], one["rounds"], one["mAP"]) for one in rounds] == [
        ("-tau0.3", 1, 10.0), ("-tau0.3", 2, 20.0),
    ]  # fmt: skip
    assert json.loads((folder / "eval.json").read_text()) == rounds[-1]
    own = Run.parse("tiny_50pct-tau0.3").resolve(ROOT / "config", {})
    assert {one["provenance"]["settings"] for one in rounds} == {own.fingerprint()}
    assert (folder / "m.csv").read_text() == "round,step,loss\n0,5,0\n1,5,1\n2,5,2\n"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("2.json", b"{"),
        ("2.json", b'{"rounds": 1}'),
        ("2.json", json.dumps(score(rounds=None)).encode()),
        ("1.csv", b""),
        ("1.csv", b"\xff\xfe\x00"),
        ("1.csv", b"a,b\n1,2,3\n1,2,3,4\n"),
        ("1.csv", b"epoch,loss\n1,2\n"),
    ],
)
def test_damaged_files_are_named_and_nothing_is_written(
    name: str, content: bytes, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / name).write_bytes(content)
    assert finish(folder) == 1
    error = capsys.readouterr().err
    assert str(folder / name) in error
    assert error.strip().count("\n") == 0
    assert not (folder / "eval.json").exists()
    assert not (folder / "m.csv").exists()
