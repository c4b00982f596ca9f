"""POS margin and margin before tax of every month, of what has a cost."""

from __future__ import annotations

from datetime import date

from reports.columns import columns_of
from reports.document import Section, Table
from reports.figures.history import History
from reports.figures.money import Totals
from reports.sections.axis import lines_chart, month_key, ranked_months, share_line
from reports.sections.bridge import as_figures
from reports.sections.comparison import points, ratio, share
from reports.values import Count, Month, text

MIN_MONTHS = 3


def margin(history: History) -> Section:
    """Margins are of what has a cost; months without costs have none and are left out."""
    months = ranked_months(history, "costed_net")
    if len(months) < MIN_MONTHS:
        has_costs = any(total.cost or total.costed_net for total in history.totals.values())
        key = "margin.few" if has_costs else "menu.no_costs"
        return Section("margin", (text(key, n=Count(MIN_MONTHS)),))
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
    totals = {month: history.totals[month] for month in months}
    chart = lines_chart(
        history,
        "margin",
        text("margin.chart", margin=ratio(*last.margin, last.receipts), month=Month(months[-1])),
        text("margin.alt"),
        months[0],
        [
            (text("margin.pos"), share_line(totals, "margin")),
            (text("margin.before_tax"), share_line(totals, "margin_before_tax")),
        ],
        unit="percent",
    )
    columns = columns_of("month", "gross_profit", "margin", "margin_before_tax", "cost_coverage")
    rows, title = [_row(m, history.totals[m]) for m in reversed(months)], text("margin.table")
    table = Table.from_rows("margin", title, columns, rows, history.currency, shown=13)
    figures_out = {
        month_key(m): {
            name: all_figures[name]
            for name in ("gross_profit", "margin", "margin_before_tax", "cost_coverage")
        }
        for m in months
        for all_figures in [as_figures(history.totals[m], history.currency)]
    }
    return Section("margin", (sentence,), charts=(chart,), tables=(table,), figures=figures_out)


def _row(month: date, total: Totals) -> tuple[object, ...]:
    return (
        Month(month, short=True),
        total.gross_profit,
        ratio(*total.margin, total.receipts),
        ratio(*total.margin_before_tax, total.receipts),
        share(*total.cost_coverage, total.receipts),
    )
