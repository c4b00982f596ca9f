"""How the month went: six figures beside other months and the same weekdays."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date

from reports.document import Section, Tile
from reports.figures import Figures, Totals
from reports.figures.calendar import month_before
from reports.sections.bridge import as_figures
from reports.sections.comparison import (
    Pair,
    against,
    against_share,
    comparable,
    growth,
    net_growth,
    ratio,
    same_weekdays_base,
    share,
)
from reports.values import Count, Day, Money, Month, Text, Value, amounts, divide, text

FLAT = 5
"""A change of less than this many thousandths counts as none."""

Read = Callable[[Totals], Pair]


def headline(figures: Figures) -> Section:
    """Tiles, and sentences on net sales, their last day and their change."""
    total, currency = figures.total, figures.currency
    if total.receipts == 0 and total.refund_receipts == 0:
        return Section(
            "headline",
            sentences=(text("headline.empty", month=Month(figures.month)),),
            figures={"total": as_figures(total, currency)},
        )

    def money(pair: Pair) -> Value:
        return Money(divide(*pair), currency) if pair[1] else None

    refunds = Money(total.refunds, currency), total.refund_receipts
    identified = Count(total.identified_receipts), total.receipts
    tiles = (
        _tile(figures, "net_sales", lambda t: (t.net_sales, 1), money, with_same_weekdays=True),
        _tile(figures, "receipts", lambda t: (t.receipts, 1), _count, with_same_weekdays=True),
        _tile(figures, "average_receipt", lambda t: t.average_receipt, money),
        _profit(figures, money),
        _share(figures, "refunds", lambda t: t.refund_share, -1, *refunds),
        _share(figures, "identified", lambda t: t.identified_share, 0, *identified),
    )
    compared = {
        "total": total,
        "before": figures.total_before,
        "year_ago": figures.total_year_ago,
        "before_same_weekdays": figures.same_weekdays.base if figures.same_weekdays else None,
    }
    figures_out = {name: as_figures(t, currency) for name, t in compared.items() if t}
    if figures.same_weekdays:  # what rounding the scaled sums one by one leaves over is left out
        same_weekdays = as_figures(figures.same_weekdays.now, currency).items()
        residuals = ("difference", "unpaid")
        figures_out["now_same_weekdays"] = {
            name: value for name, value in same_weekdays if name not in residuals
        }
    return Section("headline", sentences=_lead(figures), tiles=tiles, figures=figures_out)


def _count(pair: Pair) -> Value:
    return Count(pair[0])


def _lead(figures: Figures) -> tuple[Text, ...]:
    total, before = figures.total, figures.total_before
    last = Day(figures.through) if figures.through else None
    values: dict[str, Value] = {"net": Money(total.net_sales, figures.currency), "day": last}
    month = Month(month_before(figures.month))
    compared = text("headline.same_days", month=month) if last else month
    phrases = []
    if before is None:
        key = "gap" if any(month < figures.month for month in figures.summaries) else "alone"
        phrases.append(text(f"headline.{key}", n=Count(total.receipts), month=month, **values))
    elif not comparable(figures):
        phrases.append(
            text(
                "headline.small",
                n=Count(total.receipts),
                month=compared,
                base=Money(before.net_sales, figures.currency),
                receipts=Count(before.receipts),
                **values,
            )
        )
    else:
        change = net_growth(total, before)
        assert change is not None  # as the months are comparable
        is_flat = 1000 * abs(change.part) < FLAT * change.base
        key = "flat" if is_flat else "changed"
        was = Money(before.net_sales, figures.currency)
        phrases.append(text(f"headline.{key}", change=change, base=was, month=compared, **values))
        base = same_weekdays_base(figures)
        same_weekdays_now = figures.same_weekdays.now.net_sales if figures.same_weekdays else 0
        if base and (same_weekdays_now, base.net_sales) != (total.net_sales, before.net_sales):
            same_weekdays = growth((same_weekdays_now, 1), (base.net_sales, 1), base.receipts)
            sums = amounts(figures.currency, now=same_weekdays_now, base=base.net_sales)
            phrases.append(text("headline.same_weekdays", change=same_weekdays, **sums))
    if last and _compared(figures):
        phrases.append(text("headline.compared"))
    return tuple(phrases)


def _compared(figures: Figures) -> list[tuple[date, Totals]]:
    """The months for comparison that the lake has."""
    months = (
        (month_before(figures.month), figures.total_before),
        (month_before(figures.month, 12), figures.total_year_ago),
    )
    return [(month, total) for month, total in months if total is not None]


def _tile(
    figures: Figures,
    name: str,
    read: Read,
    to_value: Callable[[Pair], Value],
    with_same_weekdays: bool = False,
) -> Tile:
    now = read(figures.total)
    notes = [
        against(now, read(total), to_value(read(total)), month, total.receipts)
        for month, total in _compared(figures)
    ]
    base = same_weekdays_base(figures)
    same_weekdays = (
        base
        and figures.same_weekdays
        and growth(read(figures.same_weekdays.now), read(base), base.receipts)
    )
    if with_same_weekdays and same_weekdays:
        notes.append(text("compare.same_weekdays", change=same_weekdays))
    return Tile(text(f"tile.{name}"), to_value(now), tuple(notes), 1)


def _profit(figures: Figures, money: Callable[[Pair], Value]) -> Tile:
    total = figures.total
    if total.costed_net <= 0:
        key = "headline.no_costed_sales" if figures.has_costs else "headline.no_costs"
        return Tile(text("tile.gross_profit"), None, (text(key),))
    tile = _tile(
        figures, "gross_profit", lambda t: (t.gross_profit, 1 if t.costed_net else 0), money
    )
    margin = ratio(*total.margin, total.receipts)
    if margin is None:
        return tile
    coverage = share(*total.cost_coverage, total.receipts, decimals=0)
    note = text("headline.margin", margin=margin, coverage=coverage)
    return replace(tile, notes=(note, *tile.notes))


def _share(figures: Figures, name: str, read: Read, trend: int, part: Value, count: int) -> Tile:
    now = read(figures.total)
    notes = [text(f"headline.{name}_base", part=part, total=Count(count))]
    notes += [
        against_share(now, read(total), month, figures.total.receipts, total.receipts)
        for month, total in _compared(figures)
    ]
    value = ratio(*now, figures.total.receipts)
    return Tile(text(f"tile.{name}"), value, tuple(notes), trend)
