"""Commit windows to raw, with copies for the dates that a receipt has left."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from datetime import date
from functools import cache

from pipeline.extract.fetch import FetchedPages, RecordsByDate, pack
from pipeline.extract.moved_revisions import (
    Earlier,
    Sales,
    copy_moved_revisions,
    earlier_dates,
    sales_of,
    with_pending,
)
from pipeline.load import Lake
from pipeline.pos.source import Reader, Record, Window


def commit_windows(lake: Lake, fetched: FetchedPages, windows: list[Window]) -> None:
    """Commit windows in their order, those of a month together.

    A window may need the dates of a receipt in a window that is not committed yet: `waiting` has
    those.
    """
    waiting: deque[dict[str, Sales]] = deque()
    with lake.commit_queue() as commits:
        for window, lazy_records in fetched.windows:
            records = dict(lazy_records)
            sales = sales_of(records, fetched.changed)
            contents, times = pack_objects(
                records, with_pending(earlier_dates_in(lake, fetched.reader), waiting), sales
            )
            count = sum(map(len, records.values()))
            commits.add(window.date, contents, window_metadata(window, count, fetched), times)
            waiting.append(sales)
            while len(waiting) > commits.waiting:
                waiting.popleft()
            if window is windows[-1]:
                commits.finish()  # before the page journal is removed


def pack_objects(
    records: RecordsByDate, earlier: Earlier, sales: Mapping[str, Sales]
) -> tuple[dict[date | None, bytes], dict[date | None, str]]:
    """Objects by date of sale: NDJSON with copies of moved receipts, and UTC times."""
    times: dict[date | None, str] = {}
    cached_earlier = cache(earlier)
    with_copies = copy_moved_revisions(records, cached_earlier, sales)

    def replaces(record: Record, sold: date) -> bool:
        """Whether raw has an earlier revision under the same date, at another time."""
        if not record.is_update:
            return False
        assert record.created_at  # as of every update
        instants = cached_earlier(record.number or "", record.created_at).get(sold, set())
        return not instants <= {record.sold_at}

    for sold, kept in with_copies.items():
        # Times are given only without copies, which are of other dates, and without a record that
        # replaces one that a neighbouring business day of the same date may have counted.
        is_own = sold and len(kept) == len(records.get(sold, ()))
        if sold and is_own and not any(replaces(record, sold) for record in kept):
            moments = [record.sold_at for record in kept if record.sold_at]
            times[sold] = f"{min(moments):%H%M}-{max(moments):%H%M}"
    return pack(with_copies), times


def earlier_dates_in(lake: Lake, reader: Reader) -> Earlier:
    """The function that returns the dates of the committed revisions of a receipt."""
    return earlier_dates(
        lambda day: map(lake.read_raw, lake.raw_objects(day, day)), reader.read_record
    )


def window_metadata(window: Window, count: int, fetched: FetchedPages) -> dict[str, object]:
    """Metadata of a partition for its manifest: bounds, record count, history limit."""
    return {
        "start": window.start.isoformat(),
        "end": window.end.isoformat(),
        "records": count,
        "truncated_at": fetched.truncated_at and fetched.truncated_at.isoformat(),
    }
