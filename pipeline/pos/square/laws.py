"""The laws: sums of an order that must agree, checked on its JSON.

A law is checked only if its fields exist, because old and partial orders lack some. The first law
that an order breaks is the reason in quarantine, such as law_O1. Reasons are stored, so a law keeps
its number.

    L1  line: variation total = base price x quantity, to a minor unit
    L3  line: total = variation total + modifiers - discount + added tax + apportioned charges
    L4  line: tax = sum of the applied taxes
    L5  line: discount = sum of the applied discounts
    O1  order: total = lines + service charges + tip + rounding
    O2  order: tax = that of lines and service charges
    O3  order: discount = that of lines
    O4  tax or discount: applied = sum over lines and service charges that are not apportioned
    O5  net = total - returned
    O6  payments = total, of a completed sale without returns
    O8  cash tendered - change = amount
    R1  returned line: total = gross - discount + added tax
    R2  return: its amounts = those of its lines, charges, tips and rounding (of either sign)
"""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

from pipeline.pos.source import NotCanonicalError
from pipeline.pos.square.order import Json, amount, paid_tenders, rows, state_of, total

APPORTIONED = "APPORTIONED_TREATMENT"


def check_laws(order: Json) -> None:
    """Raise NotCanonicalError, reason `law_<name>`, for the first broken law."""
    lines, charges = rows(order, "line_items"), separate_charges(order, "service_charges")
    kinds, apportioned = tax_types(order, "taxes"), _apportioned_uids(order, "service_charges")
    for index, line in enumerate(lines):
        _check_line(line, kinds, apportioned, f"/line_items/{index}", "modifiers")
    _check_shares(order, lines, charges)
    _check_order(order, lines, charges, kinds)
    for index, entry in enumerate(rows(order, "returns")):
        _check_return(order, entry, f"/returns/{index}")
    _check_tenders(order)


def tax_types(fields: Json, name: str) -> dict[str, str]:
    """ADDITIVE or INCLUSIVE by the uid of each tax."""
    return {str(tax.get("uid")): str(tax.get("type")) for tax in rows(fields, name)}


def separate_charges(fields: Json, name: str) -> list[Json]:
    """Service charges that are not apportioned among the lines."""
    return [row for row in rows(fields, name) if row.get("treatment_type") != APPORTIONED]


def added_tax(part: Json, kinds: dict[str, str]) -> int:
    """Tax added to a line or charge; without named taxes, the rest of its total."""
    applied = rows(part, "applied_taxes")
    if applied and all(str(tax.get("tax_uid")) in kinds for tax in applied):
        return sum(
            amount(tax, "applied_money")
            for tax in applied
            if kinds[str(tax["tax_uid"])] != "INCLUSIVE"
        )
    tax, total_with_tax = amount(part, "total_tax_money"), amount(part, "total_money")
    if tax and "applied_money" in part:
        return total_with_tax - amount(part, "applied_money")
    before_tax = gross_of(part) - amount(part, "total_discount_money")
    return tax if total_with_tax == before_tax + tax else 0


def gross_of(line: Json) -> int:
    """Variation total plus modifiers; `gross_sales_money` differs by country."""
    modifiers = total(rows(line, "modifiers") + rows(line, "return_modifiers"), "total_price_money")
    if "variation_total_price_money" in line:
        return amount(line, "variation_total_price_money") + modifiers
    for name in ("gross_return_money", "gross_sales_money"):
        if name in line:
            return amount(line, name)
    quantity = Decimal(str(line.get("quantity") or "1"))
    return round(amount(line, "base_price_money") * quantity) + modifiers


def _law(name: str, expected: int, actual: int, pointer: str) -> None:
    if expected != actual:
        raise NotCanonicalError(
            f"law_{name}", pointer, f"{name}: the parts make {expected}, the order says {actual}"
        )


def _apportioned_uids(fields: Json, name: str) -> set[str]:
    charges = rows(fields, name)
    return {str(row.get("uid")) for row in charges if row.get("treatment_type") == APPORTIONED}


def _check_line(
    line: Json, kinds: dict[str, str], apportioned: set[str], pointer: str, modifiers: str
) -> None:
    has_variation = "variation_total_price_money" in line and "base_price_money" in line
    variation = amount(line, "variation_total_price_money")
    if has_variation:
        try:
            exact = Decimal(str(line.get("quantity"))) * amount(line, "base_price_money")
        except InvalidOperation:
            exact = Decimal(variation)
        if abs(exact - variation) > 1 or (exact == int(exact) and exact != variation):
            _law("L1", int(exact), variation, pointer)
    if has_variation and "total_money" in line:
        parts = variation + total(rows(line, modifiers), "total_price_money")
        parts += added_tax(line, kinds) - amount(line, "total_discount_money")
        parts += _apportioned(line, apportioned)
        law = "L3" if modifiers == "modifiers" else "R1"
        _law(law, parts, amount(line, "total_money"), pointer)
    for law, applied, sum_of in (
        ("L4", "applied_taxes", "total_tax_money"),
        ("L5", "applied_discounts", "total_discount_money"),
    ):
        if applied in line and sum_of in line:
            _law(law, total(rows(line, applied), "applied_money"), amount(line, sum_of), pointer)


def _apportioned(line: Json, uids: set[str]) -> int:
    """Apportioned service charges inside a line's total."""
    shares = rows(line, "applied_service_charges")
    if "total_service_charge_money" in line and (uids or not shares):
        return amount(line, "total_service_charge_money")
    own_shares = [share for share in shares if str(share.get("service_charge_uid")) in uids]
    return total(own_shares, "applied_money")


def _check_shares(order: Json, lines: list[Json], charges: list[Json]) -> None:
    """O4, where every line names what is applied to it."""
    for name, applied, key in (
        ("taxes", "applied_taxes", "tax_uid"),
        ("discounts", "applied_discounts", "discount_uid"),
    ):
        shares = [share for part in (*lines, *charges) for share in rows(part, applied)]
        if not shares:
            continue
        for index, row in enumerate(rows(order, name)):
            if "applied_money" in row and "uid" in row:
                own_shares = [share for share in shares if share.get(key) == row["uid"]]
                expected = total(own_shares, "applied_money")
                _law("O4", expected, amount(row, "applied_money"), f"/{name}/{index}")


def _check_order(
    order: Json, lines: list[Json], charges: list[Json], kinds: dict[str, str]
) -> None:
    if any("total_money" not in line for line in lines) or "total_money" not in order:
        return
    if lines:
        parts = total(lines, "total_money") + amount(order, "total_tip_money")
        parts += sum(amount(row, "applied_money") + added_tax(row, kinds) for row in charges)
        parts += amount(order.get("rounding_adjustment") or {}, "amount_money")
        _law("O1", parts, amount(order, "total_money"), "/total_money")
        for law, name in (("O2", "total_tax_money"), ("O3", "total_discount_money")):
            if name in order and all(name in line for line in lines):
                expected = total(lines, name) + total(charges, name)
                _law(law, expected, amount(order, name), f"/{name}")
    if "total_money" in (order.get("net_amounts") or {}):
        returned = order.get("return_amounts") or {}
        expected = amount(order, "total_money") - amount(returned, "total_money")
        _law("O5", expected, amount(order["net_amounts"], "total_money"), "/net_amounts")


def _check_return(order: Json, entry: Json, pointer: str) -> None:
    kinds = tax_types(entry, "return_taxes")
    apportioned = _apportioned_uids(entry, "return_service_charges")
    lines = rows(entry, "return_line_items")
    for index, line in enumerate(lines):
        line_pointer = f"{pointer}/return_line_items/{index}"
        _check_line(line, kinds, apportioned, line_pointer, "return_modifiers")
    charges = separate_charges(entry, "return_service_charges")
    amounts = entry.get("return_amounts")
    if not isinstance(amounts, dict) and len(rows(order, "returns")) == 1:
        amounts = order.get("return_amounts")
    if not isinstance(amounts, dict) or any("total_money" not in line for line in lines):
        return
    if lines and "total_money" in amounts:
        parts = total(lines, "total_money") + total(rows(entry, "return_tips"), "applied_money")
        parts += sum(amount(row, "applied_money") + added_tax(row, kinds) for row in charges)
        rounding = amount(entry.get("rounding_adjustment") or {}, "amount_money")
        returned = amount(amounts, "total_money")
        if returned != parts - rounding:  # its sign on a return is not documented
            _law("R2", parts + rounding, returned, f"{pointer}/return_amounts")


def _check_tenders(order: Json) -> None:
    tenders = paid_tenders(order)
    for index, tender in enumerate(rows(order, "tenders")):
        cash = tender.get("cash_details") or {}
        if "buyer_tendered_money" in cash:
            kept = amount(cash, "buyer_tendered_money") - amount(cash, "change_back_money")
            _law("O8", kept, amount(tender, "amount_money"), f"/tenders/{index}")
    is_sale = state_of(order) == "COMPLETED" and not rows(order, "returns")
    if is_sale and tenders and "total_money" in order:
        paid = total(tenders, "amount_money")
        _law("O6", amount(order, "total_money"), paid, "/tenders")
