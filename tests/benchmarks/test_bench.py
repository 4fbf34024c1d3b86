"""The benchmark suite runs, tells what it measured, and refuses results that differ."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.bench.__main__ import main
from benchmarks.bench.case import Task
from benchmarks.bench.geometry import same_arrays, same_partition
from benchmarks.bench.measure import measure
from benchmarks.bench.suite import CASES


def test_quick_cases_write_a_table(tmp_path: Path) -> None:
    main(["--quick", "--only", "voxelisation", "collapsed", "--out", str(tmp_path)])
    record = json.loads((tmp_path / "bench.json").read_text())
    assert [row["case"] for row in record["rows"]] == ["voxelisation, 2 cm", "clustering, shifted, collapsed"]
    for row in record["rows"]:
        assert row["ratio"] == pytest.approx(row["reference"]["cpu_s"] / row["ours"]["cpu_s"])
        assert row["amount"] > 9000
    table = (tmp_path / "bench.md").read_text()
    assert "| voxelisation, 2 cm | 32 761 points |" in table
    assert record["provenance"]["versions"]["numpy"] in table


def test_results_that_differ_stop_the_suite() -> None:
    def check(mine: int, other: int) -> None:
        assert mine == other

    with pytest.raises(AssertionError):
        measure(Task(lambda: 1, lambda: 2, check, 1))
    measured = measure(Task(lambda: sum(range(100_000)), lambda: sum(range(100_000)), check, 1))
    assert measured.repeats > 1
    assert measured.ours.cpu_s > 0


def test_checks_tell_results_apart() -> None:
    import numpy as np

    same_partition(np.array([0, 0, 1]), np.array([5, 5, 2]))
    for other in ([5, 5, 5], [5, 2, 2], [1, 2, 3]):
        with pytest.raises(AssertionError):
            same_partition(np.array([0, 0, 1]), np.array(other))
    with pytest.raises(AssertionError):
        same_arrays((np.arange(3),), (np.arange(1, 4),))


def test_names_are_distinct_and_sizes_grow() -> None:
    assert len({case.name for case in CASES}) == len(CASES)
    assert all(sorted(set(case.sizes)) == list(case.sizes) for case in CASES)


def test_an_unknown_case_is_refused() -> None:
    with pytest.raises(SystemExit, match="no case has nonsense in its name"):
        main(["--only", "nonsense"])
