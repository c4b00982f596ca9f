"""What a run that extracts starts early: simulated shop, imports, local processes.

A plan imports no stage (docs/decisions/0020-imports-when-building.md), and what a run extracts it
then builds. So the shop starts while the run is planned, and the stages are imported while the
API is waited for.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from importlib import import_module
from multiprocessing import parent_process
from threading import Thread

from pipeline.executors import workers
from pipeline.lakes.connect import start_embedded
from pipeline.settings.run_context import once_per_run

_FEW = 100  # windows of a run that builds its reports in this process, as the demo does


@once_per_run
def _begun() -> set[str]:
    return set()


def begin() -> None:
    """Start the simulated shops, and allow `import_stages`; once a run."""
    if "shop" not in _begun():
        _begun().add("shop")
        start_embedded()


def expect_reports() -> None:
    """Allow `start_processes`: reports of all changed months follow in the run."""
    _begun().add("reports")


def import_stages(windows: int = 0) -> None:
    """Import the stages in a thread, once in a run that has begun early.

    With them what draws reports, where so few `windows` are read that this process builds them.
    Not in a process that Luigi has forked for one task.
    """
    kind = "drawing" if 0 < windows <= _FEW else "stages"
    if "shop" in _begun() and kind not in _begun() and parent_process() is None:
        _begun().update({"stages", kind})
        Thread(target=_import, args=(kind == "drawing",), name="imports").start()


def start_processes(months: Iterable[date]) -> None:
    """Start the local processes if the reports of several months follow in a run."""
    if "reports" in _begun() and len(set(months)) > 1 and workers() > 1:
        from pipeline.executors.local import start_server

        start_server(draws=True)


def _import(draws: bool) -> None:
    from pipeline.executors.local import DRAWING, PRELOADED

    for name in (*PRELOADED, "pipeline.status.read", *DRAWING * draws):
        import_module(name)
