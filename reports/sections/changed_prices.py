"""Effects of price changes: units and sales of the item, and of all others."""

from __future__ import annotations

from typing import NamedTuple

import pandas as pd

from reports.columns import columns_of
from reports.document import Section, Table, TableColumn
from reports.figures import Figures
from reports.figures.items import by_item
from reports.figures.prices import Change, price_changes
from reports.figures.tables import SummaryTables
from reports.sections.comparison import before_name, growth
from reports.values import Count, Name, Text, Value, amounts, mean, text


class Effect(NamedTuple):
    """An item before and after its price change, and all other items, per open day."""

    change: Change
    units: tuple[int, int]
    net: tuple[int, int]
    others: tuple[int, int]
    receipts: int


def changed_prices(figures: Figures) -> Section:
    """Items whose usual price differs from the month before."""
    before = figures.before_if_closed
    if before is None:
        return Section("changed_prices", (text("changed_prices.no_month"),))
    effects = _effects(figures.now, before)
    if not effects:
        return Section("changed_prices", (text("changed_prices.none"),))
    days = (len(figures.now.open_days), len(before.open_days))
    rows: list[tuple[object, ...]] = []
    sentences: list[Text] = []
    for effect in effects:
        units = growth((effect.units[0], days[0]), (effect.units[1], days[1]), effect.receipts)
        others = growth((effect.others[0], days[0]), (effect.others[1], days[1]), effect.receipts)
        change, name = effect.change, _name(effect.change)
        per_day = map(mean, effect.net, days)
        rows.append((name, change.day, change.was, change.now, units, others, *per_day))
        if units is not None and others is not None and len(sentences) < 3:
            prices = amounts(figures.currency, was=change.was, now=change.now)
            sentences.append(
                text("changed_prices.effect", item=name, units=units, others=others, **prices)
            )
    month = {"month": before_name(figures)}
    columns = (
        *columns_of("item", "since", "was", "is", "units_change", "others_change", "per_day"),
        TableColumn("in_month", "money", month),
    )
    title = text("changed_prices.table")
    table = Table.from_rows("changed-prices", title, columns, rows, figures.currency)
    sentences.insert(0, text("changed_prices.lead", n=Count(len(effects))))
    notes = (text("changed_prices.note"),)
    return Section("changed_prices", sentences, tables=(table,), notes=notes)


def _effects(now: SummaryTables, before: SummaryTables) -> list[Effect]:
    """Changes of the month, those of most money first."""
    prices = pd.concat(
        [now["prices"].assign(month=now.first), before["prices"].assign(month=before.first)]
    )
    sums = [
        tables["items"].groupby("item")[["units", "net_sales"]].sum() for tables in (now, before)
    ]
    receipts = by_item(before["items"]).groupby("item")["base"].max()
    built = []
    for change in price_changes(prices):
        if change.month != now.first or not all(change.item in frame.index for frame in sums):
            continue
        (units, net, others), past = (_item(frame, change.item) for frame in sums)
        pairs = ((units, past[0]), (net, past[1]), (others, past[2]))
        built.append(Effect(change, *pairs, int(receipts[change.item])))
    return sorted(built, key=lambda effect: (-effect.net[0], effect.change.item))


def _item(sums: pd.DataFrame, item: str) -> tuple[int, int, int]:
    """Units and net sales of an item, and the units of all others."""
    units, net = (int(sums.loc[item, name]) for name in ("units", "net_sales"))
    return units, net, int(sums["units"].sum()) - units


def _name(change: Change) -> Value:
    if not change.variant:
        return Name(change.item)
    return text("changed_prices.variant", item=Name(change.item), variant=Name(change.variant))
