"""The pages of the monthly and the cumulative report: which sections, in which order, once per
currency.

In: the lake's summary tables by month. Out: a `Page`. Several currencies repeat the sections, each
under its own heading, and are never added up. Raises KeyError where the month itself has no
summary.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date

import pandas as pd
import pyarrow as pa

from reports.figures import Figures, currencies
from reports.figures.calendar import covered_days
from reports.figures.history import WEEKEND, History
from reports.figures.tables import frame
from reports.page import Page, Section
from reports.sections.attention import attention
from reports.sections.baskets import baskets
from reports.sections.bridge import bridge
from reports.sections.changes import changes
from reports.sections.combos import combos
from reports.sections.customers import customers
from reports.sections.data_state import DataState, known_stores, light_of, quality_of
from reports.sections.days import days
from reports.sections.drivers import drivers
from reports.sections.headline import headline
from reports.sections.hours import hours
from reports.sections.items import items
from reports.sections.lifecycle import lifecycle
from reports.sections.lineage import OVER_TIME, lineage
from reports.sections.loyalty import loyalty
from reports.sections.margin import margin
from reports.sections.menu import menu
from reports.sections.migration import migration
from reports.sections.modifiers import modifiers
from reports.sections.options import options
from reports.sections.outlook import outlook
from reports.sections.pace import pace
from reports.sections.payments_over_time import payments_over_time
from reports.sections.records import records
from reports.sections.rhythm import rhythm
from reports.sections.stability import stability
from reports.sections.stores import stores
from reports.sections.summary import summary
from reports.sections.tenders import tenders
from reports.sections.till import differs
from reports.sections.trend import trend
from reports.sections.version_history import version_history
from reports.sections.weekdays import weekdays
from reports.sections.weekend import weekend as week_parts
from reports.sections.years import years

Sources = Mapping[date, Mapping[str, pa.Table]]
MONTHLY = (
    "headline",
    "drivers",
    "attention",
    "bridge",
    "days",
    "hours",
    "weekdays",
    "items",
    "menu",
    "combos",
    "modifiers",
    "baskets",
    "customers",
    "tenders",
    "stores",
    "changes",
    "lineage",
)
ASKED = (
    headline,
    drivers,
    bridge,
    days,
    hours,
    weekdays,
    items,
    menu,
    combos,
    modifiers,
    baskets,
    customers,
    tenders,
    stores,
)


def compose_monthly(
    month: date,
    sources: Sources,
    *,
    through: date | None,
    lake_decimals: int,
    metadata: Mapping[str, object],
    before: Mapping[str, object] | None = None,
    lake_starts: date | None = None,
    reopened: Sequence[Mapping[str, str]] = (),
    backoffice: Mapping[str, pa.Table] | None = None,
    decimals: Mapping[str, int] | None = None,
    outside: pa.Table | None = None,
    quarantine: pa.Table | None = None,
    history_starts: date | None = None,
    currency: str = "",
    covered: Sequence[date] | None = None,
) -> Page:
    """The monthly report as data; `before` is the figures.json of the version before this one."""
    if month not in sources:
        raise KeyError(f"no summary of {month:%Y-%m}; give the month's own tables")
    left_out = set(outside["currency"].to_pylist()) if outside is not None else set()
    found = _traded(currencies(sources[month]), sources)
    found = tuple([*found, *sorted(left_out - set(found))] or [currency])
    days_held = None if covered is None else tuple(covered)
    calendar = covered_days(month, through, lake_starts, days_held)
    made: list[Section] = []
    names: dict[str, str] = {}
    for currency in found:
        figures = Figures(
            month,
            through,
            currency,
            sources,
            lake_starts,
            backoffice,
            outside=outside,
            history_starts=history_starts,
            covered=days_held,
        )
        names |= figures.stores
        quality = figures.now["quality"]
        sections = [ask(figures) for ask in ASKED]
        state = DataState(
            quality_of(quality),
            silences=tuple(figures.silences),
            stores=known_stores(sources),
            left_out=figures.left_out,
            unread=frame(quarantine) if quarantine is not None else pd.DataFrame(),
            history_starts=history_starts,
        )
        till = differs(figures)
        sections.append(lineage(figures.total, quality, currency, metadata, state, till))
        sections.append(
            attention(
                [f for s in sections for f in s.findings],
                light_of(figures.total, state, till),
                currency,
            )
        )
        stated = {s.key: s.figures for s in sections if s.figures}
        sections.append(
            changes(
                stated,
                before,
                currency,
                lake_decimals,
                metadata,
                reopened,
                figures.stores,
                decimals or {},
            )
        )
        ordered = sorted(sections, key=lambda section: MONTHLY.index(section.key))
        made += [
            replace(section, currency=currency, number=MONTHLY.index(section.key) + 1)
            for section in ordered
        ]
    return Page(
        "monthly",
        month,
        through,
        lake_decimals,
        found,
        tuple(sorted(names.values())),
        tuple(made),
        metadata,
        front=3,
        since=calendar[0] if calendar and calendar[0] > month else None,
        decimals=decimals or {},
    )


CUMULATIVE = (
    summary,
    trend,
    years,
    pace,
    rhythm,
    week_parts,
    lifecycle,
    margin,
    migration,
    options,
    stability,
    loyalty,
    payments_over_time,
    records,
)


def compose_cumulative(
    last: date,
    sources: Sources,
    *,
    through: date | None,
    lake_decimals: int,
    metadata: Mapping[str, object],
    versions: Sequence[Mapping[str, object]] = (),
    before: Mapping[str, object] | None = None,
    weekend: tuple[int, ...] = WEEKEND,
    decimals: Mapping[str, int] | None = None,
) -> Page:
    """The cumulative report as data: all months of `sources` up to `last`.

    `versions` fill the ledger, `before` is the figures.json of the version before this one.
    """
    kept = {month: tables for month, tables in sources.items() if month <= last}
    if not kept:
        raise KeyError(f"no summary up to {last:%Y-%m}; give at least one month's tables")
    found = tuple(sorted({currency for tables in kept.values() for currency in currencies(tables)}))
    made: list[Section] = []
    names: dict[str, str] = {}
    for currency in found:
        history = History(last, through, currency, kept, weekend)
        names |= history.stores
        sections = [ask(history) for ask in CUMULATIVE]
        ending = [
            lineage(
                history.sum_of(history.months),
                history.stacked("quality"),
                currency,
                metadata,
                DataState(
                    quality_of(history.stacked("quality")),
                    silences=tuple(Figures(last, through, currency, kept).silences),
                    stores=known_stores(kept),
                ),
                glossary=OVER_TIME,
            ),
            outlook(history),
        ]
        stated = {s.key: s.figures for s in (*sections, *ending) if s.figures}
        sections += [
            version_history(
                versions, history, stated, before, lake_decimals, metadata, decimals or {}
            ),
            *ending,
        ]
        made += [
            replace(section, currency=currency, number=i + 1) for i, section in enumerate(sections)
        ]
    return Page(
        "cumulative",
        last,
        through,
        lake_decimals,
        found,
        tuple(sorted(names.values())),
        tuple(made),
        metadata,
        front=2,
        decimals=decimals or {},
    )


def _traded(known: Sequence[str], sources: Mapping[date, Mapping[str, pa.Table]]) -> Sequence[str]:
    """Of the stores' currencies those in which anything was sold in the months at hand; all of them
    where nothing was.
    """
    sold = {
        currency
        for tables in sources.values()
        if "days" in tables
        for currency in tables["days"].column("currency").to_pylist()
    }
    return [currency for currency in known if currency in sold] or known
