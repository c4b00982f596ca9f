"""The tables of the lake from checked receipts: receipts, sales, payments, each held to its schema.

In: nested receipts, which of them and in which order, each one's business day and local time. Out: pyarrow tables that
conform to schema.RECEIPTS, SALES and PAYMENTS. Signs: REFUND negative, whatever sign it arrived with; cancelled 0.
Conserved, and checked here for every receipt: gross, discount, net, taxes and cost of its rows of sales are those of its
lines, discounts and taxes by name are its own; MoneyNotConserved names the first receipt where they are not.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from pipeline.errors import MoneyNotConserved
from pipeline.schema import PAYMENTS, RECEIPTS, SALES, Dataset, arrow, conform
from pipeline.transform.columns import Ints, Labels, fixed, flags, labels, lists, spread, sums, texts, valid
from pipeline.transform.combos import Exploded, explode
from pipeline.transform.money import Money, of_lines, of_rows
from pipeline.transform.nested import Rows, Tally
from pipeline.transform.recipes import Book
from pipeline.transform.rules import Rules


UNMAPPED = "unmapped"


@dataclass(frozen=True)
class Tables:
    receipts: pa.Table
    sales: pa.Table
    payments: pa.Table


@dataclass(frozen=True)
class Chosen:
    """Receipts to write: rows of `receipts` in order, with business day (days since 1970) and local time (microseconds)."""

    receipts: Rows
    order: Ints
    day: Ints
    clock: Ints
    batch: Labels


class _Writer:
    """Columns of one dataset, by name, in the types of its schema."""

    def __init__(self, dataset: Dataset, places: int):
        self.dataset, self.places, self.schema = dataset, places, arrow(dataset, places)
        self.columns: dict[str, pa.Array] = {}

    def label(self, **columns: Labels) -> None:
        self.columns |= {name: values.column(self.schema.field(name).type) for name, values in columns.items()}

    def number(self, present: np.ndarray | None = None, /, **columns: Ints) -> None:
        self.columns |= {name: fixed(values, self.schema.field(name).type, present) for name, values in columns.items()}

    def rows(self, name: str, ends: Ints, *values: pa.Array | Ints) -> None:
        kind = self.schema.field(name).type
        fields = [v if isinstance(v, pa.Array) else fixed(v, kind.value_type.field(at).type) for at, v in enumerate(values)]
        self.columns[name] = lists(ends, kind, fields)

    def table(self) -> pa.Table:
        names = self.schema.names
        return conform(pa.Table.from_arrays([self.columns[name] for name in names], names), self.dataset, self.places)


def tables(chosen: Chosen, book: Book, rules: Rules) -> Tables:
    """All rows of the chosen receipts."""
    receipts, order = chosen.receipts, chosen.order
    tally, lines = Tally.of(receipts), receipts.rows("line_items")
    parent, source = spread(lines.ends[order], lines.counts[order])
    exploded = explode(lines, source, book)
    money = of_lines(receipts, tally)
    taken = Money(*(getattr(money, name)[source] for name in ("gross", "discount", "tax_included", "tax_added", "cost", "costed")))
    store = receipts.labels("store_id")
    paid = lines.rows("line_modifiers").ints("money_amount")[exploded.modifier]
    split = of_rows(taken, exploded, paid, store.codes[order][parent], store.values, rules.places)
    refund = receipts.labels("receipt_type").is_in("REFUND")
    sign = np.where(refund, np.where(np.where(tally.gross != 0, tally.gross, receipts.ints("total_money")) < 0, 1, -1), 1)[order]
    factor = np.where(receipts.cancelled[order], 0, sign)
    currency = store.map(lambda value: rules.store(value).currency).take(order)
    head = _head(chosen, receipts.cancelled[order], currency, channels(receipts, rules).take(order))
    quantity, weighed, units = _quantities(lines, source, sign[parent], exploded)
    receipts_table = _receipts(chosen, rules, head, tally, sign, factor, units, lines.counts[order])
    sales_table = _sales(chosen, book, rules, head, exploded, parent, source, split, sign, factor, quantity, weighed, units)
    _conserved(receipts, order, tally, taken, split, parent, exploded.line, lines.counts[order])
    return Tables(receipts_table, sales_table, _payments(chosen, rules, head, factor))


def _head(chosen: Chosen, cancelled: np.ndarray, currency: Labels, channel: Labels) -> dict[str, object]:
    """The columns that several tables repeat, one value per receipt."""
    receipts, order = chosen.receipts, chosen.order
    return {"business_day": chosen.day, "store_id": receipts.labels("store_id").take(order), "is_cancelled": cancelled,
            "currency": currency, "channel": channel,
            "receipt_number": receipts.column("receipt_number"), "receipt_type": receipts.labels("receipt_type").take(order)}


def _repeat(writer: _Writer, head: dict[str, object], order: Ints, rows: Ints) -> None:
    """Write the head's columns for the receipts `rows` (indices into the order)."""
    writer.number(business_day=head["business_day"][rows])
    writer.label(**{name: head[name].take(rows) for name in ("store_id", "receipt_type", "currency")})
    writer.columns["is_cancelled"] = flags(head["is_cancelled"][rows])
    writer.columns["receipt_number"] = head["receipt_number"].take(fixed(order[rows], pa.int64()))


def _quantities(lines: Rows, source: Ints, sign: Ints, exploded: Exploded) -> tuple[Ints, np.ndarray, Ints]:
    """(quantity, sold by weight, units) of each line, signed, in 1/10,000: a weighed line is one unit."""
    quantity = lines.ints("quantity")[source] * sign
    by_weight = np.array([d.by_weight for d in exploded.dishes], bool)[exploded.dish]
    weighed = by_weight | (quantity % 10_000 != 0)
    return quantity, weighed, np.where(weighed, np.sign(quantity) * 10_000, quantity)


def _receipts(chosen: Chosen, rules: Rules, head, tally: Tally, sign: Ints, factor: Ints, units: Ints, counts: Ints) -> pa.Table:
    receipts, order, writer = chosen.receipts, chosen.order, _Writer(RECEIPTS, rules.places)
    rows = np.arange(len(order))
    at = fixed(order, pa.int64())
    _repeat(writer, head, order, rows)
    writer.label(**{name: receipts.labels(name).take(order) for name in ("dining_option", "source", "pos_device_id", "employee_id")},
                 batch=chosen.batch.take(order), channel=head["channel"])
    writer.columns["refund_for"] = receipts.column("refund_for").take(at)
    writer.columns["customer_id"] = _customers(receipts.labels("customer_id").take(order), rules.customer_key)
    writer.number(sold_at=receipts.ints("receipt_date")[order], sold_at_local=chosen.clock,
                  created_at=receipts.ints("created_at")[order], updated_at=receipts.ints("updated_at")[order])
    writer.number(head["is_cancelled"], cancelled_at=receipts.ints("cancelled_at")[order])
    total, discount = receipts.ints("total_money")[order], receipts.ints("total_discount")[order]
    payments = receipts.rows("payments")
    amounts = {"gross": tally.gross[order], "discount": discount, "net": tally.gross[order] - discount,
               "tax_included": tally.tax_included[order], "tax_added": tally.tax_added[order], "tip": receipts.ints("tip")[order],
               "surcharge": receipts.ints("surcharge")[order], "rounding": tally.rounding[order], "total": total,
               "paid": sums(payments.ints("money_amount"), payments.counts)[order], "points_discount": tally.points[order]}
    writer.number(lines=counts, units=sums(units, counts), cancelled_total=np.where(head["is_cancelled"], total * sign, 0),
                  **{name: values * factor for name, values in amounts.items()})
    for name, extra in (("total_discounts", ()), ("total_taxes", ("rate",))):
        below = receipts.rows(name)
        owner, which = spread(below.ends[order], below.counts[order])
        take = fixed(which, pa.int64())
        writer.rows(name.removeprefix("total_"), np.r_[0, np.cumsum(below.counts[order])], below.column("name").take(take),
                    below.column("type").take(take), *(below.ints(column)[which] for column in extra),
                    below.ints("money_amount")[which] * factor[owner])
    return writer.table()


def channels(receipts: Rows, rules: Rules) -> Labels:
    """The order type of each receipt: by its dining option, else by its ticket's name, else unmapped."""
    menu = rules.menu
    found = receipts.labels("dining_option").map(menu.channels.get, null=menu.channels.get(""))
    missing = np.flatnonzero(found.codes < 0)
    if not len(missing):
        return found
    tickets = Labels.of(receipts.column("order").take(fixed(missing, pa.int64()))).map(lambda t: menu.tickets.get(t) or UNMAPPED, null=UNMAPPED)
    codes = found.codes.copy()
    codes[missing] = tickets.codes + len(found.values)
    return labels(codes, [*found.values, *tickets.values])


def _customers(customers: Labels, key: bytes | None) -> pa.Array:
    """Customers' identifiers, keyed by HMAC-SHA256 where there is a key."""
    opaque = customers.map(lambda value: hmac.digest(key, value.encode(), hashlib.sha256).hex() if key else value)
    return texts(opaque.values).take(fixed(np.maximum(opaque.codes, 0), pa.int64(), opaque.codes >= 0))


def _sales(chosen, book, rules, head, exploded, parent, source, money, sign, factor, quantity, weighed, units) -> pa.Table:
    from pipeline.transform.sales import sales_columns

    writer = _Writer(SALES, rules.places)
    rows = parent[exploded.line]
    _repeat(writer, head, chosen.order, rows)
    writer.label(channel=head["channel"].take(rows))
    writer.number(sold_at=chosen.receipts.ints("receipt_date")[chosen.order][rows], sold_at_local=chosen.clock[rows])
    sales_columns(writer, book, chosen.receipts.rows("line_items"), exploded, parent, source, money, sign, factor, quantity, weighed, units)
    return writer.table()


def _payments(chosen: Chosen, rules: Rules, head, factor: Ints) -> pa.Table:
    payments, order, writer = chosen.receipts.rows("payments"), chosen.order, _Writer(PAYMENTS, rules.places)
    owner, which = spread(payments.ends[order], payments.counts[order])
    _repeat(writer, head, order, owner)
    counts = payments.counts[order]
    writer.label(payment_type_id=payments.labels("payment_type_id").take(which), tender=payments.labels("name").take(which),
                 tender_type=payments.labels("type").take(which))
    writer.number(payment=spread(np.zeros(len(order), "i8"), counts)[1] + 1, amount=payments.ints("money_amount")[which] * factor[owner])
    writer.number(valid(payments.column("paid_at"))[which], paid_at=payments.ints("paid_at")[which])
    return writer.table()


def _conserved(receipts, order, tally, lines: Money, rows: Money, parent, line, counts) -> None:
    """Raise where the rows of a receipt do not make what its lines, or its own totals, say."""
    per_row = np.bincount(parent[line], minlength=len(order))
    said = {"gross": tally.gross[order], "discount": receipts.ints("total_discount")[order], "tax_included": tally.named_included[order],
            "tax_added": tally.named_added[order], "cost": sums(lines.cost, counts)}
    said["net"] = said["gross"] - said["discount"]
    for name, expected in said.items():
        made = sums(getattr(rows, name), per_row)
        wrong = np.flatnonzero(made != expected)
        if len(wrong):
            number = receipts.column("receipt_number")[int(order[wrong[0]])].as_py()
            raise MoneyNotConserved(f"receipt {number}: {name} of its rows is {made[wrong[0]]}, the till says {expected[wrong[0]]} "
                                    "(minor units); nothing is published, please report this receipt with its raw record")
