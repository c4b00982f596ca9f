"""Loyverse's CSV exports: Receipts, Receipts by item, Sales summary.

Headings and forms: exports in public repositories and an import guide; of Spanish exports those
columns that were seen. Refunds are negative whatever their sign.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from pipeline.pos.listed_fields import names
from pipeline.pos.source import ExportForm, ExportKind

_REFUNDS = ("refund", "reembolso")
_ITEM = frozenset(("item", "item name", "articulo", "quantity", "cantidad"))


def _row(
    cells: Mapping[str, str], amounts: dict[str, Decimal], _kind: ExportKind
) -> dict[str, Decimal]:
    if cells.get("type") not in _REFUNDS:
        return amounts
    return {name: -abs(amount) for name, amount in amounts.items()}


_FIGURES = frozenset(("day", "gross_sales", "discounts", "net_sales"))
EXPORT_FORM = ExportForm(
    columns={
        "day": ("date", "fecha"),
        "number": ("receipt number", "numero de recibo"),
        "type": ("receipt type", "tipo de recibo"),
        "gross_sales": ("gross sales", "ventas brutas"),
        "discounts": ("discounts", "descuentos"),
        "refunds": ("refunds", "reembolsos"),
        "net_sales": ("net sales", "ventas netas"),
        "taxes": ("taxes", "impuestos"),
        "collected": ("total collected",),
        "store": ("store", "tienda"),
        "status": ("status", "estado"),
    },
    money=("gross_sales", "discounts", "refunds", "net_sales", "taxes", "collected"),
    needed={
        "receipts": _FIGURES | {"number", "type"},
        "items": _FIGURES | {"number", "type"},
        "summary": _FIGURES | {"refunds"},
    },
    item=_ITEM,
    impersonal=frozenset(
        names(
            "cost of goods, gross profit, margin, payment type, dining option, pos, cashier name,"
            " category, sku, variant, modifiers applied, costo de los bienes, beneficio bruto,"
            " margen, tipo de pedido, categoria, ref, variante, modificadores aplicados, tpv,"
            " nombre del cajero",
            ", ",
        )
    ),
    sales=("sale", "venta"),
    refunds=_REFUNDS,
    cancelled=("cancel", "anul"),
    row=_row,
    remedy="Sales summary, Receipts or Receipts by item from the Back Office in English or Spanish",
)
