"""Opening devices: threads, and clear errors for what is not there."""

from __future__ import annotations

import shutil
from types import SimpleNamespace

import pytest
import torch

from twist.devices import describe, open_device
from twist.errors import TwistError


def test_the_cpu_computes_with_one_thread(capsys: pytest.CaptureFixture[str]) -> None:
    assert open_device("cpu") == torch.device("cpu")
    assert torch.get_num_threads() == 1
    assert describe(torch.device("cpu")) == "cpu"
    assert capsys.readouterr().out == ""


def test_auto_takes_what_there_is_and_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(shutil, "which", lambda name: None)
    monkeypatch.delenv("SLURM_JOB_GPUS", raising=False)
    assert open_device("auto").type == "cpu"
    assert capsys.readouterr().out == "device: cpu\n"
    monkeypatch.setenv("SLURM_JOB_GPUS", "0")
    assert open_device("auto").type == "cpu"
    assert "there is a GPU here that torch does not see" in capsys.readouterr().out


def test_a_gpu_that_is_not_there_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(TwistError, match="a GPU was asked for but torch sees none; run with"):
        open_device("cuda")


def test_the_gpu_becomes_the_current_one(monkeypatch: pytest.MonkeyPatch) -> None:
    current = []
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(torch.cuda, "set_device", lambda device: current.append(device.index))
    monkeypatch.setattr(torch.backends, "cuda", SimpleNamespace(matmul=SimpleNamespace(allow_tf32=False)))
    assert open_device("cuda") == torch.device("cuda", 0)
    assert open_device("cuda:1") == torch.device("cuda", 1)
    assert current == [0, 1]
    assert torch.backends.cuda.matmul.allow_tf32
    with pytest.raises(TwistError, match="device 'cuda:2' is not there; torch sees 2 GPUs"):
        open_device("cuda:2")


@pytest.mark.parametrize("name", ["gpu", "cuda:x", "", "mps", "cpu:cpu"])
def test_another_device_is_refused_in_one_line(name: str) -> None:
    with pytest.raises(TwistError, match=f"device '{name}' .*give cpu, cuda, cuda:N or auto") as error:
        open_device(name)
    assert "\n" not in str(error.value)
