"""One function over many tasks, in this process or in several."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import TypeVar

from twist.errors import TwistError

Task = TypeVar("Task")
Result = TypeVar("Result")


def map_in_processes(
    function: Callable[[Task], Result], tasks: Sequence[Task], jobs: int, chunksize: int = 1
) -> Iterator[Result]:
    """The results in the tasks' order, as they come; with one job right here.

    Raises what the function raises, and TwistError where one of the processes was killed.
    """
    if jobs == 1:
        yield from map(function, tasks)
        return
    try:
        with ProcessPoolExecutor(jobs) as pool:
            yield from pool.map(function, tasks, chunksize=chunksize)
    except BrokenProcessPool as error:
        raise TwistError(
            f"one of the {jobs} processes was killed, for want of memory perhaps; ask for fewer with --jobs"
        ) from error
