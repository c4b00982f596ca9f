"""Shifts of cash drawers as rows: the store's clock, exact amounts, and what is refused."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from decimal import Decimal

import pytest

from pipeline.errors import DataError
from pipeline.pos.source import CashShift
from pipeline.rules import Rules, Store
from pipeline.transform import read_menu
from pipeline.transform.shifts import shifts_table
from tests.reference import settings as reference

STORE = Store("America/Mexico_City", time(5), "MXN", 2)
RULES = Rules({}, STORE, read_menu(reference.MENU, "menu.toml"), 2)
OPENED = datetime(2026, 10, 30, 8, 30, 0, 250_000, tzinfo=UTC)  # 02:30 there: the evening before


TOO_FINE = ("500.105", "500.10000000000002", "1e-9")
TOO_LARGE = ("10000000000000000", "-10000000000000000", "1e999999", "NaN", "Infinity")


def shift(opening: str = "500.10", counted: str | None = "548.5") -> CashShift:
    amounts = map(Decimal, (opening, "80", "10", "0", "20.6", "549.50"))
    is_open = counted is None
    closed = None if is_open else datetime(2026, 10, 31, 1, tzinfo=UTC)
    total = None if is_open else Decimal(counted)
    return CashShift("s1", "a", "till", OPENED, closed, "e1", None, *amounts, total)


def test_a_shift_is_a_row_on_the_clock_of_its_store() -> None:
    (row,) = shifts_table([shift()], RULES, {"till": "Caja"}, "square:").to_pylist()
    assert row == {
        "business_day": date(2026, 10, 29),
        "store_id": "square:a",
        "currency": "MXN",
        "register": "Caja",
        "shift_id": "square:s1",
        "opened_at": OPENED,
        "closed_at": datetime(2026, 10, 31, 1, tzinfo=UTC),
        "closed_day": date(2026, 10, 30),
        "opened_at_local": datetime.fromisoformat("2026-10-30T02:30:00.250"),
        "closed_at_local": datetime.fromisoformat("2026-10-30T19:00"),
        "opened_by": "square:e1",
        "closed_by": None,
        "opening_cash": Decimal("500.10"),
        "cash_payments": Decimal("80.00"),
        "cash_refunds": Decimal("10.00"),
        "paid_in": Decimal("0.00"),
        "paid_out": Decimal("20.60"),
        "expected_cash": Decimal("549.50"),
        "counted_cash": Decimal("548.50"),
        "difference": Decimal("-1.00"),
    }


def test_an_open_shift_has_no_close_and_no_difference() -> None:
    (row,) = shifts_table([shift(counted=None)], RULES, {}).to_pylist()
    missing = {name for name, value in row.items() if value is None}
    close = {"closed_at", "closed_day", "closed_at_local", "closed_by"}
    assert missing == close | {"counted_cash", "difference"}
    assert row["register"] == "till", "without a name in the catalog"


@pytest.mark.parametrize("amount", [*TOO_FINE, *TOO_LARGE])
def test_an_amount_that_the_lake_cannot_hold_is_refused(amount: str) -> None:
    with pytest.raises(DataError, match=r"with 2 decimals cannot hold .* \[shop\] currency"):
        shifts_table([shift(opening=amount)], RULES, {})
    assert shifts_table([shift(opening="9999999999999999.99")], RULES, {}).num_rows == 1
