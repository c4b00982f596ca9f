"""A Square customer erased: no text of the recipient stays in the lake, and no amount changes."""

from __future__ import annotations

import json
import secrets
from pathlib import Path
from typing import Any

import pytest

from pipeline import transform
from pipeline.cli import main
from pipeline.load import Lake
from pipeline.load.parquet import from_bytes
from pipeline.tasks import Rebuild
from pipeline.transform.build_days import build_days
from tests.dag.in_process import InProcessRun, local
from tests.dag.test_erase import everywhere, totals
from tests.dag.test_verify import dates, in_process
from tests.load.invariants import check

Json = dict[str, Any]
CUSTOMER, OTHER = "CUSTOMERONE", "CUSTOMERTWO"
GONE = [
    CUSTOMER,
    "Aurora",
    "aurora@example.mx",
    "+52 55 1234",
    "gate code 4711",
    "blue bicycle",
]
STAYS = ["Benita", "benita@example.mx", "+52 55 9876", "gate code 9922"]
KEY = secrets.token_hex(16)


def money(units: int) -> Json:
    return {"amount": units, "currency": "MXN"}


def delivery(name: str, note: str) -> Json:
    recipient = {
        "display_name": f"{name} Reyes",
        "email_address": f"{name.lower()}@example.mx",
        "phone_number": "+52 55 1234" if name == "Aurora" else "+52 55 9876",
        "address": {"address_line_1": f"Calle {name} 1", "locality": f"{name}pan"},
    }
    details = {"recipient": recipient, "dropoff_notes": note}
    return {"type": "DELIVERY", "state": "COMPLETED", "delivery_details": details}


def order(number: int, **fields: Any) -> Json:
    moment, value = f"2026-10-30T{12 + number}:00:00Z", money(1000 + number)
    amounts = {"base_price_money": value, "variation_total_price_money": value}
    line = {"uid": "1", "name": "Taco", "quantity": "1", "total_money": value, **amounts}
    tender = {"id": f"t{number}", "type": "CARD", "amount_money": value, "created_at": moment}
    return {
        "id": f"O{number}",
        "location_id": "L",
        "state": "COMPLETED",
        **dict.fromkeys(("created_at", "updated_at", "closed_at"), moment),
        "line_items": [line],
        "tenders": [tender],
        "total_money": value,
    } | fields


def orders() -> list[Json]:
    """Orders that name the customer in each place, one of them rejected; and another's."""
    hers = delivery("Aurora", "gate code 4711")
    named_by_recipient = delivery("Aurora", "gate code 4711")
    named_by_recipient["delivery_details"]["recipient"]["customer_id"] = CUSTOMER
    named_by_tender = order(3, fulfillments=[hers])
    named_by_tender["tenders"][0]["customer_id"] = CUSTOMER
    curbside = {"curbside_pickup_details": {"curbside_details": "blue bicycle"}}
    return [
        order(1, customer_id=CUSTOMER, fulfillments=[hers], ticket_name="Aurora"),
        order(2, fulfillments=[named_by_recipient]),
        named_by_tender,
        order(4, customer_id=CUSTOMER, fulfillments=[hers], total_money=money(1)),
        order(
            5, customer_id=CUSTOMER, fulfillments=[{"type": "PICKUP", "pickup_details": curbside}]
        ),
        order(6, customer_id=OTHER, fulfillments=[delivery("Benita", "gate code 9922")]),
    ]


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> InProcessRun:
    """A lake of one run on saved Square orders."""
    monkeypatch.setenv("CUSTOMER_HASH_KEY", KEY)
    shop = InProcessRun(tmp_path, local(tmp_path / "lake"), monkeypatch)
    # a reader's functions cannot be pickled, so days are not remembered
    monkeypatch.setattr(transform, "build_days", build_days)
    for file in shop.saved.glob("*.json"):
        file.unlink()
    location = {"id": "L", "name": "Centro", "currency": "MXN", "status": "ACTIVE"}
    (shop.saved / "locations.json").write_text(json.dumps({"locations": [location]}))
    (shop.saved / "orders.json").write_text(json.dumps({"orders": orders()}))
    shop.options["pos"]["saved_from"] = "square"

    def run_night() -> None:
        assert shop.run_nightly()

    shop.prepare("square", run_night)
    in_process(shop, monkeypatch, "erase", lambda command: Rebuild(**dates(command)))
    return shop


def test_no_text_of_an_erased_recipient_is_anywhere_in_the_lake(shop: InProcessRun) -> None:
    storage = shop.storage()
    before = totals(storage)
    assert len(before["receipts"]) == 5
    roots = {key.split("/")[0] for word in GONE for key in everywhere(storage, [word])}
    assert roots >= {"raw", "staging", "quarantine"}
    assert all(everywhere(storage, [word]) for word in GONE + STAYS)
    with shop.process():
        assert main(["erase", "--customer", CUSTOMER]) == 0
    assert everywhere(storage, GONE) == []
    tables = Lake(storage, publish_wait=0).read("sales", "2026-10", ["quarantine"])
    quarantined = from_bytes(tables["quarantine"])
    assert quarantined["receipt_number"].to_pylist() == ["O4"]
    assert not any(word in text for word in GONE for text in quarantined["verbatim"].to_pylist())
    assert all(everywhere(storage, [word]) for word in STAYS), "another customer's order"
    assert totals(storage) == before
    check(storage, quiet=True)
    assert shop.verify(deep=True) == []


def test_what_is_fetched_again_comes_without_the_recipient(shop: InProcessRun) -> None:
    storage = shop.storage()
    with shop.process():
        assert main(["erase", "--customer", CUSTOMER]) == 0
    before = totals(storage)
    with shop.process():
        assert main(["verify", "--refetch", "2026-10-30"]) == 0
    assert shop.run_nightly()
    assert everywhere(storage, GONE) == []
    assert totals(storage) == before
