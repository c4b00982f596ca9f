"""figures.json: the same figures for programs.

Returns JSON with sorted keys, every amount, quantity and ratio a decimal string ("1234.50"), counts
as integers, dates ISO. Names are limited in length, so that a hostile name cannot make the files
large. Money has the decimals of its currency (`decimals`), or those of the lake (`lake_decimals`)
if `decimals` does not have it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

import msgspec

from reports.document import Document
from reports.escape import bounded
from reports.values import (
    QUANTITY_UNIT,
    Count,
    Day,
    Hour,
    Money,
    Month,
    Percent,
    Points,
    Quantity,
    Rate,
    Weekday,
)

RATIO = Decimal("0.000001")


def amount(money: Money, lake_decimals: int, decimals: Mapping[str, int]) -> str:
    """Decimal string with the currency's decimals, or more if the amount has more."""
    exact = Decimal(money.units).scaleb(-lake_decimals)
    shown = decimals.get(money.currency, lake_decimals)
    if shown >= lake_decimals:
        return str(exact)
    own = exact.quantize(Decimal(1).scaleb(-shown))
    return str(own if own == exact else exact)


def ratio(part: int, total: int) -> str | None:
    return str((Decimal(part) / total).quantize(RATIO, ROUND_HALF_UP)) if total else None


def json_value(value: object, lake_decimals: int, decimals: Mapping[str, int]) -> object:
    """`value` as JSON has it."""
    match value:
        case str():
            return bounded(value)
        case None | bool() | int():
            return value
        case dict():
            return {
                bounded(str(key)): json_value(item, lake_decimals, decimals)
                for key, item in value.items()
            }
        case Money():
            return amount(value, lake_decimals, decimals)
        case Count(number):
            return number
        case Quantity(units):
            return str(Decimal(units) / QUANTITY_UNIT)
        case Percent(part, total) | Rate(part, total):
            return ratio(part, total)
        case Points(now, now_total, before, before_total):
            return ratio(now * before_total - before * now_total, now_total * before_total)
        case Day(day) | Month(day):
            return day.isoformat()
        case Weekday(number) | Hour(number):
            return number
        case list() | tuple():
            return [json_value(item, lake_decimals, decimals) for item in value]
        case date():
            return value.isoformat()
    raise TypeError(f"{value!r} cannot be written to figures.json")


def figures_json(document: Document) -> bytes:
    """The figures of a document as JSON.

    {report, month, through, lake_decimals, decimals, currencies: {MXN: {section: figures}},
    sections without a currency, lineage}
    """
    currencies: dict[str, dict[str, object]] = {currency: {} for currency in document.currencies}
    general: dict[str, object] = {}
    for section in document.sections:
        if section.figures:
            (currencies[section.currency] if section.currency else general)[section.key] = (
                json_value(section.figures, document.lake_decimals, document.decimals)
            )
    body = {
        "schema": 1,
        "report": document.report,
        "month": document.month.isoformat()[:7],
        "through": json_value(document.through, 0, {}),
        "lake_decimals": document.lake_decimals,
        "decimals": dict(document.decimals),
        "currencies": currencies,
        "general": general,
        "lineage": {str(k): _fact(v) for k, v in document.lineage.items()},
    }
    return msgspec.json.format(msgspec.json.encode(body, order="sorted"), indent=1) + b"\n"


def _fact(value: object) -> object:
    if isinstance(value, Mapping):
        return {str(key): str(item) for key, item in value.items()}
    return str(value)
