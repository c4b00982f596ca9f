"""The whole DAG.

    RawReceipts(date)  RawCatalog(date)      what the shop's API said, verbatim
          \\                /
           DailySales(date)                  one business day, clean and exploded
                  |
           MonthlySales(month)               the lake: receipts, sales, payments, quarantine
                  |
           MonthlySummary(month)             small mergeable tables
              /          \\
    MonthlyReport(month)  CumulativeReport(month)
              \\          /
            Nightly(date)                    extracts first, then looks at every month

Days and months are the store's business days; nothing here reads the clock but through settings.
"""

from __future__ import annotations

import json
import logging
from bisect import bisect_left
from collections.abc import Iterator
from datetime import date
from functools import lru_cache

import luigi

import reports
from pipeline import schema, settings
from pipeline.connect import connect
from pipeline.errors import ConfigError
from pipeline.load import RAW, RawObject, compress, decompress
from pipeline.load.parquet import Writer, from_bytes, to_bytes
from pipeline.summarize import summarize
from pipeline.targets import Fetched, Partition, lake
from pipeline.transform import Catalog, Raw, clean, day_bounds
from pipeline.windows import DAY, back, extract, last_window, months_between, sweep, window_of

log = logging.getLogger(__name__)
settings.install_guards()


class RawCatalog(Fetched):
    """Items, categories, stores, ... as they were at the end of a business day."""

    date = settings.Day(default=None)
    dataset = "raw/catalog"

    def run(self) -> None:
        if self.date != settings.last_day():
            raise ConfigError(f"catalog of {self.date}: a shop shows its catalog of today only; the last closed day is {settings.last_day()}")
        found = connect().catalog()
        body = b"{" + b",\n".join(json.dumps(name).encode() + b":[" + b",".join(rows) + b"]" for name, rows in sorted(found.items())) + b"}"
        counts = {name: len(rows) for name, rows in found.items()}
        lake().publish(self.dataset, self.name, RAW, {"catalog": compress(body)}, {"objects": counts}, basis=None)
        self.tell(f"{sum(counts.values())} objects", 100)


@lru_cache(maxsize=8)
def read_catalog(name: str, digest: str) -> Catalog:
    """The snapshot of a day; `digest` makes the memory of it honest."""
    return Catalog.read(decompress(lake().read("raw/catalog", name)["catalog"]))


def catalog_for(day: date) -> RawCatalog:
    """The snapshot that a business day uses: the earliest of its own day or later; where there is none yet, the one of the last closed day."""
    known = lake().partitions("raw/catalog")
    at = bisect_left(known, str(day))
    return RawCatalog(date=date.fromisoformat(known[at]) if at < len(known) else settings.last_day())


class RawReceipts(Fetched):
    """Every receipt that changed in a business day, verbatim; Luigi batches missing days into one walk of the API."""

    date = settings.Days()
    dataset = "raw/receipts"

    @property
    def max_batch_size(self) -> int:
        return settings.pos().backfill_days

    @property
    def days(self) -> tuple[date, ...]:
        return self.date if isinstance(self.date, tuple) else (self.date,)

    def complete(self) -> bool:
        return all(lake().newest(self.dataset, str(day)) for day in self.days)

    def run(self) -> None:
        if self.days[-1] > settings.last_day():
            raise ConfigError(f"window {self.days[-1]} has not closed and settled; the last that has is {settings.last_day()}")
        missing = [day for day in self.days if not lake().newest(self.dataset, str(day))]
        extract(missing, lake(), connect(), settings.default_store(), last=settings.last_day(), now=settings.now(), spool=settings.spool(),
                tell=self.tell)


class Sweep(Fetched):
    """The windows of the last `days` days read again: adds what they missed, and says so. On demand, weekly, at a month's end."""

    date = settings.Day(default=None)
    days = luigi.IntParameter(default=35)
    dataset = "raw/receipts"

    @property
    def name(self) -> str:
        return f"{self.date}-sweep-{self.days}"

    def requires(self) -> list[RawReceipts]:
        first = max(settings.pos().history_starts, self.date - (self.days - 1) * DAY)
        return [RawReceipts(date=first + n * DAY) for n in range((self.date - first).days + 1)]

    def run(self) -> None:
        windows = [window_of(task.date, lake()) for task in self.requires()]
        missed = sweep(windows, self.name, lake(), connect(), now=settings.now(), spool=settings.spool(), tell=self.tell)
        self.tell(f"{len(missed)} receipts were missing", 100)


def sweep_due(day: date) -> date:
    """The last Sunday or last day of a month up to `day`: when a sweep was due."""
    while day.weekday() != 6 and (day + DAY).day != 1:
        day -= DAY
    return day


class DailySales(Partition):
    """One business day, exploded and clean."""

    date = settings.Day(default=None)
    dataset, version = "staging", schema.version_of(schema.LAKE)

    def requires(self) -> list[Fetched]:
        first, last = settings.pos().history_starts, settings.last_day()
        windows = (self.date + n * DAY for n in range(settings.pos().settle_days + 1))
        return [catalog_for(self.date), *(RawReceipts(date=day) for day in windows if first <= day <= last)]

    def shape(self) -> dict[str, object]:
        return settings.cleaning()

    def objects(self) -> list[RawObject]:
        """Raw objects that may hold receipts of this business day, whichever window brought them."""
        rules = settings.rules()
        bounds = [day_bounds(self.date, store) for store in (rules.default, *rules.stores.values())]
        return lake().raw_objects(min(start for start, _ in bounds).date(), max(end for _, end in bounds).date(), self.name)

    def inputs(self) -> list[tuple[str, str]] | None:
        catalog, *windows = self.requires()
        if not catalog.complete() or not all(window.complete() for window in windows):
            return None
        return [(f"{catalog.dataset}/{catalog.name}", catalog.digest()),
                *((f"raw/receipts/{found.batch} sold {found.sold or 'unknown'}", found.digest) for found in self.objects())]

    def make(self) -> tuple[dict[str, bytes], dict[str, object]]:
        catalog = self.requires()[0]
        raw = (Raw(found.batch, found.key, lake().read_raw(found)) for found in self.objects())
        day = clean(self.date, raw, read_catalog(catalog.name, catalog.digest()), settings.rules())
        self.tell(f"{day.facts['curated']:,} receipts, {day.facts['quarantined']} in quarantine", 100)
        return {d.name: to_bytes(getattr(day, d.name), d.order) for d in schema.LAKE}, dict(day.facts)


def days_of(month: date) -> list[date]:
    """The business days of `month` that have closed and belong to the shop's history, and those that raw holds anyway."""
    first, last = settings.pos().history_starts, settings.last_day()
    days = [day for day in (month + n * DAY for n in range(31)) if day.month == month.month and day <= last]
    days = [day for day in days if day >= first or lake().raw_objects(day, day, None)]
    if not days:
        raise ConfigError(f"month {month:%Y-%m}: none of its business days has closed within the shop's history ({first} to {last}); "
                          "ask for another month, or change [pos] history_starts")
    return days


class MonthlySales(Partition):
    """The lake of one month: receipts, sales, payments and quarantine, sorted by business day and time."""

    month = settings.Month(default=None)
    dataset, version = "sales", schema.version_of(schema.LAKE)

    def requires(self) -> list[DailySales]:
        return [DailySales(date=day) for day in days_of(self.month)]

    def make(self) -> tuple[dict[str, bytes], dict[str, object]]:
        days = self.requires()
        writers = {d.name: Writer(schema.arrow(d, settings.rules().places), d.order) for d in schema.LAKE}
        facts = {"days": len(days)}
        for count, day in enumerate(days, 1):
            members = lake().read(day.dataset, day.name)
            for name, writer in writers.items():
                writer.append(from_bytes(members[name], f"{day.dataset}/{day.name}/{name}"))
            for key in ("fetched", "curated", "quarantined", "superseded"):
                facts[key] = facts.get(key, 0) + lake().facts(day.dataset, day.name)[key]
            self.tell(f"{count} of {len(days)} days", 100 * count // len(days))
        return {name: writer.close() for name, writer in writers.items()}, facts


class MonthlySummary(Partition):
    """Small exact tables of one month, which longer spans are merged from and reports are told from."""

    month = settings.Month(default=None)
    dataset, version = "summary", schema.version_of(schema.SUMMARY)

    def requires(self) -> list[luigi.Task]:
        return [MonthlySales(month=self.month), catalog_for(days_of(self.month)[-1])]

    def make(self) -> tuple[dict[str, bytes], dict[str, object]]:
        sales, catalog = self.requires()
        tables = {name: from_bytes(body) for name, body in lake().read(sales.dataset, sales.name).items()}
        known = read_catalog(catalog.name, catalog.digest())
        summary = summarize(self.month, **tables, stores=known.stores_table(settings.rules()), employees=known.employees_table(settings.rules()),
                            facts=lake().facts(sales.dataset, sales.name), places=settings.rules().places,
                            memory_limit=settings.lake().memory, spill=settings.spool())
        return {d.name: to_bytes(summary[d.name], d.key) for d in schema.SUMMARY}, {}


def read_summary(task: MonthlySummary) -> dict[str, object]:
    """The summary's tables by name."""
    return {name: from_bytes(body) for name, body in lake().read(task.dataset, task.name).items()}


class Report(Partition):
    """What both reports share: every edition is kept as it was issued, and the latest stands under a stable name."""

    month = settings.Month(default=None)

    def shape(self) -> dict[str, object]:
        return {"locale": settings.locale()}

    def tell_story(self, lineage: dict[str, object], before: dict[str, object] | None) -> dict[str, bytes]:
        """The report's files by name."""
        raise NotImplementedError

    def make(self) -> tuple[dict[str, bytes], dict[str, object]]:
        basis = lake().newest(self.dataset, self.name)
        number = basis.number + 1 if basis else 1
        before = json.loads(lake().read(self.dataset, self.name, ["figures.json"])["figures.json"]) if basis else None
        lineage = {"edition": number, "version": self.version, "settings": self.edition(), "watermark": last_window(lake()),
                   "inputs": dict(self.inputs() or ())}
        files = self.tell_story(lineage, before)
        self.tell(f"edition {number}", 100)
        if self.set_tracking_url:
            self.set_tracking_url(lake().uri(self.dataset, self.name, "report.html"))
        return files, {"files": len(files)}


class MonthlyReport(Report):
    """The report of one month against the month before and the same month of last year."""

    dataset, version = "reports/monthly", 1

    def requires(self) -> list[MonthlySummary]:
        first = settings.pos().history_starts.replace(day=1)
        base = [month for month in (back(self.month, 1), back(self.month, 12)) if month >= first]
        return [MonthlySummary(month=month) for month in (self.month, *base)]

    def tell_story(self, lineage: dict[str, object], before: dict[str, object] | None) -> dict[str, bytes]:
        through = days_of(self.month)[-1]
        return reports.monthly(self.month, {task.month: read_summary(task) for task in self.requires()}, locale=settings.locale(),
                               through=through if (through + DAY).month == self.month.month else None,
                               places=settings.rules().places, lineage=lineage, changes=before)


class CumulativeReport(Report):
    """The whole history through a month."""

    dataset, version = "reports/cumulative", 1

    def requires(self) -> list[MonthlySummary]:
        return [MonthlySummary(month=month) for month in months_between(settings.pos().history_starts, self.month)]

    def tell_story(self, lineage: dict[str, object], before: dict[str, object] | None) -> dict[str, bytes]:
        return reports.cumulative(self.month, {task.month: read_summary(task) for task in self.requires()}, locale=settings.locale(),
                                  places=settings.rules().places, lineage=lineage, changes=before)


class Nightly(Partition):
    """The night's work: every window up to a day, then whatever that made stale."""

    date = settings.Day(default=None)
    dataset, version = "nightly", 1

    def requires(self) -> list[Fetched]:
        first, due = settings.pos().history_starts, sweep_due(self.date)
        windows = [RawReceipts(date=first + n * DAY) for n in range((self.date - first).days + 1)]
        return [RawCatalog(date=self.date), *windows, *([Sweep(date=due)] if due >= first else [])]

    def reports(self) -> list[Report]:
        month = self.date.replace(day=1)
        return [*(MonthlyReport(month=m) for m in months_between(settings.pos().history_starts, month)), CumulativeReport(month=month)]

    def inputs(self) -> list[tuple[str, str]] | None:
        """The reports, because whatever a night changes shows in them; None until all is extracted and told."""
        if not all(task.complete() for task in self.requires()):
            return None
        digests = [(f"{task.dataset}/{task.name}", task.digest()) for task in self.reports()]
        return None if any(digest is None for _, digest in digests) else digests

    def run(self) -> Iterator[list[luigi.Task]]:
        yield [task for task in self.reports() if not task.complete()]
        yield from super().run()

    def make(self) -> tuple[dict[str, bytes], dict[str, object]]:
        return {}, {}
