"""Combos and options: share of receipts, components, options of each dish."""

from __future__ import annotations

from datetime import date
from typing import Any

import pandas as pd

from reports.columns import columns_of, figure_rows
from reports.document import Chart, Section, Table
from reports.figures import Figures
from reports.figures.calendar import month_before
from reports.figures.tables import rows_of, sort_rows, sum_by
from reports.sections.comparison import Bar, against_share, ranking, ratio, share
from reports.values import QUANTITY_UNIT, Count, Money, Name, Percent, Quantity, text

TOP = 12
SUMS = "receipts units refunded_units gross_sales discounts refunds net_sales"


def combos(figures: Figures) -> Section:
    """Attach rate of a combo = receipts that hold it ÷ receipts.

    Options ÷ all options chosen of the same modifier.
    """
    total, currency = figures.total, figures.currency
    net_sales, receipts = total.net_sales, total.receipts
    sums = sum_by(figures.now["combos"], ["combo"], SUMS.split(), "net_sales")
    part_keys, part_columns = ["combo", "slot", "item"], ["units", "net_sales"]
    part_sums = sum_by(figures.now["combo_parts"], part_keys, part_columns)
    part_sums = sort_rows(part_sums, "combo", "slot", "-units", "item")
    upgrades = 0 if sums.empty else int(figures.now["combo_parts"]["upgrades"].sum())
    sentences, tables, charts = [], [], []
    if sums.empty:
        sentences.append(text("combos.none"))
    else:
        net = int(sums["net_sales"].sum())
        sentences.append(
            text(
                "combos.rate",
                rate=ratio(*total.combo_share, receipts),
                part=Count(total.combo_receipts),
                receipts=Count(receipts),
                n=Quantity(int(sums["units"].sum())),
                net=Money(net, currency),
                share=share(net, net_sales, receipts),
            )
        )
        if (past := figures.total_before) and past.combo_receipts:
            rates, month = (total.combo_share, past.combo_share), month_before(figures.month)
            note = against_share(*rates, month, receipts, past.receipts)
            sentences.append(text("combos.against", note=note))
        if upgrades:
            sentences.append(text("combos.upgrades", amount=Money(upgrades, currency)))
        attached, nets = sums["receipts"], sums["net_sales"]
        cells = sums.assign(
            attach=[ratio(int(count), receipts, receipts) for count in attached],
            share=[share(int(amount), net_sales, receipts) for amount in nets],
        )
        shown = columns_of("combo", "receipts", "attach", "units", "net_sales", "share")
        tables.append(Table.from_frame("combos", text("combos.table"), cells, shown, currency))
        tables.append(_parts(figures, part_sums))
    choices = _choices(figures.now["choices"], figures.ranked)
    if len(choices):
        tables.append(_choice_table(figures, choices))
        lead = choices.iloc[0]
        part = _share_of_modifier(next(rows_of(choices)), decimals=0)
        if part is not None:
            sentences.append(
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
            charged, n = int(paid["amount"].sum()), Quantity(int(paid["charged_units"].sum()))
            key = "combos.paid_others" if upgrades else "combos.paid"
            sentences.append(text(key, net=Money(charged, currency), n=n))
        charts += _chart(choices, figures.month)
    figures_out = {
        "combos": figure_rows(sums, currency, f"combo {SUMS}"),
        "parts": figure_rows(part_sums, currency, "combo slot item units net_sales"),
        "choices": figure_rows(
            choices.rename(columns={"name": "modifier"}),
            currency,
            "item modifier option units amount",
        ),
    }
    return Section("combos", sentences, charts=charts, tables=tables, figures=figures_out)


def _parts(figures: Figures, sums: pd.DataFrame) -> Table:
    """The components of each combo, the combo that brings most first."""
    sums = sums.assign(brings=sums.groupby("combo")["net_sales"].transform("sum"))
    sums = sort_rows(sums, "-brings")
    slot_units = sums.groupby(["combo", "slot"])["units"].transform("sum")
    receipts = figures.now["combos"].groupby("combo")["receipts"].sum()
    parts = figures.now["combo_parts"]
    unknown = set(parts.loc[~parts["is_known"].astype(bool), "item"])
    cells = sums.assign(
        slot=[slot or text("combos.fixed") for slot in sums["slot"]],
        item=[text("combos.unknown", item=Name(i)) if i in unknown else i for i in sums["item"]],
        share_of_slot=[
            ratio(int(units), int(all_units), int(receipts.get(combo, 0)))
            for units, all_units, combo in zip(
                sums["units"], slot_units, sums["combo"], strict=True
            )
        ],
    )
    columns = columns_of("combo", "slot", "item", "units", "share_of_slot", credited="net_sales")
    title = text("combos.parts")
    return Table.from_frame("combo-parts", title, cells, columns, figures.currency, shown=TOP)


def _choices(choices: pd.DataFrame, ranked: pd.DataFrame) -> pd.DataFrame:
    """Chosen options, best sellers first; `ranked` are the items.

    `all` is how often any option of the same dish and modifier was chosen, `receipts` the least
    number of receipts with the dish.
    """
    sums = sum_by(choices, ["item", "name", "option"], ["units", "amount", "charged_units"])
    sums["all"] = sums.groupby(["item", "name"])["units"].transform("sum")
    dishes = ranked.groupby("item")[["net_sales", "base"]].agg({"net_sales": "sum", "base": "max"})
    dishes = dishes.reindex(sums["item"], fill_value=0)
    sums["net"], sums["receipts"] = dishes["net_sales"].tolist(), dishes["base"].tolist()
    return sort_rows(sums, "-net", "item", "-all", "name", "-units", "option")


def _share_of_modifier(row: Any, decimals: int = 1) -> Percent | None:
    """The share of an option; None where it was chosen on too few receipts."""
    base = min(int(row.all) // QUANTITY_UNIT, int(row.receipts))
    return ratio(int(row.units), int(row.all), base, decimals)


def _choice_table(figures: Figures, choices: pd.DataFrame) -> Table:
    cells = choices.assign(
        share_of_modifier=[_share_of_modifier(row) for row in rows_of(choices)],
        charged=choices["amount"].astype(object).where(choices["amount"] != 0, None),
    )
    names = ("option", "units", "share_of_modifier", "charged")
    columns = (*columns_of("item", modifier="name"), *columns_of(*names))
    title = text("combos.choices")
    return Table.from_frame("choices", title, cells, columns, figures.currency, shown=TOP)


def _chart(choices: pd.DataFrame, month: date) -> list[Chart]:
    """Options of the dish and modifier that is chosen most, if there are several."""
    lead = choices.iloc[0]
    rows = choices[(choices["item"] == lead["item"]) & (choices["name"] == lead["name"])].head(TOP)
    if len(rows) < 2 or _share_of_modifier(next(rows_of(rows))) is None:
        return []
    bars = []
    for row in rows_of(rows):
        share, n = _share_of_modifier(row, decimals=0), Quantity(int(row.units))
        bars.append(Bar(Name(row.option), text("combos.bar", share=share, n=n), int(row.units)))
    modifier, item, option = (Name(lead[name]) for name in ("name", "item", "option"))
    title = text("combos.chart", modifier=modifier, item=item, option=option)
    alt = text("combos.alt", item=item, n=Count(len(rows)))
    return [ranking(month, "choices", title, alt, bars, label=modifier)]
