"""Weekdays and order types: net sales per open day, by order type and weekday."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from fractions import Fraction

import pandas as pd

from reports.columns import columns_of
from reports.figures import Figures
from reports.figures.calendar import month_before
from reports.figures.money import PERCENT_BASE
from reports.figures.tables import rows_of, sort_rows
from reports.page import Chart, Finding, Section, Table
from reports.sections.comparison import enough, growth, share
from reports.sections.names import names_of
from reports.values import (
    Count,
    Money,
    Month,
    Name,
    Rate,
    Series,
    Value,
    Weekday,
    divide,
    text,
)

KNOWN = ("dine_in", "takeaway", "delivery", "app", "unmapped")
PANELS = 4
Weekdays = Mapping[int, tuple[int, int, int]]
"""(net sales, receipts, open days) by weekday."""
FALL = 20
"""A finding: a weekday that sold more than one in FALL less per open day than the month before."""


def channel_name(channel: str) -> Value:
    return text(f"channel.{channel}") if channel in KNOWN else Name(channel)


def by_weekday(days: pd.DataFrame) -> dict[int, tuple[int, int, int]]:
    """weekday -> (net sales, receipts, open days).

    A day is open on which any store sold.
    """
    if days.empty:
        return {}
    weekday = days["business_day"].map(date.weekday)
    sums = days.groupby(weekday)[["net_sales", "receipts"]].sum()
    opened = days[days["receipts"] > 0]
    counts = (
        opened.groupby(opened["business_day"].map(date.weekday))["business_day"].nunique().to_dict()
    )
    return {
        int(w): (int(r.net_sales), int(r.receipts), int(counts[w]))
        for w, r in sums.iterrows()
        if counts.get(w)
    }


def weekdays(figures: Figures) -> Section:
    """Table of weekdays, table of order types, small multiples of the two."""
    days, currency = figures.now["days"], figures.currency
    now = by_weekday(days)
    if not now:
        return Section("weekdays", (text("weekdays.empty"),))
    before = by_weekday(figures.before["days"]) if figures.before else {}
    ranked = [w for w in now if enough(now[w][1]) and now[w][0] > 0]
    best = max(ranked, key=lambda w: (Fraction(now[w][0], now[w][2]), -w), default=None)
    worst = min(ranked, key=lambda w: (Fraction(now[w][0], now[w][2]), w), default=None)
    channels = days.groupby("channel", sort=True)[["net_sales", "receipts"]].sum().reset_index()
    channels = sort_rows(channels, "-net_sales", "channel")
    total_sum = int(channels["net_sales"].sum())
    lead, receipts = channels.iloc[0], figures.total.receipts
    sentences = []
    if best is not None and worst is not None and len(ranked) > 1:
        sentences.append(
            text(
                "weekdays.best",
                day=Weekday(best),
                net=_per_day(now[best], currency),
                worst=Weekday(worst),
                low=_per_day(now[worst], currency),
            )
        )
    elif len(now) == 1:
        (only,) = now
        sentences.append(
            text("weekdays.only", day=Weekday(only), net=_per_day(now[only], currency))
        )
    unranked = tuple(Weekday(w) for w in sorted(now) if w not in ranked)
    if len(now) > 1 and not ranked:
        sentences.append(text("weekdays.none_ranked", n=Count(PERCENT_BASE)))
    elif len(now) > 1 and unranked:
        sentences.append(text("weekdays.unranked", days=Series(unranked), n=Count(PERCENT_BASE)))
    if enough(receipts) and lead["net_sales"] > 0:
        sentences.append(
            text(
                "weekdays.channel",
                channel=channel_name(lead["channel"]),
                share=share(int(lead["net_sales"]), total_sum, receipts),
                net=Money(int(lead["net_sales"]), currency),
            )
        )
    unmapped = figures.now["quality"]
    unmapped = unmapped[
        (unmapped["check"] == "unmapped_channel")
        & (unmapped["subject"] != "")
        & (unmapped["count"] > 0)
    ]
    if len(unmapped):
        counts = (
            unmapped.groupby("subject", sort=True)["count"]
            .sum()
            .sort_values(ascending=False, kind="stable")
        )
        sentences.append(text("weekdays.unmapped", names=names_of(counts.index)))
    tables = [
        _weekday_table(figures, now, before),
        _channel_table(channels, total_sum, receipts, currency),
    ]
    return Section(
        "weekdays",
        tuple(sentences),
        charts=_charts(figures, days, channels, now, best),
        tables=tuple(tables),
        findings=_findings(figures, now, before),
        figures={
            "weekdays": {
                str(w): {
                    "net_sales": Money(n, currency),
                    "receipts": Count(r),
                    "open_days": Count(d),
                    "per_day": _per_day((n, r, d), currency),
                }
                for w, (n, r, d) in sorted(now.items())
            },
            "channels": {
                r.channel: {
                    "net_sales": Money(int(r.net_sales), currency),
                    "receipts": Count(int(r.receipts)),
                }
                for r in rows_of(channels)
            },
        },
    )


def _per_day(day: tuple[int, int, int], currency: str) -> Money:
    return Money(divide(day[0], day[2]), currency)


def _weekday_table(figures: Figures, now: Weekdays, before: Weekdays) -> Table:
    currency = figures.currency
    columns = [*columns_of("weekday", "open_days", "per_day", "receipts_per_day")]
    if before:
        columns += [*columns_of("before_per_day", "change")]
    rows: list[tuple[Value, ...]] = []
    for w in range(7):
        if w not in now:
            rows.append((Weekday(w), Count(0), *([None] * (len(columns) - 2))))
            continue
        row: list[Value] = [Weekday(w), Count(now[w][2]), _per_day(now[w], currency)]
        row.append(Rate(now[w][1], now[w][2]))
        if before:
            past = before.get(w)
            row += [
                _per_day(past, currency) if past else None,
                past and growth((now[w][0], now[w][2]), (past[0], past[2]), past[1]),
            ]
        rows.append(tuple(row))
    return Table("weekdays", text("weekdays.table"), tuple(columns), tuple(rows))


def _channel_table(channels: pd.DataFrame, total_sum: int, receipts: int, currency: str) -> Table:
    rows = tuple(
        (
            channel_name(r.channel),
            Count(int(r.receipts)),
            Money(int(r.net_sales), currency),
            share(int(r.net_sales), total_sum, receipts),
            Money(divide(int(r.net_sales), int(r.receipts)), currency) if r.receipts else None,
        )
        for r in rows_of(channels)
    )
    return Table(
        "channels",
        text("weekdays.channels"),
        columns_of("channel", "receipts", "net_sales", "share", "average_receipt"),
        rows,
    )


def _charts(
    figures: Figures, days: pd.DataFrame, channels: pd.DataFrame, now: Weekdays, best: int | None
) -> tuple[Chart, ...]:
    if len(now) < 2:
        return ()
    weekday = days["business_day"].map(date.weekday)
    sums = days.groupby([days["channel"], weekday])["net_sales"].sum().to_dict()
    panels = []
    for r in rows_of(channels.head(PANELS)):
        values = [
            divide(int(sums.get((r.channel, w), 0)), now[w][2]) if w in now else None
            for w in range(7)
        ]
        panels.append((channel_name(r.channel), values))
    title = text("weekdays.chart_plain")
    if best is not None:
        net = _per_day(now[best], figures.currency)
        title = text("weekdays.chart", day=Weekday(best), net=net)
    more = len(channels) - len(panels)
    return (
        Chart(
            "panels",
            "weekdays",
            title,
            text("weekdays.alt", n=Count(len(panels)), more=Count(more) if more else None),
            {
                "panels": panels,
                "ticks": [Weekday(w, short=True) for w in range(7)],
                "currency": figures.currency,
            },
        ),
    )


def _findings(figures: Figures, now: Weekdays, before: Weekdays) -> tuple[Finding, ...]:
    falls = []
    for w, (net, _, opened) in now.items():
        past = before.get(w)
        change = past and growth((net, opened), (past[0], past[2]), past[1])
        if change is None:
            continue
        usual = divide(before[w][0], before[w][2])
        lost = (usual - divide(net, opened)) * opened
        if lost * FALL > usual * opened:
            falls.append(
                Finding(
                    text(
                        "weekdays.finding",
                        day=Weekday(w),
                        change=change,
                        now=Money(divide(net, opened), figures.currency),
                        base=Money(usual, figures.currency),
                        month=Month(month_before(figures.month), short=True),
                    ),
                    lost,
                    "weekdays",
                )
            )
    return tuple(sorted(falls, key=lambda f: -f.size)[:2])
