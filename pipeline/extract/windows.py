"""Extract windows: fetch the pages of missing days, and commit them to raw.

A window is one business day of `updated_at`, [start, end) in UTC; window_bounds.py computes its
bounds. The windows of a calendar month are requested together and committed together. Two months
are fetched at a time, each in a thread, while the caller's thread commits the one before them.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import CancelledError
from datetime import date, datetime, timedelta
from functools import partial
from itertools import groupby
from pathlib import Path
from threading import Event

from pipeline.errors import Conflict, SourceError
from pipeline.extract.commit import commit_windows
from pipeline.extract.fetch import FetchedPages, fetch_pages
from pipeline.extract.new_fields import record_new_fields
from pipeline.extract.read_ahead import run_ahead
from pipeline.extract.waits import on_wait
from pipeline.extract.warnings import history_limit_warning, skew_warning
from pipeline.extract.window_bounds import DayBounds, consecutive_days, consecutive_windows
from pipeline.load import Lake
from pipeline.pos.source import FetchProgress, Source, Window
from pipeline.progress import Progress

log = logging.getLogger(__name__)

_STARTED = time.monotonic()  # about the instant that the settings give as `now`


def months_of(windows: Iterable[Window]) -> list[list[Window]]:
    """Consecutive windows by the month of their days."""
    months = groupby(windows, key=lambda window: (window.date.year, window.date.month))
    return [list(month) for _, month in months]


def name_of(windows: Sequence[Window]) -> str:
    """What is requested for consecutive windows, for messages."""
    last = f" to {windows[-1].date}" if windows[1:] else ""
    return f"receipts of {windows[0].date}{last}"


def progress_callbacks(
    bar: Progress, months: Sequence[Sequence[Window]], now: datetime, source: Source
) -> list[Callable[[FetchProgress], None]]:
    """Functions that show the progress of each of some months, all on `bar`.

    The windows of a month are read from the newest receipt back to their start, or the other way if
    the source serves the oldest first.
    """
    is_oldest_first = getattr(source, "is_oldest_first", False)
    records, shares = [0] * len(months), [0.0] * len(months)

    def show(number: int, step: FetchProgress) -> None:
        start, end = months[number][0].start, min(months[number][-1].end, now)
        moment = step.newest if is_oldest_first else step.oldest
        if moment:
            read = moment - start if is_oldest_first else end - moment
            share = read / max(end - start, timedelta(seconds=1))
            records[number], shares[number] = step.records, min(max(share, 0.0), 1.0)
            read_until = f"{'up' if is_oldest_first else 'back'} to {moment:%Y-%m-%d %H:%M}"
            bar.reach(sum(records), sum(shares) / len(shares), read_until)

    return [partial(show, number) for number in range(len(months))]


def extract(
    days: Iterable[date],
    lake: Lake,
    source: Source,
    day_bounds: DayBounds,
    *,
    last: date,
    now: datetime,
    state_folder: Path,
    on_progress: Callable[[str, int | None], None],
) -> None:
    """Extract the windows of `days`, those of a month together; commit them in order.

    `last` is the last day whose window has closed. An extraction up to that day has no upper bound:
    a receipt that changes in the meantime gets a later `updated_at`, so it cannot be skipped
    between two pages. If a month cannot be fetched, the others are committed, and its error is
    raised at the end. Raises Conflict if a killed run had committed one of `days`: then the bounds
    of the others change, and the run must plan again.
    """
    days = list(days)
    lake.complete_raw_commits()
    if committed := {str(day) for day in days} & set(lake.windows()):
        raise Conflict(f"{', '.join(sorted(committed))}: committed by a run that was killed")
    failures: list[SourceError] = []
    received = 0
    is_over = Event()

    def fetch(month: list[Window], show: Callable[[FetchProgress], None]) -> FetchedPages:
        def go_on(step: FetchProgress) -> None:
            if is_over.is_set():
                raise CancelledError
            show(step)

        is_bounded = month[-1].date < last
        return fetch_pages(
            source, month, bounded=is_bounded, state_folder=state_folder, now=now, progress=go_on
        )

    months = [
        month
        for consecutive in consecutive_days(days)
        for month in months_of(consecutive_windows(consecutive, lake, day_bounds))
    ]
    if not months:
        return
    name = name_of([window for month in months for window in month])
    try:
        with Progress(name, "receipts", on_progress=on_progress) as bar, on_wait(bar.pause):
            shows = progress_callbacks(bar, months, now, source)
            works = map(partial, [fetch] * len(months), months, shows)
            for month, fetched in zip(months, run_ahead(works), strict=True):
                if isinstance(error := fetched.exception(), SourceError):
                    log.error("%s: %s", name_of(month), error)
                    failures.append(error)
                else:
                    _commit_month(lake, month, fetched.result())
                    received += fetched.result().records
    finally:
        is_over.set()
    if failures:
        raise failures[0]
    on_progress(f"{name}: {_count(received, 'record')}", 100)  # the last one was of a page


def _commit_month(lake: Lake, windows: list[Window], fetched: FetchedPages) -> None:
    """Commit the windows of a month; log what the fetched pages show."""
    name, waited = name_of(windows), timedelta(seconds=time.monotonic() - _STARTED)
    for warning in (
        fetched.requests and skew_warning(fetched.skew, waited),  # saved files have no server clock
        fetched.truncated_at and history_limit_warning(fetched.truncated_at),
    ):
        if warning:
            log.warning("%s: %s", name, warning)
    commit_windows(lake, fetched, windows)
    record_new_fields(fetched, windows[-1].date, lake)
    records, pages = _count(fetched.records, "record"), _count(fetched.pages, "page")
    log.info("%s: %s in %s", name, records, pages)


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
