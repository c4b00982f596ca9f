"""Windows of extraction: which are missing, and how extraction fills them.

A window is one business day of `updated_at`, [start, end) in UTC; window_bounds.py computes its
bounds.
"""

from __future__ import annotations

import json
import logging
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from pipeline.errors import Conflict, Corrupt
from pipeline.extract.fetch import FetchedPages, Records, fetch_pages, pack
from pipeline.extract.missed import (
    Missed,
    by_date,
    find_missed,
    held_versions,
    is_before,
    recording_numbers,
)
from pipeline.extract.missing_numbers import ask_for, choose_numbers, find_missing_numbers
from pipeline.extract.moved_versions import (
    Earlier,
    copy_moved_versions,
    earlier_places,
    is_update,
    partition_dates_of,
    with_pending,
)
from pipeline.extract.waits import on_wait
from pipeline.extract.warnings import history_limit_warning, skew_warning
from pipeline.extract.window_bounds import DATASET, DAY, DayBounds, tile, window_names, window_of
from pipeline.load import MAX_PENDING, BatchName, Lake
from pipeline.load.layout import state_key
from pipeline.pos.source import Progress as Step
from pipeline.pos.source import Reader, Record, Source, Window, sold_date
from pipeline.progress import Progress

log = logging.getLogger(__name__)

_STARTED = time.monotonic()  # about the instant that the settings give as `now`

FIELDS = "fields.json"
MOST_NOTED = 100  # a map whose keys are data does not fill the state


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
            place = f"{'up' if is_oldest_first else 'back'} to {moment:%Y-%m-%d %H:%M}"
            bar.reach(step.records, min(max(share, 0.0), 1.0), place)

    return show


def pack_objects(
    records: Records, earlier: Earlier, partition_dates: Mapping[str, set[date]]
) -> tuple[dict[date | None, bytes], dict[date | None, str]]:
    """Objects of a batch by date of sale: NDJSON, and UTC times of the sales.

    With the copies for the days that a receipt has left (moved_versions.py).
    """
    objects: dict[date | None, bytes] = {}
    times: dict[date | None, str] = {}
    recalled = cache(earlier)
    forwarded = copy_moved_versions(records, recalled, partition_dates)

    def replaces(record: Record, sold: date) -> bool:
        """Whether raw has an earlier version under the same date, at another time."""
        if not is_update(record):
            return False
        assert record.created_at  # as of every update
        instants = recalled(record.number or "", record.created_at).sold.get(sold, set())
        return not instants <= {record.sold_at}

    for sold in forwarded:
        here = forwarded[sold]
        objects[sold] = pack({sold: here})[sold]
        # Times are given only without copies, which are of other dates, and without a record that
        # replaces one that a neighbouring business day of the same date may have counted.
        is_own = sold and len(here) == len(records.get(sold, ()))
        if sold and is_own and not any(replaces(record, sold) for record in here):
            moments = [record.sold_at for record in here if record.sold_at]
            times[sold] = f"{min(moments):%H%M}-{max(moments):%H%M}"
    return objects, times


def earlier_places_in(lake: Lake, reader: Reader) -> Earlier:
    """The function that returns the dates of the committed versions of a receipt."""
    return earlier_places(
        lambda day: map(lake.read_raw, lake.raw_objects(day, day)), reader.read_record
    )


def commit_windows(lake: Lake, fetched: FetchedPages, windows: list[Window]) -> None:
    """Commit windows in their order, each while the next ones are prepared.

    A window may need the dates of a receipt in a window that is not committed yet: `waiting` has
    those.
    """
    waiting: deque[dict[str, set[date]]] = deque(maxlen=MAX_PENDING)
    with lake.commits() as commits:
        for window, lazy_records in fetched.windows:
            records = {sold: lazy_records[sold] for sold in lazy_records}
            partition_dates = partition_dates_of(records)
            objects, times = pack_objects(
                records,
                with_pending(earlier_places_in(lake, fetched.reader), waiting),
                partition_dates,
            )
            commits.add(
                str(window.date),
                objects,
                batch_metadata(window, sum(map(len, records.values())), fetched),
                times,
            )
            waiting.append(partition_dates)
            if window is windows[-1]:
                commits.finish()  # before the page journal is removed


def batch_metadata(window: Window, count: int, fetched: FetchedPages) -> dict[str, object]:
    """Metadata of a batch for its manifest: bounds, record count, history limit."""
    return {
        "start": window.start.isoformat(),
        "end": window.end.isoformat(),
        "records": count,
        "truncated_at": fetched.truncated_at and fetched.truncated_at.isoformat(),
    }


def rescan(
    windows: list[Window],
    batch: str,
    lake: Lake,
    source: Source,
    *,
    now: datetime,
    spool: Path,
    most: int = 0,
    tell: Callable[[str, int | None], None],
) -> list[Missed]:
    """Reconciliation scan: read the span of `windows` again, commit what raw lacks.

    It also requests receipt numbers that are missing in the span, at most `most`. The records that
    raw lacks, which the windows have missed, become the batch `batch`. A scan removes nothing.
    """
    span = Window(windows[-1].date, windows[0].start, windows[-1].end)
    name = f"scan of {windows[0].date} to {span.date}"
    with Progress(name, "receipts", tell=tell) as bar, on_wait(bar.pause):
        fetched = fetch_pages(
            source,
            [span],
            bounded=True,
            spool=spool,
            now=now,
            progress=follow(bar, [span], now, source),
        )
        for _, records in fetched.windows:
            missed, metadata = _rescan_span(span, windows, records, lake, source, most)
            added = by_date(missed)
            objects, times = pack_objects(
                added, earlier_places_in(lake, source.reader), partition_dates_of(added)
            )
            lake.commit_window(
                batch, objects, batch_metadata(span, len(missed), fetched) | metadata, times
            )
    for record, held in ((miss.record, miss.held) for miss in missed[:20]):
        log.warning(
            "%s: the windows have missed receipt %s, changed at %s (raw held %s)",
            name,
            record.number,
            record.updated_at,
            held or "nothing",
        )
    note_fields(fetched, span.date, lake)
    log.info(
        "%s: %d records read, %d were missing%s",
        name,
        fetched.records,
        len(missed),
        format_asked(metadata),
    )
    return missed


def _rescan_span(
    span: Window, windows: list[Window], records: Records, lake: Lake, source: Source, most: int
) -> tuple[list[Missed], dict[str, object]]:
    """Records of a span, or of missing numbers in it, that raw lacks.

    And the manifest's metadata about those numbers.
    """
    first, last = span.start.date(), span.end.date()
    dates = [first, *(sold for sold in records if sold)]
    objects = list(lake.raw_objects(min(dates), max(dates)))
    for window in windows:
        objects += [
            raw_object
            for raw_object in lake.raw_objects(window.date, window.date, str(window.date))
            if raw_object.sold is None
        ]
    numbers = {
        record.number
        for sold in records
        if sold and first <= sold <= last
        for record in records[sold]
        if record.number and record.sold_at and span.start <= record.sold_at < span.end
    }
    held = held_versions(
        map(lake.read_raw, objects),
        recording_numbers(numbers, span.start, span.end, source.reader.read_record),
    )
    missed = find_missed(records, held)
    tried = numbers_tried(lake, windows[0].date)
    to_request = choose_numbers(
        find_missing_numbers(numbers),
        {*held, *(miss.record.number for miss in missed if miss.record.number)},
        tried,
        most,
    )
    answered = ask_for(source, to_request, most)
    begin = window_of(date.fromisoformat(window_names(lake)[0]), lake).start
    mine = [
        record
        for record in answered.receipts
        if (record.updated_at is None or record.updated_at < span.end)  # else in a later window
        and not is_before(record, begin)
    ]
    places = {place for record in mine if (place := sold_date(record))}
    there = held_versions(
        (lake.read_raw(item) for sold in places for item in lake.raw_objects(sold, sold)),
        source.reader.read_record,
    )
    missed += find_missed(
        by_date(Missed(sold_date(record), record, None) for record in mine), there
    )
    return missed, {
        "asked": len(answered.receipts) + len(answered.unknown),
        "answered": len(answered.receipts),
        "waiting": answered.waiting,
        "unknown": {number: tried.get(number, 0) + 1 for number in answered.unknown},
    }


def numbers_tried(lake: Lake, since: date) -> dict[str, int]:
    """How often scans since a day have requested each number unknown to the shop.

    Invalidated scans have no such metadata.
    """
    tried: dict[str, int] = {}
    for name in lake.partitions(DATASET):
        batch = BatchName.parse(name)
        if not batch.is_window and batch.day >= since:
            for number, times in (
                lake.metadata(DATASET, name, lake.newest(DATASET, name)).get("unknown", {}).items()
            ):
                tried[number] = max(times, tried.get(number, 0))
    return tried


def format_asked(metadata: Mapping[str, Any]) -> str:
    """The result for the missing numbers of a scan, as the end of a sentence."""
    if not metadata["asked"] and not metadata["waiting"]:
        return ""
    return (
        f"; of the missing receipt numbers {metadata['asked']} were asked for,"
        f" {len(metadata['unknown'])} of which the shop does not know either"
        + (f", and {metadata['waiting']} wait for the next scan" if metadata["waiting"] else "")
    )


def read_fields(lake: Lake) -> dict[str, dict[str, str]]:
    """Unknown fields noted so far: since which window, and in which receipt.

    If the file is lost, they are noted again.
    """
    try:
        noted = json.loads(lake.storage.get(state_key(FIELDS)))
    except (Corrupt, ValueError):
        return {}
    is_ours = isinstance(noted, dict) and all(
        isinstance(entry, dict) and {"since", "receipt"} <= entry.keys() for entry in noted.values()
    )
    return noted if is_ours else {}


def note_fields(fetched: FetchedPages, day: date, lake: Lake) -> None:
    """Log the fields that this version does not know, each once in a lake."""
    noted = read_fields(lake) if fetched.fields else {}
    new = {
        path: {"since": str(day), "receipt": number}
        for path, number in sorted(fetched.fields.items())
        if path not in noted
    }
    if new and len(noted) < MOST_NOTED:
        log.warning(
            "receipts bear fields that this version does not know: %s. They are kept in raw and"
            " counted nowhere; see whether a newer version reads them",
            ", ".join(f"{path} (receipt {entry['receipt']})" for path, entry in new.items()),
        )
        lake.put_state(FIELDS, json.dumps({**noted, **new}, indent=1, sort_keys=True).encode())


def months_before(month: date, count: int) -> date:
    """The first day of the month `count` months before `month`."""
    year, index = divmod(month.year * 12 + month.month - 1 - count, 12)
    return date(year, index + 1, 1)


def months_between(first: date, last: date) -> list[date]:
    """The first days of the months from that of `first` to that of `last`."""
    count = (last.year - first.year) * 12 + last.month - first.month
    return [months_before(last, n) for n in range(count, -1, -1)]


def last_window(lake: Lake) -> str:
    """The name of the last window that the lake has; empty if it has none."""
    return max(window_names(lake), default="")


def extract(
    days: Iterable[date],
    lake: Lake,
    source: Source,
    day_bounds: DayBounds,
    *,
    last: date,
    now: datetime,
    spool: Path,
    tell: Callable[[str, int | None], None],
) -> None:
    """Extract the windows of `days`, consecutive days together; commit them in order.

    `last` is the last day whose window has closed. An extraction up to that day has no upper bound:
    a receipt that changes meanwhile moves out of the closed windows, never between two pages.
    Raises Conflict if a killed run had claimed one of `days`, because the bounds then change.
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
                spool=spool,
                now=now,
                progress=follow(bar, windows, now, source),
            )
        waited = timedelta(seconds=time.monotonic() - _STARTED)
        for warning in (
            fetched.requests
            and skew_warning(fetched.skew, waited),  # saved files tell no time, and need not
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
