"""Customers: new and returning, repeat rate, spend.

Only for receipts on which the POS names a customer.
"""

from __future__ import annotations

from reports.columns import columns_of
from reports.figures import Figures
from reports.figures.calendar import month_before
from reports.figures.customers import SMALL, Group, Visits
from reports.figures.money import PERCENT_BASE
from reports.page import Chart, Section, Table
from reports.sections.comparison import against_share, ratio
from reports.values import Count, Day, Money, Month, Percent, Rate, Text, Value, divide, text

MONTHS = 13


def customers(figures: Figures) -> Section:
    """Identified customers only; the identified share of receipts is always stated.

    Where one of new and returning is small, neither is shown: the other would tell it.
    """
    total, currency = figures.total, figures.currency
    now = figures.visits.get(figures.month)
    if now is None or now.everyone.customers == 0:
        return Section("customers", (text("customers.none"),))
    share = text(
        "customers.share",
        share=ratio(*total.identified_share, total.receipts),
        part=Count(total.identified_receipts),
        total=Count(total.receipts),
    )
    if now.everyone.customers < SMALL:
        return Section("customers", (share, text("customers.few", n=Count(SMALL))))
    sentences = [share]
    if now.is_known and min(now.new.customers, now.returning.customers) >= SMALL:
        sentences.append(
            text(
                "customers.lead",
                n=Count(now.everyone.customers),
                new=Count(now.new.customers),
                returning=Count(now.returning.customers),
                share=ratio(
                    now.returning.customers,
                    now.everyone.customers,
                    now.everyone.customers,
                    decimals=0,
                ),
            )
        )
    elif now.is_known:
        sentences.append(text("customers.count", n=Count(now.everyone.customers)))
    else:
        sentences.append(text("customers.first", n=Count(now.everyone.customers)))
    notes = (
        (text("customers.since", day=Day(figures.lake_starts)),)
        if now.is_known and figures.lake_starts
        else ()
    )
    once = now.everyone.customers - now.repeating
    if now.repeating >= SMALL and not 0 < once < SMALL:
        sentences.append(
            text(
                "customers.repeat",
                rate=ratio(now.repeating, now.everyone.customers, now.everyone.customers),
                n=Count(now.repeating),
            )
        )
        sentences += _before(figures, now)
    has_groups = now.is_known and not any(
        0 < group.customers < SMALL for group in (now.new, now.returning)
    )
    groups = [("everyone", now.everyone)] + (
        [("new", now.new), ("returning", now.returning)] if has_groups else []
    )
    rows = tuple(_row(name, group, currency) for name, group in groups)
    table = Table(
        "customers",
        text("customers.table"),
        columns_of("group", "customers", "receipts", "visits_each", "net_sales", "spend_each"),
        rows,
    )
    return Section(
        "customers",
        tuple(sentences),
        charts=_chart(figures),
        tables=(table,),
        notes=notes,
        figures={
            name: {
                "customers": group.customers,
                "receipts": group.receipts,
                "net_sales": Money(group.net_sales, currency),
            }
            for name, group in groups
            if group.customers >= SMALL
        }
        | {
            "identified_share": Percent(*total.identified_share),
            "repeat_rate": (
                Percent(now.repeating, now.everyone.customers)
                if now.repeating >= SMALL and not 0 < once < SMALL
                else None
            ),
        },
    )


def _before(figures: Figures, now: Visits) -> list[Text]:
    past = None if figures.through else figures.visits.get(month_before(figures.month))
    if past is None or past.everyone.customers < PERCENT_BASE or past.repeating < SMALL:
        return []
    return [
        text(
            "customers.repeat_against",
            note=against_share(
                (now.repeating, now.everyone.customers),
                (past.repeating, past.everyone.customers),
                past.month,
                now.everyone.customers,
                past.everyone.customers,
            ),
        )
    ]


def _row(name: str, group: Group, currency: str) -> tuple[Value, ...]:
    label = text(f"customers.{name}")
    if not group.customers:
        return label, Count(0), None, None, None, None
    return (
        label,
        Count(group.customers),
        Count(group.receipts),
        Rate(group.receipts, group.customers),
        Money(group.net_sales, currency),
        Money(divide(group.net_sales, group.customers), currency),
    )


def _chart(figures: Figures) -> tuple[Chart, ...]:
    """New upon returning, month by month; months whose groups are small are left out."""
    kept = [
        v
        for v in figures.visits.values()
        if v.is_known and min(v.new.customers, v.returning.customers) >= SMALL
    ][-MONTHS:]
    if len(kept) < 3 or kept[-1].month != figures.month:
        return ()
    last = kept[-1]
    return (
        Chart(
            "stack",
            "customers",
            text(
                "customers.chart",
                new=Count(last.new.customers),
                returning=Count(last.returning.customers),
            ),
            text("customers.alt", n=Count(len(kept))),
            {
                "labels": [Month(v.month, short=True) for v in kept],
                "base": [v.returning.customers for v in kept],
                "top": [v.new.customers for v in kept],
                "base_name": text("customers.returning"),
                "top_name": text("customers.new"),
            },
        ),
    )
