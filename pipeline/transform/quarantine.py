"""Rejected records as rows of schema.QUARANTINE, with reason, position and money."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import numpy as np
import pyarrow as pa

from pipeline.rules import Rules
from pipeline.schema import QUARANTINE, arrow, conform, empty
from pipeline.transform.columns import Labels, fixed, texts
from pipeline.transform.days import EPOCH
from pipeline.transform.read import Raw
from pipeline.transform.validate_record import RejectedRecord


def quarantine_table(
    day: date, rejected: Sequence[RejectedRecord], raws: Sequence[Raw], rules: Rules
) -> pa.Table:
    """The rejected records that `day` counts, by raw partition, object and position.

    The total of a REFUND is negative, null where unreadable; bytes that are not text are escaped.
    """
    if not rejected:
        return empty(QUARANTINE, rules.decimals)
    rejected = sorted(rejected, key=lambda f: (raws[f.raw].partition, raws[f.raw].name, f.position))
    schema = arrow(QUARANTINE, rules.decimals)
    total = np.array(
        [abs(f.total or 0) * (-1 if f.receipt_type == "REFUND" else 1) for f in rejected] or [],
        "i8",
    )
    text: dict[str, list[str | None]] = {
        "store_id": [f.store_id for f in rejected],
        "receipt_number": [f.number for f in rejected],
        "receipt_type": [f.receipt_type for f in rejected],
        "reason": [f.reason for f in rejected],
        "pointer": [f.pointer for f in rejected],
        "detail": [f.detail for f in rejected],
        "raw_partition": [raws[f.raw].partition for f in rejected],
        "record": [f"{raws[f.raw].name}#{f.position}" for f in rejected],
        "verbatim": [f.body.decode("utf-8", "backslashreplace") for f in rejected],
    }
    columns = {
        name: (
            texts(values)
            if schema.field(name).type == pa.string()
            else Labels.read(texts(values)).column(schema.field(name).type)
        )
        for name, values in text.items()
    }
    columns["business_day"] = fixed(np.full(len(rejected), day.toordinal() - EPOCH), pa.date32())
    columns["total"] = fixed(
        total, schema.field("total").type, np.array([f.total is not None for f in rejected], bool)
    )
    return conform(
        pa.Table.from_arrays([columns[name] for name in schema.names], schema.names),
        QUARANTINE,
        rules.decimals,
    )
