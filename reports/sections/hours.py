"""When the stores are busy: receipts per open day by weekday and clock hour."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import pandas as pd

from reports.document import Chart, Section
from reports.figures import Figures
from reports.figures.calendar import with_weekday
from reports.figures.tables import group_sums, rows_of
from reports.sections.comparison import before_name, enough, ratio, too_few
from reports.values import Hour, Money, Rate, Text, Value, Weekday, text

Grid = Mapping[tuple[int, int], tuple[int, int]]


def grid_of(hours: pd.DataFrame) -> dict[tuple[int, int], tuple[int, int]]:
    """(weekday, hour) -> (receipts, open days of that weekday in any store)."""
    sold = hours[hours["receipts"] > 0]
    if sold.empty:
        return {}
    sold = with_weekday(sold)
    days = sold[["business_day", "weekday"]].drop_duplicates()
    opened = Counter(days["weekday"].tolist())
    sums = group_sums({key: sold[key] for key in ("weekday", "hour")}, sold, ["receipts"])
    return {(w, int(h)): (int(n), opened[w]) for w, h, n in rows_of(sums)}


def clock(grid: Grid) -> list[int]:
    """Hours of the grid in the order of a business day, without the longest closure."""
    used = sorted({hour for _, hour in grid})
    gaps = [
        ((used[(i + 1) % len(used)] - hour - 1) % 24, used[(i + 1) % len(used)])
        for i, hour in enumerate(used)
    ]
    first = max(gaps)[1] if len(used) > 1 else used[0]
    last = max(used, key=lambda hour: (hour - first) % 24)
    return [(first + i) % 24 for i in range((last - first) % 24 + 1)]


def hours(figures: Figures) -> Section:
    """Heat map of the month, and of the difference where the month before is there."""
    grid = grid_of(figures.now["hours"])
    if not grid:
        return Section("hours", (text("hours.empty"),))
    if not enough(figures.total.receipts):
        return Section("hours", (too_few(),), figures=_as_figures(figures, grid))
    ranked = sorted(grid, key=lambda k: (-grid[k][0] / grid[k][1], k))
    top_five = sum(grid[k][0] for k in ranked[:5])
    receipts = sum(n for n, _ in grid.values())
    sentences = [
        text("hours.peak", **peak_of(grid)),
        text("hours.top", share=ratio(top_five, receipts, receipts, decimals=0)),
    ]
    columns = clock(grid)
    charts = [hour_map("hours", grid, columns, text("hours.chart"))]
    past = grid_of(figures.before["hours"]) if figures.before else {}
    has_common_weekday = bool({w for w, _ in grid} & {w for w, _ in past})
    if has_common_weekday and figures.total_before and enough(figures.total_before.receipts):
        charts.append(_difference(figures, grid, past, columns))
    return Section(
        "hours", tuple(sentences), charts=tuple(charts), figures=_as_figures(figures, grid)
    )


def _as_figures(figures: Figures, grid: Grid) -> dict[str, object]:
    by_hour = figures.now["hours"].groupby("hour")[["receipts", "net_sales"]].sum()
    return {
        "grid": {
            f"{w}-{h:02d}": {"receipts": n, "open_days": d, "per_day": Rate(n, d, 4)}
            for (w, h), (n, d) in sorted(grid.items())
        },
        "by_hour": {
            f"{int(h):02d}": {
                "receipts": int(r.receipts),
                "net_sales": Money(int(r.net_sales), figures.currency),
            }
            for h, r in by_hour.iterrows()
        },
    }


def busiest(grid: Grid) -> tuple[int, int]:
    """The earliest weekday and hour with the most receipts per open day."""
    return max(grid, key=lambda k: (grid[k][0] / grid[k][1], -k[0], -k[1]))


def peak_of(grid: Grid) -> dict[str, Value]:
    """The busiest hour for a sentence: day, hour and rate."""
    weekday, hour = busiest(grid)
    return {"day": Weekday(weekday), "hour": Hour(hour), "rate": Rate(*grid[weekday, hour])}


def hour_map(name: str, grid: Grid, columns: list[int], title: Text) -> Chart:
    """Receipts per open day by weekday and hour, the busiest hour marked."""
    weekday, hour = busiest(grid)
    best = (weekday, columns.index(hour))
    return _map(name, grid, columns, title, text("hours.alt", **peak_of(grid)), best)


def _map(
    name: str,
    grid: Grid,
    columns: list[int],
    title: Text,
    alt: Text,
    best: tuple[int, int] | None = None,
) -> Chart:
    """Rates of `grid`; the map of a difference has no best cell and has signs."""
    cells = [
        [
            (Rate(*grid[w, h]), 1000 * grid[w, h][0] // grid[w, h][1]) if (w, h) in grid else None
            for h in columns
        ]
        for w in range(7)
    ]
    data = {
        "rows": [Weekday(w, short=True) for w in range(7)],
        "columns": [text("hours.tick", hour=Hour(h)) for h in columns],
        "cells": cells,
        "signed": best is None,
        "best": best,
    }
    return Chart("heat", name, title, alt, data)


def _difference(figures: Figures, grid: Grid, past: Grid, columns: list[int]) -> Chart:
    def change(key: tuple[int, int]) -> tuple[int, int]:
        (n, d), (m, e) = grid.get(key, (0, 1)), past.get(key, (0, 1))
        return n * e - m * d, d * e

    weekdays = {w for w, _ in grid} & {w for w, _ in past}
    cells = [(w, h) for w in weekdays for h in columns if (w, h) in grid or (w, h) in past]
    changed = {cell: change(cell) for cell in cells}
    month = before_name(figures)
    top = max(changed, key=lambda k: (abs(changed[k][0]) / changed[k][1], k), default=None)
    title = text("hours.same", month=month)
    if top is not None and changed[top][0]:
        (weekday, hour), (more, days) = top, changed[top]
        key, rate = "hours.more" if more > 0 else "hours.fewer", Rate(abs(more), days)
        title = text(key, month=month, day=Weekday(weekday), hour=Hour(hour), rate=rate)
    alt = text("hours.change_alt", month=month)
    return _map("hours-change", changed, columns, title, alt)
