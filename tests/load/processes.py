"""Forked children, which share what was opened before them, as Luigi's workers do."""

from __future__ import annotations

import multiprocessing
import warnings
from collections.abc import Callable
from multiprocessing.process import BaseProcess

_FORK = multiprocessing.get_context("fork")


def start(action: Callable[..., None], *arguments: object) -> BaseProcess:
    """A running child. That the parent has threads (a mock server's) is known: no child needs a lock of theirs."""
    child = _FORK.Process(target=action, args=arguments)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "This process .* is multi-threaded", DeprecationWarning)
        child.start()
    return child


def together(number: int, action: Callable[[int], None]) -> list[int | None]:
    """Exit codes of `number` children that begin `action` at the same moment."""
    gate = _FORK.Barrier(number)

    def begin(mine: int) -> None:
        gate.wait()
        action(mine)

    children = [start(begin, mine) for mine in range(number)]
    for child in children:
        child.join()
    return [child.exitcode for child in children]
