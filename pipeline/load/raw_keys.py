"""Keys of raw receipts, and back.

raw/receipts/sold=2026-10-05/<window>.<partition digest>.<object digest>.1104-2359.ndjson.zst
    <window>: the window or rescan; 1104-2359: UTC minutes of the first and last sale;
    sold=unknown for unreadable dates
raw/receipts/sold=2026-10-05/<window>.<...>.<...>.1104-2359.1_0000-1058_20411.ndjson.zst
    two dates, the second 1 day later: it begins at byte 20411
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, NamedTuple

from pipeline.load.layout import (
    RAW_RECEIPTS,
    UNKNOWN,
    RawPartition,
    check_partition,
    is_raw_partition,
)
from pipeline.load.storage import Stat, check_key

ANY_TIME = "0000-2359"
_MINUTE = r"(?:[01]\d|2[0-3])[0-5]\d"
_OBJECT = re.compile(
    r"raw/receipts/sold=(\d{4}-\d\d-\d\d|unknown)/([0-9A-Za-z][0-9A-Za-z_-]*)"
    rf"\.([0-9a-f]{{16}})\.([0-9a-f]{{16}})\.({_MINUTE}-{_MINUTE})"
    rf"((?:\.[1-9]\d{{0,4}}_{_MINUTE}-{_MINUTE}_[1-9]\d{{0,9}})*)\.ndjson\.zst"
)
_DAY = timedelta(days=1)


class RawObject(NamedTuple):
    """The raw receipts of one window or rescan, `partition`, sold on one UTC date.

    `sold` is that date (None: unreadable), `times` the UTC minutes of the first and last sale
    (HHMM-HHMM). They are `size` bytes from `start` on of the stored object `stored`, whose `digest`
    is 16 hex digits of its sha256. A stored object may have several dates, each a RawObject: `key`
    is `stored` with this date in the folder's name. `partition_digest` is that of all objects that
    were committed together.
    """

    key: str
    sold: date | None
    partition: str
    partition_digest: str
    digest: str
    size: int
    times: str = ANY_TIME
    start: int = 0
    stored: str = ""

    @property
    def partition_name(self) -> RawPartition:
        """Its window or rescan."""
        return RawPartition.parse(self.partition)

    def may_hold(self, start: datetime, end: datetime) -> bool:
        """Whether it may hold a sale in [start, end), by its key alone."""
        if self.sold is None:
            return True
        first, last = (
            datetime.combine(self.sold, time(int(minute[:2]), int(minute[2:])), UTC)
            for minute in self.times.split("-")
        )
        return first < end and start < last + timedelta(minutes=1)


def raw_key(
    sold: date | None,
    partition: str,
    partition_digest: str,
    digest: str,
    times: str = ANY_TIME,
    later: Sequence[tuple[date, str, int]] = (),
) -> str:
    """The key of an object; `later`: date, times, first byte of its later dates."""
    name = f"{check_partition(RAW_RECEIPTS, partition)}.{partition_digest}.{digest}.{times}"
    for day, minutes, start in later:
        name += f".{(day - sold).days if sold else 0}_{minutes}_{start}"
    return check_key(f"{RAW_RECEIPTS}/sold={sold or UNKNOWN}/{name}.ndjson.zst")


def parse_raw(stat: Stat) -> list[RawObject]:
    """Return the raw receipts of each date in a listed object; none of a foreign one."""
    match = _OBJECT.fullmatch(stat.key)
    if not match or not is_raw_partition(match[2]):
        return []
    sold, window, partition_digest, digest, times, later = match.groups()
    parts = [(0, times, 0)]
    for words in later.split(".")[1:]:
        days, minutes, start = words.split("_")
        parts.append((int(days), minutes, int(start)))
    try:
        day = None if sold == UNKNOWN else date.fromisoformat(sold)
        if day is None and parts[1:]:
            return []
        dates = [day and day + days * _DAY for days, _, _ in parts]
    except (ValueError, OverflowError):
        return []
    ends = [start for _, _, start in parts[1:]] + [stat.size]
    return [
        RawObject(
            stat.key.replace(f"sold={sold}", f"sold={own or UNKNOWN}", 1),
            own,
            window,
            partition_digest,
            digest,
            max(end - start, 0),
            minutes,
            start,
            stat.key,
        )
        for own, (_, minutes, start), end in zip(dates, parts, ends, strict=True)
    ]


def objects_named(files: Mapping[str, Mapping[str, Any]]) -> list[RawObject]:
    """Return the raw receipts of each date in the files of a manifest."""
    stats = (Stat(file["key"], file["size"], "") for file in files.values())
    return [entry for stat in stats for entry in parse_raw(stat)]
