"""The scale of a run, from unit costs that are easy to check by hand."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.bench.suite import CASES
from benchmarks.bench.teaching import preset
from benchmarks.scale import Costs, Scale, main


def bench_file(folder: Path) -> Path:
    """Every case takes a microsecond a unit at its middle size and is absurdly slow at the others."""
    rows = []
    for case in CASES:
        for size in case.sizes:
            seconds = 1e-6 * size if size == case.sizes[1] else 1e3 * size
            rows.append({"case": case.name, "amount": size, "ours": {"cpu_s": seconds}})
    (folder / "bench.json").write_text(json.dumps({"rows": rows}))
    return folder / "bench.json"


def test_unit_costs_are_those_of_the_nearest_size(tmp_path: Path) -> None:
    costs = Costs.read(bench_file(tmp_path))
    assert costs.prepare == costs.supervoxels == costs.voxelise == pytest.approx(1e-6)


def test_hours_follow_from_scans_and_steps() -> None:
    scale = Scale(10, 2, 1000, steps_first=100, steps_round=50, rounds=2, scenes_first=4, scenes_round=4)
    costs = Costs(3.6, 0, 0.36, 0, 0, 0.036, 0)
    assert scale.cpu_hours(costs)["reading and preparing"] == pytest.approx(12 * 1000 * 3.6 / 3600)
    assert scale.cpu_hours(costs)["augmentation and voxelisation of all steps"] == pytest.approx(
        800 * 1000 * 1e-4
    )
    assert scale.gpu_hours(2.0, 100.0) == (pytest.approx(100 / 3600), pytest.approx(24 * 0.1 / 3600))
    clustering = scale.cpu_hours(Costs(0, 0, 0, 0, 3.6, 0, 0))["clustering and pseudo-labels, all rounds"]
    assert clustering == pytest.approx(
        14 * 1000 * 3.6 / 3600
    )  # ten scans in round 2, two scored ones in both
    training, predicting = scale.gpu_hours(2.0, 100.0)
    assert scale.wall_hours(2.0, 100.0, 8) == pytest.approx(training / 4 + predicting / 8)


def test_the_paper_preset_of_scannet_prints_its_table(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["--bench", str(bench_file(tmp_path))])
    said = capsys.readouterr().out
    assert "1201 + 312 scans, 5 rounds, 70000 steps" in said
    assert "| 8 |" in said
    assert Scale.of(preset("paper"), 1, 1).scans_trained == 20_000 * 4 + 5 * 10_000 * 4


def test_a_suite_that_was_stopped_is_told(tmp_path: Path) -> None:
    (tmp_path / "bench.json").write_text('{"rows": []}')
    with pytest.raises(SystemExit, match="no case reading"):
        main(["--bench", str(tmp_path / "bench.json")])
