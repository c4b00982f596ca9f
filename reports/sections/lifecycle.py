"""Life cycle of items: arrivals, decliners and price changes.

The top twenty of an early and of the latest span; price changes are those in the data.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import pandas as pd

from reports.columns import columns_of
from reports.figures.history import History
from reports.figures.items import by_item
from reports.figures.money import PERCENT_BASE
from reports.figures.prices import Change, price_changes
from reports.figures.tables import rows_of
from reports.page import Chart, Section, Table
from reports.sections.axis import month_key
from reports.sections.comparison import enough, growth
from reports.sections.names import names_of
from reports.values import Count, Day, Money, Month, Name, Quantity, Value, text

TOP, SPAN, FEW = 20, 3, 6


def lifecycle(history: History) -> Section:
    """Net sales of items over three early and the latest three complete months.

    The early months are of the same season, if history has them. Prices are those of plain SALE
    lines.
    """
    currency = history.currency
    if not history.lake_months:
        return Section("lifecycle", (text("lifecycle.few", n=Count(FEW)),))
    changes = price_changes(history.stacked("prices"))
    sold = history.stacked("baskets")
    sold = sold[sold["item"] == sold["partner"]]
    receipts = sold.groupby(["item", "month"])["receipts"].sum().to_dict()
    price_table = Table(
        "price-changes",
        text("lifecycle.prices"),
        columns_of("item", "variant", "day", "was", "is", "change"),
        tuple(_price(c, receipts, currency) for c in changes),
        shown=12,
    )
    figures: dict[str, object] = {
        "price_changes": [
            {
                "item": c.item,
                "variant": c.variant or None,
                "day": c.day.isoformat(),
                "was": Money(c.was, currency),
                "is": Money(c.now, currency),
            }
            for c in changes
        ]
    }
    sentences = []
    if changes:
        sentences.append(
            text(
                "lifecycle.changed",
                n=Count(len(changes)),
                item=Name(changes[0].item),
                was=Money(changes[0].was, currency),
                now=Money(changes[0].now, currency),
                day=Day(changes[0].day),
            )
        )
    else:
        sentences.append(text("lifecycle.no_changes"))
    tables = (price_table,) if changes else ()
    if len(history.whole_months) < FEW:
        return Section(
            "lifecycle",
            (text("lifecycle.few", n=Count(FEW)), *sentences),
            tables=tables,
            figures=figures,
        )
    early, late = spans_of(history.whole_months)
    same_season = [m.month for m in early] == [m.month for m in late]
    sentences.append(
        text(
            "lifecycle.seasons" if same_season else "lifecycle.other_seasons",
            first=Month(early[0], short=True),
            last=Month(early[-1], short=True),
            start=Month(late[0], short=True),
            end=Month(late[-1], short=True),
        )
    )
    then, now = (_sums(history.stacked("items", span)) for span in (early, late))
    past = [month for month in history.lake_months if month <= early[-1]]
    sold_before = set(history.stacked("items", past)["item"])
    new = [i for i in now.index if i not in sold_before and now.at[i, "net_sales"] > 0]
    gone = [i for i in then.index if i not in now.index and then.at[i, "net_sales"] > 0]
    for key, names in (("new", new), ("gone", gone)):
        if names:
            sentences.insert(
                0,
                text(
                    f"lifecycle.{key}",
                    n=Count(len(names)),
                    names=names_of(names),
                    first=Month(early[-1], short=True),
                ),
            )
    both = now.join(then, how="inner", lsuffix="", rsuffix="_before")
    both = both[(both["base_before"] >= PERCENT_BASE) & (both["net_sales_before"] > 0)]
    falls = both.assign(change=both["net_sales"] - both["net_sales_before"]).sort_values(
        "change", kind="stable"
    )
    decliners = Table(
        "decliners",
        text("lifecycle.decliners"),
        columns_of("item", "was", "is", "change"),
        tuple(
            (
                Name(item),
                Money(int(r.net_sales_before), currency),
                Money(int(r.net_sales), currency),
                growth((int(r.net_sales), 1), (int(r.net_sales_before), 1), int(r.base_before)),
            )
            for item, r in zip(falls.index, rows_of(falls), strict=True)
            if r.change < 0
        ),
        shown=8,
    )
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
    return Section(
        "lifecycle",
        tuple(sentences),
        charts=_chart(history, then, now, early, late),
        tables=(*((decliners,) if decliners.rows else ()), *tables),
        figures=figures,
    )


def spans_of(total_sum: list[date]) -> tuple[list[date], list[date]]:
    """The latest SPAN complete months, and the months to compare them with.

    The latter are the same months of the earliest year that has them, or else the first SPAN whole
    months.
    """
    late, named = total_sum[-SPAN:], set(total_sum)
    for years in range((late[0].year - total_sum[0].year), 0, -1):
        early = [month.replace(year=month.year - years) for month in late]
        if named.issuperset(early):
            return early, late
    return total_sum[:SPAN], late


def _sums(items: pd.DataFrame) -> pd.DataFrame:
    sums = by_item(items).groupby("item", sort=True)
    sums = sums[["net_sales", "units"]].sum().join(sums["base"].max())
    return sums.sort_values("net_sales", ascending=False, kind="stable")


def _price(
    change: Change, receipts: Mapping[tuple[str, date], int], currency: str
) -> tuple[Value, ...]:
    """A row of the table.

    The base of the percentage are the receipts of the item in both months.
    """
    base = min(receipts.get((change.item, m), 0) for m in (change.month, change.month_before))
    return (
        Name(change.item),
        Name(change.variant) if change.variant else None,
        Day(change.day),
        Money(change.was, currency),
        Money(change.now, currency),
        growth((change.now, 1), (change.was, 1), base),
    )


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
    if rise <= 0:
        item = top[0]
    key = (
        "lifecycle.chart"
        if rise > 0
        else "lifecycle.steady"
        if rank_then.get(item) == 1
        else "lifecycle.first"
    )
    return (
        Chart(
            "slope",
            "lifecycle",
            text(key, item=Name(item), n=Count(rise)),
            text("lifecycle.alt", n=Count(len(rows))),
            {
                "rows": rows,
                "left": Month(early[-1], short=True),
                "right": Month(late[-1], short=True),
            },
        ),
    )
