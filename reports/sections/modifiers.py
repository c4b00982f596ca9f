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
from reports.sections.comparison import (
    Pair,
    against,
    before_name,
    enough,
    points,
    ratio,
    share,
)
from reports.sections.item_charts import category_name
from reports.values import QUANTITY_UNIT, Count, Money, Percent, Quantity, Rate, Text, text

DRINKS = re.compile(
    r"bebida|refresco|cerveza|caf[eé]|drink|beverage|soda|beer|coffee", re.IGNORECASE
)
"""Names of categories of drinks; a menu without one has no sentence about drinks."""

STILL = 200
"""A category that changed by less than 1/STILL of all sales counts as unchanged."""


class Mix:
    """The categories of a month, and its receipts."""

    def __init__(self, groups: pd.DataFrame, receipts: int):
        self.groups, self.receipts = groups, receipts
        self.net = dict(zip(groups["category"], groups["net_sales"].tolist(), strict=True))
        self.total = sum(self.net.values())

    def part(self, category: str) -> Pair:
        """Net sales of a category, and of all."""
        return self.net.get(category, 0), self.total

    def drinks(self) -> Pair:
        """Drinks per 100 receipts."""
        is_drink = self.groups["category"].str.contains(DRINKS)
        units = int(self.groups.loc[is_drink, "units"].sum())
        return 100 * units, QUANTITY_UNIT * self.receipts


def modifiers(figures: Figures) -> Section:
    """Category shares and their change, drinks per 100 receipts, paid options."""
    currency, receipts = figures.currency, figures.total.receipts
    groups = by_category(figures.now["items"])
    if groups.empty:
        return Section("modifiers", (text("modifiers.empty"),))
    now, base = Mix(groups, receipts), None
    if figures.before_if_closed and figures.total_before:
        past = by_category(figures.before_if_closed["items"])
        base = Mix(past, figures.total_before.receipts)
    if base and (base.total <= 0 or not enough(receipts, base.receipts)):
        base = None
    sentences = [] if base is None else _largest_changes(figures, now, base)
    sentences += _drinks(figures, now, base)
    tables = [_mix(figures, now, base)]
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
            groups.assign(share=[Percent(*now.part(name)) for name in groups["category"]]),
            currency,
            "category net_sales share",
        ),
        "paid": figure_rows(
            paid.rename(columns={"name": "modifier"}), currency, "modifier units amount"
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


def _largest_changes(figures: Figures, now: Mix, base: Mix) -> list[Text]:
    if now.total <= 0:
        return []
    moves = {
        name: now.part(name)[0] * base.total - base.part(name)[0] * now.total
        for name in sorted({*now.net, *base.net})
    }
    top = max(moves, key=lambda name: abs(moves[name]))
    if abs(moves[top]) * STILL < now.total * base.total:
        return [text("modifiers.same", month=before_name(figures))]
    part, was = now.part(top), base.part(top)
    return [
        text(
            "modifiers.gained" if moves[top] > 0 else "modifiers.lost",
            category=category_name(top),
            points=points(part, was, now.receipts, base.receipts),
            share=share(*part, now.receipts),
            month=before_name(figures),
        )
    ]


def _drinks(figures: Figures, now: Mix, base: Mix | None) -> list[Text]:
    rate = now.drinks()
    if not rate[0] or not enough(now.receipts):
        return []
    n, receipts = Quantity(rate[0] // 100), Count(now.receipts)
    sentences = [text("modifiers.drinks", rate=Rate(*rate), n=n, receipts=receipts)]
    if base and (was := base.drinks())[0]:
        month = month_before(figures.month)
        note = against(rate, was, Rate(*was), month, base.receipts)
        sentences.append(text("modifiers.drinks_against", note=note))
    return sentences


def _mix(figures: Figures, now: Mix, base: Mix | None) -> Table:
    columns = columns_of("category", "units", "net_sales", "share")
    if base:
        columns += columns_of("share_before", "points")
    rows = []
    for r in rows_of(now.groups):
        part = now.part(r.category)
        row = [category_name(r.category), r.units, part[0], share(*part, now.receipts)]
        if base:
            was = base.part(r.category)
            change = points(part, was, now.receipts, base.receipts)
            row += [share(*was, base.receipts), change]
        rows.append(row)
    title = text("modifiers.mix")
    return Table.from_rows("categories", title, columns, rows, figures.currency, shown=12)
