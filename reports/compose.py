"""Composition of the monthly and the cumulative report: sections by currency.

Takes the lake's summary tables by month. Returns a `Document`. Each currency has all sections under
its own heading; currencies are never added up. Raises KeyError if the month itself has no summary.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

import pandas as pd
import pyarrow as pa

from reports.contents import CUMULATIVE, MONTHLY, build_sections
from reports.document import Document, Section
from reports.figures import Figures, currencies
from reports.figures.calendar import covered_days
from reports.figures.history import WEEKEND, History
from reports.figures.tables import Summaries, distinct, frame, names
from reports.plans import Plans
from reports.sections.data_state import DataState, quality_of
from reports.sections.export_comparison import differs
from reports.version_context import VersionContext


def compose_monthly(
    month: date,
    summaries: Summaries,
    *,
    through: date | None = None,
    lake_decimals: int,
    lineage: Mapping[str, object],
    previous_figures: Mapping[str, object] | None = None,
    customers_since: date | None = None,
    changed_receipts: Sequence[Mapping[str, str]] = (),
    backoffice: Mapping[str, pa.Table] | None = None,
    decimals: Mapping[str, int] | None = None,
    outside: pa.Table | None = None,
    quarantine: pa.Table | None = None,
    history_starts: date | None = None,
    currency: str = "",
    covered: Sequence[date] | None = None,
    plans: Plans | None = None,
    shifts: pa.Table | None = None,
    read_through: date | None = None,
) -> Document:
    """The monthly report as data.

    summaries         tables by first day of the month: those of `month` and, if the lake has them,
                      of the month before and of the same month last year
    through           last complete business day of an open month; None for a closed one
    lake_decimals     decimals of the amounts in `summaries`
    previous_figures  figures.json of the previous version; None for the first one
    customers_since   first day whose customers are in `summaries`: new customers are counted only
                      with it and the table `customers` of every month since
    changed_receipts  receipts that arrived or changed since the previous version, each with number,
                      day, total and why (late, edited, cancelled, refunded, new)
    backoffice        tables of the comparison with the POS's exports; None without exports
    decimals          decimals of each currency; by default `lake_decimals`
    outside           receipts that arrived in the month and are before `history_starts`
    quarantine        rejected records of the month
    history_starts    first day of the history
    currency          currency of a month that has neither sales nor stores
    covered           days of `month` in the lake, by default all from `history_starts` on; no other
                      day counts as a day without sales
    plans             the owner's goals, notes, fees, dayparts and labour (`read_plans`)
    shifts            cash drawer shifts of `month` and of the month before; None without any
    read_through      last day whose changes are read; None if no later window is missing
    """
    if month not in summaries:
        raise KeyError(f"no summary of {month:%Y-%m}; give the month's own tables")
    before_history = distinct(outside["currency"]) if outside is not None else set()
    sold = _currencies_with_sales(currencies(summaries[month]), summaries)
    shown = tuple([*sold, *sorted(before_history - set(sold))] or [currency])
    days_in_lake = None if covered is None else tuple(covered)
    calendar = covered_days(month, through, history_starts, days_in_lake)
    sections: list[Section] = []
    stores: dict[str, str] = {}
    for currency in shown:
        figures = Figures(
            month,
            through,
            currency,
            summaries,
            customers_since,
            backoffice,
            outside=outside,
            history_starts=history_starts,
            covered=days_in_lake,
            plans=plans or Plans(),
            lake_decimals=lake_decimals,
            shift_table=shifts,
        )
        stores |= figures.stores
        context = VersionContext(
            lineage,
            lake_decimals,
            decimals or {},
            DataState(
                quality_of(figures.now["quality"]),
                silent_stores=tuple(figures.silent_stores),
                stores=names(summaries, "stores", "store_id", "name"),
                before_history=figures.before_history,
                quarantined=frame(quarantine) if quarantine is not None else pd.DataFrame(),
                history_starts=history_starts,
                export_problems=differs(figures),
                read_through=read_through,
            ),
            previous_figures,
            changed_receipts,
        )
        sections += build_sections("monthly", MONTHLY, figures, context)
    return Document(
        "monthly",
        month,
        through,
        lake_decimals,
        shown,
        tuple(sorted(stores.values())),
        tuple(sections),
        lineage,
        since=calendar[0] if calendar and calendar[0] > month else None,
        decimals=decimals or {},
    )


def compose_cumulative(
    last: date,
    summaries: Summaries,
    *,
    through: date | None = None,
    lake_decimals: int,
    lineage: Mapping[str, object],
    previous_figures: Mapping[str, object] | None = None,
    versions: Sequence[Mapping[str, object]] = (),
    weekend: tuple[int, ...] = WEEKEND,
    decimals: Mapping[str, int] | None = None,
    currency: str = "",
    plans: Plans | None = None,
) -> Document:
    """The cumulative report as data: all months of `summaries` up to `last`.

    Each has the CUMULATIVE_TABLES. `through` is the last complete business day where `last` is
    still open. `previous_figures` are the figures.json of the previous version; months that changed
    since are named. `versions` are the published versions of all reports, each with report, month,
    version, digest. `weekend` are the weekdays (0 = Monday) that count as the weekend. `currency`
    is that of a history that has neither sales nor stores. `plans` has the owner's notes, which
    name the reason of an unusual day.
    """
    kept = {month: tables for month, tables in summaries.items() if month <= last}
    if not kept:
        raise KeyError(f"no summary up to {last:%Y-%m}; give at least one month's tables")
    declared = {name for tables in kept.values() for name in currencies(tables)}
    shown = tuple(sorted(declared or {currency}))
    sections: list[Section] = []
    stores: dict[str, str] = {}
    for currency in shown:
        history = History(last, through, currency, kept, weekend, plans or Plans())
        stores |= history.stores
        state = DataState(
            quality_of(history.stacked("quality")),
            silent_stores=tuple(Figures(last, through, currency, kept).silent_stores),
            stores=names(kept, "stores", "store_id", "name"),
        )
        context = VersionContext(
            lineage, lake_decimals, decimals or {}, state, previous_figures, versions=versions
        )
        sections += build_sections("cumulative", CUMULATIVE, history, context)
    return Document(
        "cumulative",
        last,
        through,
        lake_decimals,
        shown,
        tuple(sorted(stores.values())),
        tuple(sections),
        lineage,
        decimals=decimals or {},
    )


def _currencies_with_sales(declared: Sequence[str], summaries: Summaries) -> Sequence[str]:
    """The stores' currencies with sales in the given months; all of them if none has."""
    sold = {
        currency
        for tables in summaries.values()
        if "days" in tables
        for currency in distinct(tables["days"].column("currency"))
    }
    return [currency for currency in declared if currency in sold] or declared
