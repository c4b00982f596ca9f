"""Pages taken apart: byte for byte, and nothing but whole pages of JSON."""

from __future__ import annotations

import json
import tracemalloc
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.pos.loyverse.receipt import read_receipt
from pipeline.pos.pages import check_text, slice_page, split_page
from pipeline.pos.source import sold_date

TEXT = st.text(st.characters(codec="utf-8"), max_size=12) | st.sampled_from(
    ["receipts", "cursor", "]", "}", '"', "\\", ",", ":", "{[", "\n"]
)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)
LAYOUT = st.sampled_from([(",", ":"), (", ", ": "), (" ,\n", "\t:  ")])


@given(
    rows=st.lists(st.dictionaries(TEXT, VALUES, max_size=4), max_size=5),
    cursor=st.none() | st.text(max_size=9),
    others=st.dictionaries(TEXT, VALUES, max_size=3),
    layout=LAYOUT,
    ascii=st.booleans(),
)
def test_both_ways_cut_every_page_alike(
    rows: list, cursor: str | None, others: dict, layout: tuple, ascii: bool
) -> None:
    spelled = [
        json.dumps(row, separators=layout, ensure_ascii=ascii).encode("utf-8", "surrogatepass")
        for row in rows
    ]
    before, after = (
        {k: v for k, v in list(others.items())[i::2] if k not in ("receipts", "cursor")}
        for i in (0, 1)
    )
    parts = [json.dumps({k: v}, separators=layout).encode()[1:-1] for k, v in before.items()]
    parts += [
        b'"receipts"' + layout[1].encode() + b"[ " + layout[0].encode().join(spelled) + b"\n]"
    ]
    parts += [json.dumps({k: v}, separators=layout).encode()[1:-1] for k, v in after.items()]
    parts += [b'"cursor": ' + json.dumps(cursor).encode()] if cursor is not None else []
    body = b" { " + b",".join(parts) + b" }\n"
    try:
        expected = split_page(body, "receipts")
    except ValueError:  # half a surrogate pair in a cursor
        assert cursor and any("\ud800" <= c <= "\udfff" for c in cursor)
        return
    assert expected == (spelled, cursor or None)
    assert slice_page(body, "receipts") == expected


@given(st.data())
def test_a_cut_page_is_never_a_page(data: st.DataObject) -> None:
    body = b'{"a":{"receipts":[7]},"receipts":[{"n":"]}"},{"n":[1,{"x":2}]}],"cursor":"c,]"}'
    assert (
        slice_page(body, "receipts")
        == split_page(body, "receipts")
        == ([b'{"n":"]}"}', b'{"n":[1,{"x":2}]}'], "c,]")
    )
    cut = body[: data.draw(st.integers(0, len(body) - 1))]
    for cut_up in (split_page, slice_page):
        with pytest.raises(ValueError):
            cut_up(cut, "receipts")


@pytest.mark.parametrize(
    "body",
    [
        b'{"receipts":[\xff]}',
        b'{"receipts":["\xc0\xaf"]}',
        b'{"receipts":["\xed\xa0\x80"]}',
        b'{"x":"\xe9","receipts":[]}',
    ],
)
def test_what_is_not_utf8_is_no_page(body: bytes) -> None:
    for cut_up in (split_page, slice_page):
        with pytest.raises(ValueError):
            cut_up(body, "receipts")


@pytest.mark.parametrize(
    "body",
    [
        b'{"receipts":[],"cursor":5}',
        b'{"receipts":[],"cursor":{"a":1}}',
        b'{"receipts":[]}{}',
        b'["receipts"]',
        b'{"x":{"receipts":[1]}}',
        b'{"receipts":[],"x":NaN}',
        b'{"receipts":[{"a":[1}]]}',
        b'{"receipts":[],"cursor":"%s"}' % (b"x" * 5000),
        b'"receipts":[1]',
        b'{"receipts":[1],,"cursor":"c"}',
    ],
)
def test_all_around_the_list_is_held_to_json(body: bytes) -> None:
    for cut_up in (split_page, slice_page):
        with pytest.raises(ValueError):
            cut_up(body, "receipts")


@pytest.mark.parametrize("rows", [[b"NaN"], [b'"\\ud800"', b"1"], [b"1", b"[NaN]"], [b"01", b"-"]])
def test_an_unreadable_object_leaves_the_others_and_the_cursor(rows: list[bytes]) -> None:
    """Wherever in the list it stands."""
    body = b'{"receipts":[%s],"cursor":"c"}' % b" , ".join(rows)
    assert slice_page(body, "receipts") == (rows, "c")


@given(st.binary(max_size=60) | VALUES.map(lambda v: json.dumps(v).encode()))
def test_no_record_raises(body: bytes) -> None:
    record = read_receipt(body)
    assert record.body == body.replace(b"\n", b" ").replace(b"\r", b" ")
    sold_date(record)


@pytest.mark.parametrize(
    "value, found",
    [
        ('"2026-10-01T12:00:00.000Z"', datetime(2026, 10, 1, 12, tzinfo=UTC)),
        ('"2026-10-01T12:00:00+05:00"', datetime(2026, 10, 1, 7, tzinfo=UTC)),
        ('"2026-10-01T12:00:00"', None),
        ('"2026-10-01"', None),
        ("1759320000", None),
        ("null", None),
        ("true", None),
        ('""', None),
        ("[]", None),
        ('"0000-00-00T00:00:00Z"', None),
        ('"9999-12-31T23:59:59-23:00"', None),
        ('"garbage"', None),
        ("NaN", None),
        ('"\\ud800"', None),
    ],
)
def test_an_instant_is_read_or_it_is_none(value: str, found: datetime | None) -> None:
    record = read_receipt(
        f'{{"receipt_number":"1-1","updated_at":{value},"created_at":"2026-10-01T12:00:00.000Z"}}'.encode()
    )
    assert record.updated_at == found
    assert record.number == "1-1" and record.created_at == datetime(2026, 10, 1, 12, tzinfo=UTC), (
        "the other fields do not suffer"
    )
    assert found is None or record.updated_at.utcoffset() == UTC.utcoffset(None)


@pytest.mark.parametrize(
    "value, found",
    [
        ('"1-1"', "1-1"),
        ("11", None),
        ("null", None),
        ('""', None),
        ('"\\ud800"', None),
        ('"\\u00e9 😀"', "é 😀"),
    ],
)
def test_a_number_is_a_text_or_it_is_none(value: str, found: str | None) -> None:
    assert read_receipt(f'{{"receipt_number":{value},"x":NaN}}'.encode()).number == found


def test_a_record_that_is_no_json_still_says_where_it_belongs() -> None:
    body = (
        b'{"receipt_number":"1-1","n":%s,"x":NaN,"note":"\\ud800","updated_at":"2026-10-01T12:00:00Z"}'
        % (b"9" * 5000)
    )
    assert read_receipt(body)[:3] == (body, "1-1", datetime(2026, 10, 1, 12, tzinfo=UTC))


@pytest.mark.parametrize(
    "sold, date",
    [
        ("2026-10-01T23:59:59.999Z", "2026-10-01"),
        ("2026-10-02T00:00:00.000Z", "2026-10-02"),
        ("2025-10-02T00:00:00.000Z", "2025-10-02"),
        ("2026-10-04T12:00:00.000Z", "2026-10-04"),
        ("2026-10-04T12:00:01.000Z", None),
        ("2009-12-31T23:59:59.000Z", None),
        ("2010-01-01T00:00:00.000Z", "2010-01-01"),
        ("1970-01-01T00:00:00.000Z", None),
        ("2099-01-01T00:00:00.000Z", None),
    ],
)
def test_the_date_of_sale_is_plausible_or_unknown(sold: str, date: str | None) -> None:
    fields = {
        "receipt_date": sold,
        "created_at": "2026-10-02T12:00:00Z",
        "updated_at": "2027-10-02T12:00:00Z",
    }
    result = sold_date(read_receipt(json.dumps(fields).encode()))
    assert (result and str(result)) == date
    assert sold_date(read_receipt(json.dumps({**fields, "updated_at": None}).encode())) is None


@given(
    st.text(max_size=20).map(lambda text: text.encode("utf-8", "surrogatepass"))
    | st.binary(max_size=20),
    st.integers(1, 5),
    st.integers(0, 20),
)
def test_text_is_checked_as_a_whole_however_it_is_cut(body: bytes, piece: int, end: int) -> None:
    """A sign may stand across two pieces, and the last may be cut off."""
    body = body[:end]
    try:
        body.decode()
    except UnicodeDecodeError:
        with pytest.raises(ValueError, match="utf-8"):
            check_text(body, piece)
    else:
        check_text(body, piece)


@pytest.mark.parametrize("value", [b"{}", b"1", b'""'])
def test_millions_of_tiny_values_are_no_page(value: bytes) -> None:
    """Sixty megabytes of them would become gigabytes of objects."""
    body = b'{"receipts":[' + b",".join([value] * 5_000_000) + b"]}"
    tracemalloc.start()
    for cut_up in (split_page, slice_page):
        with pytest.raises(ValueError, match="values, more than any page has"):
            cut_up(body, "receipts")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1 << 20
