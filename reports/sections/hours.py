"""Section 6. When are we busy? Average receipts per open day by weekday and clock hour, and against
the month before.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import pandas as pd

from reports.figures import Figures
from reports.figures.calendar import month_before
from reports.page import Chart, Section
from reports.sections.comparison import enough, ratio, too_few
from reports.values import Hour, Money, Month, Rate, Text, Weekday, text

Grid = Mapping[tuple[int, int], tuple[int, int]]


def grid_of(hours: pd.DataFrame) -> dict[tuple[int, int], tuple[int, int]]:
    """(weekday, hour) -> (receipts, open days of that weekday); a day is open on which any store
    sold.
    """
    sold = hours[hours["receipts"] > 0]
    if sold.empty:
        return {}
    weekday = sold["business_day"].map(date.weekday)
    opened = sold.groupby(weekday)["business_day"].nunique()
    sums = sold.groupby([weekday, "hour"])["receipts"].sum()
    return {(int(w), int(h)): (int(n), int(opened[w])) for (w, h), n in sums.items()}


def clock(grid: Grid) -> list[int]:
    """The hours of the grid in the order of a business day: the longest closed stretch is cut."""
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
        return Section("hours", (too_few(),), figures=_machine(figures, grid))
    best = max(grid, key=lambda k: (grid[k][0] / grid[k][1], -k[0], -k[1]))
    ranked = sorted(grid, key=lambda k: (-grid[k][0] / grid[k][1], k))
    quarter = sum(grid[k][0] for k in ranked[:5])
    whole = sum(n for n, _ in grid.values())
    said = [
        text("hours.peak", day=Weekday(best[0]), hour=Hour(best[1]), rate=Rate(*grid[best])),
        text("hours.top", share=ratio(quarter, whole, whole, decimals=0)),
    ]
    columns = clock(grid)
    charts = [
        _chart(
            "hours",
            grid,
            columns,
            text("hours.chart", day=Weekday(best[0]), hour=Hour(best[1]), rate=Rate(*grid[best])),
            best,
        )
    ]
    past = grid_of(figures.before["hours"]) if figures.before else {}
    if past and enough(figures.total_before.receipts):
        charts.append(_difference(figures, grid, past, columns))
    return Section("hours", tuple(said), charts=tuple(charts), figures=_machine(figures, grid))


def _machine(figures: Figures, grid: Grid) -> dict[str, object]:
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


def _chart(name: str, grid: Grid, columns: list[int], title: Text, best: tuple[int, int]) -> Chart:
    cells = [
        [
            (Rate(*grid[w, h]), 1000 * grid[w, h][0] // grid[w, h][1]) if (w, h) in grid else None
            for h in columns
        ]
        for w in range(7)
    ]
    return Chart(
        "heat",
        name,
        title,
        text("hours.alt", day=Weekday(best[0]), hour=Hour(best[1]), rate=Rate(*grid[best])),
        {
            "rows": [Weekday(w, short=True) for w in range(7)],
            "columns": [text("hours.tick", hour=Hour(h)) for h in columns],
            "cells": cells,
            "signed": False,
            "best": (best[0], columns.index(best[1])),
        },
    )


def _difference(figures: Figures, grid: Grid, past: Grid, columns: list[int]) -> Chart:
    def change(key: tuple[int, int]) -> tuple[int, int]:
        (n, d), (m, e) = grid.get(key, (0, 1)), past.get(key, (0, 1))
        return n * e - m * d, d * e

    weekdays = {w for w, _ in grid} & {w for w, _ in past}
    moved = {
        (w, h): change((w, h))
        for w in weekdays
        for h in columns
        if (w, h) in grid or (w, h) in past
    }
    cells = [
        [
            (
                (Rate(*moved[w, h]), 1000 * moved[w, h][0] // moved[w, h][1])
                if (w, h) in moved
                else None
            )
            for h in columns
        ]
        for w in range(7)
    ]
    month = Month(month_before(figures.month), short=True)
    top = max(moved, key=lambda k: (abs(moved[k][0]) / moved[k][1], k), default=None)
    if top is None or moved[top][0] == 0:
        title = text("hours.same", month=month)
    else:
        key = "hours.more" if moved[top][0] > 0 else "hours.fewer"
        title = text(
            key,
            month=month,
            day=Weekday(top[0]),
            hour=Hour(top[1]),
            rate=Rate(abs(moved[top][0]), moved[top][1]),
        )
    return Chart(
        "heat",
        "hours-change",
        title,
        text("hours.change_alt", month=month),
        {
            "rows": [Weekday(w, short=True) for w in range(7)],
            "columns": [text("hours.tick", hour=Hour(h)) for h in columns],
            "cells": cells,
            "signed": True,
            "best": None,
        },
    )
