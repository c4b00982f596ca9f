"""Pairs of items of the history, and whether both of its halves agree."""

from __future__ import annotations

from reports.figures.baskets import FEWEST, pairs
from reports.figures.history import History
from reports.page import Section, Table, TableColumn
from reports.sections.axis import span_values
from reports.sections.baskets import PAIR_COLUMNS, machine, notes_of, pair_row
from reports.values import Count, Rate, text

MOST = 10


def stability(history: History) -> Section:
    """At most ten pairs.

    A pair is stable when its lift is above 1 on enough receipts in both halves of the months.
    """
    if not history.lake_months:
        return Section("stability", (text("baskets.none", n=Count(FEWEST)),))
    baskets, parts = history.stacked("baskets"), history.stacked("combo_parts")
    strongest = pairs(baskets, parts, history.sum_of(history.months))[:MOST]
    if not strongest:
        return Section("stability", (text("baskets.none", n=Count(FEWEST)),))
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
    lead = "stability.lead" if half else "stability.short"
    sentence = text(lead, n=Count(stable), total=Count(len(strongest)))
    columns = (
        *PAIR_COLUMNS,
        *(TableColumn("lift_in", "number", span_values(span)) for span in spans),
    )
    title = text("stability.table")
    table = Table.from_rows("pairs", title, columns, rows, history.currency)
    stated = {"pairs": [machine(pair) for pair in strongest], "stable": stable}
    notes = notes_of(strongest)
    return Section("stability", (sentence,), tables=(table,), notes=notes, figures=stated)
