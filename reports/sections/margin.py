"""Cumulative 8. Is the margin holding? POS margin and margin before tax of every month, with what
has a cost.
"""

from __future__ import annotations

from datetime import date

from reports.figures.history import History
from reports.figures.money import Totals
from reports.page import Chart, Column, Section, Table
from reports.sections.axis import months_axis
from reports.sections.comparison import enough, points, ratio, share
from reports.values import Count, Money, Month, Percent, Value, divide, text

FEW = 3


def margin(history: History) -> Section:
    """Margins are of what has a cost; months without costs have none and are left out."""
    costed = [m for m in history.whole if history.totals[m].costed_net > 0]
    months = [m for m in costed if enough(history.totals[m].receipts)]
    if len(months) < FEW:
        return Section("margin", (text("margin.few" if costed else "menu.no_costs", n=Count(FEW)),))
    first, last = history.totals[months[0]], history.totals[months[-1]]
    said = text(
        "margin.lead",
        margin=ratio(*last.margin, last.receipts),
        month=Month(months[-1]),
        points=points(last.margin, first.margin, last.receipts, first.receipts),
        first=Month(months[0]),
        base=ratio(*first.margin, first.receipts),
        coverage=share(*last.cost_coverage, last.receipts, decimals=0),
    )
    span, axis = months_axis(history, months[0])
    known = set(months)

    def line(name: str) -> list[int | None]:
        return [
            (
                divide(
                    1000 * 100 * getattr(history.totals[m], name)[0],
                    getattr(history.totals[m], name)[1],
                )
                if m in known and getattr(history.totals[m], name)[1] > 0
                else None
            )
            for m in span
        ]

    chart = Chart(
        "lines",
        "margin",
        text("margin.chart", margin=ratio(*last.margin, last.receipts), month=Month(months[-1])),
        text("margin.alt"),
        {
            **axis,
            "index": "percent",
            "lines": [
                (text("margin.pos"), line("margin")),
                (text("margin.before_tax"), line("margin_before_tax")),
            ],
            "currency": history.currency,
        },
    )
    table = Table(
        "margin",
        text("margin.table"),
        (
            Column("month", "date"),
            Column("gross_profit", "money"),
            Column("margin", "percent"),
            Column("margin_before_tax", "percent"),
            Column("cost_coverage", "percent"),
        ),
        tuple(_row(m, history.totals[m], history.currency) for m in reversed(months)),
        shown=13,
    )
    return Section(
        "margin",
        (said,),
        charts=(chart,),
        tables=(table,),
        figures={
            m.isoformat()[:7]: {
                "gross_profit": Money(history.totals[m].gross_profit, history.currency),
                "margin": Percent(*history.totals[m].margin),
                "margin_before_tax": Percent(*history.totals[m].margin_before_tax),
                "cost_coverage": Percent(*history.totals[m].cost_coverage),
            }
            for m in months
        },
    )


def _row(month: date, total: Totals, currency: str) -> tuple[Value, ...]:
    return (
        Month(month, short=True),
        Money(total.gross_profit, currency),
        ratio(*total.margin, total.receipts),
        ratio(*total.margin_before_tax, total.receipts),
        share(*total.cost_coverage, total.receipts),
    )
