"""However receipts were saved, the same rows come out; and what is not complete is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import SourceFatal
from pipeline.extract.fetch import fetch_pages
from pipeline.pos import open_source
from pipeline.pos.files import read_objects
from pipeline.pos.loyverse import reader
from tests.extract.small_shop import DAY, NOW, START, numbers, windows


def page(rows: list[bytes]) -> bytes:
    return b'{"receipts":[' + b",".join(rows) + b'],"cursor":""}'


def pretty(rows: list[bytes]) -> bytes:
    return json.dumps({"receipts": [json.loads(row) for row in rows]}, indent=2).encode()


DOCUMENTS: dict[str, Callable[[list[bytes]], bytes]] = {
    "page": page,
    "pretty page": pretty,
    "array": lambda rows: b"[" + b", ".join(rows) + b"]",
    "lines": lambda rows: b"\n".join(rows),
    "wrapped": lambda rows: b'{"status":200,"data":{"body":' + page(rows) + b"}}",
    "text in an answer": lambda rows: json.dumps({"body": page(rows).decode()}).encode(),
    "array of pages": lambda rows: b"[" + page(rows[:1]) + b"," + page(rows[1:]) + b"]",
    "an empty page behind": lambda rows: page(rows) + b'{"receipts":[]}',
}
ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32")
SEPARATORS = (b"", b"\n", b"\r\n\r\n", b" ", b",\n")
TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8)
ROW = st.builds(
    lambda number, note: json.dumps(
        {"receipt_number": str(number), "note": note, "created_at": "2026-10-01T12:00:00Z"},
        ensure_ascii=False,
    ).encode(),
    st.integers(1, 999),
    TEXT,
)


@given(
    st.lists(
        st.tuples(st.lists(ROW, min_size=1, max_size=4), st.sampled_from(sorted(DOCUMENTS))),
        min_size=1,
        max_size=4,
    ),
    st.sampled_from(SEPARATORS),
    st.sampled_from(ENCODINGS),
)
@settings(max_examples=150, deadline=None, derandomize=True)
def test_every_way_of_saving_gives_the_same_receipts(parts, separator, encoding) -> None:
    if any(form == "lines" for _, form in parts):
        separator = b"\n"
    text = separator.join(DOCUMENTS[form](rows) for rows, form in parts)
    read = read_objects("x.json", text.decode().encode(encoding), reader)["receipts"]
    expected = [json.loads(row) for rows, _ in parts for row in rows]
    key = json.dumps
    assert sorted(map(json.loads, read), key=key) == sorted(expected, key=key)


@given(
    st.lists(ROW, min_size=2, max_size=5),
    st.sampled_from([page, DOCUMENTS["array"], DOCUMENTS["lines"]]),
    st.integers(0, 4),
)
@settings(max_examples=60, deadline=None, derandomize=True)
def test_one_unreadable_record_is_handed_on_as_it_is(rows, save, place) -> None:
    """As over the API, where it goes to quarantine and fails none of the others."""
    bad = b'{"receipt_number":"7","total_money":NaN,"note":"{"}'
    rows = [*rows[:place], bad, *rows[place:]]
    assert read_objects("x.json", save(rows), reader)["receipts"] == rows


@given(
    st.lists(ROW, min_size=1, max_size=3),
    st.sampled_from([page, pretty, DOCUMENTS["array"]]),
    st.data(),
)
@settings(max_examples=80, deadline=None, derandomize=True)
def test_a_file_that_was_cut_is_refused(rows, save, data) -> None:
    text = save(rows) + b"\n" + save(rows)
    end = data.draw(st.integers(len(save(rows)) + 2, len(text) - 1))
    with pytest.raises(SourceFatal, match=r"x\.json"):
        read_objects("x.json", text[:end], reader)


def test_receipts_from_before_the_first_window_come_with_it_once(tmp_path: Path) -> None:
    old, new = (
        json.dumps(
            {
                "receipt_number": number,
                "created_at": moment.isoformat(),
                "updated_at": moment.isoformat(),
                "receipt_date": moment.isoformat(),
            }
        ).encode()
        for number, moment in (("old", START - 40 * DAY), ("new", START + DAY))
    )
    (tmp_path / "all.json").write_bytes(page([old, new]))
    source = open_source("files", folder=tmp_path, starts=START)
    first = fetch_pages(source, windows(1), bounded=True, state_folder=tmp_path / "s", now=NOW)
    assert numbers(first) == ["old"]
    second = fetch_pages(
        source, windows(1, START + DAY), bounded=True, state_folder=tmp_path / "s", now=NOW
    )
    assert numbers(second) == ["new"]
