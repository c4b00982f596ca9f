"""Receipt as the API prints it: a JSON object with the keys of real receipts.

In: a ticket (centavos) and its slot (UTC seconds). Out: UTF-8 bytes. Amounts are in pesos; on some
receipts whole amounts are integers and on others floats, as in real payloads. Amounts of a refund
are positive. A cancelled receipt keeps its totals.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import msgspec

from pipeline.simulator.ids import id_of, stamp
from pipeline.simulator.ledger import Ledger, Slot
from pipeline.simulator.pricelist import Tax
from pipeline.simulator.tickets import Ticket
from pipeline.simulator.till import Line
from pipeline.simulator.trade import DISCOUNTS, POINTS, STORES, TENDERS, WALLET, Discount

_Money = Callable[[int], int | float]  # amount in pesos of one in centavos
_encode = msgspec.json.Encoder().encode
_id_of = lru_cache(maxsize=None)(id_of)
_TENDER_IDS = [id_of("tender", tender.name) for tender in TENDERS]
_DISCOUNT_IDS = {
    POINTS.name: id_of("discount", "points"),
    **{row.name: id_of("discount", index) for index, row in enumerate(DISCOUNTS)},
}


def _plain(hundredths: int) -> int | float:
    return hundredths / 100 if hundredths % 100 else hundredths // 100


def _decimal(hundredths: int) -> float:
    return hundredths / 100


def line_id(device: int, number: int, line: int) -> str:
    """Unique id of a line; ids differ in a few digits only, as real ones do."""
    return f"9553152a-9d{device:02x}-{number >> 16:04x}-f6a3-{number & 0xFFFF:04x}f1d4{line:04x}"


def number_of(ledger: Ledger, device: int, number: int) -> str:
    return f"{ledger.tills[device].number}-{number}"


def customer_id(seed: int, customer: int) -> str:
    return id_of("customer", f"{seed}/{customer}")


def print_receipt(ledger: Ledger, ticket: Ticket, slot: Slot, cancelled: bool) -> bytes:
    """Receipt before or after its cancellation."""
    money = _plain if ticket.plain else _decimal
    till = ledger.tills[slot.device]
    sold, created = stamp(slot.sold * 1000), stamp(slot.created * 1000)
    paid = stamp((slot.sold - 1) * 1000) if ticket.split_second else sold
    store = _id_of("store", STORES[till.store].name)
    earned, deducted, balance = ticket.points
    return _encode(
        {
            "receipt_number": number_of(ledger, slot.device, slot.number),
            "note": ticket.note,
            "receipt_type": "REFUND" if slot.refunds else "SALE",
            "refund_for": (
                number_of(ledger, slot.device, ledger.sale(slot.device, *slot.refunds).number)
                if slot.refunds
                else None
            ),
            "order": ticket.order,
            "created_at": created,
            "updated_at": stamp(slot.cancelled * 1000) if cancelled else created,
            "source": till.name if till.web else "point of sale",
            "receipt_date": sold,
            "cancelled_at": stamp(slot.cancelled * 1000) if cancelled else None,
            "total_money": money(ticket.total),
            "total_tax": money(sum(ticket.taxes.values())),
            "points_earned": money(earned),
            "points_deducted": money(deducted),
            "points_balance": money(balance),
            "customer_id": (
                customer_id(ledger.seed, ticket.customer) if ticket.customer >= 0 else None
            ),
            "total_discount": money(sum([amount for _, _, amount in ticket.discounts])),
            "employee_id": _id_of("employee", ticket.employee) if ticket.employee else None,
            "store_id": store,
            "pos_device_id": None if till.web else _id_of("device", till.number),
            "dining_option": ticket.dining_option,
            "total_discounts": [_discount(row, money) for row in ticket.discounts],
            "total_taxes": [_tax(tax, amount, money) for tax, amount in ticket.taxes.items()],
            "tip": money(ticket.tip),
            "surcharge": money(ticket.surcharge),
            "line_items": [
                _line(line, line_id(till.number, slot.number, index), money)
                for index, line in enumerate(ticket.lines)
            ],
            "payments": [
                {
                    "payment_type_id": _TENDER_IDS[tender],
                    "name": TENDERS[tender].name,
                    "type": TENDERS[tender].kind,
                    "money_amount": money(amount),
                    "paid_at": paid,
                    "payment_details": _card(slot) if tender == WALLET else None,
                }
                for tender, amount in ticket.payments
            ],
        }
    )


def _line(line: Line, line_id: str, money: _Money) -> dict[str, Any]:
    dish, portion, milli = line.dish, line.portion, line.milli
    quantity = milli / 1000 if milli % 1000 else milli // 1000
    return {
        "id": line_id,
        "item_id": dish.id,
        "variant_id": portion.variant_id,
        "item_name": dish.name,
        "variant_name": portion.name,
        "sku": portion.sku,
        "quantity": quantity,
        "price": money(line.price),
        "gross_total_money": money(line.gross),
        "total_money": money(line.total),
        "cost": money(portion.cost),
        "cost_total": money(line.cost),
        "line_note": line.note,
        "line_taxes": [_tax(dish.tax, line.tax, money)] if dish.tax else [],
        "total_discount": money(line.discount),
        "line_discounts": [_discount(row, money) for row in line.discounts],
        "line_modifiers": [
            {
                "id": modifier,
                "modifier_option_id": option,
                "name": name,
                "option": text,
                "price": money(price),
                "money_amount": money(price * milli // 1000),
            }
            for modifier, option, name, text, price in line.answers
        ],
    }


def _tax(tax: Tax, amount: int, money: _Money) -> dict[str, Any]:
    return {
        "id": tax.id,
        "type": tax.kind,
        "name": tax.name,
        "rate": money(tax.rate * 100),
        "money_amount": money(amount),
    }


def _discount(row: tuple[Discount, int | None, int], money: _Money) -> dict[str, Any]:
    discount, percent, amount = row
    printed = {
        "id": _DISCOUNT_IDS[discount.name],
        "type": discount.kind,
        "name": discount.name,
        "money_amount": money(amount),
    }
    if percent is not None:
        printed["percentage"] = money(percent * 100)
    return printed


def _card(slot: Slot) -> dict[str, Any]:
    """Payment details from an integrated terminal; the number is masked."""
    return {
        "authorization_code": f"{slot.number * 7919 % 1_000_000:06d}",
        "reference_id": _id_of("reference", slot.id),
        "entry_method": "CONTACTLESS",
        "card_company": "Carnet",
        "card_number": f"************{slot.number * 31 % 10_000:04d}",
    }
