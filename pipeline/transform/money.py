"""The money of lines, allocated to the components of combos; minor units.

Takes lines as received (refunds not yet negative). Returns gross, discount, net, taxes and cost of
every row of sales. Always true: each of them adds up to the line's. The weights:

    gross      a component's own modifiers first (an upgrade, a paid extra), the rest by the rule
    discount   by gross
    taxes      by net
    cost       by the catalog's costs of the components where all are known, else by gross

An unknown list price counts as the mean of the others of the same combo; without any, the parts are
equal, by quantity. A discount of the receipt that its lines do not carry is allocated to them by
what is left of their gross.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from decimal import Decimal

import numpy as np

from pipeline.schema.receipt import scale
from pipeline.transform.allocate import FIRST, LARGEST, LAST, allocate
from pipeline.transform.columns import Ints, sums, valid
from pipeline.transform.combos import Exploded, Parts
from pipeline.transform.nested import ReceiptSums, Rows, taxes_of

_REMAINDER = {"largest": LARGEST, "first": FIRST, "last": LAST}
_WIDE = 1 << 62


@dataclass(frozen=True)
class Amounts:
    """Amounts of lines or rows, minor units; `cost` counts where `costed`."""

    gross: Ints
    discount: Ints
    tax_included: Ints
    tax_added: Ints
    cost: Ints
    costed: np.ndarray

    @property
    def net(self) -> Ints:
        return self.gross - self.discount

    def take(self, rows: Ints) -> Amounts:
        return Amounts(*(getattr(self, field.name)[rows] for field in fields(self)))


def of_lines(receipts: Rows, receipt_sums: ReceiptSums) -> Amounts:
    """The money of all lines. The POS's cost 0 means that none was entered."""
    lines = receipts.rows("line_items")
    included, added = taxes_of(lines, "line_taxes")
    gross, discount = lines.ints("gross_total_money"), lines.ints("total_discount")
    unallocated = receipts.ints("total_discount") - receipt_sums.line_discount
    receipts_left = np.flatnonzero(unallocated)
    if len(receipts_left):
        rows = np.flatnonzero((unallocated != 0)[lines.parent])
        discount = discount.copy()
        discount[rows] += allocate(
            unallocated[receipts_left],
            np.abs(gross - discount)[rows],
            lines.counts[receipts_left],
            np.zeros(len(receipts_left), "i8"),
        )
    cost, unit = lines.ints("cost_total"), lines.ints("cost")
    return Amounts(
        gross,
        discount,
        included,
        added,
        cost,
        (cost != 0) | (unit != 0) & valid(lines.column("cost_total")),
    )


def of_rows(
    lines: Amounts,
    exploded: Exploded,
    paid: Ints,
    stores: Ints,
    store_ids: Sequence[str],
    decimals: int,
) -> Amounts:
    """The money of the rows of sales, from that of their `lines`.

    `paid` is the amount of each modifier, `stores` the store of each line (index of `store_ids`).
    """
    line, parts = exploded.line, exploded.parts
    money = lines.take(line)
    rows = np.flatnonzero(exploded.number > 0)
    if len(rows):
        own = np.zeros(len(line), "i8")
        np.add.at(own, exploded.modifier_row, paid)
        # combos: the line of each; counts: its components; rule: where its remainder goes
        combos = line[rows[exploded.number[rows] == 1]]
        counts = np.bincount(parts.line)[combos]
        rule = np.array(
            [_REMAINDER[d.split.remainder] if d.split else 0 for d in exploded.sold_items]
        )[exploded.sold_item[combos]]
        own = own[rows]
        base = lines.gross[combos] - sums(own, counts)
        gross = (
            allocate(
                base, _weights(exploded, combos, counts, stores, store_ids, decimals), counts, rule
            )
            + own
        )
        discount = allocate(lines.discount[combos], np.abs(gross), counts, rule)
        net = np.abs(gross - discount)
        costs = np.array([_units(c.cost, scale("cost", decimals)) for c in parts.components])[
            parts.component
        ]
        missing = sums((costs <= 0).astype("i8"), counts)
        is_costed = np.repeat(missing, counts) == 0
        by_cost = np.where(is_costed, _by_quantity(costs, parts, counts), np.abs(gross))
        split = {
            "gross": gross,
            "discount": discount,
            "tax_included": allocate(lines.tax_included[combos], net, counts, rule),
            "tax_added": allocate(lines.tax_added[combos], net, counts, rule),
            "cost": allocate(lines.cost[combos], by_cost, counts, rule),
        }
        for name, values in split.items():
            getattr(money, name)[rows] = values
    return money


def _units(amount: Decimal | None, decimals: int) -> int:
    """An amount of the catalog in units of 10^-decimals, cut; -1: unknown, absurd."""
    return -1 if amount is None or not 0 <= amount < 10**9 else int(amount.scaleb(decimals))


def _by_quantity(costs: Ints, parts: Parts, counts: Ints) -> Ints:
    """The weight of each component by its cost and quantity."""
    quantity = parts.quantity // int(np.gcd.reduce(parts.quantity))
    if int(costs.max()) * int(quantity.max()) * int(counts.max()) >= _WIDE:
        costs, quantity = costs.astype(object), quantity.astype(object)
    return costs * quantity


def _weights(
    exploded: Exploded,
    combos: Ints,
    counts: Ints,
    stores: Ints,
    store_ids: Sequence[str],
    decimals: int,
) -> Ints:
    """The weight of each component in its combo's gross."""
    parts = exploded.parts
    rule = np.repeat(
        np.array([d.split.share if d.split else "" for d in exploded.sold_items])[
            exploded.sold_item[combos]
        ],
        counts,
    )
    prices = np.array(
        [[_units(c.price_at(store), decimals) for store in store_ids] for c in parts.components]
    )
    price = prices[parts.component, stores[parts.line]]
    priced = sums((price >= 0).astype("i8"), counts)
    total = sums(np.maximum(price, 0), counts)
    quantity = parts.quantity // int(np.gcd.reduce(parts.quantity))
    if int(total.max()) * int(quantity.max()) * int(counts.max()) >= _WIDE:
        price, total, quantity = (values.astype(object) for values in (price, total, quantity))
    mean = np.where(price >= 0, price * np.repeat(priced, counts), np.repeat(total, counts))
    weights = np.where(
        rule == "weights", parts.weight, np.where(rule == "equal", 1, mean) * quantity
    )
    nothing = np.repeat(sums(weights, counts) == 0, counts)
    return np.where(nothing, quantity, weights)
