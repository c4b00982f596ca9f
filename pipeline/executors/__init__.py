"""Executors: where a batch of partitions is built.

    local.py  a pool of processes on this machine
    spark.py  a Spark application (the only file that imports pyspark)

An executor takes items that can be pickled and the functions that process them, and returns the
results. It does not know what a partition contains: the functions read and write the lake
themselves. Raises EngineError, or ConfigError where a setting must change.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol, TypeVar

from pipeline.errors import EngineError
from pipeline.settings import sections

T = TypeVar("T")
R = TypeVar("R")
S = TypeVar("S")


class BatchProgress(NamedTuple):
    """Progress of a batch; `failed` attempts were repeated, `processes` work on it."""

    done: int
    items: int
    failed: int
    processes: int


class ItemLost(EngineError):
    """The item at `index` crashed its process at every attempt."""

    def __init__(self, message: str, index: int) -> None:
        super().__init__(message)
        self.index = index


class Executor(Protocol):
    """Runs functions on the items of a batch; an item may be run twice."""

    name: str
    is_local: bool
    """Whether its processes run on this machine.

    They can then reuse the listings of the process that starts them (Lake.load_snapshot).
    """

    @property
    def url(self) -> str:
        """Page that shows what the executor does; empty where there is none."""

    def run(
        self,
        name: str,
        items: Sequence[T],
        do: Callable[[T], R],
        on_step: Callable[[BatchProgress], None],
    ) -> list[R]:
        """The result of `do` for each item, in any order. Raises ItemLost, EngineError."""

    def run_in_chunks(
        self,
        name: str,
        chunks: Sequence[tuple[int, T]],
        do: Callable[[T], R],
        merge: Callable[[int, list[R]], S],
        on_step: Callable[[BatchProgress], None],
    ) -> list[S]:
        """The result of `merge(key, results)` for each key; `chunks` are (key, item)."""


def workers() -> int:
    """How many processes build at once on this machine, from [engine] workers."""
    return sections.engine().workers or os.cpu_count() or 1


_pools: dict[tuple[int, int, bool], Executor] = {}


def open_executor(name: str, *, draws_charts: bool = False) -> Executor:
    """The executor of that name, started on first use and kept by this process.

    `draws_charts`: reports are built, so the processes of this machine share the imported chart
    libraries.
    """
    if name == "local":
        from pipeline.executors.local import ProcessPool

        key = os.getpid(), workers(), draws_charts
        if key not in _pools:
            _pools.clear()  # after a fork: the processes are the parent's
            _pools[key] = ProcessPool(workers(), draws_charts=draws_charts)
        return _pools[key]
    from pipeline.executors.spark import open_cluster

    section = sections.spark()
    return open_cluster(
        "pos-sales-pipeline", section.master, dict(section.properties), section.wait_seconds
    )
