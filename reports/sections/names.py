"""Names for sentences and tables: lists with the first few and how many more, and employees by
their alias.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from reports.figures import Figures
from reports.figures.history import History
from reports.values import Count, Month, Name, Series, Value, text

SHOWN = 5


def names_of(names: Iterable[str], shown: int = SHOWN) -> Value:
    """The first `shown` names, and "3 more"."""
    listed = list(names)
    more = (text("items.more", n=Count(len(listed) - shown)),) if len(listed) > shown else ()
    return Series((*(Name(name) for name in listed[:shown]), *more))


def employee_name(figures: Figures, employee: str | None) -> Value:
    return Name(figures.employees.get(employee, employee)) if employee else text("tenders.nobody")


def month_name(history: History, month: date) -> Value:
    """`month`, marked where it is not whole: the best month so far may be one that is still under
    way.
    """
    return (
        text("page.partial_month", month=Month(month)) if month in history.partial else Month(month)
    )
