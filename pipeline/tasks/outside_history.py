"""OutsideHistory(month): receipts that arrived and are before the history."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Container
from functools import cache
from typing import TYPE_CHECKING

from pipeline import schema, settings
from pipeline.errors import DataError
from pipeline.extract.window_bounds import DAY
from pipeline.lakes import lake, raw_sources, sources
from pipeline.load import BEFORE_HISTORY, MONTH_DATASET, RAW_RECEIPTS, RawObject
from pipeline.load.layout import file_key
from pipeline.months import days_between
from pipeline.settings.run_context import once_per_run
from pipeline.status.before_history import (
    format_before_history,
    format_quarantined,
    objects_before_history,
    read_before_history,
)
from pipeline.targets import DerivedTask, Files, Metadata
from pipeline.tasks.business_days import days_of, history_period
from pipeline.tasks.monthly_sales import MonthlySales
from pipeline.tasks.raw import RawReceipts
from pipeline.tasks.raw_state import until_raw_changes

if TYPE_CHECKING:
    from pipeline.maintenance.completeness import Completeness

log = logging.getLogger(__name__)

RawObjects = dict[str, list[RawObject]]
"""Raw objects by the folder of their source."""


@until_raw_changes
def list_before_history() -> RawObjects:
    """Raw objects that may now hold receipts before the history."""
    first = history_period().first
    return {raw.folder: objects_before_history(raw.lake, raw.rules, first) for raw in raw_sources()}


def is_needed(month: dt.date) -> bool:
    """Whether the month has, or had, raw objects or rows before the history."""
    return (
        any(objects_of(month).values())
        or lake().newest(BEFORE_HISTORY, f"{month:%Y-%m}") is not None
    )


def objects_of(month: dt.date) -> RawObjects:
    """Raw objects that may hold receipts that arrived in `month`, or later revisions."""
    is_first = month == history_period().first_month
    return {
        folder: [
            entry for entry in entries if is_first or entry.partition_name.month >= f"{month:%Y-%m}"
        ]
        for folder, entries in list_before_history().items()
    }


class OutsideHistory(DerivedTask):
    """Receipts before the history by month of arrival.

    The first month of the history also has those that arrived before it.

    Publishes no file (digest NOTHING) where there are none and never were.
    """

    month: dt.date = settings.field(settings.MonthParameter(default=None))
    dataset, version = BEFORE_HISTORY, f"2:{schema.version_of((schema.BEFORE_HISTORY,))}"
    fingerprint_datasets = (RAW_RECEIPTS,)

    def requires(self) -> list[RawReceipts]:
        _, last, allowed_lateness_days = history_period()
        days = days_of(self.month)
        windows = days_between(days[0], min(last, days[-1] + allowed_lateness_days * DAY))
        return [RawReceipts(date=day, source=source) for source in sources() for day in windows]

    def fingerprint_settings(self) -> dict[str, object]:
        of_transform = settings.transform_settings()
        names = ("stores", "decimals", "tzdata", "max_days_late")
        used = {name: of_transform[name] for name in names}
        return used | {"history_starts": history_period().first}

    def inputs(self) -> list[tuple[str, str]] | None:
        if not all(window.complete() for window in self.requires()):
            return None
        return [
            ("/".join(filter(None, (folder, RAW_RECEIPTS, entry.key))), entry.digest)
            for folder, entries in objects_of(self.month).items()
            for entry in entries
        ]

    def make(self) -> tuple[Files, Metadata]:
        import numpy as np

        from pipeline.load.parquet import to_bytes
        from pipeline.transform.columns import flags

        history = history_period()
        table = read_before_history(raw_sources(), history.first, objects_of(self.month))
        keep = [
            max(day.replace(day=1), history.first_month) == self.month
            for day in table["received"].to_pylist()
        ]
        rows = table.filter(flags(np.array(keep, bool)))
        # if there is an earlier file, an empty one replaces it, so that no reader finds its rows
        if (
            not rows.num_rows
            and lake().storage.head(file_key(BEFORE_HISTORY, self.name, BEFORE_HISTORY)) is None
        ):
            return {}, {"receipts": 0}
        files = {BEFORE_HISTORY: to_bytes(rows, schema.BEFORE_HISTORY.order)}
        return files, {"receipts": rows.num_rows}


@once_per_run
def warn_of_uncounted() -> None:
    """Log, once a run, receipts that no figure counts: quarantined or too early."""
    from pipeline.status.problems import find_quarantined

    first, objects = history_period().first, list_before_history()
    is_any = any(objects.values())  # else Arrow need not be imported
    rows = read_before_history(raw_sources(), first, objects).to_pylist() if is_any else []
    lines = [
        *format_quarantined(find_quarantined(lake())),
        *format_before_history(rows, str(first)),
    ]
    for line in lines:
        log.warning("%s", line)


def find_missing_receipts(
    month: dt.date | None = None, checked: Container[str] = ()
) -> Completeness:
    """Receipts near `month` (None: all) that were read and are in no table."""
    from pipeline.maintenance.completeness import (
        Completeness,
        ReceiptIndex,
        check_completeness,
        name_of,
        objects_near,
    )

    first, last, _ = history_period()
    # Listed before the months are checked: what another run adds now makes its month outdated.
    everything = dt.date.max
    objects = {
        raw.folder: objects_near(raw.lake, month) if month else raw.lake.raw_before(everything)
        for raw in raw_sources()
    }
    published = set(lake().partitions(MONTH_DATASET))

    @cache
    def is_built(name: str) -> bool:
        return name in published and bool(MonthlySales.of_partition(name).complete())

    index = ReceiptIndex(lake(), read_before_history(raw_sources(), first, list_before_history()))
    result = Completeness()
    for raw in raw_sources():
        names = {entry: name_of(raw, entry) for entry in objects[raw.folder]}
        unread = [entry for entry, name in names.items() if name not in checked]
        part = check_completeness(raw, unread, is_built, index, first, last)
        result.findings += part.findings
        result.checked += [*(name for name in names.values() if name in checked), *part.checked]
    return result


def check_receipts_complete(month: dt.date, checked: Container[str]) -> list[str]:
    """The names of the objects near `month` whose receipts are all in the lake.

    Objects of `checked` are not read again. Raises DataError for a receipt that was read and is in
    no table.
    """
    result = find_missing_receipts(month, checked)
    for finding in result.findings:
        raise DataError(str(finding))
    return sorted(set(result.checked))
