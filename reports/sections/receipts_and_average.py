"""Receipts and average receipt over time, from 100: more receipts, or larger ones."""

from __future__ import annotations

from reports.document import Section
from reports.figures.history import History
from reports.sections.axis import lines_chart, month_key, ranked_months
from reports.sections.comparison import growth
from reports.values import Count, Money, Month, Rate, divide, text

MIN_MONTHS = 3


def receipts_and_average(history: History) -> Section:
    """Both measures of every complete month against the first complete month."""
    months = ranked_months(history, "net_sales")
    if len(months) < MIN_MONTHS:
        return Section(
            "receipts_and_average", (text("receipts_and_average.few", n=Count(MIN_MONTHS)),)
        )
    first, last = history.totals[months[0]], history.totals[months[-1]]
    receipts = growth((last.receipts, 1), (first.receipts, 1), first.receipts)
    average = growth(last.average_receipt, first.average_receipt, first.receipts)
    sentence = text(
        "receipts_and_average.lead",
        first=Month(months[0]),
        last=Month(months[-1]),
        receipts=receipts,
        average=average,
        n=Count(first.receipts),
        base=Money(divide(*first.average_receipt), history.currency),
    )
    totals = {m: history.totals[m] for m in months}
    index_receipts = {m: (100 * total.receipts, first.receipts) for m, total in totals.items()}
    index_average = {
        m: (100 * total.net_sales * first.receipts, total.receipts * first.net_sales)
        for m, total in totals.items()
    }
    chart = lines_chart(
        history,
        "receipts_and_average",
        text(
            "receipts_and_average.chart",
            receipts=receipts,
            average=average,
            first=Month(months[0], short=True),
        ),
        text("receipts_and_average.alt", first=Month(months[0])),
        months[0],
        [
            (text("receipts_and_average.receipts"), lambda m: _thousandths(index_receipts.get(m))),
            (text("receipts_and_average.average"), lambda m: _thousandths(index_average.get(m))),
        ],
        unit="index",
    )
    figures_out = {
        "receipts": {month_key(m): Rate(*p) for m, p in index_receipts.items()},
        "average_receipt": {month_key(m): Rate(*p) for m, p in index_average.items()},
    }
    return Section("receipts_and_average", (sentence,), charts=(chart,), figures=figures_out)


def _thousandths(pair: tuple[int, int] | None) -> int | None:
    return None if pair is None else divide(1000 * pair[0], pair[1])
