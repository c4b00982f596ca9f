"""Identified customers: new and returning, repeat rate, spend."""

from __future__ import annotations

from reports.columns import columns_of
from reports.document import Chart, Section, Table
from reports.figures import Figures
from reports.figures.calendar import month_before
from reports.figures.customers import SMALL, Group, MonthCustomers
from reports.figures.money import MIN_FOR_PERCENT
from reports.sections.comparison import against_share, ratio
from reports.values import Count, Day, Money, Month, Percent, Rate, Text, divide, text

MONTHS = 13


def customers(figures: Figures) -> Section:
    """Identified customers only; the identified share of receipts is always stated.

    Where one of new and returning is small, neither is shown: the other would tell it.
    """
    total, currency = figures.total, figures.currency
    now = figures.customers_by_month.get(figures.month)
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
    everyone, new, returning = (group.customers for group in (now.everyone, now.new, now.returning))
    key = "customers.count" if now.has_earlier_months else "customers.first"
    if now.has_earlier_months and min(new, returning) >= SMALL:
        key = "customers.lead"
    lead = text(
        key,
        n=Count(everyone),
        new=Count(new),
        returning=Count(returning),
        share=ratio(returning, everyone, everyone, decimals=0),
    )
    sentences = [share, lead]
    notes = (
        (text("customers.since", day=Day(figures.customers_since)),)
        if now.has_earlier_months and figures.customers_since
        else ()
    )
    has_rate = _has_rate(now)
    if has_rate:
        rate = ratio(now.repeating, everyone, everyone)
        sentences.append(text("customers.repeat", rate=rate, n=Count(now.repeating)))
        sentences += _before(figures, now)
    has_groups = now.has_earlier_months and not any(
        0 < number < SMALL for number in (new, returning)
    )
    groups = {"everyone": now.everyone}
    if has_groups:
        groups |= {"new": now.new, "returning": now.returning}
    rows = [_row(name, group) for name, group in groups.items()]
    columns = columns_of("group", "customers", "receipts", "visits_each", "net_sales", "spend_each")
    title = text("customers.table" if has_groups else "customers.table_all")
    table = Table.from_rows("customers", title, columns, rows, currency)
    figures_out: dict[str, object] = {
        name: {
            "customers": group.customers,
            "receipts": group.receipts,
            "net_sales": Money(group.net_sales, currency),
        }
        for name, group in groups.items()
        if group.customers >= SMALL
    }
    figures_out["identified_share"] = Percent(*total.identified_share)
    figures_out["repeat_rate"] = Percent(now.repeating, everyone) if has_rate else None
    return Section(
        "customers",
        sentences,
        charts=_chart(figures),
        tables=(table,),
        notes=notes,
        figures=figures_out,
    )


def _has_rate(month: MonthCustomers) -> bool:
    """Whether neither those who came again nor the others are a small group."""
    others = month.everyone.customers - month.repeating
    return month.repeating >= SMALL and not 0 < others < SMALL


def _before(figures: Figures, now: MonthCustomers) -> list[Text]:
    past = None if figures.through else figures.customers_by_month.get(month_before(figures.month))
    if past is None or past.everyone.customers < MIN_FOR_PERCENT or not _has_rate(past):
        return []
    bases = now.everyone.customers, past.everyone.customers
    rates = (now.repeating, bases[0]), (past.repeating, bases[1])
    note = against_share(*rates, past.month, *bases)
    return [text("customers.repeat_against", note=note)]


def _row(name: str, group: Group) -> tuple[object, ...]:
    label, number = text(f"customers.{name}"), group.customers
    if not number:
        return label, 0, None, None, None, None
    each = Rate(group.receipts, number), group.net_sales, divide(group.net_sales, number)
    return label, number, group.receipts, *each


def _chart(figures: Figures) -> tuple[Chart, ...]:
    """New customers on top of returning ones, by month; small groups are left out."""
    kept = [
        v
        for v in figures.customers_by_month.values()
        if v.has_earlier_months and min(v.new.customers, v.returning.customers) >= SMALL
    ][-MONTHS:]
    if len(kept) < 3 or kept[-1].month != figures.month:
        return ()
    base, top = [v.returning.customers for v in kept], [v.new.customers for v in kept]
    data = {
        "labels": [Month(v.month, short=True) for v in kept],
        "base": base,
        "top": top,
        "base_name": text("customers.returning"),
        "top_name": text("customers.new"),
    }
    title = text("customers.chart", new=Count(top[-1]), returning=Count(base[-1]))
    alt = text("customers.alt", n=Count(len(kept)))
    return (Chart("stack", "customers", title, alt, data),)
