"""The other shops behind the same API: a book kept by hand, also over the generated shop, and a
replay of files.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from pipeline.simulator import Query, Shop
from pipeline.simulator.ids import millis
from tests.support.book import Book
from tests.support.replay import Replay
from tests.support.server import serve

FIXTURES = Path(__file__).parents[1] / "fixtures"
START = datetime(2026, 10, 1, tzinfo=UTC)


def minute(count: int) -> datetime:
    return START + timedelta(minutes=count)


def state(book: Book, at: datetime) -> dict[str, dict]:
    return {entry.key: json.loads(entry.read()) for entry in book.receipts(millis(at), Query())}


def test_a_book_shows_each_state_at_its_time() -> None:
    book = Book()
    book.add({"receipt_number": "1-1", "note": None}, instant=minute(1))
    book.add({"receipt_number": "1-2", "created_at": "ignored"}, instant=minute(2))
    book.change("1-1", instant=minute(3), note="x")
    book.cancel("1-2", instant=minute(4))
    assert state(book, minute(0)) == {}
    assert state(book, minute(1)) == {
        "1-1": {
            "receipt_number": "1-1",
            "note": None,
            "created_at": "2026-10-01T00:01:00.000Z",
            "updated_at": "2026-10-01T00:01:00.000Z",
        }
    }
    assert list(state(book, minute(2))) == ["1-2", "1-1"]
    assert (
        state(book, minute(3))["1-1"]["note"] == "x"
        and state(book, minute(3))["1-1"]["updated_at"] == "2026-10-01T00:03:00.000Z"
    )
    assert state(book, minute(3))["1-1"]["created_at"] == "2026-10-01T00:01:00.000Z"
    assert state(book, minute(9))["1-2"]["cancelled_at"] == "2026-10-01T00:04:00.000Z"
    assert [
        entry.key
        for entry in book.receipts(millis(minute(9)), Query(updated_min=millis(minute(4))))
    ] == ["1-2"]
    with pytest.raises(KeyError, match="1-9"):
        book.cancel("1-9", instant=minute(5))


def test_what_lags_appears_after_its_stamp() -> None:
    book = Book()
    book.add({"receipt_number": "1-1"}, instant=minute(1), lag=timedelta(minutes=5))
    book.cancel("1-1", instant=minute(2))
    book.change("1-1", instant=minute(3), lag=timedelta(minutes=10), note="late")
    assert state(book, minute(1)) == {}
    assert (
        state(book, minute(2))["1-1"]["cancelled_at"]
        and state(book, minute(7))["1-1"]["cancelled_at"]
    )
    assert state(book, minute(13))["1-1"]["note"] == "late"


def test_a_book_over_the_shop_changes_its_receipts(
    shop: Shop, now: datetime, read_pages: Callable
) -> None:
    book, since = Book(shop), "2026-10-31T00:00:00.000Z"
    old = next(shop.receipts(millis(now), Query(created_max=millis(now - timedelta(days=200)))))
    new = [
        entry.key
        for entry in shop.receipts(millis(now), Query(created_min=millis(now - timedelta(days=1))))
    ][5]
    with serve(book, now=lambda: now) as server:
        before = [
            row for page in read_pages(server, limit=40, updated_at_min=since) for row in page
        ]
        book.cancel(old.key, instant=now - timedelta(minutes=9))
        book.change(new, instant=now - timedelta(minutes=8), note="edited")
        book.add({"receipt_number": "5-1", "store_id": None}, instant=now - timedelta(minutes=7))
        after = [row for page in read_pages(server, limit=40, updated_at_min=since) for row in page]
    assert [row["receipt_number"] for row in after] == [
        "5-1",
        *(row["receipt_number"] for row in before),
        old.key,
    ]
    moment = "2026-11-02T14:51:00.000Z"
    assert after[-1] == {
        **json.loads(old.read(), parse_float=Decimal),
        "cancelled_at": moment,
        "updated_at": moment,
    }
    assert [row["note"] for row in after if row["receipt_number"] == new] == ["edited"]
    assert book.merchant() == shop.merchant() and len(book.rows(millis(now), "items")) == len(
        shop.rows(millis(now), "items")
    )


def test_a_replay_serves_the_file_byte_for_byte(get: Callable, read_pages: Callable) -> None:
    with serve(Replay(FIXTURES / "receipts_page.json", FIXTURES / "items_page.json")) as server:
        raw = (FIXTURES / "receipts_page.json").read_bytes()
        rows = [row for page in read_pages(server, limit=3) for row in page]
        assert [row["receipt_number"] for row in rows] == [
            row["receipt_number"] for row in json.loads(raw)["receipts"]
        ]
        for row in rows:
            assert get(server, f"/receipts/{row['receipt_number']}").content in raw
        assert len(get(server, "/items", limit=250).json()["items"]) == len(
            json.loads((FIXTURES / "items_page.json").read_text())["items"]
        )
        assert {row["store_id"] for row in rows} == {
            row["id"] for row in get(server, "/stores").json()["stores"]
        }
        assert {row["employee_id"] for row in rows} == {
            row["id"] for row in get(server, "/employees").json()["employees"]
        }


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("list.json", '[{"receipt_number": "1-1", "x": 1.00}, {"receipt_number": "1-2"}]'),
        (
            "page.json",
            (
                '{"receipts": [{"receipt_number": "1-1", "x": 1.00}, {"receipt_number": "1-2"}],'
                ' "cursor": "abc"}'
            ),
        ),
        ("lines.ndjson", '{"receipt_number": "1-1", "x": 1.00}\n{"receipt_number": "1-2"}\n'),
    ],
)
def test_forms_of_a_replay(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    result = {entry.key: entry.read() for entry in Replay(tmp_path / name).receipts(0, Query())}
    assert result == {
        "1-1": b'{"receipt_number": "1-1", "x": 1.00}',
        "1-2": b'{"receipt_number": "1-2"}',
    }


def test_a_replay_of_nothing_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("{}")
    (tmp_path / "b.json").write_text("no JSON")
    for name in ("a.json", "b.json"):
        with pytest.raises(ValueError, match=name):
            Replay(tmp_path / name)
