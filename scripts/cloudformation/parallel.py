"""Runs work in parallel as soon as what it needs is done. Knows nothing about the work itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait

from scripts.stage.interrupt import Interrupt


def run(
    needs: Mapping[str, frozenset[str]], work: Callable[[str], None], interrupt: Interrupt, workers: int = 8
) -> list[str]:
    """Do every piece of work after everything that it needs.

    After a failure or an interrupt, nothing new is started; work in progress is finished.

    Args:
        needs: name of each piece of work to the names of those that must be done before.
        work: does one piece, given its name; called from several threads.
        interrupt: whether to stop.
        workers: how many pieces run at once.

    Returns:
        The names of those that were never started.

    Raises:
        Exception: the first that ``work`` raised.
    """
    waiting = dict(needs)
    done: set[str] = set()
    running: dict[Future[None], str] = {}
    failure: BaseException | None = None
    with ThreadPoolExecutor(workers, thread_name_prefix="stack") as pool:
        while True:
            if failure is None and not interrupt.stopping:
                for name in [name for name, before in waiting.items() if before <= done]:
                    del waiting[name]
                    running[pool.submit(work, name)] = name
            if not running:
                break
            for future in wait(running, timeout=0.5, return_when=FIRST_COMPLETED).done:
                name = running.pop(future)
                failure = failure or future.exception()
                done.add(name)
    if failure is not None:
        raise failure
    return list(waiting)
