"""The reports: figures in, pages out.

`monthly` and `cumulative` take the lake's summary tables and give the files of a report by name:
report.md, report.html, report.pdf, figures.json, charts/*.svg, tables.xlsx; `index` gives the page
that leads to all of them. They read no clock, no environment and no file but their
own texts and style; the same tables give the same bytes. Nothing of the pipeline is imported here,
and matplotlib only when a chart is drawn.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any, Literal

from reports.plans import Plans, read_plans

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = [
    "HISTORY",
    "Plans",
    "change_of",
    "closing_message",
    "cumulative",
    "index",
    "monthly",
    "read_plans",
    "unpaid_of",
]

HISTORY = (
    "days",
    "hours",
    "items",
    "prices",
    "combo_parts",
    "choices",
    "baskets",
    "customers",
    "tenders",
    "quality",
    "stores",
)
"""The tables of each month that `cumulative` reads; it needs no others."""


def monthly(
    month: date,
    summaries: Mapping[date, Mapping[str, pa.Table]],
    *,
    through: date | None = None,
    locale: str = "en_US",
    lake_decimals: int,
    decimals: Mapping[str, int] | None = None,
    lineage: Mapping[str, object],
    changes: Mapping[str, object] | None = None,
    lake_starts: date | None = None,
    reopened: Sequence[Mapping[str, str]] = (),
    backoffice: Mapping[str, pa.Table] | None = None,
    outside: pa.Table | None = None,
    quarantine: pa.Table | None = None,
    history_starts: date | None = None,
    currency: str = "",
    covered: Sequence[date] | None = None,
    plans: Plans | None = None,
    shifts: pa.Table | None = None,
    paper: Literal["us-letter", "a4"] = "us-letter",
) -> dict[str, bytes]:
    """Files of the monthly report.

    `summaries` holds `month` and, where the lake has them, the month before and the same month last
    year, by their first days. `lake_decimals` are the decimals of the amounts in `summaries`,
    `decimals` those that each currency has (without: `lake_decimals`). `through` is the last
    complete business day of an open month, None for a closed one. `changes` is the figures.json of
    the previous version, None for a first one, and `reopened` the receipts that came or changed
    since then, each with number, day, total and why (late, edited, cancelled, refunded, new).
    `lake_starts` is the first day of the lake: new customers are counted only with it and the
    `customers` of every month since. `covered` are the days of `month` in the lake, by default all
    from `lake_starts` on; no other day counts as a day without sales. `backoffice` are the tables
    of the POS's own exports, None without any. `outside` are the receipts that arrived in the month
    and are before `history_starts`, `quarantine` the unreadable ones. `currency` is that of a month
    that has neither sales nor stores. `plans` are the owner's goals, notes, fees, dayparts and
    labour (`read_plans`). `shifts` are the month's shifts of the cash drawers, None without any.
    """
    from reports.compose import compose_monthly
    from reports.render import files_of

    return files_of(
        compose_monthly(
            month,
            summaries,
            through=through,
            lake_decimals=lake_decimals,
            decimals=decimals,
            metadata=lineage,
            before=changes,
            lake_starts=lake_starts,
            reopened=reopened,
            backoffice=backoffice,
            outside=outside,
            quarantine=quarantine,
            history_starts=history_starts,
            currency=currency,
            covered=covered,
            plans=plans,
            shifts=shifts,
        ),
        locale,
        paper,
    )


def closing_message(
    period: Literal["daily", "weekly"],
    day: date,
    summaries: Mapping[date, Mapping[str, pa.Table]],
    *,
    locale: str = "en_US",
    lake_decimals: int,
    decimals: Mapping[str, int] | None = None,
    plans: Plans | None = None,
    lake_starts: date | None = None,
    shifts: pa.Table | None = None,
) -> bytes:
    """message.json of the day, or of the seven days, that end with `day`.

    `summaries` holds the month of `day` and, where the lake has it, the month before; `shifts` are
    those of the cash drawers of the month, None without any.
    """
    from reports.briefing import compose_briefing
    from reports.render.message import briefing_json
    from reports.words import Words

    title, currencies, sections = compose_briefing(
        period,
        day,
        summaries,
        lake_decimals=lake_decimals,
        plans=plans,
        lake_starts=lake_starts,
        shifts=shifts,
    )
    words = Words(locale, lake_decimals, currencies, decimals)
    return briefing_json(title, currencies, sections, words)


def cumulative(
    through_month: date,
    summaries: Mapping[date, Mapping[str, pa.Table]],
    *,
    through: date | None = None,
    locale: str = "en_US",
    lake_decimals: int,
    decimals: Mapping[str, int] | None = None,
    lineage: Mapping[str, object],
    changes: Mapping[str, object] | None = None,
    versions: Sequence[Mapping[str, object]] = (),
    weekend: tuple[int, ...] = (4, 5, 6),
    paper: Literal["us-letter", "a4"] = "us-letter",
) -> dict[str, bytes]:
    """Files of the cumulative report.

    It covers every month of `summaries` (HISTORY of each) up to `through_month`.

    `through` is the last complete business day where `through_month` is still open. `changes` is
    the figures.json of the previous version; months that moved since are named. `versions` are the
    published versions of all reports, each with report, month, version, digest. `weekend` are the
    weekdays (0 = Monday) that count as the weekend.
    """
    from reports.compose import compose_cumulative
    from reports.render import files_of

    return files_of(
        compose_cumulative(
            through_month,
            summaries,
            through=through,
            lake_decimals=lake_decimals,
            decimals=decimals,
            metadata=lineage,
            versions=versions,
            before=changes,
            weekend=weekend,
        ),
        locale,
        paper,
    )


def change_of(figures: Mapping[str, Any]) -> str:
    """Cause of the version with this figures.json: the gravest of its currencies.

    "first", "more" (more days of the current month), "data" (a correction), "settings" (settings,
    language, paper or code), "same" (no figure differs).
    """
    from reports.sections.changes import CAUSES

    causes = {
        section["cause"]
        for sections in figures["currencies"].values()
        for name in ("changes", "version_history")
        if (section := sections.get(name))
    }
    return next((cause for cause in CAUSES if cause in causes), "first")


def unpaid_of(figures: Mapping[str, Any]) -> dict[str, str]:
    """Collected less paid of the month with this figures.json, by currency."""
    return {
        currency: sections["bridge"]["total"]["unpaid"]
        for currency, sections in figures["currencies"].items()
        if "bridge" in sections
    }


def index(
    monthly: Mapping[str, Sequence[str]],
    cumulative: Mapping[str, Sequence[str]],
    figures: Mapping[str, object] | None,
    *,
    months: Mapping[str, Mapping[str, object]] | None = None,
    locale: str = "en_US",
) -> bytes:
    """reports/index.html.

    Takes folders of the versions (their names begin with the number) by "YYYY-MM", and the newest
    cumulative figures.json. `months` are the figures.json of monthly reports whose month the
    cumulative one does not have, by "YYYY-MM".
    """
    from reports.render import index as page

    return page.index(monthly, cumulative, figures, months or {}, locale)
