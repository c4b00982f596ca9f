"""The rules of `wire` and of a receipt's own sums, checked for all receipts at once; `judge` says
them one by one.

Out: True for each receipt that breaks at least one rule. Kept equal to `judge` by test.
"""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np

from pipeline.schema.receipt import RECEIPT, Field
from pipeline.transform.columns import Ints, offsets, valid
from pipeline.transform.days import DAY, micros
from pipeline.transform.nested import Rows, Tally
from pipeline.transform.rules import Rules, Store

EARLIEST, LATEST = (
    micros(datetime(2000, 1, 1, tzinfo=UTC)),
    micros(datetime(2100, 1, 1, tzinfo=UTC)),
)
FIRST_SALE = micros(datetime(2010, 1, 1, tzinfo=UTC))
AHEAD = 48 * 3_600_000_000


def rounding_limit(store: Store, rules: Rules) -> int:
    """Largest cash rounding in minor units of the lake: menu.toml's cash_rounding, else 1.00, or
    100 where there are no cents.
    """
    limit = rules.menu.cash_rounding
    if limit is None:
        return 10**rules.decimals * (1 if store.decimals else 100)
    return int(limit * 10**rules.decimals)


def validate_columns(receipts: Rows, rules: Rules) -> np.ndarray:
    """True for each receipt that a rule refuses."""
    doubt = np.zeros(len(receipts), bool)
    if not len(receipts):
        return doubt
    labels = receipts.labels("store_id")
    stores = [rules.store(value) for value in labels.values] + [rules.default]
    unit = np.array([10 ** (rules.decimals - store.decimals) for store in stores])[labels.codes]
    _fields(RECEIPT, receipts, np.arange(len(receipts)), unit if (unit != 1).any() else None, doubt)
    sold, created = receipts.ints("receipt_date"), receipts.ints("created_at")
    doubt |= (sold < FIRST_SALE) | (sold > created + AHEAD)
    doubt |= sold < created - rules.max_days_late * DAY
    doubt |= _untied(
        receipts, np.array([rounding_limit(store, rules) for store in stores])[labels.codes]
    )
    return doubt


def _fields(
    fields: tuple[Field, ...], rows: Rows, owner: Ints, unit: Ints | None, doubt: np.ndarray
) -> None:
    """Mark in `doubt` the owners of rows that break the rule of a field."""
    if rows.data.null_count:
        doubt[owner[~valid(rows.data)]] = True
    for field in fields:
        column = rows.column(field.name)
        if column.null_count and not field.null:
            doubt[owner[~valid(column)]] = True
        if field.values:
            doubt[owner[~rows.labels(field.name).is_in(*field.values)]] = True
        elif field.kind == "id":
            doubt[owner[np.diff(offsets(column)) == 0]] = True
        elif field.kind == "instant":
            instants = rows.ints(field.name)
            doubt[owner[((instants < EARLIEST) | (instants >= LATEST)) & valid(column)]] = True
        elif field.kind == "money" and unit is not None:
            doubt[owner[rows.ints(field.name) % unit[owner] != 0]] = True
        elif field.kind == "rows":
            below = rows.rows(field.name)
            _fields(field.fields, below, owner[below.parent], unit, doubt)


def _untied(receipts: Rows, limit: Ints) -> np.ndarray:
    """True where a receipt's own sums differ: discounts, taxes, or the total by more than cash is
    rounded.
    """
    tally, discount = Tally.of(receipts), receipts.ints("total_discount")
    unspread = discount - tally.line_discount
    nowhere = (unspread != 0) & (
        (np.sign(unspread) != np.sign(discount))
        | (np.abs(unspread) > np.abs(discount))
        | (receipts.rows("line_items").counts == 0)
    )
    return (
        (tally.named_discount != discount)
        | nowhere
        | (tally.tax_included != tally.named_included)
        | (tally.tax_added != tally.named_added)
        | (receipts.ints("total_tax") != tally.tax_included + tally.tax_added)
        | (np.abs(tally.rounding) > limit)
    )
