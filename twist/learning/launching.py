"""Starting the processes of a training by torch's launcher (the one behind ``torchrun``)."""

from __future__ import annotations

import logging
import os
import signal
import sys
import time
import traceback
import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any, NoReturn

import torch
from torch import distributed
from torch.distributed.elastic.multiprocessing import SignalException
from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
from torch.distributed.launcher.api import LaunchConfig, elastic_launch

from twist.errors import TwistError
from twist.learning.processes import ALONE, LeftToTheFirst, PartnerLost, Processes
from twist.learning.stopping import STOP_SIGNALS, ignore_stop_signals

#: How long processes wait for one another. The first may have to wait for an orphan to end its training.
_PATIENCE = timedelta(hours=6)

#: Longer than torch's launcher, which looks ten times a second, takes to note which process ended first.
_TIME_TO_NOTICE_S = 2.0


def launch(count: int, body: Callable[..., None], *arguments: Any) -> None:
    """Call ``body(processes, *arguments)`` in each of ``count`` new processes, or right here where it is one.

    If one of them dies, torch's launcher ends the others; if the launcher dies, they save and end.
    Raises TwistError when one failed (it has told why) and when stopped by a signal (after they have saved).
    """
    if count == 1:
        body(ALONE, *arguments)
        return
    for name in ("torch.distributed", "torch.multiprocessing"):  # they repeat errors, with tracebacks
        logging.getLogger(name).setLevel(logging.CRITICAL)
    config = LaunchConfig(
        min_nodes=1,
        max_nodes=1,
        nproc_per_node=count,
        run_id=uuid.uuid4().hex,
        rdzv_backend="c10d",
        rdzv_endpoint="localhost:0",
        local_addr="localhost",
        max_restarts=0,
        signals_to_handle=",".join(number.name for number in STOP_SIGNALS),
    )
    try:
        elastic_launch(config, member)(body, arguments)
    except ChildFailedError as error:
        rank, failure = error.get_first_failure()
        raise TwistError(
            f"process {rank} of the {count} of this training ended with exit code {failure.exitcode}; the "
            "same command goes on from the last saved state"
        ) from None
    except SignalException as stop:
        ignore_stop_signals()  # their handlers would show a traceback
        name = signal.Signals(stop.sigval).name
        raise TwistError(f"stopped by {name}; the same command goes on from the last saved state") from None


def member(body: Callable[..., None], arguments: tuple[Any, ...]) -> None:
    """One of the processes that the launcher starts; it finds its rank in the environment."""
    processes = Processes(int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"]))
    backend = "cpu:gloo,cuda:nccl" if torch.cuda.is_available() else "gloo"
    distributed.init_process_group(backend, timeout=_PATIENCE)
    try:
        try:
            body(processes, *arguments)
        finally:
            ignore_stop_signals()  # their handlers would show a traceback
    except LeftToTheFirst:
        _leave(0)
    except TwistError as error:
        print(f"twist, process {processes.rank} of {processes.count}: {error}", file=sys.stderr)
        if isinstance(error, PartnerLost):
            time.sleep(_TIME_TO_NOTICE_S)  # else the launcher may name this process as the one that failed
        _leave(1)
    except Exception:  # a defect, or too little GPU memory; torch would keep it in a file
        traceback.print_exc()
        _leave(1)
    else:
        distributed.destroy_process_group()  # after an error NCCL's would wait for the other processes


def _leave(code: int) -> NoReturn:
    """End at once; torch's own end waits for a launcher that may have died, or aborts over its threads."""
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    finally:  # also where nobody reads any more
        os._exit(code)
