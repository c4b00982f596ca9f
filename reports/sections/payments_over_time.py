"""Payment types early and late, discounts and refunds as shares of gross."""

from __future__ import annotations

from datetime import date

from reports.document import Section, Table, TableColumn
from reports.figures.history import History
from reports.figures.tables import sum_by
from reports.sections.axis import (
    lines_chart,
    month_key,
    ranked_months,
    share_line,
    span_column,
)
from reports.sections.comparison import points, share
from reports.values import Count, Month, Percent, Points, text

MIN_MONTHS, SPAN = 3, 6


def payments_over_time(history: History) -> Section:
    """Shares by month.

    Tenders of the first and the latest half-year (fewer months where there are fewer).
    """
    months = ranked_months(history, "gross_sales")
    if len(months) < MIN_MONTHS:
        return Section("payments_over_time", (text("payments_over_time.few", n=Count(MIN_MONTHS)),))
    first, last = history.totals[months[0]], history.totals[months[-1]]
    sentences = [
        text(
            "payments_over_time.discounts",
            share=Percent(*last.discount_share),
            month=Month(months[-1]),
            points=Points(*last.discount_share, *first.discount_share),
            first=Month(months[0], short=True),
        ),
        text(
            "payments_over_time.refunds",
            share=Percent(*last.refund_share),
            points=Points(*last.refund_share, *first.refund_share),
            first=Month(months[0], short=True),
        ),
    ]
    totals = {m: history.totals[m] for m in months}
    chart = lines_chart(
        history,
        "payments_over_time",
        text(
            "payments_over_time.chart",
            discounts=Percent(*last.discount_share),
            refunds=Percent(*last.refund_share),
        ),
        text("payments_over_time.alt"),
        months[0],
        [
            (text("column.discounts"), share_line(totals, "discount_share")),
            (text("tile.refunds"), share_line(totals, "refund_share")),
        ],
        unit="percent",
    )
    count = min(SPAN, len(months) // 2)
    early, late = months[:count], months[-count:]
    tenders = _tenders(history, early, late)
    columns = (
        TableColumn("tender"),
        span_column(early),
        span_column(late),
        TableColumn("points", "percent"),
    )
    title = text("payments_over_time.table")
    table = Table.from_rows("tender-shares", title, columns, tenders, history.currency)
    figures_out = {
        **{
            month_key(m): {
                "discount_share": Percent(*total.discount_share),
                "refund_share": Percent(*total.refund_share),
            }
            for m, total in totals.items()
        },
        "tenders": [
            {"tender": tender, "first_months": first_share, "latest_months": latest_share}
            for tender, first_share, latest_share, _ in tenders
        ],
    }
    return Section(
        "payments_over_time", sentences, charts=(chart,), tables=(table,), figures=figures_out
    )


Row = tuple[str, Percent | None, Percent | None, Points | None]


def _tenders(history: History, early: list[date], late: list[date]) -> list[Row]:
    """Payment types, the largest first: shares early and late, and the difference."""
    then, now = (_amounts(history, span) for span in (early, late))
    receipts_then, receipts_now = (history.sum_of(span).receipts for span in (early, late))
    total_then, total_now = sum(then.values()), sum(now.values())
    rows = []
    for tender in sorted({*then, *now}, key=lambda t: (-now.get(t, 0), t)):
        was, part = (then.get(tender, 0), total_then), (now.get(tender, 0), total_now)
        change = points(part, was, receipts_now, receipts_then)
        rows.append((tender, share(*was, receipts_then), share(*part, receipts_now), change))
    return rows


def _amounts(history: History, months: list[date]) -> dict[str, int]:
    """Sales less refunds of `months` by payment type."""
    columns = ["sales_amount", "refunds_amount"]
    sums = sum_by(history.stacked("tenders", months), ["tender"], columns)
    sales, refunds = (sums[name] for name in columns)
    return dict(zip(sums["tender"], (sales - refunds).tolist(), strict=True))
