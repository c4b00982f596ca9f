"""Categories, drinks and extra charges: shares, and sales of paid options."""

from __future__ import annotations

import re

import pandas as pd

from reports.columns import columns_of, figure_rows
from reports.document import Section, Table
from reports.figures import Figures
from reports.figures.calendar import month_before
from reports.figures.items import by_category
from reports.figures.tables import rows_of, sum_by
from reports.sections.comparison import against, before_name, enough, points, ratio, share
from reports.sections.item_charts import category_name
from reports.values import QUANTITY_UNIT, Count, Money, Percent, Quantity, Rate, Text, text

DRINKS = re.compile(
    r"bebida|refresco|cerveza|caf[eé]|drink|beverage|soda|beer|coffee", re.IGNORECASE
)
"""Names of categories of drinks; a menu without one has no sentence about drinks."""

STILL = 200
"""A category that changed by less than 1/STILL of all sales counts as unchanged."""


def modifiers(figures: Figures) -> Section:
    """Category shares and their change, drinks per 100 receipts, paid options."""
    currency = figures.currency
    groups = by_category(figures.now["items"])
    if groups.empty:
        return Section("modifiers", (text("modifiers.empty"),))
    past = by_category(figures.before_if_closed["items"]) if figures.before_if_closed else None
    receipts = figures.total.receipts
    is_comparable = (
        past is not None
        and figures.total_before is not None
        and enough(receipts, figures.total_before.receipts)
        and int(past["net_sales"].sum()) > 0
    )
    total = int(groups["net_sales"].sum())
    base = past if is_comparable else None
    sentences = [] if base is None else _largest_changes(figures, groups, base)
    sentences += _drinks(figures, groups, base)
    tables = [_mix(figures, groups, base)]
    paid = _paid(figures)
    if len(paid):
        money = int(paid["amount"].sum())
        sentences.append(
            text(
                "modifiers.paid",
                amount=Money(money, currency),
                share=ratio(money, figures.total.gross_sales, receipts),
                n=Quantity(int(paid["units"].sum())),
            )
        )
        columns = columns_of(modifier="name", units="units", charged="amount")
        title = text("modifiers.paid_table")
        tables.append(Table.from_frame("paid-modifiers", title, paid, columns, currency))
    else:
        sentences.append(text("modifiers.none"))
    figures_out = {
        "mix": figure_rows(
            groups.assign(share=[Percent(int(net), total) for net in groups["net_sales"]]),
            currency,
            "category",
            "net_sales",
            "share",
        ),
        "paid": figure_rows(
            paid.rename(columns={"name": "modifier"}), currency, "modifier", "units", "amount"
        ),
    }
    return Section("modifiers", sentences, tables=tables, figures=figures_out)


def _paid(figures: Figures) -> pd.DataFrame:
    """Charged sales of each modifier: as option of a dish, and as choice in a combo."""
    choices, parts = figures.now["choices"], figures.now["combo_parts"]
    choices = choices.assign(units=choices["charged_units"])
    chosen = parts.assign(
        name=parts["slot"].fillna(""), units=parts["charged_units"], amount=parts["upgrades"]
    )
    charged = pd.concat([frame[["name", "units", "amount"]] for frame in (choices, chosen)])
    return sum_by(charged[charged["amount"] != 0], ["name"], ["units", "amount"], "amount")


def _largest_changes(figures: Figures, groups: pd.DataFrame, past: pd.DataFrame) -> list[Text]:
    assert figures.total_before is not None  # the month of `past`
    total, total_before = int(groups["net_sales"].sum()), int(past["net_sales"].sum())
    if total <= 0:
        return []
    now, before = (dict(zip(g["category"], g["net_sales"], strict=True)) for g in (groups, past))
    moves = {
        c: int(now.get(c, 0)) * total_before - int(before.get(c, 0)) * total
        for c in {*now, *before}
    }
    sums = (now, total), (before, total_before)
    top = max(sorted(moves), key=lambda c: abs(moves[c]))
    if abs(moves[top]) * STILL < total * total_before:
        return [text("modifiers.same", month=before_name(figures))]
    key = "gained" if moves[top] > 0 else "lost"
    receipts, receipts_before = figures.total.receipts, figures.total_before.receipts
    part, was = ((int(net.get(top, 0)), all_net) for net, all_net in sums)
    return [
        text(
            f"modifiers.{key}",
            category=category_name(top),
            points=points(part, was, receipts, receipts_before),
            share=share(*part, receipts),
            month=before_name(figures),
        )
    ]


def _drinks(figures: Figures, groups: pd.DataFrame, past: pd.DataFrame | None) -> list[Text]:
    def per_hundred(frame: pd.DataFrame, receipts: int) -> tuple[int, int]:
        is_drink = frame["category"].str.contains(DRINKS)
        return 100 * int(frame.loc[is_drink, "units"].sum()), QUANTITY_UNIT * receipts

    now = per_hundred(groups, figures.total.receipts)
    if not now[0] or not enough(figures.total.receipts):
        return []
    sentences = [
        text(
            "modifiers.drinks",
            rate=Rate(*now),
            n=Quantity(now[0] // 100),
            receipts=Count(figures.total.receipts),
        )
    ]
    if past is not None and figures.total_before is not None:
        before = per_hundred(past, figures.total_before.receipts)
        if before[0]:
            month, receipts = month_before(figures.month), figures.total_before.receipts
            note = against(now, before, Rate(*before), month, receipts)
            sentences.append(text("modifiers.drinks_against", note=note))
    return sentences


def _mix(figures: Figures, groups: pd.DataFrame, past: pd.DataFrame | None) -> Table:
    total, receipts = int(groups["net_sales"].sum()), figures.total.receipts
    before = dict(zip(past["category"], past["net_sales"], strict=True)) if past is not None else {}
    total_before = int(past["net_sales"].sum()) if past is not None else 0
    columns = [*columns_of("category", "units", "net_sales", "share")]
    if past is not None:
        columns += [*columns_of("share_before", "points")]
    rows = []
    for r in rows_of(groups):
        net = int(r.net_sales)
        row = [category_name(r.category), r.units, net, share(net, total, receipts)]
        if past is not None and figures.total_before is not None:
            was, receipts_before = int(before.get(r.category, 0)), figures.total_before.receipts
            row += [
                share(was, total_before, receipts_before),
                points((net, total), (was, total_before), receipts, receipts_before),
            ]
        rows.append(row)
    title = text("modifiers.mix")
    return Table.from_rows("categories", title, tuple(columns), rows, figures.currency, shown=12)
