"""Executors: where a batch of partitions is built.

    local.py  a pool of processes on this machine
    spark.py  a Spark application (the only file that imports pyspark)

In: items that can be pickled, and the functions that process them. Out: what those return. An
executor does not know what a partition is made of: the functions read and write the lake
themselves. Raises EngineError, or ConfigError where a setting must change.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol, TypeVar

from pipeline.errors import ConfigError, EngineError
from pipeline.settings import sections

T = TypeVar("T")
R = TypeVar("R")
S = TypeVar("S")

NAMES = ("local", "processes", "spark")
"""Values of [engine] name; with `local`, each task builds its own partition and none is batched."""


class Step(NamedTuple):
    """Progress of a batch; `failed` are attempts that were repeated."""

    done: int
    items: int
    failed: int
    executors: int


class ItemLost(EngineError):
    """The item at `index` ended its process at every attempt."""

    def __init__(self, message: str, index: int) -> None:
        super().__init__(message)
        self.index = index


class Executor(Protocol):
    """Runs functions on the items of a batch; an item may be run twice."""

    name: str

    @property
    def url(self) -> str:
        """Page that shows what the executor does; empty where there is none."""

    def run(
        self, name: str, items: Sequence[T], do: Callable[[T], R], follow: Callable[[Step], None]
    ) -> list[R]:
        """What `do` returns of each item, in any order. Raises ItemLost, EngineError."""

    def run_in_shares(
        self,
        name: str,
        shares: Sequence[tuple[int, T]],
        do: Callable[[T], R],
        unite: Callable[[int, list[R]], S],
        follow: Callable[[Step], None],
    ) -> list[S]:
        """What `unite(key, results)` returns of each key; `shares` are (key, item)."""


def is_batched() -> bool:
    """Whether an executor builds batches. Raises ConfigError for an unknown name."""
    name = sections.engine().name
    if name not in NAMES:
        raise ConfigError(f"[engine] name = {name!r}: use {', '.join(NAMES[:-1])} or {NAMES[-1]}")
    return name != "local"


def open_executor() -> Executor:
    """The executor of [engine] name, started on first use."""
    if sections.engine().name == "processes":
        from pipeline.executors.local import ProcessPool

        return ProcessPool(os.cpu_count() or 1)
    from pipeline.executors.spark import open_cluster

    section = sections.spark()
    return open_cluster(
        "pos-sales-pipeline", section.master, dict(section.properties), section.wait_seconds
    )
