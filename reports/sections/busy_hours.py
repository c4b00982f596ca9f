"""The busy hours of the week: the first six months against the latest six."""

from __future__ import annotations

from reports.document import Section
from reports.figures.history import History
from reports.figures.money import MIN_FOR_PERCENT
from reports.sections.axis import both_spans, span_values
from reports.sections.comparison import enough, too_few
from reports.sections.hours import busiest, clock, grid_of, hour_map, peak_of
from reports.values import Count, text

HALF = 6


def busy_hours(history: History) -> Section:
    """Two heat maps in receipts per open day.

    One map with fewer than 12 complete months (of the complete history), or with too few receipts
    in the first six (of the latest six).
    """
    if not history.lake_months:
        return Section("busy_hours", (text("busy_hours.empty"),))
    early, late = history.complete_months[:HALF], history.complete_months[-HALF:]
    apart = len(history.complete_months) >= 2 * HALF
    now = grid_of(history.stacked("hours", late if apart else None))
    if not now:
        key = "busy_hours.none_now" if apart else "busy_hours.empty"
        values = span_values(late, "first", "last") if apart else {}
        return Section("busy_hours", (text(key, **values),))
    if not enough(sum(n for n, _ in now.values())):
        return Section("busy_hours", (too_few(),))
    sentences = [text("busy_hours.peak", **peak_of(now))]
    then = grid_of(history.stacked("hours", early)) if apart else {}
    if not enough(sum(n for n, _ in then.values())):
        then = {}
    columns = clock({**now, **then})
    if then:
        same = busiest(then) == busiest(now)
        first, latest = (
            text(f"busy_hours.{name}", **span_values(span, "first", "last"))
            for name, span in (("first", early), ("latest", late))
        )
        key = "busy_hours.same" if same else "busy_hours.moved"
        sentences.append(text(key, **peak_of(then), **span_values(early, "first", "last")))
        charts = [
            hour_map("busy-hours-first", then, columns, first),
            hour_map("busy-hours", now, columns, latest),
        ]
    else:
        sentences.append(
            text("busy_hours.few_then", n=Count(MIN_FOR_PERCENT), **both_spans(early, late))
            if apart
            else text("busy_hours.few", n=Count(2 * HALF))
        )
        charts = [hour_map("busy-hours", now, columns, text("busy_hours.chart", **peak_of(now)))]
    figures_out = {
        name: {
            f"{w}-{h:02d}": {"receipts": n, "open_days": d}
            for (w, h), (n, d) in sorted(grid.items())
        }
        for name, grid in (("latest", now), ("first", then))
        if grid
    }
    return Section("busy_hours", sentences, charts=charts, figures=figures_out)
