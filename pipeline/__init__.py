"""Front door: `luigi --module pipeline MonthlyReport` finds the tasks here.

Luigi's command line has imported Luigi before it imports this module; whoever wants a stage alone
does not pay for Luigi: the tasks are loaded on first use.
"""

import sys

__all__ = [
    "CumulativeReport",
    "DailySales",
    "Delivery",
    "GlueTables",
    "MonthlyReport",
    "MonthlySales",
    "MonthlySummary",
    "Nightly",
    "RawCatalog",
    "RawReceipts",
    "Rebuild",
    "Rescan",
    "Verify",
]


def __getattr__(name: str):
    if name in __all__:
        from pipeline import tasks

        return getattr(tasks, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


if "luigi" in sys.modules:
    from pipeline import tasks as _tasks  # noqa: F401
