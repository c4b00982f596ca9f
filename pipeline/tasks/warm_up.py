"""Start early: simulated shop, imports of the stages, local processes.

A plan imports no stage (docs/decisions/0020-imports-when-building.md), and what a run extracts it
then builds. So the shop starts while the run is planned, and the stages are imported while the
API is waited for. A run that has many partitions to build starts the processes for them.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterable
from contextlib import suppress
from datetime import date
from importlib import import_module
from multiprocessing import parent_process
from threading import Thread

from pipeline import settings
from pipeline.errors import EngineError
from pipeline.executors import workers
from pipeline.lakes.connect import start_embedded
from pipeline.settings.run_context import once_per_run

# windows of a run that builds its reports in this process, as the demo does
_MAX_WINDOWS_OF_DEMO = 100
_MANY_PARTITIONS = 200  # days or months that keep several processes busy for longer than they start
_WITH_DUCKDB = "pipeline.summarize"


@once_per_run
def _started() -> set[str]:
    return set()


@once_per_run
def _planned() -> dict[bool, set[date]]:
    """The missing partitions: of reports (True), of all else."""
    return {True: set(), False: set()}


def start_simulators() -> None:
    """Start the simulated shops, and allow `import_stages`; once a run."""
    if "shop" not in _started():
        _started().add("shop")
        start_embedded()


def import_stages(windows: int) -> None:
    """Import the stages in a thread, once in a run that has called `start_simulators`.

    If so few `windows` are read that this process builds the reports, it also imports the
    chart libraries. It does nothing in a process that Luigi has forked for one task.
    """
    if "shop" in _started() and "stages" not in _started() and parent_process() is None:
        _started().add("stages")
        draws_charts = windows <= _MAX_WINDOWS_OF_DEMO
        Thread(target=_import, args=(draws_charts,), name="imports").start()


def import_drawing() -> None:
    """Import what draws reports, if no thread does."""
    if "stages" not in _started():
        _started().add("stages")
        _import(draws_charts=True)


def expect(periods: Iterable[date], *, draws_charts: bool) -> None:
    """Note partitions that are missing; if they are many, start the local processes.

    Of reports two are many: each takes as long as days of a month.
    """
    planned = _planned()
    planned[draws_charts].update(periods)
    with_charts = len(planned[True]) > 1
    kind = "drawing processes" if with_charts else "processes"
    if kind in _started() or not (with_charts or len(planned[False]) >= _MANY_PARTITIONS):
        return
    _started().add(kind)
    if workers() > 1 and (with_charts or settings.engine_name() == "local"):
        from pipeline.executors.local import start_server

        with suppress(EngineError):  # raised again by the task that needs them
            start_server(draws_charts=with_charts)


def has_processes() -> bool:
    """Whether this run has started local processes."""
    return not _started().isdisjoint({"processes", "drawing processes"})


def _import(draws_charts: bool) -> None:
    from pipeline.executors.local import DRAWING, PRELOADED

    names = {*PRELOADED, "pipeline.status.read", *DRAWING * draws_charts}
    for name in sorted(names - {_WITH_DUCKDB}):
        import_module(name)
    if "duckdb" not in sys.modules:  # it reports frozen objects as leaks
        gc.freeze()  # else each collection, and the end of the process, goes through the modules
    import_module(_WITH_DUCKDB)
