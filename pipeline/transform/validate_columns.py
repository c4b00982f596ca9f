"""Every check of a receipt, for all receipts at once.

`validate_record` names the check that a receipt fails; a test checks that the two agree.
"""

from __future__ import annotations

import numpy as np

from pipeline.rules import Rules
from pipeline.schema.receipt import RECEIPT, Field
from pipeline.transform.columns import Ints, offsets, valid
from pipeline.transform.nested import ReceiptSums, Rows
from pipeline.transform.receipt_checks import (
    EARLIEST,
    LATEST,
    is_impossible,
    is_too_late,
    rounding_limit,
    wrong_totals,
)


def validate_columns(receipts: Rows, rules: Rules) -> np.ndarray:
    """True for each receipt that fails at least one check."""
    invalid = np.zeros(len(receipts), bool)
    if not len(receipts):
        return invalid
    labels = receipts.labels("store_id")
    stores = [rules.store(value) for value in labels.values] + [rules.default]
    # the smallest amount of the store's currency, in units of the lake
    step = np.array([10 ** (rules.decimals - store.decimals) for store in stores])[labels.codes]
    limit = np.array([rounding_limit(store, rules) for store in stores])[labels.codes]
    owner = np.arange(len(receipts))
    currency = receipts.labels("currency")
    if currency.values:  # a point of sale that says it on each receipt
        written = np.array([*currency.values, None], object)[currency.codes]
        expected = np.array([store.currency for store in stores], object)[labels.codes]
        invalid |= (currency.codes >= 0) & (written != expected)
    _mark_fields(RECEIPT, receipts, owner, step if (step != 1).any() else None, invalid)
    sold, created = receipts.ints("receipt_date"), receipts.ints("created_at")
    invalid |= is_impossible(sold, created) | is_too_late(sold, created, rules)
    for wrong in wrong_totals(ReceiptSums.count(receipts), limit).values():
        invalid |= wrong
    return invalid


def _mark_fields(
    fields: tuple[Field, ...], rows: Rows, owner: Ints, unit: Ints | None, invalid: np.ndarray
) -> None:
    """Mark in `invalid` the receipts (`owner` of each row) that fail a field's check."""
    if rows.data.null_count:
        invalid[owner[~valid(rows.data)]] = True
    for field in fields:
        column = rows.column(field.name)
        if column.null_count and not field.null:
            invalid[owner[~valid(column)]] = True
        if field.values:
            invalid[owner[~rows.labels(field.name).is_in(*field.values)]] = True
        elif field.kind == "id":
            invalid[owner[np.diff(offsets(column)) == 0]] = True
        elif field.kind == "instant":
            instants = rows.ints(field.name)
            invalid[owner[((instants < EARLIEST) | (instants >= LATEST)) & valid(column)]] = True
        elif field.kind == "money" and unit is not None:
            invalid[owner[rows.ints(field.name) % unit[owner] != 0]] = True
        elif field.kind == "rows":
            below = rows.rows(field.name)
            _mark_fields(field.fields, below, owner[below.parent], unit, invalid)
