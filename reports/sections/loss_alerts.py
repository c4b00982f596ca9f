"""Loss alerts: findings about high refunds, discounts and cancelled receipts."""

from __future__ import annotations

from reports.document import Finding
from reports.figures import Figures
from reports.figures.money import MIN_FOR_PERCENT
from reports.sections.comparison import before_name, enough
from reports.sections.names import employee_name
from reports.values import Count, Money, Percent, Points, Value, text

REFUNDS_HIGH, RISE = (3, 100), (1, 100)
"""Limits of a finding: refunds above 3 % of gross, or discounts 1 point above the month before."""
HIGH_CANCELLATIONS = 200
"""A finding: the amount of cancelled receipts exceeds 1/HIGH_CANCELLATIONS of gross sales."""
SHARE_OF_CANCELLATIONS = 2
"""A finding: one employee made more than 1/SHARE_OF_CANCELLATIONS of the cancellations."""


def find_loss_alerts(figures: Figures) -> list[Finding]:
    """Shares of gross sales against fixed bounds, and against the month before."""
    total, before, currency = figures.total, figures.total_before, figures.currency
    findings: list[Finding] = []

    def add(key: str, amount: int, size: int | None = None, **values: Value) -> None:
        sentence = text(f"tenders.{key}", amount=Money(amount, currency), **values)
        findings.append(Finding(sentence, amount if size is None else size, "tenders"))

    if (
        total.receipts >= MIN_FOR_PERCENT
        and total.gross_sales > 0
        and total.refunds * REFUNDS_HIGH[1] > total.gross_sales * REFUNDS_HIGH[0]
    ):
        add("high_refunds", total.refunds, share=Percent(*total.refund_share))
    if (
        before
        and enough(total.receipts, before.receipts)
        and total.gross_sales > 0
        and before.gross_sales > 0
    ):
        rise = total.discounts * before.gross_sales - before.discounts * total.gross_sales
        if rise * RISE[1] > RISE[0] * total.gross_sales * before.gross_sales:
            add(
                "more_discounts",
                total.discounts,
                rise // before.gross_sales,
                points=Points(*total.discount_share, *before.discount_share),
                month=before_name(figures),
            )
    if (
        total.receipts >= MIN_FOR_PERCENT
        and total.cancelled_total * HIGH_CANCELLATIONS > total.gross_sales
    ):
        add(
            "high_cancellations",
            total.cancelled_total,
            n=Count(total.cancelled_receipts),
            month=before_name(figures) if before else None,
            past=Count(before.cancelled_receipts) if before else None,
            was=Money(before.cancelled_total, currency) if before else None,
        )
    staff = figures.now["staff"]
    cancellations = (
        staff[staff["employee_id"].notna()]
        .groupby("employee_id", sort=True)[["cancelled_receipts", "cancelled_total"]]
        .sum()
    )
    cancelled = int(staff["cancelled_receipts"].sum())
    if cancelled >= MIN_FOR_PERCENT and len(cancellations) > 1:
        top = cancellations.sort_values("cancelled_receipts", kind="stable").iloc[-1]
        if int(top["cancelled_receipts"]) * SHARE_OF_CANCELLATIONS > cancelled:
            add(
                "cancellations",
                int(top["cancelled_total"]),
                employee=employee_name(figures, str(top.name)),
                n=Count(int(top["cancelled_receipts"])),
                total=Count(cancelled),
            )
    return findings
