"""Every published version, its cause, and the months and figures that changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from reports.columns import columns_of
from reports.document import Section, Table
from reports.figures.history import History
from reports.sections.axis import month_key
from reports.sections.changes import (
    CAUSES,
    Plain,
    as_figures,
    cause_of,
    changed_figures_table,
    compare,
    has_more_days,
)
from reports.sections.lineage_table import month_of
from reports.values import Count, Month, Name, Value, text
from reports.version_context import VersionContext

KINDS = ("monthly", "cumulative")  # the last part of a report's folder


def version_history(
    history: History, context: VersionContext, sections: Sequence[Section]
) -> Section:
    """The versions of the lake's log (`context.versions`), and this one."""
    currency, entries = history.currency, context.versions
    figures = as_figures([], "first")
    sentences, tables = [], []
    if compared := compare(sections, context, currency):
        past, changed, others = compared
        months = _changed_months(history, past, context.lake_decimals)
        listed = {_key(row) for row in past.get("version_history", {}).get("versions", [])}
        is_data = any(
            entry.get("change") in ("data", "more")
            for entry in entries
            if str(entry.get("report", "")).endswith("monthly") and _key(entry) not in listed
        )
        is_longer = has_more_days(history.through, context)
        figures = as_figures(changed, cause_of(compared, is_data, is_longer))
        key = "version_history.changed" if months else "version_history.unchanged"
        sentences = [
            text(key, n=Count(len(months))),
            text("changes.some" if changed else "changes.none", n=Count(len(changed))),
            *(text(f"changes.{name}") for name in others),
        ]
        columns, title = columns_of("month", "was", "is"), text("version_history.changed_table")
        tables = [
            Table.from_rows("changed-months", title, columns, months, currency),
            changed_figures_table(sections, changed, context, currency, history.stores),
        ]
    this = {
        "report": "reports/cumulative",
        "month": month_key(history.last),
        "version": context.lineage.get("version", 1),
        "digest": "",  # not known before the version is written
        "change": figures["cause"],
    }
    ordered = sorted(
        [*entries, this],
        key=lambda e: (*(str(e.get(name, "")) for name in ("month", "report")), _number(e)),
        reverse=True,
    )
    corrections = sum(e.get("change") == "data" for e in ordered)
    rows = [
        (
            _kind(str(e.get("report", ""))),
            month_of(month) or Name(month),
            _number(e),
            text(f"cause.{e['change']}") if e.get("change") in CAUSES else None,
            str(e["digest"]) if e.get("digest") else text("version_history.this"),
        )
        for e in ordered
        for month in [str(e.get("month", ""))]
    ]
    columns = columns_of("report", "month", "version", "why", "digest")
    title = text("version_history.table")
    table = Table.from_rows("version_history", title, columns, rows, currency, shown=24)
    lead = text("version_history.lead", n=Count(len(rows)), again=Count(corrections))
    figures_out = {**figures, "versions": [{k: str(v) for k, v in e.items()} for e in ordered]}
    tables = [*tables, table]
    return Section("version_history", [lead, *sentences], tables=tables, figures=figures_out)


def _number(entry: Mapping[str, object]) -> int:
    return int(str(entry.get("version", 0)))


def _key(entry: Mapping[str, object]) -> tuple[str, ...]:
    return tuple(str(entry.get(name, "")) for name in ("report", "month", "version", "digest"))


def _kind(report: str) -> Value:
    name = report.rpartition("/")[2]
    return text(f"version_history.{name}") if name in KINDS else Name(report)


def _changed_months(
    history: History, before: Plain, lake_decimals: int
) -> list[tuple[Month, int, int]]:
    """Closed months whose net sales differ between the versions: month, was, is."""
    trend = before.get("trend") or {}
    past = {
        month: sums for month, sums in trend.get("months", {}).items() if month != trend.get("open")
    }
    rows = []
    for month, total in sorted(history.totals.items(), reverse=True):
        was = past.get(month_key(month), {}).get("net_sales")
        if was is None or (history.through and month == history.last):
            continue
        units = int(Decimal(was).scaleb(lake_decimals))
        if units != total.net_sales:
            rows.append((Month(month), units, total.net_sales))
    return rows
