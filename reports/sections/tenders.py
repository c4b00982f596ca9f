"""Section 14. Payments, discounts, refunds, voids: by tender, by discount, by item returned and by
who did it.
"""

from __future__ import annotations

import pandas as pd

from reports.figures import Figures
from reports.figures.calendar import month_before
from reports.page import Chart, Column, Section, Table
from reports.sections.comparison import enough, ratio, share, too_few
from reports.sections.loss_alerts import find_loss_alerts
from reports.sections.names import employee_name
from reports.values import Count, Money, Month, Name, Quantity, Text, Value, text


def tenders(figures: Figures) -> Section:
    """Money by payment type (sales, paid back, left), then what was given, returned and voided."""
    by_tender = _by_tender(figures.now["tenders"])
    given = _by_discount(figures.now["discounts"])
    total, currency = figures.total, figures.currency
    if by_tender.empty and given.empty and not total.cancelled_receipts:
        return Section("tenders", (text("tenders.empty"),))
    said, tables, charts = [], [], []
    if len(by_tender):
        whole, lead = int(by_tender["amount"].sum()), by_tender.iloc[0]
        if not enough(total.receipts):
            said.append(too_few())
        elif lead["amount"] > 0:
            said.append(
                text(
                    "tenders.lead",
                    tender=Name(lead["tender"]),
                    amount=Money(int(lead["amount"]), currency),
                    share=share(int(lead["amount"]), whole, total.receipts),
                )
            )
        tables.append(_tender_table(by_tender, whole, total.receipts, currency))
        charts += _chart(figures, by_tender, whole)
    said += _said(figures)
    if len(given):
        whole, receipts = int(given["amount"].sum()), int(given["receipts"].max())
        tables.append(
            Table(
                "discounts",
                text("tenders.discounts"),
                (
                    Column("discount"),
                    Column("receipts", "count"),
                    Column("given", "money"),
                    Column("share_of_discounts", "percent"),
                ),
                tuple(
                    (
                        Name(r.name),
                        Count(int(r.receipts)),
                        Money(int(r.amount), currency),
                        share(int(r.amount), whole, receipts),
                    )
                    for r in given.itertuples(index=False)
                ),
            )
        )
    refunded = figures.now["refunded_items"]
    if len(refunded):
        tables += _refunds(figures, refunded)
    return Section(
        "tenders",
        tuple(said),
        charts=tuple(charts),
        tables=tuple(tables),
        findings=tuple(find_loss_alerts(figures)),
        figures={
            "tenders": [_machine(r, currency) for r in by_tender.itertuples(index=False)],
            "stores": {
                store: [_machine(r, currency) for r in _by_tender(part).itertuples(index=False)]
                for store, part in figures.now["tenders"].groupby("store_id", sort=True)
            },
            "discounts": [
                {
                    "name": r.name,
                    "type": r.type,
                    "receipts": int(r.receipts),
                    "amount": Money(int(r.amount), currency),
                }
                for r in given.itertuples(index=False)
            ],
            "refunded_items": [
                {
                    "item": r.item,
                    "units": Quantity(int(r.units)),
                    "receipts": int(r.receipts),
                    "refunds": Money(int(r.refunds), currency),
                }
                for r in (
                    refunded.groupby("item", sort=True)[["receipts", "units", "refunds"]]
                    .sum()
                    .reset_index()
                    .itertuples(index=False)
                )
            ],
            "cancelled": {
                "receipts": total.cancelled_receipts,
                "total": Money(total.cancelled_total, currency),
            },
        },
    )


def _by_tender(tenders: pd.DataFrame) -> pd.DataFrame:
    sums = tenders.groupby(["tender", "tender_type"], sort=True)[
        ["payments", "refund_payments", "sales_amount", "refunds_amount"]
    ].sum()
    sums = sums.reset_index()
    sums["amount"] = sums["sales_amount"] - sums["refunds_amount"]
    return sums.sort_values(
        ["amount", "tender", "tender_type"], ascending=[False, True, True], kind="stable"
    ).reset_index(drop=True)


def _by_discount(discounts: pd.DataFrame) -> pd.DataFrame:
    sums = (
        discounts.groupby(["name", "type"], sort=True)[["receipts", "amount"]].sum().reset_index()
    )
    return sums.sort_values(
        ["amount", "name", "type"], ascending=[False, True, True], kind="stable"
    ).reset_index(drop=True)


def _machine(row: tuple, currency: str) -> dict[str, Value | str | int]:
    amounts = {
        n: Money(int(getattr(row, n)), currency)
        for n in ("sales_amount", "refunds_amount", "amount")
    }
    return {
        "tender": row.tender,
        "type": row.tender_type,
        "payments": int(row.payments),
        "refund_payments": int(row.refund_payments),
        **amounts,
    }


def _tender_table(sums: pd.DataFrame, whole: int, receipts: int, currency: str) -> Table:
    rows = [
        (
            Name(r.tender),
            Count(int(r.payments)),
            Money(int(r.sales_amount), currency),
            Money(-int(r.refunds_amount), currency),
            Money(int(r.amount), currency),
            share(int(r.amount), whole, receipts),
        )
        for r in sums.itertuples(index=False)
    ]
    rows.append(
        (
            text("tenders.sum"),
            Count(int(sums["payments"].sum())),
            Money(int(sums["sales_amount"].sum()), currency),
            Money(-int(sums["refunds_amount"].sum()), currency),
            Money(whole, currency),
            share(whole, whole, receipts),
        )
    )
    columns = (
        Column("tender"),
        Column("payments", "count"),
        Column("from_sales", "money"),
        Column("paid_back", "money"),
        Column("left", "money"),
        Column("share", "percent"),
    )
    return Table(
        "tenders", text("tenders.table"), columns, tuple(rows), frozenset({len(rows) - 1}), shown=15
    )


def _chart(figures: Figures, sums: pd.DataFrame, whole: int) -> list[Chart]:
    if len(sums) < 2:
        return []
    receipts = figures.total.receipts
    earlier = _by_tender(figures.whole_before["tenders"]) if figures.whole_before else None
    past = (
        {r.tender: int(r.amount) for r in earlier.itertuples(index=False)}
        if earlier is not None
        else {}
    )
    rows = [
        (
            Name(r.tender),
            text(
                "tenders.bar",
                amount=Money(int(r.amount), figures.currency, compact=True),
                share=share(int(r.amount), whole, receipts, decimals=0),
            ),
            int(r.amount),
            0,
            past.get(r.tender, 0) if past else None,
        )
        for r in sums.head(10).itertuples(index=False)
    ]
    lead = sums.iloc[0]
    part = share(int(lead["amount"]), whole, receipts, decimals=0)
    return [
        Chart(
            "ranking",
            "tenders",
            text(
                "tenders.chart" if part else "tenders.chart_plain",
                tender=Name(lead["tender"]),
                share=part,
            ),
            text("tenders.alt", n=Count(len(rows))),
            {
                "rows": rows,
                "name": Month(figures.month, short=True),
                "part_name": None,
                "before_name": Month(month_before(figures.month), short=True) if past else None,
            },
        )
    ]


def _said(figures: Figures) -> list[Text]:
    total, currency = figures.total, figures.currency
    said = []
    if total.discounts:
        said.append(
            text(
                "tenders.given",
                amount=Money(total.discounts, currency),
                share=ratio(*total.discount_share, total.receipts),
            )
        )
    if total.points_discounts:
        said.append(text("tenders.points", amount=Money(total.points_discounts, currency)))
    if total.refunds:
        said.append(
            text(
                "tenders.refunded",
                amount=Money(total.refunds, currency),
                share=ratio(*total.refund_share, total.receipts),
                n=Count(total.refund_receipts),
            )
        )
    said.append(
        text(
            "tenders.voided" if total.cancelled_receipts else "tenders.no_voids",
            n=Count(total.cancelled_receipts),
            amount=Money(total.cancelled_total, currency),
        )
    )
    return said


def _refunds(figures: Figures, refunded: pd.DataFrame) -> list[Table]:
    currency, made = figures.currency, []
    sums = refunded.groupby("item", sort=True)[["units", "refunds"]].sum().reset_index()
    sums = sums.sort_values(["refunds", "item"], ascending=[False, True], kind="stable")
    made.append(
        Table(
            "refunded-items",
            text("tenders.by_item"),
            (Column("item"), Column("units", "quantity"), Column("refunded", "money")),
            tuple(
                (Name(r.item), Quantity(int(r.units)), Money(int(r.refunds), currency))
                for r in sums.itertuples(index=False)
            ),
            shown=5,
        )
    )
    staff = figures.now["staff"]
    people = (
        staff.assign(employee_id=staff["employee_id"].fillna(""))
        .groupby("employee_id", sort=True)[
            ["refund_receipts", "refunds", "cancelled_receipts", "cancelled_total"]
        ]
        .sum()
        .reset_index()
    )
    people = people[(people["refund_receipts"] > 0) | (people["cancelled_receipts"] > 0)]
    people = people.sort_values(["refunds", "employee_id"], ascending=[False, True], kind="stable")
    if len(people):
        made.append(
            Table(
                "refunds-by-employee",
                text("tenders.by_employee"),
                (
                    Column("employee"),
                    Column("refund_receipts", "count"),
                    Column("refunded", "money"),
                    Column("cancelled_receipts", "count"),
                    Column("cancelled", "money"),
                ),
                tuple(
                    (
                        employee_name(figures, r.employee_id),
                        Count(int(r.refund_receipts)),
                        Money(int(r.refunds), currency),
                        Count(int(r.cancelled_receipts)),
                        Money(int(r.cancelled_total), currency),
                    )
                    for r in people.itertuples(index=False)
                ),
                shown=8,
            )
        )
    return made
