"""Margin over time.

POS margin and margin before tax of every month, with what has a cost.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from reports.columns import columns_of
from reports.figures.history import History
from reports.figures.money import Totals
from reports.page import Section, Table
from reports.sections.axis import lines_chart, month_key
from reports.sections.comparison import enough, points, ratio, share
from reports.values import Count, Money, Month, Percent, Value, divide, text

FEW = 3


def margin(history: History) -> Section:
    """Margins are of what has a cost; months without costs have none and are left out."""
    costed = [m for m in history.whole_months if history.totals[m].costed_net > 0]
    months = [m for m in costed if enough(history.totals[m].receipts)]
    if len(months) < FEW:
        return Section("margin", (text("margin.few" if costed else "menu.no_costs", n=Count(FEW)),))
    first, last = history.totals[months[0]], history.totals[months[-1]]
    sentence = text(
        "margin.lead",
        margin=ratio(*last.margin, last.receipts),
        month=Month(months[-1]),
        points=points(last.margin, first.margin, last.receipts, first.receipts),
        first=Month(months[0]),
        base=ratio(*first.margin, first.receipts),
        coverage=share(*last.cost_coverage, last.receipts, decimals=0),
    )
    known_months = set(months)

    def line(name: str) -> Callable[[date], int | None]:
        """Thousandths of a percent of a month; None where nothing has a cost."""

        def value(month: date) -> int | None:
            if month not in known_months:
                return None
            part, base = getattr(history.totals[month], name)
            return divide(100_000 * part, base) if base > 0 else None

        return value

    chart = lines_chart(
        history,
        "margin",
        text("margin.chart", margin=ratio(*last.margin, last.receipts), month=Month(months[-1])),
        text("margin.alt"),
        months[0],
        [
            (text("margin.pos"), line("margin")),
            (text("margin.before_tax"), line("margin_before_tax")),
        ],
        index="percent",
    )
    table = Table(
        "margin",
        text("margin.table"),
        columns_of("month", "gross_profit", "margin", "margin_before_tax", "cost_coverage"),
        tuple(_row(m, history.totals[m], history.currency) for m in reversed(months)),
        shown=13,
    )
    return Section(
        "margin",
        (sentence,),
        charts=(chart,),
        tables=(table,),
        figures={
            month_key(m): {
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
