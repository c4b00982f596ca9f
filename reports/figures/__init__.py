"""Exact figures from the lake's summary tables.

What [glossary] in reports/text/*/common.toml defines is computed in this package only.

Takes mappings of Arrow tables, one per month. Returns integers and frames of integers, per
currency. Nothing here knows a language, a colour or a page.
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property

import pandas as pd
import pyarrow as pa

from reports.figures.calendar import (
    ChangeParts,
    SameWeekdays,
    SameWeekdaysPart,
    covered_days,
    month_before,
    on_same_weekdays,
    same_day,
    same_weekdays_parts,
    split_change,
    with_weekday,
)
from reports.figures.customers import MonthCustomers, customers_by_month
from reports.figures.items import by_item
from reports.figures.money import Totals, total
from reports.figures.silent_stores import (
    MONTHS,
    EarlierStores,
    SilentStore,
    find_silent_stores,
)
from reports.figures.tables import (
    Summaries,
    SummaryTables,
    currencies,
    frame,
    names,
    stack,
    store_names,
)
from reports.plans import Plans
from reports.values import Value

__all__ = ["Figures", "SummaryTables", "Totals", "currencies"]

VISITED = ["currency", "customer_id", "receipts", "net_sales"]
"""The columns of `customers` that tell who came."""


@dataclass(frozen=True)
class Figures:
    """Input of every section of the monthly report: one month in one currency.

    before, year_ago  the months to compare with, None if the lake does not have them
    through           last complete day of an open month; tables by day of other months are then
                      cut at the same day
    customers_since   first day whose customers are in `summaries`; without it no customer is new
    backoffice        the POS's own exports, None without any
    outside           receipts that arrived in the month and are before `history_starts`
    history_starts    first day of the history
    covered           days of the month in the lake; None: all of them from `history_starts` on
    plans             the owner's goals, notes, fees, dayparts and labour
    shift_table       the shifts of the cash drawers of the month and of the month before, None
                      without any
    """

    month: date
    through: date | None
    currency: str
    summaries: Summaries
    customers_since: date | None = None
    backoffice: Mapping[str, pa.Table] | None = None
    outside: pa.Table | None = None
    history_starts: date | None = None
    covered: tuple[date, ...] | None = None
    plans: Plans = field(default_factory=Plans)
    lake_decimals: int = 2
    shift_table: pa.Table | None = None

    def _tables(self, first: date, last: date | None) -> SummaryTables | None:
        if "days" not in self.summaries.get(first, {}):
            return None
        return SummaryTables(first, self.summaries[first], self.currency, last)

    def _compared(self, first: date) -> SummaryTables | None:
        return self._tables(first, same_day(first, self.through) if self.through else None)

    @cached_property
    def now(self) -> SummaryTables:
        return SummaryTables(self.month, self.summaries[self.month], self.currency)

    @cached_property
    def before(self) -> SummaryTables | None:
        if self.through:
            return self._compared(month_before(self.month))
        return self.complete_before

    @cached_property
    def complete_before(self) -> SummaryTables | None:
        """All days of the month before, also where this one is open."""
        return self._tables(month_before(self.month), None)

    @cached_property
    def year_ago(self) -> SummaryTables | None:
        return self._compared(month_before(self.month, 12))

    @cached_property
    def before_if_closed(self) -> SummaryTables | None:
        """The month before, for tables without days: None while the month is open."""
        return None if self.through else self.before

    @cached_property
    def customers_by_month(self) -> dict[date, MonthCustomers]:
        """Customers of every month up to this one, in the currency.

        Other months need only the table `customers`.
        """
        past = {
            month: self.summaries[month]["customers"].select(VISITED)
            for month in sorted(self.summaries)
            if month <= self.month and "customers" in self.summaries[month]
        }
        if not past:
            return {}
        rows = SummaryTables(self.month, {"customers": stack(past)}, self.currency)["customers"]
        return customers_by_month(
            rows, list(past), self.customers_since and self.customers_since.replace(day=1)
        )

    def _own(self, table: pa.Table | None) -> pd.DataFrame:
        """The rows in the currency; a frame without rows for no table."""
        if table is None:
            return pd.DataFrame(columns=["total"])
        rows = frame(table)
        return rows[rows["currency"] == self.currency].reset_index(drop=True)

    @cached_property
    def exports(self) -> dict[str, pd.DataFrame]:
        """Frames of `backoffice` by name; empty where the owner gave no export."""
        return {name: self._own(table) for name, table in (self.backoffice or {}).items()}

    @cached_property
    def before_history(self) -> pd.DataFrame:
        """Receipts before the history that arrived in the month."""
        return self._own(self.outside)

    @cached_property
    def shifts(self) -> pd.DataFrame:
        """Shifts of the cash drawers that were opened in the month."""
        return self._shifts(is_before=False)

    @cached_property
    def shifts_before(self) -> pd.DataFrame:
        """Shifts that were opened before the month; one may have been closed in it."""
        return self._shifts(is_before=True)

    def _shifts(self, *, is_before: bool) -> pd.DataFrame:
        rows = self._own(self.shift_table)
        if rows.empty:
            return rows
        keep = [(day < self.month) == is_before for day in rows["business_day"]]
        return rows[keep].reset_index(drop=True)

    @cached_property
    def silent_stores(self) -> list[SilentStore]:
        """Stores that stopped sending by the last complete day of the month."""
        own = self.now if "days" in self.summaries.get(self.month, {}) else None
        frames = [tables["days"] for tables in (self.complete_before, own) if tables]
        last = self.through or month_before(self.month, -1) - timedelta(days=1)
        listed = self.listed_stores.keys() if own else set()
        missing = listed - {store for rows in frames for store in rows["store_id"]}
        return find_silent_stores(frames, last, self._earlier(missing) if missing else None)

    def _earlier(self, stores: Set[str]) -> EarlierStores:
        """When `stores` sent, in the year before the month before."""
        last_days: dict[str, date | None] = {}
        since = month_before(self.month) if self.complete_before else self.month
        for first in (month_before(self.month, n) for n in range(2, MONTHS + 1)):
            if first not in self.summaries:
                continue
            tables = SummaryTables(first, self.summaries[first], self.currency)
            if "days" not in self.summaries[first]:  # of this month only customers are at hand
                last_days = dict.fromkeys(tables["customers"]["store_id"]) | last_days
                continue
            days: dict[str, date] = (
                tables["days"].groupby("store_id")["business_day"].max().to_dict()
            )
            if first == month_before(since):
                since, last_days = first, {**days, **last_days}
            else:
                last_days = dict.fromkeys(days) | last_days
        return EarlierStores(
            {store: last_days[store] for store in stores & last_days.keys()}, since
        )

    @cached_property
    def total(self) -> Totals:
        return total(self.now["days"])

    @cached_property
    def has_costs(self) -> bool:
        """Whether the cost is known of anything that was sold or returned."""
        return bool((self.now["days"][["cost", "costed_net"]] != 0).to_numpy().any())

    @cached_property
    def total_before(self) -> Totals | None:
        return total(self.before["days"]) if self.before else None

    @cached_property
    def total_year_ago(self) -> Totals | None:
        return total(self.year_ago["days"]) if self.year_ago else None

    @cached_property
    def same_weekdays(self) -> SameWeekdays | None:
        """This month on the weekdays of the month before."""
        return on_same_weekdays(self.now["days"], self.before["days"]) if self.before else None

    @cached_property
    def calendar(self) -> list[date]:
        """Days of the month that the lake covers, up to `through`."""
        return covered_days(self.month, self.through, self.history_starts, self.covered)

    @cached_property
    def special_days(self) -> dict[date, list[Value]]:
        """Holidays, commercial days, paydays and the owner's notes of the month."""
        from reports.figures.special_days import special_days

        return special_days(self.zones, self.calendar, self.plans, self.stores.values())

    def _same_weekdays_parts(
        self, now: pd.DataFrame, base: pd.DataFrame, key: str
    ) -> dict[str, SameWeekdaysPart]:
        assert self.before is not None  # else there is nothing to compare with
        return same_weekdays_parts(now, base, (self.now["days"], self.before["days"]), key)

    @cached_property
    def items_on_same_weekdays(self) -> dict[str, SameWeekdaysPart] | None:
        """Items on the weekdays of the month before; None where items cannot be compared."""
        if self.before_if_closed is None:
            return None
        return self._same_weekdays_parts(
            self.now["item_weekdays"], self.before_if_closed["item_weekdays"], "item"
        )

    @cached_property
    def categories_on_same_weekdays(self) -> dict[str, SameWeekdaysPart] | None:
        """The same for categories, "" where none is known."""
        if self.before_if_closed is None:
            return None
        now, base = (
            rows.assign(category=rows["category"].fillna(""))
            for rows in (self.now["item_weekdays"], self.before_if_closed["item_weekdays"])
        )
        return self._same_weekdays_parts(now, base, "category")

    @cached_property
    def stores_on_same_weekdays(self) -> dict[str, SameWeekdaysPart] | None:
        """The same for stores, by identifier."""
        if self.before is None:
            return None
        now, base = (
            with_weekday(days).assign(store=days["store_id"])
            for days in (self.now["days"], self.before["days"])
        )
        return self._same_weekdays_parts(now, base, "store")

    @cached_property
    def ranked(self) -> pd.DataFrame:
        """The items of the month, best seller first."""
        return by_item(self.now["items"])

    @cached_property
    def change_parts(self) -> ChangeParts | None:
        if self.before is None or self.same_weekdays is None:
            return None
        return split_change(self.now["days"], self.before["days"], self.same_weekdays)

    @cached_property
    def stores(self) -> dict[str, str]:
        """Store names by identifier, of stores of this currency, sorted by name."""
        own = set(self.now["days"]["store_id"])
        return store_names(self.summaries, own)

    @cached_property
    def compared_stores(self) -> dict[str, str]:
        """The same of stores with receipts in this month or in the month before."""
        before = set(self.before["days"]["store_id"]) if self.before else set()
        return store_names(self.summaries, self.stores.keys() | before)

    @cached_property
    def listed_stores(self) -> dict[str, str]:
        """The same of every store of this currency that the POS lists, also without sales."""
        return store_names(self.summaries, self.now["stores"]["store_id"])

    @cached_property
    def zones(self) -> set[str]:
        """Time zones of the stores of this currency."""
        labels = names(self.summaries, "stores", "store_id", "timezone")
        return {labels[store] for store in self.stores if store in labels}

    @cached_property
    def employees(self) -> dict[str, str]:
        return names(self.summaries, "employees", "employee_id", "alias")
