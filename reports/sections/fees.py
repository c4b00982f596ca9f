"""What remains after card fees and delivery commissions."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

from reports.columns import columns_of
from reports.figures import Figures
from reports.figures.tables import rows_of, sum_by
from reports.page import Section, Table
from reports.plans import Fee
from reports.sections.comparison import ratio
from reports.values import Count, Money, Name, text


def fee_of(fee: Fee, amount: int, payments: int, lake_decimals: int) -> int:
    """The fee on `amount` (sales less what was paid back) and `payments`, in units."""
    fixed = fee.fixed * payments * 10**lake_decimals
    return int((fee.rate * Decimal(amount) + fixed).quantize(Decimal(1), ROUND_HALF_UP))


def fees(figures: Figures) -> Section:
    """Each payment type with a fee in config/fees.toml."""
    fee_by_tender = {fee.tender: fee for fee in figures.plans.fees}
    sums = sum_by(
        figures.now["tenders"], ["tender"], ["payments", "sales_amount", "refunds_amount"]
    )
    rows, currency, total_fee, total_amount = [], figures.currency, 0, 0
    for row in rows_of(sums):
        if row.tender not in fee_by_tender:
            continue
        amount, count = int(row.sales_amount - row.refunds_amount), int(row.payments)
        fee = fee_of(fee_by_tender[row.tender], amount, count, figures.lake_decimals)
        total_fee, total_amount = total_fee + fee, total_amount + amount
        rows.append(
            (
                Name(row.tender),
                Count(count),
                Money(amount, currency),
                Money(fee, currency),
                Money(amount - fee, currency),
                ratio(fee, amount, count),
            )
        )
    if not rows:
        return Section("fees", (text("fees.none"),))
    rows.sort(key=lambda row: -row[3].units)
    lead = text(
        "fees.lead",
        fee=Money(total_fee, currency),
        amount=Money(total_amount, currency),
        share=ratio(total_fee, figures.total.net_sales, figures.total.receipts),
    )
    columns = columns_of("tender", "payments", "collected", "fee", "remains", "of_amount")
    table = Table("fees", text("fees.table"), columns, tuple(rows))
    stated = {
        "fees": {row[0].text: {"amount": row[2], "fee": row[3]} for row in rows},
        "total": Money(total_fee, currency),
    }
    return Section("fees", (lead,), tables=(table,), notes=(text("fees.estimate"),), figures=stated)
