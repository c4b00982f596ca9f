"""Labour and prime cost, from inputs/labour.csv."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pandas as pd

from reports.columns import columns_of
from reports.figures import Figures
from reports.page import Section, Table
from reports.plans import WorkedShift
from reports.sections.comparison import ratio
from reports.values import QUANTITY_UNIT, Money, Quantity, Text, Weekday, amounts, divide, text


def labour(figures: Figures) -> Section:
    """Labour and prime cost in percent of net sales; sales per labour hour by weekday.

    Days and stores without labour are left out of both sides.
    """
    shifts = shifts_of(figures)
    days = figures.now["days"]
    worked = {(shift.day, shift.store) for shift in shifts}
    covered = days[
        [
            bool({(day, store), (day, figures.stores[store]), (day, "")} & worked)
            for day, store in zip(days["business_day"], days["store_id"], strict=True)
        ]
    ]
    if not shifts or covered.empty:
        return Section("labour", (text("labour.none"),))
    currency, receipts = figures.currency, int(covered["receipts"].sum())
    net = int(covered["net_sales"].sum())
    wages, hours = _wages(figures, shifts), _hours(shifts)
    share = ratio(wages, net, receipts)
    sentences = [
        text("labour.lead", share=share, **amounts(currency, wages=wages, net=net)),
        *_prime(figures, covered, wages),
    ]
    if hours:
        per_hour = Money(divide(net * QUANTITY_UNIT, hours), currency)
        sentences.append(text("labour.per_hour", net=per_hour, hours=Quantity(hours)))
    rows = []
    for weekday in range(7):
        part = [shift for shift in shifts if shift.day.weekday() == weekday]
        sold = covered[covered["business_day"].map(date.weekday) == weekday]
        if part:
            rows.append(_row(figures, weekday, part, sold))
    columns = columns_of("weekday", "hours", "wages", "net_sales", "net_per_hour", "labour_share")
    table = Table.from_rows("labour", text("labour.table"), columns, rows, currency)
    stated = {
        "wages": Money(wages, currency),
        "hours": Quantity(hours),
        "net_sales": Money(net, currency),
    }
    return Section("labour", tuple(sentences), tables=(table,), figures=stated)


def shifts_of(figures: Figures) -> list[WorkedShift]:
    """The labour of the month's days in the stores of the currency; "" is all stores."""
    stores = {*figures.stores, *figures.stores.values(), ""}
    days = set(figures.calendar)
    return [s for s in figures.plans.labour if s.day in days and s.store in stores]


def _wages(figures: Figures, shifts: list[WorkedShift]) -> int:
    total = sum((shift.wages for shift in shifts), Decimal(0))
    return int((total * 10**figures.lake_decimals).to_integral_value())


def _hours(shifts: list[WorkedShift]) -> int:
    return int((sum((s.hours for s in shifts), Decimal(0)) * QUANTITY_UNIT).to_integral_value())


def _prime(figures: Figures, covered: pd.DataFrame, wages: int) -> list[Text]:
    """Prime cost: cost of goods + wages, of what has a cost."""
    cost, costed = int(covered["cost"].sum()), int(covered["costed_net"].sum())
    net, receipts = int(covered["net_sales"].sum()), int(covered["receipts"].sum())
    share = ratio(cost * net + wages * costed, costed * net, receipts) if costed > 0 < net else None
    if share is None:
        return []
    goods = divide(cost * net, costed)
    return [text("labour.prime", share=share, prime=Money(goods + wages, figures.currency))]


def _row(
    figures: Figures, weekday: int, part: list[WorkedShift], sold: pd.DataFrame
) -> tuple[object, ...]:
    net, receipts = int(sold["net_sales"].sum()), int(sold["receipts"].sum())
    wages, hours = _wages(figures, part), _hours(part)
    per_hour = divide(net * QUANTITY_UNIT, hours) if hours else None
    return Weekday(weekday), hours, wages, net, per_hour, ratio(wages, net, receipts)
