"""The catalog: what the lake may know of a shop, in an order of its own, and no contact."""

from __future__ import annotations

import json
from itertools import pairwise

import pytest

from pipeline.errors import SourceFatal
from pipeline.simulator import Shop
from tests.support.book import Book
from tests.support.faults import Fault, on_path

CONTACTS = {
    "email": "canary@example.org",
    "phone_number": "+52 55 0000 0000",
    "address": "Canary Street 1",
    "postal_code": "00001",
    "description": "call Canary",
    "note": "Canary",
    "tax_id_number": "CANARY010101",
    "website": "canary.example.org",
}


def test_no_contact_leaves_the_catalog(start) -> None:
    rows = {
        name: [
            {
                "id": f"{name}-1",
                "name": "Canaria Prueba",
                "deleted_at": "2026-01-01T00:00:00.000Z",
                **CONTACTS,
            }
        ]
        for name in (
            "stores",
            "items",
            "categories",
            "modifiers",
            "employees",
            "payment_types",
            "taxes",
            "discounts",
            "pos_devices",
        )
    }
    server, source = start(
        Book(
            rows=rows,
            merchant={"id": "m", "business_name": "B", "currency": {"code": "MXN"}, **CONTACTS},
        )
    )
    result = source.catalog()
    shown = b"".join(row for rows in result.values() for row in rows).decode().lower()
    assert (
        "canary" not in shown
        and "0000" not in shown.replace("2026-01-01t00:00:00.000z", "")
        and "00001" not in shown
    )
    assert all(len(rows) == 1 for rows in result.values()), "deleted things stay known"
    assert json.loads(result["employees"][0])["name"] == "Canaria P."
    assert not any(request.path.startswith("/customers") for request in server.requests)


@pytest.mark.parametrize(
    "name, alias",
    [
        ("Ana Torres", "Ana T."),
        ("Ana", "Ana"),
        ("Juan Carlos Pérez", "Juan P."),
        ("owner@example.org", None),
        (None, None),
        ("", None),
        ("Ana t@example.org", None),
    ],
)
def test_employees_are_known_by_an_alias(start, name: str | None, alias: str | None) -> None:
    _, source = start(Book(rows={"employees": [{"id": "e", "name": name}]}))
    assert json.loads(source.catalog()["employees"][0])["name"] == alias


def test_a_catalog_is_the_same_whatever_the_order_of_the_rows(start) -> None:
    result = []
    for seed in range(3):
        _, source = start(
            Shop(receipts_per_day=2), faults=[Fault("reorder", seed=seed, times=None)]
        )
        result.append(source.catalog())
    assert result[0] == result[1] == result[2]
    assert all(a < b for rows in result[0].values() for a, b in pairwise(rows))


def test_a_catalog_row_that_is_no_object_is_an_error(start) -> None:
    _, source = start(
        Shop(receipts_per_day=2),
        faults=[Fault("rows", act=lambda rows: [*rows, b"7"], on=on_path("/taxes"))],
    )
    with pytest.raises(SourceFatal, match="/taxes"):
        source.catalog()


def test_numbers_of_the_catalog_stay_as_they_were_spelled(start) -> None:
    swap = Fault(
        "body", on=on_path("/taxes"), body=b'{"taxes":[{"id":"t","rate":16.000,"name":"IVA"}]}'
    )
    _, source = start(Shop(receipts_per_day=2), faults=[swap])
    assert source.catalog()["taxes"] == [b'{"id":"t","name":"IVA","rate":16.000}']
