"""Canonical lines, modifiers, taxes and discounts of an order or a return."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import NamedTuple

from pipeline.pos.source import Lists
from pipeline.pos.square.laws import added_tax, gross_of
from pipeline.pos.square.order import Json, amount, rows, text, total

Money = Callable[[int], str]
CUSTOM_AMOUNT, REGULAR = "Custom amount", "Regular"
"""The name of a line without an item; that of an item's only variation, which says nothing."""
_TEN_THOUSANDTH = Decimal("0.0001")
_DISCOUNT_TYPES = {"FIXED_PERCENTAGE": "FIXED_PERCENT", "VARIABLE_PERCENTAGE": "VARIABLE_PERCENT"}


class Variation(NamedTuple):
    """A variation in the catalog: its item, current cost, if it is the only one."""

    item_id: str
    cost: Decimal | None
    is_single: bool


class CatalogLookup(NamedTuple):
    """The catalog by the ids in lines: variations, and the list of each modifier."""

    variations: Mapping[str, Variation]
    modifier_lists: Mapping[str, str]

    @classmethod
    def from_lists(cls, lists: Lists) -> CatalogLookup:
        """The lookup in a canonical catalog."""
        variations = {
            str(variant["variant_id"]): Variation(
                str(item["id"]),
                None if variant.get("cost") is None else Decimal(variant["cost"]),
                len(item["variants"]) == 1,
            )
            for item in lists.get("items", ())
            for variant in item.get("variants") or ()
        }
        modifiers = {
            str(option["id"]): str(row["name"])
            for row in lists.get("modifiers", ())
            for option in row.get("modifier_options") or ()
        }
        return cls(variations, modifiers)


def line_of(
    line: Json, kinds: dict[str, str], prefix: str, lookup: CatalogLookup, money: Money
) -> Json:
    """A line in canonical form; `kinds` are the types of the order's taxes by uid."""
    variation = lookup.variations.get(text(line, "catalog_object_id") or "")
    quantity = Decimal(str(line.get("quantity") or "1"))
    modifiers = [
        _modifier(row, lookup, money)
        for row in rows(line, f"{prefix}modifiers")
        if row.get("quantity") != "0" and (text(row, "catalog_object_id") or _price(row))
    ]
    name = text(line, "variation_name")
    cost = variation.cost if variation else None
    return {
        "item_id": variation.item_id if variation else None,
        "variant_id": text(line, "catalog_object_id"),
        "item_name": text(line, "name") or CUSTOM_AMOUNT,
        "variant_name": None
        if name == REGULAR and (not variation or variation.is_single)
        else name,
        "quantity": format(quantity.quantize(_TEN_THOUSANDTH), "f"),
        "price": money(amount(line, "base_price_money")),
        "gross_total_money": money(gross_of(line)),
        "total_discount": money(amount(line, "total_discount_money")),
        "cost": None if cost is None else format(cost, "f"),
        "cost_total": None if cost is None else money(round(cost * quantity * _scale(money))),
        "line_taxes": [
            {"type": kind, "money_amount": money(units)}
            for kind, units, _ in _line_taxes(line, kinds)
        ],
        "line_modifiers": modifiers,
    }


def _scale(money: Money) -> int:
    """Minor units of a unit."""
    return int(10 ** len(money(0).partition(".")[2]))


def _price(modifier: Json) -> int:
    return amount(modifier, "total_price_money")


def _modifier(row: Json, lookup: CatalogLookup, money: Money) -> Json:
    """A modifier with the name of its list; free text only up to a colon."""
    identifier = text(row, "catalog_object_id")
    name = text(row, "name") or "?"
    return {
        "name": lookup.modifier_lists.get(identifier or "", "Modifier"),
        "option": name if identifier else name.partition(":")[0].strip(),
        "money_amount": money(_price(row)),
    }


def _line_taxes(line: Json, kinds: dict[str, str]) -> list[tuple[str, int, str]]:
    """(INCLUDED or ADDED, minor units, uid) of each tax on a line."""
    applied = rows(line, "applied_taxes")
    if applied and all(str(tax.get("tax_uid")) in kinds for tax in applied):
        return [
            (
                "INCLUDED" if kinds[str(tax["tax_uid"])] == "INCLUSIVE" else "ADDED",
                amount(tax, "applied_money"),
                str(tax["tax_uid"]),
            )
            for tax in applied
        ]
    tax = amount(line, "total_tax_money")
    if not tax:
        return []
    return [("ADDED" if added_tax(line, kinds) else "INCLUDED", tax, "")]


def taxes_of(
    lines: list[Json], kinds: dict[str, str], named: list[Json], money: Money
) -> list[tuple[Json, int]]:
    """The taxes of the lines, by name, each with its minor units."""
    sums: dict[tuple[str, str], int] = {}
    for line in lines:
        for kind, units, uid in _line_taxes(line, kinds):
            sums[kind, uid] = sums.get((kind, uid), 0) + units
    by_uid = {str(tax.get("uid")): tax for tax in named}
    taxes = []
    for (kind, uid), units in sums.items():
        tax = by_uid.get(uid, {})
        rate = Decimal(str(tax.get("percentage") or "0")).quantize(_TEN_THOUSANDTH)
        row = {
            "type": kind,
            "name": text(tax, "name") or "Tax",
            "rate": format(rate, "f"),
            "money_amount": money(units),
        }
        taxes.append((row, units))
    return taxes


def discounts_of(lines: list[Json], named: list[Json], money: Money) -> list[Json]:
    """The discounts of the lines, by name; what no line names is one discount without."""
    sums: dict[str, int] = {}
    for line in lines:
        for share in rows(line, "applied_discounts"):
            uid = str(share.get("discount_uid"))
            sums[uid] = sums.get(uid, 0) + amount(share, "applied_money")
    by_uid = {str(row.get("uid")): row for row in named}
    discounts = [_discount(by_uid.get(uid, {}), money(units)) for uid, units in sums.items()]
    unattributed = total(lines, "total_discount_money") - sum(sums.values())
    if unattributed:
        discounts.append(_discount(named[0] if len(named) == 1 else {}, money(unattributed)))
    return discounts


def _discount(row: Json, amount_taken: str) -> Json:
    kind = str(row.get("type") or "VARIABLE_AMOUNT")
    kind = "DISCOUNT_BY_POINTS" if row.get("reward_ids") else _DISCOUNT_TYPES.get(kind, kind)
    return {
        "name": text(row, "name") or "Discount",
        "type": kind,
        "money_amount": amount_taken,
    }
