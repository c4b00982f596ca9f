"""Cumulative 15. The ledger: every edition that was published, and the months that moved since the
edition before.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal

from reports.figures.history import History
from reports.page import Column, Section, Table
from reports.values import Count, Money, Month, Name, Value, text

KINDS = ("monthly", "cumulative")  # the last part of a report's folder


def ledger(
    entries: Sequence[Mapping[str, object]],
    history: History,
    before: Mapping[str, object] | None,
    places: int,
) -> Section:
    """`entries`: report, month, edition, digest, as the lake's log has them; without any, the
    section says so.

    `before` are the figures of the edition before this one: months whose net sales are other now
    are listed.
    """
    moved = _moved(history, before, places)
    said = (
        []
        if before is None
        else [text("ledger.moved" if moved else "ledger.still", n=Count(len(moved)))]
    )
    tables = []
    if moved:
        columns = (Column("month", "date"), Column("was", "money"), Column("is", "money"))
        tables.append(Table("moved-months", text("ledger.moved_table"), columns, tuple(moved)))
    if not entries:
        return Section("ledger", (text("ledger.none"), *said), tables=tuple(tables))
    ordered = sorted(
        entries,
        key=lambda e: (
            str(e.get("month", "")),
            str(e.get("report", "")),
            int(str(e.get("edition", 0))),
        ),
        reverse=True,
    )
    again = sum(int(str(e.get("edition", 0))) > 1 for e in ordered)
    rows = tuple(
        (
            _kind(str(e.get("report", ""))),
            _month(str(e.get("month", ""))),
            Count(int(str(e.get("edition", 0)))),
            Name(str(e.get("digest", ""))),
        )
        for e in ordered
    )
    columns = (
        Column("report"),
        Column("month", "date"),
        Column("edition", "count"),
        Column("digest"),
    )
    table = Table("ledger", text("ledger.table"), columns, rows, shown=24)
    return Section(
        "ledger",
        (text("ledger.lead", n=Count(len(rows)), again=Count(again)), *said),
        tables=(*tables, table),
        figures={"editions": [{k: str(v) for k, v in e.items()} for e in ordered]},
    )


def _kind(report: str) -> Value:
    name = report.rpartition("/")[2]
    return text(f"ledger.{name}") if name in KINDS else Name(report)


def _month(name: str) -> Value:
    return (
        Month(date.fromisoformat(f"{name}-01"))
        if re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", name)
        else Name(name)
    )


def _moved(
    history: History, before: Mapping[str, object] | None, places: int
) -> list[tuple[Value, ...]]:
    """Months of both editions whose net sales differ: month, was, is. A month that was or is under
    way grows, and has not moved.
    """
    told = (before or {}).get("trend") or {}
    past = {
        month: said for month, said in told.get("months", {}).items() if month != told.get("open")
    }
    rows: list[tuple[Value, ...]] = []
    for month, total in sorted(history.totals.items(), reverse=True):
        was = (
            None
            if history.through and month == history.last
            else past.get(month.isoformat()[:7], {}).get("net_sales")
        )
        units = None if was is None else int(Decimal(was).scaleb(places))
        if units is not None and units != total.net_sales:
            rows.append(
                (
                    Month(month),
                    Money(units, history.currency),
                    Money(total.net_sales, history.currency),
                )
            )
    return rows
