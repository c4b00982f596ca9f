"""Extraction of a period: fetch all pages of a source, sort records into windows.

Takes a source and consecutive closed windows of `updated_at`, without gaps. Returns for each
window, in order, its records by UTC date of sale, sorted by (updated_at, number, arrival), so that
the order of the pages does not matter. Exact duplicates are kept once.

- A record of no requested window is counted (`other_windows`) and left to its own window. If the
  source states that its history begins with the first window (`starts`), that window takes all
  older records.
- A record with an unreadable `updated_at` goes to the last window, date unknown.
- The daily extraction has no upper bound: a receipt that changes in the meantime gets a later
  `updated_at`, so it cannot be skipped between two pages.
- A bounded extraction could lose rows: a receipt that changes leaves the period, and if the API
  counts rows, another row then moves to a page that was already read. So a request at the end asks
  for the receipts that have changed since. If one may have been in the period, the period is read
  again, until a pass finds no change.

Memory holds one page, then one window; the pages wait on disk. Several periods can be fetched at
the same time, each in a thread. Every record is in a requested window, belongs to another window,
or is a duplicate. Raises SourceError and ConfigError.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import partial
from itertools import pairwise
from pathlib import Path

from pipeline.errors import ConfigError, SourceRetriable
from pipeline.extract.lazy_mapping import LazyMapping
from pipeline.extract.page_journal import PageJournal, open_page_journal
from pipeline.pos.source import ApiPage, FetchProgress, Record, Source, Window, sold_date

MAX_FIELDS = 20  # unknown fields that are logged: an object may have data as its keys
PASSES = 4  # the last pass has no upper bound, so no other can follow
# For changes that the API shows late, and for a clock that is ahead of the server's.
LOOK_BACK = timedelta(hours=1)
_NEVER = datetime.min.replace(tzinfo=UTC)

RecordsByDate = Mapping[date | None, list[Record]]


class FetchedPages:
    """The fetched records of all windows, and their counts.

    other_windows records of windows that were not requested
    duplicates    complete only when all windows have been read
    requests      sent to the source so far
    oldest        the oldest `created_at`; `newest`: the newest `updated_at`
    truncated_at  the history limit: the account serves no receipt created before
    fields        unknown fields, each with a receipt that has it
    changed       receipt numbers of receipts that the server has changed since it received them
    skew          the server's clock minus this machine's; None if the server sends no time
    """

    def __init__(self, source: Source, windows: Sequence[Window], journal: PageJournal):
        self.reader = source.reader
        self._source, self._requested, self._journal = source, windows, journal
        self._starts = [window.start for window in windows]
        self._takes_older = getattr(source, "starts", None) == self._starts[0]
        # records by window and date of sale
        self._buckets: dict[int, dict[date | None, int]] = defaultdict(lambda: defaultdict(int))
        self._duplicates: dict[tuple[int, date | None], int] = {}
        self.pages = self.records = self.other_windows = self.requests = 0
        self._requests_before = source.requests
        self.fields: dict[str, str] = {}
        self.changed: set[str] = set()
        self._is_sampled = False
        self.oldest: datetime | None = None
        self.newest: datetime | None = None
        self.truncated_at: datetime | None = None
        self.skew: timedelta | None = None

    @property
    def duplicates(self) -> int:
        """Records that came more than once, in the windows read so far."""
        return sum(self._duplicates.values())

    def check_clock(self, now: datetime) -> None:
        """Note how the server's clock differs. Raises SourceRetriable: a window is open."""
        server_time, last = self._source.server_time, self._requested[-1]
        if self.skew is not None or server_time is None:
            return
        self.skew = server_time - now
        if server_time < last.end:
            raise SourceRetriable(
                f"by the server's clock, {server_time:%Y-%m-%d %H:%M:%S} UTC, window {last.date}"
                f" has not closed; this machine's clock is {-self.skew} ahead: set it right, or run"
                " again later"
            )

    def add(self, page: ApiPage) -> FetchProgress:
        """Sort a page into the buckets and count it; returns the progress."""
        self._sort(page)
        self._count(page)
        return FetchProgress(self.pages, self.records, self.requests, self.oldest, self.newest)

    def _sort(self, page: ApiPage) -> None:
        """Sort the records of a page into buckets by window and date of sale."""
        sorted_page: dict[tuple[int, date | None], list[Record]] = defaultdict(list)
        self.changed.update(r.number for r in page.records if r.number and r.is_update)
        for record in page.records:
            index = self._window_of(record)
            if index is None:
                self.other_windows += 1
            else:
                sorted_page[index, sold_date(record)].append(record)
        if len(self.fields) < MAX_FIELDS:
            unknown = self.reader.find_unknown(page.records, is_first=not self._is_sampled)
            self.fields, self._is_sampled = unknown | self.fields, True
        for (index, sold), records in sorted_page.items():
            self._buckets[index][sold] += len(records)
            self._journal.put(_bucket(index, sold), records)

    def _count(self, page: ApiPage) -> None:
        self.count_requests()
        self.pages += 1
        self.records += len(page.records)
        self.truncated_at = page.truncated_at
        self.oldest = min(
            [r.created_at for r in page.records if r.created_at]
            + ([self.oldest] if self.oldest else []),
            default=None,
        )
        changes = [record.updated_at for record in page.records if record.updated_at]
        self.newest = max([*changes, self.newest] if self.newest else changes, default=None)

    def count_requests(self) -> None:
        """Update `requests`; requests that the source sends later are not counted."""
        self.requests = self._source.requests - self._requests_before

    def _window_of(self, record: Record) -> int | None:
        if record.updated_at is None:
            return len(self._requested) - 1
        if record.updated_at < self._starts[0]:
            return 0 if self._takes_older else None
        if record.updated_at >= self._requested[-1].end:
            return None
        return bisect_right(self._starts, record.updated_at) - 1

    @property
    def windows(self) -> Iterator[tuple[Window, RecordsByDate]]:
        """Each window with its records by date of sale; can be read once.

        Records are read from the page journal on access, and at the end the journal is removed:
        commit each window before you take the next. If that is interrupted, the next run reads the
        rest from the journal, without requests.
        """
        is_done = False
        try:
            for index, window in enumerate(self._requested):
                dates = sort_dates(self._buckets[index])
                yield window, LazyMapping(dates, partial(self._read, index))
                for sold in dates:
                    self._journal.drop(_bucket(index, sold))
            is_done = True
        finally:
            self._journal.close(is_done=is_done)

    def _read(self, index: int, sold: date | None) -> list[Record]:
        records, expected = self._journal.take(_bucket(index, sold)), self._buckets[index][sold]
        if len(records) != expected:
            raise ConfigError(
                f"{self._journal.folder} returned {len(records)} of {expected} records: its disk"
                " loses data; set another folder for it"
            )
        kept = sort_records(records)
        self._duplicates[index, sold] = len(records) - len(kept)
        return kept


def _bucket(index: int, sold: date | None) -> str:
    return f"bucket.{index}.{sold}"


def fetch_pages(
    source: Source,
    windows: Sequence[Window],
    *,
    bounded: bool,
    state_folder: Path,
    now: datetime,
    progress: Callable[[FetchProgress], None] = lambda _: None,
) -> FetchedPages:
    """Fetch all pages for `windows`.

    `bounded` requests nothing that changed after the windows. `now` is the run's instant, with
    which the server's clock is compared. Raises SourceRetriable if a window has not closed by the
    server's clock, because it could still gain receipts.
    """
    if not windows or any(before.end != after.start for before, after in pairwise(windows)):
        raise ValueError("extraction needs consecutive windows without gaps")
    since, until = windows[0].start, windows[-1].end
    journal = open_page_journal(
        state_folder, source.connection_id, since, until, is_bounded=bounded, now=now
    )
    try:
        fetched = FetchedPages(source, windows, journal)
        journal.clear_buckets()
        last = None
        for last in journal.pages():  # those of an interrupted extraction
            progress(fetched.add(last))
        cursor, is_read = last and last.cursor, last is not None and last.cursor is None
        already_moved: set[bytes] = set()
        began = journal.began - LOOK_BACK
        for number in range(1, PASSES + 1):  # until no receipt can have left the period
            is_unbounded = not bounded or number == PASSES
            end = None if is_unbounded else journal.until
            for page in () if is_read else source.receipts(journal.since, end, cursor):
                fetched.check_clock(now)
                journal.add(page)
                progress(fetched.add(page))
            if is_unbounded:
                break
            moved = find_moved(source, began, journal.until)
            if moved <= already_moved:
                break
            cursor, is_read, already_moved = None, False, moved
    except BaseException:
        journal.close(is_done=False)
        raise
    fetched.count_requests()  # those of find_moved too
    return fetched


def find_moved(source: Source, since: datetime, until: datetime) -> set[bytes]:
    """Bodies of receipts that changed since `since`, and so may have left the period."""
    return {
        record.body
        for page in source.receipts(since, None)
        for record in page.records
        if record.created_at is None
        or record.updated_at is None
        or record.created_at < until <= record.updated_at
    }


def sort_records(records: list[Record]) -> list[Record]:
    """Records by (updated_at, number, arrival), without exact duplicates.

    Of duplicates the latest is kept, so that of two revisions with the same `updated_at` the one
    fetched last comes last.
    """
    if len({(r.updated_at, r.number) for r in records}) < len(records):
        latest: dict[bytes, Record] = {}
        for record in records:
            latest.pop(record.body, None)
            latest[record.body] = record
        records = list(latest.values())
    return sorted(records, key=lambda r: (r.updated_at or _NEVER, r.number or ""))


def sort_dates(dates: Mapping[date | None, object]) -> list[date | None]:
    """Dates in order, the unknown one last."""
    return sorted(dates, key=lambda sold: (sold is None, sold or date.min))


def pack(records: RecordsByDate) -> dict[date | None, bytes]:
    """The records of each date as NDJSON: verbatim, one per line."""
    return {sold: b"".join(record.body + b"\n" for record in records[sold]) for sold in records}
