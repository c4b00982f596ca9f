"""Section 8. What sells? Items by net sales and by units, what rose and fell, categories, ABC."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from reports.figures import Figures
from reports.figures.calendar import FairPart, month_before
from reports.figures.items import by_category, by_item, compare
from reports.figures.money import PERCENT_BASE
from reports.page import Chart, Column, Finding, Section, Table
from reports.sections.comparison import enough, growth, share, too_few
from reports.sections.names import names_of
from reports.values import Count, Money, Month, Name, Quantity, Text, Value, text

TOP = 10
MOVED, WEIGHT = 10, 200
"""An item is a finding when its net sales fell by more than one in MOVED, and by more than one in WEIGHT of the month's."""


def category_name(category: str) -> Value:
    return Name(category) if category else text("items.no_category")


def items(figures: Figures) -> Section:
    """Rankings and their moves. Components of combos are credited to the dishes with their share of
    the money.
    """
    ranked = by_item(figures.now["items"])
    ranked = ranked[
        (ranked[["units", "refunded_units", "net_sales"]] != 0).any(axis=1)
    ].reset_index(drop=True)
    if ranked.empty:
        return Section("items", (text("items.empty"),))
    currency, whole = figures.currency, int(ranked["net_sales"].sum())
    before = by_item(figures.whole_before["items"]) if figures.whole_before else None
    moves = compare(ranked, before, figures.fair_items) if before is not None else None
    past = (
        dict(zip(moves["item"], moves["net_sales_before"], strict=True))
        if moves is not None
        else {}
    )
    receipts = figures.total.receipts
    best, a_items = ranked.iloc[0], ranked[ranked["abc"] == "A"]
    is_ranked = enough(receipts) and int(best["net_sales"]) > 0
    said = []
    if is_ranked:
        said.append(
            text(
                "items.best",
                item=Name(best["item"]),
                net=Money(int(best["net_sales"]), currency),
                share=share(int(best["net_sales"]), whole, receipts),
                units=Quantity(int(best["units"])),
            )
        )
    else:
        said.append(too_few() if not enough(receipts) else text("items.no_best"))
    a_share = share(int(a_items["net_sales"].sum()), whole, receipts, decimals=0)
    if len(ranked) >= TOP and a_share is not None:
        said.append(
            text(
                "items.abc",
                n=Count(len(a_items)),
                whole=Count(len(ranked)),
                share=a_share,
            )
        )
    said += _moved(figures, moves) if moves is not None else []
    if figures.through:
        said.append(text("items.open"))
    combo = int(ranked["combo_net"].sum())
    if combo:
        said.append(
            text(
                "items.combo",
                net=Money(combo, currency),
                share=share(combo, whole, receipts),
            )
        )
    return Section(
        "items",
        tuple(said),
        charts=_charts(figures, ranked, past),
        tables=tuple(_tables(figures, ranked, moves)),
        findings=_findings(figures, moves, whole) if moves is not None else (),
        figures={
            "items": [_machine(row, currency) for row in ranked.itertuples(index=False)],
            "categories": [
                {
                    "category": r.category or None,
                    "net_sales": Money(int(r.net_sales), currency),
                    "units": Quantity(int(r.units)),
                    "gross_sales": Money(int(r.gross_sales), currency),
                }
                for r in by_category(figures.now["items"]).itertuples(index=False)
            ],
            "same_weekdays": {
                name: fair_machine(parts, name, currency)
                for name, parts in (
                    ("item", figures.fair_items),
                    ("category", figures.fair_categories),
                )
                if parts is not None
            },
            "stores": {
                store: [_machine(row, currency) for row in by_item(part).itertuples(index=False)]
                for store, part in figures.now["items"].groupby("store_id", sort=True)
            },
        },
    )


def fair_machine(
    parts: Mapping[str, FairPart], name: str, currency: str
) -> list[dict[str, Value | str | None]]:
    """Each part of the fair change of net sales, for machines."""
    return [
        {
            name: key or None,
            "base": Money(part.base, currency),
            "now": Money(part.now, currency),
            "change": Money(part.change, currency),
        }
        for key, part in sorted(parts.items())
    ]


def _machine(row: tuple, currency: str) -> dict[str, Value | str]:
    amounts = {
        n: Money(int(getattr(row, n)), currency)
        for n in (
            "gross_sales",
            "discounts",
            "refunds",
            "net_sales",
            "tax_included",
            "cost",
            "costed_net",
            "combo_net",
        )
    }
    return {
        "item": row.item,
        "category": row.category or None,
        "abc": row.abc,
        "rank": int(row.rank),
        "units": Quantity(int(row.units)),
        "refunded_units": Quantity(int(row.refunded_units)),
        "combo_units": Quantity(int(row.combo_units)),
        **amounts,
    }


def _moved(figures: Figures, moves: pd.DataFrame) -> list[Text]:
    said = []
    known = moves[
        (moves["fair_receipts"] >= PERCENT_BASE)
        & (moves["fair_base"] > 0)
        & (moves["fair_now"] > 0)
    ]
    for key, chosen in (
        ("rose", known[known["fair_change"] > 0].head(1)),
        ("fell", known[known["fair_change"] < 0].tail(1)),
    ):
        said += [
            text(f"items.{key}", **_move(figures, row)) for row in chosen.itertuples(index=False)
        ]
    for key, mask in (
        (
            "new",
            (moves["net_sales_before"] == 0) & (moves["units_before"] == 0) & (moves["units"] > 0),
        ),
        ("gone", (moves["units"] == 0) & (moves["units_before"] > 0)),
    ):
        found = moves[mask]
        if len(found):
            order = found.sort_values(
                ["net_sales", "net_sales_before", "item"], ascending=[False, False, True]
            )
            said.append(text(f"items.{key}", n=Count(len(found)), names=names_of(order["item"])))
    return said


def _charts(figures: Figures, ranked: pd.DataFrame, past: dict[str, int]) -> tuple[Chart, ...]:
    currency, top = figures.currency, ranked.head(TOP)
    if len(ranked) < 2:
        return ()
    whole, receipts = int(ranked["net_sales"].sum()), figures.total.receipts
    part = share(int(top["net_sales"].sum()), whole, receipts, decimals=0)
    rows = [
        (
            Name(r.item),
            Money(int(r.net_sales), currency, compact=True),
            int(r.net_sales),
            int(r.combo_net) if r.net_sales > 0 else 0,
            int(past[r.item]) if past else None,
        )
        for r in top.itertuples(index=False)
    ]
    first = Chart(
        "ranking",
        "items",
        text("items.chart" if part else "items.chart_plain", n=Count(len(top)), share=part),
        text(
            "items.alt",
            n=Count(len(top)),
            item=Name(top.iloc[0]["item"]),
            net=Money(int(top.iloc[0]["net_sales"]), currency),
        ),
        {
            "rows": rows,
            "name": text("items.as_plain"),
            "part_name": text("items.as_combo") if any(row[3] for row in rows) else None,
            "before_name": Month(month_before(figures.month), short=True) if past else None,
        },
    )
    groups = by_category(figures.now["items"])
    if len(groups) < 2:
        return (first,)
    earlier = (
        dict(
            by_category(figures.whole_before["items"])[["category", "net_sales"]].itertuples(
                index=False
            )
        )
        if figures.whole_before
        else {}
    )
    lead = groups.iloc[0]
    part = share(int(lead["net_sales"]), int(groups["net_sales"].sum()), receipts, decimals=0)
    bars = [
        (
            category_name(r.category),
            Money(int(r.net_sales), currency, compact=True),
            int(r.net_sales),
            0,
            int(earlier.get(r.category, 0)) if earlier else None,
        )
        for r in groups.head(TOP).itertuples(index=False)
    ]
    second = Chart(
        "ranking",
        "categories",
        text(
            "items.category_chart" if part else "items.category_chart_plain",
            category=category_name(lead["category"]),
            share=part,
        ),
        text("items.category_alt", n=Count(len(bars))),
        {
            "rows": bars,
            "name": Month(figures.month, short=True),
            "part_name": None,
            "before_name": Month(month_before(figures.month), short=True) if earlier else None,
        },
    )
    return first, second


def _tables(figures: Figures, ranked: pd.DataFrame, moves: pd.DataFrame | None) -> list[Table]:
    currency, whole = figures.currency, int(ranked["net_sales"].sum())
    receipts = figures.total.receipts
    is_ranked = enough(receipts)
    was_ranked = is_ranked and moves is not None and enough(figures.total_before.receipts)
    rank_before = (
        {
            r.item: r.rank_before
            for r in moves.itertuples(index=False)
            if was_ranked and r.net_sales_before > 0
        }
        if moves is not None
        else {}
    )
    columns = [
        Column("rank", "count"),
        Column("item"),
        Column("category", csv_only=True),
        Column("units", "quantity"),
        Column("combo_units", "quantity"),
        Column("net_sales", "money"),
        Column("share", "percent"),
        Column("abc"),
    ]
    if moves is not None:
        columns.insert(1, Column("rank_before", "count"))
    rows = []
    for r in ranked.itertuples(index=False):
        row = [
            Count(int(r.rank)) if is_ranked and r.net_sales > 0 else None,
            Name(r.item),
            category_name(r.category),
            Quantity(int(r.units)),
            Quantity(int(r.combo_units)),
            Money(int(r.net_sales), currency),
            share(int(r.net_sales), whole, receipts),
            Name(r.abc) if is_ranked and r.net_sales > 0 else None,
        ]
        if moves is not None:
            was = int(rank_before.get(r.item, 0))
            row.insert(1, Count(was) if was else None)
        rows.append(tuple(row))
    units = ranked.sort_values(
        ["units", "item"], ascending=[False, True], kind="stable"
    ).reset_index(drop=True)
    title = text("items.table" if is_ranked else "items.table_plain")
    tables = [Table("items", title, tuple(columns), tuple(rows), shown=TOP)]
    if len(ranked) > TOP:
        slow = ranked.iloc[TOP:].iloc[::-1]
        tables.append(
            Table(
                "items-least",
                text("items.least"),
                (Column("item"), Column("units", "quantity"), Column("net_sales", "money")),
                tuple(
                    (Name(r.item), Quantity(int(r.units)), Money(int(r.net_sales), currency))
                    for r in slow.itertuples(index=False)
                ),
            )
        )
        tables.append(
            Table(
                "items-units",
                text("items.by_units"),
                (Column("item"), Column("units", "quantity"), Column("net_sales", "money")),
                tuple(
                    (Name(r.item), Quantity(int(r.units)), Money(int(r.net_sales), currency))
                    for r in units.itertuples(index=False)
                ),
            )
        )
    if moves is not None:
        tables.append(_changes(moves, currency))
    return tables


def _changes(moves: pd.DataFrame, currency: str) -> Table:
    """Every item on the same weekdays, for the file: the changes add up to that of the headline."""
    return Table(
        "items-same-weekdays",
        text("items.changes_table"),
        (
            Column("item"),
            Column("fair_base", "money"),
            Column("fair_now", "money"),
            Column("fair_change", "money"),
            Column("change", "percent"),
        ),
        tuple(
            (
                Name(r.item),
                Money(int(r.fair_base), currency),
                Money(int(r.fair_now), currency),
                Money(int(r.fair_change), currency),
                growth((int(r.fair_now), 1), (int(r.fair_base), 1), int(r.fair_receipts)),
            )
            for r in moves.itertuples(index=False)
        ),
        shown=0,
    )


def _move(figures: Figures, row: tuple) -> dict[str, Value]:
    """From what to what and by how much, all three on the same weekdays."""
    return {
        "item": Name(row.item),
        "change": growth((int(row.fair_now), 1), (int(row.fair_base), 1), int(row.fair_receipts)),
        "base": Money(int(row.fair_base), figures.currency),
        "now": Money(int(row.fair_now), figures.currency),
        "month": Month(month_before(figures.month), short=True),
    }


def _findings(figures: Figures, moves: pd.DataFrame, whole: int) -> tuple[Finding, ...]:
    lost = -moves["fair_change"]
    fell = moves[
        (lost * MOVED > moves["fair_base"])
        & (lost * WEIGHT > whole)
        & (moves["fair_base"] > 0)
        & (moves["fair_receipts"] >= PERCENT_BASE)
    ]
    return tuple(
        Finding(text("items.finding", **_move(figures, row)), -int(row.fair_change), "items")
        for row in fell.tail(2).itertuples(index=False)
    )
