"""Receipts before the lake's history, which no business day of it counts.

Takes the raw objects that may hold such receipts. Returns rows of schema.BEFORE_HISTORY, one for
each receipt whose newest revision is before the history, valid or not, so that records in =
counted + quarantined + older revisions + before the history. The result is independent of the order
of the objects.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa

from pipeline.rules import Rules
from pipeline.schema import BEFORE_HISTORY
from pipeline.transform.build_days import assign_days
from pipeline.transform.days import EPOCH, business_day
from pipeline.transform.nested import Rows
from pipeline.transform.read import Raw, read
from pipeline.transform.revisions import NEVER, day_of_rejected, newest, reject_unplaced
from pipeline.transform.validate_record import RejectedRecord, signed
from pipeline.transform.writer import table_of


def before_history(raw: Iterable[Raw], rules: Rules, starts: date) -> pa.Table:
    """The receipts before business day `starts`, by day of arrival, store and number.

    Receipts of which an object holds an older revision only, or which belong to a later day, are
    left out.
    """
    raws = sorted(raw, key=lambda r: (r.partition, r.name))
    records = reject_unplaced(read(raws, rules), raws)
    receipts, accepted, rejected = records.receipts, records.accepted, records.rejected
    is_newest, _ = newest(records)
    owners, positions = records.owners(), records.positions()
    read_on = np.array(
        [date.fromisoformat(r.partition[:10]).toordinal() - EPOCH for r in raws], "i8"
    )
    read_on = read_on[owners]
    days = np.r_[
        assign_days(receipts, accepted, rules)[0],
        np.array(
            [
                day_of_rejected(rejection, raws, rules, day)
                for rejection, day in zip(rejected, read_on[len(accepted) :].tolist(), strict=True)
            ],
            "i8",
        ),
    ]
    arrived = read_on.copy()
    created = business_day(receipts.ints("created_at")[accepted], rules.default)
    arrived[: len(accepted)] = np.minimum(created, arrived[: len(accepted)])
    # a rejected record of no day at all is a copy: the record itself is counted elsewhere
    is_before = is_newest & (days < starts.toordinal() - EPOCH) & (days > NEVER)
    rows = [
        {
            "received": int(arrived[entry]),
            "business_day": int(days[entry]),
            **(
                _of_receipt(receipts, int(accepted[entry]))
                if entry < len(accepted)
                else _of_rejected(rejected[entry - len(accepted)])
            ),
            "raw_partition": raws[owners[entry]].partition,
            "record": f"{raws[owners[entry]].name}#{positions[entry]}",
        }
        for entry in np.flatnonzero(is_before).tolist()
    ]
    order = ("store_id", "receipt_number", "record")
    rows.sort(key=lambda row: (row["received"], *(row[name] or "" for name in order)))
    columns = {name: [row.get(name) for row in rows] for name in BEFORE_HISTORY.names()}
    columns["currency"] = [rules.store(row["store_id"]).currency for row in rows]
    return table_of(columns, BEFORE_HISTORY, rules.decimals)


def _of_receipt(receipts: Rows, row: int) -> dict[str, Any]:
    """The fields of a readable receipt; the total is 0 where it is cancelled."""
    names = ("store_id", "receipt_number", "receipt_type")
    text = {name: receipts.column(name)[row].as_py() for name in names}
    is_cancelled = receipts.column("cancelled_at")[row].is_valid
    total = 0 if is_cancelled else int(receipts.ints("total_money")[row])
    return {
        **text,
        "is_cancelled": is_cancelled,
        "reason": None,
        "total": signed(total, text["receipt_type"]),
    }


def _of_rejected(rejection: RejectedRecord) -> dict[str, Any]:
    """The readable fields of a rejected record."""
    return {
        "store_id": rejection.store_id,
        "receipt_number": rejection.number,
        "receipt_type": rejection.receipt_type,
        "is_cancelled": False,
        "reason": rejection.reason,
        "total": rejection.signed_total,
    }
