"""Square's orders as canonical receipts: the fixtures, each kind of order, and the laws."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from pipeline.pos.source import NotCanonicalError
from pipeline.pos.square import reader
from pipeline.pos.square.redaction import FIELDS
from pipeline.pos.square.unknown_fields import SAMPLES
from pipeline.simulator import Shop
from pipeline.transform import Catalog, Raw, build_day
from pipeline.transform.validate_record import validate_record
from tests.pos.two_apis import instant, read, rules_of, serving

FIXTURES = Path(__file__).parents[1] / "fixtures" / "square"
Json = dict[str, Any]

# fixture: receipts as (type, total, tax, discount, gross, paid), or the reason of the refusal
EXPECTED: dict[str, list[object]] = {
    "official_BatchRetrieveOrdersResponse": [[]],
    "official_CalculateOrderResponse": [[]],
    "official_CloneOrderResponse": [[]],
    "official_CreateCheckoutResponse": [[]],
    "official_CreateOrderResponse": [[]],
    "official_CreatePaymentLinkResponse": [[]],
    "official_PayOrderResponse": [[("SALE", "20.00", "0.00", "0.00", "20.00", "20.00")]],
    "official_RetrieveOrderResponse": [[]],
    "official_UpdateOrderResponse": [[]],
    "real_invoice_open_nulls_2025": [[]],
    "real_open_invoice_noamount_2019": ["paid_not_closed"],
    "real_pos_card_2020_refunded": [[("SALE", "1.00", "0.00", "0.00", "1.00", "1.00")]],
    "real_pos_cash_2025": [[("SALE", "37.96", "0.00", "0.00", "37.96", "37.96")]],
    "real_pos_contactless_2020": [[("SALE", "1.00", "0.00", "0.00", "1.00", "1.00")]],
    "real_pos_restaurant_modifier_2021": [[("SALE", "11.61", "0.66", "0.00", "10.95", "11.61")]],
    "real_pos_swiped_2019": [[("SALE", "60.00", "0.00", "0.00", "60.00", "60.00")]],
    "real_return_itemized_2024": [[("REFUND", "63.60", "4.60", "0.00", "59.00", "63.60")]],
    "real_sandbox_custom_amounts": [
        [("SALE", "20.56", "0.00", "0.00", "20.56", "20.56")],
        [("SALE", "1.00", "0.00", "0.00", "1.00", "1.00")],
    ],
    "real_sandbox_digital_open_paid_2022": ["paid_not_closed"],
    "real_sandbox_draft_cad_2025": [[]],
    "real_sandbox_open_unpaid_2024": [[]],
    "real_square_online_modifier_price_2024": ["paid_not_closed", "paid_not_closed"],
}


def orders_of(name: str) -> list[Json]:
    return list(json.loads((FIXTURES / f"orders_{name}.json").read_text())["orders"])


def receipts_of(record: Json, *, open_orders: bool = False) -> list[Json]:
    make = reader.counting_open_orders if open_orders else reader.translator
    return [json.loads(line) for line in make({})(json.dumps(record).encode())]


def figures(receipt: Json) -> tuple[str, ...]:
    gross = sum(Decimal(line["gross_total_money"]) for line in receipt["line_items"])
    paid = sum(Decimal(payment["money_amount"]) for payment in receipt["payments"])
    kind, total = receipt["receipt_type"], receipt["total_money"]
    return kind, total, receipt["total_tax"], receipt["total_discount"], str(gross), str(paid)


def bridge(receipt: Json) -> Decimal:
    """Total less what its parts make: cash rounding, or nothing."""
    amount = {
        name: Decimal(receipt[name] or 0)
        for name in ("total_money", "total_discount", "tip", "surcharge", "surcharge_tax")
    }
    gross = sum(Decimal(line["gross_total_money"]) for line in receipt["line_items"])
    added = sum(
        Decimal(tax["money_amount"]) for tax in receipt["total_taxes"] if tax["type"] == "ADDED"
    )
    parts = gross - amount["total_discount"] + added + amount["tip"]
    parts += amount["surcharge"] + amount["surcharge_tax"] + Decimal(receipt["gift_cards"])
    return amount["total_money"] - parts


def test_every_fixture_is_expected_here() -> None:
    names = {path.stem.removeprefix("orders_") for path in FIXTURES.glob("orders_*.json")}
    assert names == set(EXPECTED)


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_the_receipts_of_the_fixtures(name: str) -> None:
    for order, expected in zip(orders_of(name), EXPECTED[name], strict=True):
        if isinstance(expected, str):
            with pytest.raises(NotCanonicalError) as refused:
                receipts_of(order)
            assert refused.value.reason == expected
            assert refused.value.receipt["receipt_number"] == order["id"]
            counted = receipts_of(order, open_orders=True)
            assert len(counted) == 1 and bridge(counted[0]) == 0
        else:
            receipts = receipts_of(order)
            assert [figures(receipt) for receipt in receipts] == expected
            assert all(bridge(receipt) == 0 for receipt in receipts)


def test_a_modifier_may_hold_the_whole_price_and_its_free_text_stays_out() -> None:
    order = orders_of("real_square_online_modifier_price_2024")[0]
    (line, *_) = receipts_of(order, open_orders=True)[0]["line_items"]
    assert (line["price"], line["gross_total_money"]) == ("0.00", "265.00")
    assert [row["option"] for row in line["line_modifiers"]] == ["30 Freestyle Sessions"]


def money(units: int) -> Json:
    return {"amount": units, "currency": "USD"}


def line(uid: str, units: int, **fields: Any) -> Json:
    plain = {
        "uid": uid,
        "name": "Bowl",
        "quantity": "1",
        "base_price_money": money(units),
        "variation_total_price_money": money(units),
        "total_tax_money": money(0),
        "total_discount_money": money(0),
        "total_money": money(units),
    }
    return plain | fields


def order(**fields: Any) -> Json:
    stamps = dict.fromkeys(("created_at", "updated_at", "closed_at"), "2026-10-01T12:00:00Z")
    return {"id": "A", "location_id": "L", "state": "COMPLETED", **stamps} | fields


def tender(units: int, kind: str = "CARD", **fields: Any) -> Json:
    return {"id": kind, "type": kind, "amount_money": money(units)} | fields


def test_an_exchange_is_a_sale_and_a_refund_that_set_off_each_other() -> None:
    tax = {"uid": "t", "type": "ADDITIVE", "percentage": "25", "applied_money": money(250)}
    share = {"tax_uid": "t", "applied_money": money(250)}
    sold = line(
        "1", 1000, total_money=money(1250), total_tax_money=money(250), applied_taxes=[share]
    )
    back = {"tax_uid": "r", "applied_money": money(375)}
    returned = line(
        "2", 1500, total_money=money(1875), total_tax_money=money(375), applied_taxes=[back]
    )
    exchange = order(
        line_items=[sold],
        taxes=[tax],
        total_money=money(1250),
        total_tax_money=money(250),
        returns=[
            {
                "source_order_id": "before",
                "return_line_items": [returned],
                "return_taxes": [{"uid": "r", "type": "ADDITIVE", "applied_money": money(375)}],
            }
        ],
        return_amounts={"total_money": money(1875)},
        net_amounts={"total_money": money(-625)},
    )
    refund = {"id": "f", "order_id": "A", "status": "COMPLETED", "amount_money": money(625)}
    envelope = {
        "order": exchange,
        "payments": [],
        "refunds": [refund | {"destination_type": "CASH"}],
    }
    sale, back_paid = receipts_of(envelope)
    assert figures(sale) == ("SALE", "12.50", "2.50", "0.00", "10.00", "12.50")
    assert figures(back_paid) == ("REFUND", "18.75", "3.75", "0.00", "15.00", "18.75")
    assert (sale["receipt_number"], back_paid["receipt_number"]) == ("A", "A/R")
    assert back_paid["refund_for"] == "before"
    assert [row["name"] for row in back_paid["payments"]] == ["Cash", "Return credit"]


def test_a_gift_card_sold_is_no_sale_and_one_redeemed_is_a_payment() -> None:
    receipt = receipts_of(
        order(
            line_items=[line("1", 900), line("2", 5000, item_type="GIFT_CARD")],
            total_money=money(5900),
            tenders=[tender(900, "SQUARE_GIFT_CARD"), tender(5000)],
        )
    )[0]
    assert [row["gross_total_money"] for row in receipt["line_items"]] == ["9.00"]
    assert (receipt["gift_cards"], receipt["total_money"], bridge(receipt)) == ("50.00", "59.00", 0)
    assert [row["type"] for row in receipt["payments"]] == ["SQUARE_GIFT_CARD", "CARD"]


def test_service_charges_tips_and_rounding_are_parts_of_the_total() -> None:
    charge = {
        "uid": "c",
        "applied_money": money(200),
        "total_tax_money": money(20),
        "total_money": money(220),
        "applied_taxes": [{"tax_uid": "t", "applied_money": money(20)}],
    }
    taxes = [{"uid": "t", "type": "ADDITIVE", "percentage": "10", "applied_money": money(20)}]
    receipt = receipts_of(
        order(
            line_items=[line("1", 1000)],
            service_charges=[charge],
            taxes=taxes,
            rounding_adjustment={"amount_money": money(-2)},
            total_tip_money=money(150),
            total_money=money(1368),
            total_tax_money=money(20),
            tenders=[tender(1368, tip_money=money(150))],
        )
    )[0]
    assert (receipt["surcharge"], receipt["surcharge_tax"], receipt["tip"]) == (
        "2.00",
        "0.20",
        "1.50",
    )
    assert bridge(receipt) == Decimal("-0.02")


def test_a_tip_that_is_given_back_is_a_part_of_the_refund() -> None:
    back = order(
        returns=[
            {
                "return_line_items": [line("1", 500, total_money=money(500))],
                "return_tips": [{"uid": "p", "applied_money": money(75)}],
            }
        ],
        return_amounts={"total_money": money(575), "tip_money": money(75)},
    )
    (refund,) = receipts_of(back)
    assert figures(refund)[:2] == ("REFUND", "5.75")
    assert refund["tip"] == "0.75" and bridge(refund) == 0


def test_an_apportioned_charge_is_no_part_of_the_gross() -> None:
    """As in Australia: 1500 and 24 of surcharge in one line, tax inside the price."""
    sold = line(
        "1",
        1500,
        gross_sales_money=money(1524),
        total_service_charge_money=money(24),
        total_money=money(1524),
        total_tax_money=money(139),
        applied_taxes=[{"tax_uid": "g", "applied_money": money(139)}],
        applied_service_charges=[{"service_charge_uid": "s", "applied_money": money(24)}],
    )
    charge = {"uid": "s", "treatment_type": "APPORTIONED_TREATMENT", "applied_money": money(24)}
    receipt = receipts_of(
        order(
            line_items=[sold],
            service_charges=[charge],
            taxes=[
                {"uid": "g", "type": "INCLUSIVE", "percentage": "10", "applied_money": money(139)}
            ],
            total_money=money(1524),
            tenders=[tender(1524)],
        )
    )[0]
    assert figures(receipt) == ("SALE", "15.24", "1.39", "0.00", "15.00", "15.24")
    assert (receipt["surcharge"], bridge(receipt)) == ("0.24", 0)


@pytest.mark.parametrize(
    "fields",
    [{"state": "DRAFT"}, {"state": "OPEN"}, {"tenders": [tender(0, "NO_SALE")], "line_items": []}],
    ids=["draft", "open ticket", "drawer opened"],
)
def test_what_is_no_sale_makes_no_receipt(fields: Json) -> None:
    assert receipts_of(order(**({"line_items": [line("1", 100)]} | fields))) == []


def test_a_cancelled_order_ends_what_it_was_and_counts_when_it_was_made() -> None:
    cancelled = order(
        state="CANCELED", closed_at="2026-10-03T09:00:00Z", line_items=[line("1", 100)]
    )
    receipt = receipts_of(cancelled)[0]
    assert receipt["cancelled_at"] == "2026-10-03T09:00:00Z"
    assert receipt["receipt_date"] == "2026-10-01T12:00:00Z"
    assert receipt["replaces"] == "counted"


def version(number: int, state: str, **fields: Any) -> Json:
    """A version of an order of one bowl, changed later than the versions before."""
    sold = order(line_items=[line("1", 100)], total_money=money(100), **fields)
    return sold | {"state": state, "version": number, "updated_at": f"2026-10-01T12:0{number}:00Z"}


PAID = {"tenders": [tender(100)]}
COMPLETED, CANCELED = version(2, "COMPLETED", **PAID), version(3, "CANCELED")


@pytest.mark.parametrize(
    ("versions", "cancelled"),
    [
        ([CANCELED], []),
        ([version(1, "OPEN"), CANCELED], []),
        ([version(1, "OPEN", **PAID), CANCELED], []),
        ([version(1, "CANCELED"), CANCELED], []),
        ([COMPLETED, CANCELED], [True]),
        ([version(1, "OPEN", **PAID), COMPLETED, CANCELED], [True]),
        ([COMPLETED], [False]),
    ],
    ids=["alone", "after a ticket", "after a paid one", "twice", "after a sale", "whole", "sale"],
)
def test_an_order_cancelled_before_it_counted_is_no_receipt(
    versions: list[Json], cancelled: list[bool]
) -> None:
    body = b"".join(json.dumps(each).encode() + b"\n" for each in versions)
    raw = Raw("2026-10-01", "raw/receipts/sold=2026-10-01/x", body)
    store = replace(rules_of("square").default, currency="USD")
    rules = replace(rules_of("square"), default=store)
    built = build_day(date(2026, 10, 1), [raw], Catalog.read(b"{}"), rules)
    rows = built.receipts.to_pylist()
    assert [row["is_cancelled"] for row in rows] == cancelled
    assert [row["total"] for row in rows] == [Decimal(0) if each else 1 for each in cancelled]
    assert built.quarantine.num_rows == 0


def test_an_order_paid_in_part_is_never_counted() -> None:
    """Also where a shop counts orders that are paid and open."""
    split = version(1, "OPEN", tenders=[tender(40)], net_amount_due_money=money(60))
    for row in (split, {k: v for k, v in split.items() if k != "net_amount_due_money"}):
        for open_orders in (False, True):
            with pytest.raises(NotCanonicalError) as refused:
                receipts_of(row, open_orders=open_orders)
            assert (refused.value.reason, refused.value.detail) == (
                "paid_not_closed",
                "OPEN, 0.60 due",
            )


def test_a_field_that_is_null_is_a_field_that_is_absent() -> None:
    """As the typed SDK saves an order: every unset field is null."""
    unset = dict.fromkeys(("returns", "taxes", "service_charges", "net_amounts", "total_tip_money"))
    nulls = GOOD | {"net_amounts": None} | {k: v for k, v in unset.items() if k not in GOOD}
    bare = {k: v for k, v in GOOD.items() if k != "net_amounts"}
    assert receipts_of(nulls) == receipts_of(bare)
    share = {"service_charge_uid": None, "applied_money": None}
    dumped = copy.deepcopy(GOOD)
    dumped["line_items"][0] |= {"modifiers": None, "applied_service_charges": [share]}
    dumped["line_items"][0]["total_service_charge_money"] = None
    assert receipts_of(dumped) == receipts_of(GOOD)


def test_an_exchange_of_which_no_refund_is_known_pays_the_rest_back() -> None:
    exchange = order(
        line_items=[line("1", 1000)],
        total_money=money(1000),
        returns=[{"return_line_items": [line("2", 1500)]}],
        return_amounts={"total_money": money(1500)},
    )
    refund = receipts_of(exchange)[1]
    assert [(row["name"], row["money_amount"]) for row in refund["payments"]] == [
        ("Refund", "5.00"),
        ("Return credit", "10.00"),
    ]
    even = exchange | {"return_amounts": {"total_money": money(1000)}}
    even["returns"] = [{"return_line_items": [line("2", 1000)]}]
    assert [row["name"] for row in receipts_of(even)[1]["payments"]] == ["Return credit"]


@pytest.mark.parametrize(("code", "paid"), [("JPY", "500"), ("KWD", "0.500"), ("USD", "5.00")])
def test_money_paid_back_has_the_decimals_of_its_currency(code: str, paid: str) -> None:
    """Also where only the returned lines say the currency, and no refund is known."""
    value = {"amount": 500, "currency": code}
    amounts = ("base_price_money", "variation_total_price_money", "total_money")
    returned = {"uid": "1", "quantity": "1", **dict.fromkeys(amounts, value)}
    (refund,) = receipts_of(order(returns=[{"return_line_items": [returned]}]))
    assert (refund["total_money"], refund["payments"][0]["money_amount"]) == (paid, paid)


@pytest.mark.parametrize("shape", ["paid", "paid back"])
def test_a_tip_alone_is_no_item(shape: str) -> None:
    tip = money(75)
    fields: Json = {"total_money": tip, "total_tip_money": tip, "tenders": [tender(75)]}
    if shape == "paid back":
        fields = {"returns": [{"return_tips": [{"uid": "p", "applied_money": tip}]}]}
        fields["return_amounts"] = {"total_money": tip, "tip_money": tip}
    (receipt,) = receipts_of(order(**fields))
    assert (receipt["tip"], receipt["line_items"], bridge(receipt)) == ("0.75", [], 0)


def test_a_refund_that_failed_paid_nothing_back() -> None:
    back = order(
        returns=[{"return_line_items": [line("1", 500)]}],
        return_amounts={"total_money": money(500)},
    )
    failed = {"id": "f", "order_id": "A", "status": "FAILED", "amount_money": money(500)}
    assert receipts_of({"order": back, "payments": [], "refunds": [failed]})[0]["payments"] == []
    assert len(receipts_of(back)[0]["payments"]) == 1


def test_a_return_without_amounts_has_an_apportioned_charge_once() -> None:
    share = {"service_charge_uid": "s", "applied_money": money(24)}
    returned = line("1", 1500, total_money=money(1524), applied_service_charges=[share])
    charges = [
        {"uid": "s", "treatment_type": "APPORTIONED_TREATMENT", "applied_money": money(24)},
        {"uid": "t", "applied_money": money(200)},
    ]
    charges = [charge | {"total_money": charge["applied_money"]} for charge in charges]
    entry = {"return_line_items": [returned], "return_service_charges": charges}
    (refund,) = receipts_of(order(returns=[entry]))
    assert (refund["total_money"], refund["surcharge"], bridge(refund)) == ("17.24", "2.24", 0)


@pytest.mark.parametrize("rounding", [2, -2])
def test_the_rounding_of_a_return_may_have_either_sign(rounding: int) -> None:
    back = order(
        returns=[
            {
                "return_line_items": [line("1", 500)],
                "rounding_adjustment": {"amount_money": money(rounding)},
            }
        ],
        return_amounts={"total_money": money(502)},
    )
    assert figures(receipts_of(back)[0])[1] == "5.02"


def test_the_tax_of_an_apportioned_charge_is_on_the_lines_alone() -> None:
    share = {"tax_uid": "t", "applied_money": money(102)}
    sold = line(
        "1",
        1000,
        total_money=money(1122),
        total_tax_money=money(102),
        total_service_charge_money=money(20),
        applied_taxes=[share],
    )
    charge = {
        "uid": "s",
        "treatment_type": "APPORTIONED_TREATMENT",
        "applied_money": money(20),
        "total_tax_money": money(2),
        "total_money": money(22),
        "applied_taxes": [{"tax_uid": "t", "applied_money": money(2)}],
    }
    receipt = receipts_of(
        order(
            line_items=[sold],
            service_charges=[charge],
            taxes=[
                {"uid": "t", "type": "ADDITIVE", "percentage": "10", "applied_money": money(102)}
            ],
            total_money=money(1122),
            total_tax_money=money(102),
        )
    )[0]
    assert (receipt["surcharge"], receipt["surcharge_tax"], receipt["total_tax"]) == (
        "0.20",
        "0.00",
        "1.02",
    )
    assert bridge(receipt) == 0


def test_a_charge_of_its_own_that_names_its_lines_is_in_no_line() -> None:
    """A line names the charges applied to it; only apportioned ones are in its total."""
    sold = line("1", 1000, applied_service_charges=[{"service_charge_uid": "s"}])
    sold["applied_service_charges"][0]["applied_money"] = money(180)
    charge = {"uid": "s", "type": "AUTO_GRATUITY", "applied_money": money(180)}
    receipt = receipts_of(
        order(line_items=[sold], service_charges=[charge], total_money=money(1180))
    )[0]
    assert receipt["surcharge"] == "1.80" and bridge(receipt) == 0


def test_a_voided_card_and_a_failed_refund_moved_no_money() -> None:
    voided = tender(500, card_details={"status": "VOIDED"})
    receipt = receipts_of(
        order(line_items=[line("1", 500)], total_money=money(500), tenders=[voided, tender(500)])
    )[0]
    assert figures(receipt)[-1] == "5.00"


def test_an_unknown_kind_of_line_is_kept_and_named() -> None:
    combo = order(line_items=[line("1", 900, item_type="COMBO")], total_money=money(900))
    combo["tenders"] = [tender(900)]
    record = reader.read_record(json.dumps(combo).encode())
    assert reader.find_unknown([record], is_first=True) == {"line_items.item_type=COMBO": "A"}
    assert figures(receipts_of(combo)[0])[1] == "9.00"
    new = reader.read_record(json.dumps(order(loyalty={"x": 1})).encode())
    assert reader.find_unknown([new], is_first=True) == {"loyalty": "A"}
    assert reader.find_unknown([new] * 40, is_first=False) == {"loyalty": "A"}
    tenders = [{**tender(0), "type": f"COIN_{name}"} for name in "fbdace"]
    coins = reader.read_record(json.dumps(order(tenders=tenders)).encode())
    assert list(reader.find_unknown([coins], is_first=True)) == [
        f"tenders.type=COIN_{name}" for name in "abcdef"
    ]


def test_samples_of_a_page_reach_to_its_end() -> None:
    records = [
        reader.read_record(json.dumps(order(id=f"{n}", **{f"new_{n}": 1})).encode())
        for n in range(20 * SAMPLES)
    ]
    unknown = reader.find_unknown(records, is_first=False)
    assert unknown == {f"new_{n}": f"{n}" for n in range(0, 20 * SAMPLES, 20)}


def test_a_tip_that_only_the_payment_names_is_a_tip() -> None:
    tipped = order(line_items=[line("1", 500)], tenders=[tender(600, tip_money=money(100))])
    (receipt,) = receipts_of(tipped)  # an excerpt, without totals
    assert (receipt["total_money"], receipt["tip"], bridge(receipt)) == ("6.00", "1.00", 0)


GOOD = order(
    line_items=[
        line(
            "1",
            1000,
            quantity="2",
            base_price_money=money(500),
            total_discount_money=money(100),
            applied_discounts=[{"discount_uid": "d", "applied_money": money(100)}],
            total_tax_money=money(90),
            applied_taxes=[{"tax_uid": "t", "applied_money": money(90)}],
            total_money=money(990),
        )
    ],
    taxes=[{"uid": "t", "type": "ADDITIVE", "percentage": "10", "applied_money": money(90)}],
    discounts=[{"uid": "d", "name": "Club", "type": "FIXED_AMOUNT", "applied_money": money(100)}],
    total_money=money(990),
    total_tax_money=money(90),
    total_discount_money=money(100),
    net_amounts={"total_money": money(990)},
    tenders=[
        tender(
            990,
            "CASH",
            cash_details={"buyer_tendered_money": money(1000), "change_back_money": money(10)},
        )
    ],
)
RETURN = order(
    returns=[
        {
            "return_line_items": [
                line(
                    "1",
                    500,
                    total_tax_money=money(50),
                    applied_taxes=[{"tax_uid": "t", "applied_money": money(50)}],
                    total_money=money(550),
                )
            ],
            "return_taxes": [{"uid": "t", "type": "ADDITIVE", "applied_money": money(50)}],
        }
    ],
    return_amounts={"total_money": money(550)},
)


def _line(order: Json) -> Json:
    return order["line_items"][0]


def _set(place: Callable[[Json], Json], name: str, units: int) -> Callable[[Json], None]:
    return lambda order: place(order).update({name: money(units)})


@pytest.mark.parametrize(
    ("law", "good", "spoil"),
    [
        ("L1", GOOD, _set(_line, "variation_total_price_money", 1001)),
        ("L3", GOOD, _set(_line, "total_money", 991)),
        ("L4", GOOD, _set(_line, "total_tax_money", 91)),
        ("L5", GOOD, lambda o: _line(o)["applied_discounts"][0].update(applied_money=money(90))),
        ("O1", GOOD, _set(lambda o: o, "total_money", 995)),
        ("O2", GOOD, _set(lambda o: o, "total_tax_money", 91)),
        ("O3", GOOD, _set(lambda o: o, "total_discount_money", 99)),
        ("O4", GOOD, _set(lambda o: o["taxes"][0], "applied_money", 89)),
        ("O4", GOOD, _set(lambda o: o["discounts"][0], "applied_money", 99)),
        ("O5", GOOD, _set(lambda o: o["net_amounts"], "total_money", 900)),
        ("O6", GOOD, lambda o: o.update(tenders=[tender(989)])),
        ("O8", GOOD, lambda o: o["tenders"][0]["cash_details"].update(change_back_money=money(9))),
        ("R1", RETURN, _set(lambda o: o["returns"][0]["return_line_items"][0], "total_money", 551)),
        ("R2", RETURN, _set(lambda o: o["return_amounts"], "total_money", 560)),
    ],
)
def test_an_order_that_breaks_a_law_is_refused_by_its_name(
    law: str, good: Json, spoil: Callable[[Json], None]
) -> None:
    assert len(receipts_of(good)) == 1
    bad = copy.deepcopy(good)
    spoil(bad)
    with pytest.raises(NotCanonicalError) as refused:
        receipts_of(bad)
    assert refused.value.reason == f"law_{law}" and law in refused.value.detail


@pytest.mark.parametrize(
    "body", [b"{", b"[]", b"null", b'{"order": 1}', b'{"line_items": 7}', b"\xff"]
)
def test_what_is_no_order_is_refused_or_makes_nothing(body: bytes) -> None:
    record = reader.read_record(body)
    assert record.body == body and record.number is None
    try:
        assert reader.translator({})(body) == []
    except NotCanonicalError as error:
        assert error.reason in {"not_json", "not_an_object"}


def test_a_shop_with_all_that_only_square_has_closes_its_bridge() -> None:
    """Exchanges, amount refunds, gift cards, charges, tips, openings of the drawer, open orders."""
    shop, now = Shop(seed=11, opened=date(2026, 9, 20), receipts_per_day=25), instant("2026-10-12")
    with serving("square", shop, now, events=True) as source:
        reading = read(source, "square", instant("2026-09-20"), now)
    to_canonical, rules = reader.translator(reading.catalog().raw), rules_of("square")
    kinds: dict[str, int] = {}
    for record in reading.records:
        try:
            lines = to_canonical(record.body)
        except NotCanonicalError as error:
            assert error.reason == "paid_not_closed", error
            kinds["open"] = kinds.get("open", 0) + 1
            continue
        for body in lines:
            assert isinstance(validate_record(body, rules), bytes)
            receipt = json.loads(body)
            assert abs(bridge(receipt)) <= Decimal("0.25")
            paid = sum(Decimal(row["money_amount"]) for row in receipt["payments"])
            assert receipt["cancelled_at"] or paid == Decimal(receipt["total_money"])
            for kind, holds in (
                ("exchange", receipt["receipt_number"].endswith("/R")),
                ("gift card", Decimal(receipt["gift_cards"]) != 0),
                ("surcharge", Decimal(receipt["surcharge"]) != 0),
                ("rounding", bridge(receipt) != 0),
                ("tip", Decimal(receipt["tip"]) != 0),
                (receipt["receipt_type"], True),
            ):
                kinds[kind] = kinds.get(kind, 0) + holds
    assert all(
        kinds.get(kind) for kind in ("exchange", "gift card", "surcharge", "rounding", "tip")
    )
    assert kinds["REFUND"] > 5 and kinds["SALE"] > 300 and kinds["open"]
    assert reader.find_unknown(reading.records, is_first=True) == {}


def test_the_catalog_keeps_listed_fields_only_and_nobody_is_named() -> None:
    shop, now = Shop(seed=11, opened=date(2026, 9, 20), receipts_per_day=5), instant("2026-10-12")
    with serving("square", shop, now) as source:
        lists = source.catalog()
    assert set(lists) == set(FIELDS)
    for name, rows in lists.items():
        assert all(set(json.loads(row)) <= {*FIELDS[name], "name"} for row in rows)
        has_names = name in ("stores", "employees")
        assert all(bool(json.loads(row).get("name")) is has_names for row in rows), name
    team = b"".join(lists["employees"])
    assert b"given_name" not in team
    assert team and b"@" not in team and b"family_name" not in team


def test_personal_data_is_removed_wherever_it_stands() -> None:
    notes = {
        "tenders": [{"note": "Ann"}, {"note": "Bob", "card_details": {"card": {"last_4": "1"}}}]
    }
    aged = json.loads(reader.remove_personal_data(json.dumps(notes).encode()))
    assert aged == {"tenders": [{"note": None}, {"note": None, "card_details": {"card": None}}]}


def test_personal_data_is_removed_and_no_figure_changes() -> None:
    fulfillment = {"type": "PICKUP", "pickup_details": {"recipient": {"display_name": "Ann"}}}
    named = GOOD | {"customer_id": "c1", "fulfillments": [fulfillment], "note": "for Ann"}
    body = json.dumps(named, separators=(",", ":")).encode()
    aged = reader.remove_personal_data(body)
    assert b"Ann" not in aged and reader.remove_personal_data(aged) == aged
    assert reader.translator({})(aged) == reader.translator({})(body)
    erased = reader.remove_customers(body, lambda customer: customer == "c1")
    assert b"c1" not in erased and reader.remove_customers(body, lambda _: False) == body


def test_an_excerpt_without_times_of_its_own_has_those_of_its_first_payment() -> None:
    tenders = [{"created_at": f"2026-10-01T1{hour}:00:00Z"} for hour in (3, 2, 4)]
    record = reader.read_record(json.dumps({"id": "a", "tenders": tenders}).encode())
    first = instant("2026-10-01T12:00:00Z")
    assert (record.created_at, record.updated_at, record.received_at) == (first, first, first)
    assert record.sold_at == instant("2026-10-01T14:00:00Z")


@pytest.mark.parametrize("quantity", [1, 2])
@pytest.mark.parametrize("field", ["variation_total_price_money", "gross_sales_money", None])
@pytest.mark.parametrize(("added", "kind"), [(100, "ADDED"), (0, "INCLUDED")])
def test_an_unnamed_tax_is_added_where_the_total_says_so(
    quantity: int, field: str | None, added: int, kind: str
) -> None:
    """Whichever field names the gross amount of the line; without one, price times quantity."""
    units = 500 * quantity
    sold = line("1", 500, quantity=str(quantity), total_tax_money=money(100))
    del sold["variation_total_price_money"]
    sold |= {"total_money": money(units + added)} | ({field: money(units)} if field else {})
    (receipt,) = receipts_of(
        order(
            line_items=[sold],
            tenders=[tender(units + added)],
            total_money=money(units + added),
            total_tax_money=money(100),
        )
    )
    assert [tax["type"] for tax in receipt["total_taxes"]] == [kind]
    assert bridge(receipt) == 0


def test_no_field_and_no_kind_of_the_fixtures_is_unknown() -> None:
    bodies = [json.dumps(fixed).encode() for name in EXPECTED for fixed in orders_of(name)]
    records = [reader.read_record(body) for body in bodies]
    assert reader.find_unknown(records, is_first=True) == {}


def test_the_fee_is_that_of_the_payment_else_that_of_its_tender_else_unknown() -> None:
    tenders = [
        {**tender(100), "id": "p1", "processing_fee_money": money(9)},
        {**tender(100), "id": "p2", "processing_fee_money": money(4)},
        {**tender(100), "id": "p3"},
    ]
    sold = order(line_items=[line("1", 300)], tenders=tenders, total_money=money(300))
    fees = [{"amount_money": money(2)}, {"amount_money": money(1)}]
    payments = [{"id": "p1", "processing_fee": fees}]
    (receipt,) = receipts_of({"order": sold, "payments": payments, "refunds": []})
    assert [payment["fee"] for payment in receipt["payments"]] == ["0.03", "0.04", None]


@pytest.mark.parametrize(("quantity", "expected"), [("2.5", "2.5000"), (None, "1.0000")])
def test_a_line_has_the_quantity_of_the_order_else_one(quantity: str | None, expected: str) -> None:
    sold = line("1", 500, quantity=quantity, base_price_money=money(200 if quantity else 500))
    (receipt,) = receipts_of(
        order(line_items=[sold], tenders=[tender(500)], total_money=money(500))
    )
    assert [row["quantity"] for row in receipt["line_items"]] == [expected]
