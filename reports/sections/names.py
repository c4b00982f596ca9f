"""Names for sentences and tables: short lists, and employees by their alias."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

from reports.figures import Figures
from reports.figures.history import History
from reports.sections.comparison import enough
from reports.values import Count, Month, Name, Series, Value, text

SHOWN = 5


def names_of(names: Iterable[str]) -> Value:
    """The first SHOWN names, and "3 more"."""
    return first_of([Name(name) for name in names], SHOWN)


def first_of(values: Sequence[Value], shown: int) -> Series:
    """The first `shown` values, and "3 more"; a single one more is shown."""
    if len(values) <= shown + 1:
        return Series(tuple(values))
    return Series((*values[:shown], text("items.more", n=Count(len(values) - shown))))


def employee_name(figures: Figures, employee: str | None) -> Value:
    """The alias of an employee; without one the first characters of the id."""
    if not employee:
        return text("tenders.no_employee")
    alias = figures.employees.get(employee)
    return Name(alias) if alias else text("name.employee", id=Name(employee[:4]))


def best_month(history: History) -> date | None:
    """The month with the most net sales; None where nothing is ranked or was sold."""
    ranked = [month for month, total in history.totals.items() if total.net_sales > 0]
    if not enough(history.sum_of(history.months).receipts):
        return None
    return max(ranked, key=lambda m: (history.totals[m].net_sales, m), default=None)


def month_name(history: History, month: date) -> Value:
    """The name of `month`, marked if it is not complete: the best month may be open."""
    return (
        text("page.partial_month", month=Month(month)) if month in history.partial else Month(month)
    )
