"""Work in threads, ahead of the reader of its results.

So the next page is requested while the one before is parsed and stored, and the next months while
one is committed. A process does not wait for such a thread.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, wait
from contextvars import copy_context
from itertools import islice
from queue import SimpleQueue
from threading import Semaphore, Thread
from typing import TypeVar

T = TypeVar("T")

AHEAD = 2
_End = BaseException | None


def read_ahead(items: Iterable[T]) -> Iterator[T]:
    """The `items`, at most AHEAD of them computed before they are read.

    An error of the iterator is raised in its place. The thread has the reader's context. Once the
    reader stops, it ends after the item that it computes.
    """
    ready: SimpleQueue[tuple[list[T], _End]] = SimpleQueue()
    places, is_left = Semaphore(AHEAD), False

    def compute() -> None:
        source = iter(items)
        try:
            while places.acquire() and not is_left:
                ready.put(([next(source)], None))
        except BaseException as error:  # noqa: BLE001 - raised where the item is read
            ready.put(([], error))

    _start(compute)
    try:
        while True:
            item, end = ready.get()
            if isinstance(end, StopIteration):
                return
            if end is not None:
                raise end
            places.release()
            yield item[0]
    finally:
        is_left = True
        places.release()


def run_ahead(works: Iterable[Callable[[], T]]) -> Iterator[Future[T]]:
    """The finished call of each of `works`, in order; AHEAD of them run at a time.

    The next ones run while the reader uses one. The threads have the reader's context.
    """
    left = iter(works)
    running = deque(map(_call, islice(left, AHEAD)))
    while running:
        first = running.popleft()
        wait([first])
        running.extend(map(_call, islice(left, 1)))
        yield first


def _call(work: Callable[[], T]) -> Future[T]:
    """The call of `work` in a thread of its own."""
    call: Future[T] = Future()

    def run() -> None:
        try:
            call.set_result(work())
        except BaseException as error:  # noqa: BLE001 - raised by the future's reader
            call.set_exception(error)

    _start(run)
    return call


def _start(run: Callable[[], None]) -> None:
    Thread(target=copy_context().run, args=(run,), name="read ahead", daemon=True).start()
