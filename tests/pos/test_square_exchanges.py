"""An order is counted or rejected as a whole: its newest record decides for sale and return."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pipeline.pos.source import number_reader
from pipeline.pos.square import reader
from pipeline.transform import Catalog, Raw, before_history, build_day, explain
from pipeline.transform.build_days import BuiltDay
from pipeline.transform.split_day import build_chunk, merge_parts
from tests.pos.two_apis import rules_of

Json = dict[str, Any]
DAY = date(2026, 10, 1)
RULES = replace(rules_of("square"), default=replace(rules_of("square").default, currency="USD"))
assert RULES.number_of
NOTHING = Catalog.read(b"{}")


def money(units: int) -> Json:
    return {"amount": units, "currency": "USD"}


def line(units: int, *, is_bad: bool = False) -> Json:
    """A line; a bad one breaks no law of Square, but a rule of canonical receipts."""
    amounts = ("base_price_money", "variation_total_price_money", "total_money")
    row: Json = {
        "uid": "a",
        "name": "Coat",
        "quantity": "1",
        **dict.fromkeys(amounts, money(units)),
    }
    if is_bad:
        row["applied_taxes"] = [{"tax_uid": "t", "applied_money": money(0)}]
    return row


BAD_TAX = [{"uid": "t", "type": "ADDITIVE", "percentage": "123456", "applied_money": money(0)}]
KINDS = {
    "sale": (True, False),
    "return": (False, True),
    "exchange": (True, True),
    "law": (True, True),
    "bad sale": (True, True),
    "bad return": (True, True),
    "both bad": (True, True),
    "only bad": (True, False),
    "rounded": (True, True),
}
"""Whether an order of a kind sells, and whether it takes back."""
REJECTED = {"law", "bad sale", "bad return", "both bad", "only bad", "rounded"}


def total_of(kind: str, minute: int) -> int:
    """The total of the sale: of some kinds not that of its lines."""
    return 1000 + minute + {"law": 1, "rounded": 500}.get(kind, 0)


def order(kind: str, minute: int, number: str = "X") -> Json:
    """An order as it was after `minute` minutes; each amount differs by the minute."""
    sells, returns = KINDS[kind]
    sold, returned = 1000 + minute, 400 + minute
    moment = "2026-10-01T15:00:00Z"
    fields: Json = {"id": number, "location_id": "L", "state": "COMPLETED"}
    fields |= {
        "created_at": moment,
        "closed_at": moment,
        "updated_at": f"2026-10-01T15:{minute:02d}:00Z",
    }
    if sells:
        is_bad = kind in ("bad sale", "both bad", "only bad")
        fields["line_items"] = [line(sold, is_bad=is_bad)]
        fields["taxes"] = BAD_TAX if is_bad else []
        fields["total_money"] = money(total_of(kind, minute))
        if kind == "rounded":
            fields["rounding_adjustment"] = {"amount_money": money(500)}
        fields["tenders"] = [{"type": "CASH", "amount_money": money(sold - returns * returned)}]
    if returns:
        is_bad = kind in ("bad return", "both bad", "rounded")
        entry = {"return_line_items": [line(returned, is_bad=is_bad)]}
        fields["returns"] = [entry | {"return_taxes": BAD_TAX if is_bad else []}]
        fields["return_amounts"] = {"total_money": money(returned)}
    return fields


def raws_of(records: list[tuple[str, Json]]) -> list[Raw]:
    """The records in raw objects, each with the name of its partition."""
    texts: dict[str, bytes] = {}
    for partition, record in records:
        texts[partition] = texts.get(partition, b"") + json.dumps(record).encode() + b"\n"
    name = "raw/receipts/sold=2026-10-01/{}.x.ndjson.zst"
    return [Raw(partition, name.format(partition), body) for partition, body in texts.items()]


def rows(table: pa.Table, *names: str) -> list[tuple[Any, ...]]:
    return sorted(zip(*(table[name].to_pylist() for name in names), strict=True))


def check_whole(built: BuiltDay, kinds: list[str], number: str = "X") -> None:
    """The newest of the revisions, at minutes 0, 1, ..., counts as a whole, and nothing else."""
    newest, minute = kinds[-1], len(kinds) - 1
    sells, returns = KINDS[newest]
    counted = rows(built.receipts, "receipt_number", "receipt_type", "total")
    own = [row for row in counted if row[0].removesuffix("/R") == number]
    rejected = rows(built.quarantine, "receipt_number", "receipt_type", "total", "verbatim")
    rejected = [row for row in rejected if row[0].removesuffix("/R") == number]
    if newest in REJECTED:
        assert own == []
        ((_, kind, total, verbatim),) = rejected
        assert (rejected[0][0], kind) == (number, "SALE")
        assert int(total * 100) == total_of(newest, minute)
        assert json.loads(verbatim) == order(newest, minute, number)
        return
    cents = Decimal(minute) / 100
    sale = [(number, "SALE", 10 + cents)] if sells else []
    refund = [(number + "/R" * sells, "REFUND", -4 - cents)] if returns else []
    assert (own, rejected) == (sale + refund, [])


HISTORIES = st.lists(st.sampled_from(sorted(KINDS)), min_size=1, max_size=4)


@given(
    kinds=HISTORIES,
    others=HISTORIES,
    places=st.lists(st.sampled_from(["2026-10-01", "2026-10-02"]), min_size=8, max_size=8),
    chunks=st.integers(1, 3),
)
@example(["exchange", "law"], ["sale"], ["2026-10-01"] * 8, 1)
@example(["sale", "exchange", "exchange"], ["both bad"], ["2026-10-01"] * 8, 2)
@example(["exchange", "rounded"], ["bad sale"], ["2026-10-01"] * 8, 1)
@example(["exchange", "return"], ["bad return"], ["2026-10-01"] * 8, 1)
def test_the_newest_record_of_an_order_decides_for_its_sale_and_its_return(
    kinds: list[str], others: list[str], places: list[str], chunks: int
) -> None:
    records = [order(kind, minute) for minute, kind in enumerate(kinds)]
    records += [order(kind, minute, "Y") for minute, kind in enumerate(others)]
    raws = raws_of([*zip(places, records, strict=False), ("2026-10-03", records[0])])
    built = build_day(DAY, raws, NOTHING, RULES)
    check_whole(built, kinds)
    check_whole(built, others, "Y")
    assert built.metadata["superseded"] == len(records) - 2, "a copy of a revision counts once"
    assert built.metadata["counted"] == built.receipts.num_rows
    assert built.metadata["quarantined"] == built.quarantine.num_rows
    parts = [
        part
        for chunk in range(chunks)
        for part in build_chunk(DAY, raws, NOTHING, RULES, chunk, chunks)
    ]
    merged = merge_parts(parts)
    assert merged.metadata == built.metadata
    assert merged.quarantine.to_pylist() == built.quarantine.to_pylist()
    older = before_history(raws, RULES, DAY + timedelta(days=1))
    table = [built.receipts, built.quarantine]
    assert sorted(older["receipt_number"].to_pylist()) == sorted(
        number for each in table for number in each["receipt_number"].to_pylist()
    )


def test_a_rejected_order_has_one_row_also_if_its_date_is_unreadable() -> None:
    raw = Raw(
        "2026-10-01",
        "raw/receipts/sold=unknown/2026-10-01.x.ndjson.zst",
        json.dumps(order("exchange", 0)).encode() + b"\n",
    )
    built = build_day(DAY, [raw], NOTHING, RULES)
    assert rows(built.quarantine, "receipt_number", "reason") == [("X", "unplaced_date")]
    assert built.receipts.num_rows == 0


def test_the_reason_is_that_of_the_half_that_is_rejected() -> None:
    for kind, rejected in (("bad sale", "SALE"), ("bad return", "REFUND")):
        built = build_day(DAY, raws_of([("2026-10-01", order(kind, 0))]), NOTHING, RULES)
        ((reason, pointer),) = rows(built.quarantine, "reason", "pointer")
        assert (reason, pointer) == ("out_of_range", "/total_taxes/0/rate"), rejected


@pytest.mark.parametrize("number", ["X", "X/R"])
def test_both_numbers_of_an_exchange_are_explained(number: str) -> None:
    raws = raws_of([("2026-10-01", order(kind, n)) for n, kind in enumerate(["sale", "exchange"])])
    explanation = explain(number, raws, NOTHING, RULES)
    assert explanation.receipt and explanation.receipt["receipt_number"] == number
    assert explanation.revisions == 2
    raws = raws_of([("2026-10-01", order(kind, n)) for n, kind in enumerate(["exchange", "law"])])
    explanation = explain(number, raws, NOTHING, RULES)
    assert explanation.rejection and explanation.rejection.reason == "law_O1"


def test_numbers_of_a_point_of_sale_without_exchanges_stay_apart() -> None:
    """A suffix means something only where a reader writes it."""
    assert number_reader(reader)(json.dumps(order("exchange", 0)).encode()) == b"X"
    loyverse = rules_of("loyverse")
    body = (
        b'{"receipt_number":"%s","receipt_type":"SALE","store_id":"s","created_at":"%s",'
        b'"updated_at":"%s","receipt_date":"%s","total_money":0,"total_tax":0,"total_discount":0,'
        b'"tip":0,"surcharge":0,"total_discounts":[],"total_taxes":[],"line_items":[],"payments":[]}\n'
    )
    moment = b"2026-10-01T15:00:00Z"
    later = b"2026-10-01T16:00:00Z"
    bodies = body % (b"X", moment, moment, moment) + body % (b"X/R", moment, later, moment)
    raw = Raw("2026-10-01", "raw/receipts/sold=2026-10-01/2026-10-01.x.ndjson.zst", bodies)
    built = build_day(DAY, [raw], NOTHING, loyverse)
    assert built.metadata == {"received": 2, "counted": 2, "quarantined": 0, "superseded": 0}
