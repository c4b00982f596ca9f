"""Rescan: read a period again, commit what the windows have missed."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any

from pipeline.extract.commit import earlier_dates_in, pack_objects, window_metadata
from pipeline.extract.fetch import RecordsByDate, fetch_pages
from pipeline.extract.missed import (
    Missed,
    by_date,
    find_missed,
    is_before,
    newest_in_raw,
    recording_numbers,
)
from pipeline.extract.missing_numbers import choose_numbers, find_missing_numbers, request_numbers
from pipeline.extract.moved_revisions import sales_of
from pipeline.extract.new_fields import record_new_fields
from pipeline.extract.waits import on_wait
from pipeline.extract.window_bounds import window_of
from pipeline.extract.windows import progress_callbacks
from pipeline.load import RAW_RECEIPTS, Lake, RawPartition
from pipeline.pos.source import Source, Window, sold_date
from pipeline.progress import Progress

log = logging.getLogger(__name__)


def rescan(
    windows: list[Window],
    partition: str,
    lake: Lake,
    source: Source,
    *,
    now: datetime,
    state_folder: Path,
    max_numbers: int = 0,
    on_progress: Callable[[str, int | None], None],
) -> list[Missed]:
    """Rescan: read the period of `windows` again, commit what raw lacks.

    It also requests receipt numbers that are missing in the period, at most `max_numbers`. The
    records that raw lacks, which the windows have missed, become the partition `partition`. A
    rescan removes nothing.
    """
    period = Window(windows[-1].date, windows[0].start, windows[-1].end)
    name = f"rescan of {windows[0].date} to {period.date}"
    with Progress(name, "receipts", on_progress=on_progress) as bar, on_wait(bar.pause):
        fetched = fetch_pages(
            source,
            [period],
            bounded=True,
            state_folder=state_folder,
            now=now,
            progress=progress_callbacks(bar, [[period]], now, source)[0],
        )
        for _, records in fetched.windows:
            missed, metadata = _rescan_period(period, windows, records, lake, source, max_numbers)
            added = by_date(missed)
            objects, times = pack_objects(
                added, earlier_dates_in(lake, source.reader), sales_of(added)
            )
            lake.commit_window(
                partition, objects, window_metadata(period, len(missed), fetched) | metadata, times
            )
    problem = "%s: the windows have missed receipt %s, changed at %s (raw has %s)"
    for _, record, in_raw in missed[:20]:
        log.warning(problem, name, record.number, record.updated_at, in_raw or "nothing")
    record_new_fields(fetched, period.date, lake)
    result = f"{fetched.records:,} records read, {len(missed)} were missing"
    log.info("%s: %s%s", name, result, format_requested(metadata))
    return missed


def _rescan_period(
    period: Window,
    windows: list[Window],
    records: RecordsByDate,
    lake: Lake,
    source: Source,
    max_numbers: int,
) -> tuple[list[Missed], dict[str, object]]:
    """Records of a period that raw does not have; metadata about its missing numbers."""
    first, last = period.start.date(), period.end.date()
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
        if record.number and record.sold_at and period.start <= record.sold_at < period.end
    }
    in_raw = newest_in_raw(
        map(lake.read_raw, objects),
        recording_numbers(numbers, period.start, period.end, source.reader.read_record),
    )
    missed = find_missed(records, in_raw)
    tried = numbers_tried(lake, windows[0].date)
    to_request = choose_numbers(
        find_missing_numbers(numbers),
        {*in_raw, *(miss.record.number for miss in missed if miss.record.number)},
        tried,
        max_numbers,
    )
    answered = request_numbers(source, to_request, max_numbers)
    begin = window_of(date.fromisoformat(next(iter(lake.windows()))), lake).start
    answers = [
        record
        for record in answered.receipts
        if (record.updated_at is None or record.updated_at < period.end)  # else in a later window
        and not is_before(record, begin)
    ]
    sold_on = {day for record in answers if (day := sold_date(record))}
    in_raw_of_answers = newest_in_raw(
        (lake.read_raw(item) for sold in sold_on for item in lake.raw_objects(sold, sold)),
        source.reader.read_record,
    )
    missed += find_missed(
        by_date(Missed(sold_date(record), record, None) for record in answers), in_raw_of_answers
    )
    return missed, {
        "asked": len(answered.receipts) + len(answered.unknown),
        "answered": len(answered.receipts),
        "waiting": answered.waiting,
        "unknown": {number: tried.get(number, 0) + 1 for number in answered.unknown},
    }


def numbers_tried(lake: Lake, since: date) -> dict[str, int]:
    """How often rescans since a day have requested each number unknown to the POS."""
    tried: dict[str, int] = {}
    for name in lake.partitions(RAW_RECEIPTS):
        partition = RawPartition.parse(name)
        if not partition.is_window and partition.day >= since:
            metadata = lake.metadata(RAW_RECEIPTS, name, lake.newest(RAW_RECEIPTS, name))
            for number, times in metadata.get("unknown", {}).items():
                tried[number] = max(times, tried.get(number, 0))
    return tried


def format_requested(metadata: Mapping[str, Any]) -> str:
    """The result for the missing numbers of a rescan, as the end of a sentence."""
    if not metadata["asked"] and not metadata["waiting"]:
        return ""
    return (
        f"; {metadata['asked']} missing receipt numbers were requested,"
        f" {len(metadata['unknown'])} of them are unknown to the POS"
        + (f", {metadata['waiting']} are left for the next rescan" if metadata["waiting"] else "")
    )
