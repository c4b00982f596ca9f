"""Shifts of cash drawers to rows of schema.SHIFTS.

Takes the shifts of one point of sale as its reader gives them. Returns one row each, on the clock
and in the currency of its store. Raises DataError for an amount with more decimals than the lake
has.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

import numpy as np
import pyarrow as pa

from pipeline.errors import DataError
from pipeline.pos.source import CashShift
from pipeline.rules import Rules, Store
from pipeline.rules.clock import micros, time_zone
from pipeline.schema import SHIFTS, arrow, conform
from pipeline.transform.days import EPOCH, business_day

_AMOUNTS = (
    "opening_cash",
    "cash_payments",
    "cash_refunds",
    "paid_in",
    "paid_out",
    "expected_cash",
    "counted_cash",
)


def shifts_table(
    shifts: Iterable[CashShift], rules: Rules, registers: Mapping[str, str], prefix: str = ""
) -> pa.Table:
    """The rows of the shifts.

    `registers` are names by id; `prefix` precedes every identifier.
    """
    rows = [_row(shift, rules, registers, prefix) for shift in shifts]
    schema = arrow(SHIFTS, rules.decimals)
    try:
        columns = [
            pa.array([row[field.name] for row in rows], _plain(field.type)) for field in schema
        ]
    except pa.ArrowInvalid as error:
        raise DataError(
            f"a shift of a cash drawer has an amount that {rules.decimals} decimals cannot hold"
            f" ({error}); check [shop] currency"
        ) from error
    return conform(pa.table(columns, schema.names), SHIFTS, rules.decimals)


def _plain(kind: pa.DataType) -> pa.DataType:
    return kind.value_type if pa.types.is_dictionary(kind) else kind


def _row(
    shift: CashShift, rules: Rules, registers: Mapping[str, str], prefix: str
) -> dict[str, Any]:
    store = rules.store(shift.store_id)
    staff = {"opened_by": shift.opened_by, "closed_by": shift.closed_by}
    counted = shift.counted_cash
    return {
        "business_day": _day(shift.opened_at, store),
        "store_id": f"{prefix}{shift.store_id}",
        "currency": store.currency,
        "register": registers.get(shift.register_id) or f"{prefix}{shift.register_id}",
        "shift_id": f"{prefix}{shift.shift_id}",
        "opened_at": shift.opened_at,
        "closed_at": shift.closed_at,
        "closed_day": shift.closed_at and _day(shift.closed_at, store),
        "opened_at_local": _local(shift.opened_at, store),
        "closed_at_local": shift.closed_at and _local(shift.closed_at, store),
        **{name: employee and f"{prefix}{employee}" for name, employee in staff.items()},
        **{name: getattr(shift, name) for name in _AMOUNTS},
        "difference": None if counted is None else counted - shift.expected_cash,
    }


def _day(instant: datetime, store: Store) -> date:
    number = business_day(np.array([micros(instant)]), store)[0]
    return date.fromordinal(EPOCH + int(number))


def _local(instant: datetime, store: Store) -> datetime:
    return instant.astimezone(time_zone(store.timezone)).replace(tzinfo=None)
