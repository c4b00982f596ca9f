"""Arrivals, decliners and price changes of the items of two spans."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import pandas as pd

from reports.columns import columns_of
from reports.document import Chart, Section, Table
from reports.figures.history import History
from reports.figures.items import by_item
from reports.figures.money import MIN_FOR_PERCENT
from reports.figures.prices import Change, price_changes
from reports.figures.tables import rows_of
from reports.sections.axis import both_spans, month_key
from reports.sections.comparison import enough, growth
from reports.sections.names import names_of
from reports.values import Count, Day, Money, Month, Name, Quantity, amounts, text

TOP, SPAN, MIN_MONTHS = 20, 3, 6


def lifecycle(history: History) -> Section:
    """Net sales of items over three early and the latest three complete months.

    The early months are of the same season, if history has them. Prices are those of plain SALE
    lines.
    """
    currency = history.currency
    if not history.lake_months:
        return Section("lifecycle", (text("lifecycle.few", n=Count(MIN_MONTHS)),))
    changes = price_changes(history.stacked("prices"))
    sold = history.stacked("baskets")
    sold = sold[sold["item"] == sold["partner"]]
    receipts = sold.groupby(["item", "month"])["receipts"].sum().to_dict()
    columns = columns_of("item", "variant", "day", "was", "is", "change")
    prices, title = [_price(c, receipts) for c in changes], text("lifecycle.prices")
    price_table = Table.from_rows("price-changes", title, columns, prices, currency, shown=12)
    figures: dict[str, object] = {
        "price_changes": [
            {
                "item": c.item,
                "variant": c.variant or None,
                "day": c.day.isoformat(),
                **amounts(currency, **{"was": c.was, "is": c.now}),
            }
            for c in changes
        ]
    }
    sentences = [text("lifecycle.no_changes")]
    if changes:
        last, n = changes[0], Count(len(changes))
        values = amounts(currency, was=last.was, now=last.now)
        item, day = Name(last.item), Day(last.day)
        sentences = [text("lifecycle.changed", n=n, item=item, day=day, **values)]
    if len(history.complete_months) < MIN_MONTHS:
        few = text("lifecycle.few", n=Count(MIN_MONTHS))
        return Section("lifecycle", (few, *sentences), tables=(price_table,), figures=figures)
    early, late = spans_of(history.complete_months)
    same_season = [m.month for m in early] == [m.month for m in late]
    key = "lifecycle.seasons" if same_season else "lifecycle.other_seasons"
    sentences.append(text(key, **both_spans(early, late)))
    then, now = (_sums(history.stacked("items", span)) for span in (early, late))
    past = [month for month in history.lake_months if month <= early[-1]]
    sold_before = set(history.stacked("items", past)["item"])
    new = [i for i in now.index if i not in sold_before and now.at[i, "net_sales"] > 0]
    gone = [i for i in then.index if i not in now.index and then.at[i, "net_sales"] > 0]
    first = Month(early[-1], short=True)
    for key, names in (("new", new), ("gone", gone)):
        if names:
            n = Count(len(names))
            sentences.insert(0, text(f"lifecycle.{key}", n=n, names=names_of(names), first=first))
    both = now.join(then, how="inner", lsuffix="", rsuffix="_before")
    both = both[(both["base_before"] >= MIN_FOR_PERCENT) & (both["net_sales_before"] > 0)]
    falls = both.assign(change=both["net_sales"] - both["net_sales_before"])
    falls = falls[falls["change"] < 0].sort_values("change", kind="stable")
    fallen = []
    for item, r in zip(falls.index, rows_of(falls), strict=True):
        was, net = int(r.net_sales_before), int(r.net_sales)
        fallen.append((item, was, net, growth((net, 1), (was, 1), int(r.base_before))))
    columns, title = columns_of("item", "was", "is", "change"), text("lifecycle.decliners")
    decliners = Table.from_rows("decliners", title, columns, fallen, currency, shown=8)
    figures["items"] = {
        name: [
            {
                "item": i,
                "net_sales": Money(int(r.net_sales), currency),
                "units": Quantity(int(r.units)),
            }
            for i, r in zip(f.index, rows_of(f), strict=True)
        ]
        for name, f in (("first", then), ("latest", now))
    }
    figures["spans"] = {
        name: {"start": month_key(span[0]), "end": month_key(span[-1])}
        for name, span in (("first", early), ("latest", late))
    }
    charts, tables = _chart(history, then, now, early, late), (decliners, price_table)
    return Section("lifecycle", sentences, charts=charts, tables=tables, figures=figures)


def spans_of(months: list[date]) -> tuple[list[date], list[date]]:
    """The latest SPAN complete months, and the months to compare them with.

    The latter are the same months of the earliest year that has them, or else the first SPAN whole
    months.
    """
    late, named = months[-SPAN:], set(months)
    for years in range((late[0].year - months[0].year), 0, -1):
        early = [month.replace(year=month.year - years) for month in late]
        if named.issuperset(early):
            return early, late
    return months[:SPAN], late


def _sums(items: pd.DataFrame) -> pd.DataFrame:
    sums = by_item(items).groupby("item", sort=True)
    sums = sums[["net_sales", "units"]].sum().join(sums["base"].max())
    return sums.sort_values("net_sales", ascending=False, kind="stable")


def _price(change: Change, receipts: Mapping[tuple[str, date], int]) -> tuple[object, ...]:
    """A row of the table; the base is the receipts of the item in both months."""
    item, variant, day, was, now, *months = change
    base = min(receipts.get((item, month), 0) for month in months)
    return item, variant or None, day, was, now, growth((now, 1), (was, 1), base)


def _chart(
    history: History, then: pd.DataFrame, now: pd.DataFrame, early: list[date], late: list[date]
) -> tuple[Chart, ...]:
    """Ranks of the latest TOP items, then and now."""
    top = list(now.index[now["net_sales"] > 0][:TOP])
    if len(top) < 3 or not enough(*(history.sum_of(span).receipts for span in (early, late))):
        return ()
    rank_then, rank_now = (
        {item: i + 1 for i, item in enumerate(frame.index[frame["net_sales"] > 0])}
        for frame in (then, now)
    )
    rows = [(Name(item), rank_then.get(item), rank_now[item]) for item in top]
    climbers = [(rank_then[i] - rank_now[i], -rank_now[i], i) for i in top if i in rank_then]
    rise, _, item = max(climbers, default=(0, 0, top[0]))
    key = "lifecycle.chart"
    if rise <= 0:
        item = top[0]
        key = "lifecycle.steady" if rank_then.get(item) == 1 else "lifecycle.first"
    data = {
        "rows": rows,
        "left": Month(early[-1], short=True),
        "right": Month(late[-1], short=True),
    }
    title = text(key, item=Name(item), n=Count(rise))
    alt = text("lifecycle.alt", n=Count(len(rows)))
    return (Chart("slope", "lifecycle", title, alt, data),)
