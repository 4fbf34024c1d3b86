"""The GPUs of one machine among its jobs: each job sees those alone that it holds, for as long as it lives.

Snakemake counts GPUs and hands out no numbers; left to themselves, all jobs would take the first.
"""

from __future__ import annotations

import argparse
import fcntl
import os
import shutil
import stat
import subprocess
import tempfile
import time
from pathlib import Path

from twist.errors import TwistError
from twist.files import try_lock

_VISIBLE = "CUDA_VISIBLE_DEVICES"
_POLL_S = 1.0
_held: list[int] = []  # descriptors of the locks; closing one would give its GPU back


def add_device_argument(parser: argparse.ArgumentParser) -> None:
    """``--device``, which ``lease_gpus`` and ``devices.open_device`` read."""
    told = "cpu, cuda, cuda:N or auto, a GPU where there is one; default: auto"
    parser.add_argument("--device", default="auto", metavar="NAME", help=told)


def lease_gpus(device: str, count: int = 1) -> None:
    """Let this process, and those it starts, see ``count`` GPUs that no other job of this user holds.

    Call it before torch is imported: CUDA reads its environment once. For the devices ``cuda`` and ``auto``;
    another one was chosen by whoever named it. Waits, saying so, until enough are free; those who wait are
    served in turn, so that small jobs never keep out one that needs several. The kernel frees a GPU however
    its holder ends. Where Slurm or CUDA_VISIBLE_DEVICES leaves no choice, or there are too few, nothing is
    done (opening the device tells the latter). Raises TwistError where there can be no locks.
    """
    gpus = _choice() if device in ("cuda", "auto") else []
    given = _VISIBLE in os.environ
    if not gpus or len(gpus) < count or (given and len(gpus) == count):
        return
    taken = _take(gpus, count)
    os.environ[_VISIBLE] = ",".join(taken)
    os.environ.setdefault("CUDA_DEVICE_ORDER", "PCI_BUS_ID")  # as nvidia-smi counts; else the fastest is 0
    print(f"GPU {', '.join(taken)} of {', '.join(gpus)}", flush=True)


def _choice() -> list[str]:
    """The GPUs that this process may choose from, as words of CUDA_VISIBLE_DEVICES; none where it may not."""
    if _VISIBLE in os.environ:
        words = [word.strip() for word in os.environ[_VISIBLE].split(",")]
        return [word for word in words if word]
    if "SLURM_JOB_GPUS" in os.environ or not shutil.which("nvidia-smi"):
        return []
    listed = subprocess.run(["nvidia-smi", "-L"], capture_output=True, text=True, check=False).stdout
    return [str(number) for number in range(sum(line.startswith("GPU ") for line in listed.splitlines()))]


def _take(gpus: list[str], count: int) -> list[str]:
    """Lock ``count`` of the GPUs. Who waits first collects what gets free; the others wait for their turn."""
    folder, taken = _lock_folder(), {}
    turn = _open(folder / "turn")
    for _ in range(10):  # who finds free GPUs has its turn for a moment only
        if at_once := try_lock(turn):
            break
        time.sleep(_POLL_S / 10)
    if not at_once:
        _say_it_waits(gpus, count)
        fcntl.flock(turn, fcntl.LOCK_EX)
    while True:
        for gpu in gpus:
            if gpu in taken or len(taken) == count:
                continue
            handle = _open(folder / gpu.replace("/", "_"))  # the name of a part of a GPU may have slashes
            if try_lock(handle):
                taken[gpu] = handle
            else:
                os.close(handle)
        if len(taken) == count:
            break
        if at_once:
            _say_it_waits(gpus, count)
            at_once = False
        time.sleep(_POLL_S)
    os.close(turn)
    _held.extend(taken.values())
    return [gpu for gpu in gpus if gpu in taken]


def _say_it_waits(gpus: list[str], count: int) -> None:
    few = f"{count} of the GPUs {', '.join(gpus)}" if count > 1 else f"one of the GPUs {', '.join(gpus)}"
    print(f"waiting for {few}, which other jobs hold; --device cuda:N would share one", flush=True)


def _lock_folder() -> Path:
    """This user's locks on this machine. In a Slurm job, which has its GPUs to itself, the job's own."""
    job = os.environ.get("SLURM_JOB_ID")
    folder = Path(tempfile.gettempdir()) / (f"twist-gpus-{os.getuid()}" + (f"-{job}" if job else ""))
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError:
        facts = folder.lstat()
        if not stat.S_ISDIR(facts.st_mode) or facts.st_uid != os.getuid():
            raise TwistError(f"{folder} is someone else's; set {_VISIBLE} to the GPUs to use") from None
    except OSError as error:
        raise TwistError(
            f"cannot make {folder}: {error.strerror}; set {_VISIBLE} to the GPUs to use"
        ) from error
    return folder


def _open(folder: Path) -> int:
    """A folder to lock: what cleans /tmp of old things leaves locked folders alone, but not locked files."""
    folder.mkdir(mode=0o700, exist_ok=True)
    return os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
