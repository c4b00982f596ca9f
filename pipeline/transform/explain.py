"""One receipt as sold beside the rows that the rules make of it, each cent accounted for.

In: a receipt's number, raw objects that hold it, catalog, rules. Out: an Explanation: data, and the
same as text.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np

from pipeline.transform.catalog import Catalog
from pipeline.transform.clean import newest, select_receipts
from pipeline.transform.columns import Labels
from pipeline.transform.read import Raw, read
from pipeline.transform.recipes import Dish, RecipeBook
from pipeline.transform.rules import Rules
from pipeline.transform.tables import Tables
from pipeline.transform.validate_record import RejectedRecord

_SUMS = ("gross", "discount", "net", "tax_included", "tax_added", "cost")


@dataclass(frozen=True)
class Explanation:
    """`versions` of the receipt were found; the newest is `record`, as fetched, with either its
    `fault` or its rows.
    """

    number: str
    versions: int
    record: dict[str, Any] | None
    rejection: RejectedRecord | None
    receipt: dict[str, Any] | None
    lines: list[dict[str, Any]]
    payments: list[dict[str, Any]]
    text: str


def explain(receipt_number: str, raw: Iterable[Raw], catalog: Catalog, rules: Rules) -> Explanation:
    """What the rules make of the newest version of a receipt."""
    mark = json.dumps(receipt_number)[1:-1].encode()
    holding = [
        Raw(
            r.batch,
            r.name,
            b"".join(line + b"\n" for line in r.ndjson.split(b"\n") if mark in line),
        )
        for r in raw
    ]
    raws = sorted((r for r in holding if r.ndjson), key=lambda r: (r.batch, r.name))
    found = read(raws, rules)
    is_newest, versions = newest(found)
    numbers = found.receipts.column("receipt_number").to_pylist()
    good = [
        at
        for at in range(len(found.good))
        if is_newest[at] and numbers[found.good[at]] == receipt_number
    ]
    bad = [
        at
        for at, rejection in enumerate(found.rejected)
        if is_newest[len(found.good) + at] and rejection.number == receipt_number
    ]
    if not good:
        rejection = found.rejected[bad[0]] if bad else None
        text = (
            f"{receipt_number} is in quarantine: {rejection.reason} at {rejection.pointer or '/'}"
            f" ({rejection.detail})"
            if rejection
            else f"{receipt_number}: there is no receipt of this number in what was searched"
        )
        count = int(versions[len(found.good) + bad[0]]) if bad else 0
        return Explanation(receipt_number, count, None, rejection, None, [], [], text)
    row = found.good[good[0]]
    raw_of = raws[int(found.raw[row])]
    record = json.loads(
        raw_of.ndjson.split(b"\n")[int(found.position[row]) - 1], parse_float=Decimal
    )
    book = RecipeBook(rules.menu, catalog)
    made = Tables(
        select_receipts(
            found.receipts,
            np.array([row]),
            Labels.constant(raw_of.batch, len(found.receipts)),
            rules,
        ),
        book,
        rules,
    )
    receipt, sales, payments = (
        made.receipts.to_pylist()[0],
        made.sales.to_pylist(),
        made.payments.to_pylist(),
    )
    lines = [
        _line(at, line, [s for s in sales if s["line"] == at], book)
        for at, line in enumerate(record["line_items"], 1)
    ]
    text = _text(receipt, lines, payments, int(versions[good[0]]))
    return Explanation(
        receipt_number, int(versions[good[0]]), record, None, receipt, lines, payments, text
    )


def _line(
    number: int, line: dict[str, Any], rows: list[dict[str, Any]], book: RecipeBook
) -> dict[str, Any]:
    dish = book.dish(line["item_name"], line["item_id"])
    return {
        "line": number,
        "as_sold": line,
        "rule": _rule(dish, book, rows),
        "rows": rows,
        "sums": {
            name: (
                None
                if any(row[name] is None for row in rows)
                else sum((row[name] for row in rows), Decimal(0))
            )
            for name in _SUMS
        },
    }


def _rule(dish: Dish, book: RecipeBook, rows: list[dict[str, Any]]) -> str:
    """Which rule made the rows of a line, in words."""
    if dish.recipe is None:
        return "a plain line"
    if rows and rows[0]["component"] == 0:
        return "a combo by its name, but nothing names its parts: kept as a plain line"
    how = f"shared by {dish.recipe.share}, remainder {dish.recipe.remainder}"
    if dish.recipe.rule is None:
        return f"composite of the catalog, {how}"
    return f"[[combos]] number {book.menu.combos.index(dish.recipe.rule) + 1} of the menu, {how}"


def _text(
    receipt: dict[str, Any],
    lines: list[dict[str, Any]],
    payments: list[dict[str, Any]],
    versions: int,
) -> str:
    out = [
        f"{receipt['receipt_type']} {receipt['receipt_number']}, store {receipt['store_id']},"
        f" business day {receipt['business_day']} ({receipt['sold_at_local']:%Y-%m-%d %H:%M}"
        f" local), {receipt['channel']}, {receipt['currency']}"
        + (", CANCELLED: every amount and quantity counts 0" if receipt["is_cancelled"] else "")
        + f"; {versions} version{'s' if versions > 1 else ''} found, the newest from batch"
        f" {receipt['batch']}"
    ]
    for line in lines:
        sold = line["as_sold"]
        out += [
            "",
            (
                f"line {line['line']}: {sold['quantity']} x"
                f" {sold['item_name']}{_size(sold['variant_name'])}, gross"
                f" {sold['gross_total_money']}, discount {sold['total_discount']}, cost"
                f" {sold['cost_total']}: {line['rule']}"
            ),
        ]
        out += [
            f"    {m['name']}: {m['option']}  {m['money_amount']}" for m in sold["line_modifiers"]
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
    out += [
        "",
        (
            f"gross {r['gross']} - discount {r['discount']} = net {r['net']} (tax included"
            f" {r['tax_included']})"
        ),
        (
            f"net {r['net']} + tax added {r['tax_added']} + tip {r['tip']} + surcharge"
            f" {r['surcharge']} + rounding {r['rounding']} = total {r['total']}"
        ),
        f"paid {r['paid']}: " + ", ".join(f"{p['tender']} {p['amount']}" for p in payments),
    ]
    return "\n".join(out) + "\n"


def _amounts(of: dict[str, Any]) -> str:
    return "  ".join(f"{name} {'unknown' if of[name] is None else of[name]}" for name in _SUMS)


def _size(name: str | None) -> str:
    return f" ({name})" if name else ""
