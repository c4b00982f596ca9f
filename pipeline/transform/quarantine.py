"""Rejected records as rows of schema.QUARANTINE, with reason, position and money."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import pyarrow as pa

from pipeline.rules import Rules
from pipeline.schema import QUARANTINE, empty
from pipeline.transform.days import EPOCH
from pipeline.transform.read import Raw
from pipeline.transform.validate_record import RejectedRecord
from pipeline.transform.writer import table_of


def quarantine_table(
    day: date, rejected: Sequence[RejectedRecord], raws: Sequence[Raw], rules: Rules
) -> pa.Table:
    """The rejected records that `day` counts, by raw partition, object and position.

    The total of a REFUND is negative, null where unreadable; bytes that are not text are escaped.
    """
    if not rejected:
        return empty(QUARANTINE, rules.decimals)
    rejected = sorted(rejected, key=lambda f: (raws[f.raw].partition, raws[f.raw].name, f.position))
    columns: dict[str, list[Any]] = {
        "business_day": [day.toordinal() - EPOCH] * len(rejected),
        "store_id": [f.store_id for f in rejected],
        "receipt_number": [f.number for f in rejected],
        "receipt_type": [f.receipt_type for f in rejected],
        "reason": [f.reason for f in rejected],
        "pointer": [f.pointer for f in rejected],
        "detail": [f.detail for f in rejected],
        "total": [f.signed_total for f in rejected],
        "raw_partition": [raws[f.raw].partition for f in rejected],
        "record": [f"{raws[f.raw].name}#{f.position}" for f in rejected],
        "verbatim": [f.body.decode("utf-8", "backslashreplace") for f in rejected],
    }
    return table_of(columns, QUARANTINE, rules.decimals)
