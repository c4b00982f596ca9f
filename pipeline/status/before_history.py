"""Receipts before the lake's history: their raw objects and their lines.

Business days; money in the currency of the store. Planning needs the listing only.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from pipeline.lakes.raw_source import RawSource
from pipeline.load import Lake, RawObject
from pipeline.rules import Rules, day_bounds

if TYPE_CHECKING:
    import pyarrow as pa

NAMED = 20
_LONGEST = 60
HINTS = {"implausible_date": "; a device's clock was wrong, or see [pos] max_days_late"}
REMEDY = "set [pos] history_starts = {day} to include {them}"


def objects_before_history(lake: Lake, rules: Rules, starts: date) -> list[RawObject]:
    """Committed raw objects that may hold a receipt of a business day before `starts`."""
    bound = max(day_bounds(starts, store)[0] for store in rules.every_store)
    return [
        entry
        for entry in lake.raw_before(bound.date() + timedelta(days=1))
        if (
            entry.may_hold(datetime.min.replace(tzinfo=bound.tzinfo), bound)
            if entry.sold
            else entry.partition_name.day < starts
        )
    ]


def read_before_history(
    sources: Sequence[RawSource],
    starts: date,
    objects: Mapping[str, Sequence[RawObject]] = MappingProxyType({}),
) -> pa.Table:
    """Receipts before the history, of all raw objects or of `objects` by folder.

    Rows of schema.BEFORE_HISTORY.
    """
    import pyarrow as pa

    from pipeline.transform import Raw, before_history
    from pipeline.transform.several import qualify

    tables = []
    for raw in sources:
        entries = objects.get(raw.folder)
        if entries is None:
            entries = objects_before_history(raw.lake, raw.rules, starts)
        bodies = (Raw(e.partition, e.key, raw.lake.read_raw(e)) for e in entries)
        tables.append(qualify(before_history(bodies, raw.rules, starts), raw.prefix, raw.folder))
    return tables[0] if len(tables) == 1 else pa.concat_tables(tables).unify_dictionaries()


def as_json(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The rows with days and amounts as text, for a machine."""
    return [
        {
            name: value if value is None or isinstance(value, bool) else str(value)
            for name, value in row.items()
        }
        for row in rows
    ]


def totals_of(rows: Sequence[Mapping[str, Any]]) -> str:
    """The money of the rows by currency: MXN 1,027.00, 1 of unknown amount."""
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for row in rows:
        if row["total"] is not None:
            sums[row["currency"]] += Decimal(row["total"])
    unknown = sum(row["total"] is None for row in rows)
    parts = [f"{currency} {total:,}" for currency, total in sorted(sums.items())]
    return ", ".join([*parts, *([f"{unknown} of unknown amount"] if unknown else [])])


def name_receipt(row: Mapping[str, Any]) -> str:
    """One receipt in words: 1-1002 of 2026-09-28, MXN 777.00."""
    total = row["total"]
    amount = f"{row['currency']} {Decimal(total):,}" if total is not None else "amount unknown"
    state = ", cancelled" if row["is_cancelled"] else f", {row['reason']}" if row["reason"] else ""
    number = plain_text(str(row["receipt_number"] or row["record"]))
    return f"{number} of {row['business_day']}, {amount}{state}"


def format_quarantined(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Lines that name the receipts in quarantine and their values, the last first."""
    lines = [
        f"quarantined      {plain_text(str(row['receipt_number'] or row['record']))}, counted on"
        f" {row['business_day']},"
        f" {'amount unknown' if row['total'] is None else format(Decimal(row['total']), ',')}:"
        f" {row['reason']} ({plain_text(str(row['detail']))})"
        f"{HINTS.get(str(row['reason']), '')}"
        for row in rows[::-1][:NAMED]
    ]
    return lines + ([f"  and {len(rows) - NAMED:,} more"] if len(rows) > NAMED else [])


def plain_text(text: str) -> str:
    """Text of a record for a terminal: printable, and cut."""
    printable = "".join(c if c.isprintable() else "?" for c in text)
    return printable if len(printable) <= _LONGEST else printable[: _LONGEST - 1] + "…"


def format_before_history(rows: Sequence[Mapping[str, Any]], starts: str) -> list[str]:
    """Lines that name receipts before the history and the setting to include them."""
    if not rows:
        return []
    count = f"{len(rows):,} receipt{'s' if rows[1:] else ''}"
    first = min(str(row["business_day"]) for row in rows)
    lines = [
        f"before history   {count}, {totals_of(rows)}, before [pos] history_starts = {starts}; in"
        f" no table and no total; {REMEDY.format(day=first, them='them' if rows[1:] else 'it')}"
    ]
    lines += [f"  {name_receipt(row)}" for row in rows[:NAMED]]
    return lines + ([f"  and {len(rows) - NAMED:,} more"] if len(rows) > NAMED else [])
