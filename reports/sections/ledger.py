"""Cumulative 15. The ledger: every edition of every report that was published, the newest first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from reports.page import Column, Section, Table
from reports.values import Count, Name, text

KINDS = ("monthly", "cumulative")


def ledger(entries: Sequence[Mapping[str, object]]) -> Section:
    """`entries`: report, month, edition, digest, as the lake's log has them; without any, the section says so."""
    if not entries:
        return Section("ledger", (text("ledger.none"),))
    ordered = sorted(
        entries, key=lambda e: (str(e.get("month", "")), str(e.get("report", "")), int(str(e.get("edition", 0)))), reverse=True
    )
    again = sum(int(str(e.get("edition", 0))) > 1 for e in ordered)
    rows = tuple(
        (
            text(f"ledger.{e['report']}") if e.get("report") in KINDS else Name(str(e.get("report", ""))),
            Name(str(e.get("month", ""))),
            Count(int(str(e.get("edition", 0)))),
            Name(str(e.get("digest", ""))),
        )
        for e in ordered
    )
    table = Table(
        "ledger", text("ledger.table"), (Column("report"), Column("month"), Column("edition", "count"), Column("digest")), rows, shown=24
    )
    return Section(
        "ledger",
        (text("ledger.lead", n=Count(len(rows)), again=Count(again)),),
        tables=(table,),
        figures={"editions": [{k: str(v) for k, v in e.items()} for e in ordered]},
    )
