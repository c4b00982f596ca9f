"""A shift of a cash drawer as Loyverse's API gives it.

The POS prints expected cash = starting cash + cash payments - cash refunds + paid in - paid out.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import msgspec

from pipeline.pos.source import CashShift


class _Shift(
    msgspec.Struct,
    kw_only=True,
    rename={
        "register_id": "pos_device_id",
        "opened_by": "opened_by_employee",
        "closed_by": "closed_by_employee",
        "opening_cash": "starting_cash",
        "counted_cash": "actual_cash",
        "shift_id": "id",
    },
):
    """The fields of `CashShift`, in their order."""

    shift_id: str
    store_id: str
    register_id: str
    opened_at: datetime
    closed_at: datetime | None = None
    opened_by: str | None = None
    closed_by: str | None = None
    opening_cash: Decimal
    cash_payments: Decimal
    cash_refunds: Decimal
    paid_in: Decimal
    paid_out: Decimal
    expected_cash: Decimal
    counted_cash: Decimal | None = None


_decode = msgspec.json.Decoder(_Shift).decode


def read_shift(line: bytes) -> CashShift:
    """The shift of a row of /shifts. Raises ValueError if a field is unreadable."""
    row = _decode(line)  # msgspec's errors are ValueErrors
    if row.opened_at.tzinfo is None or (row.closed_at and row.closed_at.tzinfo is None):
        raise ValueError("a time of the shift has no time zone")
    shift = CashShift(*msgspec.structs.astuple(row))
    return shift if row.closed_at else shift._replace(counted_cash=None)
