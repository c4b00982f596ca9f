"""Charts of what sells: the best sellers, and the categories."""

from __future__ import annotations

import pandas as pd

from reports.document import Chart
from reports.figures import Figures
from reports.figures.items import by_category
from reports.figures.tables import rows_of
from reports.sections.comparison import Bar, ranking, share
from reports.values import Count, Money, Name, Value, amounts, text

TOP = 10


def category_name(category: str) -> Value:
    """The name of a category; "" is that of items without one."""
    return Name(category) if category else text("items.no_category")


def item_charts(figures: Figures, ranked: pd.DataFrame, past: dict[str, int]) -> tuple[Chart, ...]:
    """Bars of items and categories; `past` are net sales of the month before, by item."""
    currency, top = figures.currency, ranked.head(TOP)
    if len(ranked) < 2:
        return ()
    net_sales, receipts = int(ranked["net_sales"].sum()), figures.total.receipts
    part = share(int(top["net_sales"].sum()), net_sales, receipts, decimals=0)
    rows = [
        Bar(
            Name(r.item),
            Money(int(r.net_sales), currency, compact=True),
            int(r.net_sales),
            int(r.combo_net) if r.net_sales > 0 else 0,
            int(past[r.item]) if past else None,
        )
        for r in rows_of(top)
    ]
    key = "items.chart" if part else "items.chart_plain"
    best, values = top.iloc[0], amounts(currency, net=top.iloc[0]["net_sales"])
    alt = text("items.alt", n=Count(len(top)), item=Name(best["item"]), **values)
    first = ranking(
        figures.month,
        "items",
        text(key, n=Count(len(top)), share=part),
        alt,
        rows,
        label=text("items.as_plain"),
        part=text("items.as_combo") if any(row.part for row in rows) else None,
    )
    groups = by_category(figures.now["items"])
    if len(groups) < 2:
        return (first,)
    earlier = {}
    if figures.before_if_closed:
        past_groups = by_category(figures.before_if_closed["items"])
        earlier = dict(rows_of(past_groups[["category", "net_sales"]]))
    lead = groups.iloc[0]
    part = share(int(lead["net_sales"]), int(groups["net_sales"].sum()), receipts, decimals=0)
    bars = [
        Bar(
            category_name(r.category),
            Money(int(r.net_sales), currency, compact=True),
            int(r.net_sales),
            before=int(earlier.get(r.category, 0)) if earlier else None,
        )
        for r in rows_of(groups.head(TOP))
    ]
    key = "items.category_chart" if part else "items.category_chart_plain"
    title = text(key, category=category_name(lead["category"]), share=part)
    alt = text("items.category_alt", n=Count(len(bars)))
    return first, ranking(figures.month, "categories", title, alt, bars)
