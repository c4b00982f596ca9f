"""The conservation laws of an order, checked on its JSON alone, with an arithmetic of their own.

L1 to L5 are about lines, O1 to O8 about orders, R1 and R2 about returns, T1 about taxes, D1 about
discounts. A law is checked where the fields that it is about exist, so that old and partial orders
can be checked too.
"""

from __future__ import annotations

from collections import defaultdict
from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction
from typing import Any

Json = dict[str, Any]
_SALES = ("total_money", "tax_money", "discount_money", "tip_money", "service_charge_money")


class BrokenLaw(AssertionError):
    """A law that an order breaks."""


def _law(name: str, holds: bool, about: Json) -> None:
    if not holds:
        raise BrokenLaw(f"{name} does not hold: {about}")


def amount(fields: Json, name: str) -> int:
    """An amount in minor units; 0 where it is absent or null."""
    return (fields.get(name) or {}).get("amount") or 0


def total(rows: list[Json] | None, name: str) -> int:
    """The sum of an amount over rows."""
    return sum(amount(row, name) for row in rows or [])


def expected_tax(base: int, tax: Json) -> int:
    """The tax on a base, a half to the even cent."""
    rate = Decimal(tax["percentage"])
    part = rate / (100 + rate) if tax["type"] == "INCLUSIVE" else rate / 100
    return int((base * part).quantize(Decimal(1), ROUND_HALF_EVEN))


def check_order(order: Json) -> None:
    """Raise BrokenLaw if the order breaks one."""
    taxes, discounts = order.get("taxes") or [], order.get("discounts") or []
    charges = [
        row
        for row in order.get("service_charges") or []
        if row.get("treatment_type") != "APPORTIONED_TREATMENT"
    ]
    lines = order.get("line_items") or []
    _check_lines(lines, charges, taxes, discounts, "gross_sales_money", "modifiers")
    if "total_money" in order and "net_amounts" in order:
        _check_totals(order, lines, charges, taxes)
    if "net_amounts" in order:
        _check_net(order)
    _check_tenders(order)
    for entry in order.get("returns") or []:
        _check_return(order, entry)


def _check_lines(
    lines: list[Json],
    charges: list[Json],
    taxes: list[Json],
    discounts: list[Json],
    gross_key: str,
    modifiers_key: str,
) -> None:
    if any(gross_key not in line for line in lines):
        return  # an excerpt
    additive = {tax["uid"] for tax in taxes if tax["type"] == "ADDITIVE"}
    for line in lines:
        modifiers = total(line.get(modifiers_key), "total_price_money")
        _check_line(line, amount(line, gross_key), modifiers, additive if taxes else None)
    bases, shares = _applied(lines, charges, gross_key)
    for row in (*taxes, *discounts):
        _law("O4", amount(row, "applied_money") == shares[row["uid"]], row)
    _check_percentages(lines, discounts, gross_key)
    for tax in taxes:
        _law("T1", amount(tax, "applied_money") == expected_tax(bases[tax["uid"]], tax), tax)


def _check_line(line: Json, gross: int, modifiers: int, additive: set[str] | None) -> None:
    """`additive` are the uids of such taxes, None if the order does not list its taxes."""
    if "variation_total_price_money" in line:
        exact = Fraction(amount(line, "base_price_money")) * Fraction(line["quantity"])
        variation = amount(line, "variation_total_price_money")
        _law("L1", abs(variation - exact) <= Fraction(1, 2), line)
        _law("L2", gross == variation + modifiers, line)
    applied, taken = line.get("applied_taxes") or [], line.get("applied_discounts") or []
    tax, discount = amount(line, "total_tax_money"), amount(line, "total_discount_money")
    added = tax
    if additive is not None:
        added = total([row for row in applied if row["tax_uid"] in additive], "applied_money")
    _law("L3", amount(line, "total_money") == gross + added - discount, line)
    _law("L4", not applied or tax == total(applied, "applied_money"), line)
    _law("L5", not taken or discount == total(taken, "applied_money"), line)


def _applied(
    lines: list[Json], charges: list[Json], gross_key: str
) -> tuple[dict[str, int], dict[str, int]]:
    """By uid: what each tax applies to, and the sum of what each tax and discount applied."""
    bases: dict[str, int] = defaultdict(int)
    shares: dict[str, int] = defaultdict(int)
    for part in (*lines, *charges):
        base = amount(part, gross_key) - amount(part, "total_discount_money")
        base += 0 if gross_key in part else amount(part, "applied_money")
        for row in part.get("applied_taxes") or []:
            bases[row["tax_uid"]] += base
            shares[row["tax_uid"]] += amount(row, "applied_money")
        for row in part.get("applied_discounts") or []:
            shares[row["discount_uid"]] += amount(row, "applied_money")
    return bases, shares


def _check_percentages(lines: list[Json], discounts: list[Json], gross_key: str) -> None:
    """A percentage is taken of what the discounts before it have left, and rounded once."""
    left = [amount(line, gross_key) for line in lines]
    for discount in discounts:
        shares = [
            {
                row["discount_uid"]: amount(row, "applied_money")
                for row in line.get("applied_discounts") or []
            }.get(discount["uid"])
            for line in lines
        ]
        on_order = discount.get("scope") == "ORDER"
        base = sum(
            rest for rest, share in zip(left, shares, strict=True) if on_order or share is not None
        )
        left = [rest - (share or 0) for rest, share in zip(left, shares, strict=True)]
        if "percentage" in discount:
            exact = base * Decimal(discount["percentage"]) / 100
            expected = int(exact.quantize(Decimal(1), ROUND_HALF_EVEN))
            _law("D1", amount(discount, "applied_money") == expected, discount)


def _check_totals(order: Json, lines: list[Json], charges: list[Json], taxes: list[Json]) -> None:
    rounding = amount(order.get("rounding_adjustment") or {}, "amount_money")
    due = total(lines, "total_money") + total(charges, "total_money")
    due += amount(order, "total_tip_money") + rounding
    _law("O1", amount(order, "total_money") == due, order)
    tax = total(lines, "total_tax_money") + total(charges, "total_tax_money")
    _law("O2", amount(order, "total_tax_money") == tax, order)
    _law("O3", amount(order, "total_discount_money") == total(lines, "total_discount_money"), order)
    charged = total(charges, "applied_money")
    _law("service charges", amount(order, "total_service_charge_money") == charged, order)


def _check_net(order: Json) -> None:
    returned = order.get("return_amounts") or {}
    for name in _SALES:
        key = name if name == "total_money" else f"total_{name}"
        net = amount(order, key) - amount(returned, name)
        _law("O5", amount(order["net_amounts"], name) == net, order)


def _check_tenders(order: Json) -> None:
    tenders, returned = order.get("tenders") or [], order.get("return_amounts") or {}
    paid = total(tenders, "amount_money")
    if tenders and "net_amounts" in order:
        _law("O6", paid == amount(order, "total_money") - amount(returned, "total_money"), order)
        tips = total(tenders, "tip_money")
        _law("tips", tips == amount(order, "total_tip_money"), order)
    if "net_amount_due_money" in order and not order.get("returns"):
        due = amount(order, "total_money") - paid
        _law("O7", amount(order, "net_amount_due_money") == due, order)
    for tender in tenders:
        cash = tender.get("cash_details")
        if cash:
            kept = amount(cash, "buyer_tendered_money") - amount(cash, "change_back_money")
            _law("O8", kept == amount(tender, "amount_money"), tender)
        _law("tips", 0 <= amount(tender, "tip_money") <= amount(tender, "amount_money"), tender)


def _check_return(order: Json, entry: Json) -> None:
    lines, charges = entry["return_line_items"], entry.get("return_service_charges") or []
    taxes, discounts = entry.get("return_taxes") or [], entry.get("return_discounts") or []
    _check_lines(lines, charges, taxes, discounts, "gross_return_money", "return_modifiers")
    if "return_amounts" not in order:
        return
    rounding = amount(entry.get("rounding_adjustment") or {}, "amount_money")
    tips = total(entry.get("return_tips"), "applied_money")
    due = total(lines, "total_money") + total(charges, "total_money") + tips + rounding
    _law("R1", amount(order["return_amounts"], "total_money") == due, order)
    tax = total(lines, "total_tax_money") + total(charges, "total_tax_money")
    _law("R2", amount(order["return_amounts"], "tax_money") == tax, order)
    if "return_amounts" in entry:
        _law("R1", entry["return_amounts"] == order["return_amounts"], order)
