"""Whether customers come back: cohorts, segments, the best tenth."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from reports.columns import columns_of
from reports.document import Chart, Section, Table
from reports.figures.calendar import next_month
from reports.figures.customers import SMALL, by_customer
from reports.figures.history import History
from reports.figures.loyalty import (
    MIN_RFM_CUSTOMERS,
    SEGMENTS,
    cohorts,
    concentration,
    fold_small,
    segments,
)
from reports.sections.axis import month_key
from reports.sections.comparison import enough, ratio, share
from reports.values import Count, Money, Month, Percent, amounts, text

COHORTS, AHEAD, DRAWN, YEAR = 12, 11, 9, 12


def loyalty(history: History) -> Section:
    """Only customers that the POS knows; groups under SMALL are hidden.

    Segments are of the 12 complete months to the last one, and there are none with fewer.
    """
    if not history.lake_months:
        return Section("loyalty", (text("customers.none"),))
    customers = history.stacked("customers")
    people = by_customer(customers)
    if len(people) < SMALL:
        key = "customers.none" if people.empty else "customers.few"
        return Section("loyalty", (text(key, n=Count(SMALL)),))
    ever = history.sum_of(history.months)
    sentences = [
        text(
            "loyalty.lead",
            n=Count(len(people)),
            share=ratio(*ever.identified_share, ever.receipts),
            part=Count(ever.identified_receipts),
            total=Count(ever.receipts),
        )
    ]
    top, best, spent = concentration(people)
    figures: dict[str, object] = {"customers": len(people)}
    part = share(best, spent, len(people), decimals=0)
    if top >= SMALL and part is not None:
        net = Money(best, history.currency)
        sentences.append(text("loyalty.concentration", n=Count(top), share=part, net=net))
        figures["concentration"] = {
            "customers": top,
            **amounts(history.currency, net_sales=best, of=spent),
        }
    table, rows = _cohorts(history, cohorts(customers))
    tables: list[Table] = []
    charts: list[Chart] = []
    if rows:
        second = [
            (cells[1], size) for _, size, cells in rows if len(cells) > 1 and cells[1] is not None
        ]
        months_before = sum(n for n, _ in second), sum(size for _, size in second)
        part = ratio(*months_before, months_before[1], decimals=0)
        if part is not None:
            sentences.append(text("loyalty.return", share=part, n=Count(months_before[1])))
            table = replace(table, title=text("loyalty.chart_found", share=part))
        if any(cell for line in table.data["cells"] for cell in line):
            charts.append(table)
        figures["cohorts"] = {
            month_key(m): {"size": size, "seen": cells} for m, size, cells in rows
        }
    else:
        sentences.append(text("loyalty.no_cohorts", n=Count(SMALL)))
    last = history.complete_months[-1] if history.complete_months else history.last
    year = history.year_to(last)
    kept = fold_small(segments(history.stacked("customers", year or [])))
    if not year:
        sentences.append(text("loyalty.no_year", n=Count(YEAR)))
    elif kept:
        tables.append(_segments(history, kept, last))
        figures["segments"] = {
            n: {"customers": c, "net_sales": Money(s, history.currency)}
            for n, (c, s) in kept.items()
        }
    else:
        sentences.append(text("loyalty.no_scores", n=Count(MIN_RFM_CUSTOMERS)))
    notes = (text("loyalty.rfm"),) if tables else ()
    return Section("loyalty", sentences, charts=charts, tables=tables, notes=notes, figures=figures)


def _cohorts(
    history: History, by_month: dict[date, dict[date, int]]
) -> tuple[Chart, list[tuple[date, int, list[int | None]]]]:
    """The latest cohorts that may be shown; the first month of the lake is none."""
    complete = set(history.complete_months)
    rows: list[tuple[date, int, list[int | None]]] = []
    for start in sorted(by_month):
        size = by_month[start].get(start, 0)
        if start == history.months[0] or start not in complete or size < SMALL:
            continue
        cells: list[int | None] = []
        month = start
        while month <= history.complete_months[-1] and len(cells) <= AHEAD:
            seen = by_month[start].get(month, 0)
            is_small = any(0 < group < SMALL for group in (seen, size - seen))
            cells.append(seen if month in complete and not is_small else None)
            month = next_month(month)
        rows.append((start, size, cells))
    rows = rows[-COHORTS:]
    drawn = [row for row in rows if len(row[2]) > 1 and enough(row[1])]
    width = max((len(cells) for _, _, cells in rows), default=0)
    grid = [
        [_back(cells[month], size) if month < len(cells) else None for _, size, cells in drawn]
        for month in range(1, min(width, DRAWN + 1))
    ]
    data = {
        "rows": [text("loyalty.after", n=Count(k)) for k in range(1, len(grid) + 1)],
        "columns": [
            text("loyalty.cohort", month=Month(m, short=True), n=Count(size))
            for m, size, _ in drawn
        ],
        "cells": grid,
        "signed": False,
        "best": None,
    }
    title = text("loyalty.chart")
    alt = text("loyalty.alt", n=Count(len(drawn)))
    chart = Chart("heat", "cohorts", title, alt, data)
    return chart, rows if width > 1 else []


def _back(seen: int | None, size: int) -> tuple[Percent, int] | None:
    """The share of a cohort that came back, as a cell of the heat map."""
    return None if seen is None else (Percent(seen, size, decimals=0), 1000 * seen // size)


def _segments(history: History, kept: dict[str, tuple[int, int]], last: date) -> Table:
    order, everyone = [name for name, *_ in SEGMENTS], sum(n for n, _ in kept.values())
    rows = [
        (text(f"segment.{n}"), kept[n][0], share(kept[n][0], everyone, everyone), kept[n][1])
        for n in order
        if n in kept
    ]
    columns = columns_of("segment", "customers", "share", "net_sales")
    title = text("loyalty.segments", month=Month(last))
    return Table.from_rows("segments", title, columns, rows, history.currency, shown=11)
