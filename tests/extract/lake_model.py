"""The model of test_model.py with the real commit: pipeline.extract.windows and a lake in a folder,
run after run.

Takes a world (how the API orders and pages, how late its changes show) and steps; each is some
trade, then something that the pipeline does, perhaps killed before a page or at a write, perhaps
while another one works, perhaps under a changed time zone. Each run is a process of its own: it
lists the lake again, and knows of the one before only what that left on disk. After each step the
lake is valid and its windows follow each other without gaps; at the end it is the shop, as
AssertionError says where it is not.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import Future
from datetime import date, time, timedelta
from itertools import count, pairwise
from shutil import rmtree
from typing import NamedTuple

from hypothesis import strategies as st

from pipeline.errors import Conflict
from pipeline.extract import windows
from pipeline.extract.rescan import rescan
from pipeline.extract.window_bounds import window_of
from pipeline.load import RAW_RECEIPTS, Lake, RawPartition, Storage, open_storage
from pipeline.pos.source import Window
from pipeline.transform import Store, day_bounds
from tests.extract.small_shop import START
from tests.extract.test_model import ACTS, DAY, SETTLE, Act, Killed, Nights
from tests.load.faults import FaultyStorage
from tests.load.faults import Killed as StruckInTheLake
from tests.load.invariants import check

STORES = [
    Store(timezone=zone, day_starts_at=time(hour), currency="MXN", decimals=2)
    for zone, hour in (
        ("America/Mexico_City", 5),
        ("Asia/Tokyo", 4),
        ("America/Los_Angeles", 3),
        ("Pacific/Kiritimati", 0),
    )
]
FIRST = START.date() - DAY


class World(NamedTuple):
    """The API: `lag` is how many minutes a change made between runs takes to show."""

    order: str
    offsets: bool
    limit: int
    lag: int


class Step(NamedTuple):
    """`fault` strikes at write number `at`, or at about a third of that in pages: it kills the
    process, or is a whole run of another one in its middle; `skip` leaves out days of a backfill,
    tells how many a rescan reads, and (odd) starts again at once.
    """

    acts: list[Act]
    hours: int
    does: str
    during: list[Act]
    fault: str
    at: int
    store: int
    skip: int


WORLDS = st.builds(
    World,
    st.sampled_from(["created_desc", "created_desc", "updated_desc"]),
    st.booleans(),
    st.integers(1, 4),
    st.sampled_from([0, 0, 0, 20, 600]),
)
FAULTS = [
    "",
    "kill at page",
    "kill at page",
    "kill before put",
    "kill after put",
    "night at page",
    "night at put",
]
STEPS = st.builds(
    Step,
    st.lists(ACTS, max_size=6),
    st.integers(6, 60),
    st.sampled_from(["night", "night", "night", "backfill", "backfill", "rescan"]),
    st.lists(ACTS, max_size=8),
    st.sampled_from(FAULTS),
    st.integers(1, 12),
    st.sampled_from([0, 0, 0, 1, 2, 3]),
    st.integers(0, 3),
)
HISTORIES = st.tuples(WORLDS, st.lists(STEPS, min_size=2, max_size=7))


def play(world: World, steps: list[Step]) -> None:
    """Live through a history. Raises AssertionError, or what the pipeline raises, where it does not
    keep what the shop has.
    """
    model = NightsInALake()
    model.open(world.order, world.offsets, world.limit)
    try:
        for step in steps:
            model.live(step, timedelta(minutes=world.lag))
        model.clock += (
            2 * DAY
        )  # a window named by another zone's day may end a day earlier than its name says now
        model.compare()
        model.check_lake(quiet=True)
    finally:
        rmtree(model.folder)


class NightsInALake(Nights):
    def open(self, order: str, offsets: bool, limit: int) -> None:
        super().open(order, offsets, limit)
        self.store, self.rescans, self.final = STORES[0], count(1), {}
        self.before_page: Callable[[], None] = lambda: None

    def live(self, step: Step, lag: timedelta) -> None:
        for act in step.acts:
            if lag and act.pick % 4 == 0 and act.kind in ("sell", "offline", "refund"):
                self.change_that_shows_late(act, lag // timedelta(minutes=1))
            else:
                self._act(act)
        self.clock += timedelta(hours=step.hours)
        self.store = STORES[step.store]
        days = self._due()
        if step.does == "backfill":  # bounded, and some windows are left to another run: a gap
            days = days[:1] + days[1 + step.skip : -1]
        if step.does == "rescan":
            self.rescan(10 * step.skip + 1, step.during)
        elif step.does:
            self._extract(days, step)
            if step.skip % 2:  # started again at once, if it was killed
                self._extract([day for day in self._due() if day in days], step._replace(fault=""))
        self.check_lake()

    # The runs

    def _next_act(self) -> None:
        super()._next_act()
        self.before_page()

    def _storage(self) -> Storage:
        return open_storage(f"{self.folder}/lake")

    def _last(self) -> date:
        day = self.clock.date() + DAY
        while day_bounds(day, self.store)[1] + SETTLE > self.clock:
            day -= DAY
        return day

    def _due(self) -> list[date]:
        held = set(Lake(self._storage()).windows())
        days = (FIRST + n * DAY for n in range((self._last() - FIRST).days + 1))
        return [day for day in days if str(day) not in held]

    def _extract(self, days: list[date], step: Step) -> None:
        storage, pages = self._storage(), count(1)

        def other_night(*_: object) -> None:
            self.before_page, self.waiting = (lambda: None), []
            self._walk_and_commit(self._due(), self._storage())

        def before_page() -> None:
            if next(pages) == (step.at + 2) // 3:  # there are fewer of them than of writes
                if step.fault == "kill at page":
                    raise Killed
                if step.fault == "night at page":
                    other_night()

        self.waiting, self.before_page = step.during[::-1], before_page
        if step.fault.endswith("put"):
            strikes = iter([other_night])
            strike = (
                (lambda key: next(strikes, lambda: None)())
                if step.fault == "night at put"
                else None
            )
            storage = FaultyStorage(
                storage,
                step.at,
                after=step.fault == "kill after put",
                strike=strike,
                commands=("PUT",),
            )
        try:
            self._walk_and_commit(days, storage)
        except (Killed, StruckInTheLake):
            pass
        finally:
            self.waiting, self.before_page = [], lambda: None

    def _walk_and_commit(self, days: list[date], storage: Storage) -> None:
        """As RawReceipts does: who was overtaken, or has completed what a killed run had committed,
        starts again from what is there.
        """
        for _ in range(3):
            held = set(Lake(storage).windows())
            try:
                return windows.extract(
                    [day for day in days if str(day) not in held],
                    Lake(storage, "night", publish_wait=0),
                    self.source,
                    lambda day: day_bounds(day, self.store),
                    last=self._last(),
                    now=self.clock,
                    state_folder=self.folder / "state",
                    on_progress=lambda *_: None,
                )
            except Conflict:
                continue
        raise AssertionError("three conflicts in a row")

    def run_nightly(
        self, during: list[Act], kill_page: None = None, kill_window: None = None
    ) -> None:
        self.store = STORES[0]
        self._extract(self._due(), Step([], 0, "night", during, "", 0, 0, 0))

    def rescan(self, days: int, during: list[Act]) -> None:
        lake = Lake(self._storage(), "rescan", publish_wait=0)
        held = self._windows(lake)
        gaps = [
            position
            for position, (before, after) in enumerate(pairwise(held), 1)
            if before.end != after.start
        ]
        if held := held[max([*gaps, len(held) - days, 0]) :]:
            self.waiting = during
            rescan(
                held,
                f"{held[-1].date}-rescan-{next(self.rescans):03d}",
                lake,
                self.source,
                now=self.clock,
                state_folder=self.folder / "state",
                on_progress=lambda *_: None,
            )
            self.waiting = []

    # The law

    @staticmethod
    def _windows(lake: Lake) -> list[Window]:
        return [window_of(date.fromisoformat(name), lake) for name in lake.windows()]

    def check_lake(self, *, quiet: bool = False) -> None:
        """What is committed is whole and never changes, and windows follow each other without gaps."""
        self.final = check(self._storage(), self.final, quiet=quiet)
        result = self._windows(Lake(self._storage(), publish_wait=0))
        for before, after in pairwise(result):
            assert before.start <= before.end <= after.start, f"{before.date} overlaps {after.date}"
            assert before.end == after.start or after.date - before.date > DAY, (
                f"between {before.date} and {after.date}"
            )
        assert all(window.end + SETTLE <= self.clock for window in result), (
            "a window that has not closed"
        )

    def _load(self) -> None:
        lake = Lake(self._storage(), publish_wait=0)
        self.objects = defaultdict(list)
        # in the order in which it is read
        for name in sorted(lake.windows_and_rescans()):
            for entry in lake.raw_objects(START.date() - 40 * DAY, self.clock.date() + DAY, name):
                if entry.partition == name:
                    self.objects[entry.sold].append(lake.read_raw(entry))


def call_at_once(work: Callable[[], object]) -> Future:
    """Instead of a thread: a month is fetched when it would begin to be."""
    call: Future = Future()
    try:
        call.set_result(work())
    except BaseException as error:  # noqa: BLE001
        call.set_exception(error)
    return call


class AtOnce:
    """Instead of threads: a window is packed when it is added."""

    def __init__(self, threads: int) -> None:
        assert threads

    def submit(self, pack: Callable, *args: object) -> AtOnce.Packed:
        return AtOnce.Packed(pack(*args))

    def shutdown(self, **_: object) -> None:
        """There is nothing to end."""

    class Packed(NamedTuple):
        found: object

        def result(self) -> object:
            return self.found
