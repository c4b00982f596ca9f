"""The lineage of a report as a table: each row is a fact and its value."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date

from reports.columns import columns_of
from reports.document import Table
from reports.values import Day, Month, Name, Value, text

FACTS = ("version", "last_day", "definitions", "settings", "code")
INPUTS = ("summary", "customers", "shifts", "backoffice", "outside")


def lineage_table(lineage: Mapping[str, object]) -> Table:
    """The version of a report, its last business day, and the digests of its inputs."""
    order = sorted(
        lineage,
        key=lambda fact: (
            isinstance(lineage[fact], Mapping),
            FACTS.index(fact) if fact in FACTS else len(FACTS),
            fact,
        ),
    )
    rows = tuple(row for fact in order for row in _fact_rows(fact, lineage[fact]))
    return Table("origin", text("lineage.table"), columns_of("fact", "value"), rows, shown=7)


def _fact_rows(name: str, fact: object) -> list[tuple[Value, Value]]:
    """Rows of a fact, name and value; of the inputs one each."""
    if isinstance(fact, Mapping):
        keys = sorted(sorted(fact, key=str, reverse=True), key=_rank)
        return [(_input(str(key)), Name(str(fact[key]))) for key in keys]
    label: Value = text(f"fact.{name}") if name in FACTS else Name(name)
    return [(label, day_of(fact) or Name(str(fact)))]


def _rank(key: object) -> int:
    kind = str(key).split("/")[0]
    return INPUTS.index(kind) if kind in INPUTS else len(INPUTS)


def _input(key: str) -> Value:
    """ "summary/2026-10" or "version history" in words."""
    if key == "version history":
        return text("fact.version_history")
    kind, _, name = key.partition("/")
    if kind in INPUTS and (month := month_of(name)):
        return text(f"fact.{kind}", month=month)
    return Name(key)


def day_of(fact: object) -> Day | None:
    """A fact that is an ISO date, as a day."""
    return (
        Day(date.fromisoformat(str(fact))) if re.fullmatch(r"\d{4}-\d\d-\d\d", str(fact)) else None
    )


def month_of(name: str, *, short: bool = False) -> Month | None:
    """A name that is an ISO month, as a month."""
    if not re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", name):
        return None
    return Month(date.fromisoformat(f"{name}-01"), short)
