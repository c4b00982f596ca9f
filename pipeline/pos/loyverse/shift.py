"""A shift of a cash drawer as Loyverse's API gives it.

The POS prints expected cash = starting cash + cash payments - cash refunds + paid in - paid out.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import msgspec

from pipeline.pos.source import CashShift


class _Shift(msgspec.Struct):
    id: str
    store_id: str
    pos_device_id: str
    opened_at: datetime
    starting_cash: Decimal
    cash_payments: Decimal
    cash_refunds: Decimal
    paid_in: Decimal
    paid_out: Decimal
    expected_cash: Decimal
    actual_cash: Decimal | None = None
    closed_at: datetime | None = None
    opened_by_employee: str | None = None
    closed_by_employee: str | None = None


_decode = msgspec.json.Decoder(_Shift).decode


def read_shift(line: bytes) -> CashShift:
    """The shift of a row of /shifts. Raises ValueError if a field is unreadable."""
    row = _decode(line)  # msgspec's errors are ValueErrors
    if row.opened_at.tzinfo is None or (row.closed_at and row.closed_at.tzinfo is None):
        raise ValueError("a time of the shift has no time zone")
    return CashShift(
        row.id,
        row.store_id,
        row.pos_device_id,
        row.opened_at,
        row.closed_at,
        row.opened_by_employee,
        row.closed_by_employee,
        row.starting_cash,
        row.cash_payments,
        row.cash_refunds,
        row.paid_in,
        row.paid_out,
        row.expected_cash,
        row.actual_cash if row.closed_at else None,
    )
