"""The reports: from summary tables to files.

`monthly` and `cumulative` take the lake's summary tables and give the files of a report by name:
report.md, report.html, report.pdf, figures.json, message.json, charts/*.svg, tables.xlsx; `index`
gives the page with links to all of them. They read no clock, no environment and no files except
their own texts and style; the same tables give the same bytes. Nothing of the pipeline is imported
here, and matplotlib only when a chart is drawn.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any, Literal

from reports.plans import Plans, check_stores, read_plans

if TYPE_CHECKING:
    import pyarrow as pa

    from reports.render.pdf import Paper

__all__ = [
    "CUMULATIVE_TABLES",
    "Plans",
    "cause_of",
    "check_stores",
    "closing_message",
    "cumulative",
    "index",
    "monthly",
    "read_plans",
    "unpaid_of",
]

CUMULATIVE_TABLES = (
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
    locale: str = "en_US",
    paper: Paper = "us-letter",
    **inputs: Any,
) -> dict[str, bytes]:
    """Files of the monthly report; `inputs`: see `compose.compose_monthly`."""
    from reports.compose import compose_monthly
    from reports.render import files_of

    return files_of(compose_monthly(month, summaries, **inputs), locale, paper)


def cumulative(
    through_month: date,
    summaries: Mapping[date, Mapping[str, pa.Table]],
    *,
    locale: str = "en_US",
    paper: Paper = "us-letter",
    **inputs: Any,
) -> dict[str, bytes]:
    """Files of the cumulative report; `inputs`: see `compose.compose_cumulative`."""
    from reports.compose import compose_cumulative
    from reports.render import files_of

    return files_of(compose_cumulative(through_month, summaries, **inputs), locale, paper)


def closing_message(
    period: Literal["daily", "weekly"],
    day: date,
    summaries: Mapping[date, Mapping[str, pa.Table]],
    *,
    locale: str = "en_US",
    lake_decimals: int,
    decimals: Mapping[str, int] | None = None,
    **inputs: Any,
) -> bytes:
    """message.json of a day, or of the seven days that end with it."""
    from reports.closing import compose_closing_message
    from reports.localizer import Localizer
    from reports.render.message import first_page_json

    title, currencies, sections = compose_closing_message(
        period, day, summaries, lake_decimals=lake_decimals, **inputs
    )
    localizer = Localizer(locale, lake_decimals, currencies, decimals)
    return first_page_json(title, currencies, sections, localizer)


def cause_of(figures: Mapping[str, Any]) -> str:
    """Cause of a version, from its figures.json: the main one of its currencies.

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
