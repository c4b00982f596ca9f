"""One business day, or any page of receipts, from raw records to the tables of the lake.

In: raw objects (verbatim JSON, one record a line), the catalog, the rules. Out: receipts, sales,
payments and quarantine as schema.LAKE has them, sorted by time, and counts. Of a receipt that
arrived several times the newest version counts, by (updated_at, batch, object, position); what
belongs to another business day is left to that day. A record that cannot be read is kept in
quarantine, with its reason. Raises MoneyNotConserved; never drops anything else.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.errors import DataError
from pipeline.transform.catalog import Catalog
from pipeline.transform.columns import Ints, Labels, encode, fixed, labels, texts
from pipeline.transform.days import business_days_by_store
from pipeline.transform.nested import Rows
from pipeline.transform.quarantine import quarantine_table
from pipeline.transform.read import Raw, Read, chunks, read
from pipeline.transform.recipes import RecipeBook
from pipeline.transform.rules import Rules
from pipeline.transform.tables import SelectedReceipts, Tables
from pipeline.transform.validate_record import RejectedRecord

_NEVER = -(1 << 62)
_UNDATED = frozenset({"missing_field", "null_value", "wrong_type", "unreadable_date"})
_DATED = re.compile(
    r"\d{4}-\d\d-\d\d[Tt ]\d\d"
)  # unreadable to us, but it may have been read when it was fetched


@dataclass(frozen=True)
class Cleaned:
    """A business day. facts: fetched = curated + quarantined distinct receipts; superseded: older
    versions of them, copies of one version counted once.
    """

    receipts: pa.Table
    sales: pa.Table
    payments: pa.Table
    quarantine: pa.Table
    metadata: dict[str, int]


def clean(day: date, raw: Iterable[Raw], catalog: Catalog, rules: Rules) -> Cleaned:
    """The receipts whose newest version belongs to business day `day`."""
    raws = sorted(raw, key=lambda r: (r.batch, r.name))
    found = unplaced(read(raws, rules), raws, rules)
    receipts, good = found.receipts, found.good
    is_newest, versions = newest(found)
    stores = receipts.labels("store_id")
    days, clock = business_days_by_store(
        [rules.store(value) for value in stores.values],
        stores.codes[good],
        receipts.ints("receipt_date")[good],
    )
    wanted = day.toordinal() - 719_163
    fault_days = np.array(
        [home_of(rejection, raws, rules, wanted) for rejection in found.rejected] or [], "i8"
    )
    here = is_newest & (np.concatenate([days, fault_days]) == wanted)
    kept = np.flatnonzero(here[: len(good)])
    kept = kept[_by_time(receipts, good[kept])]
    batches = labels(found.raw, [r.batch for r in raws])
    made = Tables(
        SelectedReceipts(receipts, good[kept], days[kept], clock[kept], batches),
        RecipeBook(rules.menu, catalog),
        rules,
    )
    rejected = [found.rejected[at] for at in np.flatnonzero(here[len(good) :])]
    metadata = {
        "fetched": int(here.sum()),
        "curated": len(kept),
        "quarantined": len(rejected),
        "superseded": int(versions[here].sum() - here.sum()),
    }
    return Cleaned(
        made.receipts,
        made.sales,
        made.payments,
        quarantine_table(day, rejected, raws, rules),
        metadata,
    )


def transform(raw: Raw, catalog: Catalog, rules: Rules, size: int = 16 << 20) -> Iterator[Tables]:
    """Pages of any days, as they come: no versions are compared, each record must be faultless.
    Memory: one page of `size` bytes.
    """
    book = RecipeBook(rules.menu, catalog)
    for piece in chunks(raw.ndjson, size):
        yield page(raw._replace(ndjson=piece), book, rules)


def page(raw: Raw, book: RecipeBook, rules: Rules) -> Tables:
    """The tables of one page, sorted by time. Raises DataError where a record is faulty: only
    `clean` keeps a quarantine.
    """
    found = read([raw], rules)
    if found.rejected:
        rejection = found.rejected[0]
        raise DataError(
            f"{raw.name}#{rejection.position}: {rejection.reason} at {rejection.pointer or '/'}; clean() would"
            " keep it in quarantine"
        )
    return Tables(
        select_receipts(
            found.receipts, found.good, Labels.constant(raw.batch, len(found.receipts)), rules
        ),
        book,
        rules,
    )


def select_receipts(receipts: Rows, rows: Ints, batch: Labels, rules: Rules) -> SelectedReceipts:
    """`rows` of the receipts, whatever their business day, in order of time."""
    order, stores = rows[_by_time(receipts, rows)], receipts.labels("store_id")
    days, clock = business_days_by_store(
        [rules.store(value) for value in stores.values],
        stores.codes[order],
        receipts.ints("receipt_date")[order],
    )
    return SelectedReceipts(receipts, order, days, clock, batch)


def _by_time(receipts: Rows, rows: Ints) -> Ints:
    """The order of `rows` by (sold_at, receipt_number, store)."""
    columns = [
        receipts.column(name).take(fixed(rows, pa.int64()))
        for name in ("receipt_date", "receipt_number", "store_id")
    ]
    table = pa.Table.from_arrays(columns, ["sold", "number", "store"])
    sorted_rows = pc.sort_indices(
        table, sort_keys=[(name, "ascending") for name in table.column_names]
    )
    return np.frombuffer(sorted_rows.buffers()[1], "u8", len(rows)).astype("i8")


def unplaced(found: Read, raws: Sequence[Raw], rules: Rules) -> Read:
    """A record that extraction could not place by its date stays where it is looked for: with the
    day of its batch.
    """
    unknown = np.array([_sold(raw) == "unknown" for raw in raws], bool)
    lost = unknown[found.raw[found.good]] if len(raws) else np.zeros(0, bool)
    if not lost.any():
        return found
    receipts, rejected = found.receipts, list(found.rejected)
    for row in found.good[lost].tolist():
        at, position = int(found.raw[row]), int(found.position[row])
        text = {
            name: receipts.column(name)[row].as_py()
            for name in ("receipt_number", "store_id", "receipt_type")
        }
        rejected.append(
            RejectedRecord(
                "unplaced_date",
                "/receipt_date",
                str(receipts.column("receipt_date")[row].as_py()),
                text["receipt_number"],
                text["store_id"],
                text["receipt_type"],
                int(receipts.ints("total_money")[row]),
                int(receipts.ints("updated_at")[row]),
                None,
                at,
                position,
                raws[at].ndjson.split(b"\n")[position - 1],
            )
        )
    return replace(found, good=found.good[~lost], rejected=rejected)


def _sold(raw: Raw) -> str | None:
    """The UTC date of sale that the object's key names, "unknown", or None."""
    return next(
        (step.removeprefix("sold=") for step in raw.name.split("/") if step.startswith("sold=")),
        None,
    )


def home_of(rejection: RejectedRecord, raws: Sequence[Raw], rules: Rules, wanted: int) -> int:
    """The business day that counts a fault: its own where its date can be read, else its object's,
    else the day asked for.
    """
    sold = _sold(raws[rejection.raw])
    if sold == "unknown":
        return wanted
    if rejection.sold_at is not None:
        return int(
            business_days_by_store(
                [rules.store(rejection.store_id)], np.zeros(1, "i8"), np.array([rejection.sold_at])
            )[0][0]
        )
    if (
        sold is not None
        and rejection.pointer == "/receipt_date"
        and (
            rejection.reason == "implausible_date"
            or (rejection.reason in _UNDATED and not _DATED.search(rejection.detail))
        )
    ):
        # a copy that is here to supersede: the record itself is among those of unknown date of its
        # window
        return _NEVER
    return wanted if sold is None else date.fromisoformat(sold).toordinal() - 719_163


def newest(found: Read) -> tuple[np.ndarray, Ints]:
    """(is the newest version, how many different versions there are, stated at the newest) of each good
    receipt, then of each fault.
    """
    receipts, good, rejected = found.receipts, found.good, found.rejected
    at = fixed(good, pa.int64())
    (number, _), (store, stores) = (
        encode(
            pa.concat_arrays(
                [receipts.column(name).take(at), texts([getattr(f, field) for f in rejected])]
            )
        )
        for name, field in (("receipt_number", "number"), ("store_id", "store_id"))
    )
    for row in np.flatnonzero((store < 0) & (number >= 0)):  # faults whose store cannot be read
        same = np.flatnonzero((number == number[row]) & (store >= 0))
        store[row] = store[same[0]] if len(same) else -1
    nameless = np.flatnonzero(number < 0)
    key = number * (len(stores) + 1) + store
    key[nameless] = -2 - (len(stores) + 1) - np.arange(len(nameless))
    changed = [_NEVER if f.updated_at is None else f.updated_at for f in rejected]
    updated = np.concatenate([receipts.ints("updated_at")[good], changed]).astype("i8")
    raw = np.concatenate([found.raw[good], [f.raw for f in rejected]]).astype("i8")
    position = np.concatenate([found.position[good], [f.position for f in rejected]]).astype("i8")
    order = np.lexsort((position, raw, updated, key))
    ends = np.flatnonzero(np.diff(key[order], append=_NEVER)) if len(key) else np.zeros(0, "i8")
    last, versions = np.zeros(len(key), bool), np.zeros(len(key), "i8")
    # copies of one version (the same receipt, changed at the same instant) count once
    is_new = np.diff(key[order], prepend=_NEVER).astype(bool)
    is_new |= np.diff(updated[order], prepend=_NEVER).astype(bool)
    last[order[ends]] = True
    versions[order[ends]] = np.diff(np.cumsum(is_new)[ends], prepend=0)
    return last, versions
