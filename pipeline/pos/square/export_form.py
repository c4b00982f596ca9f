"""CSV exports of the Square Dashboard: Transactions, and Items with details.

Headings: exports of 2022 to 2026 in public repositories. Spanish and French headings are
translations; none were seen. Transaction ID is the id of the order; a refund has an id of its own
and negative amounts. Discounts are negative. An export of items has the tax of the items only, and
no tips, service charges or totals. Total Collected contains cash rounding, which has no column.
Net Sales may contain the service charges; then they are taken out.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from pipeline.pos.listed_fields import names
from pipeline.pos.source import ExportForm, ExportKind

_REFUNDS = ("refund", "reembolso", "remboursement", "devolucion")
_GIFT_CARDS = ("gift card", "tarjeta de regalo", "carte-cadeau")
_ZERO = Decimal(0)


def _row(
    cells: Mapping[str, str], amounts: dict[str, Decimal], kind: ExportKind
) -> dict[str, Decimal]:
    """The amounts with the lake's signs, net of service charges and gift cards."""
    if cells.get("type") in _REFUNDS and amounts["gross_sales"] > 0:
        amounts = {name: -amount for name, amount in amounts.items()}
    gross, net = amounts["gross_sales"], amounts["net_sales"]
    discount = abs(amounts["discounts"]) * (-1 if gross < 0 else 1)
    charges = amounts.get("surcharges", _ZERO)
    if net == gross - discount + charges:
        net = gross - discount
    figures = {"gross_sales": gross, "discounts": discount, "net_sales": net}
    if kind == "items":
        if cells.get("item_kind") in _GIFT_CARDS:  # a liability, which the lake has in no item
            figures = dict.fromkeys(figures, _ZERO)
        return figures | {"item_taxes": amounts["taxes"]}
    figures |= {
        name: amounts[name]
        for name in ("surcharges", "gift_cards", "taxes", "tips")
        if name in amounts
    }
    returned = abs(amounts.get("partial_refunds", _ZERO))
    parts = net + sum(
        figures.get(name, _ZERO) for name in ("surcharges", "gift_cards", "taxes", "tips")
    )
    total = amounts["collected"]
    is_reduced = returned and abs(total + returned - parts) < abs(total - parts)
    return figures | {"collected": total + returned if is_reduced else total}


_AMOUNTS = frozenset(("day", "number", "type", "gross_sales", "discounts", "net_sales", "taxes"))
EXPORT_FORM = ExportForm(
    columns={
        "day": ("date", "fecha"),
        "timezone": ("time zone", "zona horaria", "fuseau horaire"),
        "number": (
            "transaction id",
            "id de transaccion",
            "id. de transaccion",
            "identifiant de transaction",
        ),
        "type": ("event type", "tipo de evento", "type d'evenement", "type d’evenement"),
        "gross_sales": ("gross sales", "ventas brutas", "ventes brutes"),
        "discounts": ("discounts", "descuentos", "remises"),
        "surcharges": ("service charges", "cargos por servicio", "frais de service"),
        "net_sales": ("net sales", "ventas netas", "ventes nettes"),
        "gift_cards": (
            "gift card sales",
            "ventas de tarjetas de regalo",
            "ventes de cartes-cadeaux",
        ),
        "taxes": ("tax", "impuesto", "impuestos", "taxe", "taxes"),
        "tips": ("tip", "propina", "pourboire"),
        "partial_refunds": ("partial refunds", "reembolsos parciales", "remboursements partiels"),
        "collected": ("total collected", "total cobrado", "total recaudado", "total percu"),
        "item_kind": ("itemization type",),
        "store": ("location", "ubicacion", "sucursal", "emplacement"),
        "status": ("transaction status", "estado de la transaccion", "etat de la transaction"),
    },
    money=names(
        "gross_sales discounts surcharges net_sales gift_cards taxes tips partial_refunds collected"
    ),
    needed={"receipts": _AMOUNTS | {"collected"}, "items": _AMOUNTS, "summary": _AMOUNTS},
    item=frozenset(("item", "qty", "articulo", "cantidad", "article", "qte")),
    impersonal=frozenset(
        names(
            "time, hora, heure, source, card, card entry methods, cash, square gift card, other"
            " tender, other tender type, fees, net total, payment id, card brand, device name,"
            " staff name, staff id, details, dining option, device nickname, third party fees,"
            " deposit id, deposit date, deposit details, fee percentage rate, fee fixed rate,"
            " discount name, cash app, free processing applied, channel, unattributed tips,"
            " international fee, category, price point name, sku, modifiers applied, unit, count,"
            " gtin, commission, item variation, items sold, items refunded, discounts & comps,"
            " units sold, units refunded, employee, token",
            ", ",
        )
    ),
    sales=("payment", "sale", "exchange", "pago", "venta", "paiement", "vente"),
    refunds=_REFUNDS,
    cancelled=("cancel", "void", "fail", "declin", "anul"),
    row=_row,
    remedy="Transactions, or Items with details, from the Square Dashboard in English",
    summed=frozenset({"receipts", "items"}),
    timezones={
        "eastern time (us & canada)": "America/New_York",
        "indiana (east)": "America/Indiana/Indianapolis",
        "central time (us & canada)": "America/Chicago",
        "saskatchewan": "America/Regina",
        "mountain time (us & canada)": "America/Denver",
        "arizona": "America/Phoenix",
        "pacific time (us & canada)": "America/Los_Angeles",
        "alaska": "America/Anchorage",
        "hawaii": "Pacific/Honolulu",
        "puerto rico": "America/Puerto_Rico",
        "atlantic time (canada)": "America/Halifax",
        "newfoundland": "America/St_Johns",
        "mexico city": "America/Mexico_City",
        "guadalajara": "America/Mexico_City",
        "london": "Europe/London",
        "edinburgh": "Europe/London",
        "dublin": "Europe/Dublin",
        "paris": "Europe/Paris",
        "madrid": "Europe/Madrid",
        "tokyo": "Asia/Tokyo",
        "osaka": "Asia/Tokyo",
        "sydney": "Australia/Sydney",
        "melbourne": "Australia/Melbourne",
        "canberra": "Australia/Melbourne",
        "brisbane": "Australia/Brisbane",
        "hobart": "Australia/Hobart",
        "adelaide": "Australia/Adelaide",
        "darwin": "Australia/Darwin",
        "perth": "Australia/Perth",
    },
    may_exclude_tax=True,
    blank_is_zero=True,
)
