"""Several tasks at once, in threads that mostly wait for processes."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from typing import TypeVar

from pipeline.system.process import Processes

Name = TypeVar("Name", bound=Hashable)
Result = TypeVar("Result")


def parallel(tasks: Mapping[Name, Callable[[], Result]], workers: int, processes: Processes) -> dict[Name, Result]:
    """Runs tasks at once and returns what they return, by name; what they do themselves they do in turns.

    Args:
        workers: threads.
        processes: those that the tasks start; stopped when a task fails, and when this one is interrupted.

    Raises:
        Exception: the first that a task raised, after the others have ended.
    """

    def in_turn(task: Callable[[], Result]) -> Result:
        with processes.run_lock.taken():
            return task()

    with ThreadPoolExecutor(workers) as pool:
        futures = {name: pool.submit(in_turn, task) for name, task in tasks.items()}
        try:
            done, _ = wait(futures.values(), return_when=FIRST_EXCEPTION)
            for future in done:
                if (error := future.exception()) is not None:
                    raise error
        except BaseException:
            processes.stop()
            raise
    return {name: future.result() for name, future in futures.items()}
