"""Payments, discounts, refunds and cancelled receipts."""

from __future__ import annotations

import pandas as pd

from reports.columns import columns_of, figure_rows
from reports.document import Chart, Section, Table
from reports.figures import Figures
from reports.figures.tables import rows_of, sum_by
from reports.sections.comparison import Bar, enough, ranking, ratio, share, too_few
from reports.sections.loss_alerts import find_loss_alerts
from reports.sections.names import employee_name
from reports.values import Count, Money, Name, Text, amounts, text


def tenders(figures: Figures) -> Section:
    """Money by payment type (tender), then discounts, refunds and cancellations."""
    by_tender = _by_tender(figures.now["tenders"])
    given = sum_by(figures.now["discounts"], ["name", "type"], ["receipts", "amount"], "amount")
    total, currency = figures.total, figures.currency
    if by_tender.empty and given.empty and not total.cancelled_receipts:
        return Section("tenders", (text("tenders.empty"),))
    sentences, tables, charts = [], [], []
    if len(by_tender):
        collected, lead = int(by_tender["amount"].sum()), by_tender.iloc[0]
        if not enough(total.receipts):
            sentences.append(too_few())
        elif lead["amount"] > 0:
            tender, values = Name(lead["tender"]), amounts(currency, amount=lead["amount"])
            part = share(int(lead["amount"]), collected, total.receipts)
            sentences.append(text("tenders.lead", tender=tender, share=part, **values))
        tables.append(_tender_table(by_tender, collected, total.receipts, currency))
        charts += _chart(figures, by_tender, collected)
    sentences += _sentences(figures)
    if len(given):
        named = sum_by(given, ["name"], ["receipts", "amount"], "amount")
        given_total, receipts = int(named["amount"].sum()), int(named["receipts"].max())
        cells = named.assign(share=[share(int(n), given_total, receipts) for n in named["amount"]])
        columns = columns_of(
            discount="name", receipts="receipts", given="amount", share_of_discounts="share"
        )
        title = text("tenders.discounts")
        tables.append(Table.from_frame("discounts", title, cells, columns, currency))
    refunded = figures.now["refunded_items"]
    items = sum_by(refunded, ["item"], ["units", "refunds"], "refunds")
    columns, title = columns_of("item", "units", refunded="refunds"), text("tenders.by_item")
    tables.append(Table.from_frame("refunded-items", title, items, columns, currency, shown=5))
    tables += _by_employee(figures)
    figures_out = {
        "tenders": _as_figures(by_tender, currency),
        "stores": {
            store: _as_figures(_by_tender(part), currency)
            for store, part in figures.now["tenders"].groupby("store_id", sort=True)
        },
        "discounts": figure_rows(given, currency, "name type receipts amount"),
        "refunded_items": figure_rows(
            sum_by(refunded, ["item"], ["receipts", "units", "refunds"]),
            currency,
            "item units receipts refunds",
        ),
        "cancelled": {
            "receipts": total.cancelled_receipts,
            "total": Money(total.cancelled_total, currency),
        },
    }
    findings = find_loss_alerts(figures)
    return Section(
        "tenders", sentences, charts=charts, tables=tables, findings=findings, figures=figures_out
    )


def _by_tender(tenders: pd.DataFrame) -> pd.DataFrame:
    sums = ["payments", "refund_payments", "sales_amount", "refunds_amount", "amount"]
    amount = tenders["sales_amount"] - tenders["refunds_amount"]
    return sum_by(tenders.assign(amount=amount), ["tender", "tender_type"], sums, "amount")


def _as_figures(sums: pd.DataFrame, currency: str) -> list[dict[str, object]]:
    names = "tender type payments refund_payments sales_amount refunds_amount amount"
    return figure_rows(sums.rename(columns={"tender_type": "type"}), currency, names)


def _tender_table(sums: pd.DataFrame, collected: int, receipts: int, currency: str) -> Table:
    """A row for each tender, and their sum as the last row."""
    total = sums.sum(numeric_only=True).to_frame().T.assign(tender=[text("tenders.sum")])
    cells = pd.concat([sums, total], ignore_index=True)
    cells["paid_back"] = -cells["refunds_amount"]
    cells["share"] = [share(int(amount), collected, receipts) for amount in cells["amount"]]
    columns = columns_of(
        "tender",
        "payments",
        from_sales="sales_amount",
        paid_back="paid_back",
        left="amount",
        share="share",
    )
    title, strong = text("tenders.table"), frozenset({len(sums)})
    return Table.from_frame("tenders", title, cells, columns, currency, shown=15, strong=strong)


def _chart(figures: Figures, sums: pd.DataFrame, collected: int) -> list[Chart]:
    if len(sums) < 2:
        return []
    receipts = figures.total.receipts
    earlier = _by_tender(figures.before_if_closed["tenders"]) if figures.before_if_closed else None
    past = {r.tender: int(r.amount) for r in rows_of(earlier)} if earlier is not None else {}
    rows = [
        Bar(
            Name(r.tender),
            text(
                "tenders.bar",
                amount=Money(int(r.amount), figures.currency, compact=True),
                share=share(int(r.amount), collected, receipts, decimals=0),
            ),
            int(r.amount),
            before=past.get(r.tender, 0) if past else None,
        )
        for r in rows_of(sums.head(10))
    ]
    lead = sums.iloc[0]
    part = share(int(lead["amount"]), collected, receipts, decimals=0)
    key = "tenders.chart" if part else "tenders.chart_plain"
    title = text(key, tender=Name(lead["tender"]), share=part)
    alt = text("tenders.alt", n=Count(len(rows)))
    return [ranking(figures.month, "tenders", title, alt, rows)]


def _sentences(figures: Figures) -> list[Text]:
    total, currency = figures.total, figures.currency
    sentences = []
    if total.discounts:
        part = ratio(*total.discount_share, total.receipts)
        sentences.append(text("tenders.given", amount=Money(total.discounts, currency), share=part))
    if total.points_discounts > 0:  # less: more points were given back than used
        sentences.append(text("tenders.points", amount=Money(total.points_discounts, currency)))
    if total.refunds:
        refunded, n = Money(total.refunds, currency), Count(total.refund_receipts)
        part = ratio(*total.refund_share, total.receipts)
        sentences.append(text("tenders.refunded", amount=refunded, share=part, n=n))
    key = "tenders.cancelled" if total.cancelled_receipts else "tenders.no_cancellations"
    cancelled, n = Money(total.cancelled_total, currency), Count(total.cancelled_receipts)
    return [*sentences, text(key, n=n, amount=cancelled)]


def _by_employee(figures: Figures) -> list[Table]:
    """Refunds and cancellations by employee, if there are any."""
    sums = ["refund_receipts", "refunds", "cancelled_receipts", "cancelled_total"]
    people = sum_by(figures.now["staff"], ["employee_id"], sums, "refunds")
    people = people[(people["refund_receipts"] > 0) | (people["cancelled_receipts"] > 0)]
    if people.empty:
        return []
    people = people.assign(employee=[employee_name(figures, e) for e in people["employee_id"]])
    columns = columns_of(
        "employee",
        "refund_receipts",
        refunded="refunds",
        cancelled_receipts="cancelled_receipts",
        cancelled="cancelled_total",
    )
    title, name = text("tenders.by_employee"), "refunds-by-employee"
    return [Table.from_frame(name, title, people, columns, figures.currency, shown=8)]
