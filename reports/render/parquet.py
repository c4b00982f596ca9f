"""Tables shown as Parquet, beside their CSV: the same rows and headings, with types.

Out: money DECIMAL with the lake's places, quantities DECIMAL with 4, ratios DECIMAL with 6 (a share
of 6.2 % is 0.062000), counts integers, days dates, text as it is: nothing here is ever run, so
nothing is led by an apostrophe. A column whose cells are of several kinds (the figures of "what
changed") is DECIMAL wide enough for all. The same table gives the same bytes.
"""

from __future__ import annotations

import sys
from datetime import date
from decimal import Decimal

import pyarrow as pa

from reports.page import Column, Table
from reports.render.machine import RATIO, amount, ratio
from reports.values import (
    QUANTITY_UNIT,
    Count,
    Day,
    Hour,
    Money,
    Month,
    Name,
    Percent,
    Points,
    Quantity,
    Rate,
    Value,
    Weekday,
)
from reports.words import Words, bounded, visible

NUMBER = {int, Decimal}
FITS = {
    "money": NUMBER,
    "count": {int},
    "quantity": NUMBER,
    "percent": NUMBER,
    "number": NUMBER,
    "date": {date},
    "text": {str},
}
TYPES = {
    "count": pa.int64(),
    "quantity": pa.decimal128(18, 4),
    "percent": pa.decimal128(18, 6),
    "number": pa.decimal128(24, 6),
    "date": pa.date32(),
}


def table_parquet(table: Table, words: Words, lake_decimals: int) -> bytes:
    """All rows of `table`; a heading that stands twice is numbered."""
    import pyarrow.parquet as pq

    names: list[str] = []
    for column in table.columns:
        heading = visible(words.say(column.heading), sys.maxsize)
        names.append(heading if heading not in names else f"{heading} ({len(names) + 1})")
    arrays = [
        _array(column, [row[position] for row in table.rows], words, lake_decimals)
        for position, column in enumerate(table.columns)
    ]
    sink = pa.BufferOutputStream()
    pq.write_table(
        pa.table(dict(zip(names, arrays, strict=True))),
        sink,
        compression="zstd",
        store_decimal_as_integer=True,
    )
    return sink.getvalue().to_pybytes()


def _array(column: Column, values: list[Value], words: Words, lake_decimals: int) -> pa.Array:
    """The type that the column declares, where all of its cells are of it.

    Else decimal, or text.
    """
    cells = [_cell(value, words, lake_decimals) for value in values]
    kinds = {type(cell) for cell in cells if cell is not None}
    declared = (
        pa.decimal128(24, lake_decimals)
        if column.kind == "money"
        else TYPES.get(column.kind, pa.string())
    )
    if kinds <= FITS[column.kind] and not (
        column.kind == "money"
        and any(isinstance(v, (Quantity, Percent, Rate, Points)) for v in values)
    ):
        return pa.array(cells, declared)
    if kinds <= NUMBER:
        return pa.array(cells, pa.decimal128(30, max(lake_decimals, 6)))
    if kinds == {date}:
        return pa.array(cells, pa.date32())
    return pa.array([None if cell is None else str(cell) for cell in cells], pa.string())


def _cell(value: Value, words: Words, lake_decimals: int) -> object:
    match value:
        case None:
            return None
        case Money():
            return Decimal(amount(value, lake_decimals, words.decimals))
        case Count(number) | Weekday(number) | Hour(number):
            return number
        case Quantity(units):
            return Decimal(units) / QUANTITY_UNIT
        case Percent(part, whole) | Rate(part, whole):
            heading = ratio(part, whole)
            return None if heading is None else Decimal(heading)
        case Points(now, now_whole, before, before_whole):
            heading = ratio(now * before_whole - before * now_whole, now_whole * before_whole)
            return None if heading is None else Decimal(heading).quantize(RATIO)
        case Day(day) | Month(day):
            return day
        case Name(name):
            return bounded(visible(name, sys.maxsize))
    return visible(words.say(value), sys.maxsize)
