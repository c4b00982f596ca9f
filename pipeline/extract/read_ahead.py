"""Compute the items of an iterator in a thread, ahead of their reader.

So the next page is requested while the one before is parsed and stored.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextvars import copy_context
from queue import SimpleQueue
from threading import Semaphore, Thread
from typing import TypeVar

T = TypeVar("T")

AHEAD = 2
_End = BaseException | None


def read_ahead(items: Iterable[T], most: int = AHEAD) -> Iterator[T]:
    """The `items`, at most `most` of them computed before they are read.

    An error of the iterator is raised in its place. The thread has the reader's context. Once the
    reader stops, it ends after the item that it computes; a process does not wait for it.
    """
    ready: SimpleQueue[tuple[list[T], _End]] = SimpleQueue()
    places, is_left = Semaphore(most), False

    def compute() -> None:
        source = iter(items)
        try:
            while places.acquire() and not is_left:
                ready.put(([next(source)], None))
        except BaseException as error:  # noqa: BLE001 - raised where the item is read
            ready.put(([], error))

    Thread(target=copy_context().run, args=(compute,), name="read ahead", daemon=True).start()
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
