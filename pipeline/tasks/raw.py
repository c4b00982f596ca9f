"""What the shop's API said, verbatim: RawCatalog, RawReceipts, Backfill, Sweep."""

from __future__ import annotations

import json
from bisect import bisect_left
from datetime import date
from functools import lru_cache

import luigi

from pipeline import local_state, ownership, settings
from pipeline.connect import connect, origin_of
from pipeline.errors import ConfigError
from pipeline.extract.window_bounds import DAY, window_of
from pipeline.extract.windows import extract, rescan
from pipeline.load import RAW, BatchName, compress, decompress
from pipeline.maintenance.erase import without_erased_customers
from pipeline.pos.source import Source
from pipeline.targets import RawTask, check_lake, committed, lake
from pipeline.transform import Catalog


def open_source() -> Source:
    """The shop of the settings, if it is the one that fills the lake. Raises OtherLake."""
    shop, key = connect(), settings.rules().customer_key
    check_lake()
    owner = ownership.read_owner(lake())
    if owner is None or local_state.known_source(shop.identity) != owner.source:
        lake().preflight()
        fingerprint = ownership.admit(lake(), origin_of(shop), key, lambda: shop)
        local_state.remember(settings.lake_name(), {shop.identity: fingerprint})
    return shop


def source() -> Source:
    """The shop without customers who were erased."""
    return without_erased_customers(open_source(), lake().storage, settings.rules().customer_key)


class RawCatalog(RawTask):
    """Items, categories, stores, ... as they were at the end of a business day."""

    date = settings.Day(default=None)
    dataset = "raw/catalog"
    # before any window, whose priority falls with its date: no later night is shown today's catalog
    priority = 10_000_000

    def fetch(self) -> None:
        if self.date != settings.last_day():
            raise ConfigError(
                f"catalog of {self.date}: a shop shows its catalog of today only; the last closed"
                f" day is {settings.last_day()}"
            )
        found = open_source().catalog()
        body = (
            b"{"
            + b",\n".join(
                json.dumps(name).encode() + b":[" + b",".join(rows) + b"]"
                for name, rows in sorted(found.items())
            )
            + b"}"
        )
        counts = {name: len(rows) for name, rows in found.items()}
        lake().publish(
            self.dataset,
            self.name,
            RAW,
            {"catalog": compress(body)},
            {"objects": counts},
            expected_manifest=lake().newest(self.dataset, self.name),
        )
        self.tell(f"{sum(counts.values())} objects", 100)


@lru_cache(maxsize=8)
def read_catalog(name: str, digest: str) -> Catalog:
    """The snapshot of a day; `digest` makes the memory of it honest."""
    return Catalog.read(decompress(lake().read("raw/catalog", name)["catalog"]))


def catalog_for(day: date) -> RawCatalog:
    """The snapshot that a business day uses: the earliest of its own day or later; where there is
    none yet, the one of the last closed day.
    """
    known = lake().partitions("raw/catalog")
    at = bisect_left(known, str(day))
    return RawCatalog(
        date=date.fromisoformat(known[at]) if at < len(known) else settings.last_day()
    )


class RawReceipts(RawTask):
    """Every receipt that changed in a business day, verbatim; Luigi batches missing days into one
    walk of the API.

    Luigi fills a batch in the order of priority and, where that is equal, in an arbitrary one. So
    the priority falls with the date: batches are runs of consecutive days, whoever retries them and
    however many workers there are. The oldest first, because a receipt whose date of sale has moved
    is found under both dates only if its versions are committed in the server's order
    (extract/forward.py).
    """

    date = settings.Days()
    dataset = "raw/receipts"

    @property
    def priority(self) -> int:
        return date.max.toordinal() - self.days[0].toordinal()

    @property
    def max_batch_size(self) -> int:
        return settings.pos().backfill_days

    @property
    def days(self) -> tuple[date, ...]:
        return self.date if isinstance(self.date, tuple) else (self.date,)

    def complete(self) -> bool:
        return all(committed(self.dataset, str(day)) for day in self.days)

    def fetch(self) -> None:
        if self.days[-1] > settings.last_day():
            raise ConfigError(
                f"window {self.days[-1]} has not closed and settled; the last that has is"
                f" {settings.last_day()}"
            )
        shop = source()
        missing = [day for day in self.days if not committed(self.dataset, str(day))]
        extract(
            missing,
            lake(),
            shop,
            settings.default_store(),
            last=settings.last_day(),
            now=settings.now(),
            spool=settings.spool(),
            tell=self.tell,
        )


class Backfill(luigi.WrapperTask):
    """Every window from `first` to `last`, a month in one walk; nothing else is made of them."""

    first = settings.Day()
    last = settings.Day(default=None)

    def requires(self) -> list[RawReceipts]:
        return [
            RawReceipts(date=self.first + n * DAY) for n in range((self.last - self.first).days + 1)
        ]


class Rescan(RawTask):
    """The windows of the last `days` days read again: adds what they missed, and says so. On
    demand, weekly, at a month's end.
    """

    date = settings.Day(default=None)
    days = settings.Number(default=35)
    asked = luigi.Parameter(
        default="", description="tells sweeps of one span apart: 20261101T120000"
    )
    dataset = "raw/receipts"

    @property
    def name(self) -> str:
        return str(BatchName(self.date, f"{self.days}" + f"-{self.asked}" * bool(self.asked)))

    def requires(self) -> list[RawReceipts]:
        first = max(settings.pos().history_starts, self.date - (self.days - 1) * DAY)
        return [RawReceipts(date=first + n * DAY) for n in range((self.date - first).days + 1)]

    def fetch(self) -> None:
        windows = [window_of(task.date, lake()) for task in self.requires()]
        missed = rescan(
            windows,
            self.name,
            lake(),
            source(),
            now=settings.now(),
            spool=settings.spool(),
            most=settings.pos().missing_numbers,
            tell=self.tell,
        )
        self.tell(f"{len(missed)} receipts were missing", 100)


def rescan_due(day: date) -> date:
    """The last Sunday or last day of a month up to `day`: when a sweep was due."""
    while day.weekday() != 6 and (day + DAY).day != 1:
        day -= DAY
    return day
