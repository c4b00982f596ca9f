"""What single fields of a receipt become in the tables of the lake."""

from __future__ import annotations

import json
from datetime import time, timedelta

import pyarrow as pa
from kitchen import DAY as TODAY
from kitchen import brief, catalog, line, raw, receipt, rules, sell

from pipeline.pos.source import NotCanonicalError
from pipeline.transform import Catalog, Store, build_day
from pipeline.transform.columns import Labels


def test_discounts_that_no_line_carries_are_spread_over_the_lines():
    rows = sell(
        line("Smash", 100),
        line("Agua", 50, total_discount=20),
        total_discount=33,
        total_money=117,
        total_discounts=[{"name": "Ticket", "type": "FIXED_AMOUNT", "money_amount": 33}],
    )
    assert brief(rows, "item", "discount") == [("Smash", "10"), ("Agua", "23")]


def test_points_tips_surcharge_rounding_and_payments_are_seen():
    sold = receipt(
        line("Smash", 100.4, total_discount=10),
        tip=5,
        surcharge=1.5,
        total_money=97,
        total_discounts=[{"name": "Puntos", "type": "DISCOUNT_BY_POINTS", "money_amount": 10}],
    )
    (row,) = build_day(TODAY, raw(sold), catalog(), rules()).receipts.to_pylist()
    assert brief(
        [row],
        "gross",
        "discount",
        "net",
        "points_discount",
        "tip",
        "surcharge",
        "rounding",
        "total",
        "paid",
    ) == [("100.4", "10", "90.4", "10", "5", "1.5", "0.1", "97", "90.4")]


def test_channels_by_dining_option_else_by_ticket():
    menu = (
        "[channels]\ndine_in = ['Comer aquí', 'mesa*']\nnone = ['']\n[tickets]\ndelivery ="
        " ['Rappi*']\n"
    )
    sold = [
        ("comer  AQUI", None),
        ("Mesa 4", "Rappi 1"),
        ("Otra", "RAPPI 9"),
        ("Otra", None),
        (None, None),
        (None, "Rappi 1"),
    ]
    receipts = [
        receipt(line("Smash", 10), receipt_number=f"1-{n}", dining_option=option, order=ticket)
        for n, (option, ticket) in enumerate(sold)
    ]
    result = [
        build_day(TODAY, raw(*receipts), catalog(), rules(text))
        .receipts.column("channel")
        .to_pylist()
        for text in (menu, menu.replace("none", "#"))
    ]
    assert result == [
        ["dine_in", "dine_in", "delivery", "unmapped", "none", "none"],
        ["dine_in", "dine_in", "delivery", "unmapped", "unmapped", "delivery"],
    ]


def test_zero_cost_is_unknown_and_a_small_one_is_not():
    rows = sell(
        line("Smash", 10),
        line("Agua", 10, cost=0.004),
        line("Papas", 10, cost_total=3, cost=3),
        line("Smash", 10, cost=None, cost_total=None),
    )
    assert brief(rows, "unit_cost", "cost") == [
        (None, None),
        ("0.004", "0"),
        ("3", "3"),
        (None, None),
    ]


def test_customers_are_keyed():
    sold = raw(receipt(line("Smash", 10), customer_id="9f-customer"))
    plain, keyed, other = (
        build_day(TODAY, sold, catalog(), rules(customer_key=key))
        .receipts.column("customer_id")
        .to_pylist()[0]
        for key in (None, b"one", b"two")
    )
    assert plain == "9f-customer" and len(keyed) == 64 and keyed != other


def test_names_and_notes_of_persons_never_come_out():
    secret = "Juana Pérez 55 0000 0134"
    sold = receipt(line("Smash", 10, line_note=secret), note=secret, order=secret)
    sold["payments"][0]["payment_details"] = {"card_number": secret}
    result = build_day(TODAY, raw(sold), catalog(), rules())
    assert result.metadata["counted"] == 1
    assert secret not in repr(
        [table.to_pylist() for table in (result.receipts, result.sales, result.payments)]
    )


def test_currencies_and_their_decimals_stay_apart():
    stores = {"s1": Store("Asia/Tokyo", time(0), "JPY", 0)}
    result = build_day(
        TODAY + timedelta(days=1),
        raw(receipt(line("Smash", 1050))),
        catalog(),
        rules(stores=stores, decimals=3),
    )
    (row,) = result.receipts.to_pylist()
    assert (row["currency"], str(row["total"]), row["sold_at_local"].hour) == ("JPY", "1050.000", 3)


def test_null_is_none_of_any_texts():
    labels = Labels.read(pa.array(["a", None, "b"]))
    assert labels.is_in("a", "c").tolist() == [True, False, False]
    assert labels.is_in().tolist() == [False, False, False]


def test_employees_of_one_alias_are_numbered():
    names = {"e1": "Ana López", "e2": "Eva Ruiz", "e3": "Ana Luna", "e4": "Ana Lara"}
    rows = [{"id": number, "name": name} for number, name in reversed(names.items())]
    table = Catalog.read(json.dumps({"employees": rows}).encode()).employees_table(rules())
    aliases = dict(
        zip(*(table.column(i).to_pylist() for i in ("employee_id", "alias")), strict=True)
    )
    assert aliases == {"e1": "Ana L.", "e2": "Eva R.", "e3": "Ana L. 2", "e4": "Ana L. 3"}


def test_a_record_that_is_not_canonical_is_in_quarantine_with_its_reason_and_place():
    def translate(body: bytes) -> list[bytes]:
        if b'"1-2"' in body:
            raise NotCanonicalError("unknown_value", "/state", "NEW", json.loads(body))
        return [body]

    records = raw(*(receipt(line("Agua", 22), receipt_number=f"1-{n}") for n in (1, 2, 3)))
    result = build_day(TODAY, records, catalog(), rules(translator=lambda _: translate))
    assert result.receipts.column("receipt_number").to_pylist() == ["1-1", "1-3"]
    (row,) = result.quarantine.to_pylist()
    assert (row["receipt_number"], row["reason"], row["pointer"]) == (
        "1-2",
        "unknown_value",
        "/state",
    )
    assert row["record"].endswith("#2")
