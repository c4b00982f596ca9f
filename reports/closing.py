"""The daily and the weekly closing message, from the reports' figures.

Takes the summary tables of the month of a day and of those before. Returns message.json, which
`render.message` reads and `render.mail` and `render.slack` format. Usual is the mean of the
same weekday in the four weeks before, over open days; there is no percentage on under 20 receipts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction
from typing import Literal

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from reports.document import Finding, Section, Tile
from reports.figures import Figures, currencies
from reports.figures.calendar import month_before
from reports.figures.money import Totals, total
from reports.figures.special_days import special_days
from reports.figures.tables import Summaries, SummaryTables, names, store_names
from reports.plans import Plans
from reports.sections.cash_drawer import counted_of, over_and_short, result
from reports.sections.comparison import enough, net_growth
from reports.sections.goals import goals
from reports.values import (
    Count,
    Day,
    Money,
    Month,
    Name,
    Percent,
    Series,
    Text,
    Value,
    Weekday,
    amounts,
    divide,
    rounded,
    text,
)

Period = Literal["daily", "weekly"]
WEEKS, MIN_DAYS, MAX_FINDINGS = 4, 2, 3
"""Weeks before a day that its usual amount is the mean of, and how many of them must be open."""
FALL = 30
"""A store whose day is this many percent under its usual one is a finding."""
RETURNED = 5
"""Refunds of more than this percentage of gross sales are a finding."""


class RecentDays:
    """The days of the given months, by store."""

    def __init__(self, figures: Figures):
        self.figures = figures
        months = [
            SummaryTables(first, tables, figures.currency)["days"]
            for first, tables in figures.summaries.items()
        ]
        self.days = pd.concat(months, ignore_index=True)
        self.stores = store_names(figures.summaries, set(self.days["store_id"]))
        """Also those without sales in the month of the day."""
        labels = names(figures.summaries, "stores", "store_id", "timezone")
        self.zones = {labels[store] for store in self.stores if store in labels}

    def base(self, days: Sequence[date]) -> Totals | None:
        """The totals of days to compare with.

        None if they had no sale, or some are before the history.
        """
        starts = self.figures.history_starts
        base = self.sum_of(days)
        return base if base.receipts and not (starts and days[0] < starts) else None

    def sum_of(self, days: Sequence[date], store: str = "") -> Totals:
        """The totals of these days."""
        rows = self.days[self.days["business_day"].isin(list(days))]
        return total(rows[rows["store_id"] == store] if store else rows)

    def usual(self, days: Sequence[date], store: str = "") -> Totals | None:
        """The totals usual for these days; None where too few such days were open.

        A weekday that was hardly open, such as a weekly closing day, adds nothing.
        """
        opened_days = []
        for day in days:
            past = [self.sum_of([day - timedelta(7 * k)], store) for k in range(1, WEEKS + 1)]
            opened = [part for part in past if part.receipts]
            if len(opened) >= MIN_DAYS:
                opened_days.append(opened)
        if not opened_days:
            return None
        sums = {}
        for name in ("receipts", "net_sales", "gross_sales"):
            means = (Fraction(sum(getattr(p, name) for p in o), len(o)) for o in opened_days)
            sums[name] = rounded(sum(means, Fraction()))
        return Totals(**sums)


def compose_closing_message(
    period: Period,
    day: date,
    summaries: Summaries,
    *,
    lake_decimals: int,
    plans: Plans | None = None,
    history_starts: date | None = None,
    shifts: pa.Table | None = None,
    currency: str = "",
) -> tuple[Text, tuple[str, ...], list[Section]]:
    """Title, currencies and sections of the message that ends with `day`.

    `currency` is that of a month that has neither sales nor stores.
    """
    month = day.replace(day=1)
    summaries = {**summaries, month: _until(day, summaries[month])}
    shown = currencies(summaries[month]) or (currency,)
    sections: list[Section] = []
    sold: list[Money] = []
    days = [day] if period == "daily" else [day - timedelta(n) for n in range(6, -1, -1)]
    for currency in shown:
        figures = Figures(
            month,
            day,
            currency,
            summaries,
            history_starts=history_starts,
            plans=plans or Plans(),
            lake_decimals=lake_decimals,
            shift_table=shifts,
        )
        recent_days = RecentDays(figures)
        now = recent_days.sum_of(days)
        if now.receipts or now.refund_receipts:
            sold.append(Money(now.net_sales, currency))
        sections += _sections(period, days, recent_days)
    net = Series(tuple(sold)) if sold else None
    title = text(f"{period}.heading", day=Day(day, long=True), net=net)
    return title, shown, sections


def _until(day: date, tables: Mapping[str, pa.Table]) -> dict[str, pa.Table]:
    """`tables` without later days; those without days are of the complete month."""
    return {
        name: table.filter(pc.less_equal(table["business_day"], pa.scalar(day)))
        if "business_day" in table.column_names
        else table
        for name, table in tables.items()
    }


def _sections(period: Period, days: Sequence[date], recent_days: RecentDays) -> list[Section]:
    figures, day = recent_days.figures, days[-1]
    week = [day - timedelta(n) for n in range(day.weekday(), -1, -1)]
    parts = [_lead(period, days, recent_days)]
    if period == "daily" and len(week) > 1:
        parts.append(_week(week, recent_days))
    parts.append(_month(figures))
    if period == "daily":
        parts += _cash(day, figures)
    findings = _findings(days, recent_days)
    if findings:
        parts.append(Section("closing_attention", attention=tuple(findings)))
    return [replace(part, currency=figures.currency) for part in parts]


def _lead(period: Period, days: Sequence[date], recent_days: RecentDays) -> Section:
    """What was sold, against what is usual (a day) or the week before."""
    figures, now = recent_days.figures, recent_days.sum_of(days)
    currency = figures.currency
    if not now.receipts and not now.refund_receipts:
        return Section(period, (text(f"{period}.empty"),))
    if period == "daily":
        base, name = recent_days.usual(days), text("daily.usual", day=Weekday(days[0].weekday()))
    else:
        before = [day - timedelta(7) for day in days]
        base = recent_days.base(before)
        name = text("weekly.before")
    sentences = [_change("net", now, base, name, currency)]
    stores = recent_days.stores
    noted = special_days(recent_days.zones, days, figures.plans, stores.values())
    if noted:
        named = [
            text("closing.noted", day=Weekday(day.weekday()), notes=Series(tuple(notes)))
            for day, notes in sorted(noted.items())
        ]
        sentences.append(text("closing.notes", days=Series(tuple(named))))
    if period == "weekly" and enough(now.receipts):
        best = max(days, key=lambda d: (recent_days.sum_of([d]).net_sales, d))
        net = Money(recent_days.sum_of([best]).net_sales, currency)
        sentences.append(text("weekly.best", day=Day(best, long=True, short=True), net=net))
    return Section(period, tuple(sentences), tiles=_tiles(now, base, name, currency))


def _change(key: str, now: Totals, base: Totals | None, name: Value, currency: str) -> Text:
    """ "Net sales of X, +6 % on a usual Friday (Y)"."""
    change = base and net_growth(now, base)
    return text(
        f"closing.{key}",
        net=Money(now.net_sales, currency),
        change=change or None,
        base=Money(base.net_sales, currency) if base else None,
        name=name if base else None,
    )


def _tiles(now: Totals, base: Totals | None, name: Value, currency: str) -> tuple[Tile, ...]:
    def tile(key: str, value: Value, usual: Value) -> Tile:
        notes = (text("closing.base", base=usual, name=name),) if usual is not None else ()
        return Tile(text(f"tile.{key}"), value, notes)

    def average(part: Totals) -> Value:
        return Money(divide(*part.average_receipt), currency) if part.receipts else None

    def measures(part: Totals) -> tuple[Value, ...]:
        return Money(part.net_sales, currency), Count(part.receipts), average(part)

    usual = measures(base) if base else (None, None, None)
    keys = ("net_sales", "receipts", "average_receipt")
    return (
        *(tile(*values) for values in zip(keys, measures(now), usual, strict=True)),
        tile("refunds", Money(now.refunds, currency), None),
    )


def _week(week: Sequence[date], recent_days: RecentDays) -> Section:
    before = [day - timedelta(7) for day in week]
    base, name = recent_days.base(before), text("closing.same_days")
    sentence = _change("so_far", recent_days.sum_of(week), base, name, recent_days.figures.currency)
    return Section("closing_week", (sentence,))


def _month(figures: Figures) -> Section:
    """The month so far, against the same days of the month before and the goal.

    A month in which the history begins is no base, as in the monthly report.
    """
    first, starts = month_before(figures.month), figures.history_starts
    base = None if starts and first < starts else figures.total_before
    name = text("closing.month_before", month=Month(first))
    sentence = _change("so_far", figures.total, base, name, figures.currency)
    course = goals(figures)
    return Section("closing_month", (sentence, *(course.sentences if course.figures else ())))


def _cash(day: date, figures: Figures) -> list[Section]:
    """Cash over or short on the day; no section where nothing was counted."""
    if figures.shifts.empty:
        return []
    shifts = figures.shifts[figures.shifts["business_day"] == day]
    counted = counted_of(shifts)
    sentence = result(len(counted), *over_and_short(counted), figures.currency)
    return [Section("closing_cash", (sentence,))] if sentence else []


def _findings(days: Sequence[date], recent_days: RecentDays) -> list[Finding]:
    """Stores far under their usual, high refunds: MAX_FINDINGS, largest first."""
    figures = recent_days.figures
    findings = []
    for store, name in recent_days.stores.items():
        now, usual = recent_days.sum_of(days, store), recent_days.usual(days, store)
        if len(recent_days.stores) < 2 or usual is None or not enough(usual.receipts):
            continue
        lost = usual.net_sales - now.net_sales
        if usual.net_sales > 0 and 100 * lost > FALL * usual.net_sales:
            values = amounts(figures.currency, net=now.net_sales, usual=usual.net_sales)
            sentence = text("closing.store", store=Name(name), **values)
            findings.append(Finding(sentence, lost, "stores"))
    now = recent_days.sum_of(days)
    if enough(now.receipts) and 100 * now.refunds > RETURNED * now.gross_sales:
        sentence = text(
            "closing.refunds",
            amount=Money(now.refunds, figures.currency),
            share=Percent(now.refunds, now.gross_sales),
            n=Count(now.refund_receipts),
        )
        findings.append(Finding(sentence, now.refunds, "tenders"))
    return sorted(findings, key=lambda finding: -finding.size)[:MAX_FINDINGS]
