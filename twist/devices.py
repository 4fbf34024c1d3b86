"""Opening the device that a rule was given."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from twist.errors import TwistError


def open_device(name: str) -> torch.device:
    """``cpu``, ``cuda``, ``cuda:N`` or ``auto`` (a GPU if torch sees one), set up for training.

    On the CPU one thread, so that results repeat bit for bit: a second gains a tenth at best and costs a
    factor under contention.
    Raises TwistError for another device, and where CUDA is asked for and absent.
    """
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
        print(f"device: {describe(torch.device(name))}", flush=True)
        if name == "cpu" and (shutil.which("nvidia-smi") or "SLURM_JOB_GPUS" in os.environ):
            print("warning: there is a GPU here that torch does not see; is torch a CUDA build?", flush=True)
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise TwistError(f"device {name!r} is unknown; give cpu, cuda, cuda:N or auto") from error
    if device.type == "cuda":
        if not torch.cuda.is_available():
            raise TwistError(
                "a GPU was asked for but torch sees none; run with `--resources gpu=0` to use the CPU, or "
                "install a CUDA build of torch"
            )
        if (device.index or 0) >= torch.cuda.device_count():
            raise TwistError(f"device {name!r} is not there; torch sees {torch.cuda.device_count()} GPUs")
        device = torch.device("cuda", device.index or 0)
        torch.cuda.set_device(device)  # NCCL and spconv work on the current one
        torch.backends.cuda.matmul.allow_tf32 = True
    elif device.type == "cpu":
        torch.set_num_threads(1)
    else:
        raise TwistError(f"device {name!r} is not supported; give cpu, cuda, cuda:N or auto")
    return device


@contextmanager
def enough_memory(advice: str) -> Iterator[None]:
    """Inside, too little memory on a GPU is a TwistError that ends with the advice."""
    try:
        yield
    except torch.OutOfMemoryError as error:
        raise TwistError(f"too little memory on the GPU ({str(error).splitlines()[0]}); {advice}") from error


def describe(device: torch.device) -> str:
    """The device's model, for provenance."""
    return torch.cuda.get_device_name(device) if device.type == "cuda" else "cpu"
