"""Raw receipts and their catalog, for the commands that read them.

Raises ConfigError where there are none yet.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from pipeline import settings
from pipeline.errors import ConfigError
from pipeline.lakes import folder_of, lake, raw_partitions, sources
from pipeline.lakes.raw_source import RawSource
from pipeline.load import RawObject
from pipeline.pos.source import FIRST_SALE
from pipeline.tasks.business_days import days_of
from pipeline.tasks.raw import catalog_for, read_catalog
from pipeline.transform import Catalog, Raw, day_bounds


def find_objects(month: date | None, source: RawSource) -> list[RawObject]:
    """Raw objects of a source that may hold receipts of `month`, or all of them.

    Without those of records whose date is unreadable (`find_undated`).
    """
    check_filled()
    return source.lake.raw_objects(*_dates(month, source))


def find_undated(month: date | None, source: RawSource) -> list[RawObject]:
    """Raw objects of records whose date is unreadable, of `month` or all of them.

    Such a record is in quarantine on the day of its window.
    """
    first, last = _dates(month, source)
    objects = source.lake.raw_undated()
    return [entry for entry in objects if first <= entry.partition_name.day <= last]


def _dates(month: date | None, source: RawSource) -> tuple[date, date]:
    """The UTC dates of the receipts of `month`, or of all receipts."""
    if month is None:
        return FIRST_SALE.date(), settings.last_day() + timedelta(days=1)
    days, stores = days_of(month), source.rules.every_store
    start = min(day_bounds(days[0], store)[0] for store in stores)
    end = max(day_bounds(days[-1], store)[1] for store in stores)
    return start.date(), end.date()


def check_filled() -> None:
    """Raise ConfigError for a lake without receipts, as no answer can be given."""
    if not raw_partitions():
        raise ConfigError(
            f"{lake().storage.uri()} holds no receipts yet; `pos run` extracts them from"
            f" {settings.pos().history_starts} on"
        )


def read_objects(objects: list[RawObject], source: RawSource) -> Iterator[Raw]:
    """Their records, one object at a time."""
    return (Raw(raw.partition, raw.key, source.lake.read_raw(raw)) for raw in objects)


def catalog_of(objects: list[RawObject], source: RawSource) -> Catalog:
    """The catalog of the newest day of `objects`."""
    days = [raw.sold for raw in objects if raw.sold]
    name = next(name for name in sources() if source.folder == folder_of(name))
    return read_catalog(catalog_for(max(days, default=settings.last_day()), name))
