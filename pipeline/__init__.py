"""Entry point of `luigi --module pipeline MonthlyReport`.

Luigi's command line imports this module after Luigi itself: then the tasks are loaded, and the
process is prepared (tasks/command_line.py). For a program without Luigi the tasks are loaded on
first use, so that a single stage does not pay for Luigi, and nothing is installed.
"""

import gc
import sys

__version__ = "0.2.0"

__all__ = [
    "BackOffice",
    "Backfill",
    "CumulativeReport",
    "DailySales",
    "Delivery",
    "GlueTables",
    "MonthlyCustomers",
    "MonthlyReport",
    "MonthlySales",
    "MonthlyShifts",
    "MonthlySummary",
    "Nightly",
    "OutsideHistory",
    "RawCatalog",
    "RawReceipts",
    "RawShifts",
    "Rebuild",
    "Rescan",
    "Verify",
]


def __getattr__(name: str) -> object:
    if name in __all__:
        from pipeline import tasks

        return getattr(tasks, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


if "luigi" in sys.modules:  # Luigi's command line, or a program that calls it
    gc.freeze()  # else each collection of the run, and its end, goes through Luigi's modules
    from pipeline.tasks.command_line import prepare

    prepare()
