"""Menu engineering: popularity and profit by category, of what has a cost."""

from __future__ import annotations

from reports.columns import columns_of
from reports.document import Chart, Finding, Section, Table
from reports.figures import Figures
from reports.figures.calendar import dates_of_month
from reports.figures.menu import CLASSES, MenuItem, classify_items, price_step
from reports.figures.money import MIN_FOR_PERCENT
from reports.sections.comparison import enough, ratio, share
from reports.sections.item_charts import category_name
from reports.sections.names import names_of
from reports.values import (
    QUANTITY_UNIT,
    Count,
    Money,
    Name,
    Percent,
    Quantity,
    Text,
    Value,
    amounts,
    divide,
    text,
)

WORTH = 1000
"""A finding: a price step brings more than 1/WORTH of net sales."""


def menu(figures: Figures) -> Section:
    """Four lists, a scatter, and the effect of a small step in a plowhorse's price."""
    ranked, total, currency = figures.ranked, figures.total, figures.currency
    if total.costed_net <= 0:
        key = "menu.no_costed_sales" if figures.has_costs else "menu.no_costs"
        return Section("menu", (text(key),))
    sentences = [
        text(
            "menu.coverage",
            share=share(*total.cost_coverage, total.receipts, decimals=0),
            margin=ratio(*total.margin, total.receipts),
            before_tax=ratio(*total.margin_before_tax, total.receipts),
            profit=Money(total.gross_profit, currency),
        )
    ]
    dishes = classify_items(ranked)
    figures_out = {
        "dishes": [_as_figures(d, currency) for d in dishes],
        "margin": Percent(*total.margin),
        "margin_before_tax": Percent(*total.margin_before_tax),
        "cost_coverage": Percent(*total.cost_coverage),
    }
    if not dishes:
        few = text("menu.few", n=Count(MIN_FOR_PERCENT))
        return Section("menu", (*sentences, few), figures=figures_out)
    largest_first = sorted(dishes, key=lambda d: (-d.contribution, d.item))
    for kind in CLASSES:
        chosen = [d.item for d in largest_first if d.kind == kind]
        if chosen:
            sentences.append(text(f"menu.{kind}", n=Count(len(chosen)), names=names_of(chosen)))
    step, findings = _price_step(figures, dishes)
    rows = [
        (
            d.item,
            category_name(d.category),
            text(f"menu.{d.kind}_one"),
            d.units,
            divide(d.contribution * QUANTITY_UNIT, d.costed_units),
            d.contribution,
        )
        for d in largest_first
    ]
    columns = columns_of("item", "category", "class", "units", "unit_contribution", "contribution")
    title = text("menu.table")
    table = Table.from_rows("menu", title, columns, rows, currency, shown=15, is_detail=True)
    data = {
        "points": [
            (Name(d.item), d.popularity, d.profitability, d.kind, d.contribution) for d in dishes
        ],
        "kinds": {kind: text(f"menu.{kind}_one") for kind in CLASSES},
        "x": text("menu.x"),
        "y": text("menu.y"),
    }
    stars, total_dishes = Count(sum(d.kind == "star" for d in dishes)), Count(len(dishes))
    title, alt = text("menu.chart", n=stars, total=total_dishes), text("menu.alt", n=total_dishes)
    chart = Chart("scatter", "menu", title, alt, data)
    return Section(
        "menu",
        (*sentences, *step),
        charts=(chart,) if len(dishes) > 2 else (),
        tables=(table,),
        findings=findings,
        figures=figures_out,
    )


def _price_step(
    figures: Figures, dishes: list[MenuItem]
) -> tuple[tuple[Text, ...], tuple[Finding, ...]]:
    """Effect of a slightly higher price of the top plowhorse at the same volume.

    Only of what is sold outside combos: a combo has its own price.
    """
    horses = [
        d
        for d in dishes
        if d.kind == "plowhorse"
        and d.net_sales > 0
        and d.units > d.combo_units
        and enough(d.receipts)
    ]
    if not horses:
        return (), ()
    top = min(horses, key=lambda d: (d.combo_units - d.units, d.item))
    units = top.units - top.combo_units
    raise_by = price_step(divide(top.net_sales * QUANTITY_UNIT, units))
    worth = divide(raise_by * units, QUANTITY_UNIT)
    values: dict[str, Value] = {
        "item": Name(top.item),
        "step": Money(raise_by, figures.currency, signed=True),
        "worth": Money(worth, figures.currency),
        "n": Quantity(units),
        "combo": Quantity(top.combo_units) if top.combo_units else None,
    }
    # what some days bring is not what a month brings
    part = "_part" if len(figures.calendar) < len(dates_of_month(figures.month)) else ""
    finding = (
        (Finding(text(f"menu.finding{part}", **values), worth, "menu"),)
        if worth * WORTH > figures.total.net_sales > 0
        else ()
    )
    return (text(f"menu.step{part}", **values),), finding


def _as_figures(dish: MenuItem, currency: str) -> dict[str, object]:
    return {
        "item": dish.item,
        "category": dish.category or None,
        "class": dish.kind,
        "units": Quantity(dish.units),
        **amounts(
            currency,
            contribution=dish.contribution,
            unit_contribution=divide(dish.contribution * QUANTITY_UNIT, dish.costed_units),
        ),
    }
