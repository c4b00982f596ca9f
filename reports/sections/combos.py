"""Section 10. Combos and choices: how many receipts take one, what goes into them, which option
each dish gets.
"""

from __future__ import annotations

import pandas as pd

from reports.figures import Figures
from reports.figures.calendar import month_before
from reports.figures.items import by_item
from reports.page import Chart, Column, Section, Table
from reports.sections.comparison import against_share, ratio, share
from reports.values import QUANTITY_UNIT, Count, Money, Name, Percent, Quantity, Value, text

TOP = 12


def combos(figures: Figures) -> Section:
    """Attach rate of a combo = receipts that hold it ÷ receipts; options ÷ all options chosen of
    the same modifier.
    """
    frame, currency = figures.now["combos"], figures.currency
    whole, receipts = figures.total.net_sales, figures.total.receipts
    sums = frame.groupby("combo", sort=True)[
        ["receipts", "units", "refunded_units", "gross_sales", "discounts", "refunds", "net_sales"]
    ].sum()
    sums = sums.reset_index().sort_values(
        ["net_sales", "combo"], ascending=[False, True], kind="stable"
    )
    said, tables, charts = [], [], []
    if sums.empty:
        said.append(text("combos.none"))
    else:
        net = int(sums["net_sales"].sum())
        said.append(
            text(
                "combos.rate",
                rate=ratio(*figures.total.combo_share, receipts),
                part=Count(figures.total.combo_receipts),
                receipts=Count(figures.total.receipts),
                n=Quantity(int(sums["units"].sum())),
                net=Money(net, currency),
                share=share(net, whole, receipts),
            )
        )
        if figures.before and figures.total_before.combo_receipts:
            past, month = figures.total_before, month_before(figures.month)
            said.append(
                text(
                    "combos.against",
                    note=against_share(
                        figures.total.combo_share,
                        past.combo_share,
                        month,
                        receipts,
                        past.receipts,
                    ),
                )
            )
        upgrades = int(figures.now["combo_parts"]["upgrades"].sum())
        if upgrades:
            said.append(text("combos.upgrades", amount=Money(upgrades, currency)))
        tables.append(
            Table(
                "combos",
                text("combos.table"),
                (
                    Column("combo"),
                    Column("receipts", "count"),
                    Column("attach", "percent"),
                    Column("units", "quantity"),
                    Column("net_sales", "money"),
                    Column("share", "percent"),
                ),
                tuple(
                    (
                        Name(r.combo),
                        Count(int(r.receipts)),
                        ratio(int(r.receipts), receipts, receipts),
                        Quantity(int(r.units)),
                        Money(int(r.net_sales), currency),
                        share(int(r.net_sales), whole, receipts),
                    )
                    for r in sums.itertuples(index=False)
                ),
            )
        )
        parts = _parts(figures)
        if parts.rows:
            tables.append(parts)
    choices = _choices(figures.now["choices"], figures.now["items"])
    if len(choices):
        table = _choice_table(figures, choices)
        tables.append(table)
        lead = choices.iloc[0]
        part = _share_of_modifier(next(choices.itertuples(index=False)), decimals=0)
        if part is not None:
            said.append(
                text(
                    "combos.choice",
                    item=Name(lead["item"]),
                    modifier=Name(lead["name"]),
                    option=Name(lead["option"]),
                    share=part,
                    n=Quantity(int(lead["all"])),
                )
            )
        paid = choices[choices["amount"] > 0]
        if len(paid):
            said.append(
                text(
                    "combos.paid",
                    net=Money(int(paid["amount"].sum()), currency),
                    n=Quantity(int(paid["units"].sum())),
                )
            )
        charts += _chart(choices)
    return Section(
        "combos",
        tuple(said),
        charts=tuple(charts),
        tables=tuple(tables),
        figures={
            "combos": [
                {
                    "combo": r.combo,
                    "receipts": int(r.receipts),
                    "units": Quantity(int(r.units)),
                    "refunded_units": Quantity(int(r.refunded_units)),
                    **{
                        n: Money(int(getattr(r, n)), currency)
                        for n in ("gross_sales", "discounts", "refunds", "net_sales")
                    },
                }
                for r in sums.itertuples(index=False)
            ],
            "parts": [
                {
                    "combo": r.combo,
                    "slot": r.slot or None,
                    "item": r.item,
                    "units": Quantity(int(r.units)),
                    "net_sales": Money(int(r.net_sales), currency),
                }
                for r in _part_sums(figures).itertuples(index=False)
            ],
            "choices": [
                {
                    "item": r.item,
                    "modifier": r.name,
                    "option": r.option,
                    "units": Quantity(int(r.units)),
                    "amount": Money(int(r.amount), currency),
                }
                for r in choices.itertuples(index=False)
            ],
        },
    )


def _part_sums(figures: Figures) -> pd.DataFrame:
    parts = figures.now["combo_parts"]
    sums = (
        parts.assign(slot=parts["slot"].fillna(""))
        .groupby(["combo", "slot", "item"], sort=True)[["units", "net_sales"]]
        .sum()
        .reset_index()
    )
    return sums.sort_values(
        ["combo", "slot", "units", "item"], ascending=[True, True, False, True], kind="stable"
    )


def _parts(figures: Figures) -> Table:
    sums = _part_sums(figures)
    whole = sums.groupby(["combo", "slot"])["units"].transform("sum")
    receipts = figures.now["combos"].groupby("combo")["receipts"].sum()
    unknown = set(
        figures.now["combo_parts"].loc[~figures.now["combo_parts"]["is_known"].astype(bool), "item"]
    )
    rows = tuple(
        (
            Name(r.combo),
            Name(r.slot) if r.slot else text("combos.fixed"),
            text("combos.unknown", item=Name(r.item)) if r.item in unknown else Name(r.item),
            Quantity(int(r.units)),
            ratio(int(r.units), int(all_units), int(receipts.get(r.combo, 0))),
            Money(int(r.net_sales), figures.currency),
        )
        for r, all_units in zip(sums.itertuples(index=False), whole, strict=True)
    )
    return Table(
        "combo-parts",
        text("combos.parts"),
        (
            Column("combo"),
            Column("slot"),
            Column("item"),
            Column("units", "quantity"),
            Column("share_of_slot", "percent"),
            Column("credited", "money"),
        ),
        rows,
        shown=TOP,
    )


def _choices(choices: pd.DataFrame, items: pd.DataFrame) -> pd.DataFrame:
    """Options with `all`, the times any option of the same dish and modifier was chosen, and the
    `receipts` that hold the dish at the least; best sellers first.
    """
    sums = (
        choices.groupby(["item", "name", "option"], sort=True)[["units", "amount"]]
        .sum()
        .reset_index()
    )
    sums["all"] = sums.groupby(["item", "name"])["units"].transform("sum")
    dishes = (
        by_item(items)
        .groupby("item")[["net_sales", "base"]]
        .agg({"net_sales": "sum", "base": "max"})
    )
    dishes = dishes.reindex(sums["item"], fill_value=0)
    sums["net"], sums["receipts"] = dishes["net_sales"].tolist(), dishes["base"].tolist()
    return sums.sort_values(
        ["net", "item", "all", "name", "units", "option"],
        ascending=[False, True, False, True, False, True],
        kind="stable",
    )


def _share_of_modifier(row: tuple, decimals: int = 1) -> Percent | None:
    """The share of an option; it was chosen often enough, and its dish stands on enough receipts."""
    base = min(int(row.all) // QUANTITY_UNIT, int(row.receipts))
    return ratio(int(row.units), int(row.all), base, decimals)


def _choice_table(figures: Figures, choices: pd.DataFrame) -> Table:
    rows = tuple(
        (
            Name(r.item),
            Name(r.name),
            Name(r.option),
            Quantity(int(r.units)),
            _share_of_modifier(r),
            Money(int(r.amount), figures.currency) if r.amount else None,
        )
        for r in choices.itertuples(index=False)
    )
    return Table(
        "choices",
        text("combos.choices"),
        (
            Column("item"),
            Column("modifier"),
            Column("option"),
            Column("units", "quantity"),
            Column("share_of_modifier", "percent"),
            Column("charged", "money"),
        ),
        rows,
        shown=TOP,
    )


def _chart(choices: pd.DataFrame) -> list[Chart]:
    """Options of the dish and modifier that is chosen most; with one option there is nothing to
    draw.
    """
    lead = choices.iloc[0]
    rows = choices[(choices["item"] == lead["item"]) & (choices["name"] == lead["name"])].head(TOP)
    if len(rows) < 2 or _share_of_modifier(next(rows.itertuples(index=False))) is None:
        return []
    bars: list[tuple[Value, Value, int, int, None]] = [
        (
            Name(r.option),
            text(
                "combos.bar",
                share=_share_of_modifier(r, decimals=0),
                n=Quantity(int(r.units)),
            ),
            int(r.units),
            0,
            None,
        )
        for r in rows.itertuples(index=False)
    ]
    title = text(
        "combos.chart",
        modifier=Name(lead["name"]),
        item=Name(lead["item"]),
        option=Name(lead["option"]),
    )
    return [
        Chart(
            "ranking",
            "choices",
            title,
            text("combos.alt", item=Name(lead["item"]), n=Count(len(rows))),
            {"rows": bars, "name": Name(lead["name"]), "part_name": None, "before_name": None},
        )
    ]
