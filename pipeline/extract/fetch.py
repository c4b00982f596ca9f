"""A walk of a source: one pass through its pages, each record brought to the window that it belongs
to.

In: a source and windows that tile [first start, last end) of `updated_at`, all of them closed and
settled. Out: for every window, in order, its records by UTC date of sale, sorted by (updated_at,
number, arrival) so that the order of pages does not matter, exact duplicates once. A record outside
all windows is counted and left to the window that it belongs to; where the source says that its
history begins with the first window (`starts`), that window takes what is older; one whose `updated_at` is
unreadable goes to the last window, date unknown. A night's walk is not bounded above: what changes
while it is under way moves out of the closed windows, never between their pages. From a bounded one
it would move away, and where the API counts its rows, another row would slip between two pages: so
at its end it is asked what has changed meanwhile (a request), and where that may have been in the
span, the span is read again, until a pass was quiet. Memory holds one page, then one window,
however long the walk; the pages wait on disk. Conserved: every record of every page is in a window,
outside or a duplicate. Raises SourceError and ConfigError.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from functools import partial
from itertools import pairwise
from pathlib import Path

from pipeline.errors import ConfigError, SourceRetriable
from pipeline.extract.lazy_mapping import LazyMapping
from pipeline.extract.page_journal import PageJournal, open_page_journal
from pipeline.pos.source import Page, Progress, Record, Source, Window, sold_date

MAX_FIELDS = 20  # unknown ones; a map whose keys are data does not fill the log
PASSES = 4  # the last of them is not bounded, and so the last
LOOK_BACK = timedelta(
    hours=1
)  # for changes that show late, and for a clock that is ahead of the server's
_NEVER = datetime.min.replace(tzinfo=UTC)

Records = Mapping[date | None, list[Record]]


class FetchedPages:
    """What a walk found: counts of pages, records and requests; `outside`, records of other
    windows; `duplicates`, complete only when all windows have been handed out; `oldest`, the oldest
    `created_at` seen; `truncated_at`: the account serves nothing created before; `fields`: unknown
    ones, each with a receipt that bears it; `skew`: the server's clock less ours, None when it
    tells no time.
    """

    def __init__(self, source: Source, windows: Sequence[Window], spool: PageJournal):
        self.reader = source.reader
        self._source, self._asked, self._spool = source, windows, spool
        self._starts = [window.start for window in windows]
        self._takes_older = getattr(source, "starts", None) == self._starts[0]
        self._buckets: dict[int, dict[date | None, int]] = defaultdict(
            lambda: defaultdict(int)
        )  # records by window and date of sale
        self._doubled: dict[tuple[int, date | None], int] = {}
        self.pages = self.records = self.outside = 0
        self.requests = source.requests
        self.fields: dict[str, str] = {}
        self._is_sampled = False
        self.oldest: datetime | None = None
        self.newest: datetime | None = None
        self.truncated_at: datetime | None = None
        self.skew: timedelta | None = None

    @property
    def duplicates(self) -> int:
        """Records that came more than once, in the windows read so far."""
        return sum(self._doubled.values())

    def check_clock(self, now: datetime) -> None:
        """Note how the server's clock differs. Raises SourceRetriable where by it the last window
        has not closed.
        """
        told, last = self._source.server_time, self._asked[-1]
        if self.skew is not None or told is None:
            return
        self.skew = told - now
        if told < last.end:
            raise SourceRetriable(
                f"by the server's clock, {told:%Y-%m-%d %H:%M:%S} UTC, window {last.date} has not"
                f" closed; this machine's clock is {-self.skew} ahead: set it right, or run again"
                " later"
            )

    def sort(self, page: Page) -> None:
        """Sort the records of a page by window and date of sale."""
        sorted_page: dict[tuple[int, date | None], list[Record]] = defaultdict(list)
        for record in page.records:
            index = self._window_of(record)
            if index is None:
                self.outside += 1
            else:
                sorted_page[index, sold_date(record)].append(record)
        if len(self.fields) < MAX_FIELDS:
            self.fields = {
                **self.reader.find_unknown(page.records, is_first=not self._is_sampled),
                **self.fields,
            }
            self._is_sampled = True
        for (index, sold), records in sorted_page.items():
            self._buckets[index][sold] += len(records)
            self._spool.put(_bucket(index, sold), records)

    def count(self, page: Page) -> Progress:
        """Note how far the walk has come with a page."""
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
        requests = self._source.requests - self.requests
        return Progress(self.pages, self.records, requests, self.oldest, self.newest)

    def _window_of(self, record: Record) -> int | None:
        if record.updated_at is None:
            return len(self._asked) - 1
        if record.updated_at < self._starts[0]:
            return 0 if self._takes_older else None
        if record.updated_at >= self._asked[-1].end:
            return None
        return bisect_right(self._starts, record.updated_at) - 1

    @property
    def windows(self) -> Iterator[tuple[Window, Records]]:
        """Each window asked for, with its records by date of sale; to be gone through once.

        Records are read from the spool when they are looked at, and at the end the spool is
        emptied: commit each window before asking for the next. Where that stops half-way, the next
        run finds the rest without asking the source.
        """
        is_done = False
        try:
            yield from self._hand_out()
            is_done = True
        finally:
            self._spool.close(is_done=is_done)

    def _hand_out(self) -> Iterator[tuple[Window, Records]]:
        for index, window in enumerate(self._asked):
            yield (
                window,
                LazyMapping(
                    sort_dates(self._buckets[index]),
                    partial(self._read, index),
                ),
            )

    def _read(self, index: int, sold: date | None) -> list[Record]:
        found, expected = self._spool.take(_bucket(index, sold)), self._buckets[index][sold]
        if len(found) != expected:
            raise ConfigError(
                f"{self._spool.folder} gives back {len(found)} of {expected} records: its disk"
                " loses data; set another folder for it"
            )
        kept = arrange(found)
        self._doubled[index, sold] = len(found) - len(kept)
        return kept


class BackgroundSorter:
    """Sorts a page that is on the disk while the next one is under way; to be used in a with
    statement, which sorts the last.
    """

    def __init__(self, found: FetchedPages):
        self._found, self._thread = found, ThreadPoolExecutor(1)
        self._sorted: Future[None] | None = None

    def __enter__(self) -> BackgroundSorter:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        with self._thread:
            if kind is None and self._sorted:
                self._sorted.result()

    def sort(self, page: Page) -> None:
        """Returns when the page before has been sorted, and raises what that has."""
        if self._sorted:
            self._sorted.result()
        self._sorted = self._thread.submit(self._found.sort, page)


def _bucket(index: int, sold: date | None) -> str:
    return f"heap.{index}.{sold}"


def fetch_pages(
    source: Source,
    windows: Sequence[Window],
    *,
    bounded: bool,
    spool: Path,
    now: datetime,
    progress: Callable[[Progress], None] = lambda _: None,
) -> FetchedPages:
    """Fetch all pages for `windows`; `bounded` leaves out what changed after them, as a backfill
    does.

    `now` is the run's instant: the server's clock is compared with it, and a window that has not
    closed by the server's clock raises SourceRetriable, because it could still gain receipts.
    """
    if not windows or any(before.end != after.start for before, after in pairwise(windows)):
        raise ValueError("a walk needs windows that tile time")
    since, until = windows[0].start, windows[-1].end
    pages = open_page_journal(spool, source.identity, since, until, is_bounded=bounded, now=now)
    try:
        found = FetchedPages(source, windows, pages)
        pages.clear_buckets()
        last = None
        for last in pages.pages():
            found.sort(last)
            progress(found.count(last))
        cursor, is_read, known = (
            last and last.cursor,
            last is not None and last.cursor is None,
            set[bytes](),
        )
        began = pages.began - LOOK_BACK
        with BackgroundSorter(found) as behind:
            for count in range(1, PASSES + 1):
                is_open = not bounded or count == PASSES
                for page in (
                    ()
                    if is_read
                    else source.receipts(pages.since, None if is_open else pages.until, cursor)
                ):
                    found.check_clock(now)
                    pages.add(page)
                    behind.sort(page)
                    progress(found.count(page))
                if is_open or (moved := find_moved(source, began, pages.until)) <= known:
                    break
                cursor, is_read, known = None, False, moved
    except BaseException:
        pages.close(is_done=False)
        raise
    found.requests = source.requests - found.requests
    return found


def find_moved(source: Source, since: datetime, until: datetime) -> set[bytes]:
    """Receipts in their present version that have changed since an instant and may have left a span
    that ends at `until`.
    """
    return {
        record.body
        for page in source.receipts(since, None)
        for record in page.records
        if record.created_at is None
        or record.updated_at is None
        or record.created_at < until <= record.updated_at
    }


def arrange(records: list[Record]) -> list[Record]:
    """Records in their one order, (updated_at, number, arrival), exact duplicates once: the latest,
    so that of two versions with one `updated_at` the one fetched last stands last.
    """
    latest: dict[bytes, Record] = {}
    for record in records:
        latest.pop(record.body, None)
        latest[record.body] = record
    return sorted(latest.values(), key=lambda r: (r.updated_at or _NEVER, r.number or ""))


def sort_dates(dates: Mapping[date | None, object]) -> list[date | None]:
    """Dates in order, the unknown one last."""
    return sorted(dates, key=lambda sold: (sold is None, sold or date.min))


def pack(records: Records) -> Mapping[date | None, bytes]:
    """Each date's records as NDJSON, verbatim, one a line."""
    return LazyMapping(
        records, lambda sold: b"".join(record.body + b"\n" for record in records[sold])
    )
