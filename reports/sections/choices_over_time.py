"""Combos by month, and chosen options of the first and the latest half."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date

import pandas as pd

from reports.columns import columns_of
from reports.document import Section, Table
from reports.figures.history import History
from reports.figures.items import by_item
from reports.figures.tables import group_sums
from reports.sections.axis import lines_chart, month_key, share_line, span_column
from reports.sections.comparison import enough, points, ratio
from reports.values import QUANTITY_UNIT, Count, Month, Percent, Points, text

Row = tuple[str, str, str, Percent | None, Percent | None, Points | None]
MIN_MONTHS = 3
COLUMNS = ("item", "modifier", "option", "first_half", "latest_half", "points")


def choices_over_time(history: History) -> Section:
    """Months without a receipt are left out.

    Option shares are of the same dish and modifier.
    """
    if not history.lake_months:
        return Section("choices_over_time", (text("choices_over_time.none"),))
    months = [m for m in history.complete_months if enough(history.totals[m].receipts)]
    totals = {m: history.totals[m] for m in months}
    rates = {m: total.combo_share for m, total in totals.items()}
    sentences, charts = [], []
    if not any(total.combo_receipts for total in history.totals.values()):
        sentences.append(text("choices_over_time.none"))
    elif len(months) >= MIN_MONTHS:
        first, last = rates[months[0]], rates[months[-1]]
        is_comparable = first[0] > 0
        sentences.append(
            text(
                "choices_over_time.lead" if is_comparable else "choices_over_time.now",
                rate=Percent(*last),
                month=Month(months[-1]),
                first=Month(months[0]),
                base=Percent(*first),
                change=Points(*last, *first) if is_comparable else None,
            )
        )
        charts.append(
            lines_chart(
                history,
                "choices_over_time",
                text("choices_over_time.chart", rate=Percent(*last), month=Month(months[-1])),
                text("choices_over_time.alt"),
                months[0],
                [(text("choices_over_time.line"), share_line(totals, "combo_share"))],
                unit="percent",
            )
        )
    half = len(history.complete_months) // 2
    spans = (history.complete_months[:half], history.complete_months[-half:])
    rows = _rows(history, *spans) if half else []
    if not rows and not sentences:
        sentences.append(text("choices_over_time.few", n=Count(MIN_MONTHS)))
    figures_out = {
        "combo_share": {month_key(m): Percent(*pair) for m, pair in rates.items()},
        "options": [dict(zip(COLUMNS, row, strict=True)) for row in rows],
    }
    tables = [_table(history, spans, rows)] if rows else []
    return Section(
        "choices_over_time", sentences, charts=charts, tables=tables, figures=figures_out
    )


def _rows(history: History, *spans: list[date]) -> list[Row]:
    """Options, most chosen first: their share of the modifier in both halves."""
    then, now = (_shares(history.stacked("choices", months)) for months in spans)
    chosen = {key[:2]: units for key, (_, units) in then.items()}
    receipts_then, receipts_now = (_receipts(history.stacked("items", months)) for months in spans)
    rows = []
    for key in sorted(now, key=lambda k: (-now[k][1], k)):
        was = then.get(key, (0, chosen.get(key[:2], 0)))
        base_then, base_now = (
            min(pair[1] // QUANTITY_UNIT, receipts.get(key[0], 0))
            for pair, receipts in ((was, receipts_then), (now[key], receipts_now))
        )
        change = points(now[key], was, base_now, base_then)
        rows.append((*key, ratio(*was, base_then), ratio(*now[key], base_now), change))
    return rows


def _table(history: History, spans: Sequence[list[date]], rows: list[Row]) -> Table:
    columns = (*columns_of(*COLUMNS[:3]), *map(span_column, spans), *columns_of("points"))
    title = text("choices_over_time.table")
    return Table.from_rows("options", title, columns, rows, history.currency, shown=12)


def _receipts(items: pd.DataFrame) -> dict[str, int]:
    """The least number of receipts with each item: that of its largest category."""
    receipts: dict[str, int] = {}
    ranked = by_item(items)
    for item, base in zip(ranked["item"], ranked["base"].tolist(), strict=True):
        receipts[item] = max(base, receipts.get(item, 0))
    return receipts


def _shares(choices: pd.DataFrame) -> dict[tuple[str, str, str], tuple[int, int]]:
    keys = ["item", "name", "option"]
    sums = group_sums({key: choices[key] for key in keys}, choices, ["units"])
    rows = list(zip(*(sums[name].tolist() for name in (*keys, "units")), strict=True))
    totals: Counter[tuple[str, str]] = Counter()
    for item, name, _, units in rows:
        totals[item, name] += units
    return {(*key, option): (units, totals[tuple(key)]) for *key, option, units in rows}
