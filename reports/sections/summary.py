"""Six figures of the last 12 months, the 12 before and the history."""

from __future__ import annotations

from collections.abc import Callable

from reports.document import Section, Tile
from reports.figures.calendar import month_before
from reports.figures.history import History
from reports.figures.money import Totals
from reports.sections.bridge import as_figures
from reports.sections.comparison import Pair, growth, points, ratio
from reports.sections.names import best_month, month_name
from reports.values import Count, Money, Month, Value, divide, text


def summary(history: History) -> Section:
    """Tiles of the last 12 complete months; with fewer, of the complete history."""
    if not history.months:
        return Section("summary", (text("summary.empty"),))
    currency = history.currency
    ever = history.sum_of(history.months)
    last = history.complete_months[-1] if history.complete_months else None
    year = history.year_to(last) if last else None
    past = history.year_to(month_before(last, 12)) if last and year else None
    now, before = (history.sum_of(m) if m else None for m in (year, past))

    def money(pair: Pair) -> Value:
        return Money(divide(*pair), currency) if pair[1] else None

    first, net, n = Month(history.months[0]), Money(ever.net_sales, currency), Count(ever.receipts)
    history_sentence = text("summary.lead", first=first, net=net, n=n)
    sentences = []
    if now and last:
        net, base = (Money(total.net_sales, currency) for total in (now, before or now))
        change = before and growth((net.units, 1), (base.units, 1), before.receipts)
        key = "year" if change else "year_small" if before else "year_alone"
        receipts = Count(before.receipts) if before else None
        sentences.append(
            text(
                f"summary.{key}",
                last=Month(last),
                net=net,
                change=change or None,
                base=base,
                receipts=receipts,
            )
        )
    sentences.append(history_sentence)
    best = best_month(history)
    if best is not None and len(history.months) > 1:
        net, month = Money(history.totals[best].net_sales, currency), month_name(history, best)
        sentences.append(text("summary.best", month=month, net=net))

    def tile(
        name: str,
        read: Callable[[Totals], Pair],
        to_value: Callable[[Pair], Value],
        trend: int,
        share: bool = False,
    ) -> Tile:
        label = text(f"tile.{name}")
        if not now or not last:
            span = text("summary.months", n=Count(len(history.months)))
            if len(history.months) == 1:
                span = text("summary.month", month=month_name(history, history.months[0]))
            return Tile(label, to_value(read(ever)), (span,), trend)
        notes = [text("summary.last_12", last=Month(last, short=True))]
        if before:
            change = (
                points(read(now), read(before), now.receipts, before.receipts)
                if share
                else growth(read(now), read(before), before.receipts)
            )
            if change is not None:
                notes.append(text("summary.change", change=change, base=to_value(read(before))))
        notes.append(text("summary.all_time", value=to_value(read(ever))))
        return Tile(label, to_value(read(now)), tuple(notes), trend)

    def percent(pair: Pair) -> Value:
        return ratio(*pair, (now or ever).receipts)

    tiles = (
        tile("net_sales", lambda t: (t.net_sales, 1), money, 1),
        tile("receipts", lambda t: (t.receipts, 1), lambda p: Count(p[0]), 1),
        tile("average_receipt", lambda t: t.average_receipt, money, 1),
        tile("gross_profit", lambda t: (t.gross_profit, 1 if t.costed_net else 0), money, 1),
        tile("refunds", lambda t: t.refund_share, percent, -1, True),
        tile("identified", lambda t: t.identified_share, percent, 0, True),
    )
    sums = {"all_time": ever, "last_12": now, "before_12": before}
    figures_out = {name: as_figures(total, currency) for name, total in sums.items() if total}
    return Section("summary", sentences, tiles=tiles, figures=figures_out)
