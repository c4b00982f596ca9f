"""The compiled scanner against the reader that it stands before: what it takes it must read alike,
what is odd it must leave.
"""

from __future__ import annotations

import json
import random
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scanner import compiled
from shops import DAY, shop_of
from test_records import FIXTURE, LITERALS, RULES, accepted, change, numbered, page, paths, receipt
from test_simulator import raws

from pipeline.transform import clean, plain
from pipeline.transform.judge import Fault, judge
from pipeline.transform.read import parse, parse_json
from pipeline.transform.wire import receipt_schema

SCHEMA = receipt_schema(2)


@pytest.fixture(autouse=True, scope="module")
def scan():
    """With the scanner, whether it is installed or not."""
    if compiled() is None:
        pytest.skip("there is no C compiler, so there is no scanner")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plain, "scan", compiled())
        yield


def scanned(body: bytes):
    return plain.scan_page(body, SCHEMA, 2)


def numbered_dict() -> dict:
    return json.loads(numbered(1))


def zulu(record: dict) -> dict:
    """The record with its times as the API writes them."""
    return json.loads(json.dumps(record, default=float).replace("+00:00", "Z"))


def check(body: bytes) -> bool:
    """True where the scanner took the record; then it must be what the judge and the reader make of
    it.
    """
    found = scanned(body + b"\n")
    if found is None:
        return False
    try:
        found.validate(full=True)
    except ValueError:  # text that is not UTF-8: the page goes to the judge
        return False
    verdict = judge(body, RULES)
    if isinstance(verdict, Fault):
        assert not accepted(found), verdict
    else:
        assert accepted(found) and found.equals(parse_json(verdict, SCHEMA))
    return True


def test_real_pages_are_plain_and_read_alike():
    fixtures = "".join(
        json.dumps(record) + "\n" for record in json.loads(FIXTURE.read_text())["receipts"]
    ).encode()
    for body in (fixtures, *(raw.ndjson for raw in raws(date(2026, 7, 5)))):
        found = scanned(body)
        assert found is not None and found.equals(parse_json(body, SCHEMA))


@settings(max_examples=300, deadline=None)
@given(st.integers(0, 60), st.data())
def test_odd_records(seed, data):
    record = zulu(receipt(seed))
    assert check(json.dumps(record).encode())
    path = data.draw(st.sampled_from(paths(record)))
    how = data.draw(st.sampled_from(["literal", "literal", "literal", "drop", "twice", "unknown"]))
    literal = data.draw(
        st.one_of(
            st.sampled_from(LITERALS),
            st.text(max_size=9).map(json.dumps),
            st.floats().map(json.dumps),
        )
    )
    body = change(record, path, how, literal)
    if b"\n" not in body:
        check(body)


@pytest.mark.parametrize(
    "path",
    [
        ("total_money",),
        ("receipt_number",),
        ("receipt_date",),
        ("cancelled_at",),
        ("note",),
        ("line_items",),
        ("line_items", 0, "cost"),
        ("line_items", 0, "quantity"),
        ("line_items", 0, "line_modifiers"),
    ],
)
def test_every_literal_in_every_kind_of_field(path):
    record = zulu(numbered_dict())
    assert check(json.dumps(record).encode())
    for literal in LITERALS:
        check(change(json.loads(json.dumps(record)), path, "literal", literal))


@settings(max_examples=300, deadline=None)
@given(
    st.integers(0, 20),
    st.lists(
        st.tuples(st.floats(0, 1), st.binary(max_size=2), st.integers(0, 3)), min_size=1, max_size=3
    ),
)
def test_damaged_bytes(seed, damage):
    body = json.dumps(zulu(receipt(seed))).encode()
    for where, put, length in damage:
        at = int(where * len(body))
        body = body[:at] + put + body[at + length :]
    if b"\n" not in body and body:
        check(body)


def test_a_page_that_ends_anywhere():
    whole = json.dumps(zulu(receipt(3))).encode()
    assert all(scanned(whole[:cut]) is None for cut in range(1, len(whole)))


@pytest.mark.parametrize(
    "literal",
    [
        '"\\ud800"',
        '"a\tb"',
        "NaN",
        "[1,]",
        "[1 2]",
        '{"a" 1}',
        '{"a": 1,}',
        "01",
        "1.",
        "-",
        "tru",
        "[" * 70 + "]" * 70,
        '"\\x"',
        '"\\u12g4"',
    ],
)
def test_what_is_not_plain_is_left_alone_even_where_it_is_not_read(literal):
    assert scanned(change(zulu(receipt(3)), ("note",), "literal", literal) + b"\n") is None


@pytest.mark.parametrize(
    "literal",
    [
        '"\\u00e9\\n\\"\\/"',
        "[1, -2.5e+7, {}, []]",
        '{"a": {"a": null, "b": [true, false]}}',
        "1" * 400,
        '"🌮"',
    ],
)
def test_what_is_not_read_may_be_any_json(literal):
    assert check(change(zulu(receipt(3)), ("note",), "literal", literal))


def test_escapes_in_text_are_read():
    body = (
        change(
            zulu(receipt(3)),
            ("order",),
            "literal",
            r'"\u00e9\u20ac\ud83c\udf2e\u0041\n\t\r\b\f\"\\\/ñ"',
        )
        + b"\n"
    )
    assert (
        scanned(body).column("order").to_pylist()
        == ['é€🌮A\n\t\r\b\f"\\/ñ']
        == parse_json(body, SCHEMA).column("order").to_pylist()
    )


def test_one_odd_record_sends_its_page_the_other_way_and_changes_nothing():
    bodies = [json.dumps(zulu(json.loads(numbered(n)))).encode() for n in range(1, 30)]
    assert scanned(b"\n".join(bodies)) is not None
    bodies[10] = bodies[10].replace(b'"tip": 0', b'"tip": "0"')
    assert scanned(b"\n".join(bodies)) is None
    assert (
        clean(DAY, page(*bodies), shop_of(random.Random(1)).read_catalog(), RULES).facts["curated"]
        == 29
    )


def test_shops_are_the_same_with_and_without_it(monkeypatch):
    for seed in range(40):
        shop = shop_of(random.Random(seed))
        for day in (DAY - timedelta(days=1), DAY):
            made = []
            for scan in (compiled(), None):
                monkeypatch.setattr(plain, "scan", scan)
                made.append(clean(day, shop.raws, shop.read_catalog(), shop.rules))
            assert all(
                getattr(made[0], name).equals(getattr(made[1], name))
                for name in ("receipts", "sales", "payments", "quarantine")
            )


def test_a_spec_that_makes_no_sense_is_refused():
    fields = [
        (1, "x", 19, 0, ()),
        (1, "x", 2, 3, ()),
        (1, "x", 2, -1, ()),
        (3, "x", 0, 0, ()),
        (4, "x", 0, 0, ()),
        (-1, "x", 0, 0, ()),
    ]
    for spec in ((), *((field,) for field in fields), tuple((0, "x", 0, 0, ()) for _ in range(65))):
        with pytest.raises(ValueError, match=r"spec has|digits"):
            compiled()(b"{}\n", spec)
    with pytest.raises(TypeError):
        compiled()("{}", ((0, "x", 0, 0, ()),))


def test_parse_takes_the_reader_where_there_is_no_scanner(monkeypatch):
    monkeypatch.setattr(plain, "scan", None)
    body = numbered(1) + b"\n"
    assert scanned(body) is None and parse(body, 2).equals(parse_json(body, SCHEMA))
