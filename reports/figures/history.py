"""The complete history: one set of figures per month, added up in any order.

In: summary tables of every month. Out: per-month `Totals` and stacked frames with a `month` column.
A month is *partial* when it is still open, or when it is the first and the shop's first sale came
after its STARTED-th day. Partial months are in charts (striped), but in no average and in no
comparison of years.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property

import pandas as pd
import pyarrow as pa

from reports.figures.calendar import month_before, next_month
from reports.figures.money import SUMS, Totals, total
from reports.figures.tables import Tables, names

STARTED = 3
WEEKEND = (4, 5, 6)
"""Friday to Sunday: a restaurant's weekend."""


@dataclass(frozen=True)
class History:
    """All months up to `last` in one currency.

    `through` is the last complete day where `last` is open; `weekend` its weekdays (0 = Monday).
    """

    last: date
    through: date | None
    currency: str
    sources: Mapping[date, Mapping[str, pa.Table]]
    weekend: tuple[int, ...] = WEEKEND

    @cached_property
    def tables(self) -> dict[date, Tables]:
        """Tables by month, from the first month with a receipt on."""
        matches = {
            m: Tables(m, self.sources[m], self.currency)
            for m in sorted(self.sources)
            if m <= self.last and "days" in self.sources[m]
        }
        busy = [m for m, tables in matches.items() if len(tables["days"])]
        return {m: tables for m, tables in matches.items() if busy and m >= busy[0]}

    @cached_property
    def months(self) -> list[date]:
        """Every month from the first to the last, those without data within."""
        if not self.tables:
            return []
        months = [min(self.tables)]
        while months[-1] < self.last:
            months.append(next_month(months[-1]))
        return months

    @cached_property
    def totals(self) -> dict[date, Totals]:
        return {month: total(tables["days"]) for month, tables in self.tables.items()}

    @cached_property
    def partial(self) -> set[date]:
        matches = {self.last} if self.through and self.last in self.tables else set()
        if (
            self.months
            and (days := self.tables[self.months[0]].open_days)
            and days[0].day > STARTED
        ):
            matches.add(self.months[0])
        return matches

    @cached_property
    def whole_months(self) -> list[date]:
        """Months in the lake that are not partial."""
        return [
            month for month in self.months if month in self.tables and month not in self.partial
        ]

    def year_to(self, month: date) -> list[date] | None:
        """The 12 complete months up to `month`; None if one is missing or partial."""
        year = [month_before(month, i) for i in range(11, -1, -1)]
        return year if set(year) <= set(self.whole_months) else None

    def sum_of(self, months: list[date]) -> Totals:
        return Totals(
            **{n: sum(getattr(self.totals[m], n) for m in months if m in self.totals) for n in SUMS}
        )

    @cached_property
    def average(self) -> dict[date, tuple[int, int]]:
        """Net sales of the 12 complete months that end with a month, and 12."""
        matches = {m: self.year_to(m) for m in self.months}
        return {m: (self.sum_of(year).net_sales, 12) for m, year in matches.items() if year}

    def stacked(self, name: str) -> pd.DataFrame:
        """The table of every month, one under the other, with the month of each row."""
        frames = [
            tables[name].assign(month=month)
            for month, tables in self.tables.items()
            if len(tables[name])
        ]
        if frames:
            return pd.concat(frames, ignore_index=True)
        month = max(self.sources)
        return Tables(month, self.sources[month], self.currency)[name].assign(month=month)

    @cached_property
    def stores(self) -> dict[str, str]:
        own = {
            store
            for tables in self.tables.values()
            for store in tables["days"]["store_id"].unique()
        }
        labels = names(self.sources, "stores", "store_id", "name")
        return dict(
            sorted(((s, labels.get(s) or s) for s in own), key=lambda pair: (pair[1], pair[0]))
        )

    @cached_property
    def employees(self) -> dict[str, str]:
        return names(self.sources, "employees", "employee_id", "alias")
