"""Personal data of Square orders: what `pos erase` and `pos retain` remove, and what stays."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from pipeline.pos.square import reader

Json = dict[str, Any]
PERSON = {
    "display_name": "Maria Lopez",
    "email_address": "maria@example.mx",
    "phone_number": "+52 55 1234 5678",
    "address": {
        "address_line_1": "Calle Luna 1",
        "locality": "Coyoacan",
        "postal_code": "04000",
        "state": "CDMX",
    },
}
DELIVERY = {
    "recipient": PERSON | {"customer_id": "c1"},
    "placed_at": "2026-10-05T15:00:00Z",
    "prep_time_duration": "PT30M",
    "note": "ring twice",
    "dropoff_notes": "gate code 4711, ask for Maria",
    "cancel_reason": "Maria moved",
    "courier_support_phone_number": "+52 55 0000",
    "external_delivery_id": "tracks-Maria",
    "unheard_of": {"state": "Maria", "kind_at": ["Maria"]},
}
SHIPMENT = {"shipping_note": "for Maria Lopez", "tracking_url": "https://x/m", "carrier": "DHL"}
PICKUP = {
    "is_curbside_pickup": True,
    "curbside_pickup_details": {
        "curbside_details": "red car ABC-123",
        "buyer_arrived_at": "2026-10-05T15:20:00Z",
    },
}
ORDER: Json = {
    "id": "O1",
    "location_id": "L",
    "state": "COMPLETED",
    "ticket_name": "maria l.",
    "metadata": {"who": "Maria"},
    "line_items": [{"uid": "a", "name": "Coat", "note": "a gift for Maria"}],
    "tenders": [{"type": "CARD", "card_details": {"card": {"cardholder_name": "M LOPEZ"}}}],
    "fulfillments": [
        {"uid": "1", "type": "DELIVERY", "state": "COMPLETED", "delivery_details": DELIVERY},
        {"type": "SHIPMENT", "shipment_details": SHIPMENT, "entries": [{"metadata": {"a": "b"}}]},
        {"type": "PICKUP", "pickup_details": PICKUP},
    ],
}
KEPT = {
    "O1",
    "L",
    "COMPLETED",
    "a",
    "Coat",
    "CARD",
    "1",
    "DELIVERY",
    "2026-10-05T15:00:00Z",
    "PT30M",
    "SHIPMENT",
    "PICKUP",
    "2026-10-05T15:20:00Z",
}
"""All texts of ORDER that may stay."""


def encode(record: object) -> bytes:
    return json.dumps(record).encode()


def texts(value: object) -> Iterator[str]:
    """Every text in a value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, (dict, list)):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from texts(inner)


def erase(line: bytes) -> bytes:
    return reader.remove_customers(line, lambda customer: customer == "c1")


def named_by(place: str) -> Json:
    """ORDER that names the customer only there."""
    order: Json = json.loads(encode(ORDER))
    recipient = order["fulfillments"][0]["delivery_details"]["recipient"]
    places = {"order": order, "tender": order["tenders"][0], "recipient": recipient}
    recipient["customer_id"] = None
    places[place]["customer_id"] = "c1"
    return order


@pytest.mark.parametrize("place", ["order", "tender", "recipient"])
@pytest.mark.parametrize("is_envelope", [False, True])
def test_an_order_that_names_an_erased_customer_keeps_no_text_of_the_recipient(
    place: str, is_envelope: bool
) -> None:
    order = named_by(place)
    line = encode({"order": order, "payments": [], "refunds": []} if is_envelope else order)
    erased = erase(line)
    assert set(texts(json.loads(erased))) == KEPT
    assert erase(erased) == erased
    assert reader.read_record(erased)[1:] == reader.read_record(line)[1:]


def test_the_order_of_another_customer_stays_verbatim() -> None:
    order = named_by("order") | {"customer_id": "c2"}
    assert erase(encode(order)) == encode(order)


def test_another_customer_of_the_same_order_stays_named() -> None:
    order = named_by("recipient") | {"customer_id": "c2"}
    assert json.loads(erase(encode(order)))["customer_id"] == "c2"


def test_an_old_order_keeps_of_its_fulfillments_kind_state_and_times_only() -> None:
    aged = reader.remove_personal_data(encode(ORDER))
    assert set(texts(json.loads(aged))) == KEPT
    assert reader.remove_personal_data(aged) == aged


@pytest.mark.parametrize(
    ("ticket", "is_kept"),
    [
        ("Mesa 4", True),
        ("MARÍA", False),
        ("call 1234 5678", False),
        ("+525512345678", False),
        ("maria@example.mx", False),
        ("La 4", True),
        (7, True),
    ],
)
def test_the_ticket_keeps_its_name_unless_it_is_that_of_the_recipient(
    ticket: object, is_kept: bool
) -> None:
    """The rules may read an order type from it."""
    order = named_by("order") | {"ticket_name": ticket}
    expected = ticket if is_kept else None
    assert json.loads(erase(encode(order)))["ticket_name"] == expected
    assert json.loads(reader.remove_personal_data(encode(order)))["ticket_name"] == expected


@pytest.mark.parametrize(
    "fulfillments",
    [None, "x", [], {}, [None, 1, "x", {}], [{"delivery_details": None}], [{"type": {"a": 1}}]],
)
def test_fulfillments_of_any_form_are_read(fulfillments: object) -> None:
    line = encode({"customer_id": "c1", "ticket_name": "Mesa 4", "fulfillments": fulfillments})
    assert json.loads(erase(line))["customer_id"] is None
    aged = reader.remove_personal_data(line)
    assert reader.remove_personal_data(aged) == aged


def test_half_of_a_character_does_not_stop_an_erasure() -> None:
    line = b'{"customer_id":"c1","line_items":[{"name":"\\ud83d"}]}'
    assert json.loads(erase(line)) == json.loads(line.replace(b'"c1"', b"null"))
