"""The lake's orders as a POS shows them, to be compared with its exports.

Takes the tables of receipts and quarantine. Returns a line for each order, with the figures of
MONEY; a sale and a refund in one order (RETURN_SUFFIX) are one line.
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
    """One order of the lake as a POS shows it, with what identifies and compares it."""

    sold_at: datetime | None = None
    tax_included: Decimal = Decimal(0)


LakeLines = dict[str, tuple[LakeLine, str]]
"""Lines of the lake with their currency, by receipt."""


class LakeSide(NamedTuple):
    """The lake's orders of the days compared, and why others are in quarantine."""

    lines: LakeLines
    quarantined: Mapping[str, str]


def read_lines(tables: Sequence[pa.Table]) -> LakeLines:
    """The lake's orders as the POS shows them, by their number."""
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
            if number in lines:  # the other half of an exchange
                before = lines[number][0]
                amounts = {name: before.amounts[name] + each for name, each in amounts.items()}
                row["tax_included"] += before.tax_included
            day = row["sold_at_local"].date()
            line = LakeLine(
                day, number, row["store_id"], amounts, row["sold_at"], row["tax_included"]
            )
            lines[number] = line, row["currency"]
    return lines


def read_quarantined(tables: Sequence[pa.Table]) -> dict[str, str]:
    """The reason by number of the receipts in quarantine."""
    return {
        row["receipt_number"].removesuffix(RETURN_SUFFIX): row["reason"]
        for table in tables
        for row in table.select(["receipt_number", "reason"]).to_pylist()
        if row["receipt_number"]
    }


def in_zone(lines: LakeLines, timezone: str | None) -> LakeLines:
    """The lines on the days of a time zone; None: on those of their stores."""
    if timezone is None:
        return lines
    zone = ZoneInfo(timezone)
    return {
        number: (replace(line, day=line.sold_at.astimezone(zone).date()), code)
        for number, (line, code) in lines.items()
        if line.sold_at
    }


def by_day(lines: LakeLines) -> LakeLines:
    """The lake's receipts by calendar day, as a Sales summary shows them."""
    codes = {code for _, code in lines.values()}
    if len(codes) > 1:
        raise DataError(
            f"a Sales summary names no currency, and these days have {', '.join(sorted(codes))};"
            " export the receipts instead (Receipts)"
        )
    days: LakeLines = {}
    for line, code in lines.values():
        key = str(line.day)
        day = days.setdefault(
            key, (LakeLine(line.day, "", "", dict.fromkeys(MONEY, Decimal(0))), code)
        )[0]
        for figure, amount in _day_amounts(line):
            day.amounts[figure] += amount
    return days


def _day_amounts(line: LakeLine) -> Iterator[tuple[str, Decimal]]:
    is_refund = line.amounts["gross_sales"] < 0
    for figure, amount in line.amounts.items():
        if figure == "gross_sales" and is_refund:
            yield "refunds", -amount
        elif figure != "refunds":
            yield figure, amount
