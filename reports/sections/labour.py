"""Labour and prime cost, from inputs/labour.csv."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from reports.columns import columns_of
from reports.document import Section, Table
from reports.figures import Figures
from reports.figures.money import Totals, by_day, sums_by, total
from reports.plans import WorkedShift
from reports.sections.comparison import ratio
from reports.values import (
    QUANTITY_UNIT,
    Money,
    Quantity,
    Text,
    Weekday,
    amounts,
    divide,
    mean,
    text,
)


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
    currency, sums = figures.currency, total(covered)
    net, wages, hours = sums.net_sales, _wages(figures, shifts), _hours(shifts)
    share = ratio(wages, net, sums.receipts)
    sentences = [
        text("labour.lead", share=share, **amounts(currency, wages=wages, net=net)),
        *_prime(sums, wages, currency),
    ]
    if hours:
        per_hour = Money(divide(net * QUANTITY_UNIT, hours), currency)
        sentences.append(text("labour.per_hour", net=per_hour, hours=Quantity(hours)))
    rows, sold = [], sums_by(by_day(covered), date.weekday)
    for weekday in sorted({shift.day.weekday() for shift in shifts}):
        part = [shift for shift in shifts if shift.day.weekday() == weekday]
        paid, worked_hours = _wages(figures, part), _hours(part)
        net, receipts, _ = sold.get(weekday, (0, 0, 0))
        net_per_hour = mean(net * QUANTITY_UNIT, worked_hours)
        share = ratio(paid, net, receipts)
        rows.append((Weekday(weekday), worked_hours, paid, net, net_per_hour, share))
    columns = columns_of("weekday", "hours", "wages", "net_sales", "net_per_hour", "labour_share")
    table = Table.from_rows("labour", text("labour.table"), columns, rows, currency)
    figures_out = {
        "wages": Money(wages, currency),
        "hours": Quantity(hours),
        "net_sales": Money(sums.net_sales, currency),
    }
    return Section("labour", tuple(sentences), tables=(table,), figures=figures_out)


def shifts_of(figures: Figures) -> list[WorkedShift]:
    """The labour of the month's days in the stores of the currency; "" is all stores."""
    names = {**figures.listed_stores, **figures.stores}  # wages of a store without sales count too
    stores = {*names, *names.values(), ""}
    days = set(figures.calendar)
    return [s for s in figures.plans.labour if s.day in days and s.store in stores]


def _wages(figures: Figures, shifts: list[WorkedShift]) -> int:
    total = sum((shift.wages for shift in shifts), Decimal(0))
    return int((total * 10**figures.lake_decimals).to_integral_value())


def _hours(shifts: list[WorkedShift]) -> int:
    return int((sum((s.hours for s in shifts), Decimal(0)) * QUANTITY_UNIT).to_integral_value())


def _prime(sums: Totals, wages: int, currency: str) -> list[Text]:
    """Prime cost: cost of goods + wages, of what has a cost."""
    cost, costed, net = sums.cost, sums.costed_net, sums.net_sales
    if costed <= 0 or net <= 0:
        return []
    share = ratio(cost * net + wages * costed, costed * net, sums.receipts)
    prime = Money(divide(cost * net, costed) + wages, currency)
    return [text("labour.prime", share=share, prime=prime)] if share else []
