"""Rhythm of the week: weekday × hour, first half-year against the latest."""

from __future__ import annotations

from reports.figures.history import History
from reports.page import Section
from reports.sections.axis import span_values
from reports.sections.comparison import enough, too_few
from reports.sections.hours import busiest, clock, grid_of, hour_map, peak_of
from reports.values import text

HALF = 6


def rhythm(history: History) -> Section:
    """Two heat maps in receipts per open day; one with less than a year."""
    if not history.lake_months:
        return Section("rhythm", (text("rhythm.empty"),))
    early, late = history.whole_months[:HALF], history.whole_months[-HALF:]
    apart = len(history.whole_months) >= 2 * HALF
    now = grid_of(history.stacked("hours", late if apart else None))
    if not now:
        return Section("rhythm", (text("rhythm.empty"),))
    if not enough(sum(n for n, _ in now.values())):
        return Section("rhythm", (too_few(),))
    sentences = [text("rhythm.peak", **peak_of(now))]
    then = grid_of(history.stacked("hours", early)) if apart else {}
    if not enough(sum(n for n, _ in then.values())):
        then = {}
    columns = clock({**now, **then})
    if then:
        same = busiest(then) == busiest(now)
        first, latest = (
            text(f"rhythm.{name}", **span_values(span, "first", "last"))
            for name, span in (("first", early), ("latest", late))
        )
        key = "rhythm.same" if same else "rhythm.moved"
        sentences.append(text(key, **peak_of(then), **span_values(early, "first", "last")))
        charts = [
            hour_map("rhythm-first", then, columns, first),
            hour_map("rhythm", now, columns, latest),
        ]
    else:
        sentences.append(text("rhythm.few"))
        charts = [hour_map("rhythm", now, columns, text("rhythm.chart", **peak_of(now)))]
    stated = {
        name: {
            f"{w}-{h:02d}": {"receipts": n, "open_days": d}
            for (w, h), (n, d) in sorted(grid.items())
        }
        for name, grid in (("latest", now), ("first", then))
        if grid
    }
    return Section("rhythm", sentences, charts=charts, figures=stated)
