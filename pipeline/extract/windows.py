"""Extract windows: fetch the pages of missing days, and commit them to raw.

A window is one business day of `updated_at`, [start, end) in UTC; window_bounds.py computes its
bounds.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime, timedelta
from pathlib import Path

from pipeline.errors import Conflict
from pipeline.extract.commit import commit_windows
from pipeline.extract.fetch import fetch_pages
from pipeline.extract.new_fields import note_fields
from pipeline.extract.waits import on_wait
from pipeline.extract.warnings import history_limit_warning, skew_warning
from pipeline.extract.window_bounds import DAY, DayBounds, tile, window_names
from pipeline.load import Lake
from pipeline.pos.source import Progress as Step
from pipeline.pos.source import Source, Window
from pipeline.progress import Progress

log = logging.getLogger(__name__)

_STARTED = time.monotonic()  # about the instant that the settings give as `now`


def spans(days: Iterable[date]) -> Iterator[list[date]]:
    """`days` as runs of consecutive days."""
    run: list[date] = []
    for day in sorted(days):
        if run and day != run[-1] + DAY:
            yield run
            run = []
        run.append(day)
    if run:
        yield run


def follow(
    bar: Progress, windows: list[Window], now: datetime, source: Source
) -> Callable[[Step], None]:
    """A function that shows the progress of an extraction on `bar`.

    It runs from the newest receipt back to the start of the first window, or the other way if the
    source serves the oldest first.
    """
    start, end = windows[0].start, min(windows[-1].end, now)
    span = max(end - start, timedelta(seconds=1))
    is_oldest_first = getattr(source, "is_oldest_first", False)

    def show(step: Step) -> None:
        moment = step.newest if is_oldest_first else step.oldest
        if moment:
            share = (moment - start if is_oldest_first else end - moment) / span
            span_read = f"{'up' if is_oldest_first else 'back'} to {moment:%Y-%m-%d %H:%M}"
            bar.reach(step.records, min(max(share, 0.0), 1.0), span_read)

    return show


def extract(
    days: Iterable[date],
    lake: Lake,
    source: Source,
    day_bounds: DayBounds,
    *,
    last: date,
    now: datetime,
    state_folder: Path,
    tell: Callable[[str, int | None], None],
) -> None:
    """Extract the windows of `days`, consecutive days together; commit them in order.

    `last` is the last day whose window has closed. An extraction up to that day has no upper bound:
    a receipt that changes in the meantime gets a later `updated_at`, so it cannot be skipped
    between two pages. Raises Conflict if a killed run had committed one of `days`: the bounds then
    change.
    """
    days = list(days)
    lake.complete_windows()
    if committed := {str(day) for day in days} & set(window_names(lake)):
        raise Conflict(f"{', '.join(sorted(committed))}: committed by a run that was killed")
    for span in spans(days):
        windows = list(tile(span, lake, day_bounds))
        name = f"receipts of {span[0]}" + (f" to {span[-1]}" if span[1:] else "")
        with Progress(name, "receipts", tell=tell) as bar, on_wait(bar.pause):
            fetched = fetch_pages(
                source,
                windows,
                bounded=span[-1] < last,
                state_folder=state_folder,
                now=now,
                progress=follow(bar, windows, now, source),
            )
        waited = timedelta(seconds=time.monotonic() - _STARTED)
        for warning in (
            fetched.requests
            and skew_warning(fetched.skew, waited),  # saved files have no server clock
            fetched.truncated_at and history_limit_warning(fetched.truncated_at),
        ):
            if warning:
                log.warning("%s: %s", name, warning)
        commit_windows(lake, fetched, windows)
        note_fields(fetched, span[-1], lake)
        log.info(
            "%s: %d records in %d pages, %d requests",
            name,
            fetched.records,
            fetched.pages,
            fetched.requests,
        )
