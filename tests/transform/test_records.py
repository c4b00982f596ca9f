"""Each record against the rules: checked by columns and alone, the result is the same, and the
other records of a page are not affected.
"""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kitchen import line as sold
from kitchen import receipt as simple
from shops import DAY, encode, receipt_of

from pipeline.transform import Catalog, Raw, Rules, Store, build_day, read_menu
from pipeline.transform.nested import receipts_of
from pipeline.transform.parse import parse, parse_all
from pipeline.transform.validate_columns import validate_columns
from pipeline.transform.validate_record import RejectedRecord, validate_record
from tests.support.inputs import tries

YEN = Store("Asia/Tokyo", time(0), "JPY", 0)
RULES = Rules({"yen": YEN}, Store("UTC", time(0), "MXN", 2), read_menu("", "menu.toml"), 2)

# JSON values, one a line, and two texts that are not UTF-8
LITERALS = [
    *Path(__file__).with_name("literals.txt").read_text().splitlines(),
    '"caf\udce9"',
    '"\udced\udca0\udc80"',
]
NO_CATALOG = Catalog.read(b"{}")
FIXTURE = Path(__file__).parents[1] / "fixtures" / "receipts_page.json"


def receipt(seed: int = 0, **changes) -> dict:
    """A receipt that every rule accepts."""
    rng = random.Random(seed)
    return {**receipt_of(rng, "1-1", {}, RULES.default), **changes}


def paths(value: object, path: tuple = ()) -> list[tuple]:
    below = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    return [p for key, row in below for p in ((*path, key), *paths(row, (*path, key)))]


class Verbatim(str):
    """JSON text to stand in a record as it is."""


def write(value: object) -> str:
    """JSON of a record in which some values are given verbatim, and a key may be a pair with a
    number to be written twice.
    """
    if isinstance(value, Verbatim):
        return str(value)
    if isinstance(value, dict):
        return (
            "{"
            + ", ".join(
                f"{json.dumps(key.split(chr(0))[0])}: {write(row)}" for key, row in value.items()
            )
            + "}"
        )
    if isinstance(value, list):
        return "[" + ", ".join(map(write, value)) + "]"
    return encode({"": value}).decode()[5:-1]


def change(record: dict, path: tuple, how: str, literal: str) -> bytes:
    target = record
    for key in path[:-1]:
        target = target[key]
    if how == "drop":
        del target[path[-1]]
    elif how == "twice" and isinstance(target, dict):
        target[f"{path[-1]}\0"] = target[path[-1]]
    elif how == "unknown" and isinstance(target, dict):
        target["brand new"] = Verbatim(literal)
    else:
        target[path[-1]] = Verbatim(literal)
    return write(record).encode("utf-8", "surrogateescape")


def parsed(body: bytes) -> pa.RecordBatch | None:
    try:
        return parse(body + b"\n", 2)
    except (pa.ArrowInvalid, pa.ArrowKeyError):
        return None


def accepted(batch: pa.RecordBatch | None) -> bool:
    return batch is not None and not validate_columns(receipts_of(batch), RULES).any()


def check(body: bytes) -> None:
    fast, verdict = parsed(body), validate_record(body, RULES)
    if isinstance(verdict, RejectedRecord):
        assert not accepted(fast), f"the columns accept what the record check refuses: {verdict}"
        return
    again = parsed(verdict.rstrip(b"\n"))
    assert accepted(again), "the record check accepts what the columns refuse"
    if fast is not None:
        assert accepted(fast) and fast.equals(again)


@settings(max_examples=tries(80, 400), deadline=None)
@given(st.integers(0, 60), st.data())
def test_both_paths_decide_alike(seed, data):
    record = receipt(seed)
    path = data.draw(st.sampled_from(paths(record)))
    how = data.draw(
        st.sampled_from(["literal", "literal", "literal", "literal", "drop", "twice", "unknown"])
    )
    literal = data.draw(
        st.one_of(
            st.sampled_from(LITERALS),
            st.text(max_size=5).map(json.dumps),
            st.decimals(-(10**13), 10**13, places=3).map(str),
            st.floats().map(json.dumps),
        )
    )
    check(change(record, path, how, literal))


@pytest.mark.parametrize(
    "name",
    [
        "total_money",
        "receipt_number",
        "receipt_date",
        "cancelled_at",
        "note",
        "receipt_type",
        "line_items",
        "store_id",
        "total_discounts",
    ],
)
def test_every_literal_in_every_kind_of_field(name):
    for literal in LITERALS:
        check(change(receipt(3), (name,), "literal", literal))


@pytest.mark.parametrize("name", sorted(receipt(3)))
def test_a_missing_field_is_missing_or_allowed_to_be(name):
    record = receipt(3)
    del record[name]
    verdict = validate_record(encode(record), RULES)
    check(encode(record))
    optional = (
        "note refund_for order cancelled_at source points_earned customer_id employee_id"
        " pos_device_id dining_option"
    )
    if name in optional.split():
        assert not isinstance(verdict, RejectedRecord)
    else:
        assert (verdict.reason, verdict.pointer) == ("missing_field", f"/{name}")


SIMPLE = simple(sold("Taco", 10), payments=[])


@pytest.mark.parametrize(
    ("path", "literal", "reason", "pointer"),
    [
        (("total_money",), "true", "wrong_type", "/total_money"),
        (("total_money",), '"10.00"', None, None),
        (("total_money",), '"ten"', "not_a_number", "/total_money"),
        (("total_money",), "NaN", "not_a_number", "/total_money"),
        (("note",), "NaN", None, None),
        (("total_money",), "10.001", "excess_precision", "/total_money"),
        (("total_money",), "10.000", None, None),
        (("total_money",), "10.50", None, None),  # cash rounding
        (("total_money",), "11.00", None, None),
        (("total_money",), "11.01", "totals_differ", "/total_money"),
        (("total_money",), "9.00", None, None),
        (("total_money",), "8.99", "totals_differ", "/total_money"),
        (("total_money",), "9" * 20, "out_of_range", "/total_money"),
        (("total_tax",), "0.01", "totals_differ", "/total_tax"),
        (("total_discount",), "1", "totals_differ", "/total_discount"),
        (
            ("total_taxes",),
            '[{"type": "ADDED", "name": "t", "rate": 1, "money_amount": 1}]',
            "totals_differ",
            "/total_taxes",
        ),
        (("receipt_type",), '"VOID"', "unknown_value", "/receipt_type"),
        (("receipt_type",), "null", "null_value", "/receipt_type"),
        (("receipt_number",), '""', "empty", "/receipt_number"),
        (("receipt_number",), "17", "wrong_type", "/receipt_number"),
        (("receipt_number",), '"\\ud800"', "bad_text", "/receipt_number"),
        (("receipt_date",), '"1970-01-01T00:00:00Z"', "implausible_date", "/receipt_date"),
        (("receipt_date",), '"2009-12-31T23:59:59Z"', "implausible_date", "/receipt_date"),
        (("receipt_date",), '"2099-01-01T00:00:00Z"', "implausible_date", "/receipt_date"),
        (("receipt_date",), '"yesterday"', "unreadable_date", "/receipt_date"),
        (("updated_at",), '""', "unreadable_date", "/updated_at"),
        (("line_items",), "[null]", "null_value", "/line_items/0"),
        (("line_items",), "{}", "wrong_type", "/line_items"),
        (("line_items", 0, "quantity"), "1.23456", "excess_precision", "/line_items/0/quantity"),
        (("line_items", 0, "quantity"), "null", "null_value", "/line_items/0/quantity"),
        (("line_items", 0, "item_name"), "[]", "wrong_type", "/line_items/0/item_name"),
        (("line_items", 0, "cost"), "null", None, None),
        (("line_items", 0, "cost"), "1.234567", None, None),
        (("line_items", 0, "cost"), "1.2345678", "excess_precision", "/line_items/0/cost"),
        (("line_items", 0, "cost"), "-56204973375071.125", "out_of_range", "/line_items/0/cost"),
        (
            ("line_items", 0, "line_taxes"),
            '[{"type": "OTHER", "money_amount": 0}]',
            "unknown_value",
            "/line_items/0/line_taxes/0/type",
        ),
        (("note",), "{" * 3, "not_json", ""),
        (("note",), '"\\ud800"', None, None),
        (("note",), "[" * 100_000 + "]" * 100_000, "too_deep", ""),
    ],
)
def test_the_rule_table(path, literal, reason, pointer):
    record = json.loads(json.dumps(SIMPLE))
    body = change(record, path, "literal", literal)
    if reason != "too_deep":
        check(body)
        verdict = validate_record(body, RULES)
        assert (getattr(verdict, "reason", None), getattr(verdict, "pointer", None)) == (
            reason,
            pointer,
        )
    else:
        assert validate_record(body, RULES).reason == reason


@pytest.mark.parametrize(
    ("name", "reason"), [("tip", "duplicate_key"), ("line_items", "duplicate_key"), ("note", None)]
)
def test_a_key_that_is_read_may_stand_once(name, reason):
    body = change(json.loads(json.dumps({**SIMPLE, "note": "x"})), (name,), "twice", "")
    check(body)
    assert getattr(validate_record(body, RULES), "reason", None) == reason


def test_yen_have_no_decimals():
    record = json.loads(json.dumps({**SIMPLE, "store_id": "yen"}))
    assert not isinstance(validate_record(json.dumps(record).encode(), RULES), RejectedRecord)
    record["line_items"][0]["price"] = 9.5
    body = json.dumps(record).encode()
    check(body)
    assert (validate_record(body, RULES).reason, validate_record(body, RULES).pointer) == (
        "excess_precision",
        "/line_items/0/price",
    )


def page(*bodies: bytes, name: str = "raw/receipts/sold=2024-09-08/b.0.0.ndjson.zst") -> list[Raw]:
    return [Raw("2024-09-08", name, b"".join(body + b"\n" for body in bodies))]


def numbered(n: int, **changes) -> bytes:
    sold = datetime.combine(DAY, time(12), UTC) + timedelta(minutes=n)
    stamps = dict.fromkeys(("created_at", "updated_at", "receipt_date"), sold.isoformat())
    return encode({**SIMPLE, **stamps, "receipt_number": f"1-{n}", **changes})


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.booleans(), max_size=40),
    st.sampled_from(
        [b"{", b"null", b"[]", b'"x"', b"{}{}", b'{"receipt_number": Nan}', b"\xff\xfe"]
    ),
)
def test_bad_records_are_kept_apart_and_the_page_goes_on(bad, junk):
    bodies = [junk if is_bad else numbered(n) for n, is_bad in enumerate(bad, 1)]
    result = build_day(DAY, page(*bodies), NO_CATALOG, RULES)
    assert result.receipts.column("receipt_number").to_pylist() == [
        f"1-{n}" for n, is_bad in enumerate(bad, 1) if not is_bad
    ]
    records = result.quarantine.column("record").to_pylist()
    assert [int(text.rsplit("#", 1)[1]) for text in records] == [
        n for n, is_bad in enumerate(bad, 1) if is_bad
    ]
    assert set(result.quarantine.column("verbatim").to_pylist()) <= {
        junk.decode("utf-8", "backslashreplace")
    }
    assert result.metadata == {
        "received": len(bad),
        "counted": bad.count(False),
        "quarantined": bad.count(True),
        "superseded": 0,
    }


def test_quarantine_says_what_can_be_read():
    body = numbered(7, receipt_type="REFUND", total_tax=3)
    (row,) = build_day(DAY, page(body), NO_CATALOG, RULES).quarantine.to_pylist()
    assert row == {
        "business_day": DAY,
        "store_id": "s1",
        "receipt_number": "1-7",
        "receipt_type": "REFUND",
        "reason": "totals_differ",
        "pointer": "/total_tax",
        "detail": "3.00",
        "total": Decimal("-10.00"),
        "raw_partition": "2024-09-08",
        "record": "raw/receipts/sold=2024-09-08/b.0.0.ndjson.zst#1",
        "verbatim": body.decode(),
    }


def test_copies_of_one_revision_replace_nothing():
    old, later = numbered(1), numbered(1, updated_at="2024-09-09T00:00:00Z")
    for records, superseded in (
        ((old, old), 0),
        ((old, later, old, later), 1),
        ((later, later, numbered(2)), 0),
    ):
        assert (
            build_day(DAY, page(*records), NO_CATALOG, RULES).metadata["superseded"] == superseded
        )


def test_the_newest_revision_decides_also_when_it_cannot_be_read():
    old, later = numbered(1), numbered(1, tip="?", updated_at="2024-09-09T00:00:00Z")
    result = build_day(DAY, page(old, later), NO_CATALOG, RULES)
    assert result.metadata == {"received": 1, "counted": 0, "quarantined": 1, "superseded": 1}
    mended = numbered(1, updated_at="2024-09-10T00:00:00Z")
    result = build_day(DAY, page(old, later, mended), NO_CATALOG, RULES)
    assert result.metadata == {"received": 1, "counted": 1, "quarantined": 0, "superseded": 2}
    nowhere = numbered(1, store_id=None, updated_at="2024-09-11T00:00:00Z")
    assert build_day(DAY, page(old, nowhere), NO_CATALOG, RULES).metadata["quarantined"] == 1


def test_records_without_a_date_belong_to_the_day_of_their_partition():
    undated = numbered(1, receipt_date="soon")
    unknown = page(undated, numbered(2), name="raw/receipts/sold=unknown/b.0.0.ndjson.zst")
    result = build_day(DAY, unknown, NO_CATALOG, RULES)
    assert result.quarantine.column("reason").to_pylist() == ["unreadable_date", "unplaced_date"]
    assert (
        build_day(DAY + timedelta(days=9), unknown, NO_CATALOG, RULES).metadata["quarantined"] == 2
    )
    names = page(undated)
    assert build_day(DAY, names, NO_CATALOG, RULES).metadata["quarantined"] == 0, (
        "a copy, which is there to supersede: test_forwarded.py"
    )
    assert build_day(DAY + timedelta(days=1), names, NO_CATALOG, RULES).metadata["quarantined"] == 0


def test_a_refused_page_costs_no_more_than_its_bad_records():
    bodies = [numbered(n) for n in range(300)]
    bodies[150] = b"{"
    assert build_day(DAY, page(*bodies), NO_CATALOG, RULES).metadata == {
        "received": 300,
        "counted": 299,
        "quarantined": 1,
        "superseded": 0,
    }


def test_the_fixtures_are_accepted_by_both_paths():
    for record in json.loads(FIXTURE.read_text(), parse_float=Decimal)["receipts"]:
        body = json.dumps(record, default=float).encode()
        check(body)
        assert not isinstance(validate_record(body, RULES), RejectedRecord)


def test_lines_longer_than_a_block_keep_their_object_and_place() -> None:
    """Objects that are parsed together give each row back to its own object."""
    short, long = (
        b'{"receipt_number":"1"}\n',
        b'{"receipt_number":"2","note":"%s"}' % (b"x" * (3 << 20)),
    )
    (parsed,), refused = parse_all([short * 2, long, short], 2)
    assert refused == [] and parsed.raw.tolist() == [0, 0, 1, 2]
    assert parsed.line.tolist() == [1, 2, 1, 1]
    assert parsed.batch.column("receipt_number").to_pylist() == ["1", "1", "2", "1"]
