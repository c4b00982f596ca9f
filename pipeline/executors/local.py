"""A pool of processes on this machine that runs the items of a batch.

The processes are forked from a server that has only imported the code. So they start in
milliseconds and inherit no thread, connection or setting; they get the settings as a Spark executor
does. They end with their batch, or after some reports, and so release their memory.

A child of Luigi's own fork cannot use the server: it starts new interpreters. These take seconds to
start, so they stay for the next batch, and end with the process that started them.

If the process of an item is killed, the item is run once more in a process of its own. If that is
killed too, ItemLost names the item.
"""

from __future__ import annotations

import gc
import logging
import os
import signal
import tempfile
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from functools import cache, partial
from math import ceil
from multiprocessing import (
    connection,
    forkserver,
    get_context,
    parent_process,
    resource_tracker,
)
from multiprocessing.util import Finalize
from typing import TypeVar

from pipeline.errors import EngineError
from pipeline.executors import BatchProgress, ItemLost
from pipeline.executors.memory import collect_rarely, release_memory, return_large_blocks

T = TypeVar("T")
R = TypeVar("R")
S = TypeVar("S")

log = logging.getLogger(__name__)

PRELOADED = [
    "pipeline.tasks",
    "pipeline.tasks.remote_build",
    # what tasks import when they build
    "pipeline.load.day_object",
    "pipeline.maintenance.completeness",
    "pipeline.summarize",
    "pipeline.transform",
    "pipeline.transform.split_day",
]
"""Modules that the server imports once, so that its processes share their memory."""
DRAWING = [
    "holidays",
    "reports.compose",
    "reports.charts.heat",
    "reports.render.pdf",
    "reports.render.workbook",
]
"""Modules that it also imports if reports are built: 75 MB."""
_ALLOCATOR = "ARROW_DEFAULT_MEMORY_POOL"
_MAX_REPORTS = 2
"""Reports that a process draws at most; it would keep some MB more after each."""


class ProcessPool:
    """The executor of this machine, with `processes` processes."""

    name = "local processes"
    url = ""
    is_local = True

    def __init__(self, processes: int, *, draws_charts: bool = False) -> None:
        self.processes, self.draws_charts = processes, draws_charts
        self._open: ProcessPoolExecutor | None = None

    def run(
        self,
        name: str,
        items: Sequence[T],
        do: Callable[[T], R],
        on_step: Callable[[BatchProgress], None],
    ) -> list[R]:
        """What `do` returns for each item, in their order."""
        results: dict[int, R] = {}
        for part in self._parts(len(items)):
            results |= self._run_part(name, items, part, do, on_step)
            if parent_process() is None:
                self.close()
        return [results[index] for index in range(len(items))]

    def _parts(self, items: int) -> Iterator[range]:
        """Ranges of item numbers; the items of a range are run by the same processes."""
        parts = max(ceil(items / (self.processes * _MAX_REPORTS)), 1) if self.draws_charts else 1
        size = max(ceil(items / parts), 1)
        return (range(start, min(start + size, items)) for start in range(0, items, size))

    def _run_part(
        self,
        name: str,
        items: Sequence[T],
        part: range,
        do: Callable[[T], R],
        on_step: Callable[[BatchProgress], None],
    ) -> dict[int, R]:
        """What `do` returns for the items with the numbers `part`, by number."""
        results: dict[int, R] = {}
        if self._open is None:
            log.info("%d local processes build partitions", self.processes)
            self._open = _open_pool(self.processes, draws_charts=self.draws_charts)
        pool = self._open
        futures: dict[Future[R], int] = {}
        try:
            futures = {
                pool.submit(_run, self.draws_charts, do, items[index]): index for index in part
            }
            for future in as_completed(futures):
                if isinstance(future.exception(), BrokenProcessPool):
                    continue
                results[futures[future]] = future.result()
                done = part.start + len(results)
                on_step(BatchProgress(done, len(items), 0, self.processes))
        except BrokenProcessPool as error:
            log.info("%s: a process has ended before all items were handed out: %s", name, error)
        except BaseException:
            self.close()
            raise
        failed = [index for index in part if index not in results]
        if failed:
            self.close()
        for index in failed:
            results[index] = self._run_alone(name, index, partial(do, items[index]))
            done = part.start + len(results)
            on_step(BatchProgress(done, len(items), len(failed), 1))
        return results

    def run_in_chunks(
        self,
        name: str,
        chunks: Sequence[tuple[int, T]],
        do: Callable[[T], R],
        merge: Callable[[int, list[R]], S],
        on_step: Callable[[BatchProgress], None],
    ) -> list[S]:
        """What `merge(key, results)` returns for each key, in the order of `chunks`."""
        parts = self.run(name, [item for _, item in chunks], do, on_step)
        merged = [
            (key, [part for (other, _), part in zip(chunks, parts, strict=True) if other == key])
            for key in Counter(key for key, _ in chunks)
        ]
        return self.run(name, merged, partial(_merge, merge), on_step)

    def close(self) -> None:
        """End the processes; the next batch starts others."""
        if self._open:
            self._open.shutdown(wait=True, cancel_futures=True)
        self._open = None

    def _run_alone(self, name: str, index: int, do: Callable[[], R]) -> R:
        try:
            with _open_pool(1, draws_charts=self.draws_charts) as pool:
                return pool.submit(do).result()
        except BrokenProcessPool as error:
            raise ItemLost(
                f"{name}: item {index + 1} ended its process twice ({error}). A process that ends"
                " without an error was often refused memory: lower [engine] chunk_bytes for a"
                " large day, [lake] memory for a large month",
                index,
            ) from error


def start_server(*, draws_charts: bool) -> None:
    """Start the server of the processes, with the modules that draw reports if needed.

    Raises EngineError.
    """
    if parent_process() is not None:
        return
    imports = ["pipeline.executors.collect_rarely", *PRELOADED, *(DRAWING if draws_charts else ())]
    server = forkserver._forkserver
    if not set(imports) <= set(_imported):
        _end_server()
        server.set_forkserver_preload(imports)
        _imported[:] = imports
    allocator = os.environ.get(_ALLOCATOR)
    # Arrow's own allocators keep twice as much memory as is in use
    os.environ[_ALLOCATOR] = allocator or "system"
    # Ctrl-C reaches the server too: it starts with SIGINT blocked, so that only this process prints
    # a traceback. The resource tracker must run before, because its start unblocks SIGINT.
    resource_tracker.ensure_running()
    signals_before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        server.ensure_running()
        _end_server_at_exit()
    except OSError as error:
        raise EngineError(
            f"local processes cannot start ({error}); they need a folder for temporary files with"
            f" free space and a short path; it is {tempfile.gettempdir()}: set TMPDIR to another"
            " one, or set [engine] workers = 1"
        ) from error
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, signals_before)
        if allocator is None:
            del os.environ[_ALLOCATOR]


_imported: list[str] = []  # what the server imports


def _end_server() -> None:
    """End the server if it runs, even while it imports; its processes have ended."""
    server = forkserver._forkserver
    if pid := server._forkserver_pid:  # type: ignore[attr-defined]
        os.kill(pid, signal.SIGKILL)
        server._stop()  # type: ignore[attr-defined]


@cache
def _end_server_at_exit() -> None:
    # Otherwise it ends a second later, or longer if it still imports, and until then keeps the
    # run's output open. The pools end first.
    Finalize(None, _end_server, exitpriority=-10)


def _open_pool(processes: int, *, draws_charts: bool) -> ProcessPoolExecutor:
    # a child of Luigi's own fork cannot wait for the server of its parent
    method = "forkserver" if parent_process() is None else "spawn"
    context = get_context(method)
    start_server(draws_charts=draws_charts)
    pool = ProcessPoolExecutor(
        processes, mp_context=context, initializer=_begin, initargs=(draws_charts,)
    )
    if method == "spawn":
        # Python 3.11 joins the processes of a fork before it ends its pools, and so would wait for
        # ever. The priority is higher than that of the queues, which the pool needs to end.
        Finalize(None, pool.shutdown, exitpriority=100)
    return pool


def _begin(draws_charts: bool) -> None:
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})  # blocked in the server
    # keeps the memory of the imported modules shared: the garbage collector would write to it
    gc.freeze()
    collect_rarely()
    if draws_charts:  # days and months take a tenth longer with it
        return_large_blocks()
    _end_with_parent()


def _end_with_parent() -> None:
    """End this process when the one that started it ends, even if it was killed."""
    parent = parent_process()
    if parent is None:
        return

    def watch() -> None:
        connection.wait([parent.sentinel])
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _run(draws_charts: bool, do: Callable[[T], R], item: T) -> R:
    try:
        return do(item)
    finally:
        if draws_charts:  # parts of a report refer to each other
            gc.collect()
        release_memory()


def _merge(merge: Callable[[int, list[R]], S], keyed: tuple[int, list[R]]) -> S:
    return merge(*keyed)
