"""Items by net sales and by units, what rose and fell, categories, ABC."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from reports.columns import columns_of, figure_rows
from reports.document import Finding, Section, Table, TableColumn
from reports.figures import Figures
from reports.figures.calendar import SameWeekdaysPart
from reports.figures.items import by_category, by_item, compare
from reports.figures.money import MIN_FOR_PERCENT
from reports.figures.tables import rows_of, sort_rows
from reports.sections.comparison import before_name, enough, growth, share, too_few
from reports.sections.item_charts import TOP, category_name, item_charts
from reports.sections.names import names_of
from reports.values import Count, Money, Name, Percent, Quantity, Text, Value, amounts, text

MOVED, WEIGHT = 10, 200
"""Limits of a finding: net sales of an item fell by more than 1/MOVED, and by more than 1/WEIGHT
of those of the month.
"""


def items(figures: Figures) -> Section:
    """Rankings and their moves.

    Components of combos are credited to the dishes with their share of the money.
    """
    ranked = figures.ranked
    is_listed = (ranked[["units", "refunded_units", "net_sales"]] != 0).any(axis=1)
    ranked = ranked[is_listed].reset_index(drop=True)
    if ranked.empty:
        return Section("items", (text("items.empty"),))
    currency, net_sales = figures.currency, int(ranked["net_sales"].sum())
    moves = None
    if figures.before_if_closed and figures.items_on_same_weekdays is not None:
        before = by_item(figures.before_if_closed["items"])
        moves = compare(ranked, before, figures.items_on_same_weekdays)
    past = {} if moves is None else dict(rows_of(moves[["item", "net_sales_before"]]))
    receipts = figures.total.receipts
    best, a_items = ranked.iloc[0], ranked[ranked["abc"] == "A"]
    is_ranked = enough(receipts) and int(best["net_sales"]) > 0
    sentences = [text("items.no_best") if enough(receipts) else too_few()]
    if is_ranked:
        sentences = [
            text(
                "items.best",
                item=Name(best["item"]),
                net=Money(int(best["net_sales"]), currency),
                share=share(int(best["net_sales"]), net_sales, receipts),
                units=Quantity(int(best["units"])),
            )
        ]
    a_share = share(int(a_items["net_sales"].sum()), net_sales, receipts, decimals=0)
    if len(ranked) >= TOP and a_share is not None:
        n, total = Count(len(a_items)), Count(len(ranked))
        sentences.append(text("items.abc", n=n, total=total, share=a_share))
    sentences += _movers(figures, moves) if moves is not None else []
    if figures.through:
        sentences.append(text("items.open"))
    combo = int(ranked["combo_net"].sum())
    if combo:
        part = share(combo, net_sales, receipts)
        sentences.append(text("items.combo", net=Money(combo, currency), share=part))
    figures_out = {
        "items": as_figures(ranked, currency),
        "categories": figure_rows(
            by_category(figures.now["items"]), currency, "category net_sales units gross_sales"
        ),
        "same_weekdays": {
            name: same_weekdays_figures(parts, name, currency)
            for name, parts in (
                ("item", figures.items_on_same_weekdays),
                ("category", figures.categories_on_same_weekdays),
            )
            if parts is not None
        },
        "stores": {
            store: as_figures(by_item(part), currency)
            for store, part in figures.now["items"].groupby("store_id", sort=True)
        },
    }
    return Section(
        "items",
        sentences,
        charts=item_charts(figures, ranked, past),
        tables=tuple(_tables(figures, ranked, moves)),
        findings=_findings(figures, moves, net_sales) if moves is not None else (),
        figures=figures_out,
    )


def same_weekdays_figures(
    parts: Mapping[str, SameWeekdaysPart], name: str, currency: str
) -> list[dict[str, Value | str | None]]:
    """Each part of the change of net sales on the same weekdays, as figures."""
    return [
        {name: key or None, **amounts(currency, base=part.base, now=part.now, change=part.change)}
        for key, part in sorted(parts.items())
    ]


def as_figures(ranked: pd.DataFrame, currency: str) -> list[dict[str, object]]:
    """Every item with its exact amounts, as figures."""
    return figure_rows(
        ranked,
        currency,
        "item category abc rank units refunded_units combo_units gross_sales discounts refunds"
        " net_sales tax_included cost costed_net combo_net",
    )


def _movers(figures: Figures, moves: pd.DataFrame) -> list[Text]:
    sentences = []
    named = moves[
        (moves["same_weekdays_receipts"] >= MIN_FOR_PERCENT)
        & (moves["same_weekdays_base"] > 0)
        & (moves["same_weekdays_now"] > 0)
    ]
    rose = named[named["same_weekdays_change"] > 0].head(1)
    fell = named[named["same_weekdays_change"] < 0].tail(1)
    for key, chosen in (("rose", rose), ("fell", fell)):
        sentences += [text(f"items.{key}", **_move(figures, row)) for row in rows_of(chosen)]
    was_sold = (moves["net_sales_before"] != 0) | (moves["units_before"] != 0)
    for key, mask in (
        ("new", ~was_sold & (moves["units"] > 0)),
        ("gone", (moves["units"] == 0) & (moves["units_before"] > 0)),
    ):
        order = sort_rows(moves[mask], "-net_sales", "-net_sales_before", "item")
        if len(order):
            names = names_of(order["item"])
            sentences.append(text(f"items.{key}", n=Count(len(order)), names=names))
    return sentences


def _tables(figures: Figures, ranked: pd.DataFrame, moves: pd.DataFrame | None) -> list[Table]:
    currency, net_sales = figures.currency, int(ranked["net_sales"].sum())
    receipts = figures.total.receipts
    is_ranked, past, rank_before = enough(receipts), figures.total_before, {}
    if moves is not None and is_ranked and past and enough(past.receipts):
        sold_before = moves[moves["net_sales_before"] > 0]
        rank_before = dict(rows_of(sold_before[["item", "rank_before"]]))
    columns = (
        TableColumn("item"),
        TableColumn("category", workbook_only=True),
        *columns_of("net_sales", "share", "units", "combo_units", "rank"),
        *((TableColumn("rank_before", "count"),) if moves is not None else ()),
        TableColumn("abc"),
    )
    has_rank = is_ranked & (ranked["net_sales"] > 0)
    cells = ranked.assign(
        rank=ranked["rank"].astype(object).where(has_rank, None),
        rank_before=[rank_before.get(item) for item in ranked["item"]],
        category=[category_name(category) for category in ranked["category"]],
        share=[share(int(net), net_sales, receipts) for net in ranked["net_sales"]],
        abc=ranked["abc"].astype(object).where(has_rank, None),
    )
    title = text("items.table" if is_ranked else "items.table_plain")
    tables = [Table.from_frame("items", title, cells, columns, currency, TOP, is_detail=is_ranked)]
    if len(ranked) > TOP:
        short = columns_of("item", "units", "net_sales")
        tables += [
            Table.from_frame(f"items-{name}", text(f"items.{key}"), frame, short, currency, shown=0)
            for name, key, frame in (
                ("least", "least", ranked.iloc[TOP:].iloc[::-1]),
                ("units", "by_units", sort_rows(ranked, "-units", "item")),
            )
        ]
    if moves is not None:
        tables.append(_changes(moves, currency))
    return tables


def _changes(moves: pd.DataFrame, currency: str) -> Table:
    """Every item on the same weekdays; the changes add up to that of the headline."""
    sums = [f"same_weekdays_{name}" for name in ("base", "now", "change")]
    columns = (
        TableColumn("item"),
        *(TableColumn(name, "money") for name in sums),
        TableColumn("change", "percent"),
    )
    title = text("items.changes_table")
    frame = moves.assign(change=[_growth(row) for row in rows_of(moves)])
    return Table.from_frame("items-same-weekdays", title, frame, columns, currency, shown=0)


def _growth(row: Any) -> Percent | None:
    """The growth of an item's net sales on the same weekdays."""
    now, base = int(row.same_weekdays_now), int(row.same_weekdays_base)
    return growth((now, 1), (base, 1), int(row.same_weekdays_receipts))


def _move(figures: Figures, row: Any) -> dict[str, Value]:
    """From what to what and by how much, all three on the same weekdays."""
    return {
        "item": Name(row.item),
        "change": _growth(row),
        "month": before_name(figures),
        **amounts(figures.currency, base=row.same_weekdays_base, now=row.same_weekdays_now),
    }


def _findings(figures: Figures, moves: pd.DataFrame, net_sales: int) -> tuple[Finding, ...]:
    lost = -moves["same_weekdays_change"]
    fell = moves[
        (lost * MOVED > moves["same_weekdays_base"])
        & (lost * WEIGHT > net_sales)
        & (moves["same_weekdays_base"] > 0)
        & (moves["same_weekdays_receipts"] >= MIN_FOR_PERCENT)
    ]
    sentences = (text("items.finding", **_move(figures, row)) for row in rows_of(fell.tail(2)))
    sizes = -fell["same_weekdays_change"].tail(2)
    return tuple(Finding(s, int(size), "items") for s, size in zip(sentences, sizes, strict=True))
