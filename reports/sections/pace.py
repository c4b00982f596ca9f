"""More guests, or more from each: receipts and their average, from 100."""

from __future__ import annotations

from reports.figures.history import History
from reports.page import Section
from reports.sections.axis import lines_chart, month_key
from reports.sections.comparison import enough, growth
from reports.values import Count, Money, Month, Rate, divide, text

FEW = 3


def pace(history: History) -> Section:
    """Both measures of every complete month against the first complete month."""
    months = [
        m
        for m in history.whole_months
        if enough(history.totals[m].receipts) and history.totals[m].net_sales > 0
    ]
    if len(months) < FEW:
        return Section("pace", (text("pace.few", n=Count(FEW)),))
    first, last = history.totals[months[0]], history.totals[months[-1]]
    receipts = growth((last.receipts, 1), (first.receipts, 1), first.receipts)
    average = growth(last.average_receipt, first.average_receipt, first.receipts)
    sentence = text(
        "pace.lead",
        first=Month(months[0]),
        last=Month(months[-1]),
        receipts=receipts,
        average=average,
        n=Count(first.receipts),
        base=Money(divide(*first.average_receipt), history.currency),
    )
    index_receipts = {m: (100 * history.totals[m].receipts, first.receipts) for m in months}
    index_average = {
        m: (
            100 * history.totals[m].net_sales * first.receipts,
            history.totals[m].receipts * first.net_sales,
        )
        for m in months
    }
    chart = lines_chart(
        history,
        "pace",
        text("pace.chart", receipts=receipts, average=average),
        text("pace.alt", first=Month(months[0])),
        months[0],
        [
            (text("pace.receipts"), lambda m: _thousandths(index_receipts.get(m))),
            (text("pace.average"), lambda m: _thousandths(index_average.get(m))),
        ],
        index=True,
    )
    stated = {
        "receipts": {month_key(m): Rate(*p) for m, p in index_receipts.items()},
        "average_receipt": {month_key(m): Rate(*p) for m, p in index_average.items()},
    }
    return Section("pace", (sentence,), charts=(chart,), figures=stated)


def _thousandths(pair: tuple[int, int] | None) -> int | None:
    return None if pair is None else divide(1000 * pair[0], pair[1])
