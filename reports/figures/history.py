"""The complete history: one set of figures per month, added up in any order.

Takes summary tables of every month. Returns per-month `Totals` and stacked frames with a `month`
column. A month is *partial* when it is still open, or when it is the first and the shop's first
sale came after its STARTED-th day. Partial months are in charts (striped), but in no average and in
no comparison of years.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property

import pandas as pd

from reports.figures.calendar import month_before, next_month
from reports.figures.money import SUMS, DaySums, Totals, by_day, total_by
from reports.figures.tables import Summaries, SummaryTables, names, stack, store_names
from reports.plans import Plans
from reports.values import Value

STARTED = 3
WEEKEND = (4, 5, 6)
"""Friday to Sunday: a restaurant's weekend."""


@dataclass(frozen=True)
class History:
    """All months up to `last` in one currency.

    `through` is the last complete day where `last` is open; `weekend` its weekdays (0 = Monday);
    `plans` has the owner's notes.
    """

    last: date
    through: date | None
    currency: str
    summaries: Summaries
    weekend: tuple[int, ...] = WEEKEND
    plans: Plans = field(default_factory=Plans)

    def special_days(self, days: Collection[date]) -> dict[date, list[Value]]:
        """Holidays, commercial days, paydays and the owner's notes among `days`."""
        from reports.figures.special_days import special_days

        labels = names(self.summaries, "stores", "store_id", "timezone")
        zones = {labels[store] for store in self.stores if store in labels}
        return special_days(zones, days, self.plans, self.stores.values())

    @cached_property
    def lake_months(self) -> list[date]:
        """Months that the lake has, from the first with a receipt on."""
        given = [
            m for m in sorted(self.summaries) if m <= self.last and "days" in self.summaries[m]
        ]
        busy = set(self._stack("days", given)["month"]) if given else set()
        return [month for month in given if busy and month >= min(busy)]

    @cached_property
    def months(self) -> list[date]:
        """Every month from the first to the last, those without data within."""
        if not self.lake_months:
            return []
        months = self.lake_months[:1]
        while months[-1] < self.last:
            months.append(next_month(months[-1]))
        return months

    @cached_property
    def totals(self) -> dict[date, Totals]:
        if not self.lake_months:
            return {}
        sums = total_by(self.stacked("days"), "month")
        return {month: sums.get(month, Totals()) for month in self.lake_months}

    @cached_property
    def by_day(self) -> DaySums:
        """Net sales and SALE receipts of each business day."""
        return by_day(self.stacked("days"))

    def by_month(self, days: DaySums) -> dict[date, dict[date, tuple[int, int]]]:
        """`days` apart for each month that the lake has."""
        months: dict[date, dict[date, tuple[int, int]]] = {m: {} for m in self.lake_months}
        for day, sums in days.items():
            months[day.replace(day=1)][day] = sums
        return months

    @cached_property
    def open_days(self) -> dict[date, list[date]]:
        """Days with a sale, in order, by month."""
        return {
            month: [day for day, (_, receipts) in days.items() if receipts > 0]
            for month, days in self.by_month(self.by_day).items()
        }

    @cached_property
    def partial(self) -> set[date]:
        partial = {self.last} if self.through and self.last in self.totals else set()
        if self.months and (days := self.open_days[self.months[0]]) and days[0].day > STARTED:
            partial.add(self.months[0])
        return partial

    @cached_property
    def complete_months(self) -> list[date]:
        """Months in the lake that are not partial."""
        return [month for month in self.lake_months if month not in self.partial]

    def year_to(self, month: date) -> list[date] | None:
        """The 12 complete months up to `month`; None if one is missing or partial."""
        year = [month_before(month, i) for i in range(11, -1, -1)]
        return year if set(year) <= set(self.complete_months) else None

    def sum_of(self, months: list[date]) -> Totals:
        return Totals(
            **{n: sum(getattr(self.totals[m], n) for m in months if m in self.totals) for n in SUMS}
        )

    @cached_property
    def average(self) -> dict[date, tuple[int, int]]:
        """Net sales of the 12 complete months that end with a month, and 12."""
        years = {m: self.year_to(m) for m in self.months}
        return {m: (self.sum_of(year).net_sales, 12) for m, year in years.items() if year}

    def stacked(self, name: str, months: Collection[date] | None = None) -> pd.DataFrame:
        """The table of every month, or of `months`, with the month of each row."""
        if name not in self._stacks:
            self._stacks[name] = self._stack(name, self.lake_months or [max(self.summaries)])
        rows = self._stacks[name]
        return rows if months is None else rows[rows["month"].isin(months)]

    @cached_property
    def _stacks(self) -> dict[str, pd.DataFrame]:
        return {}

    def _stack(self, name: str, months: Sequence[date]) -> pd.DataFrame:
        """The table `name` of `months`, one under the other."""
        rows = stack({month: self.summaries[month][name] for month in months})
        return SummaryTables(months[0], {name: rows}, self.currency)[name]

    @cached_property
    def stores(self) -> dict[str, str]:
        own = set(self.stacked("days")["store_id"]) if self.lake_months else set()
        return store_names(self.summaries, own)
