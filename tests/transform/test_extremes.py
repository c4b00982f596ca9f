"""Values at the edge of what a POS can send: exact, or kept apart with a reason; the rest of the
page goes on.
"""

from __future__ import annotations

import json
from datetime import time
from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from kitchen import DAY, STORE, brief, catalog, item, line, raw, receipt, rules, sell

from pipeline.errors import DataError
from pipeline.transform import Catalog, Raw, Store, build_day

MONEY = ("gross", "total", "paid")


def built_day(*bodies: bytes, menu=None):
    return build_day(
        DAY,
        [Raw("b", "raw/receipts/sold=2026-07-01/x", b"".join(body + b"\n" for body in bodies))],
        catalog(),
        menu or rules(),
    )


def body(*lines: dict, **more) -> bytes:
    return json.dumps(receipt(*lines, **more), ensure_ascii=False).encode("utf-8", "surrogatepass")


def test_quantities_are_exact():
    rows = sell(*(line("Agua", 10, quantity=q) for q in (0, -1, 1.235, 0.0001, 999999.9999)))
    assert brief(rows, "quantity", "units", "is_weighed") == [
        ("0", "0", False),
        ("-1", "-1", False),
        ("1.235", "1", True),
        ("0.0001", "1", True),
        ("999999.9999", "1", True),
    ]
    matches = built_day(
        body(line("Agua", 10, quantity=1.23456)), body(line("Agua", 10), receipt_number="1-2")
    )
    assert (
        matches.quarantine.column("reason").to_pylist() == ["excess_precision"]
        and matches.metadata["counted"] == 1
    )


@pytest.mark.parametrize(
    ("currency", "decimals", "exact", "finer"),
    [
        ("JPY", 0, "1050", "1050.5"),
        ("CLP", 0, "999999", "0.1"),
        ("MXN", 2, "0.01", "0.001"),
        ("KWD", 3, "1.235", "1.2355"),
        ("MXN", 2, "999999999999.99", "1000000000000.00"),
        ("KWD", 3, "12345678901.234", "12345678901234.567"),
    ],
)
def test_money_has_the_decimals_of_its_currency_and_is_never_rounded(
    currency, decimals, exact, finer
):
    shape = rules(
        default=Store("America/Mexico_City", time(5), currency, decimals), decimals=decimals
    )
    text = body(line("Agua", 10)).replace(b"10.0", b"10")
    good, bad = (text.replace(b": 10,", b": %s," % amount.encode()) for amount in (exact, finer))
    result = built_day(good, bad.replace(b'"1-1"', b'"1-2"'), menu=shape)
    (row,) = result.receipts.to_pylist()
    assert {str(row[name]) for name in MONEY} == {str(Decimal(exact))} and row[
        "currency"
    ] == currency
    assert result.quarantine.column("reason").to_pylist() in (
        ["excess_precision"],
        ["out_of_range"],
    )


def test_a_receipt_without_lines_one_with_five_thousand_and_one_whose_payments_differ_are_kept():
    many = body(*(line("Agua", 1, "Sauce: Ajo") for _ in range(5000)), receipt_number="1-2")
    unpaid = body(line("Agua", 10), receipt_number="1-3", payments=[])
    result = built_day(body(), many, unpaid)
    assert brief(result.receipts.to_pylist(), "lines", "gross", "total", "paid") == [
        (0, "0", "0", "0"),
        (5000, "5000", "5000", "5000"),
        (1, "10", "10", "0"),
    ]
    assert result.sales.num_rows == 5001 and result.metadata["quarantined"] == 0
    assert result.sales.column("line").to_pylist()[:5000] == list(range(1, 5001))


def test_ten_megabytes_of_note_and_a_hundred_thousand_levels_harm_nothing_but_themselves():
    noted = receipt(line("Agua", 10), note="x" * 10_000_000)
    deep = b'{"receipt_number": "1-2", "note": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    result = built_day(
        json.dumps(noted).encode(), deep, body(line("Smash", 10), receipt_number="1-3")
    )
    assert result.receipts.column("receipt_number").to_pylist() == ["1-1", "1-3"]
    (rejection,) = result.quarantine.to_pylist()
    assert (
        rejection["reason"] in ("too_deep", "missing_field")
        and rejection["verbatim"].encode() == deep
    )


@given(st.text(min_size=1, max_size=12))
@example("\x00")
@example("a\r\n\t\x1b[31m\x7f\x85")
@example("‮txt.exe")
@example("🌮\U0010ffff")
@example("../../etc/passwd?x=%2e")
@example("=cmd|' /C calc'!A0")
@example("<script>|*_`")
def test_any_text_comes_through_as_it_is(text):
    sold = receipt(
        line(text, 10, f"Sauce: {text}" if ": " not in text else "Sauce: x"),
        store_id=text,
        dining_option=text,
        employee_id=text,
    )
    sold["payments"][0]["name"] = text
    result = built_day(
        json.dumps(sold).encode(),
        json.dumps({**sold, "receipt_number": "1-2"}, ensure_ascii=False).encode(),
    )
    assert result.metadata["counted"] == 2 and result.metadata["quarantined"] == 0
    assert set(
        result.receipts.column("store_id").to_pylist()
        + result.receipts.column("dining_option").to_pylist()
    ) == {text}
    assert set(
        result.sales.column("item_as_sold").to_pylist()
        + result.payments.column("tender").to_pylist()
    ) == {text}


@pytest.mark.parametrize("name", ["item_name", "note"])
def test_a_lone_surrogate_is_refused_where_it_is_read_and_nowhere_else(name):
    odd = receipt(line("Agua", 10))
    (odd["line_items"][0] if name == "item_name" else odd)[name] = "x\ud800"
    result = built_day(json.dumps(odd).encode(), body(line("Smash", 10), receipt_number="1-2"))
    assert result.quarantine.column("reason").to_pylist() == (
        ["bad_text"] if name == "item_name" else []
    )
    assert result.metadata["received"] == 2


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(max_size=5),
        lambda below: (
            st.lists(below, max_size=2) | st.dictionaries(st.text(max_size=5), below, max_size=2)
        ),
        max_leaves=5,
    ),
    st.text(max_size=8),
)
def test_keys_that_nobody_knows_change_nothing_at_any_depth(value, key):
    plainly = receipt(line("Agua", 10, "Sauce: Ajo"))
    odd = json.loads(json.dumps(plainly))
    decimals = [
        odd,
        odd["line_items"][0],
        odd["line_items"][0]["line_modifiers"][0],
        odd["payments"][0],
    ]
    for place in decimals:
        place.setdefault(f"new {key}", value)
    text = (
        json.dumps(odd)
        .replace("NaN", "null")
        .replace("-Infinity", "1")
        .replace("Infinity", "1")
        .encode()
    )
    result, names = built_day(text), built_day(json.dumps(plainly).encode())
    assert all(
        getattr(result, name).equals(getattr(names, name))
        for name in ("receipts", "sales", "payments", "quarantine")
    )


def test_stores_of_two_currencies_stay_apart():
    stores = {"s2": Store("America/New_York", time(0), "USD", 2)}
    result = build_day(
        DAY,
        raw(receipt(line("Agua", 10)), receipt(line("Agua", 7), store_id="s2")),
        catalog(),
        rules(stores=stores, default=STORE),
    )
    assert brief(result.receipts.to_pylist(), "store_id", "currency", "total") == [
        ("s1", "MXN", "10"),
        ("s2", "USD", "7"),
    ]
    assert [row["currency"] for row in result.sales.to_pylist() + result.payments.to_pylist()] == [
        "MXN",
        "USD",
    ] * 2


@pytest.mark.parametrize("number", ["NaN", "Infinity", True, float("nan")])
@pytest.mark.parametrize("field", ["default_price", "cost", "quantity"])
def test_a_catalog_with_what_is_no_number_cannot_be_read(number, field):
    paquete = item("Paquete", 150, is_composite=True)
    paquete["components"] = [{"variant_id": "v-Smash", "quantity": 1}]
    row = paquete["components"][0] if field == "quantity" else paquete["variants"][0]
    row[field] = number
    with pytest.raises(DataError, match=r"catalog cannot be read .*is not a number"):
        Catalog.read(json.dumps({"items": [paquete]}).encode())
