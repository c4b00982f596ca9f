"""Weekdays and order types: net sales per open day, by order type and weekday."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from fractions import Fraction

import pandas as pd

from reports.columns import columns_of
from reports.document import Chart, Finding, Section, Table
from reports.figures import Figures
from reports.figures.money import MIN_FOR_PERCENT, by_day, sums_by
from reports.figures.tables import rows_of, sum_by
from reports.sections.comparison import before_name, enough, growth, share
from reports.sections.names import SHOWN, first_of
from reports.values import (
    Count,
    Money,
    Name,
    Rate,
    Series,
    Value,
    Weekday,
    amounts,
    divide,
    mean,
    text,
)

KNOWN = ("dine_in", "takeaway", "delivery", "app", "unmapped")
PANELS = 4
Weekdays = Mapping[int, tuple[int, int, int]]
"""(net sales, receipts, open days) by weekday."""
FALL = 20
"""A finding: a weekday that sold more than 1/FALL less per open day than the month before."""


def channel_name(channel: str) -> Value:
    return text(f"channel.{channel}") if channel in KNOWN else Name(channel)


def by_weekday(days: pd.DataFrame) -> dict[int, tuple[int, int, int]]:
    """weekday -> (net sales, receipts, days on which any store sold)."""
    sums = sums_by(by_day(days), date.weekday)
    return {weekday: sums[weekday] for weekday in sorted(sums) if sums[weekday][2]}


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
    channels = sum_by(days, ["channel"], ["net_sales", "receipts"], "net_sales")
    net_sales = int(channels["net_sales"].sum())
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
        net = _per_day(now[only], currency)
        sentences.append(text("weekdays.only", day=Weekday(only), net=net))
    unranked = tuple(Weekday(w) for w in sorted(now) if w not in ranked)
    if len(now) > 1 and not ranked:
        sentences.append(text("weekdays.none_ranked", n=Count(MIN_FOR_PERCENT)))
    elif len(now) > 1 and unranked:
        sentences.append(text("weekdays.unranked", days=Series(unranked), n=Count(MIN_FOR_PERCENT)))
    if enough(receipts) and lead["net_sales"] > 0:
        part = share(int(lead["net_sales"]), net_sales, receipts)
        channel, values = channel_name(lead["channel"]), amounts(currency, net=lead["net_sales"])
        sentences.append(text("weekdays.channel", channel=channel, share=part, **values))
    quality = figures.now["quality"]
    is_unmapped = quality["check"] == "unmapped_channel"
    unmapped = quality[is_unmapped & (quality["count"] > 0)]
    if len(unmapped):
        types = sum_by(unmapped, ["subject"], ["count"], "count")["subject"]
        names = [Name(name) if name else text("weekdays.no_type") for name in types]
        sentences.append(text("weekdays.unmapped", names=first_of(names, SHOWN)))
    tables = [
        _weekday_table(figures, now, before),
        _channel_table(channels, net_sales, receipts, currency),
    ]
    figures_out = {
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
    }
    charts, findings = _charts(figures, channels, now, best), _findings(figures, now, before)
    return Section(
        "weekdays", sentences, charts=charts, tables=tables, findings=findings, figures=figures_out
    )


def _per_day(day: tuple[int, int, int], currency: str) -> Money:
    return Money(divide(day[0], day[2]), currency)


def _weekday_table(figures: Figures, now: Weekdays, before: Weekdays) -> Table:
    columns = [*columns_of("weekday", "open_days", "per_day", "receipts_per_day")]
    if before:
        columns += [*columns_of("before_per_day", "change")]
    rows = []
    for w in range(7):
        row: list[object] = [Weekday(w), 0]
        if w in now:
            net, receipts, opened = now[w]
            row = [Weekday(w), opened, divide(net, opened), Rate(receipts, opened)]
            if past := before.get(w):
                change = growth((net, opened), (past[0], past[2]), past[1])
                row += [divide(past[0], past[2]), change]
        rows.append(row + [None] * (len(columns) - len(row)))
    title = text("weekdays.table")
    return Table.from_rows("weekdays", title, tuple(columns), rows, figures.currency)


def _channel_table(channels: pd.DataFrame, net_sales: int, receipts: int, currency: str) -> Table:
    rows = [
        (
            channel_name(r.channel),
            r.receipts,
            r.net_sales,
            share(int(r.net_sales), net_sales, receipts),
            mean(r.net_sales, r.receipts),
        )
        for r in rows_of(channels)
    ]
    columns = columns_of("channel", "receipts", "net_sales", "share", "average_receipt")
    return Table.from_rows("channels", text("weekdays.channels"), columns, rows, currency)


def _charts(
    figures: Figures, channels: pd.DataFrame, now: Weekdays, best: int | None
) -> tuple[Chart, ...]:
    if len(now) < 2:
        return ()
    days, panels = figures.now["days"], []
    for channel in channels["channel"].head(PANELS):
        sums = sums_by(by_day(days[days["channel"] == channel]), date.weekday)
        values = [divide(sums.get(w, (0,))[0], now[w][2]) if w in now else None for w in range(7)]
        panels.append((channel_name(channel), values))
    title = text("weekdays.chart_plain")
    if best is not None:
        net = _per_day(now[best], figures.currency)
        title = text("weekdays.chart", day=Weekday(best), net=net)
    more = len(channels) - len(panels)
    data = {
        "panels": panels,
        "ticks": [Weekday(w, short=True) for w in range(7)],
        "currency": figures.currency,
    }
    alt = text("weekdays.alt", n=Count(len(panels)), more=Count(more) if more else None)
    return (Chart("panels", "weekdays", title, alt, data),)


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
            sentence = text(
                "weekdays.finding",
                day=Weekday(w),
                change=change,
                month=before_name(figures),
                **amounts(figures.currency, now=divide(net, opened), base=usual),
            )
            falls.append(Finding(sentence, lost, "weekdays"))
    return tuple(sorted(falls, key=lambda f: -f.size)[:2])
