"""Random shops against random runs: what incremental extraction keeps equals a full re-read of the
shop.

A shop sells, works offline and syncs, refunds, cancels, edits and moves receipts, also between two
pages; runs are killed anywhere, run twice, run at the same time, skipped, and rescanned. Raw is
kept in memory by the rules of the lake: a window is committed once, an object never changes, the
newest (updated_at, batch, position) wins.
"""

from __future__ import annotations

import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from shutil import rmtree
from typing import NamedTuple

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from pipeline.extract.fetch import FetchedPages, fetch_pages, pack
from pipeline.extract.http_faults import RefusedRequest
from pipeline.extract.missed import by_date, find_missed, newest_in_raw
from pipeline.extract.moved_revisions import copy_moved_revisions, earlier_dates, partition_date_of
from pipeline.pos.loyverse.client import Loyverse
from pipeline.pos.loyverse.receipt import read_receipt
from pipeline.pos.pages import write_instant
from pipeline.pos.source import ApiPage, FetchProgress, Record, Window
from pipeline.simulator.ids import millis
from pipeline.simulator.loyverse.api import answer
from pipeline.simulator.loyverse.protocol import ApiError, LoyverseRules
from pipeline.simulator.source import ShopData
from tests.extract.small_shop import START, receipt
from tests.support.book import Book
from tests.support.inputs import tries
from tests.support.other_order import OtherOrder

DAY, SETTLE = timedelta(days=1), timedelta(minutes=30)


class Killed(BaseException):
    """The process ended here."""


class Direct:
    """The API without a wire: what Http gives, from the simulator's pure part. `between` runs
    before each page.
    """

    def __init__(
        self,
        shop: ShopData,
        now: Callable[[], datetime],
        between: Callable[[], None],
    ):
        self._shop, self._now, self._between, self.requests = shop, now, between, 0

    @property
    def server_time(self) -> datetime:
        return self._now()

    def get(self, path: str, params: dict[str, str], read: Callable) -> object:
        self.requests += 1
        self._between()
        try:
            result = answer(self._shop, millis(self._now()), path, params, LoyverseRules())
        except ApiError as error:
            raise RefusedRequest(str(error), error.status, error.body) from error
        return read(result if isinstance(result, bytes) else result.body())


class Act(NamedTuple):
    """Something that happens in the shop; `pick` chooses a receipt, `hours` how long before its
    arrival it was sold.
    """

    kind: str
    pick: int
    hours: int


ACTS = st.builds(
    Act,
    st.sampled_from(
        ["sell", "offline", "refund", "cancel", "edit", "move", "move", "broken clock"]
    ),
    st.integers(0, 99),
    st.integers(0, 300),
)


class Nights(RuleBasedStateMachine):
    @initialize(
        order=st.sampled_from(["created_desc", "created_desc", "updated_desc", "updated_asc"]),
        offsets=st.booleans(),
        limit=st.integers(1, 6),
    )
    def open(self, order: str, offsets: bool, limit: int) -> None:
        self.clock, self.book, self.count, self.numbers = (
            START + timedelta(hours=3),
            Book(),
            0,
            [],
        )
        self.waiting: list[Act] = []
        self.folder = Path(tempfile.mkdtemp())
        self.source = Loyverse(
            Direct(
                OtherOrder(self.book, order, offsets),
                lambda: self.clock,
                self._next_act,
            ),
            "model",
            now=lambda: self.clock,
            limit=limit,
        )
        self.loses_rows = (
            offsets and order == "updated_asc"
        )  # nothing but a rescan can help against that
        self.hidden_until = START
        self.committed: dict[date, Window] = {}
        self.objects: dict[date | None, list[bytes]] = defaultdict(
            list
        )  # in the order of their commits
        for pick in range(8):  # a shop with a past of two windows
            self._act(Act("sell", pick, 0))
            self.clock += timedelta(hours=6)

    # The shop

    def _act(self, act: Act, lag: timedelta = timedelta(0)) -> None:
        self.clock += timedelta(seconds=1)
        given = self.numbers[act.pick % len(self.numbers)] if self.numbers else None
        if act.kind in ("sell", "offline", "refund", "broken clock") or given is None:
            self.count += 1
            sold = self.clock - timedelta(
                hours=act.hours if act.kind == "offline" else 0, seconds=act.pick % 2
            )
            fields = {"receipt_type": "REFUND", "refund_for": given} if act.kind == "refund" else {}
            shown = "1970-01-01T00:00:00.000Z" if act.kind == "broken clock" else sold
            self.book.add(receipt(f"1-{self.count}", shown, **fields), self.clock, lag)
            self.numbers.append(f"1-{self.count}")
        elif act.kind == "cancel":
            self.book.cancel(given, self.clock, lag)
        else:
            moved = (
                {"receipt_date": write_instant(self.clock - timedelta(hours=act.hours))}
                if act.kind == "move"
                else {}
            )
            self.book.change(given, self.clock, lag, note=f"at {self.clock}", **moved)

    def _next_act(self) -> None:
        if self.waiting:
            self._act(self.waiting.pop())

    @rule(acts=st.lists(ACTS, min_size=1, max_size=8), hours=st.integers(0, 40))
    def trade(self, acts: list[Act], hours: int) -> None:
        for act in acts:
            self._act(act)
            self.clock += timedelta(hours=hours) / len(acts)

    @rule(act=ACTS, minutes=st.sampled_from([20, 600, 4000]))
    def change_that_shows_late(self, act: Act, minutes: int) -> None:
        """Visible after its `updated_at`: within the settling time no window misses it, beyond that
        a rescan finds it.
        """
        if act.kind in ("sell", "offline", "refund"):
            self._act(act, timedelta(minutes=minutes))
            self.numbers.pop()  # no one touches it while it is hidden
            if timedelta(minutes=minutes) > SETTLE:
                self.hidden_until = max(self.hidden_until, self.clock + timedelta(minutes=minutes))

    @rule(hours=st.integers(1, 60))
    def wait(self, hours: int) -> None:
        """Runs may be skipped."""
        self.clock += timedelta(hours=hours)

    # The runs

    def _missing(self) -> list[Window]:
        last = max((window.end for window in self.committed.values()), default=START)
        ends = []
        while last + (len(ends) + 1) * DAY + SETTLE <= self.clock:
            ends.append(last + (len(ends) + 1) * DAY)
        return [Window((end - DAY).date(), end - DAY, end) for end in ends]

    def _walk(
        self, windows: list[Window], bounded: bool = False, kill: int | None = None
    ) -> FetchedPages:
        def step(progress: FetchProgress) -> None:
            if progress.pages == kill:
                raise Killed

        return fetch_pages(
            self.source,
            windows,
            bounded=bounded,
            state_folder=self.folder,
            now=self.clock,
            progress=step,
        )

    def _commit(self, records: object) -> None:
        for sold, ndjson in pack(
            copy_moved_revisions(
                records, earlier_dates(lambda day: self.objects[day], read_receipt)
            )
        ).items():
            self.objects[sold].append(ndjson)

    def _commit_windows(self, result: FetchedPages, kill: int | None = None) -> None:
        for count, (window, records) in enumerate(result.windows):
            if count == kill:
                raise Killed
            if window.date not in self.committed:
                self._commit(records)
                self.committed[window.date] = window

    @rule(
        during=st.lists(ACTS, max_size=12),
        kill_page=st.integers(0, 9) | st.none(),
        kill_window=st.integers(0, 4) | st.none(),
    )
    def run_nightly(
        self, during: list[Act], kill_page: int | None, kill_window: int | None
    ) -> None:
        if not (windows := self._missing()):
            return
        self.waiting = during
        try:
            self._commit_windows(self._walk(windows, kill=kill_page), kill_window)
        except Killed:
            return
        finally:
            self.waiting = []

    @rule(during=st.lists(ACTS, max_size=8), bounded=st.booleans())
    def two_nights_at_once(self, during: list[Act], bounded: bool) -> None:
        """Both fetch, then both commit; of each window the first stands. A backfill among them is
        bounded.
        """
        if not (windows := self._missing()):
            return
        first = self._walk(windows, bounded=bounded and not self.loses_rows)
        self.waiting = during
        second = self._walk(windows)
        self.waiting = []
        turns: list[Iterator] = [first.windows, second.windows]
        for turn in range(2 * len(windows)):
            window, records = next(
                turns[turn % 2 if during else turn * len(turns) // (2 * len(windows))]
            )
            if window.date not in self.committed:
                self._commit(records)
                self.committed[window.date] = window
        for rest in turns:
            assert next(rest, None) is None

    @rule(during=st.lists(ACTS, min_size=1, max_size=8), kill_page=st.integers(0, 9) | st.none())
    def backfill(self, during: list[Act], kill_page: int | None) -> None:
        """All but the last window in a bounded fetch, out of which receipts move between two pages."""
        if not (windows := self._missing()[:-1]):
            return
        self.waiting = during
        try:
            self._commit_windows(self._walk(windows, bounded=True, kill=kill_page))
        except Killed:
            return
        finally:
            self.waiting = []

    @rule(days=st.integers(1, 40), during=st.lists(ACTS, max_size=6))
    def rescan(self, days: int, during: list[Act]) -> None:
        """Reads again what has been extracted; adds what is new."""
        ends = sorted(window.end for window in self.committed.values())[-days:]
        if not ends:
            return
        self.waiting = during
        result = self._walk([Window((end - DAY).date(), end - DAY, end) for end in ends])
        self.waiting = []
        in_raw = newest_in_raw(
            (text for texts in self.objects.values() for text in texts), read_receipt
        )
        for _, records in result.windows:
            self._commit(by_date(find_missed(records, in_raw)))

    # The law

    def _seen_from(self, place: date) -> dict[str, Record]:
        """The newest version of each receipt that a day sees which reads a date, and what of
        unknown date counts there.
        """
        newest: dict[str, Record] = {}
        for sold in (None, place):
            for record in (
                read_receipt(line) for text in self.objects[sold] for line in text.splitlines()
            ):
                is_seen = sold is not None or partition_date_of(record) == place
                if is_seen and (
                    record.number not in newest
                    or newest[record.number].updated_at <= record.updated_at
                ):
                    newest[record.number] = record
        return newest

    def _full_read(self) -> dict[str, Record]:
        pages: Iterator[ApiPage] = self.source.receipts(START - DAY, None)
        return {record.number: record for page in pages for record in page.records}

    def _load(self) -> None:
        """Bring what is kept into `objects`; here it is."""

    @rule()
    def compare(self) -> None:
        """After a quiet run, and a rescan where only a rescan can help, raw is the shop."""
        self.clock = max(self.clock, self.hidden_until) + DAY + SETTLE
        self.run_nightly(during=[], kill_page=None, kill_window=None)
        if self.loses_rows or self.hidden_until > START:
            self.rescan(days=10_000, during=[])
            self.hidden_until = START
        self._load()
        truth, in_raw = self._full_read(), {}
        raw = [
            read_receipt(line)
            for texts in self.objects.values()
            for text in texts
            for line in text.splitlines()
        ]
        for record in raw:
            if record.number not in in_raw or in_raw[record.number].updated_at < record.updated_at:
                in_raw[record.number] = record
        assert in_raw == truth
        counted = [
            record
            for place in {partition_date_of(r) for r in raw}
            | {sold for sold in self.objects if sold}
            for record in self._seen_from(place).values()
            if partition_date_of(record) == place
        ]
        assert sorted(counted) == sorted(truth.values()), (
            "each counts in one place, that of its newest version"
        )

    @invariant()
    def windows_tile_time(self) -> None:
        ends = sorted(
            (window.start, window.end) for window in getattr(self, "committed", {}).values()
        )
        assert all(before[1] == after[0] for before, after in pairwise(ends))

    def teardown(self) -> None:
        if hasattr(self, "book"):
            self.compare()
            rmtree(self.folder)


Nights.TestCase.settings = settings(
    max_examples=tries(20, 120),
    stateful_step_count=16,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
TestNights = Nights.TestCase
