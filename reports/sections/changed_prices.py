"""Was the price change right: units and sales after it, and of the other items."""

from __future__ import annotations

from typing import NamedTuple

import pandas as pd

from reports.columns import columns_of
from reports.figures import Figures
from reports.figures.calendar import month_before
from reports.figures.prices import Change, price_changes
from reports.figures.tables import SummaryTables
from reports.page import Section, Table, TableColumn
from reports.sections.comparison import growth
from reports.values import Count, Day, Money, Month, Name, Text, Value, divide, text


class Effect(NamedTuple):
    """An item before and after its price change, and all other items, per open day."""

    change: Change
    units: tuple[int, int]
    net: tuple[int, int]
    others: tuple[int, int]
    receipts: int


def changed_prices(figures: Figures) -> Section:
    """Items whose usual price is another than in the month before."""
    before = figures.whole_before
    if before is None:
        return Section("changed_prices", (text("changed_prices.no_month"),))
    effects = _effects(figures.now, before)
    if not effects:
        return Section("changed_prices", (text("changed_prices.none"),))
    days = (len(figures.now.open_days), len(before.open_days))
    rows: list[tuple[Value, ...]] = []
    sentences: list[Text] = []
    for effect in effects:
        units = growth((effect.units[0], days[0]), (effect.units[1], days[1]), effect.receipts)
        others = growth((effect.others[0], days[0]), (effect.others[1], days[1]), effect.receipts)
        rows.append(_row(figures, effect, days, units, others))
        if units is not None and others is not None and len(sentences) < 3:
            sentences.append(_sentence(figures, effect, units, others))
    month = {"month": Month(month_before(figures.month), short=True)}
    columns = (
        *columns_of("item", "since", "was", "is", "units_change", "others_change", "per_day"),
        TableColumn("in_month", "money", month),
    )
    table = Table("changed-prices", text("changed_prices.table"), columns, tuple(rows))
    return Section(
        "changed_prices",
        (text("changed_prices.lead", n=Count(len(effects))), *sentences),
        tables=(table,),
        notes=(text("changed_prices.note"),),
    )


def _effects(now: SummaryTables, before: SummaryTables) -> list[Effect]:
    """Changes of the month, those of most money first."""
    prices = pd.concat(
        [now["prices"].assign(month=now.first), before["prices"].assign(month=before.first)]
    )
    sums = [
        tables["items"].groupby("item")[["units", "net_sales"]].sum() for tables in (now, before)
    ]
    receipts = before["items"].groupby("item")["receipts"].sum()
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


def _row(
    figures: Figures, effect: Effect, days: tuple[int, int], units: Value, others: Value
) -> tuple[Value, ...]:
    change, currency = effect.change, figures.currency
    return (
        _name(change),
        Day(change.day),
        Money(change.was, currency),
        Money(change.now, currency),
        units,
        others,
        Money(divide(effect.net[0], days[0]), currency) if days[0] else None,
        Money(divide(effect.net[1], days[1]), currency) if days[1] else None,
    )


def _name(change: Change) -> Value:
    if not change.variant:
        return Name(change.item)
    return text("changed_prices.variant", item=Name(change.item), variant=Name(change.variant))


def _sentence(figures: Figures, effect: Effect, units: Value, others: Value) -> Text:
    change = effect.change
    return text(
        "changed_prices.effect",
        item=_name(change),
        was=Money(change.was, figures.currency),
        now=Money(change.now, figures.currency),
        units=units,
        others=others,
    )
