"""Forked children, which share what was opened before them, as Luigi's workers do."""

from __future__ import annotations

import multiprocessing
import signal
import threading
import warnings
from collections.abc import Callable
from multiprocessing.process import BaseProcess

_FORK = multiprocessing.get_context("fork")


def start(action: Callable[..., None], *arguments: object) -> BaseProcess:
    """Start a child; no child needs a lock of the parent's threads (a mock server's)."""
    child = _FORK.Process(target=action, args=arguments)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "This process .* is multi-threaded", DeprecationWarning)
        child.start()
    return child


def join(child: BaseProcess, seconds: float = 120) -> int | None:
    """The exit code of a child; AssertionError if it does not end in time."""
    child.join(seconds)
    if child.is_alive():
        child.kill()
        raise AssertionError(f"{child.name} did not end in {seconds:.0f} seconds")
    return child.exitcode


def together(number: int, action: Callable[[int], None]) -> list[int | None]:
    """Exit codes of `number` children that begin `action` at the same moment."""
    gate = _FORK.Barrier(number)

    def begin(run: int) -> None:
        gate.wait()
        action(run)

    children = [start(begin, run) for run in range(number)]
    return [join(child) for child in children]


def stop_here(_: str) -> None:
    """Stop this process before its thread does anything more.

    A signal to the process may be taken by another thread, while this one runs on and is stopped
    in the middle of a write, with the lock of a local lake in its hand.
    """
    signal.pthread_kill(threading.get_ident(), signal.SIGSTOP)
