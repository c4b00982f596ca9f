"""The model of test_model.py with the real commit: pipeline.windows and a lake in a folder, killed at any request to it.

Each night is a process of its own: it lists the lake anew, and knows of the one before only what that left on disk.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import date, time, timedelta
from itertools import pairwise

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule

from pipeline.errors import Conflict
from pipeline.extract import Window
from pipeline.load import RECEIPTS, Lake, Storage, open_storage
from pipeline.transform import Store
from pipeline.windows import extract, sweep, window_of
from tests.extract.small_shop import START
from tests.extract.test_model import ACTS, DAY, SETTLE, Act, Killed, Nights
from tests.load.faults import FaultyStorage
from tests.load.faults import Killed as StruckInTheLake
from tests.load.invariants import check

STORE = Store(timezone="America/Mexico_City", day_starts_at=time(5), currency="MXN", places=2)
KILLS = st.none() | st.tuples(st.integers(1, 30), st.booleans())


class NightsInALake(Nights):
    """`kill_page` ends the process before that page of a walk, `kill_put` before or after that write to the lake."""

    pages_left: int | None = None

    def _next_act(self) -> None:
        super()._next_act()
        if self.pages_left is not None:
            self.pages_left -= 1
            if self.pages_left < 0:
                raise Killed

    def _storage(self) -> Storage:
        return open_storage(f"{self.folder}/lake")

    def _last(self) -> date:
        return (self.clock - SETTLE - DAY - (START - START.replace(hour=0))).date()

    def _due(self) -> list[date]:
        held = set(Lake(self._storage()).partitions(RECEIPTS))
        days = (START.date() + n * DAY for n in range((self._last() - START.date()).days + 1))
        return [day for day in days if str(day) not in held]

    def _extract(self, days: list[date], during: list[Act], kill_page: int | None = None, kill_put: tuple[int, bool] | None = None) -> None:
        storage = self._storage()
        if kill_put:
            storage = FaultyStorage(storage, kill_put[0], after=kill_put[1], verbs=("PUT",))
        self.waiting, self.pages_left = during, kill_page
        try:
            extract(days, Lake(storage, "night", patience=0), self.source, STORE, last=self._last(), now=self.clock, spool=self.folder / "spool",
                    tell=lambda *_: None)
        except (Killed, StruckInTheLake):
            return
        finally:
            self.waiting, self.pages_left = [], None

    @rule(during=st.lists(ACTS, max_size=8), kill_page=st.integers(0, 9) | st.none(), kill_window=KILLS)
    def night(self, during: list[Act], kill_page: int | None, kill_window: tuple[int, bool] | None) -> None:
        self._extract(self._due(), during, kill_page, kill_window)

    @rule(during=st.lists(ACTS, max_size=8), kill_page=st.integers(0, 9) | st.none(), kill_put=KILLS, skipped=st.integers(0, 3))
    def backfill(self, during: list[Act], kill_page: int | None, kill_put: tuple[int, bool] | None = None, skipped: int = 0) -> None:
        """Bounded, and some windows after the first are left to another night: a gap."""
        due = self._due()[:-1]
        self._extract(due[:1] + due[1 + skipped:], during, kill_page, kill_put)

    @rule(during=st.lists(ACTS, max_size=6))
    def two_nights_at_once(self, during: list[Act]) -> None:
        """The one that comes second finds windows committed: with the same content, or it starts again."""
        lake = Lake(self._storage(), "slow", patience=0)
        lake.partitions(RECEIPTS)
        due = self._due()
        self._extract(due, during)
        try:
            extract(due, lake, self.source, STORE, last=self._last(), now=self.clock, spool=self.folder / "spool", tell=lambda *_: None)
        except Conflict:
            return

    @rule(days=st.integers(1, 40), during=st.lists(ACTS, max_size=6))
    def sweep(self, days: int, during: list[Act]) -> None:
        lake = Lake(self._storage(), "sweep", patience=0)
        windows = self._windows(lake)
        if not windows or any(before.end != after.start for before, after in pairwise(windows)):
            return
        self.waiting, self.count_of_sweeps = during, getattr(self, "count_of_sweeps", 0) + 1
        name = f"{windows[-1].date}-sweep-{self.count_of_sweeps:03d}"
        sweep(windows[-days:], name, lake, self.source, now=self.clock, spool=self.folder / "spool", tell=lambda *_: None)
        self.waiting = []

    @staticmethod
    def _windows(lake: Lake) -> list[Window]:
        return [window_of(date.fromisoformat(name), lake) for name in lake.partitions(RECEIPTS) if len(name) == 10]

    def _load(self) -> None:
        lake = Lake(self._storage(), patience=0)
        self.objects = defaultdict(list)
        for name in lake.partitions(RECEIPTS):  # in the order in which it is read
            for found in lake.raw_objects(START.date() - 40 * DAY, self.clock.date() + DAY, name):
                if found.batch == name:
                    self.objects[found.sold].append(lake.read_raw(found))

    @invariant()
    def windows_tile_time(self) -> None:
        if not hasattr(self, "folder"):
            return
        check(self._storage())
        found = self._windows(Lake(self._storage(), patience=0))
        assert all(before.end == after.start for before, after in pairwise(found) if before.date + timedelta(days=1) == after.date)


NightsInALake.TestCase.settings = settings(max_examples=40, stateful_step_count=16, deadline=None, suppress_health_check=list(HealthCheck))
TestNightsInALake = NightsInALake.TestCase
