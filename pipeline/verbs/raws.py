"""Raw receipts and their catalog, as the verbs that look into them read them. Raises ConfigError
where there are none yet.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from pipeline import settings
from pipeline.errors import ConfigError
from pipeline.load import RECEIPTS, RawObject
from pipeline.targets import lake
from pipeline.tasks import catalog_for, days_of, read_catalog
from pipeline.transform import Catalog, Raw


def find_objects(month: date | None) -> list[RawObject]:
    """Raw objects sold in `month`, or all of them."""
    check_filled()
    days = days_of(month) if month else [date(2010, 1, 1), settings.last_day()]
    return lake().raw_objects(days[0], days[-1] + timedelta(days=1), None)


def check_filled() -> None:
    """Refuse to look into a lake that nothing has been extracted into: it is not the answer that is
    empty.
    """
    if not lake().partitions(RECEIPTS):
        raise ConfigError(
            f"{lake().storage.uri()} holds no receipts yet; `pos night` extracts them from"
            f" {settings.pos().history_starts} on"
        )


def read_objects(objects: list[RawObject]) -> Iterator[Raw]:
    """Their records, one object at a time."""
    return (Raw(found.batch, found.key, lake().read_raw(found)) for found in objects)


def catalog_of(objects: list[RawObject]) -> Catalog:
    """The snapshot that the newest of them uses."""
    snapshot = catalog_for(max((found.sold for found in objects), default=settings.last_day()))
    return read_catalog(snapshot.name, snapshot.digest() or "")
