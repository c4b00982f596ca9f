"""The parts of a Square order, read by name: money, instants, states.

A record is the order as the API gave it, or an envelope {"order": ..., "payments": [...],
"refunds": [...]} with the order verbatim and the payments and refunds that belong to it. Amounts
are integers of minor units. Source: the reference of the Orders API, version 2026-09-16.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any, NamedTuple

from pipeline.pos.pages import instant_of, one_line, text_of
from pipeline.pos.source import Record

Json = dict[str, Any]
_UNPAID = frozenset({"VOIDED", "FAILED"})


class Envelope(NamedTuple):
    """An order, its payments, and the refunds that it pays out."""

    order: Json
    payments: list[Json]
    refunds: list[Json]


def open_envelope(record: Json) -> Envelope:
    """The order of a record, and what came with it."""
    if isinstance(record.get("order"), dict):
        return Envelope(record["order"], rows(record, "payments"), rows(record, "refunds"))
    return Envelope(record, [], [])


def rows(fields: Json, name: str) -> list[Json]:
    """The objects of a list; none if it is absent or null."""
    value = fields.get(name)
    return [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []


def amount(fields: Json, name: str) -> int:
    """An amount in minor units; 0 where it is absent or null."""
    money = fields.get(name)
    value = money.get("amount") if isinstance(money, dict) else None
    return value if isinstance(value, int) else 0


def total(parts: list[Json], name: str) -> int:
    """The sum of an amount over objects."""
    return sum(amount(part, name) for part in parts)


def currency_of(fields: Any) -> str | None:
    """The currency of the first amount in an order."""
    if isinstance(fields, dict):
        if isinstance(fields.get("currency"), str) and "amount" in fields:
            return str(fields["currency"])
        fields = list(fields.values())
    if isinstance(fields, list):
        return next((code for value in fields if (code := currency_of(value))), None)
    return None


def text(fields: Json, name: str) -> str | None:
    """A text that says something, else None."""
    return text_of(fields.get(name))


def state_of(order: Json) -> str | None:
    """OPEN, COMPLETED, CANCELED or DRAFT; orders of 2019 name it `status`."""
    state = text(order, "state") or text(order, "status")
    if state is None and (order.get("closed_at") or paid_tenders(order)):
        return "COMPLETED"
    return state


def paid_tenders(order: Json) -> list[Json]:
    """The tenders without cancelled and failed cards; an opened drawer is among them."""
    return [
        tender
        for tender in rows(order, "tenders")
        if (tender.get("card_details") or {}).get("status") not in _UNPAID
    ]


def due_of(order: Json) -> int:
    """What an order that is paid in part still lacks."""
    if "net_amount_due_money" in order:
        return max(amount(order, "net_amount_due_money"), 0)
    paid = total(paid_tenders(order), "amount_money")
    return max(amount(order, "total_money") - paid, 0) if "total_money" in order else 0


def created_at(order: Json) -> datetime | None:
    """When the server created the order; excerpts have only the time of a tender."""
    tenders = [instant_of(tender.get("created_at")) for tender in rows(order, "tenders")]
    moments = [moment for moment in tenders if moment]
    return instant_of(order.get("created_at")) or min(moments, default=None) or closed_at(order)


def closed_at(order: Json) -> datetime | None:
    """When the order reached its last state."""
    return instant_of(order.get("closed_at"))


def updated_at(order: Json) -> datetime | None:
    """When the server last changed the order."""
    return instant_of(order.get("updated_at")) or closed_at(order) or created_at(order)


def sold_at(envelope: Envelope) -> datetime | None:
    """When the sale counts: of an offline sale the device's time, else when it closed.

    Without that, when it was paid or created. So does a cancelled order, which was closed by its
    cancellation.
    """
    order = envelope.order
    offline = [
        moment
        for payment in envelope.payments
        if (details := payment.get("offline_payment_details"))
        and (moment := instant_of(details.get("client_created_at")))
    ]
    if offline:
        return min(offline)
    closed = closed_at(order)
    if closed and state_of(order) != "CANCELED":
        return closed
    tenders = [instant_of(tender.get("created_at")) for tender in paid_tenders(order)]
    return max((moment for moment in tenders if moment), default=None) or created_at(order)


def received_at(order: Json) -> datetime | None:
    """When the server received the sale: when the order closed, maybe days later."""
    moments = [moment for moment in (created_at(order), closed_at(order)) if moment]
    return max(moments, default=None)


def read_record(body: bytes) -> Record:
    """The record of an order, on one line; fields that cannot be read are None."""
    try:
        parsed = json.loads(body)
    except (ValueError, RecursionError):
        parsed = None
    if not isinstance(parsed, dict):
        return Record(one_line(body), None, None, None, None)
    envelope = open_envelope(parsed)
    order = envelope.order
    return Record(
        one_line(body),
        text(order, "id"),
        updated_at(order),
        created_at(order),
        sold_at(envelope),
        received_at(order),
    )
