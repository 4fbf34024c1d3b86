"""Two processes that train together, forked from the test, which has imported torch already."""

from __future__ import annotations

import multiprocessing
import os
import signal
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import distributed

from twist.learning.launching import member
from twist.learning.processes import Processes

TIMEOUT_S = 300


def in_two(body: Callable[..., None], *arguments: Any) -> list[int]:
    """Exit codes of two processes that called ``body(processes, *arguments)``."""
    with socket.socket() as free:
        free.bind(("localhost", 0))
        address = {"MASTER_ADDR": "localhost", "MASTER_PORT": str(free.getsockname()[1]), "WORLD_SIZE": "2"}
    fork = multiprocessing.get_context("fork")
    pair = [fork.Process(target=_start, args=(rank, address, body, arguments)) for rank in (0, 1)]
    for process in pair:
        process.start()
    for process in pair:
        process.join(TIMEOUT_S)
        process.kill()  # only one that hangs is still there
        process.join()
    return [process.exitcode for process in pair]


def _start(rank: int, address: dict[str, str], body: Callable[..., None], arguments: tuple[Any, ...]) -> None:
    os.environ.update(address, RANK=str(rank))
    member(body, arguments)


def tell_sums(processes: Processes, folder: Path) -> None:
    """Write what the ranks make of one another's values."""
    own = torch.tensor([processes.rank + 1.0], requires_grad=True)
    total = processes.total(own)
    ((processes.rank + 1) * total).sum().backward()  # the loss is 1·total on one, 2·total on the other
    said = {
        "total": total.item(),
        "gradient": own.grad.item(),
        "gathered": processes.gather(f"from {processes.rank}"),
        "first": processes.from_the_first(f"by {processes.rank}"),
        "table": processes.table([processes.rank, 7.0]).tolist(),
    }
    torch.save(said, folder / f"{processes.rank}.pt")


def lose_the_second(processes: Processes, folder: Path) -> None:
    """The second process is killed; the first waits for it, and for ever."""
    (folder / f"pid{processes.rank}").write_text(str(os.getpid()))
    distributed.barrier()
    if not processes.first:
        os.kill(os.getpid(), signal.SIGKILL)
    while True:
        processes.gather("still there?")
