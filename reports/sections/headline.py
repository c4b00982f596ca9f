"""Headline: how the month went.

Six figures against the month before, the same month last year and a fair calendar.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from reports.figures import Figures, Totals
from reports.figures.calendar import month_before
from reports.page import Section, Tile
from reports.sections.bridge import machine
from reports.sections.comparison import (
    Pair,
    against,
    against_share,
    comparable,
    growth,
    missing,
    normal_base,
    ratio,
    share,
)
from reports.values import Count, Day, Money, Month, Text, Value, divide, text

FLAT = 5
"""A change of less than this many thousandths counts as none."""

Read = Callable[[Totals], Pair]


def headline(figures: Figures) -> Section:
    """Tiles, and one sentence with the change as it is and on a fair calendar."""
    total, currency = figures.total, figures.currency
    if total.receipts == 0 and total.refund_receipts == 0:
        return Section(
            "headline",
            sentences=(text("headline.empty", month=Month(figures.month)),),
            figures={"total": machine(total, currency)},
        )

    def money(pair: Pair) -> Value:
        return Money(divide(*pair), currency) if pair[1] else None

    tiles = (
        _tile(figures, "net_sales", lambda t: (t.net_sales, 1), money, 1, normal=True),
        _tile(
            figures, "receipts", lambda t: (t.receipts, 1), lambda p: Count(p[0]), 1, normal=True
        ),
        _tile(figures, "average_receipt", lambda t: t.average_receipt, money, 1),
        _profit(figures, money),
        _share(
            figures,
            "refunds",
            lambda t: t.refund_share,
            -1,
            Money(total.refunds, currency),
            total.refund_receipts,
        ),
        _share(
            figures,
            "identified",
            lambda t: t.identified_share,
            0,
            Count(total.identified_receipts),
            total.receipts,
        ),
    )
    compared = {
        "before": figures.total_before,
        "year_ago": figures.total_year_ago,
        "before_fair": figures.fair.base if figures.fair else None,
    }
    fair = _without_residuals(machine(figures.fair.now, currency)) if figures.fair else None
    return Section(
        "headline",
        sentences=_lead(figures),
        tiles=tiles,
        figures={
            "total": machine(total, currency),
            **{k: machine(t, currency) for k, t in compared.items() if t},
            **({"now_fair": fair} if fair else {}),
        },
    )


def _without_residuals(figures: dict[str, Value]) -> dict[str, Value]:
    """Leave out what rounding the scaled sums one by one leaves over."""
    return {name: value for name, value in figures.items() if name not in ("difference", "unpaid")}


def _lead(figures: Figures) -> tuple[Text, ...]:
    total, before = figures.total, figures.total_before
    net = Money(total.net_sales, figures.currency)
    phrases = []
    if before is None:
        phrases.append(text("headline.alone", net=net, n=Count(total.receipts)))
    elif not comparable(figures):
        phrases.append(
            text(
                "headline.small",
                net=net,
                n=Count(total.receipts),
                month=Month(month_before(figures.month)),
                base=Money(before.net_sales, figures.currency),
                receipts=Count(before.receipts),
            )
        )
    else:
        change = growth((total.net_sales, 1), (before.net_sales, 1), before.receipts)
        assert change is not None  # as the months are comparable
        key = (
            "flat"
            if 1000 * abs(change.part) < FLAT * change.base
            else "up"
            if change.part > 0
            else "down"
        )
        month, was = Month(month_before(figures.month)), Money(before.net_sales, figures.currency)
        phrases.append(text(f"headline.{key}", net=net, change=change, base=was, month=month))
        base = normal_base(figures)
        if (
            base is not None
            and figures.fair
            and (figures.fair.now.net_sales, base.net_sales)
            != (
                total.net_sales,
                before.net_sales,
            )
        ):
            fair = growth((figures.fair.now.net_sales, 1), (base.net_sales, 1), base.receipts)
            phrases.append(
                text(
                    "headline.fair",
                    change=fair,
                    now=Money(figures.fair.now.net_sales, figures.currency),
                    base=Money(base.net_sales, figures.currency),
                )
            )
    if figures.through:
        phrases.insert(0, text("headline.open", day=Day(figures.through)))
    return tuple(phrases)


def _compared(figures: Figures) -> list[tuple[date, Totals | None]]:
    """The months for comparison; none if the lake has neither of them."""
    months = [
        (month_before(figures.month), figures.total_before),
        (month_before(figures.month, 12), figures.total_year_ago),
    ]
    return months if any(total is not None for _, total in months) else []


def _tile(
    figures: Figures,
    name: str,
    read: Read,
    say: Callable[[Pair], Value],
    trend: int,
    normal: bool = False,
) -> Tile:
    now, notes = read(figures.total), []
    for month, total in _compared(figures):
        notes.append(
            missing(month)
            if total is None
            else against(now, read(total), say(read(total)), month, total.receipts)
        )
    base = normal_base(figures)
    fair = base and figures.fair and growth(read(figures.fair.now), read(base), base.receipts)
    if normal and fair:
        notes.append(text("compare.fair", change=fair))
    return Tile(text(f"tile.{name}"), say(now), tuple(notes), trend)


def _profit(figures: Figures, money: Callable[[Pair], Value]) -> Tile:
    total = figures.total
    if total.costed_net <= 0:
        return Tile(text("tile.gross_profit"), None, (text("headline.no_costs"),))
    tile = _tile(
        figures, "gross_profit", lambda t: (t.gross_profit, 1 if t.costed_net else 0), money, 1
    )
    margin = ratio(*total.margin, total.receipts)
    if margin is None:
        return tile
    coverage = share(*total.cost_coverage, total.receipts, decimals=0)
    notes = (text("headline.margin", margin=margin, coverage=coverage), *tile.notes)
    return Tile(tile.label, tile.value, notes, 1)


def _share(
    figures: Figures, name: str, read: Read, trend: int, part: Value, total_sum: int
) -> Tile:
    now = read(figures.total)
    notes = [text(f"headline.{name}_base", part=part, total=Count(total_sum))]
    for month, total in _compared(figures):
        notes.append(
            missing(month)
            if total is None
            else against_share(now, read(total), month, figures.total.receipts, total.receipts)
        )
    value = ratio(*now, figures.total.receipts)
    return Tile(text(f"tile.{name}"), value, tuple(notes), trend)
