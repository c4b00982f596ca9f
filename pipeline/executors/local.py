"""A pool of processes on this machine that runs the items of a batch.

Each process is started fresh (no fork), so it imports the code and takes over the settings as an
executor of a cluster does. An item whose process is killed is run once more in a process of its
own; where that is killed too, ItemLost names it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from multiprocessing import get_context
from typing import TypeVar

from pipeline.executors import ItemLost, Step

T = TypeVar("T")
R = TypeVar("R")
S = TypeVar("S")


class ProcessPool:
    """The executor of this machine, with `processes` processes."""

    name = "local processes"
    url = ""

    def __init__(self, processes: int) -> None:
        self.processes = processes

    def run(
        self, name: str, items: Sequence[T], do: Callable[[T], R], follow: Callable[[Step], None]
    ) -> list[R]:
        """What `do` returns of each item, in their order."""
        results: dict[int, R] = {}
        with self._pool(min(self.processes, len(items) or 1)) as pool:
            futures: dict[Future[R], int] = {
                pool.submit(do, item): index for index, item in enumerate(items)
            }
            try:
                for future in as_completed(futures):
                    if isinstance(future.exception(), BrokenProcessPool):
                        continue
                    results[futures[future]] = future.result()
                    follow(Step(len(results), len(items), 0, self.processes))
            except BaseException:
                pool.shutdown(wait=True, cancel_futures=True)
                raise
        failed = len(items) - len(results)
        for index in sorted(set(range(len(items))) - results.keys()):
            results[index] = self._run_alone(name, index, partial(do, items[index]))
            follow(Step(len(results), len(items), failed, 1))
        return [results[index] for index in range(len(items))]

    def run_in_shares(
        self,
        name: str,
        shares: Sequence[tuple[int, T]],
        do: Callable[[T], R],
        unite: Callable[[int, list[R]], S],
        follow: Callable[[Step], None],
    ) -> list[S]:
        """What `unite(key, results)` returns of each key; shares are united as they came."""
        parts = self.run(name, [item for _, item in shares], do, follow)
        united = [
            (key, [part for (other, _), part in zip(shares, parts, strict=True) if other == key])
            for key in Counter(key for key, _ in shares)
        ]
        return self.run(name, united, partial(_unite, unite), follow)

    def _run_alone(self, name: str, index: int, do: Callable[[], R]) -> R:
        try:
            with self._pool(1) as pool:
                return pool.submit(do).result()
        except BrokenProcessPool as error:
            raise ItemLost(
                f"{name}: item {index + 1} ended its process twice ({error}). A process that ends"
                " without an error was often refused memory: lower [engine] share_bytes for a"
                " large day, [lake] memory for a large month",
                index,
            ) from error

    def _pool(self, processes: int) -> ProcessPoolExecutor:
        return ProcessPoolExecutor(processes, mp_context=get_context("spawn"))


def _unite(unite: Callable[[int, list[R]], S], keyed: tuple[int, list[R]]) -> S:
    return unite(*keyed)
