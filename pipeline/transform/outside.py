"""Receipts whose business day lies before the lake's history, which no day of the lake counts.

In: the raw objects that may hold such receipts. Out: rows of schema.OUTSIDE, one for each receipt
whose newest version is outside, readable or not, so that records in = curated + quarantined +
superseded + outside history. Pure, and independent of the order of the objects.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

import numpy as np
import pyarrow as pa

from pipeline.schema import OUTSIDE, arrow, conform
from pipeline.transform.clean import home_of, newest, unplaced
from pipeline.transform.columns import Labels, fixed, texts
from pipeline.transform.days import business_day, business_days_by_store
from pipeline.transform.read import Raw, Read, read
from pipeline.transform.rules import Rules

EPOCH = date(1970, 1, 1).toordinal()


def outside(raw: Iterable[Raw], rules: Rules, starts: date) -> pa.Table:
    """The receipts before business day `starts`, by day of arrival, store and number.

    Receipts of which an object holds an older version only, or which belong to a later day, are
    left out.
    """
    raws = sorted(raw, key=lambda r: (r.batch, r.name))
    page = unplaced(read(raws, rules), raws, rules)
    is_newest, _ = newest(page)
    limit = starts.toordinal() - EPOCH
    batch_days = np.array([_batch_day(one) for one in raws] or [], "i8")
    stores = page.receipts.labels("store_id")
    days, _ = business_days_by_store(
        [rules.store(value) for value in stores.values],
        stores.codes[page.good],
        page.receipts.ints("receipt_date")[page.good],
    )
    fault_days = np.array(
        [
            home_of(rejection, raws, rules, int(batch_days[rejection.raw]))
            for rejection in page.rejected
        ]
        or [],
        "i8",
    )
    good = np.flatnonzero(is_newest[: len(page.good)] & (days < limit))
    # a fault of no day at all is a copy: the record itself is counted elsewhere
    faulty = np.flatnonzero(
        is_newest[len(page.good) :] & (fault_days < limit) & (fault_days > -EPOCH)
    )
    rows = [
        *_readable(page, page.good[good], days[good], raws, batch_days, rules),
        *_refused(page, faulty, fault_days, raws, batch_days, rules),
    ]
    order = ("received", "store_id", "receipt_number", "record")
    rows.sort(key=lambda row: [row[name] or "" for name in order[1:]])
    rows.sort(key=lambda row: row["received"])
    return _table(rows, rules)


def _batch_day(raw: Raw) -> int:
    """The day of the window or sweep that brought an object, as days since 1970."""
    return date.fromisoformat(raw.batch[:10]).toordinal() - EPOCH


def _readable(page: Read, rows, days, raws, batch_days, rules: Rules) -> list[dict]:
    receipts = page.receipts
    arrived = business_day(receipts.ints("created_at")[rows], rules.default)
    text = {
        name: receipts.column(name).take(fixed(rows, pa.int64())).to_pylist()
        for name in ("store_id", "receipt_number", "receipt_type", "cancelled_at")
    }
    return [
        {
            "received": min(int(arrived[at]), int(batch_days[page.raw[row]])),
            "business_day": int(days[at]),
            "store_id": text["store_id"][at],
            "receipt_number": text["receipt_number"][at],
            "receipt_type": text["receipt_type"][at],
            "is_cancelled": text["cancelled_at"][at] is not None,
            "reason": None,
            "total": 0
            if text["cancelled_at"][at] is not None
            else _signed(int(receipts.ints("total_money")[row]), text["receipt_type"][at]),
            "batch": raws[page.raw[row]].batch,
            "record": f"{raws[page.raw[row]].name}#{page.position[row]}",
        }
        for at, row in enumerate(rows.tolist())
    ]


def _refused(page: Read, rows, days, raws, batch_days, rules: Rules) -> list[dict]:
    rejected = [(page.rejected[row], int(days[row])) for row in rows.tolist()]
    return [
        {
            "received": int(batch_days[rejection.raw]),
            "business_day": day,
            "store_id": rejection.store_id,
            "receipt_number": rejection.number,
            "receipt_type": rejection.receipt_type,
            "is_cancelled": False,
            "reason": rejection.reason,
            "total": None
            if rejection.total is None
            else _signed(rejection.total, rejection.receipt_type),
            "batch": raws[rejection.raw].batch,
            "record": f"{raws[rejection.raw].name}#{rejection.position}",
        }
        for rejection, day in rejected
    ]


def _signed(total: int, receipt_type: str | None) -> int:
    return abs(total) * (-1 if receipt_type == "REFUND" else 1)


def _table(rows: list[dict], rules: Rules) -> pa.Table:
    schema = arrow(OUTSIDE, rules.decimals)
    values = {name: [row.get(name) for row in rows] for name in schema.names}
    values["currency"] = [rules.store(row["store_id"]).currency for row in rows]
    columns = {}
    for field in schema:
        column = values[field.name]
        if pa.types.is_date32(field.type):
            columns[field.name] = pa.array(column, pa.int32()).cast(pa.date32())
        elif pa.types.is_decimal(field.type):
            known = np.array([value is not None for value in column], bool)
            columns[field.name] = fixed(
                np.array([value or 0 for value in column], "i8"), field.type, known
            )
        elif pa.types.is_dictionary(field.type):
            columns[field.name] = Labels.of(texts(column)).column(field.type)
        else:
            columns[field.name] = pa.array(column, field.type)
    return conform(pa.table(columns), OUTSIDE, rules.decimals)
