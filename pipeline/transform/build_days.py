"""Business days from raw records to the lake's tables, one or many in one pass.

Takes raw objects (verbatim JSON, one record a line), the names of the objects that each day reads,
catalogs and rules. Returns for each day the tables of schema.MONTH_TABLES (receipts, sales,
payments, quarantine), sorted by time, and counts. Of the revisions of a receipt that a day reads,
the newest counts, by (updated_at, raw object, position). If the newest revision belongs to another
business day, the receipt is only in that day. An invalid record is kept in quarantine, with its
reason. Raises MoneyNotConserved.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.rules import Rules
from pipeline.transform.catalog import Catalog
from pipeline.transform.columns import Ints, Labels, expand_ranges, fixed, ints, labels, split
from pipeline.transform.days import EPOCH, business_days_by_store
from pipeline.transform.menu_lookup import MenuLookup
from pipeline.transform.nested import Rows
from pipeline.transform.quarantine import quarantine_table
from pipeline.transform.read import Raw, Records, read
from pipeline.transform.revisions import day_of_rejected, newest, reject_unplaced
from pipeline.transform.tables import ReceiptTables, SelectedReceipts


@dataclass(frozen=True)
class BuiltDay:
    """The tables and counts of a business day.

    In `metadata`, received = counted + quarantined are receipts; superseded are older revisions of
    their records, copies of one revision counted once.
    """

    receipts: pa.Table
    sales: pa.Table
    payments: pa.Table
    quarantine: pa.Table
    metadata: dict[str, int]


def build_day(
    day: date,
    raw: Iterable[Raw],
    catalog: Catalog,
    rules: Rules,
    lookups: Sequence[MenuLookup] = (),
) -> BuiltDay:
    """The receipts whose newest revision in `raw` belongs to business day `day`."""
    raws = list(raw)
    return build_days({day: {r.name for r in raws}}, raws, lambda _: catalog, rules, lookups)[day]


def build_days(
    days: Mapping[date, Collection[str]],
    raw: Iterable[Raw],
    catalog_of: Callable[[date], Catalog],
    rules: Rules,
    lookups: Sequence[MenuLookup] = (),
) -> dict[date, BuiltDay]:
    """The tables of business days, in order; `days` names the objects that each reads.

    Each day is as `build_day` builds it from that day's objects alone, but each record is parsed,
    validated and split only once (with a translator once for each catalog), and revisions are
    compared in one pass. `lookups` of the same menu are reused for days with their catalog.
    """
    raws = sorted(raw, key=lambda r: (r.partition, r.name))
    if rules.translator is None:
        records = reject_unplaced(read(raws, rules), raws)
        return _build_days(days, raws, records, catalog_of, rules, lookups)
    # a translator needs the catalog, so days are grouped by catalog
    built_days: dict[date, BuiltDay] = {}
    ordered = sorted(days)
    for catalog, members in _by_catalog(ordered, catalog_of):
        objects_of = {ordered[member]: days[ordered[member]] for member in members}
        names = frozenset(name for of_day in objects_of.values() for name in of_day)
        part = [raw for raw in raws if raw.name in names]
        records = reject_unplaced(read(part, rules, catalog.raw), part)
        built_days |= _build_days(objects_of, part, records, catalog_of, rules, lookups)
    return {day: built_days[day] for day in ordered}


def _build_days(
    days: Mapping[date, Collection[str]],
    raws: Sequence[Raw],
    records: Records,
    catalog_of: Callable[[date], Catalog],
    rules: Rules,
    lookups: Sequence[MenuLookup],
) -> dict[date, BuiltDay]:
    """`build_days` of records that have been read; `raws` are sorted."""
    ordered = sorted(days)
    numbers = np.array([day.toordinal() - EPOCH for day in ordered], "i8")
    receipts, accepted = records.receipts, records.accepted
    days_of_accepted, clock = assign_days(receipts, accepted, rules)
    # one entry per record and day that reads it: the record (valid ones, then rejected), the day
    record, reading_day = _readings(records.owners(), raws, [days[day] for day in ordered])
    is_newest, revisions = newest(records, record, reading_day)
    is_accepted = record < len(accepted)
    business_day = np.empty(len(record), "i8")
    business_day[is_accepted] = days_of_accepted[record[is_accepted]]
    business_day[~is_accepted] = [
        day_of_rejected(records.rejected[row - len(accepted)], raws, rules, int(numbers[day]))
        for row, day in zip(
            record[~is_accepted].tolist(), reading_day[~is_accepted].tolist(), strict=True
        )
    ]
    counted = is_newest & (business_day == numbers[reading_day])
    # two receipts of one record have the same older revisions: count those of the first
    is_first = counted & ~records.is_second()[record]
    superseded = np.bincount(reading_day[is_first], revisions[is_first] - 1, len(ordered))
    superseded = superseded.astype("i8")
    chosen, chosen_day = record[counted & is_accepted], reading_day[counted & is_accepted]
    order = _by_time(receipts, accepted[chosen], chosen_day)
    chosen, chosen_day = chosen[order], chosen_day[order]
    partitions = labels(records.raw, [r.partition for r in raws])
    built_days: dict[date, BuiltDay] = {}
    for catalog, members in _by_catalog(ordered, catalog_of):
        rows = chosen[np.isin(chosen_day, members)]
        selected = SelectedReceipts(
            receipts, accepted[rows], days_of_accepted[rows], clock[rows], partitions
        )
        lookup = next((lookup for lookup in lookups if lookup.catalog is catalog), None)
        built = ReceiptTables(selected, lookup or MenuLookup(rules.menu, catalog), rules)
        parts = (_split(t, numbers[members]) for t in (built.receipts, built.sales, built.payments))
        for index, tables in zip(members, zip(*parts, strict=True), strict=True):
            of_day = record[counted & ~is_accepted & (reading_day == index)] - len(accepted)
            rejected = [records.rejected[row] for row in of_day.tolist()]
            built_days[ordered[index]] = BuiltDay(
                receipts=tables[0],
                sales=tables[1],
                payments=tables[2],
                quarantine=quarantine_table(ordered[index], rejected, raws, rules),
                metadata=_counts(tables[0].num_rows, len(rejected), int(superseded[index])),
            )
    return {day: built_days[day] for day in ordered}


def _counts(counted: int, quarantined: int, superseded: int) -> dict[str, int]:
    return {
        "received": counted + quarantined,
        "counted": counted,
        "quarantined": quarantined,
        "superseded": superseded,
    }


def _readings(
    owners: Ints, raws: Sequence[Raw], reads: Sequence[Collection[str]]
) -> tuple[Ints, Ints]:
    """Pairs of a record and the index of a day that reads its raw object."""
    reading_days = [[n for n, names in enumerate(reads) if raw.name in names] for raw in raws]
    counts = np.array([len(days) for days in reading_days], "i8")
    starts = np.cumsum(counts) - counts
    record, entry = expand_ranges(starts[owners], counts[owners])
    return record, np.array([day for days in reading_days for day in days], "i8")[entry]


def _by_catalog(
    days: Sequence[date], catalog_of: Callable[[date], Catalog]
) -> list[tuple[Catalog, list[int]]]:
    """The different catalogs of the days, each with the indices of its days."""
    groups: list[tuple[Catalog, list[int]]] = []
    for index, day in enumerate(days):
        catalog = catalog_of(day)
        members = next((m for other, m in groups if other is catalog or other == catalog), None)
        if members is None:
            groups.append((catalog, [index]))
        else:
            members.append(index)
    return groups


def _split(table: pa.Table, numbers: Ints) -> list[pa.Table]:
    """`table`, sorted by business day, in one table a day (`numbers`, since 1970)."""
    if len(numbers) == 1:
        return [table]
    if not table.num_rows:
        return [table] * len(numbers)
    days = ints(table.column("business_day").combine_chunks(), "i4")
    return split(table, np.searchsorted(days, numbers, "right"))


def select_receipts(
    receipts: Rows, rows: Ints, partition: Labels, rules: Rules
) -> SelectedReceipts:
    """`rows` of the receipts, of any business day, in order of time."""
    rows = rows[_by_time(receipts, rows, np.zeros(len(rows), "i8"))]
    return SelectedReceipts(receipts, rows, *assign_days(receipts, rows, rules), partition)


def assign_days(receipts: Rows, rows: Ints, rules: Rules) -> tuple[Ints, Ints]:
    """(business day since 1970, local time in microseconds) of `rows` of the receipts."""
    stores = receipts.labels("store_id")
    return business_days_by_store(
        [rules.store(value) for value in stores.values],
        stores.codes[rows],
        receipts.ints("receipt_date")[rows],
    )


def _by_time(receipts: Rows, rows: Ints, group: Ints) -> Ints:
    """The order of `rows` by (group, sold_at, receipt_number, store)."""
    take = fixed(rows, pa.int64())
    names = ("receipt_date", "receipt_number", "store_id")
    columns = [fixed(group, pa.int64()), *(receipts.column(name).take(take) for name in names)]
    table = pa.Table.from_arrays(columns, ["group", *names])
    order = pc.sort_indices(table, sort_keys=[(name, "ascending") for name in table.column_names])
    return np.frombuffer(order.buffers()[1], "u8", len(rows)).astype("i8")
