"""The lake's receipts in the form of a POS's export, to be compared with it.

Takes the tables of receipts and quarantine. Returns a line for each receipt, with the figures of
MONEY. The sale and the return of an exchange, which the lake has as two receipts (RETURN_SUFFIX),
are one line, as in the export.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple
from zoneinfo import ZoneInfo

import pyarrow as pa

from pipeline.errors import DataError
from pipeline.schema.receipt import RETURN_SUFFIX
from pipeline.summarize.read_exports import MONEY, ExportLine

_READ = (
    "receipt_number",
    "receipt_type",
    "is_cancelled",
    "sold_at",
    "sold_at_local",
    "store_id",
    "currency",
    "gross",
    "discount",
    "net",
    "tax_included",
    "tax_added",
    "surcharge",
    "surcharge_tax",
    "gift_cards",
    "tip",
    "total",
)


@dataclass
class LakeLine(ExportLine):
    """One receipt of the lake as a line of an export, and its time and included tax."""

    sold_at: datetime | None = None
    tax_included: Decimal = Decimal(0)


LakeLines = dict[str, tuple[LakeLine, str]]
"""Lines of the lake with their currency, by receipt."""


class LakeSide(NamedTuple):
    """The lake's lines to compare, and why other receipts are in quarantine."""

    lines: LakeLines
    quarantined: Mapping[str, str]


def read_lines(tables: Sequence[pa.Table]) -> LakeLines:
    """The lake's receipts as lines, by their number."""
    lines: LakeLines = {}
    for table in tables:
        for row in table.select(_READ).to_pylist():
            item_taxes = row["tax_included"] + row["tax_added"]
            amounts = {
                "gross_sales": row["gross"],
                "discounts": row["discount"],
                "refunds": Decimal(0),
                "net_sales": row["net"],
                "surcharges": row["surcharge"],
                "gift_cards": row["gift_cards"],
                "taxes": item_taxes + row["surcharge_tax"],
                "item_taxes": item_taxes,
                "tips": row["tip"],
                "collected": row["total"],
            }
            number = row["receipt_number"].removesuffix(RETURN_SUFFIX)
            if number in lines:  # sale and return of an exchange
                other = lines[number][0]
                amounts = {name: other.amounts[name] + each for name, each in amounts.items()}
                row["tax_included"] += other.tax_included
            day = row["sold_at_local"].date()
            line = LakeLine(
                day, number, row["store_id"], amounts, row["sold_at"], row["tax_included"]
            )
            lines[number] = line, row["currency"]
    return lines


def read_quarantined(tables: Sequence[pa.Table]) -> dict[str, str]:
    """The reasons of the receipts in quarantine, by number."""
    return {
        row["receipt_number"].removesuffix(RETURN_SUFFIX): row["reason"]
        for table in tables
        for row in table.select(["receipt_number", "reason"]).to_pylist()
        if row["receipt_number"]
    }


def in_zone(lines: LakeLines, timezone: str | None) -> LakeLines:
    """The lines with the days of a time zone; without one, with those of their stores."""
    if timezone is None:
        return lines
    zone = ZoneInfo(timezone)
    return {
        number: (replace(line, day=line.sold_at.astimezone(zone).date()), code)
        for number, (line, code) in lines.items()
        if line.sold_at
    }


def by_day(lines: LakeLines) -> LakeLines:
    """A line for each calendar day, as in a Sales summary."""
    codes = {code for _, code in lines.values()}
    if len(codes) > 1:
        raise DataError(
            f"a Sales summary names no currency, and these days have {', '.join(sorted(codes))};"
            " export the receipts instead (Receipts)"
        )
    days: LakeLines = {}
    for line, code in lines.values():
        empty = LakeLine(line.day, "", "", dict.fromkeys(MONEY, Decimal(0)))
        day, _ = days.setdefault(str(line.day), (empty, code))
        for figure, amount in _day_amounts(line):
            day.amounts[figure] += amount
    return days


def _day_amounts(line: LakeLine) -> Iterator[tuple[str, Decimal]]:
    """The figures of a line in a Sales summary, where gross sales exclude refunds."""
    is_refund = line.amounts["gross_sales"] < 0
    for figure, amount in line.amounts.items():
        if figure == "gross_sales" and is_refund:
            yield "refunds", -amount
        elif figure != "refunds":
            yield figure, amount
