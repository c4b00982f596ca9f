"""Composition of the monthly and the cumulative report: sections by currency.

Takes the lake's summary tables by month. Returns a `Page`. Each currency has all sections under its
own heading; currencies are never added up. Raises KeyError if the month itself has no summary.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

import pandas as pd
import pyarrow as pa

from reports.contents import ANNEX, CUMULATIVE, FRONT, MONTHLY, Issue, build_sections
from reports.figures import Figures, currencies
from reports.figures.calendar import covered_days
from reports.figures.history import WEEKEND, History
from reports.figures.tables import distinct, frame
from reports.page import Page, Section
from reports.plans import Plans
from reports.sections.data_state import DataState, known_stores, quality_of

Sources = Mapping[date, Mapping[str, pa.Table]]


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
    plans: Plans | None = None,
    shifts: pa.Table | None = None,
) -> Page:
    """The monthly report as data.

    `before` is the figures.json of the version before this one.
    """
    if month not in sources:
        raise KeyError(f"no summary of {month:%Y-%m}; give the month's own tables")
    left_out = distinct(outside["currency"]) if outside is not None else set()
    traded = _traded(currencies(sources[month]), sources)
    shown = tuple([*traded, *sorted(left_out - set(traded))] or [currency])
    days_held = None if covered is None else tuple(covered)
    calendar = covered_days(month, through, lake_starts, days_held)
    sections: list[Section] = []
    names: dict[str, str] = {}
    for currency in shown:
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
            plans=plans or Plans(),
            lake_decimals=lake_decimals,
            drawers=shifts,
        )
        names |= figures.stores
        issue = Issue(
            metadata,
            lake_decimals,
            decimals or {},
            DataState(
                quality_of(figures.now["quality"]),
                silences=tuple(figures.silences),
                stores=known_stores(sources),
                left_out=figures.left_out,
                unread=frame(quarantine) if quarantine is not None else pd.DataFrame(),
                history_starts=history_starts,
            ),
            before,
            reopened,
        )
        sections += build_sections(MONTHLY, figures, issue, FRONT["monthly"], ANNEX["monthly"])
    return Page(
        "monthly",
        month,
        through,
        lake_decimals,
        shown,
        tuple(sorted(names.values())),
        tuple(sections),
        metadata,
        since=calendar[0] if calendar and calendar[0] > month else None,
        decimals=decimals or {},
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

    `versions` fill the version history, `before` is the figures.json of the previous version.
    """
    kept = {month: tables for month, tables in sources.items() if month <= last}
    if not kept:
        raise KeyError(f"no summary up to {last:%Y-%m}; give at least one month's tables")
    shown = tuple(sorted({currency for tables in kept.values() for currency in currencies(tables)}))
    sections: list[Section] = []
    names: dict[str, str] = {}
    for currency in shown:
        history = History(last, through, currency, kept, weekend)
        names |= history.stores
        state = DataState(
            quality_of(history.stacked("quality")),
            silences=tuple(Figures(last, through, currency, kept).silences),
            stores=known_stores(kept),
        )
        issue = Issue(metadata, lake_decimals, decimals or {}, state, before, versions=versions)
        sections += build_sections(
            CUMULATIVE, history, issue, FRONT["cumulative"], ANNEX["cumulative"]
        )
    return Page(
        "cumulative",
        last,
        through,
        lake_decimals,
        shown,
        tuple(sorted(names.values())),
        tuple(sections),
        metadata,
        decimals=decimals or {},
    )


def _traded(
    declared: Sequence[str], sources: Mapping[date, Mapping[str, pa.Table]]
) -> Sequence[str]:
    """The stores' currencies with sales in the given months; all of them if none has."""
    sold = {
        currency
        for tables in sources.values()
        if "days" in tables
        for currency in distinct(tables["days"].column("currency"))
    }
    return [currency for currency in declared if currency in sold] or declared
