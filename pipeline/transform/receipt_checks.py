"""The checks that compare fields of a receipt, for columns and single records.

A receipt that fails one is rejected. The checks of each field by itself are in schema/receipt.py;
pipeline/rules has the rules of menu.toml, which reject nothing. Instants in microseconds, amounts
in minor units of the lake, as numbers or as columns.

    implausible_date   the sale before 2010, more than 48 hours after the server received it, or
                       more than Rules.max_days_late days before
    totals_differ      discounts, taxes or the total are not the sum of their rows
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np

from pipeline.pos.source import AHEAD, FIRST_SALE
from pipeline.rules import Rules, Store
from pipeline.rules.clock import micros
from pipeline.transform.columns import Ints
from pipeline.transform.days import DAY
from pipeline.transform.nested import ReceiptSums

EARLIEST, LATEST = (micros(datetime(year, 1, 1, tzinfo=UTC)) for year in (2000, 2100))
_FIRST_SALE = micros(FIRST_SALE)
_AHEAD = AHEAD // timedelta(microseconds=1)
Instant = int | Ints


def is_impossible(sold: Instant, created: Instant) -> np.ndarray:
    """Whether it is before 2010, or more than 48 hours after the server received it."""
    return np.less(sold, _FIRST_SALE) | np.greater(sold, created + _AHEAD)


def is_too_late(sold: Instant, created: Instant, rules: Rules) -> np.ndarray:
    """Whether the sale is dated too long before its arrival to be true."""
    return np.less(sold, created - rules.max_days_late * DAY)


def rounding_limit(store: Store, rules: Rules) -> int:
    """Largest cash rounding: cash_rounding of the menu, else 1.00 (100 without cents)."""
    limit = rules.menu.cash_rounding
    if limit is None:
        return int(10**rules.decimals) * (1 if store.decimals else 100)
    return int(limit * 10**rules.decimals)


def wrong_totals(receipt_sums: ReceiptSums, limit: Ints) -> dict[str, np.ndarray]:
    """True where a total is not the sum of its rows, by the total's JSON pointer.

    `limit` is the largest rounding. Lines may carry less discount than the receipt, not more.
    """
    unallocated = receipt_sums.discount - receipt_sums.line_discount
    is_lost = (unallocated != 0) & (
        ((unallocated > 0) != (receipt_sums.discount > 0))
        | (np.abs(unallocated) > np.abs(receipt_sums.discount))
        | (receipt_sums.lines == 0)
    )
    return {
        "/total_discount": (receipt_sums.named_discount != receipt_sums.discount) | is_lost,
        "/total_taxes": (receipt_sums.named_included != receipt_sums.tax_included)
        | (receipt_sums.named_added != receipt_sums.tax_added),
        "/total_tax": receipt_sums.tax != receipt_sums.tax_included + receipt_sums.tax_added,
        "/total_money": np.abs(receipt_sums.rounding) > limit,
    }
