"""Windows of extraction: which are missing, where they begin and end, and how a walk of the API fills them.

A window is one business day of `updated_at`, [start, end) in UTC. It begins where the one before ended, so that
windows tile time also when the time zone or the cut-over of the settings has changed in between.
"""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime, timedelta
from pathlib import Path

from pipeline.extract import (
    Earlier,
    Missed,
    Records,
    Source,
    Walk,
    Window,
    also,
    by_date,
    find_missed,
    forward,
    holdings,
    pack,
    places_of,
    recall,
    skew_warning,
    sold_date,
    walk,
    wall_warning,
)
from pipeline.extract import Progress as Step
from pipeline.load import MOST_WAITING, Lake
from pipeline.progress import Progress
from pipeline.transform import Store, day_bounds

log = logging.getLogger(__name__)

_STARTED = time.monotonic()  # about when the settings said what time it is

DATASET = "raw/receipts"
DAY = timedelta(days=1)


def tile(days: list[date], lake: Lake, store: Store) -> Iterator[Window]:
    """Windows for consecutive `days`, which touch the windows that the lake already has on either side."""
    before, after = str(days[0] - DAY), str(days[-1] + DAY)
    start = datetime.fromisoformat(lake.facts(DATASET, before)["end"]) if lake.newest(DATASET, before) else day_bounds(days[0], store)[0]
    edge = datetime.fromisoformat(lake.facts(DATASET, after)["start"]) if lake.newest(DATASET, after) else None
    for day in days:
        end = day_bounds(day, store)[1]
        if edge:  # which another time zone may have set before this day's end
            end = edge if day == days[-1] else min(end, edge)
        yield Window(day, start, max(start, end))
        start = max(start, end)


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


def follow(bar: Progress, windows: list[Window], now: datetime) -> Callable[[Step], None]:
    """Shows how far a walk has come: it goes from the newest receipt back to the start of the first window."""
    start, end = windows[0].start, min(windows[-1].end, now)

    def show(step: Step) -> None:
        if step.oldest:
            share = (end - step.oldest) / max(end - start, timedelta(seconds=1))
            bar.reach(step.records, min(max(share, 0.0), 1.0), f"back to {step.oldest:%Y-%m-%d %H:%M}")

    return show


def pack_batch(records: Records, earlier: Earlier) -> tuple[dict[date | None, bytes], dict[date | None, str]]:
    """(NDJSON, UTC minutes that the sales span) of each date of sale of a batch, with the copies by which a day sees that a
    receipt has left it."""
    objects, times = {}, {}
    forwarded = forward(records, earlier)
    for sold in forwarded:
        here = forwarded[sold]
        objects[sold] = pack({sold: here})[sold]
        if sold and all(sold_date(record) == sold for record in here):
            times[sold] = f"{min(r.sold_at for r in here):%H%M}-{max(r.sold_at for r in here):%H%M}"
    return objects, times


def recall_from(lake: Lake) -> Earlier:
    """Where the committed versions of a receipt stand."""
    return recall(lambda day: map(lake.read_raw, lake.raw_objects(day, day)))


def commit_all(lake: Lake, found: Walk, windows: list[Window]) -> None:
    """Commit the windows of a walk in their order, each while the next ones are prepared.

    A window may have to know where a receipt stood in one that waits to be committed: `waiting` remembers those.
    """
    waiting: deque[dict[str, set[date]]] = deque(maxlen=MOST_WAITING)
    with lake.commits() as commits:
        for window, lazily in found.windows:
            records = {sold: lazily[sold] for sold in lazily}
            objects, times = pack_batch(records, also(recall_from(lake), waiting))
            commits.add(str(window.date), objects, facts_of(window, sum(map(len, records.values())), found), times)
            waiting.append(places_of(records))
            if window is windows[-1]:
                commits.finish()  # before the walk forgets its pages


def facts_of(window: Window, count: int, found: Walk) -> dict[str, object]:
    """What the manifest of a batch says: its bounds, its records, and where the account's history ended."""
    return {"start": window.start.isoformat(), "end": window.end.isoformat(), "records": count,
            "truncated_at": found.truncated_at and found.truncated_at.isoformat()}


def sweep(windows: list[Window], batch: str, lake: Lake, source: Source, *, now: datetime, spool: Path,
          tell: Callable[[str, int | None], None]) -> list[Missed]:
    """Read the span of `windows` again whatever has been extracted, and commit what raw lacks as `batch`.

    Nothing is ever taken away because a sweep did not see it. What it finds, the windows have missed.
    """
    span = Window(windows[-1].date, windows[0].start, windows[-1].end)
    name = f"sweep of {windows[0].date} to {span.date}"
    with Progress(name, "receipts", tell=tell) as bar:
        found = walk(source, [span], bounded=True, spool=spool, now=now, progress=follow(bar, [span], now))
    for _, records in found.windows:
        dates = [sold for sold in records if sold]
        held = list(lake.raw_objects(min(dates), max(dates))) if dates else []
        for window in windows:
            held += [one for one in lake.raw_objects(window.date, window.date, str(window.date)) if one.sold is None]
        missed = find_missed(records, holdings(map(lake.read_raw, held)))
        objects, times = pack_batch(by_date(missed), recall_from(lake))
        lake.commit_window(batch, objects, facts_of(span, len(missed), found), times)
    for one in missed[:20]:
        log.warning("%s: the windows have missed receipt %s, changed at %s (raw held %s)", name, one.record.number, one.record.updated_at,
                    one.held or "nothing")
    log.info("%s: %d records read, %d were missing", name, found.records, len(missed))
    return missed


def back(month: date, count: int) -> date:
    """The first day of the month `count` months before `month`."""
    year, index = divmod(month.year * 12 + month.month - 1 - count, 12)
    return date(year, index + 1, 1)


def months_between(first: date, last: date) -> list[date]:
    """The first days of the months from that of `first` to that of `last`."""
    count = (last.year - first.year) * 12 + last.month - first.month
    return [back(last, n) for n in range(count, -1, -1)]


def last_window(lake: Lake) -> str:
    """The name of the last window that the lake has; empty where it has none."""
    return max((name for name in lake.partitions(DATASET) if len(name) == 10), default="")


def window_of(day: date, lake: Lake) -> Window:
    """The window of `day` as it was committed."""
    facts = lake.facts(DATASET, str(day))
    return Window(day, datetime.fromisoformat(facts["start"]), datetime.fromisoformat(facts["end"]))


def extract(days: Iterable[date], lake: Lake, source: Source, store: Store, *, last: date, now: datetime, spool: Path,
            tell: Callable[[str, int | None], None]) -> None:
    """Fill the windows of `days`, one walk of the source for each run of consecutive days, and commit them in order.

    `last` is the last day whose window has closed. A walk that ends there leaves the upper bound out: what changes
    meanwhile moves out of the closed windows and never slips between two pages.
    """
    for span in spans(days):
        windows = list(tile(span, lake, store))
        name = f"receipts of {span[0]}" + (f" to {span[-1]}" if span[1:] else "")
        with Progress(name, "receipts", tell=tell) as bar:
            found = walk(source, windows, bounded=span[-1] < last, spool=spool, now=now,
                         progress=follow(bar, windows, now))
        waited = timedelta(seconds=time.monotonic() - _STARTED)
        for warning in (skew_warning(found.skew, waited), found.truncated_at and wall_warning(found.truncated_at)):
            if warning:
                log.warning("%s: %s", name, warning)
        commit_all(lake, found, windows)
        log.info("%s: %d records in %d pages, %d requests", name, found.records, found.pages, found.requests)
