"""The GPU benchmark's check, of the CPU against itself, and its trainings on a tiny scene."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from benchmarks import gpu_correctness
from benchmarks.bench.inputs import sheet_sample
from benchmarks.bench.teaching import preset
from benchmarks.gpu import main
from benchmarks.gpu_correctness import TOLERANCES, check, mixed_against_float32
from benchmarks.gpu_training import pretraining, training
from tests.synthetic import tiny_settings

CPU = torch.device("cpu")


def test_the_cpu_agrees_with_itself(tmp_path: Path) -> None:
    main(["--device", "cpu", "--preset", "small", "--check-points", "3000", "--out", str(tmp_path)])
    record = json.loads((tmp_path / "gpu.json").read_text())
    assert record["differences from the CPU"] == dict.fromkeys(TOLERANCES, 0.0)
    assert record["provenance"]["device"] == "cpu"
    assert "latency, ms" not in record


def test_a_device_with_other_answers_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second device's answers and gradient are a little off: every figure must show it."""
    output, step, calls = gpu_correctness._output, gpu_correctness._step, {"output": 0, "step": 0}

    def off(name: str, result: Any) -> Any:
        calls[name] += 1
        return shifted(result) if calls[name] == 2 else result

    def shifted(result: Any) -> Any:
        if isinstance(result, tuple):
            return tuple(shifted(part) for part in result)
        if isinstance(result, dict):
            return {key: value + 0.1 for key, value in result.items()}
        return result + 0.1

    monkeypatch.setattr(gpu_correctness, "_output", lambda *a: off("output", output(*a)))
    monkeypatch.setattr(gpu_correctness, "_step", lambda *a: off("step", step(*a)))
    words = ["--device", "cpu", "--preset", "small", "--check-points", "3000", "--out", str(tmp_path)]
    with pytest.raises(SystemExit, match=r"probability 0.1 .* offset 0.1 .* loss .* gradient"):
        main(words)


def test_a_scaled_loss_gives_the_gradient_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The CPU computes in float32 whatever is asked for: with autocast off nothing but the scale is left."""
    plain = torch.autocast
    monkeypatch.setattr(torch, "autocast", lambda kind, dtype, enabled: plain(kind, dtype, enabled=False))
    scenes = [sheet_sample(3000), sheet_sample(1500)]
    differences = mixed_against_float32(CPU, preset("small"), scenes, tmp_path)
    assert differences.keys() == {"loss", "gradient"}
    assert max(differences.values()) < 1e-6


def test_without_a_gpu_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(SystemExit, match="no GPU: torch sees none") as told:
        main(["--out", str(tmp_path)])
    assert told.value.code != 0
    assert not any(tmp_path.iterdir())


def test_other_results_are_refused_by_name() -> None:
    check(TOLERANCES)
    for wrong in (2.0, float("nan")):
        with pytest.raises(SystemExit, match="other results than the CPU: gradient"):
            check(TOLERANCES | {"gradient": wrong})


def test_trainings_tell_their_pace() -> None:
    sample = sheet_sample(2000)
    settings = tiny_settings(pretraining={"pairs_per_step": 2, "matches_per_step": 64, "probe_scans": 2})
    for figures in (
        training(CPU, sample, 2, mixed=True, settings=settings),
        pretraining(CPU, sample, 2, settings=settings),
    ):
        assert figures["steps a second"] > 0
        assert 0 <= figures["share of waiting for data, %"] < 100
