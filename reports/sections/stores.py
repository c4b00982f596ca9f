"""Stores and employees, if there are several."""

from __future__ import annotations

import pandas as pd

from reports.columns import columns_of, figure_rows
from reports.document import Chart, Finding, Section, Table, TableColumn
from reports.figures import Figures, Totals
from reports.figures.money import total_by
from reports.figures.tables import sum_by
from reports.sections.comparison import (
    Bar,
    before_name,
    enough,
    net_growth,
    ranking,
    share,
    too_few,
)
from reports.sections.items import same_weekdays_figures
from reports.sections.names import employee_name
from reports.values import Count, Money, Name, Percent, amounts, divide, mean, text

SHOWN = 15
FALL = 10
"""A finding: a store that fell by more than 1/FALL while the others together rose."""


def stores(figures: Figures) -> Section:
    """A table of the stores and one of the employees.

    The POS does not know working hours; sections/labour.py has those of the owner's file.
    """
    before = total_by(figures.before["days"], "store_id") if figures.before else {}
    sold = total_by(figures.now["days"], "store_id")
    # a store that closed is compared too, so that both columns add up to the shop
    by_store = {store: sold.get(store, Totals()) for store in sorted(sold.keys() | before.keys())}
    sums = ["receipts", "net_sales", "discounts", "refund_receipts", "refunds"]
    staff = sum_by(figures.now["staff"], ["employee_id"], sums, "net_sales")
    people = staff[staff["employee_id"] != ""]
    if len(by_store) < 2 and len(people) < 2:
        return Section("stores", (text("stores.alone"),))
    receipts = figures.total.receipts
    sentences, tables, charts = [], [], []
    if not enough(receipts):
        sentences.append(too_few())
    if len(by_store) > 1:
        ranked = sorted(by_store, key=lambda s: (-by_store[s].net_sales, s))
        net = by_store[ranked[0]].net_sales
        if enough(receipts) and net > 0:
            part = share(net, figures.total.net_sales, receipts)
            store, values = (
                Name(figures.compared_stores[ranked[0]]),
                amounts(figures.currency, net=net),
            )
            sentences.append(text("stores.lead", store=store, share=part, **values))
        tables.append(_store_table(figures, ranked, by_store, before))
        charts.append(_chart(figures, ranked[:SHOWN], by_store, before))
    if len(people) > 1:
        top = people.iloc[0]
        if enough(int(top["receipts"])) and top["net_sales"] > 0:
            average = divide(int(top["net_sales"]), int(top["receipts"]))
            sentences.append(
                text(
                    "stores.employee",
                    employee=employee_name(figures, top["employee_id"]),
                    n=Count(int(top["receipts"])),
                    average=Money(average, figures.currency),
                )
            )
        tables.append(_staff_table(figures, staff))
    figures_out = {
        "stores": {
            s: {
                "net_sales": Money(t.net_sales, figures.currency),
                "receipts": t.receipts,
                "share": Percent(t.net_sales, figures.total.net_sales),
            }
            for s, t in by_store.items()
        },
        "same_weekdays": same_weekdays_figures(
            figures.stores_on_same_weekdays or {}, "store", figures.currency
        ),
        "employees": figure_rows(
            staff.assign(employee=[figures.employees.get(e, e) for e in staff["employee_id"]]),
            figures.currency,
            "employee receipts net_sales discounts",
        ),
    }
    findings = _findings(figures, by_store, before)
    return Section(
        "stores", sentences, charts=charts, tables=tables, findings=findings, figures=figures_out
    )


def _store_table(
    figures: Figures, ranked: list[str], by_store: dict[str, Totals], before: dict[str, Totals]
) -> Table:
    columns = [*columns_of("store_name", "net_sales", "share", "receipts", "average_receipt")]
    if before:
        columns += [
            *columns_of("before", "change"),
            TableColumn("same_weekdays_change", "money", workbook_only=True),
        ]
    rows = []
    for store in ranked:
        total, past = by_store[store], before.get(store)
        row: list[object] = [
            figures.compared_stores[store],
            total.net_sales,
            share(total.net_sales, figures.total.net_sales, figures.total.receipts),
            total.receipts,
            mean(*total.average_receipt),
        ]
        if before:
            assert figures.stores_on_same_weekdays is not None  # as there is a month before
            row += [
                past.net_sales if past else None,
                net_growth(total, past) if past else None,
                figures.stores_on_same_weekdays[store].change,
            ]
        rows.append(row)
    title, currency = text("stores.table"), figures.currency
    return Table.from_rows("stores", title, tuple(columns), rows, currency, shown=SHOWN)


def _chart(
    figures: Figures, ranked: list[str], by_store: dict[str, Totals], before: dict[str, Totals]
) -> Chart:
    currency, lead, total = figures.currency, ranked[0], figures.total
    part = share(by_store[lead].net_sales, total.net_sales, total.receipts, decimals=0)
    rows = [
        Bar(
            Name(figures.compared_stores[s]),
            Money(by_store[s].net_sales, currency, compact=True),
            by_store[s].net_sales,
            before=before.get(s, Totals()).net_sales if before else None,
        )
        for s in ranked
    ]
    key = "stores.chart" if part else "stores.chart_plain"
    title = text(key, store=Name(figures.compared_stores[lead]), share=part)
    return ranking(figures.month, "stores", title, text("stores.alt", n=Count(len(rows))), rows)


def _staff_table(figures: Figures, staff: pd.DataFrame) -> Table:
    cells = staff.assign(
        employee=[employee_name(figures, employee) for employee in staff["employee_id"]],
        average_receipt=list(map(mean, staff["net_sales"], staff["receipts"])),
    )
    columns = columns_of(
        "employee", "receipts", "net_sales", "average_receipt", "discounts", "refund_receipts"
    )
    title = text("stores.staff")
    return Table.from_frame("employees", title, cells, columns, figures.currency, shown=SHOWN)


def _findings(
    figures: Figures, by_store: dict[str, Totals], before: dict[str, Totals]
) -> tuple[Finding, ...]:
    falls = []
    for store, total in by_store.items():
        past = before.get(store)
        if past is None or figures.total_before is None:
            continue
        change = net_growth(total, past)
        if change is None:
            continue
        lost = past.net_sales - total.net_sales
        others = (figures.total.net_sales - total.net_sales) - (
            figures.total_before.net_sales - past.net_sales
        )
        if lost * FALL > past.net_sales and others > 0:
            sentence = text(
                "stores.finding",
                store=Name(figures.compared_stores[store]),
                change=change,
                base=Money(past.net_sales, figures.currency),
                month=before_name(figures),
            )
            falls.append(Finding(sentence, lost, "stores"))
    return tuple(falls)
