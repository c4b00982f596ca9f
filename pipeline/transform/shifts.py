"""Shifts of cash drawers to rows of schema.SHIFTS.

Takes the shifts of one point of sale as its reader gives them. Returns one row each, on the clock
and in the currency of its store. Raises DataError for an amount with more decimals than the lake
has.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa

from pipeline.errors import DataError
from pipeline.pos.source import CashShift
from pipeline.rules import Rules, Store
from pipeline.rules.clock import micros, time_zone
from pipeline.schema import SHIFTS
from pipeline.transform.days import business_day
from pipeline.transform.writer import table_of

_AMOUNTS = (
    "opening_cash",
    "cash_payments",
    "cash_refunds",
    "paid_in",
    "paid_out",
    "expected_cash",
    "counted_cash",
)

_LARGEST = 10**18  # of the lake's decimal128(18)


def shifts_table(
    shifts: Iterable[CashShift], rules: Rules, registers: Mapping[str, str], prefix: str = ""
) -> pa.Table:
    """The rows of the shifts.

    `registers` are names by id; `prefix` precedes every identifier.
    """
    rows = [_row(shift, rules, registers, prefix) for shift in shifts]
    columns = {name: [row[name] for row in rows] for name in SHIFTS.names()}
    return table_of(columns, SHIFTS, rules.decimals)


def check_amounts(shift: CashShift, decimals: int) -> None:
    """Raise DataError if a lake with `decimals` cannot hold an amount of the shift."""
    for name in _AMOUNTS:
        _units(getattr(shift, name), decimals)


def _row(
    shift: CashShift, rules: Rules, registers: Mapping[str, str], prefix: str
) -> dict[str, Any]:
    store = rules.store(shift.store_id)
    staff = {"opened_by": shift.opened_by, "closed_by": shift.closed_by}
    amounts = {name: _units(getattr(shift, name), rules.decimals) for name in _AMOUNTS}
    counted, expected = amounts["counted_cash"], amounts["expected_cash"]
    return {
        "business_day": _day(shift.opened_at, store),
        "store_id": f"{prefix}{shift.store_id}",
        "currency": store.currency,
        "register": registers.get(shift.register_id) or f"{prefix}{shift.register_id}",
        "shift_id": f"{prefix}{shift.shift_id}",
        "opened_at": micros(shift.opened_at),
        "closed_at": shift.closed_at and micros(shift.closed_at),
        "closed_day": shift.closed_at and _day(shift.closed_at, store),
        "opened_at_local": _local(shift.opened_at, store),
        "closed_at_local": shift.closed_at and _local(shift.closed_at, store),
        **{name: employee and f"{prefix}{employee}" for name, employee in staff.items()},
        **amounts,
        "difference": None if counted is None else counted - (expected or 0),
    }


def _units(amount: Decimal | None, decimals: int) -> int | None:
    """An amount in the smallest unit of the lake."""
    if amount is None:
        return None
    is_near = amount.is_finite() and abs(amount) < _LARGEST
    scaled = amount.scaleb(decimals) if is_near else amount
    if not is_near or scaled != int(scaled) or abs(scaled) >= _LARGEST:
        raise DataError(
            f"a shift of a cash drawer has an amount that the lake with {decimals} decimals"
            f" cannot hold ({amount}); check [shop] currency"
        )
    return int(scaled)


def _day(instant: datetime, store: Store) -> int:
    return int(business_day(np.array([micros(instant)]), store)[0])


def _local(instant: datetime, store: Store) -> int:
    return micros(instant.astimezone(time_zone(store.timezone)).replace(tzinfo=UTC))
