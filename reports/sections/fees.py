"""What remains after card fees and delivery commissions."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

from reports.columns import columns_of
from reports.document import Section, Table
from reports.figures import Figures
from reports.figures.tables import rows_of, sum_by
from reports.plans import Fee
from reports.sections.comparison import ratio
from reports.values import amounts, text


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
    rows, currency = [], figures.currency
    for row in rows_of(sums):
        if row.tender not in fee_by_tender:
            continue
        amount, count = int(row.sales_amount - row.refunds_amount), int(row.payments)
        fee = fee_of(fee_by_tender[row.tender], amount, count, figures.lake_decimals)
        rows.append((row.tender, count, amount, fee, amount - fee, ratio(fee, amount, count)))
    if not rows:
        return Section("fees", (text("fees.none"),))
    rows.sort(key=lambda row: -row[3])
    total_fee, total_amount = sum(row[3] for row in rows), sum(row[2] for row in rows)
    lead = text(
        "fees.lead",
        share=ratio(total_fee, figures.total.net_sales, figures.total.receipts),
        **amounts(currency, fee=total_fee, amount=total_amount),
    )
    columns = columns_of("tender", "payments", "collected", "fee", "remains", "of_amount")
    table = Table.from_rows("fees", text("fees.table"), columns, rows, currency)
    figures_out = {
        "fees": {row[0]: amounts(currency, amount=row[2], fee=row[3]) for row in rows},
        **amounts(currency, total=total_fee),
    }
    return Section(
        "fees", (lead,), tables=(table,), notes=(text("fees.estimate"),), figures=figures_out
    )
