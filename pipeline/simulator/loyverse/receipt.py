"""Receipt as the API prints it: a JSON object with the keys of real receipts.

Takes a ticket (centavos) and its planned receipt (UTC seconds). Returns UTF-8 bytes. Amounts are in
pesos; on some receipts whole amounts are integers and on others floats, as in real payloads.
Amounts of a refund are positive. A cancelled receipt keeps its totals.

The text is put together from parts that recur on many receipts and are encoded once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache, lru_cache

from pipeline.simulator.business import DISCOUNTS, POINTS, STORES, TENDERS, WALLET, Discount
from pipeline.simulator.ids import id_of, stamp
from pipeline.simulator.pricelist import ChosenOption, Tax
from pipeline.simulator.receipt_schedule import PlannedReceipt, ReceiptSchedule
from pipeline.simulator.source import encode
from pipeline.simulator.ticket_lines import Line
from pipeline.simulator.tickets import Ticket

_Money = Callable[[int], str]  # JSON number in pesos of an amount in centavos
_DISCOUNT_IDS = {
    POINTS.name: id_of("discount", "points"),
    **{row.name: id_of("discount", index) for index, row in enumerate(DISCOUNTS)},
}


@lru_cache(maxsize=1 << 14)
def _json(value: str | None) -> str:
    return encode(value).decode()


@lru_cache(maxsize=1 << 16)
def _plain(hundredths: int) -> str:
    return _decimal(hundredths) if hundredths % 100 else str(hundredths // 100)


@lru_cache(maxsize=1 << 16)
def _decimal(hundredths: int) -> str:
    return encode(hundredths / 100).decode()


def line_id(device: int, number: int, line: int) -> str:
    """Unique id of a line; ids differ in a few digits only, as real ones do."""
    return f"9553152a-9d{device:02x}-{number >> 16:04x}-f6a3-{number & 0xFFFF:04x}f1d4{line:04x}"


def number_of(schedule: ReceiptSchedule, device: int, number: int) -> str:
    return f"{schedule.registers[device].number}-{number}"


def customer_id(seed: int, customer: int) -> str:
    return id_of("customer", f"{seed}/{customer}")


def print_receipt(
    schedule: ReceiptSchedule, ticket: Ticket, planned: PlannedReceipt, cancelled: bool
) -> bytes:
    """Receipt before or after its cancellation."""
    money = _plain if ticket.plain else _decimal
    register = schedule.registers[planned.device]
    sold, created = stamp(planned.sold * 1000), f'"{stamp(planned.created * 1000)}"'
    paid = stamp((planned.sold - 1) * 1000) if ticket.split_second else sold
    gone = f'"{stamp(planned.cancelled * 1000)}"' if cancelled else "null"
    kind, refunded = ("SALE", "null")
    if planned.refunds:
        number = schedule.sale(planned.device, *planned.refunds).number
        kind, refunded = ("REFUND", f'"{number_of(schedule, planned.device, number)}"')
    customer = (
        f'"{customer_id(schedule.seed, ticket.customer)}"' if ticket.customer >= 0 else "null"
    )
    earned, deducted, balance = ticket.points
    lines = [
        _line(line, line_id(register.number, planned.number, index), money)
        for index, line in enumerate(ticket.lines)
    ]
    payments = [
        f"{_tender(tender)}{money(amount)}"
        f',"paid_at":"{paid}","payment_details":{_card(planned) if tender == WALLET else "null"}}}'
        for tender, amount in ticket.payments
    ]
    employee = _json(id_of("employee", ticket.employee) if ticket.employee else None)
    return (
        f'{{"receipt_number":"{number_of(schedule, planned.device, planned.number)}"'
        f',"note":{_json(ticket.note)},"receipt_type":"{kind}","refund_for":{refunded}'
        f',"order":{_json(ticket.order)},"created_at":{created}'
        f',"updated_at":{gone if cancelled else created}'
        f',"source":{_json(register.name if register.web else "point of sale")}'
        f',"receipt_date":"{sold}"'
        f',"cancelled_at":{gone},"total_money":{money(ticket.total)}'
        f',"total_tax":{money(sum(ticket.taxes.values()))},"points_earned":{money(earned)}'
        f',"points_deducted":{money(deducted)},"points_balance":{money(balance)}'
        f',"customer_id":{customer}'
        f',"total_discount":{money(sum([amount for _, _, amount in ticket.discounts]))}'
        f',"employee_id":{employee},"store_id":"{id_of("store", STORES[register.store].name)}"'
        f',"pos_device_id":{_json(None if register.web else id_of("device", register.number))}'
        f',"dining_option":{_json(ticket.dining_option)}'
        f',"total_discounts":[{_discounts(ticket.discounts, money)}]'
        f',"total_taxes":[{",".join([_tax(*row, money) for row in ticket.taxes.items()])}]'
        f',"tip":{money(ticket.tip)},"surcharge":{money(ticket.surcharge)}'
        f',"line_items":[{",".join(lines)}],"payments":[{",".join(payments)}]}}'
    ).encode()


def _line(line: Line, line_id: str, money: _Money) -> str:
    dish, variant, milli = line.dish, line.variant, line.milli
    tax = _tax(dish.tax, line.tax, money) if dish.tax else ""
    options = ",".join([_option(chosen, milli, money) for chosen in line.options])
    return (
        f'{{"id":"{line_id}",{_goods(dish.id, variant.variant_id, dish.name, variant.name)}'
        f',"sku":"{variant.sku}","quantity":{_quantity(milli)},"price":{money(line.price)}'
        f',"gross_total_money":{money(line.gross)},"total_money":{money(line.total)}'
        f',"cost":{money(variant.cost)},"cost_total":{money(line.cost)}'
        f',"line_note":{_json(line.note)},"line_taxes":[{tax}]'
        f',"total_discount":{money(line.discount)}'
        f',"line_discounts":[{_discounts(line.discounts, money)}],"line_modifiers":[{options}]}}'
    )


@cache
def _goods(item: str, variant: str, name: str, size: str | None) -> str:
    return (
        f'"item_id":"{item}","variant_id":"{variant}","item_name":{_json(name)}'
        f',"variant_name":{_json(size)}'
    )


@cache
def _quantity(milli: int) -> str:
    return encode(milli / 1000 if milli % 1000 else milli // 1000).decode()


@cache
def _option(chosen: ChosenOption, milli: int, money: _Money) -> str:
    """Modifier of a line."""
    return (
        f'{{"id":"{chosen.modifier_id}","modifier_option_id":"{chosen.option_id}"'
        f',"name":{_json(chosen.name)},"option":{_json(chosen.option)}'
        f',"price":{money(chosen.price)},"money_amount":{money(chosen.price * milli // 1000)}}}'
    )


def _tax(tax: Tax, amount: int, money: _Money) -> str:
    return f"{_rate(tax, money)}{money(amount)}}}"


@cache
def _rate(tax: Tax, money: _Money) -> str:
    return (
        f'{{"id":"{tax.id}","type":"{tax.kind}","name":{_json(tax.name)}'
        f',"rate":{money(tax.rate * 100)},"money_amount":'
    )


def _discounts(rows: Iterable[tuple[Discount, int | None, int]], money: _Money) -> str:
    return ",".join(
        [
            _rebate(discount)
            + money(amount)
            + ("}" if percent is None else f',"percentage":{money(percent * 100)}}}')
            for discount, percent, amount in rows
        ]
    )


@cache
def _rebate(discount: Discount) -> str:
    return (
        f'{{"id":"{_DISCOUNT_IDS[discount.name]}","type":"{discount.kind}"'
        f',"name":{_json(discount.name)},"money_amount":'
    )


@cache
def _tender(tender: int) -> str:
    row = TENDERS[tender]
    return (
        f'{{"payment_type_id":"{id_of("tender", row.name)}","name":{_json(row.name)}'
        f',"type":"{row.kind}","money_amount":'
    )


def _card(planned: PlannedReceipt) -> str:
    """Payment details from an integrated terminal; the number is masked."""
    return (
        f'{{"authorization_code":"{planned.number * 7919 % 1_000_000:06d}"'
        f',"reference_id":"{id_of("reference", planned.id)}","entry_method":"CONTACTLESS"'
        f',"card_company":"Carnet","card_number":"************{planned.number * 31 % 10_000:04d}"}}'
    )
