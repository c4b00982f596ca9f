"""One receipt as sold, and the rows of the lake that it becomes, to the cent.

Takes a receipt's number, raw objects that hold it, catalog, rules. Returns an Explanation, as data
and as text.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import numpy as np

from pipeline.rules import Rules
from pipeline.schema.receipt import RETURN_SUFFIX
from pipeline.transform.build_days import select_receipts
from pipeline.transform.catalog import Catalog
from pipeline.transform.columns import Labels
from pipeline.transform.menu_lookup import MenuLookup, SoldItem
from pipeline.transform.read import Raw, read
from pipeline.transform.revisions import newest, reject_unplaced
from pipeline.transform.tables import ReceiptTables
from pipeline.transform.validate_record import RejectedRecord

_SUMS = ("gross", "discount", "net", "tax_included", "tax_added", "cost")


@dataclass(frozen=True)
class Explanation:
    """The newest revision of a receipt: `rejection`, or `record` and its rows."""

    number: str
    revisions: int
    text: str
    record: dict[str, Any] | None = None
    rejection: RejectedRecord | None = None
    receipt: dict[str, Any] | None = None
    lines: list[dict[str, Any]] = field(default_factory=list)
    payments: list[dict[str, Any]] = field(default_factory=list)


def explain(receipt_number: str, raw: Iterable[Raw], catalog: Catalog, rules: Rules) -> Explanation:
    """Explain the newest revision of a receipt; without one, only `text` says so."""
    mark = json.dumps(receipt_number.removesuffix(RETURN_SUFFIX))[1:-1].encode()
    holding = (
        r._replace(ndjson=b"".join(line + b"\n" for line in r.ndjson.split(b"\n") if mark in line))
        for r in raw
    )
    raws = sorted((r for r in holding if r.ndjson), key=lambda r: (r.partition, r.name))
    records = reject_unplaced(read(raws, rules, catalog.raw), raws)
    is_newest, revisions = newest(records)
    receipts, accepted, rejected = records.receipts, records.accepted, records.rejected
    numbers = receipts.column("receipt_number").to_pylist()
    numbers = [*(numbers[row] for row in accepted.tolist()), *(r.number for r in rejected)]
    entries = [n for n in np.flatnonzero(is_newest).tolist() if numbers[n] == receipt_number]
    if not entries and records.is_translated:  # the return of a record that is rejected as a whole
        number = receipt_number.removesuffix(RETURN_SUFFIX)
        rejections = range(len(accepted), len(numbers))
        entries = [n for n in rejections if is_newest[n] and numbers[n] == number]
    if not entries:
        text = f"{receipt_number}: the searched raw data has no receipt with this number"
        return Explanation(receipt_number, 0, text)
    entry, count = entries[0], int(revisions[entries[0]])
    if entry >= len(accepted):
        rejection = rejected[entry - len(accepted)]
        text = (
            f"{receipt_number} is in quarantine: {rejection.reason} at {rejection.pointer or '/'}"
            f" ({rejection.detail})"
        )
        return Explanation(receipt_number, count, text, rejection=rejection)
    row = accepted[entry]
    raw_of = raws[int(records.raw[row])]
    record = json.loads(records.canonical(int(row)), parse_float=Decimal)
    lookup = MenuLookup(rules.menu, catalog)
    partition = Labels(np.zeros(len(receipts), int), [raw_of.partition])
    tables = ReceiptTables(
        select_receipts(receipts, np.array([row]), partition, rules), lookup, rules
    )
    receipt = tables.receipts.to_pylist()[0]
    sales = tables.sales.to_pylist()
    payments = tables.payments.to_pylist()
    lines = [
        _line(number, line, [s for s in sales if s["line"] == number], lookup)
        for number, line in enumerate(record["line_items"], 1)
    ]
    text = _text(receipt, lines, payments, count, rules.decimals)
    return Explanation(receipt_number, count, text, record, None, receipt, lines, payments)


def _line(
    number: int, line: dict[str, Any], rows: list[dict[str, Any]], lookup: MenuLookup
) -> dict[str, Any]:
    dish = lookup.sold_item(line["item_name"], line["item_id"])
    return {
        "line": number,
        "as_sold": line,
        "rule": _rule(dish, lookup, rows),
        "rows": rows,
        "sums": {
            name: None if None in amounts else sum(amounts, Decimal(0))
            for name in _SUMS
            for amounts in [[row[name] for row in rows]]
        },
    }


def _rule(dish: SoldItem, lookup: MenuLookup, rows: list[dict[str, Any]]) -> str:
    """Which rule made the rows of a line, in words."""
    if dish.split is None:
        return "a plain line"
    if rows and rows[0]["component"] == 0:
        return "a combo by its name, but nothing names its parts: kept as a plain line"
    how = f"divided by {dish.split.share}, remainder {dish.split.remainder}"
    if dish.split.rule is None:
        return f"composite of the catalog, {how}"
    return f"[[combos]] number {lookup.menu.combos.index(dish.split.rule) + 1} of the menu, {how}"


def _text(
    receipt: dict[str, Any],
    lines: list[dict[str, Any]],
    payments: list[dict[str, Any]],
    revisions: int,
    decimals: int,
) -> str:
    out = [
        f"{receipt['receipt_type']} {receipt['receipt_number']}, store {receipt['store_id']},"
        f" business day {receipt['business_day']} ({receipt['sold_at_local']:%Y-%m-%d %H:%M}"
        f" local), {receipt['channel']}, {receipt['currency']}"
        + (", CANCELLED: every amount and quantity counts 0" if receipt["is_cancelled"] else "")
        + f"; {revisions} revision{'s' if revisions > 1 else ''} found, the newest from"
        f" {receipt['raw_partition']}"
    ]
    for line in lines:
        sold = line["as_sold"]
        gross, discount, cost = (
            _as_sold(sold[name], decimals)
            for name in ("gross_total_money", "total_discount", "cost_total")
        )
        out += [
            f"\nline {line['line']}: {sold['quantity']} x"
            f" {sold['item_name']}{_size(sold['variant_name'])}, gross"
            f" {gross}, discount {discount}, cost {cost}: {line['rule']}"
        ]
        out += [
            f"    {m['name']}: {m['option']}  {_as_sold(m['money_amount'], decimals)}"
            for m in sold["line_modifiers"]
        ]
        for row in line["rows"]:
            out.append(
                f"  -> {row['quantity'].normalize():f} x {row['item']}{_size(row['variant'])}"
                + ("" if row["is_known"] else "  (no rule and no item of the catalog names it)")
            )
            out.append(
                "     " + _amounts(row) + (f"  upgrade {row['upgrade']}" if row["upgrade"] else "")
            )
            out += [f"     + {m['name']}: {m['option']}  {m['amount']}" for m in row["modifiers"]]
        out.append("  =  " + _amounts(line["sums"]))
    r = receipt
    gift_cards = f" + gift cards {r['gift_cards']}" if r["gift_cards"] else ""
    paid = ", ".join(f"{payment['tender']} {payment['amount']}" for payment in payments)
    out += [
        f"\ngross {r['gross']} - discount {r['discount']} = net {r['net']} (tax included"
        f" {r['tax_included']})",
        f"net {r['net']} + tax added {r['tax_added']} + tip {r['tip']} + surcharge"
        f" {r['surcharge'] + r['surcharge_tax']} + rounding {r['rounding']}{gift_cards}"
        f" = total {r['total']}",
        f"paid {r['paid']}: {paid}\n",
    ]
    return "\n".join(out)


def _as_sold(amount: object, decimals: int) -> str:
    """An amount of the POS (188, 188.0) with the currency's decimals, or more."""
    if not isinstance(amount, int | Decimal):
        return "unknown" if amount is None else str(amount)
    exponent = Decimal(amount).normalize().as_tuple().exponent
    return f"{Decimal(amount):.{max(decimals, -int(exponent))}f}"


def _amounts(row: dict[str, Any]) -> str:
    return "  ".join(f"{name} {'unknown' if row[name] is None else row[name]}" for name in _SUMS)


def _size(name: str | None) -> str:
    return f" ({name})" if name else ""
