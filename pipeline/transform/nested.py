"""Parsed receipts: one Arrow struct array per level, and sums over their rows."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa

from pipeline.transform.columns import Ints, Labels, ints, offsets, sums, valid


class Rows:
    """The rows of one level: receipts, their lines, a line's modifiers, ...

    `ends` divides them among their parents, as columns.offsets gives them.
    """

    def __init__(self, data: pa.StructArray, ends: Ints):
        self.data, self.ends = data, ends
        self._labels: dict[str, Labels] = {}
        self._rows: dict[str, Rows] = {}

    def __len__(self) -> int:
        return len(self.data)

    @cached_property
    def counts(self) -> Ints:
        return np.diff(self.ends)

    @cached_property
    def parent(self) -> Ints:
        return np.repeat(np.arange(len(self.counts)), self.counts)

    @cached_property
    def cancelled(self) -> np.ndarray:
        return valid(self.column("cancelled_at"))

    def column(self, name: str) -> pa.Array:
        return self.data.field(name)

    def ints(self, name: str) -> Ints:
        """Money, quantity or instant; 0 where null."""
        column = self.column(name)
        values = ints(column)
        return np.where(valid(column), values, 0) if column.null_count else values

    def labels(self, name: str) -> Labels:
        if name not in self._labels:
            self._labels[name] = Labels.read(self.column(name))
        return self._labels[name]

    def rows(self, name: str) -> Rows:
        if name not in self._rows:
            column = self.column(name)
            self._rows[name] = Rows(column.values, offsets(column))
        return self._rows[name]


def receipts_of(batch: pa.RecordBatch) -> Rows:
    return Rows(batch.to_struct_array(), np.array([0, batch.num_rows]))


@dataclass(frozen=True)
class ReceiptSums:
    """Sums over the lines, taxes and discounts of each receipt, minor units.

    The sums are as received: refunds are not yet negative.
    """

    lines: Ints
    gross: Ints
    discount: Ints
    line_discount: Ints
    named_discount: Ints
    points: Ints
    tax: Ints
    tax_included: Ints
    tax_added: Ints
    named_included: Ints
    named_added: Ints
    rounding: Ints

    @classmethod
    def count(cls, receipts: Rows) -> ReceiptSums:
        """The sums of all `receipts`."""
        lines, discounts = (receipts.rows(name) for name in ("line_items", "total_discounts"))
        given = discounts.ints("money_amount")
        gross = sums(lines.ints("gross_total_money"), lines.counts)
        tax_included, tax_added = (
            sums(of_line, lines.counts) for of_line in taxes_of(lines, "line_taxes")
        )
        named_included, named_added = taxes_of(receipts, "total_taxes")
        charged = (
            gross
            - receipts.ints("total_discount")
            + tax_added
            + receipts.ints("tip")
            + receipts.ints("surcharge")
            + receipts.ints("surcharge_tax")
            + receipts.ints("gift_cards")
        )
        return cls(
            lines=lines.counts,
            gross=gross,
            discount=receipts.ints("total_discount"),
            tax=receipts.ints("total_tax"),
            line_discount=sums(lines.ints("total_discount"), lines.counts),
            named_discount=sums(given, discounts.counts),
            points=sums(
                np.where(discounts.labels("type").is_in("DISCOUNT_BY_POINTS"), given, 0),
                discounts.counts,
            ),
            tax_included=tax_included,
            tax_added=tax_added,
            named_included=named_included,
            named_added=named_added,
            rounding=receipts.ints("total_money") - charged,
        )


def taxes_of(rows: Rows, name: str) -> tuple[Ints, Ints]:
    """(included, added) tax of each row, by its rows `name`."""
    taxes = rows.rows(name)
    amount, included = taxes.ints("money_amount"), taxes.labels("type").is_in("INCLUDED")
    return sums(amount * included, taxes.counts), sums(amount * ~included, taxes.counts)
