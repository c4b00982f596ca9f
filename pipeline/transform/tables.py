"""The tables of the lake from valid receipts: receipts, sales, payments.

Takes nested receipts, which of them and in which order, each one's business day and local time.
Returns pyarrow tables that conform to schema.RECEIPTS, SALES and PAYMENTS, each built on first use.
Amounts of a REFUND are negative, whichever sign the record has, those of a cancelled receipt 0.
Before any table is built, each receipt is checked: gross, discount, net, taxes and cost of its rows
of sales equal those of its lines and of its discounts and taxes by name. Otherwise raises
MoneyNotConserved, which names the receipt.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa

from pipeline.errors import MoneyNotConserved
from pipeline.rules import Rules
from pipeline.schema import PAYMENTS, RECEIPTS, SALES, Dataset
from pipeline.transform.columns import (
    Ints,
    Labels,
    expand_ranges,
    fixed,
    labels,
    sums,
    texts,
    valid,
)
from pipeline.transform.combos import explode
from pipeline.transform.menu_lookup import MenuLookup
from pipeline.transform.money import of_lines, of_rows
from pipeline.transform.nested import ReceiptSums, Rows
from pipeline.transform.sales import write_sales
from pipeline.transform.writer import ColumnWriter

UNMAPPED = "unmapped"


@dataclass(frozen=True)
class SelectedReceipts:
    """Receipts to write: rows of `receipts` in `order`.

    `day` is the business day (days since 1970), `clock` the local time (microseconds).
    """

    receipts: Rows
    order: Ints
    day: Ints
    clock: Ints
    raw_partition: Labels


class ReceiptTables:
    """All rows of the chosen receipts.

    Per receipt, in order: `sign`, which makes the amounts of a REFUND negative (1 where the POS
    sends them negative already, else -1; 1 for a SALE), and `factor`, by which its amounts are
    multiplied: `sign`, or 0 where it is cancelled. Per line of these receipts: its receipt
    (`parent`), its row in `all_lines`, the lines of all parsed receipts (`line_index`), and its
    money (`line_money`). Per row of sales: `money`.
    """

    def __init__(self, chosen: SelectedReceipts, lookup: MenuLookup, rules: Rules):
        self.chosen, self.lookup, self.rules = chosen, lookup, rules
        receipts, order = chosen.receipts, chosen.order
        self.receipt_sums = ReceiptSums.count(receipts)
        self.all_lines = receipts.rows("line_items")
        self.counts = self.all_lines.counts[order]
        self.parent, self.line_index = expand_ranges(self.all_lines.ends[order], self.counts)
        self.exploded = explode(self.all_lines, self.line_index, lookup)
        self.line_money = of_lines(receipts, self.receipt_sums).take(self.line_index)
        store = receipts.labels("store_id")
        paid = self.all_lines.rows("line_modifiers").ints("money_amount")[self.exploded.modifier]
        self.money = of_rows(
            self.line_money,
            self.exploded,
            paid,
            store.codes[order][self.parent],
            store.values,
            rules.decimals,
        )
        gross, total = self.receipt_sums.gross, receipts.ints("total_money")
        is_negative = np.where(gross != 0, gross, total) < 0
        is_refund = receipts.labels("receipt_type").is_in("REFUND")
        self.sign = np.where(is_refund & ~is_negative, -1, 1)[order]
        self.cancelled = receipts.cancelled[order]
        self.factor = np.where(self.cancelled, 0, self.sign)
        quantity = self.all_lines.ints("quantity")[self.line_index]
        self.quantity = quantity * self.factor[self.parent]
        self.weighed = np.array([d.by_weight for d in self.exploded.sold_items], bool)[
            self.exploded.sold_item
        ] | (quantity % 10_000 != 0)
        self.units = np.where(self.weighed, np.sign(self.quantity) * 10_000, self.quantity)
        self._check()

    def _check(self) -> None:
        """Raise where the rows of a receipt do not add up to its lines and totals."""
        order = self.chosen.order
        rows = np.bincount(self.parent[self.exploded.line], minlength=len(order))
        discount = self.chosen.receipts.ints("total_discount")
        totals = {
            "gross": self.receipt_sums.gross[order],
            "discount": discount[order],
            "net": (self.receipt_sums.gross - discount)[order],
            "tax_included": self.receipt_sums.named_included[order],
            "tax_added": self.receipt_sums.named_added[order],
            "cost": sums(self.line_money.cost, self.counts),
        }
        for name, expected in totals.items():
            amounts = sums(getattr(self.money, name), rows)
            wrong = np.flatnonzero(amounts != expected)
            if len(wrong):
                number = self.chosen.receipts.column("receipt_number")[int(order[wrong[0]])].as_py()
                raise MoneyNotConserved(
                    f"receipt {number}: {name} of its rows is {amounts[wrong[0]]}, the POS says"
                    f" {expected[wrong[0]]} (minor units); nothing is published, please report this"
                    " receipt with its raw record"
                )

    @cached_property
    def channel(self) -> Labels:
        return channels(self.chosen.receipts, self.rules).take(self.chosen.order)

    @cached_property
    def currency(self) -> Labels:
        return (
            self.chosen.receipts.labels("store_id")
            .map(lambda store: self.rules.store(store).currency)
            .take(self.chosen.order)
        )

    def _writer(self, dataset: Dataset, rows: Ints) -> ColumnWriter:
        """A writer with the columns of every table; `rows` is the receipt of each row."""
        writer, receipts = ColumnWriter(dataset, self.rules.decimals), self.chosen.receipts
        receipt_index = self.chosen.order[rows]
        writer.number(business_day=self.chosen.day[rows])
        writer.label(
            store_id=receipts.labels("store_id").take(receipt_index),
            receipt_type=receipts.labels("receipt_type").take(receipt_index),
            currency=self.currency.take(rows),
        )
        writer.flag(is_cancelled=self.cancelled[rows])
        writer.array(
            receipt_number=receipts.column("receipt_number").take(fixed(receipt_index, pa.int64()))
        )
        return writer

    @cached_property
    def receipts(self) -> pa.Table:
        receipts, order, factor = self.chosen.receipts, self.chosen.order, self.factor
        writer = self._writer(RECEIPTS, np.arange(len(order)))
        writer.label(
            channel=self.channel,
            raw_partition=self.chosen.raw_partition.take(order),
            **{
                name: receipts.labels(name).take(order)
                for name in ("dining_option", "source", "pos_device_id", "employee_id")
            },
        )
        writer.array(
            refund_for=receipts.column("refund_for").take(fixed(order, pa.int64())),
            customer_id=_opaque(
                receipts.labels("customer_id").take(order), self.rules.customer_key
            ),
        )
        writer.number(
            sold_at=receipts.ints("receipt_date")[order],
            sold_at_local=self.chosen.clock,
            created_at=receipts.ints("created_at")[order],
            updated_at=receipts.ints("updated_at")[order],
        )
        writer.number(self.cancelled, cancelled_at=receipts.ints("cancelled_at")[order])
        receipt_sums, payments = self.receipt_sums, receipts.rows("payments")
        total, discount = receipts.ints("total_money"), receipts.ints("total_discount")
        amounts = {
            "gross": receipt_sums.gross,
            "discount": discount,
            "net": receipt_sums.gross - discount,
            "tax_included": receipt_sums.tax_included,
            "tax_added": receipt_sums.tax_added,
            "tip": receipts.ints("tip"),
            "surcharge": receipts.ints("surcharge"),
            "surcharge_tax": receipts.ints("surcharge_tax"),
            "gift_cards": receipts.ints("gift_cards"),
            "rounding": receipt_sums.rounding,
            "total": total,
            "points_discount": receipt_sums.points,
            "paid": sums(payments.ints("money_amount"), payments.counts),
        }
        writer.number(
            lines=np.where(self.cancelled, 0, self.counts),
            units=sums(self.units, self.counts),
            cancelled_total=np.where(self.cancelled, total[order] * self.sign, 0),
            **{name: values[order] * factor for name, values in amounts.items()},
        )
        for name, extra in (("total_discounts", ()), ("total_taxes", ("rate",))):
            nested = receipts.rows(name)
            counts = nested.counts[order]
            owner, which = expand_ranges(nested.ends[order], counts)
            take = fixed(which, pa.int64())
            writer.rows(
                name.removeprefix("total_"),
                np.r_[0, np.cumsum(counts)],
                nested.column("name").take(take),
                nested.column("type").take(take),
                *(nested.ints(column)[which] for column in extra),
                nested.ints("money_amount")[which] * factor[owner],
            )
        return writer.table()

    @cached_property
    def sales(self) -> pa.Table:
        rows = self.parent[self.exploded.line]
        writer = self._writer(SALES, rows)
        writer.label(channel=self.channel.take(rows))
        writer.number(
            sold_at=self.chosen.receipts.ints("receipt_date")[self.chosen.order][rows],
            sold_at_local=self.chosen.clock[rows],
        )
        write_sales(writer, self)
        return writer.table()

    @cached_property
    def payments(self) -> pa.Table:
        payments, order = self.chosen.receipts.rows("payments"), self.chosen.order
        owner, which = expand_ranges(payments.ends[order], payments.counts[order])
        writer = self._writer(PAYMENTS, owner)
        writer.label(
            payment_type_id=payments.labels("payment_type_id").take(which),
            tender=payments.labels("name").take(which),
            tender_type=payments.labels("type").take(which),
        )
        writer.number(
            payment=which - payments.ends[order][owner] + 1,
            amount=payments.ints("money_amount")[which] * self.factor[owner],
        )
        writer.number(
            valid(payments.column("paid_at"))[which], paid_at=payments.ints("paid_at")[which]
        )
        writer.number(
            valid(payments.column("fee"))[which],
            fee=payments.ints("fee")[which] * self.factor[owner],
        )
        return writer.table()


def channels(receipts: Rows, rules: Rules) -> Labels:
    """The order type of each receipt: dining option, else ticket name, else unmapped."""
    menu = rules.menu
    by_option = receipts.labels("dining_option").map(menu.channels.get, null=menu.channels.get(""))
    missing = np.flatnonzero(by_option.codes < 0)
    if not len(missing):
        return by_option
    tickets = Labels.read(receipts.column("order").take(fixed(missing, pa.int64())))
    tickets = tickets.map(lambda ticket: menu.tickets.get(ticket) or UNMAPPED, null=UNMAPPED)
    codes = by_option.codes.copy()
    codes[missing] = tickets.codes + len(by_option.values)
    return labels(codes, [*by_option.values, *tickets.values])


def _opaque(customers: Labels, key: bytes | None) -> pa.Array:
    """Customers' identifiers, hashed with HMAC-SHA256 if there is a key."""
    opaque = customers.map(
        lambda value: hmac.digest(key, value.encode(), hashlib.sha256).hex() if key else value
    )
    return texts(opaque.values).take(
        fixed(np.maximum(opaque.codes, 0), pa.int64(), opaque.codes >= 0)
    )
