"""RawCatalog, RawReceipts, Rescan: what the API returned, verbatim."""

from __future__ import annotations

import datetime as dt
import json
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any

import luigi

from pipeline import settings
from pipeline.errors import ConfigError
from pipeline.extract.window_bounds import DAY, window_of
from pipeline.lakes import (
    PRIMARY,
    check_lake,
    identity,
    local_state,
    point_of_sale_of,
    prefix_of,
    raw_lake,
    reader_of,
    rules_of,
    source_names,
    sources,
)
from pipeline.lakes.connect import account_of, connect
from pipeline.load import CATALOG, RAW_FINGERPRINT, RAW_RECEIPTS, RawPartition, compress, decompress
from pipeline.months import days_between
from pipeline.pos.source import Source, catalog_json
from pipeline.targets import lake
from pipeline.tasks import warm_up
from pipeline.tasks.raw_task import RawTask, committed

if TYPE_CHECKING:
    from pipeline.transform import Catalog

_SUNDAY = 6


def open_checked_source(source: str = PRIMARY) -> Source:
    """Open the point of sale of a source, once it is admitted to the lake.

    Records its account in a new lake. Raises OtherLake if another one fills the lake.
    """
    name = point_of_sale_of(source)
    pos_source, key = connect(name), settings.rules().customer_key
    check_lake()
    partition = source or identity.PRIMARY_PARTITION
    recorded = identity.read_identity(lake(), partition)
    if (
        recorded is None
        or local_state.known_source(pos_source.connection_id) != recorded.source_digest
    ):
        lake().preflight()
        source_digest = identity.admit(
            lake(),
            account_of(pos_source, name),
            key,
            lambda: pos_source,
            partition=partition,
            raw=raw_lake(source),
            names=source_names(),
        )
        local_state.remember(settings.lake_name(), {pos_source.connection_id: source_digest})
    return pos_source


def open_without_erased(source: str = PRIMARY) -> Source:
    """The point of sale of a source, without customers who were erased."""
    from pipeline.maintenance.erase import without_erased_customers

    key = settings.rules().customer_key
    return without_erased_customers(open_checked_source(source), raw_lake(source).storage, key)


def check_stores(source: str, rows_by_name: Mapping[str, Sequence[bytes]]) -> None:
    """Refuse stores that state another time zone than the settings.

    In a lake of several sources also those that state another currency. With one source an order
    in another currency is quarantined, and an account that states one currency for all stores may
    have stores that count in another.
    """
    lists = {name: [json.loads(row) for row in rows] for name, rows in rows_by_name.items()}
    currency = next((row.get("currency") for row in lists.get("merchant", [])), None)
    of_shop = currency.get("code") if isinstance(currency, dict) else currency
    differing: list[str] = []
    overrides: dict[str, dict[str, str]] = {}
    for row in lists.get("stores", []):
        store, store_id = rules_of(source).store(row["id"]), f"{prefix_of(source)}{row['id']}"
        pos_values = {"timezone": row.get("timezone")}
        if source_names():
            pos_values["currency"] = row.get("currency") or of_shop
        for key, value in pos_values.items():
            if value and value != getattr(store, key):
                differing.append(
                    f"[shop] {key} = {getattr(store, key)}, and {point_of_sale_of(source)} says"
                    f" {value} for the store {row.get('name') or store_id}"
                )
                overrides.setdefault(store_id, {})[key] = value
    if differing:
        raise ConfigError(
            f"{'; '.join(differing)}; days and amounts are counted by the settings alone: change"
            f" [shop], or set for these stores [shop] stores = {json.dumps(overrides)}"
        )


class RawCatalog(RawTask):
    """Items, categories, stores, ... as they were at the end of a business day."""

    date: dt.date = settings.field(settings.DayParameter(default=None))
    dataset = CATALOG
    # Before the windows, so that the day of the catalog is still the last closed one.
    priority = 10_000_000

    def fetch(self) -> None:
        if self.date != settings.last_day():
            raise ConfigError(
                f"catalog of {self.date}: the API serves today's catalog only; the last closed day"
                f" is {settings.last_day()}"
            )
        rows_by_name = open_checked_source(self.source).catalog()
        check_stores(self.source, rows_by_name)
        counts = {name: len(rows) for name, rows in rows_by_name.items()}
        source_lake = raw_lake(self.source)
        files = {"catalog": compress(catalog_json(rows_by_name))}
        before = source_lake.newest(self.dataset, self.name)
        source_lake.publish(
            self.dataset,
            self.name,
            RAW_FINGERPRINT,
            files,
            {"objects": counts},
            expected_manifest=before,
        )
        self.report_progress(f"{sum(counts.values())} objects", 100)


def read_catalog(task: RawCatalog) -> Catalog:
    """The catalog snapshot of a RawCatalog."""
    return _read_catalog(task.source, task.name, task.digest())


@lru_cache(maxsize=8)
def _read_catalog(source: str, name: str, _digest: str | None) -> Catalog:
    """The snapshot of that content digest, whichever run reads it."""
    from pipeline.transform import Catalog

    body = decompress(raw_lake(source).read(CATALOG, name)["catalog"])
    return Catalog.read(body, reader_of(source).to_canonical_catalog)


def catalog_for(day: dt.date, source: str = PRIMARY) -> RawCatalog:
    """The first snapshot of a business day or later, else of the last closed day."""
    days = raw_lake(source).partitions(CATALOG)
    index = bisect_left(days, str(day))
    nearest = dt.date.fromisoformat(days[index]) if index < len(days) else settings.last_day()
    return RawCatalog(date=nearest, source=source)


def catalogs_for(day: dt.date) -> list[RawCatalog]:
    """The snapshot of each source that a business day uses."""
    return [catalog_for(day, source) for source in sources()]


class RawDays(RawTask):
    """One day, or a batch of them: `date` is then a tuple."""

    date: Any

    @property
    def days(self) -> tuple[dt.date, ...]:
        """The days of the batch; the one day otherwise."""
        return self.date if isinstance(self.date, tuple) else (self.date,)

    def missing_days(self) -> list[dt.date]:
        """The days without a committed partition."""
        return [day for day in self.days if not committed(self.dataset, str(day), self.source)]

    def complete(self) -> bool:
        return not self.missing_days()

    def run(self) -> None:
        """Fetch; where that fails, report the completed days, to build from them."""
        try:
            super().run()
        except Exception:
            self.report_completed([self.clone(date=day) for day in self.days])
            raise


class RawReceipts(RawDays):
    """Every receipt that changed in a business day, verbatim.

    Luigi batches all missing days of a source, and the extraction commits them in their order. That
    order matters: a receipt whose date of sale was moved is stored under both dates only if its
    revisions are committed in the server's order (extract/moved_revisions.py).
    """

    date: dt.date = settings.field(settings.Days())
    dataset = RAW_RECEIPTS
    priority = 1_000_000  # before what is built from any window

    def fetch(self) -> None:
        from pipeline.extract.windows import extract

        if self.days[-1] > settings.last_day():
            raise ConfigError(
                f"window {self.days[-1]} is still open; the last closed one is"
                f" {settings.last_day()}"
            )
        missing = self.missing_days()
        warm_up.import_stages(len(missing))
        extract(
            missing,
            raw_lake(self.source),
            open_without_erased(self.source),
            settings.window_bounds,
            last=settings.last_day(),
            now=settings.now(),
            state_folder=settings.lake_state_folder(),
            on_progress=self.report_progress,
        )


def windows_between(first: dt.date, last: dt.date, source: str = PRIMARY) -> list[RawReceipts]:
    """The tasks of every window of a source from `first` to `last`."""
    return [RawReceipts(date=day, source=source) for day in days_between(first, last)]


def windows_of_all(first: dt.date, last: dt.date) -> list[RawReceipts]:
    """The tasks of every window of every source."""
    return [window for source in sources() for window in windows_between(first, last, source)]


class Rescan(RawTask):
    """Read the windows of the last `days` days again and add what they missed."""

    date: dt.date = settings.field(settings.DayParameter(default=None))
    days: int = settings.field(
        settings.Number(default=35, description="how many business days, up to `date`")
    )
    requested_at: str = settings.field(
        luigi.Parameter(
            default="", description="distinguishes rescans of the same period: 20261101T120000"
        )
    )
    dataset = RAW_RECEIPTS

    @cached_property
    def name(self) -> str:
        label = f"-{self.requested_at}" if self.requested_at else ""
        return str(RawPartition(self.date, f"{self.days}{label}"))

    def requires(self) -> list[RawReceipts]:
        first = max(settings.pos().history_starts, self.date - (self.days - 1) * DAY)
        return windows_between(first, self.date, self.source)

    def fetch(self) -> None:
        from pipeline.extract.rescan import rescan

        source_lake = raw_lake(self.source)
        windows = [window_of(task.date, source_lake) for task in self.requires()]
        missed = rescan(
            windows,
            self.name,
            source_lake,
            open_without_erased(self.source),
            now=settings.now(),
            state_folder=settings.lake_state_folder(),
            max_numbers=settings.pos().missing_numbers,
            on_progress=self.report_progress,
        )
        self.report_progress(f"{len(missed)} receipts were missing", 100)


def rescan_due(day: dt.date) -> dt.date:
    """The last Sunday or last day of a month up to `day`: when a rescan was due."""
    while day.weekday() != _SUNDAY and (day + DAY).day != 1:
        day -= DAY
    return day
