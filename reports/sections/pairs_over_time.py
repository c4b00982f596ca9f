"""Pairs of items over time: the strongest, and those in both halves."""

from __future__ import annotations

from reports.document import Section, Table, TableColumn
from reports.figures.baskets import MIN_RECEIPTS, pairs
from reports.figures.history import History
from reports.sections.axis import span_values
from reports.sections.baskets import PAIR_COLUMNS, as_figures, notes_of, pair_row
from reports.values import Count, Rate, text

MAX_PAIRS = 10


def pairs_over_time(history: History) -> Section:
    """At most ten pairs.

    A pair is stable when its lift is above 1 on enough receipts in both halves of the months.
    """
    if not history.lake_months:
        return Section("pairs_over_time", (text("baskets.none", n=Count(MIN_RECEIPTS)),))
    baskets, parts = history.stacked("baskets"), history.stacked("combo_parts")
    strongest = pairs(baskets, parts, history.sum_of(history.months))[:MAX_PAIRS]
    if not strongest:
        return Section("pairs_over_time", (text("baskets.none", n=Count(MIN_RECEIPTS)),))
    months = history.lake_months
    half = len(months) // 2
    spans = (months[:half], months[half:]) if half else ()
    halves = [
        {
            (p.first, p.second): p
            for p in pairs(
                history.stacked("baskets", span),
                history.stacked("combo_parts", span),
                history.sum_of(span),
            )
        }
        for span in spans
    ] or [{}, {}]
    flipped = [{(b, a): p for (a, b), p in part.items()} | part for part in halves]
    rows, stable = [], 0
    for pair in strongest:
        key = (pair.first, pair.second)
        first, second = (part.get(key) for part in flipped)
        stable += first is not None and second is not None
        lifts = [
            Rate(*part.lift, decimals=2) if part else None
            for part in ((first, second) if spans else ())
        ]
        rows.append((*pair_row(pair), *lifts))
    lead = "pairs_over_time.lead" if half else "pairs_over_time.short"
    sentence = text(lead, n=Count(stable), total=Count(len(strongest)))
    columns = (
        *PAIR_COLUMNS,
        *(TableColumn("lift_in", "number", span_values(span)) for span in spans),
    )
    title = text("pairs_over_time.table")
    table = Table.from_rows("pairs", title, columns, rows, history.currency)
    figures_out = {"pairs": [as_figures(pair) for pair in strongest], "stable": stable}
    notes = notes_of(strongest)
    return Section(
        "pairs_over_time", (sentence,), tables=(table,), notes=notes, figures=figures_out
    )
