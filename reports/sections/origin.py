"""Origin of a report: its version, the last window and the digests of its inputs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date

from reports.columns import columns_of
from reports.document import Table
from reports.values import Count, Day, Month, Name, Value, text

FACTS = 14
"""Inputs listed; the workbook has all digests."""
ORIGIN = ("version", "watermark", "definitions", "settings", "code")
INPUTS = ("summary", "customers", "backoffice", "outside")


def origin_table(metadata: Mapping[str, object]) -> Table:
    """Origin of the report: version, last window, and digests of its inputs."""
    order = sorted(
        metadata,
        key=lambda fact: (
            isinstance(metadata[fact], Mapping),
            ORIGIN.index(fact) if fact in ORIGIN else len(ORIGIN),
            fact,
        ),
    )
    rows = tuple(row for fact in order for row in _fact_rows(fact, metadata[fact]))
    return Table("origin", text("lineage.origin"), columns_of("fact", "value"), rows, shown=7)


def _fact_rows(name: str, fact: object) -> list[tuple[Value, Value]]:
    """Rows of a fact, name and value; of many inputs the first ones and a count."""
    label: Value = text(f"origin.{name}") if name in ORIGIN else Name(name)
    if isinstance(fact, Mapping):
        keys = sorted(sorted(fact, key=str, reverse=True), key=_rank)
        more = [(text("items.more", n=Count(len(keys) - FACTS)), None)] if len(keys) > FACTS else []
        return [*((_input(str(key)), Name(str(fact[key]))) for key in keys[:FACTS]), *more]
    if isinstance(fact, (list, tuple)):
        rest = f", … ({len(fact)})" if len(fact) > FACTS else ""
        return [(label, Name(", ".join(str(item) for item in fact[:FACTS]) + rest))]
    return [(label, day_of(fact) or Name(str(fact)))]


def _rank(key: object) -> int:
    kind = str(key).split("/")[0]
    return INPUTS.index(kind) if kind in INPUTS else len(INPUTS)


def _input(key: str) -> Value:
    """ "summary/2026-10" in words."""
    kind, _, month = key.partition("/")
    if kind in INPUTS and re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", month):
        return text(f"origin.{kind}", month=Month(date.fromisoformat(f"{month}-01")))
    return Name(key)


def day_of(fact: object) -> Day | None:
    """A fact that is an ISO date, as a day."""
    return (
        Day(date.fromisoformat(str(fact))) if re.fullmatch(r"\d{4}-\d\d-\d\d", str(fact)) else None
    )
