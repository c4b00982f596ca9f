"""Order as the API shows it: a JSON object with the keys of real orders.

Takes a `Content` of what is sold and one of what is taken back. Returns plain dictionaries, in
which an unset field is absent. Amounts of returns are positive.
"""

from __future__ import annotations

from typing import Any

from .ids import money, token
from .order_content import (
    NOTHING,
    Charge,
    Content,
    OrderDiscount,
    OrderLine,
    OrderModifier,
    OrderTax,
    Priced,
)

Json = dict[str, Any]
UNITS = {
    "measurement_unit": {"weight_unit": "METRIC_KILOGRAM", "type": "TYPE_WEIGHT"},
    "precision": 3,
}


def sale_fields(content: Content, priced: Priced, version: int) -> Json:
    """Fields of an order that sells `content`; `version` is the catalog's."""
    return _parts(content, priced, version, "") | _rounding(content)


def return_entry(
    content: Content, priced: Priced, source: str | None, tender: str | None, version: int
) -> Json:
    """Entry of `returns`; `source` is the sale's order id, None if unlinked."""
    entry: Json = {} if source is None else {"source_order_id": source}
    entry |= _parts(content, priced, version, "return_")
    if content.tip:
        tip: Json = {"uid": token("tip", content.lines[0].uid), "applied_money": money(content.tip)}
        entry["return_tips"] = [tip if tender is None else tip | {"source_tender_id": tender}]
    return entry | _rounding(content)


def _parts(content: Content, priced: Priced, version: int, prefix: str) -> Json:
    """Lines, taxes, discounts and charges; `prefix` is "return_" on a return."""
    charges = zip(content.charges, priced.charge_taxes, priced.charge_totals, strict=True)
    fields = {
        "line_items": [
            _line(line, priced, position, version, prefix)
            for position, line in enumerate(content.lines)
        ],
        "taxes": [_tax(tax, priced.taxes[tax.uid], version) for tax in content.taxes],
        "discounts": [
            _discount(row, priced.discounts[row.uid], version) for row in content.discounts
        ],
        "service_charges": [_charge(*charge) for charge in charges],
    }
    return {prefix + name: rows for name, rows in fields.items() if rows}


def totals(priced: Priced) -> Json:
    """`total_*` fields of an order."""
    fields = amounts(priced)
    return {"total_money": fields.pop("total_money")} | {
        f"total_{name}": amount for name, amount in fields.items()
    }


def amounts(priced: Priced, less: Priced = NOTHING) -> Json:
    """`return_amounts`, or `net_amounts` if something is taken off."""
    return {
        "total_money": money(priced.total - less.total),
        "tax_money": money(priced.tax - less.tax),
        "discount_money": money(priced.discount - less.discount),
        "tip_money": money(priced.tip - less.tip),
        "service_charge_money": money(priced.charge - less.charge),
    }


def quantity(milli: int) -> str:
    """Decimal string without trailing zeros."""
    units, remainder = divmod(milli, 1000)
    return f"{units}.{remainder:03d}".rstrip("0") if remainder else str(units)


def _line(line: OrderLine, priced: Priced, position: int, version: int, prefix: str) -> Json:
    fields: Json = {
        "uid": line.uid,
        "source_line_item_uid": line.source_uid,
        "quantity": quantity(line.milli),
        "quantity_unit": UNITS if line.by_weight else None,
        "name": line.name,
        "note": line.note,
        "catalog_object_id": line.catalog_id,
        "catalog_version": version if line.catalog_id else None,
        "variation_name": line.variation,
        "item_type": line.item_type,
        f"{prefix}modifiers": [_modifier(row, version) for row in line.modifiers] or None,
        "applied_taxes": _applied_taxes(line.uid, line.tax, priced.line_taxes[position]),
        "applied_discounts": [
            {
                "uid": token("applied", (line.uid, uid)),
                "discount_uid": uid,
                "applied_money": money(amount),
            }
            for uid, amount in line.discounts
        ]
        or None,
        "base_price_money": money(line.price),
        f"gross_{'return' if prefix else 'sales'}_money": money(line.gross),
        "total_tax_money": money(priced.line_taxes[position]),
        "total_discount_money": money(line.discount),
        "total_money": money(priced.line_totals[position]),
        "variation_total_price_money": money(line.variation_total),
        "total_service_charge_money": money(0),
    }
    return {name: value for name, value in fields.items() if value is not None}


def _applied_taxes(uid: str, tax: str | None, amount: int) -> list[Json] | None:
    if tax is None:
        return None
    return [{"uid": token("applied", (uid, tax)), "tax_uid": tax, "applied_money": money(amount)}]


def _modifier(modifier: OrderModifier, version: int) -> Json:
    return {
        "uid": modifier.uid,
        "base_price_money": money(modifier.price),
        "total_price_money": money(modifier.total),
        "name": modifier.name,
        "catalog_object_id": modifier.catalog_id,
        "catalog_version": version,
        "quantity": "1",
    }


def _tax(tax: OrderTax, amount: int, version: int) -> Json:
    return {
        "uid": tax.uid,
        "catalog_object_id": tax.catalog_id,
        "catalog_version": version,
        "name": tax.name,
        "type": "INCLUSIVE" if tax.inclusive else "ADDITIVE",
        "percentage": str(tax.percentage),
        "applied_money": money(amount),
        "scope": "LINE_ITEM",
    }


def _discount(discount: OrderDiscount, amount: int, version: int) -> Json:
    fields: Json = {
        "uid": discount.uid,
        "catalog_object_id": discount.catalog_id,
        "catalog_version": version if discount.catalog_id else None,
        "name": discount.name,
        "type": discount.type,
        "percentage": None if discount.percentage is None else str(discount.percentage),
        "amount_money": money(amount) if discount.percentage is None else None,
        "applied_money": money(amount),
        "scope": discount.scope,
        "reward_ids": [discount.reward] if discount.reward else None,
    }
    return {name: value for name, value in fields.items() if value is not None}


def _charge(charge: Charge, tax: int, total: int) -> Json:
    fields: Json = {
        "uid": charge.uid,
        "name": charge.name,
        "percentage": None if charge.percentage is None else str(charge.percentage),
        "amount_money": money(charge.amount) if charge.percentage is None else None,
        "applied_money": money(charge.amount),
        "calculation_phase": charge.phase,
        "taxable": charge.tax is not None,
        "applied_taxes": _applied_taxes(charge.uid, charge.tax, tax),
        "total_money": money(total),
        "total_tax_money": money(tax),
        "type": charge.type,
        "treatment_type": "LINE_ITEM_TREATMENT",
    }
    return {name: value for name, value in fields.items() if value is not None}


def _rounding(content: Content) -> Json:
    if not content.rounding:
        return {}
    amount = money(content.rounding)
    return {"rounding_adjustment": {"name": "Cash Rounding", "amount_money": amount}}
