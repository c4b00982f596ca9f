"""Which revision of a receipt counts, and which day counts a rejected record.

Revisions compete within a group: the records that one business day reads. A revision is a record:
the sale and the return that it makes are counted together, or replaced together. Takes parsed
records (read.Records) and their raw objects. Returns arrays over the accepted receipts, then the
rejected records.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import date

import numpy as np
import pyarrow as pa

from pipeline.rules import Rules
from pipeline.transform.columns import Ints, encode, fixed, texts, valid
from pipeline.transform.days import EPOCH, business_days_by_store
from pipeline.transform.read import Raw, Records
from pipeline.transform.validate_record import RejectedRecord

NEVER = -(1 << 62)
_UNDATED = frozenset({"missing_field", "null_value", "wrong_type", "unreadable_date"})
# invalid for us, but extraction may have placed the record by it
_DATED = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d")


def newest(
    records: Records, record: Ints | None = None, group: Ints | None = None
) -> tuple[np.ndarray, Ints]:
    """For each entry: whether it is of the newest revision; its number of revisions.

    The number is 0 for entries of older revisions.

    An entry is a `record` (an index: accepted receipts, then rejected records) in a `group`;
    without them, each once, in one group. A rejected record without a readable number competes with
    no other.
    """
    owners, positions = records.owners(), records.positions()
    if record is None or group is None:
        record, group = np.arange(len(owners)), np.zeros(len(owners), "i8")
    (number, numbers), (store, stores) = (
        encode(pa.concat_arrays([accepted, texts(values)]))
        for accepted, values in (
            (records.record_numbers(), [r.number for r in records.rejected]),
            (_accepted(records, "store_id"), [r.store_id for r in records.rejected]),
        )
    )
    changed = [NEVER if r.updated_at is None else r.updated_at for r in records.rejected]
    updated = np.concatenate([records.receipts.ints("updated_at")[records.accepted], changed])
    number, store, updated, raw, position = (
        column[record].astype("i8") for column in (number, store, updated, owners, positions)
    )
    lost = np.flatnonzero((store < 0) & (number >= 0))  # rejected, of an unreadable store
    if len(lost):
        order = np.lexsort((position, raw))
        for row in lost.tolist():
            same = (number == number[row]) & (group == group[row]) & (store >= 0)
            store[row] = next(iter(store[order[same[order]]].tolist()), -1)
    width = len(stores) + 1
    key = number * width + store + 1
    nameless = np.flatnonzero(number < 0)
    key[nameless] = len(numbers) * width + nameless
    key += group * (len(numbers) * width + len(key))
    order = np.lexsort((position, raw, updated, key))
    ends = np.flatnonzero(np.diff(key[order], append=-1))
    # copies of one revision (the same receipt, changed at the same instant) count once
    is_new = np.diff(key[order], prepend=-1).astype(bool)
    is_new |= np.diff(updated[order], prepend=NEVER).astype(bool)
    counts = np.diff(np.cumsum(is_new)[ends], prepend=0)
    is_newest, revisions = np.zeros(len(key), bool), np.zeros(len(key), "i8")
    is_newest[order[ends]] = True
    revisions[order[ends]] = counts
    # the other receipt of the same record comes right before the last one
    others = ends[ends > 0] - 1
    is_same = np.ones(len(others), bool)
    for column in (key, raw, position):
        is_same &= column[order[others]] == column[order[others + 1]]
    is_newest[order[others[is_same]]] = True
    revisions[order[others[is_same]]] = counts[ends > 0][is_same]
    return is_newest & ~_replaces_nothing(records, record, key), revisions


def _replaces_nothing(records: Records, record: Ints, key: Ints) -> np.ndarray:
    """Entries that only replace a counted revision, of a `key` that has none."""
    is_accepted, never = record < len(records.accepted), np.zeros(len(record), bool)
    never[is_accepted] = valid(_accepted(records, "replaces"))[record[is_accepted]]
    if not never.any():
        return never
    counted = is_accepted.copy()
    counted[is_accepted] = ~records.receipts.cancelled[records.accepted][record[is_accepted]]
    keys, key_index = np.unique(key, return_inverse=True)
    has_counted = np.bincount(key_index, counted, len(keys)) > 0
    return never & ~has_counted[key_index]


def _accepted(records: Records, name: str) -> pa.Array:
    return records.receipts.column(name).take(fixed(records.accepted, pa.int64()))


def reject_unplaced(records: Records, raws: Sequence[Raw]) -> Records:
    """`records` with the accepted ones of objects of unknown date among the rejected.

    Extraction could not file it by its date, so it is counted with the day of its raw partition.
    """
    unknown = np.array([_date_of_sale(raw) == "unknown" for raw in raws], bool)
    unplaced = unknown[records.raw[records.accepted]] if len(raws) else np.zeros(0, bool)
    if not unplaced.any():
        return records
    receipts, rejected = records.receipts, list(records.rejected)
    is_first = ~records.is_second()[: len(unplaced)]  # a record is rejected once
    for row in records.accepted[unplaced & is_first].tolist():
        raw, position = int(records.raw[row]), int(records.position[row])
        number, store_id, receipt_type, sold_at = (
            receipts.column(name)[row].as_py()
            for name in ("receipt_number", "store_id", "receipt_type", "receipt_date")
        )
        rejected.append(
            RejectedRecord(
                "unplaced_date",
                "/receipt_date",
                str(sold_at),
                number,
                store_id,
                receipt_type,
                int(receipts.ints("total_money")[row]),
                int(receipts.ints("updated_at")[row]),
                None,
                raw,
                position,
                raws[raw].ndjson.split(b"\n")[position - 1],
            )
        )
    return replace(records, accepted=records.accepted[~unplaced], rejected=rejected)


def _date_of_sale(raw: Raw) -> str | None:
    """The UTC date of sale that the object's key names, "unknown", or None."""
    steps = (step for step in raw.name.split("/") if step.startswith("sold="))
    return next((step.removeprefix("sold=") for step in steps), None)


def day_of_rejected(
    rejection: RejectedRecord, raws: Sequence[Raw], rules: Rules, reading_day: int
) -> int:
    """The business day (since 1970) that counts a rejected record, or NEVER.

    Its own where its date of sale is readable, else the date of its object, else `reading_day`, the
    day that reads it.
    """
    sold = _date_of_sale(raws[rejection.raw])
    if sold == "unknown":
        return reading_day
    if rejection.sold_at is not None:
        store, instant = rules.store(rejection.store_id), np.array([rejection.sold_at])
        return int(business_days_by_store([store], np.zeros(1, "i8"), instant)[0][0])
    if sold is None:
        return reading_day
    # the copy of a revision that moved: the record itself is of unknown date in its window
    return NEVER if _is_misdated(rejection) else date.fromisoformat(sold).toordinal() - EPOCH


def _is_misdated(rejection: RejectedRecord) -> bool:
    """Whether extraction cannot have placed the record by its own date of sale."""
    return rejection.pointer == "/receipt_date" and (
        rejection.reason == "implausible_date"
        or (rejection.reason in _UNDATED and not _DATED.search(rejection.detail))
    )
