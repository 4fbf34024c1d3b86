"""Starting the processes of a training by torch's launcher (the one behind ``torchrun``)."""

from __future__ import annotations

import logging
import os
import signal
import sys
import traceback
import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import torch
from torch import distributed
from torch.distributed.elastic.multiprocessing import SignalException
from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
from torch.distributed.launcher.api import LaunchConfig, elastic_launch

from twist.errors import TwistError
from twist.learning.processes import ALONE, LeftToTheFirst, Processes
from twist.learning.stopping import STOP_SIGNALS, ignore_stop_signals

#: How long processes wait for one another. The first may have to wait for an orphan to end its training.
_PATIENCE = timedelta(hours=6)


def launch(count: int, body: Callable[..., None], *arguments: Any) -> None:
    """Call ``body(processes, *arguments)`` in each of ``count`` new processes, or right here where it is one.

    If one of them dies, torch's launcher ends the others; if the launcher dies, they save and end.
    Raises TwistError when one failed (it has told why) and when stopped by a signal (after they have saved).
    """
    if count == 1:
        body(ALONE, *arguments)
        return
    logging.getLogger("torch.distributed").setLevel(logging.CRITICAL)  # it repeats errors, with tracebacks
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
        body(processes, *arguments)
    except LeftToTheFirst:
        sys.stdout.flush()
        os._exit(0)  # a return waits for the launcher to take note, for ever where it has died
    except TwistError as error:
        print(f"twist, process {processes.rank} of {processes.count}: {error}", file=sys.stderr, flush=True)
        sys.exit(1)
    except Exception:  # a defect, or too little GPU memory; torch would keep it in a file
        traceback.print_exc()
        sys.exit(1)
    else:
        ignore_stop_signals()
        distributed.destroy_process_group()  # after an error NCCL's would wait for the other processes
    finally:
        ignore_stop_signals()  # their handlers would show a traceback
