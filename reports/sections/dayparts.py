"""Dayparts: breakfast, lunch, dinner and late, by store and order type."""

from __future__ import annotations

import pandas as pd

from reports.columns import columns_of
from reports.document import Section, Table, TableColumn
from reports.figures import Figures
from reports.figures.tables import rows_of
from reports.plans import Daypart
from reports.sections.comparison import before_name, enough, growth, share
from reports.sections.weekdays import channel_name
from reports.values import Hour, Money, Name, Text, Value, amounts, mean, text

DEFAULT = (
    Daypart("breakfast", 5, 12),
    Daypart("lunch", 12, 17),
    Daypart("dinner", 17, 22),
    Daypart("late", 22, 5),
)
"""The dayparts of a menu without its own."""
KNOWN = {part.name for part in DEFAULT}


def daypart_name(part: Daypart | None) -> Value:
    """The name of a daypart with its hours."""
    if part is None:
        return text("daypart.rest")
    name: Value = text(f"daypart.{part.name}") if part.name in KNOWN else Name(part.name)
    return text("daypart.named", name=name, start=Hour(part.start), end=Hour(part.end))


def dayparts(figures: Figures) -> Section:
    """Net sales, receipts and average receipt by daypart, against the month before."""
    parts = figures.plans.dayparts or DEFAULT
    now = _by_part(figures.now["hours"], parts)
    if now.empty or not enough(figures.total.receipts):
        return Section("dayparts", (text("dayparts.empty"),))
    names: dict[int, Value] = {n: daypart_name(part) for n, part in enumerate(parts)}
    names[len(parts)] = daypart_name(None)
    total, currency = int(now["net_sales"].sum()), figures.currency
    sums = _sums(now)
    best = int(sums["net_sales"].idxmax())
    net = int(sums.loc[best, "net_sales"])
    lead = share(net, total, figures.total.receipts, decimals=0)
    sentences: list[Text] = []
    if lead is not None:
        values = amounts(currency, net=net)
        sentences.append(text("dayparts.lead", part=names[best], share=lead, **values))
    past = _sums(_by_part(figures.before["hours"], parts)) if figures.before else None
    tables = [_table(figures, sums, past, names, total)]
    tables += _crossed(figures, "dayparts-stores", now, "store_id", names)
    if "channel_hours" in figures.now.source:
        channels = _by_part(figures.now["channel_hours"], parts)
        tables += _crossed(figures, "dayparts-channels", channels, "channel", names)
    figures_out = {
        "parts": [{"name": part.name, "hours": f"{part.start}-{part.end}"} for part in parts],
        "net_sales": {
            parts[n].name if n < len(parts) else "rest": Money(int(row.net_sales), currency)
            for n, row in zip(sums.index, rows_of(sums), strict=True)
        },
    }
    return Section("dayparts", tuple(sentences), tables=tuple(tables), figures=figures_out)


def _by_part(hours: pd.DataFrame, parts: tuple[Daypart, ...]) -> pd.DataFrame:
    """`hours` with the index of its daypart; hours of none come last."""
    index = {hour: n for n, part in enumerate(parts) for hour in part.hours}
    return hours.assign(part=[index.get(int(hour), len(parts)) for hour in hours["hour"]])


def _sums(by_part: pd.DataFrame) -> pd.DataFrame:
    return by_part.groupby("part")[["receipts", "net_sales"]].sum()


def _table(
    figures: Figures,
    sums: pd.DataFrame,
    past: pd.DataFrame | None,
    names: dict[int, Value],
    total: int,
) -> Table:
    columns = [*columns_of("daypart", "net_sales", "share", "receipts", "average_receipt")]
    if past is not None:
        month = {"month": before_name(figures)}
        columns += [TableColumn("in_month", "money", month), TableColumn("change", "percent")]
    rows = []
    for part, row in zip(sums.index, rows_of(sums), strict=True):
        net, count = int(row.net_sales), int(row.receipts)
        part_share = share(net, total, figures.total.receipts)
        cells = [names[part], net, part_share, count, mean(net, count)]
        if past is not None and part in past.index:
            base, receipts = (int(past.loc[part, name]) for name in ("net_sales", "receipts"))
            cells += [base, growth((net, 1), (base, 1), receipts)]
        rows.append(cells + [None] * (len(columns) - len(cells)))
    title = text("dayparts.table")
    return Table.from_rows("dayparts", title, tuple(columns), rows, figures.currency, shown=24)


def _crossed(
    figures: Figures, name: str, rows: pd.DataFrame, key: str, names: dict[int, Value]
) -> list[Table]:
    """Net sales by daypart and store or order type, if there are several."""
    sums = rows.groupby(["part", key])["net_sales"].sum().unstack(fill_value=0)
    order = sums.sum().sort_values(ascending=False, kind="stable").index
    if len(order) < 2:
        return []
    labels = [
        Name(figures.stores[value]) if key == "store_id" else channel_name(value) for value in order
    ]
    named = (TableColumn("named", "money", {"name": label}) for label in labels)
    columns = (TableColumn("daypart"), *named)
    built = [(names[part], *sums.loc[part, order]) for part in sums.index]
    title, currency = text(f"dayparts.{key}"), figures.currency
    return [Table.from_rows(name, title, columns, built, currency, shown=24, is_detail=True)]
