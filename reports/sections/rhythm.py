"""Cumulative 5. Has the rhythm of the week changed? Weekday × hour, first half-year against the
latest.
"""

from __future__ import annotations

from reports.figures.history import History
from reports.page import Chart, Section
from reports.sections.comparison import enough, too_few
from reports.sections.hours import clock, grid_of
from reports.values import Hour, Month, Rate, Weekday, text

HALF = 6


def rhythm(history: History) -> Section:
    """Two heat maps in receipts per open day; with less than a year, one of all months."""
    if not history.tables:
        return Section("rhythm", (text("rhythm.empty"),))
    hours = history.stacked("hours")
    early, late = history.whole[:HALF], history.whole[-HALF:]
    apart = len(history.whole) >= 2 * HALF
    now = grid_of(hours[hours["month"].isin(late)] if apart else hours)
    if not now:
        return Section("rhythm", (text("rhythm.empty"),))
    if not enough(sum(n for n, _ in now.values())):
        return Section("rhythm", (too_few(),))
    best = max(now, key=lambda k: (now[k][0] / now[k][1], -k[0], -k[1]))
    said = [text("rhythm.peak", day=Weekday(best[0]), hour=Hour(best[1]), rate=Rate(*now[best]))]
    then = grid_of(hours[hours["month"].isin(early)]) if apart else {}
    if not enough(sum(n for n, _ in then.values())):
        apart, then = False, {}
    columns = clock({**now, **then})
    charts = [
        _chart(
            "rhythm",
            now,
            columns,
            text("rhythm.chart", day=Weekday(best[0]), hour=Hour(best[1]), rate=Rate(*now[best])),
        )
    ]
    if apart and then:
        first = max(then, key=lambda k: (then[k][0] / then[k][1], -k[0], -k[1]))
        same = first == best
        said.append(
            text(
                "rhythm.same" if same else "rhythm.moved",
                day=Weekday(first[0]),
                hour=Hour(first[1]),
                rate=Rate(*then[first]),
                first=Month(early[0], short=True),
                last=Month(early[-1], short=True),
            )
        )
        charts.insert(
            0,
            _chart(
                "rhythm-first",
                then,
                columns,
                text(
                    "rhythm.first",
                    first=Month(early[0], short=True),
                    last=Month(early[-1], short=True),
                ),
            ),
        )
        charts[1] = _chart(
            "rhythm",
            now,
            columns,
            text(
                "rhythm.latest", first=Month(late[0], short=True), last=Month(late[-1], short=True)
            ),
        )
    else:
        said.append(text("rhythm.few"))
    return Section(
        "rhythm",
        tuple(said),
        charts=tuple(charts),
        figures={
            name: {
                f"{w}-{h:02d}": {"receipts": n, "open_days": d}
                for (w, h), (n, d) in sorted(grid.items())
            }
            for name, grid in (("latest", now), ("first", then))
            if grid
        },
    )


def _chart(name: str, grid: dict, columns: list[int], title) -> Chart:
    cells = [
        [
            (Rate(*grid[w, h]), 1000 * grid[w, h][0] // grid[w, h][1]) if (w, h) in grid else None
            for h in columns
        ]
        for w in range(7)
    ]
    best = max(grid, key=lambda k: (grid[k][0] / grid[k][1], -k[0], -k[1]))
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
